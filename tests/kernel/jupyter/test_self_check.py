from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from ...support.notebook import Notebook


def _report(notebook: Notebook, folder: Path, names: str = "globals()") -> Dict[str, Any]:
    """Have a running kernel examine itself in a cell; return the report with its findings by subject."""
    cell = notebook.run(
        f"from casa_kernel.jupyter import self_check\nprint(self_check.report({names}, {str(folder)!r}))"
    )
    assert cell.error is None, cell.error
    said: Dict[str, Any] = json.loads(cell.text.splitlines()[-1])
    return {**said, "findings": {each["subject"]: each for each in said["findings"]}}


def test_a_kernel_runs_a_task_and_draws_a_picture_of_an_image_of_its_own(notebook: Notebook, tmp_path: Path) -> None:
    said = _report(notebook, tmp_path)
    for subject in ("CASA", "task", "picture", "mask editor", "casaviewer", "casaplotms", "casalogger"):
        assert said["findings"][subject]["state"] == "ok", said["findings"][subject]
    assert said["casa"] in said["findings"]["CASA"]["found"]
    assert (tmp_path / "check.image").is_dir()
    assert (tmp_path / "check.png").read_bytes().startswith(b"\x89PNG")


def test_a_task_that_fails_is_told_and_the_rest_goes_on(notebook: Notebook, tmp_path: Path) -> None:
    wrong = "{**globals(), 'imstat': lambda imagename: {'sum': [7.0]}, 'viewer': lambda *a, **k: 1 / 0}"
    found = _report(notebook, tmp_path, wrong)["findings"]
    assert found["task"]["state"] == found["picture"]["state"] == "missing"
    assert found["task"]["found"] == "imstat says that the pixels' sum is 7, but it is 64"
    assert found["picture"]["found"] == "ZeroDivisionError: division by zero"
    assert found["measures data"]["state"] in ("ok", "note")


def test_a_mask_editor_that_cannot_be_started_is_told(notebook: Notebook, tmp_path: Path) -> None:
    editor = "get_ipython().kernel.loading.editor"
    notebook.run(f"{editor}.python.chmod(0o600)")
    assert _report(notebook, tmp_path)["findings"]["mask editor"]["state"] == "missing"
    notebook.run(f"{editor}.python.chmod(0o700); {editor}._runs = False")
    found = _report(notebook, tmp_path)["findings"]["mask editor"]
    refused = notebook.run(
        "tclean('sim.ms', imagename='refused', imsize=64, cell='0.4arcsec', niter=9, interactive=True)"
    )
    notebook.run(f"{editor}._runs = True")
    assert found["state"] == "missing"
    assert "CASA_DESKTOP_RUNTIME_DIR" in found["found"]
    # Before it says that it waits.
    assert refused.displayed == []
    assert refused.error is not None
    assert refused.error["ename"] == "NothingRuns"


def test_measures_data_that_end_too_early_are_told_with_the_remedy(notebook: Notebook, tmp_path: Path) -> None:
    notebook.run(
        "from datetime import date\n"
        "from casa_kernel.casa import tables, versions\n"
        "told = versions.Measures('/data', '2001', measured=date(1998, 7, 6), predicted=date(1998, 10, 14))\n"
        "real, tables.measures = tables.measures, lambda found: told"
    )
    found = _report(notebook, tmp_path)["findings"]["measures data"]
    assert found["state"] == "note"
    assert found["found"] == "/data, Earth orientation predicted until 1998-10-14"
    assert "casadata" in found["remedy"]
    notebook.run("tables.measures = lambda found: None")
    assert _report(notebook, tmp_path)["findings"]["measures data"]["state"] == "missing"
    notebook.run("tables.measures = real")


def test_a_tool_that_is_not_there_is_missing_only_where_the_kernel_s_tasks_need_it(
    notebook: Notebook, tmp_path: Path
) -> None:
    notebook.run(
        "from casa_kernel.tools import appimages as tools\n"
        "real, tools.NAMES = tools.NAMES, ('casaplotms2', 'casaviewer')"
    )
    found = _report(notebook, tmp_path)["findings"]
    notebook.run("tools.NAMES = real")
    assert found["casaplotms2"]["state"] == "note"
    assert found["casaviewer"]["state"] == "ok"
