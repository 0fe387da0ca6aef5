"""Everything that takes part: a Jupyter server, two notebooks, a desktop, a view of it, and disks that may be full.

All of it is reused from round to round for as long as it lives, and brought back by ``prepare`` where it does not.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple
from urllib.error import HTTPError

import psutil
from Xlib import X, Xatom
from Xlib.error import ConnectionClosedError, DisplayConnectionError
from Xlib.protocol.event import ClientMessage

from casa_desktop.runtime.directory import Places
from casa_desktop.runtime.record import Record, read_record
from casa_desktop.system import locks
from casa_desktop.x11 import xvnc

from ..support.lab import Jupyter
from ..support.living import below, command, is_alive, line_of, living, program, variables
from ..support.screen import Screen
from . import verdicts
from .cells import Kernel
from .disks import Disk
from .inotify_limit import InotifyLimit
from .works import CLEANED, USUAL, cell

DESKTOP = "main"
# The variable that everything inherits; its value cannot be guessed.
MARK = "CASA_DESKTOP_CHAOS"
# The data of the observation has 4 MB, and each image that is cleaned 0.5 MB.
_RUNTIME_MEGABYTES, _DATA_MEGABYTES = 48, 96
_LONG = 60.0
_CARRIERS = ("/passt", "/pasta", "/passt.avx2", "/pasta.avx2", "/slirp4netns")
Identity = Tuple[int, float]


def words_of(process: psutil.Process) -> str:
    """Return a process's program, for a tool that calls itself otherwise, and its command line."""
    return " ".join([program(process), *command(process)])


def digest(folder: Path) -> Dict[str, str]:
    """Return what is in the MeasurementSet and the image, by file; locks come and go."""
    files = (each for name in ("sim.ms", "dirty.image") for each in sorted((folder / name).rglob("*")))
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
        if each.is_file() and each.name != "table.lock"
    }


class _Server(Jupyter):
    """A Jupyter server in a user namespace, and with it all that it starts."""

    def __init__(self, root: Path, environment: Dict[str, str], within: Sequence[str]) -> None:
        super().__init__(root, environment)
        self._within = within

    def _command(self) -> List[str]:
        return [*self._within, *super()._command()]


