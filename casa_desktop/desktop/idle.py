"""Detects whether a desktop has been unused for long enough: no view, no input, no work for some time.

It never polls. While the desktop is in use, it waits for the end of that use; otherwise it computes the earliest moment
at which the time can be over, and does not look earlier.

A program in one of the desktop's terminals is work, and so is what it prints. Source: proc(5), and for the times of a
terminal's device file tty_update_time() in Linux's drivers/tty/tty_io.c.
"""

from __future__ import annotations

import math
import os
import select
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from inotify_simple import flags

from ..runtime.directory import Places
from ..system import locks, threads
from ..system.inotify import Watches
from ..system.process import open_pid

# Where the start of a use cannot be watched, look again after this fraction of the time.
_PART = 0.1
_SHELLS = frozenset({"bash", "csh", "dash", "fish", "ksh", "mksh", "sh", "tcsh", "zsh"})


class Idleness:
    """Watches the use of one desktop.

    Args:
        at: the desktop's paths; the record need not exist yet.
        seconds: the time without use after which the desktop counts as idle.
        since_input: returns the seconds since the last keyboard or mouse input, from X.
    """

    def __init__(self, at: Places, seconds: float, since_input: Callable[[], float]) -> None:
        self._at, self._seconds, self._since_input = at, seconds, since_input
        self._used = time.monotonic()
        # The kinds of use whose end a thread waits for, and the pidfds of the programs whose end is waited for.
        self._awaited: Set[int] = set()
        self._programs: Set[int] = set()
        self._ended, self._tell_ended = os.pipe()
        # Watch the folder, because the record does not exist yet; locks.share touches the record when a use begins.
        self._begun = Watches()
        self._begun.begin()
        self._begun.add(str(at.folder), flags.ATTRIB)
        # Without an inotify watch, the next look detects a use by the record's time.
        self._touched = self._last_touch()
        self._events = select.epoll()
        for each in (self._ended, *self._begun.readable):
            self._events.register(each, select.EPOLLIN)

    def fileno(self) -> int:
        """Return a descriptor that is readable when a use has begun or ended; then call ``look``."""
        return self._events.fileno()

    def look(self) -> Optional[float]:
        """Return the seconds until the next look; 0 if the time is over; None while the desktop is in use."""
        # Not later: a use that begins and ends during this look would neither be among its events nor be waited for.
        now = time.monotonic()
        self._take_events()
        rest = self._rest(now)
        # A use that begins and ends between two looks counts as if it had ended just now.
        return min(rest, self._seconds * _PART) if rest and self._begun.shortage is not None else rest

    def _rest(self, now: float) -> Optional[float]:
        if self._in_use():
            return None
        found = terminals_of(str(self._at.xauthority))
        programs = [pid for each in found for pid in each.programs]
        if programs:
            return self._await_programs(programs)
        quiet = min([self._since_input(), *(each.quiet for each in found)])
        self._used = max(self._used, now - quiet)
        return max(self._used + self._seconds - now, 0.0)

    def _take_events(self) -> None:
        for descriptor, _ in self._events.poll(0):
            if descriptor == self._ended:
                self._awaited.difference_update(os.read(descriptor, 64))
            elif descriptor in self._programs:
                self._programs.remove(descriptor)
                os.close(descriptor)
            elif not any(event.name == self._at.record.name for event in self._begun.read()):
                continue
            self._used = time.monotonic()
        touched = self._last_touch()
        if touched != self._touched:
            self._touched, self._used = touched, time.monotonic()

    def _last_touch(self) -> int:
        """Return the time when the last use began, in nanoseconds of the file system's clock; 0 without a record."""
        try:
            return self._at.record.stat().st_mtime_ns
        except OSError:
            return 0

    def _in_use(self) -> bool:
        for byte in (locks.VIEW, locks.WORK):
            if byte not in self._awaited and locks.is_shared(self._at.record, byte):
                self._awaited.add(byte)
                threads.start(self._await_end, byte)
        return bool(self._awaited or self._programs)

    def _await_end(self, byte: int) -> None:
        try:
            locks.wait_until_unshared(self._at.record, byte)
        except OSError:
            # The desktop is ending.
            return
        os.write(self._tell_ended, bytes([byte]))

    def _await_programs(self, pids: List[int]) -> Optional[float]:
        """Wait for the end of one of the programs; return None, or the seconds to wait if there is no pidfd."""
        self._used = time.monotonic()
        for pid in pids:
            try:
                descriptor = open_pid(pid)
            except ProcessLookupError:
                # The process has just ended.
                continue
            if descriptor is None:
                break
            self._programs.add(descriptor)
            self._events.register(descriptor, select.EPOLLIN)
            return None
        return self._seconds


class Terminal(NamedTuple):
    """A terminal whose shell was started on the desktop.

    Attributes:
        programs: PIDs of the programs that run in it, without the waiting shell.
        quiet: the seconds since the last output or input. Linux updates this time only every 8 seconds; infinity if the
            clock has been set back since.
    """

    programs: Tuple[int, ...]
    quiet: float


def terminals_of(xauthority: str) -> List[Terminal]:
    """Return the terminals of the desktop with this cookie file."""
    sessions: Dict[int, List[int]] = {}
    for pid, session in _with_terminal():
        sessions.setdefault(session, []).append(pid)
    mark = b"XAUTHORITY=" + os.fsencode(xauthority)
    found = []
    for leader, members in sessions.items():
        try:
            if mark in _read(leader, "environ").split(b"\0"):
                found.append(_terminal_of(leader, members))
        except OSError:
            # The process has just ended, or belongs to another user.
            continue
    return found


def _terminal_of(leader: int, members: List[int]) -> Terminal:
    device = os.stat(f"/proc/{leader}/fd/0")
    # Linux takes these times from the system clock. If that has been set back since, they are useless.
    since = time.time() - max(device.st_mtime, device.st_atime)
    # 'xterm -e program' runs no shell.
    is_shell = _read(leader, "comm").decode(errors="replace").strip() in _SHELLS
    return Terminal(tuple(pid for pid in members if pid != leader or not is_shell), since if since >= 0 else math.inf)


def _with_terminal() -> Iterator[Tuple[int, int]]:
    """Yield the PID and the session of each process that has a controlling terminal."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            # The program's name, in parentheses, may contain any characters.
            fields = _read(int(entry), "stat").rpartition(b")")[2].split()
        except OSError:
            continue
        state, session, terminal = fields[0], int(fields[3]), int(fields[4])
        if terminal and state != b"Z":
            yield int(entry), session


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
