"""The job service on real Jupyter servers, with pyvo as the client; vo-models checks each document."""

from __future__ import annotations

import json
import os
import pwd
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping

import pytest
import requests
from inotify_simple import INotify, flags
from pyvo.dal import tap
from pyvo.dal.tap import AsyncTAPJob
from pyvo.io.uws import parse_job_list
from vo_models.uws import Jobs as JobsModel
from vo_models.uws import JobSummary, Parameters, Results
from vo_models.uws.types import ExecutionPhase
from vo_models.voresource.types import UTCTimestamp

from ...support.jobs import ENDLESS, PATIENCE, Begun, left, script, texts
from ...support.lab import Jupyter


class Service:
    """The job service of one user's server."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url, self.token, self.jobs = url, token, f"{url}casa-desktop/uws/jobs"
        self.session = requests.Session()
        if token:
            self.session.headers["Authorization"] = f"token {token}"

    def ask(self, method: str, *parts: str, status: int = 200, **options: Any) -> requests.Response:
        """Make a request below the list of jobs, and follow it."""
        response = self.session.request(method, "/".join((self.jobs, *parts)), timeout=PATIENCE, **options)
        assert response.status_code == status, response.text
        return response

    def make(self, notebook: str, **parameters: str) -> AsyncTAPJob:
        """Make a job; return pyvo's view of it."""
        response = self.ask("POST", data={"NOTEBOOK": notebook, **parameters})
        checked(response)
        return AsyncTAPJob(response.url, session=self.session)

    def listed(self, query: str = "") -> List[str]:
        """Return the ids in the list of jobs."""
        response = self.ask("GET", params=query)
        assert JobsModel.from_xml(response.content).version == "1.1"
        return [job.jobid for job in parse_job_list(BytesIO(response.content).read)]


class Given(Parameters):
    """Whatever parameters there are; vo-models wants them named."""

    def __init__(self, **data: Any) -> None:
        super(Parameters, self).__init__()


def checked(response: requests.Response) -> Any:
    """Return the job of a response, which is as the standard's models have it."""
    assert response.headers["Content-Type"].startswith("application/xml")
    job = JobSummary[Given].from_xml(response.content)
    assert job.version == "1.1"
    assert job.creation_time is not None
    return job


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    """The folder that the server serves; odd, as folders are."""
    folder = place / "uws data"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def service(environment: Dict[str, str], work: Path) -> Iterator[Service]:
    # pyvo waits 10 s for an answer, which is not enough on a machine that starts many kernels.
    own = {**environment, "XDG_DATA_HOME": str(work / "home")}
    with pytest.MonkeyPatch.context() as patch, Jupyter(work, own) as jupyter:
        patch.setattr(tap, "DEFAULT_JOB_POLL_TIMEOUT", PATIENCE)
        service = Service(jupyter.url, jupyter.token)
        yield service
        # Those of a test that has failed would go on without a server.
        for name in service.listed():
            service.ask("DELETE", name)
    assert not left(work / "home")


