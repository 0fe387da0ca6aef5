"""Days of use in minutes: pages that come and go, and pictures, leave everything as large as it was.

``--long`` makes 10,000 pages and 1,000 pictures of the few hundred that there are otherwise.
"""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple
from urllib.request import Request, urlopen

import psutil
import pytest
from websockets.sync.client import connect

from ..support.lab import Jupyter
from ..support.living import below, command, line_of, name_of
from ..support.notebook import Notebook
from ..support.rfb_reader import GREETING, Reader
from .census import MEMORY, of_folders, of_processes
from .growth import Diary

SAMPLES = 60
# So much of a life is spent on caches and heaps that grow to their size.
WARM_UP = 0.3
# How many bytes a round may leave: in a long life at most, and in a short one beyond doubt, for heaps grow still. A
# picture has 19 kB; its call leaves 1.5 kB, of which IPython and CASA's own client, which keeps a number of each, have
# their part.
PAGE, PICTURE = (300.0, 3000.0), (2500.0, 15_000.0)
PIECES = 0.001
CASA_S = ("casaviewer", "casaplotms")
# Four of five pictures are the quick ones.
QUICK, SLOW = 'viewer("dirty.image")', 'plotms("sim.ms")'
MANY = [[QUICK, QUICK, QUICK, QUICK, SLOW] * 2]
# Raw, and the desktop's size: RFC 6143 and rfbproto's ExtendedDesktopSize.
ENCODINGS = struct.pack(">BxH2i", 2, 2, 0, -308)
REQUEST = struct.pack(">BBHHHH", 3, 0, 0, 0, 16, 16)


@pytest.fixture
def own(environment: Dict[str, str], place: Path) -> Iterator[Dict[str, str]]:
    """An environment whose files nobody else writes."""
    temporary = place / "lasting"
    temporary.mkdir()
    own = {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(place / "long"), "TMPDIR": str(temporary)}
    yield own
    subprocess.run(["casa-desktop", "stop", "--all"], env=own, stdout=subprocess.DEVNULL, check=True)
    temporary.rmdir()


def _folders(own: Dict[str, str]) -> List[Path]:
    return [Path(own[name]) for name in ("CASA_DESKTOP_RUNTIME_DIR", "TMPDIR")]


def _judge(diary: Diary, long: bool, bytes_allowed: Tuple[float, float]) -> None:
    """Nothing grows beyond doubt; in a long life nothing can have grown by more than is allowed."""
    print(diary.report())
    for name, found in diary.slopes().items():
        if name.endswith(MEMORY) and name.startswith(CASA_S):
            # They do grow, casaplotms by 220 kB a plot; the kernel ends them when they have become too large.
            continue
        size = bytes_allowed[0 if long else 1]
        allowed = size if name.endswith((MEMORY, "bytes")) else PIECES
        assert (found.high if long else found.low) <= allowed, f"{name} grows by {found}"


def _samples(rounds: int) -> set[int]:
    first = int(rounds * WARM_UP)
    return {first + (rounds - first) * number // SAMPLES for number in range(1, SAMPLES + 1)}


def _look(url: str, headers: Dict[str, str]) -> None:
    """What a page does first: RFB's handshake, and one picture."""
    with connect(url, additional_headers=headers, compression=None) as view:
        view.send(GREETING)
        reader = Reader(view)
        reader.greeted()
        view.send(ENCODINGS + REQUEST)
        assert reader.read(2) == b"\0\0"


@pytest.mark.timeout(3600)
def test_pages_that_come_and_go_leave_server_and_desktop_as_they_were(
    own: Dict[str, str], place: Path, long: bool
) -> None:
    rounds, diary = 10_000 if long else 1000, Diary()
    with Jupyter(place, own) as server:
        api = f"{server.url}casa-desktop/api/desktops"
        headers = {"Authorization": f"token {server.token}"}
        record = _ask(Request(api, b"{}", headers, method="POST"))
        view = f"{api.replace('http', 'ws')}/main/rfb"
        # A desktop's caretaker comes a little later than its first picture.
        while len(_desktop_processes(record["pid"])) < 3:
            _look(view, headers)
        processes = {"Jupyter": psutil.Process(server.process.pid), **_desktop_processes(record["pid"])}
        for number in range(1, rounds + 1):
            _look(view, headers)
            if number in _samples(rounds):
                # Whatever the server had to do for those who have gone, it has done before it answers this.
                assert not _ask(Request(api, headers=headers))["desktops"][0]["watched"]
                diary.take(number, {**of_processes(processes), **of_folders(_folders(own))})
    _judge(diary, long, PAGE)


def _ask(request: Request) -> Any:
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _desktop_processes(supervisor: int) -> Dict[str, psutil.Process]:
    found = {"supervisor": psutil.Process(supervisor)}
    for child in below(supervisor, recursive=False):
        words = command(child)
        if "casa_desktop.desktop.agent" in words:
            found["caretaker"] = child
        elif "-rfbunixpath" in words:
            found["Xvnc"] = child
    return found


@pytest.mark.timeout(3600)
def test_pictures_leave_kernel_and_tools_as_they_were(own: Dict[str, str], observation: Path, long: bool) -> None:
    rounds, diary = 1000 if long else 50, Diary()
    # IPython keeps 1.5 kB of each cell; in a long life that is not to be taken for a picture's.
    cells = MANY if long else [[QUICK], [QUICK], [QUICK], [QUICK], [SLOW]]
    with Notebook(observation, own) as notebook:
        drawn = 0
        while drawn < rounds:
            calls = cells[drawn % len(cells)]
            cell = notebook.run("\n".join(calls))
            assert cell.error is None, cell.error
            assert len(cell.displayed) == len(calls)
            drawn += len(calls)
            if drawn >= rounds * WARM_UP:
                diary.take(drawn, {**of_processes(_kernel_processes(notebook)), **of_folders(_folders(own))})
    _judge(diary, long, PICTURE)


def _kernel_processes(notebook: Notebook) -> Dict[str, psutil.Process]:
    kernel = psutil.Process(notebook.pid)
    found = {"kernel": kernel}
    for child in below(notebook.pid):
        words, own = line_of(child), name_of(child)
        # One that has just ended has no name.
        if own:
            found[next((tool for tool in CASA_S if tool in words), own)] = child
    return found
