"""A cleaner of /tmp takes single files of a kernel's own folder, and the kernel goes on as if they were there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Iterator

import pytest

from casa_desktop.desktop import lifecycle, registry

from ..support.mask_editor import MaskEditor
from ..support.notebook import Notebook
from ..support.processes import MARK, ended, with_guards
from ..support.screen import Screen, XHand

CLEAN = "tclean('sim.ms', imagename='kept', imsize=128, cell='0.4arcsec', niter=40, interactive=True)"


@pytest.fixture(scope="module")
def notebook(observation: Path, environment: Dict[str, str], place: Path) -> Iterator[Notebook]:
    """The only kernel in its runtime directory."""
    with Notebook(observation, {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(place / "rf")}) as kernel:
        yield kernel


@pytest.fixture
def folder(place: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernel's own folder."""
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(place / "rf"))
    [found] = (place / "rf").glob(".kernel-*")
    return found


def empty(folder: Path) -> None:
    """Remove all files, and leave the folders."""
    for each in folder.rglob("*"):
        if not each.is_dir():
            each.unlink()


def test_pictures_and_windows_go_on_and_end_without_their_files(notebook: Notebook, folder: Path) -> None:
    for _ in range(2):
        # The first window also starts the desktop, by a socket in the folder.
        for gui in ("", ", gui=True"):
            cell = notebook.run(f"viewer('dirty.image'{gui})")
            assert cell.error is None
            empty(folder)
    assert notebook.run("%casa_tools end").error is None
    assert "image/png" in notebook.run("viewer('dirty.image')").displayed[0]


def test_programs_that_a_cell_starts_open_windows_on_a_new_desktop(notebook: Notebook, folder: Path) -> None:
    notebook.run("from casa_desktop.desktop import lifecycle; lifecycle.stop()")
    empty(folder)
    cell = notebook.run("import os, sys; os.system(f'{sys.executable} -m casa_desktop start --name other')")
    assert cell.error is None
    assert lifecycle.stop("other")


def test_the_mask_editor_opens_and_closes(notebook: Notebook, folder: Path) -> None:
    empty(folder)

    def look() -> None:
        found = registry.running("main")
        with Screen({"display": found.display, "xauthority": found.xauthority}) as screen:
            MaskEditor.wait_for(screen, XHand(screen))
            for each in folder.glob("*/output"):
                each.unlink()
            notebook.manager.interrupt_kernel()

    cell = notebook.run(CLEAN, timeout=60, meanwhile=look)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert lifecycle.stop()


def test_nothing_is_left_of_it(notebook: Notebook, folder: Path) -> None:
    empty(folder)
    notebook.client.stop_channels()
    processes = with_guards({MARK: str(folder.parent)})
    notebook.manager.shutdown_kernel()
    assert ended(processes)
    assert not folder.exists()
    assert not os.path.lexists(f"{folder}-ended")
