from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any, Dict, List

import psutil
import pytest

from casa_desktop.errors import KernelUnknown
from casa_desktop.kernels import check, install, store
from casa_desktop.kernels.store import Place

from ...support.clock import own_time
from ...support.living import with_word


@pytest.fixture(autouse=True)
def surroundings(jupyter_data: Path, root: Path, environment: Dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """CASA's tools are unpacked once for all tests."""
    monkeypatch.setenv("CASA_DESKTOP_TOOLS", environment["CASA_DESKTOP_TOOLS"])
    install.install(install.Wish(Place(), name="x"), os.environ)


def _rewrite(argv: List[str]) -> None:
    path = store.get("x").folder / "kernel.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "argv": argv}))


def _command(*words: str) -> Any:
    """Run ``casa-desktop kernel check`` as a process; return its exit status and what it says in JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "casa_desktop", "kernel", "check", "--json", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_real_casa_is_found_complete() -> None:
    status, said = _command("x")
    assert status == 0, said
    assert said["ok"]
    found = {each["subject"]: each for each in said["findings"]}
    for subject in ("kernel", "CASA", "task", "picture", "casaviewer", "casaplotms", "casalogger", "X server"):
        assert found[subject]["state"] == "ok", found[subject]
    assert found["measures data"]["state"] in ("ok", "note")
    assert said["casa"].startswith(store.get("x").as_dict()["casa"])
    assert 0 < said["seconds"] < 60


def test_a_kernel_that_dies_says_why_in_a_moment() -> None:
    _rewrite([sys.executable, "-m", "casa_kernel_that_is_not_there"])
    began = own_time()
    report = check.check("x")
    assert own_time() - began < 10
    assert not report.ok
    assert report.seconds is None
    (finding,) = report.findings
    assert finding.found.endswith("No module named casa_kernel_that_is_not_there")


def test_a_kernel_that_hangs_is_ended_with_everything_that_it_has_started() -> None:
    # No other process of this machine has such words.
    mark = uuid.uuid4().hex
    child = f"import time; time.sleep(98765) # {mark}"
    code = (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
    )
    _rewrite([sys.executable, "-c", code + "time.sleep(98765)"])
    status, said = _command("x", "--timeout", "1")
    assert status == 1
    assert said["findings"][0]["found"] == "it has not answered within 1 s"
    assert not with_word(psutil.process_iter(), mark)


def test_a_casa_that_cannot_be_imported_is_told_by_the_kernel_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASASITECONFIG", str(Path(os.environ["HOME"], "site.py")))
    Path(os.environ["CASASITECONFIG"]).write_text(
        "measurespath = '/nowhere'\nmeasures_auto_update = data_auto_update = False\n"
    )
    report = check.check("x")
    (wrong,) = (each for each in report.findings if each.state == "missing")
    assert wrong.subject == "CASA"
    assert "install them with 'pip install casadata'" in wrong.found


def test_a_machine_without_an_x_server_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = check._x_server(store.get("x"), "")
    assert found.state == "missing"
    assert "casa-desktop x-server --image NAME" in found.remedy


def test_a_kernel_of_another_language_is_not_even_started() -> None:
    report = check.check("python3") if "python3" in _all() else None
    assert report is None or "is no CASA kernel" in report.findings[0].found
    with pytest.raises(KernelUnknown):
        check.check("nobody")


def _all() -> Dict[str, str]:
    return store._manager().find_kernel_specs()
