"""IVOA's Universal Worker Service (UWS 1.1) on a Jupyter server: notebooks as jobs, for programs that speak UWS.

The jobs are those of ``casa-desktop jobs``. The parameters whose names are in capitals tell what to run and where; all
others are parameters of the notebook. Each address answers as the standard has it: documents in XML, single values as
plain text, changes with 303 to what was changed, errors as one sentence in plain text.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Mapping, Optional
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web

from ..batch import service
from ..batch.job_folder import Folder
from ..batch.job_state import ERROR, EXECUTING, PENDING, QUEUED
from ..batch.service import Entry
from ..errors import CasaDesktopError, SwitchedOff
from ..system.executor import in_thread, workers
from ..views import models
from . import audit, job_rest
from . import uws_documents as documents
from .file_gates import DOWNLOADS
from .job_watch import changed
from .uws_documents import JobView, Result

XML = "application/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
# The phases in which a job still changes by itself, or waits for its user.
_ACTIVE = (PENDING, QUEUED, EXECUTING)
# Proxies give up on a request that says nothing for longer.
_LONGEST_WAIT = 50
# Of a result, so much is sent at once.
_PIECE = 1 << 20
_RESULTS = {"output": "application/x-ipynb+json", "log": TEXT}


class UwsHandler(job_rest.JobHandler):
    """Base class of the handlers: the requested job, its view, and errors as one sentence of plain text."""

    def given(self) -> dict[str, str]:
        """Return the parameters of a form, the last of each name; files that were sent count as texts."""
        found = {name: self.get_body_argument(name, "", strip=False) for name in self.request.body_arguments}
        for name, files in self.request.files.items():
            found[name] = files[-1].body.decode("utf-8", errors="replace")
        return found

    def address(self, *parts: str) -> str:
        """Return the path of something below the list of jobs."""
        return url_path_join(self.base_url, "casa-desktop", "uws", "jobs", *(quote(part) for part in parts))

    def view(self, entry: Entry) -> JobView:
        """Return what is told of a job."""
        here = f"{self.request.protocol}://{self.request.host}"
        state, terms = entry.state, entry.terms
        return JobView(
            id=entry.id,
            href=here + self.address(entry.id),
            phase=state.phase,
            owner=entry.job.owner,
            created=entry.job.submitted,
            run_id=terms.run_id,
            started=state.begun or None,
            ended=state.since if entry.has_ended else None,
            duration=terms.seconds,
            destruction=terms.destruction or None,
            parameters={"NOTEBOOK": entry.job.notebook, **service.told(entry.job.parameters)},
            results=[
                Result(name, here + self.address(entry.id, "results", name), _RESULTS[name], path.stat().st_size)
                for name, path in entry.results()
            ],
            error=state.sentence or "It failed." if state.phase == ERROR else None,
            may_go_on=entry.may_go_on,
        )

    def answer(self, body: Any, content_type: str) -> None:
        """Answer with a document or a value."""
        self.set_header("Cache-Control", "no-store")
        self.finish(body, set_content_type=content_type)

    def see(self, *parts: str) -> None:
        """Answer that something was changed, and where it is to be seen."""
        self.redirect(self.address(*parts), status=303)

    async def turn_to(self, name: str, phase: str) -> None:
        """Start or end a job."""
        if phase not in ("RUN", "ABORT"):
            raise web.HTTPError(400, f"PHASE should be RUN or ABORT, not {phase!r}.")
        await in_thread(service.run if phase == "RUN" else service.abort, name)
        audit.write(self, "job-run" if phase == "RUN" else "job-stop", job=name)

    async def destroy(self, name: str) -> None:
        """Stop a job if it runs, and remove it with its results."""
        await in_thread(service.destroy, name)
        audit.write(self, "job-remove", job=name)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with one sentence; called by tornado."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        ours = models.ours(error)
        if ours is not None:
            self.set_status(self.status_of(ours))
        said = str(ours) if ours is not None else getattr(error, "log_message", None) or self._reason
        self.finish(f"{said}\n", set_content_type=TEXT)


class JobsHandler(UwsHandler):
    """``jobs``: all jobs of this user."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the jobs, the newest first; PHASE, AFTER and LAST choose among them."""
        phases = set(self.get_query_arguments("PHASE"))
        after, last = self._after(), self._last()
        entries = await in_thread(service.entries)
        chosen = [
            each
            for each in reversed(entries)
            if (not phases or each.state.phase in phases) and (after is None or each.job.submitted > after)
        ]
        self.answer(documents.job_list(self.view(each) for each in chosen[:last]), XML)

    def _after(self) -> Optional[float]:
        text = self.get_query_argument("AFTER", None)
        try:
            return None if text is None else documents.from_iso(text)
        except ValueError:
            raise web.HTTPError(400, f"AFTER should be a date like 2026-11-28T12:00:00Z, not {text!r}.") from None

    def _last(self) -> Optional[int]:
        text = self.get_query_argument("LAST", None)
        if text is None:
            return None
        if not text.isdecimal() or int(text) < 1:
            raise web.HTTPError(400, f"LAST should be a number of jobs from 1 on, not {text!r}.")
        return int(text)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Make a job; with PHASE=RUN it starts at once."""
        given = self.given()
        run = _runs(given.pop("PHASE", ""))
        folder: Folder = await in_thread(service.make, given, self.root)
        if run:
            try:
                await in_thread(service.run, folder.id)
            except CasaDesktopError:
                await in_thread(service.destroy, folder.id)
                raise
        audit.write(self, "job-run" if run else "job-make", job=folder.id, notebook=given.get(service.NOTEBOOK, ""))
        self.see(folder.id)


def _runs(phase: str) -> bool:
    if phase not in ("", "RUN"):
        raise web.HTTPError(400, f"A new job can be made with PHASE=RUN, or without PHASE, not with {phase!r}.")
    return phase == "RUN"


class JobHandler(UwsHandler):
    """``jobs/<id>``: one job."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the job; with WAIT as soon as its phase changes, or after so many seconds."""
        entry = await in_thread(service.entry, name)
        seconds = self._wait()
        phase = self.get_query_argument("PHASE", entry.state.phase)
        if seconds and entry.state.phase in _ACTIVE:
            entry = await changed(name, phase, seconds)
        self.answer(documents.one_job(self.view(entry)), XML)

    def _wait(self) -> int:
        text = self.get_query_argument("WAIT", "0")
        if not text.removeprefix("-").isdecimal():
            raise web.HTTPError(
                400, f"WAIT should be a number of seconds, or -1 for as long as it takes, not {text!r}."
            )
        seconds = int(text)
        return min(seconds, _LONGEST_WAIT) if seconds >= 0 else _LONGEST_WAIT

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Change the job: ACTION=DELETE, PHASE, or parameters as long as it is not started."""
        given = self.given()
        if given.get("ACTION") == "DELETE":
            await self.destroy(name)
            return self.see()
        phase = given.pop("PHASE", "")
        if given:
            await in_thread(service.change, name, given)
        if phase:
            await self.turn_to(name, phase)
        self.see(name)

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Stop the job if it runs, and remove it with its results."""
        await self.destroy(name)
        self.see()