def test_a_job_is_made_given_parameters_run_waited_for_and_deleted(service: Service, work: Path) -> None:
    script(work / "made", "reduce", "print(vis * 2, robust)", parameters="vis = 'a.ms'\nrobust = 0")
    job = service.make("made/reduce.py", RUNID="survey/7", vis="my.ms")
    assert (job.phase, job.owner, job.execution_duration.value) == ("PENDING", _user(), 0)
    assert service.ask("GET", job.job_id, "parameters").text.count("<uws:parameter ") == 2
    # A file in a form is its text.
    service.ask("POST", job.job_id, "parameters", files={"robust": ("robust.txt", "0.5")})
    service.ask("POST", job.job_id, data={"RUNID": "survey/8"})
    assert "survey/8" in service.ask("GET").text
    assert {each.id_: each.content for each in job.job.parameters} == {
        "NOTEBOOK": str(work / "made" / "reduce.py"),
        "vis": "my.ms",
        "robust": "0.5",
    }
    job.run()
    assert job.wait(timeout=PATIENCE).phase == "COMPLETED"
    summary = checked(service.ask("GET", job.job_id))
    assert summary.run_id == "survey/8"
    assert summary.creation_time <= summary.start_time <= summary.end_time
    assert {each.id for each in Results.from_xml(service.ask("GET", job.job_id, "results").content).results} == {
        "output",
        "log",
    }
    by_name = {each.id_: each for each in job.results}
    notebook = service.session.get(by_name["output"].href).content
    assert by_name["output"].size == len(notebook)
    (work / "made" / "result.ipynb").write_bytes(notebook)
    assert texts(str(work / "made" / "result.ipynb")) == ["my.msmy.ms 0.5\n"]
    assert "cell 3 of 3" in service.ask("GET", job.job_id, "results", "log").text
    name = job.job_id
    job.delete()
    assert service.ask("GET", name, status=404).text.startswith(f"There is no job '{name}'")


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def test_a_job_that_runs_is_told_of_aborted_and_limited(service: Service, work: Path) -> None:
    """Three run together: one is aborted, one runs out of time, one is killed, which has run since it was made."""
    jobs = {}
    for name in ("aborted", "limited", "killed"):
        begun = Begun(script(work / name, name, ENDLESS).parent)
        at_once = {"PHASE": "RUN"} if name == "killed" else {}
        jobs[name] = service.make(f"{name}/{name}.py", **at_once), begun
    service.ask("POST", jobs["limited"][0].job_id, "executionduration", data={"EXECUTIONDURATION": "1"})
    for name in ("aborted", "limited"):
        jobs[name][0].run()
    jobs["aborted"][1].wait()
    assert jobs["aborted"][0].phase == "EXECUTING"
    assert jobs["aborted"][0].job_id in service.listed("PHASE=EXECUTING")
    assert "before" in service.ask("GET", jobs["aborted"][0].job_id, "results", "output").text
    for change in ({"vis": "x"}, {"PHASE": "RUN"}):
        assert "has not ended" in service.ask("POST", jobs["aborted"][0].job_id, data=change, status=409).text
    jobs["aborted"][0].abort()
    jobs["killed"][1].wait()
    os.kill(_state(work, jobs["killed"][0].job_id)["pid"], signal.SIGKILL)
    said = {name: _ended(service, job) for name, (job, _) in jobs.items()}
    assert said["aborted"].phase == said["limited"].phase == ExecutionPhase.ABORTED
    assert said["killed"].phase == ExecutionPhase.ERROR
    assert "was killed" in said["killed"].error_summary.message
    error = service.ask("GET", said["killed"].job_id, "error").text
    assert error.startswith(said["killed"].error_summary.message)
    assert "it had run for 1 s" in _state(work, said["limited"].job_id)["sentence"]


def _state(work: Path, name: str) -> Dict[str, Any]:
    state: Dict[str, Any] = json.loads((work / "home/casa-desktop/jobs" / name / "phase").read_text())
    return state


def _ended(service: Service, job: AsyncTAPJob) -> Any:
    """Return the document of a job that has ended, by as many long requests as that takes."""
    ends = {ExecutionPhase.COMPLETED, ExecutionPhase.ERROR, ExecutionPhase.ABORTED}
    deadline = time.monotonic() + PATIENCE
    while (found := checked(service.ask("GET", job.job_id, params={"WAIT": "-1"}))).phase not in ends:
        assert time.monotonic() < deadline
    return found


