"""What the desktop, the kernel and their tools open on the way, and that none of it is left."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Set

import psutil
import pytest
from playwright.sync_api import BrowserContext

from casa_desktop import names

from ..support import traces
from ..support.lab import Jupyter, Lab
from ..support.mask_editor import MaskEditor
from ..support.processes import listeners, name, ours
from ..support.screen import Screen

CELLS = (
    'tclean(vis="sim.ms", imagename="left", imsize=128, cell="0.4arcsec", niter=20, interactive=True)["iterdone"]',
    'viewer("dirty.image")',
    'viewer("dirty.image", gui=True)',
    'plotms("sim.ms")',
    'plotms("sim.ms", gui=True)',
    "casalogger(gui=True)",
)
# Jupyter's server listens on loopback, as it does without us.
JUPYTER = {"jupyterlab"}
# The kernel's end does not end these. The encoder is the page's, and stays a while after something has moved.
DESKTOP = {"casa_desktop.desktop.supervisor", "casa_desktop.desktop.agent", names.VIDEO_PROGRAM}
# CASA's own, which listen on every interface: the registry in casatools, inside the kernel, and these tools. Where the
# machine allows it, and it is not wanted otherwise, that is in a network of the kernel's own.
CASA = {"casa_kernel", "casaviewer", "casaplotms"}
# Where CASA's tools put files outside of any folder that they are told; so do X servers, for others as well.
STRAY = ("vwr-*", "casa*", "plotms*")


@pytest.fixture
def own(environment: Dict[str, str], place: Path) -> Dict[str, str]:
    """An environment that tells this test's processes and files from all others."""
    temporary = place / "left-tmp"
    temporary.mkdir()
    return {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(place / "left"), "TMPDIR": str(temporary)}


def _has_own_network(own: Dict[str, str]) -> bool:
    words = [sys.executable, "-m", "casa_desktop.network.namespace"]
    return subprocess.run(words, env=own, capture_output=True, text=True, check=True).stdout.strip() == '"own"'


def test_nothing_of_ours_listens_on_tcp_or_is_left_behind(
    context: BrowserContext, own: Dict[str, str], observation: Path
) -> None:
    before = _stray_files()
    with _watched_ports(own) as seen, Jupyter(observation, own) as server:
        _use_everything(Lab(context.new_page(), server), own)
        server.end_kernels()
        tools = [process for process in ours(own) if "casa" in name(process) and name(process) not in DESKTOP]
        _, alive = psutil.wait_procs(tools, timeout=10)
        assert [name(process) for process in alive] == [], "these outlived the kernel"
        assert _casa_desktop(own, "stop").strip() == "Stopped: main."
        assert _outliving(own) == JUPYTER

    open_ports = JUPYTER | (set() if _has_own_network(own) else CASA)
    assert seen <= open_ports, "something of ours listened on a TCP port"
    assert seen >= open_ports, "the watch saw less than there is"
    assert _outliving(own) == set()
    assert not Path(own["CASA_DESKTOP_RUNTIME_DIR"]).exists()
    assert list(Path(own["TMPDIR"]).iterdir()) == []
    assert _stray_files() <= before


def _outliving(own: Dict[str, str]) -> Set[str]:
    """Return the names of our processes, but for those that end within a moment."""
    _, alive = psutil.wait_procs([each for each in ours(own) if name(each) not in JUPYTER], timeout=10)
    assert [name(each) for each in alive] == []
    return {name(each) for each in ours(own)}


def _casa_desktop(own: Dict[str, str], *arguments: str) -> str:
    return subprocess.run(["casa-desktop", *arguments], env=own, stdout=subprocess.PIPE, text=True, check=True).stdout


def _stray_files() -> Set[str]:
    return {str(path) for pattern in STRAY for path in Path("/tmp").glob(pattern)} | {*traces.of_all()}


@contextmanager
def _watched_ports(own: Dict[str, str]) -> Iterator[Set[str]]:
    """Collect the names of our processes that listen on TCP, looked at ten times a second."""
    seen: Set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            seen.update(listeners(ours(own)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _use_everything(lab: Lab, own: Dict[str, str]) -> None:
    """An interactive clean to its end, and every way to draw."""
    notebook = lab.notebook(*CELLS)
    notebook.start(0)
    canvas = lab.desktop()
    with Screen(json.loads(_casa_desktop(own, "status", "--json"))[0]) as screen:
        canvas.wait_for_size_of(screen)
        editor = MaskEditor.wait_for(screen, canvas)
        editor.draw((0.4, 0.6), (0.6, 0.4))
        editor.go_on()
        assert "20" in notebook.wait_until_finished(0)
        for number in range(1, len(CELLS)):
            notebook.run(number)
        for title in ("Viewer Display Panel", "PlotMS", "Log Messages"):
            screen.wait_for_window(title)
