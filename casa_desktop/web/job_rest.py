"""The REST interface for jobs, which JupyterLab's part uses: notebooks that run without hands (``batch``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Sequence

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web

from ..batch import arrays, job_root, jobs, lists, service
from ..batch.planning import Wish
from ..errors import CasaDesktopError, JobHeld, JobUnknown, OutputTaken, Shortage, SwitchedOff
from ..system.executor import in_thread
from ..views.models import Body
from . import audit, job_news, job_output
from . import job_models as models
from .rest import DesktopHandler

# A log is shown as text; of a longer one the end tells why.
_LONGEST_LOG = 1 << 20


class JobHandler(DesktopHandler):
    """Base class of the handlers: the folder that Jupyter shows, and one job's model."""

    @property
    def root(self) -> Path:
        """The folder that Jupyter shows."""
        return Path(self.settings["server_root_dir"]).expanduser()

    def status_of(self, error: CasaDesktopError) -> int:
        """Return the status of an answer that tells an error of ours."""
        if isinstance(error, JobUnknown):
            return 404
        if isinstance(error, SwitchedOff):
            return 403
        if isinstance(error, (JobHeld, OutputTaken)):
            return 409
        return 500 if isinstance(error, Shortage) else 400

    def model(self, name: str) -> Body:
        """Return the model of one job.

        Raises:
            JobUnknown: there is none with this id.
        """
        (row,) = jobs.rows(job_root.root(os.environ), [name])
        return models.job(row, self.root)


class JobsHandler(JobHandler):
    """``api/jobs``: all jobs of this user."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the jobs, the oldest first."""
        rows = await job_news.of(self.settings).rows()
        self.finish({"jobs": [models.job(row, self.root) for row in rows]})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Make a job and start it: 201 with its model; of an array with its name and its ``jobs``.

        Nothing is left of what was not started.
        """
        body = self.json_object('{"notebook": "reduce.ipynb"}')
        wish, engine, options = models.wish(body, self.root), models.engine(body), models.options(body)
        start = self._array if lists.named(wish.given) else self._job
        answer = await in_thread(start, wish, engine, options)
        audit.write(self, "job-run", job=answer["id"], notebook=str(wish.notebook))
        self.set_status(201)
        self.finish(answer)

    def _job(self, wish: Wish, engine: str, options: Sequence[str]) -> Body:
        return self.model(jobs.submit(wish, engine, options, os.environ).id)

    def _array(self, wish: Wish, engine: str, options: Sequence[str]) -> Body:
        rows, root = models.values_of_lists(wish), job_root.root(os.environ)
        name = arrays.submit(wish, rows, engine, options, os.environ, arrays.usual_limit())
        return {"id": name, "jobs": [models.job(row, self.root) for row in jobs.rows(root, arrays.members(root, name))]}


class OfferHandler(JobHandler):
    """``api/jobs/parameters``: what can be chosen for a run."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a notebook's parameters and their defaults, and with the engines that are here."""
        path = models.notebook_path(self.get_query_argument("notebook", "", strip=False), self.root)
        self.finish(await in_thread(models.offer, path))


class OneJobHandler(JobHandler):
    """``api/jobs/<id>``: one job."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the job's model, or with 404."""
        self.finish(await in_thread(self.model, name))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Stop the job if it runs, and remove it with what is in its folder."""
        await in_thread(service.destroy, name)
        audit.write(self, "job-remove", job=name)
        self.set_status(204)
        self.finish()


class StopHandler(JobHandler):
    """``api/jobs/<id>/stop``."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Have the job interrupt its cell, save its notebook and end; answer at once with 202 and its model."""
        await in_thread(service.abort, name)
        audit.write(self, "job-stop", job=name)
        self.set_status(202)
        self.finish(await in_thread(self.model, name))


class LogHandler(JobHandler):
    """``api/jobs/<id>/log``."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with what the job has said, as text; of more than 1 MiB with the end."""
        self.set_header("Cache-Control", "no-store")
        self.finish(await in_thread(_log, name), set_content_type="text/plain; charset=utf-8")


def _log(name: str) -> bytes:
    with job_root.find(job_root.root(os.environ), name).log.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _LONGEST_LOG, 0))
        return file.read()


class OutputHandler(JobHandler):
    """``api/job-outputs/<id>.ipynb``: the notebook that a job writes, as the contents API has it, for JupyterLab."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with its model, without its content if ``content=0``; it is to be read only."""
        self.set_header("Cache-Control", "no-store")
        whole = self.get_query_argument("content", "1") != "0"
        folder = job_root.find(job_root.root(os.environ), name)
        answer = await in_thread(job_output.model, folder, whole)
        if whole:
            audit.write(self, "job-result", job=name, result="output")
        self.finish(answer)


def routes(base_url: str) -> list[tuple[Any, ...]]:
    """Return the routes below ``<base_url>casa-desktop/api``."""
    api, name = url_path_join(base_url, "casa-desktop", "api"), r"([^/]{1,200})"
    all_jobs = url_path_join(api, "jobs")
    return [
        (f"{all_jobs}/?", JobsHandler),
        # No job has this id: all of them end with a number.
        (f"{all_jobs}/parameters", OfferHandler),
        (f"{all_jobs}/{name}", OneJobHandler),
        (f"{all_jobs}/{name}/stop", StopHandler),
        (f"{all_jobs}/{name}/log", LogHandler),
        (rf"{api}/job-outputs/{name}\.ipynb", OutputHandler),
    ]