class View:
    """Somebody who looks at the desktop: ``view.py``, running.

    Attributes:
        process: its process.
        lines: what it has said, with the time of the monotonic clock.
    """

    def __init__(self, jupyter: Jupyter, env: Mapping[str, str]) -> None:
        argv = [sys.executable, str(Path(__file__).with_name("view.py")), jupyter.url, DESKTOP, jupyter.token]
        self.lines: List[Tuple[float, str]] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(argv, env=dict(env), stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append((time.monotonic(), line.strip()))
                self._news.notify_all()

    def is_connected(self, since: float = 0.0) -> bool:
        """Tell whether it sees the desktop, by a connection made after a moment."""
        return bool(self.lines) and self.lines[-1][1] == "connected" and self.lines[-1][0] >= since

    def wait_until_connected(self, seconds: float, since: float = 0.0) -> bool:
        """Wait until it sees the desktop; tell whether it does."""
        with self._news:
            return self._news.wait_for(lambda: self.is_connected(since), seconds)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Arena:
    """The place of all rounds.

    Attributes:
        env: the variables of everything that is started.
        data: the disk with the data, where the notebooks work.
        runtime: the disk of the runtime directory and of temporary files.
        inotify: the limit of all that runs here, but for the view.
        server, kernels, view: the parts; None or empty before the first ``prepare``.
        displays: all displays that the desktop has had.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], observation: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.mark = secrets.token_hex(16)
        self.data, self.runtime = Disk(folder / "data", _DATA_MEGABYTES), Disk(folder / "run", _RUNTIME_MEGABYTES)
        for name in ("sim.ms", "dirty.image"):
            shutil.copytree(observation / name, self.data.path / name)
        shutil.copy(observation / "casasiteconfig.py", self.data.path)
        self.temporary, self.root = self.runtime.path / "t", self.runtime.path / "r"
        self.temporary.mkdir()
        self.env = {
            **environment,
            MARK: self.mark,
            "TMPDIR": str(self.temporary),
            "CASA_DESKTOP_RUNTIME_DIR": str(self.root),
            "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
        }
        self.inotify = InotifyLimit()
        self.server = _Server(self.data.path, self.env, self.inotify.words)
        self.kernels: List[Kernel] = []
        self.view: Optional[View] = None
        self.displays: Set[str] = set()
        self.digest = digest(self.data.path)
        self._running = False
        self._starter: Optional[subprocess.Popen[bytes]] = None

    # What is there

    def record(self) -> Optional[Record]:
        """Return the record of the desktop, if it runs."""
        at = Places(self.root / DESKTOP)
        record = read_record(at.record) if locks.is_held(at.folder) else None
        if record is not None:
            self.displays.add(record.display)
        return record

    def desktop(self) -> Dict[str, psutil.Process]:
        """Return the living processes of the desktop by their parts."""
        record = self.record()
        if record is None:
            return {}
        found: Dict[str, psutil.Process] = {}
        found.update((verdicts.SUPERVISOR, supervisor) for supervisor in living(record.supervisor_pid))
        for child in below(record.supervisor_pid, recursive=False):
            words = words_of(child)
            if child.pid == record.x_server_pid:
                found[verdicts.X_SERVER] = child
            elif "casa_desktop.desktop.agent" in words:
                found[verdicts.CARETAKER] = child
            elif words.split(" ")[0].endswith("/icewm"):
                found[verdicts.WINDOW_MANAGER] = child
        return {part: process for part, process in found.items() if is_alive(process)}

    def is_whole(self) -> bool:
        """Tell whether the desktop has all its parts and greets."""
        record = self.record()
        if record is None or len(self.desktop()) < 4:
            return False
        try:
            return xvnc.rfb_banner(Path(record.rfb_socket), 1).startswith(b"RFB")
        except OSError:
            return False

    def wait_until_whole(self, seconds: float, or_: Callable[[], object] = bool) -> bool:
        """Wait until the desktop is whole, ``or_`` something else is so; tell whether it is whole."""
        deadline = time.monotonic() + seconds
        # The birth of somebody else's child is no event that a user's process could wait for.
        while not self.is_whole():
            if time.monotonic() > deadline or or_():
                return False
            time.sleep(0.02)
        return True

    def last_words(self) -> str:
        """Return why the desktop ended and does not come back by itself; nothing if it runs, or nothing is said."""
        (kind, told), (_, plain) = self._told(DESKTOP), self._told("never")
        # A lost one the page has back without asking.
        return "" if kind == "DesktopLost" or told == plain.replace("never", DESKTOP) else told

    def _told(self, name: str) -> Tuple[str, str]:
        try:
            self.server.ask(f"casa-desktop/api/desktops/{name}")
        except HTTPError as error:
            told = json.loads(error.read())
            return str(told["error"]), str(told["message"])
        return "", ""

    def parts(self) -> Dict[str, Identity]:
        """Return who everybody is: the part's process and when it was started."""
        found = dict(self.desktop())
        pids = {verdicts.SERVER: self.server.process.pid, verdicts.VIEW: self.view.process.pid if self.view else None}
        pids.update(zip((verdicts.KERNEL, verdicts.OTHER_KERNEL), (each.pid for each in self.kernels)))
        for part, pid in pids.items():
            found.update((part, process) for process in living(pid))
        identities: Dict[str, Identity] = {}
        for part, process in found.items():
            # It may have ended since.
            with suppress(psutil.NoSuchProcess):
                identities[part] = (process.pid, process.create_time())
        return identities

    def porter(self) -> List[psutil.Process]:
        """Return the process that stands between the first notebook's kernel and the machine's network, if one does."""
        found = [each for each in below(self.kernels[0].pid) if "casa_desktop.launchers.host_helper" in words_of(each)]
        # The first is what starts it again.
        return found[1:]

    def way_out(self) -> List[psutil.Process]:
        """Return the program that carries what the first notebook's kernel sends out, if there is one."""
        return [each for each in below(self.kernels[0].pid) if words_of(each).split(" ")[0].endswith(_CARRIERS)]

    def tools(self, tool: str, word: str = "") -> List[psutil.Process]:
        """Return the living processes of a tool of the first notebook, whose words hold ``word``."""
        lines = ((process, words_of(process)) for process in below(self.kernels[0].pid))
        return [process for process, line in lines if f"/{tool}-" in line.split(" ")[0] and word in line]

    def screen(self) -> Screen:
        """Return a connection to the desktop's X server; close it."""
        record = self.record()
        if record is None:
            raise DisplayConnectionError(DESKTOP, "it is not running")
        return Screen({"display": record.display, "xauthority": record.xauthority})

    # How it is brought back

    def prepare(self) -> None:
        """Have everything running and answering."""
        if not self._running or self.server.process.poll() is not None:
            self.start_server()
        self._clear_data()
        if not (self.wait_until_whole(1) if self.record() else False):
            self.start_desktop()
        dead = [each for each in self.kernels if not each.answers(10)]
        for each in dead:
            each.end()
        self.kernels = [each for each in self.kernels if each not in dead]
        while len(self.kernels) < 2:
            self.kernels.append(Kernel(self.server))
        for each in self.kernels:
            if each.pid is None and not each.answers(_LONG):
                raise TimeoutError("A kernel did not answer:\n" + "".join(self.server.log[-40:]))
        if self.view is None or self.view.process.poll() is not None:
            self.start_view()
        assert self.view is not None
        if not self.view.wait_until_connected(_LONG):
            raise TimeoutError(f"The view is not connected: {self.view.lines[-3:]}")
        self._close_windows()

    def warm_up(self) -> None:
        """Do each work once, so that the tools are unpacked before the first round."""
        self.prepare()
        for work in USUAL:
            if work.value not in ("waiting tclean", "screenshot"):
                done = self.kernels[0].run(cell(work, "warm"))
                if not done.wait_until_over(_LONG) or not done.reply or done.reply["status"] != "ok":
                    raise RuntimeError(f"{work.value} does not work here: {done.reply or done.lost}")

    def start_server(self) -> None:
        """Start the Jupyter server, a second time at the same address; its kernels are gone."""
        for each in self.kernels:
            each.leave()
        self.kernels = []
        if self._running:
            self.server.stop()
        self.server.start()
        self._running = True

    def start_desktop(self) -> None:
        """Start the desktop as a page does, after whatever is left of the one before; wait until it is whole."""
        if self.record() is not None:
            self.casa_desktop("stop", "--name", DESKTOP)
        self.server.ask("casa-desktop/api/desktops", "POST", {"name": DESKTOP})
        if not self.wait_until_whole(_LONG):
            raise TimeoutError(f"The desktop is not whole: {sorted(self.desktop())}")

    def starter(self, seconds: float) -> List[psutil.Process]:
        """Stop the desktop and have the command line start it; return that program after some time, if it runs."""
        self.casa_desktop("stop", "--name", DESKTOP)
        with open(os.devnull, "wb") as nowhere:
            command = [*self.inotify.words, "casa-desktop", "start", "--name", DESKTOP]
            self._starter = subprocess.Popen(command, env=self.env, stdout=nowhere, stderr=nowhere)
        with suppress(subprocess.TimeoutExpired):
            self._starter.wait(seconds)
        return living(self._starter.pid)

    def ask_for_desktop(self) -> None:
        """Ask for the desktop as a page does, after a starter has ended."""
        if self._starter is not None:
            self._starter.wait()
        self.server.ask("casa-desktop/api/desktops", "POST", {"name": DESKTOP})

    def start_view(self) -> None:
        """Look at the desktop, anew."""
        if self.view is not None:
            self.view.close()
        self.view = View(self.server, self.env)

    def casa_desktop(self, *arguments: str) -> str:
        """Run the command line; return what it prints."""
        command = [*self.inotify.words, "casa-desktop", *arguments]
        return subprocess.run(
            command, env=self.env, stdout=subprocess.PIPE, text=True, check=True, timeout=_LONG
        ).stdout

    def _clear_data(self) -> None:
        for each in self.data.path.glob(f"{CLEANED}*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()

    def _close_windows(self) -> None:
        """Close all windows as their users would, so that no desktop fills up from round to round."""
        with suppress(ConnectionClosedError, DisplayConnectionError, TimeoutError), self.screen() as screen:
            display = screen.display
            clients = screen.root.get_full_property(display.intern_atom("_NET_CLIENT_LIST"), Xatom.WINDOW)
            for window in clients.value if clients else ():
                asked = ClientMessage(
                    window=display.create_resource_object("window", window),
                    client_type=display.intern_atom("_NET_CLOSE_WINDOW"),
                    data=(32, [X.CurrentTime, 2, 0, 0, 0]),
                )
                screen.root.send_event(asked, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
            screen.wait_until(lambda: not screen.windows(), "end of all windows", 2)

    def close(self) -> None:
        """End everything as a user would: kernels, desktop, server."""
        if self.view is not None:
            self.view.close()
            self.view = None
        for each in self.kernels:
            each.end()
        self.kernels = []
        if self._running:
            self.casa_desktop("stop", "--all")
            self.server.stop()
            self._running = False

    def left(self) -> List[psutil.Process]:
        """Return what still runs of all that was ever started here: by its environment, or by our folder's name."""
        ours = (
            each
            for each in psutil.process_iter()
            if self.mark in variables(each).get(MARK, "") or str(self.folder) in line_of(each)
        )
        return [each for each in ours if is_alive(each)]