def test_jobs_are_listed_by_phase_and_age(service: Service, work: Path) -> None:
    script(work / "listed", "listed", "print(1)")
    first, second = (service.make("listed/listed.py") for _ in range(2))
    newest_first = service.listed()
    assert newest_first[:2] == [second.job_id, first.job_id]
    assert service.listed("LAST=1") == [second.job_id]
    assert service.listed("LAST=1&PHASE=PENDING&PHASE=ABORTED") == [second.job_id]
    first.abort()
    assert first.job_id not in service.listed("PHASE=PENDING")
    assert service.listed("PHASE=SUSPENDED") == []
    created = checked(service.ask("GET", first.job_id)).creation_time.isoformat()
    assert service.listed(f"AFTER={created.replace('+00:00', 'Z')}")[-1] in (first.job_id, second.job_id)
    assert service.listed("AFTER=2999-01-01") == []


def test_a_job_is_removed_at_its_date(service: Service, work: Path) -> None:
    script(work / "dated", "dated", "print(1)")
    job = service.make("dated/dated.py")
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 86400))
    service.ask("POST", job.job_id, "destruction", data={"DESTRUCTION": f"{tomorrow}Z"})
    assert job.destruction.isot == f"{tomorrow}.000"
    assert job.job_id in service.listed()
    folder = work / "home/casa-desktop/jobs" / job.job_id
    past = {"DESTRUCTION": "2020-01-01T00:00:00"}
    with INotify() as changes:
        changes.add_watch(str(folder.parent), flags.DELETE)
        service.ask("POST", job.job_id, "destruction", data=past, allow_redirects=False, status=303)
        # No request is needed for it to go.
        while folder.exists():
            assert changes.read(timeout=int(PATIENCE * 1000))
    service.ask("GET", job.job_id, status=404)
    assert job.job_id not in service.listed()


def test_a_long_request_is_answered_when_the_phase_is_another_one(service: Service, work: Path) -> None:
    script(work / "awaited", "awaited", "print(1)")
    job = service.make("awaited/awaited.py")
    # At once: it is in another phase, or the time is over.
    for query in ({"WAIT": "-1", "PHASE": "QUEUED"}, {"WAIT": "0"}, {"WAIT": "1", "PHASE": "PENDING"}):
        assert checked(service.ask("GET", job.job_id, params=query)).phase == ExecutionPhase.PENDING
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(service.ask, "GET", job.job_id, params={"WAIT": "-1", "PHASE": "PENDING"})
        job.abort()
        assert checked(answer.result()).phase == ExecutionPhase.ABORTED
    # An end is not waited for any more, whatever phase is named.
    for query in ({"WAIT": "-1"}, {"WAIT": "-1", "PHASE": "ABORTED"}):
        assert checked(service.ask("GET", job.job_id, params=query)).phase == ExecutionPhase.ABORTED


def test_single_values_are_texts(service: Service, work: Path) -> None:
    script(work / "values", "values", "print(1)")
    job = service.make("values/values.py")
    told = {
        each: service.ask("GET", job.job_id, each).text for each in ("phase", "owner", "executionduration", "quote")
    }
    assert told == {"phase": "PENDING", "owner": _user(), "executionduration": "0", "quote": ""}
    assert service.ask("GET", job.job_id, "error").text == ""
    service.ask("POST", job.job_id, "executionduration", data={"EXECUTIONDURATION": "3600"})
    service.ask("POST", job.job_id, "destruction", data={"DESTRUCTION": "2999-12-31T00:00:00Z"})
    document = checked(service.ask("GET", job.job_id))
    assert document.execution_duration == int(service.ask("GET", job.job_id, "executionduration").text) == 3600
    assert document.destruction == UTCTimestamp.fromisoformat(service.ask("GET", job.job_id, "destruction").text)
    assert (document.quote, document.owner_id) == (None, service.ask("GET", job.job_id, "owner").text)
    assert document.phase.value == service.ask("GET", job.job_id, "phase").text
    for each, model in (("parameters", Given), ("results", Results)):
        answer = service.ask("GET", job.job_id, each)
        assert answer.headers["Content-Type"].startswith("application/xml")
        assert model.from_xml(answer.content) is not None
    service.ask("POST", job.job_id, data={"ACTION": "DELETE"})
    service.ask("GET", job.job_id, status=404)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "NOTEBOOK"),
        ({"NOTEBOOK": "no/such.ipynb"}, "no/such.ipynb"),
        ({"NOTEBOOK": "bad/bad.py", "vos": "x"}, "vos"),
        ({"NOTEBOOK": "bad/bad.py", "robust": "high"}, "robust"),
        ({"NOTEBOOK": "bad/bad.py", "ENGINE": "pbs"}, "here"),
        ({"NOTEBOOK": "bad/bad.py", "KERNEL": "idl"}, "idl"),
        ({"NOTEBOOK": "bad/bad.py", "FOLDER": "nowhere"}, "nowhere"),
        ({"NOTEBOOK": "bad/bad.py", "OPTIONS": "'"}, "OPTIONS"),
        ({"NOTEBOOK": "bad/bad.py", "PHASE": "FLY"}, "PHASE=RUN"),
    ],
)
def test_what_cannot_be_run_makes_no_job(service: Service, bad: None, given: Mapping[str, str], sentence: str) -> None:
    before = service.listed()
    answer = service.ask("POST", data=given, status=400)
    assert sentence in answer.text
    assert answer.text.count("\n") == 1
    assert service.listed() == before


