"""Jobs by REST on a real Jupyter server: what is offered and refused, and a job from its start to its removal."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterator

import pytest
from jupyter_server.services.contents.handlers import validate_model
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.batch import job_root, jobs
from casa_desktop.batch.planning import Wish
from casa_desktop.system.process import on_path
from casa_desktop.web.job_news import SCHEMA_ID

from ...support.jobs import ENDLESS, left, script, texts

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
PARAMETERS = "vis = 'a.ms'\nrobust = 0.5\nspw = '0'\nfields = ['a', 'b']\nthreshold: str\nscale = 2 * robust"


@pytest.fixture
def work(jp_root_dir: Path, jp_data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder that Jupyter shows; jobs and kernels are the test's own, and end with it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    kernel = Path(sys.prefix, "share", "jupyter", "kernels", "casa")
    shutil.copytree(kernel, jp_data_dir / "kernels" / "casa")
    yield jp_root_dir
    # Those of a test that has failed would go on without a server.
    for name in _jobs():
        jobs.stop(job_root.find(job_root.root(os.environ), name))
    assert not left(tmp_path / "data")


# What is asked for, the error, and some of its words; of a notebook that is there, unless it says otherwise.
IMPOSSIBLE: list[tuple[dict[str, Any], str, str]] = [
    ({}, "InvalidSetting", "the path of a notebook"),
    ({"notebook": 7}, "InvalidSetting", "the path of a notebook"),
    ({"notebook": "no\0ne.ipynb"}, "InvalidSetting", "the path of a notebook"),
    ({"notebook": "none.ipynb"}, "NotebookUnreadable", "none.ipynb"),
    ({"parameters": {"viz": "x"}}, "UnknownParameter", "Did you mean 'vis'?"),
    ({"parameters": {"robust": "high"}}, "InvalidParameter", "a number"),
    ({"parameters": ["vis"]}, "InvalidSetting", "names and texts"),
    ({"parameters": {"robust": 1}}, "InvalidSetting", "names and texts"),
    ({"engine": "cloud"}, "InvalidSetting", "here or slurm"),
    ({"engine": []}, "InvalidSetting", "here or slurm"),
    ({"options": "--time='1"}, "InvalidSetting", "words as a shell takes them"),
    ({"options": 4}, "InvalidSetting", "words as a shell takes them"),
    ({"engine": "slurm", "options": "--array=1-3"}, "InvalidSetting", "--array"),
    ({"output": "theirs.ipynb"}, "OutputRefused", "theirs.ipynb"),
    ({"output": 3}, "InvalidSetting", "the name of a notebook"),
    ({"parameters": {"vis": "@none.txt"}}, "ListUnusable", "refused/none.txt cannot be used: No such file"),
    ({"parameters": {"vis": "@list.txt"}, "output": "mine.ipynb"}, "InvalidSetting", "left out: each job of an array"),
    ({"parameters": {"robust": "@list.txt"}}, "InvalidParameter", "a number"),
    ({"parameters": {"vis": "@list.txt"}, "engine": "slurm", "options": "--wrap=x"}, "InvalidSetting", "--wrap"),
]


def _json(response: HTTPResponse) -> Any:
    return json.loads(response.body)


async def _refused(asked: Awaitable[HTTPResponse]) -> tuple[int, str, str]:
    with pytest.raises(HTTPClientError) as caught:
        await asked
    assert caught.value.response is not None
    body = json.loads(caught.value.response.body)
    return caught.value.code, body["error"], body["message"]


async def _status(asked: Awaitable[HTTPResponse]) -> int:
    with pytest.raises(HTTPClientError) as caught:
        await asked
    return int(caught.value.code)


def _post(fetch: Fetch, **body: Any) -> Awaitable[HTTPResponse]:
    return fetch("api", "jobs", method="POST", body=json.dumps(body))


def _jobs() -> list[str]:
    return job_root.ids(job_root.root(os.environ))


async def test_parameters_are_offered_with_their_defaults_as_one_would_type_them(work: Path, fetch: Fetch) -> None:
    script(work / "offered", "reduce", "1", parameters=PARAMETERS)
    answer = _json(await fetch("api", "jobs", "parameters", params={"notebook": "offered/reduce.py"}))
    assert {each["name"]: each["default"] for each in answer["parameters"]} == {
        "vis": "a.ms",
        "robust": "0.5",
        "spw": "0",
        "fields": "['a', 'b']",
        "threshold": "",
        "scale": "2 * robust",
    }
    assert answer["output"] == "reduce.out.ipynb"
    assert answer["engines"] == ["here", *(["slurm"] if on_path(["sbatch"]) else [])]


async def test_a_notebook_without_parameters_or_with_unusable_ones_is_offered_still(work: Path, fetch: Fetch) -> None:
    script(work / "plain", "plain", "1")
    answer = _json(await fetch("api", "jobs", "parameters", params={"notebook": "plain/plain.py"}))
    assert (answer["parameters"], answer["trouble"]) == ([], "")
    script(work / "odd", "odd", "1", parameters="vis =")
    answer = _json(await fetch("api", "jobs", "parameters", params={"notebook": "odd/odd.py"}))
    assert answer["parameters"] == []
    assert "its line 1 is not Python" in answer["trouble"]


async def test_what_is_impossible_is_refused_in_one_sentence_and_leaves_no_job(work: Path, fetch: Fetch) -> None:
    script(work / "refused", "reduce", "1", parameters=PARAMETERS.rpartition("\n")[0])
    (work / "refused" / "theirs.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (work / "refused" / "list.txt").write_text("a.ms\nb.ms\n")
    for body, error, words in IMPOSSIBLE:
        whole = body if not body or "notebook" in body else {"notebook": "refused/reduce.py", **body}
        status, name, sentence = await _refused(_post(fetch, **whole))
        assert (status, name) == (400, error), body
        assert words in sentence
    assert _jobs() == []


async def test_without_slurm_a_job_for_it_is_refused(work: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    script(work / "slurm", "reduce", "1")
    told = await _refused(_post(fetch, notebook="slurm/reduce.py", engine="slurm"))
    assert told[:2] == (400, "SlurmMissing")
    assert _jobs() == []


async def test_an_unknown_job_is_not_found(work: Path, fetch: Fetch) -> None:
    for parts, method in (((), "GET"), ((), "DELETE"), (("stop",), "POST"), (("log",), "GET")):
        asked = fetch("api", "jobs", "none-1", *parts, method=method, allow_nonstandard_methods=True)
        assert (await _refused(asked))[:2] == (404, "JobUnknown")


async def test_a_job_is_started_told_of_by_events_stopped_and_removed(
    work: Path, fetch: Fetch, jp_ws_fetch: Any
) -> None:
    script(work / "job", "reduce", "print(vis)", ENDLESS, parameters="vis = 'a.ms'")
    listener = await jp_ws_fetch("api", "events", "subscribe")

    async def until(is_so: Callable[[list[Any]], bool]) -> list[Any]:
        """Wait by events until the list is so; with no other request in between."""
        while not is_so(listed := _json(await fetch("api", "jobs"))["jobs"]):
            assert json.loads(await listener.read_message())["schema_id"] == SCHEMA_ID
        return listed  # type: ignore[no-any-return]

    assert _json(await fetch("api", "jobs")) == {"jobs": []}
    wish = {"notebook": "job/reduce.py", "parameters": {"vis": "my.ms"}, "output": "mine.ipynb"}
    made = await _post(fetch, **wish)
    job = _json(made)
    assert (made.code, job["id"], job["outputPath"]) == (201, "reduce-1", "job/mine.ipynb")
    assert job["parameters"] == {"vis": "my.ms"}
    (job,) = await until(lambda listed: listed and listed[0]["cell"] == 4)
    assert (job["phase"], job["ended"], job["cells"]) == ("EXECUTING", False, 4)
    assert (await _refused(_post(fetch, **wish)))[:2] == (409, "OutputTaken")
    stopped = await fetch("api", "jobs", "reduce-1", "stop", method="POST", body="")
    assert stopped.code == 202
    (job,) = await until(lambda listed: listed[0]["ended"])
    assert (job["phase"], job["status"]) == ("ABORTED", 75)
    assert texts(str(work / "job" / "mine.ipynb"))[0] == "my.ms\n"
    assert b"Stopping" in (await fetch("api", "jobs", "reduce-1", "log")).body
    removed = await fetch("api", "jobs", "reduce-1", method="DELETE")
    assert removed.code == 204
    await until(lambda listed: not listed)
    assert (work / "job" / "mine.ipynb").exists()
    listener.close()


async def test_the_removal_of_a_job_that_runs_stops_it(work: Path, fetch: Fetch) -> None:
    script(work / "removed", "reduce", ENDLESS)
    made = _json(await _post(fetch, notebook="removed/reduce.py"))
    assert made["outputPath"] is None
    await fetch("api", "jobs", made["id"], method="DELETE")
    assert _jobs() == []
    assert not await asyncio.to_thread(Path(made["output"]).exists)


async def test_a_list_beside_the_notebook_makes_an_array_whose_notebooks_are_read_by_their_ids(
    work: Path, fetch: Fetch
) -> None:
    script(work / "array", "reduce", "print(vis, robust)", parameters="vis = 'a.ms'\nrobust = 0.5")
    (work / "array" / "mine.txt").write_text("b.ms\nc d.ms\n")
    wish = {"notebook": "array/reduce.py", "parameters": {"vis": "@mine.txt", "robust": "2"}, "output": ""}
    made = await _post(fetch, **wish)
    started = _json(made)
    ids = [job["id"] for job in started["jobs"]]
    assert (made.code, started["id"], ids) == (201, "reduce-1", ["reduce-1.1", "reduce-1.2"])
    assert [job["parameters"] for job in started["jobs"]] == [
        {"vis": each, "robust": "2"} for each in ("b.ms", "c d.ms")
    ]
    assert [job["outputPath"] for job in started["jobs"]] == [None, None]
    for name, printed in zip(ids, ("b.ms 2", "c d.ms 2")):
        folder = job_root.find(job_root.root(os.environ), name)
        assert (await asyncio.to_thread(jobs.wait, folder)).phase == "COMPLETED"
        model = _json(await fetch("api", "job-outputs", f"{name}.ipynb"))
        assert (model["name"], model["type"], model["format"], model["writable"]) == (
            *(f"{name}.ipynb", "notebook", "json"),
            False,
        )
        *_, last = model["content"]["cells"]
        assert last["outputs"][0]["text"] == f"{printed}\n"
        assert last["metadata"]["trusted"] is False
        validate_model(model, expect_content=True)
        # What a file browser asks for.
        model = _json(await fetch("api", "job-outputs", f"{name}.ipynb", params={"content": "0"}))
        validate_model(model, expect_content=False)


async def test_a_notebook_that_is_not_there_or_not_valid_is_refused_in_one_sentence(work: Path, fetch: Fetch) -> None:
    assert (await _refused(fetch("api", "job-outputs", "none-1.ipynb")))[:2] == (404, "JobUnknown")
    path = script(work / "unwritten", "reduce", "1")
    folder = jobs.make(Wish(path, folder=path.parent), "here", (), os.environ)
    asked = ("api", "job-outputs", f"{folder.id}.ipynb")
    assert await _refused(fetch(*asked)) == (
        *(400, "NotebookUnreadable"),
        f"The notebook {folder.path}/output.ipynb cannot be read: No such file or directory.",
    )
    (folder.path / "output.ipynb").write_text("{")
    assert (await _refused(fetch(*asked)))[:2] == (400, "NotebookUnreadable")
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        assert (await _status(fetch(*asked, method=method, body="{}", allow_nonstandard_methods=True))) == 405