class PhaseHandler(UwsHandler):
    """``jobs/<id>/phase``."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the phase."""
        self.answer((await in_thread(service.entry, name)).state.phase, TEXT)

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Start the job with PHASE=RUN, end it with PHASE=ABORT."""
        await self.turn_to(name, self.given().get("PHASE", ""))
        self.see(name)


class ValueHandler(UwsHandler):
    """``jobs/<id>/<value>``: a single value, or a part of the job's document."""

    @web.authenticated
    @authorized
    async def get(self, name: str, value: str) -> None:
        """Answer with the value as text, or with the part as XML."""
        entry = await in_thread(service.entry, name)
        view = self.view(entry)
        if value in ("parameters", "results"):
            return self.answer(getattr(documents, value)(view), XML)
        if value == "error":
            return self.answer(await in_thread(entry.error), TEXT)
        self.answer(_values(view)[value], TEXT)

    @web.authenticated
    @authorized
    async def post(self, name: str, value: str) -> None:
        """Change what may be changed: executionduration, destruction, parameters."""
        given = self.given()
        if value == "parameters":
            await in_thread(service.change, name, given)
        elif value == "executionduration":
            await in_thread(service.limit, name, given.get("EXECUTIONDURATION", ""))
        elif value == "destruction":
            await self._destroy_at(name, _date(given.get("DESTRUCTION", "")))
        else:
            raise web.HTTPError(403, f"The {value} of a job cannot be changed.")
        self.see(name)

    async def _destroy_at(self, name: str, seconds: float) -> None:
        await in_thread(service.destroy_at, name, seconds)
        # If the server ends before, the first request to the next one removes the job.
        asyncio.get_running_loop().call_later(max(seconds - time.time(), 0), _remove_those_that_are_over)


def _remove_those_that_are_over() -> None:
    workers().submit(service.entries)


def _date(text: str) -> float:
    try:
        return documents.from_iso(text)
    except ValueError:
        raise web.HTTPError(400, f"DESTRUCTION should be a date like 2026-11-28T12:00:00Z, not {text!r}.") from None


def _values(view: JobView) -> Mapping[str, str]:
    return {
        "executionduration": str(view.duration),
        "destruction": "" if view.destruction is None else documents.iso(view.destruction),
        "quote": "",
        "owner": view.owner,
        "runid": view.run_id,
    }


class ResultHandler(UwsHandler):
    """``jobs/<id>/results/<name>``: the notebook with all that it shows, or the log; also while the job runs."""

    @web.authenticated
    @authorized
    async def get(self, name: str, result: str) -> None:
        """Answer with the file."""
        if not self.choices.downloads:
            raise SwitchedOff(DOWNLOADS)
        entry = await in_thread(service.entry, name)
        path = entry.result(result)
        if path is None:
            has = " and ".join(each for each in _RESULTS if entry.result(each) is not None) or "none yet"
            raise web.HTTPError(404, f"The job {name} has no result {result!r}; it has {has}.")
        audit.write(self, "job-result", job=name, result=result)
        self.set_header("Content-Type", _RESULTS[result])
        # By this name a browser keeps it.
        self.set_header("Content-Disposition", f'attachment; filename="{entry.id}{path.suffix or ".log"}"')
        self.set_header("Cache-Control", "no-store")
        with path.open("rb") as file:
            while piece := await in_thread(file.read, _PIECE):
                self.write(piece)
                # At the reader's pace.
                await self.flush()
        self.finish(set_content_type=_RESULTS[result])


def routes(base_url: str) -> list[tuple[Any, ...]]:
    """Return the routes below ``<base_url>casa-desktop/uws/``."""
    jobs, name = url_path_join(base_url, "casa-desktop", "uws", "jobs"), r"([^/]{1,200})"
    values = "executionduration|destruction|quote|owner|runid|error|parameters|results"
    return [
        (f"{jobs}/?", JobsHandler),
        (f"{jobs}/{name}/phase", PhaseHandler),
        (f"{jobs}/{name}/({values})", ValueHandler),
        (f"{jobs}/{name}/results/{name}", ResultHandler),
        (f"{jobs}/{name}/?", JobHandler),
    ]