@pytest.fixture(scope="module")
def bad(work: Path) -> None:
    script(work / "bad", "bad", "print(1)", parameters="vis = 'a.ms'\nrobust = 0")


@pytest.mark.parametrize(
    ("parts", "data", "sentence"),
    [
        (["executionduration"], {"EXECUTIONDURATION": "soon"}, "EXECUTIONDURATION"),
        (["destruction"], {"DESTRUCTION": "tomorrow"}, "DESTRUCTION"),
        (["phase"], {"PHASE": "FLY"}, "RUN or ABORT"),
        (["parameters"], {"vos": "x"}, "vos"),
        ([], {"NOTEBOOK": "other.py"}, "NOTEBOOK"),
    ],
)
def test_what_cannot_be_changed_is_told(
    service: Service, bad: None, parts: List[str], data: Mapping[str, str], sentence: str
) -> None:
    job = service.make("bad/bad.py")
    assert sentence in service.ask("POST", job.job_id, *parts, data=data, status=400).text
    assert service.ask("POST", job.job_id, "owner", data={"OWNER": "eve"}, status=403).text
    for query in ("WAIT=long", "WAIT=1.5"):
        assert "WAIT" in service.ask("GET", job.job_id, params=query, status=400).text
    told = service.ask("GET", job.job_id, "results", "output", status=404).text
    assert told.startswith(f"The job {job.job_id} has no result 'output'; it has log.")
    job.delete()


@pytest.mark.parametrize("query", ["LAST=0", "LAST=many", "AFTER=yesterday"])
def test_a_list_that_cannot_be_told_is_refused(service: Service, query: str) -> None:
    assert query.partition("=")[0] in service.ask("GET", params=query, status=400).text


def test_two_users_see_nothing_of_each_other(
    service: Service, work: Path, environment: Dict[str, str], bad: None, tmp_path: Path
) -> None:
    mine = service.make("bad/bad.py")
    with Jupyter(work, {**environment, "XDG_DATA_HOME": str(tmp_path)}) as jupyter:
        theirs = Service(jupyter.url, jupyter.token)
        assert theirs.listed() == []
        theirs.ask("GET", mine.job_id, status=404)
        theirs.ask("POST", mine.job_id, "phase", data={"PHASE": "RUN"}, status=404)
        for stranger in (Service(service.url), Service(service.url, jupyter.token), Service(service.url, "x")):
            for method, parts in (("GET", ()), ("POST", ()), ("GET", (mine.job_id,)), ("DELETE", (mine.job_id,))):
                stranger.ask(method, *parts, status=403)
    assert mine.phase == "PENDING"
    folder = work / "home" / "casa-desktop" / "jobs" / mine.job_id
    assert [each.stat().st_mode & 0o077 for each in (folder, folder.parent)] == [0, 0]
