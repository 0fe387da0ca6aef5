"""Keep what is flagged by hand in the windows of one kernel, and list it under the cells that have opened them.

The work is done by a process of its own (``replay.flag_keeper``), which is started with the first such window.
"""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Protocol, Sequence

from casa_desktop.handwork.flag_records import folder_of
from casa_desktop.system import threads
from casa_desktop.system.pythonpath import module, seen

# A task whose flags are compared waits so long, in seconds, until they have been read.
_READ_WITHIN = 60.0


class Place(Protocol):
    """The display under one cell; implemented by ``jupyter.cell_display``."""

    def show(self, data: Dict[str, Any]) -> None:
        """Show a MIME bundle, and replace the one before."""


class Listing:
    """What is shown under one cell.

    Attributes:
        ready: set when the keeper has done what it was ordered to do, or cannot.

    Args:
        place: where it is shown.
        tables: the MeasurementSets.
        is_window: flags are set in a window that stays open.
    """

    def __init__(self, place: Place, tables: Sequence[Path], is_window: bool) -> None:
        self._place, self._is_window = place, is_window
        self._names = ", ".join(each.name for each in tables)
        self._folders = ", ".join(folder_of(each).name for each in tables)
        self._head = f"The flags of {self._names} are being read, so that flaggings in this window can be kept."
        self._lines: List[str] = []
        self._is_shown = self._is_lost = False
        self.ready = threading.Event()

    def show(self) -> None:
        """Show it in the running cell, for the first time."""
        self._is_shown = True
        self._update()

    def show_result(self) -> None:
        """Show what was kept, if there is anything to tell."""
        if self._lines or self._is_lost:
            self.show()

    def hear(self, told: Mapping[str, Any]) -> None:
        """Take what the keeper tells."""
        kind = told["kind"]
        if kind == "ready":
            self._head = f"Flaggings in this window are kept in {self._folders}; %casa_hand undo takes one back."
        elif kind == "kept":
            undo = "" if self._is_window else "; %casa_hand undo takes it back"
            self._lines.append(f"{told['text']}; kept in {told['name']}{undo}")
        elif kind == "lost" and told["said"]:
            self._lines.append(f"{told['said']}: not kept in {self._folders}, because {told['reason']}")
        elif kind == "lost":
            self._is_lost = True
            self._head = f"Flaggings in {told['vis']} are not kept, because {told['reason']}."
        elif kind == "gone":
            self._is_lost = True
            self._head = "Flaggings are no longer kept: the process that kept them has ended."
        if kind in ("ready", "lost", "over", "gone"):
            self.ready.set()
        if self._is_shown and kind != "over":
            self._update()

    def _update(self) -> None:
        lines = [*([self._head] if self._is_window or not self._lines else []), *self._lines]
        text = "\n".join(lines)
        if text:
            shown = "<br>".join(map(html.escape, lines))
            self._place.show({"text/plain": text, "text/html": f'<small class="casa-desktop-hand">{shown}</small>'})


class FlagWatch:
    """The flaggings by hand of one kernel.

    Args:
        folder: returns the kernel's private folder.
        place: returns the display under the running cell.
        versions: of CASA.
    """

    def __init__(self, folder: Callable[[], Path], place: Callable[[], Place], versions: Mapping[str, str]) -> None:
        self._folder, self._place, self._versions = folder, place, dict(versions)
        self._guard = threading.Lock()
        self._listings: Dict[int, Listing] = {}
        self._count = 0
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._owner = os.getpid()

    def window(self, task: str, call: str, tables: Sequence[Path], pid: int, log: str) -> Listing:
        """Keep what is flagged in a window from now on; return what is to be shown under the cell.

        Args:
            task: the task that has opened it.
            call: its call, as text.
            tables: the MeasurementSets that it shows.
            pid: the window's process.
            log: the log that the process writes into.
        """
        listing = Listing(self._place(), tables, is_window=True)
        self._order(listing, "watch", task, call, tables, pid=pid, log=log)
        return listing

    @contextmanager
    def around(self, task: str, call: str, tables: Sequence[Path]) -> Iterator[None]:
        """Keep what a task changes within a with block, in which hands decide."""
        listing = Listing(self._place(), tables, is_window=False)
        number = self._order(listing, "begin", task, call, tables)
        listing.ready.wait(_READ_WITHIN)
        listing.ready.clear()
        try:
            yield
        finally:
            self._order(listing, "end", task, call, tables, number=number)
            listing.ready.wait(_READ_WITHIN)
            self._forget(number)
            listing.show_result()

    def _order(
        self,
        listing: Listing,
        do: str,
        task: str,
        call: str,
        tables: Sequence[Path],
        pid: int = 0,
        log: str = "",
        number: int = 0,
    ) -> int:
        with self._guard:
            if not number:
                self._count += 1
                number = self._count
            self._listings[number] = listing
            order = {
                "do": do,
                "number": number,
                "task": task,
                "call": call,
                "vis": [os.path.realpath(each) for each in tables],
                "versions": self._versions,
                "pid": pid,
                "log": log,
                "said": [],
            }
            try:
                self._send(json.dumps(order).encode() + b"\n")
            # The task itself goes on; the line under the cell says that nothing is kept.
            except (OSError, RuntimeError):
                listing.hear({"kind": "gone"})
        return number

    def _send(self, line: bytes) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            # It has ended because no window was left, or was killed.
            if self._process is not None:
                self._process.wait()
            self._write(line)

    def _write(self, line: bytes) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()

    def _running(self) -> subprocess.Popen[bytes]:
        if os.getpid() != self._owner:
            raise RuntimeError("this process was forked from the one that keeps flaggings")
        if self._process is None or self._process.poll() is not None:
            folder = self._folder()
            self._process = subprocess.Popen(
                [sys.executable, *module("casa_kernel.replay.flag_keeper")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=seen(os.environ),
                start_new_session=True,
            )
            # The kernel's guard ends it with a kernel that is killed.
            (folder / f"flag-keeper-{self._process.pid}.KILL").write_text(str(self._process.pid))
            try:
                threads.start(self._hear, self._process, folder)
            except RuntimeError:
                self._process.kill()
                raise
        return self._process

    def _hear(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        for line in process.stdout:
            told = json.loads(line)
            listing = self._listings.get(told["window"])
            if listing is not None:
                listing.hear(told)
            if told["kind"] == "closed":
                self._forget(told["window"])
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()
        with suppress(OSError):
            (folder / f"flag-keeper-{process.pid}.KILL").unlink()
        with self._guard:
            # Another one may have been started since.
            lost: Dict[int, Listing] = {}
            if process is self._process:
                lost, self._listings = self._listings, lost
        for listing in lost.values():
            listing.hear({"kind": "gone"})

    def _forget(self, number: int) -> None:
        """Forget a listing; end the process, which takes memory and descriptors, if it was the last."""
        with self._guard:
            self._listings.pop(number, None)
            if not self._listings:
                self.close()

    def close(self) -> None:
        """End the process that keeps flaggings."""
        process, self._process = self._process, None
        if process is not None and os.getpid() == self._owner:
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
