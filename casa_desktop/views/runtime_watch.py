"""Watches the runtime directories for one Jupyter server: desktops that start or end, links, withdrawn share links.

Kernels and the command line start and stop desktops as well, so the desktops' folders come and go; even a runtime
directory is removed with its last desktop and created again with the next one. inotify(7) reports that something has
changed, not what is there now: between an event and a scan there may always be further changes. So each event only
triggers a scan of everything, which takes less than a millisecond.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Set

from inotify_simple import flags

from ..errors import Shortage
from ..runtime import location
from ..runtime.directory import Places
from ..runtime.record import Record, read_record
from ..system import inotify, locks
from ..system.inotify import Watches

_CHANGES = (
    *(flags.CREATE, flags.MOVED_TO, flags.DELETE, flags.MOVED_FROM),
    *(flags.DELETE_SELF, flags.MOVE_SELF, flags.ONLYDIR),
)
_MASK = 0
for _each in _CHANGES:
    _MASK |= int(_each)
# Seconds between scans where inotify is not available; a scan takes less than a millisecond.
LOOK_SECONDS = 2.0


def running(root: Path) -> Dict[str, Record]:
    """Return the records of the desktops in the runtime directory ``root``, by name.

    A directory that other users can write to counts as empty: any user may create /tmp/casa-desktop-UID before its
    owner does.

    Raises:
        Shortage: the records cannot be read at present; the desktops may still be running.
    """
    found: Dict[str, Record] = {}
    if not location.is_private(root):
        return found
    for folder in _folders(root):
        record = read_record(Places(folder).record)
        if record is not None and record.name == folder.name and locks.is_held(folder):
            found[record.name] = record
    return found


def running_everywhere() -> Dict[str, Record]:
    """Return the records of the desktops in all runtime directories, by name.

    Raises:
        Shortage: as in ``running``.
    """
    found: Dict[str, Record] = {}
    for root in reversed(_roots()):
        found.update(running(root))
    return found


def _roots() -> List[Path]:
    return [location.configured_root(), *location.others()]


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return sorted(Path(each.path) for each in entries if each.is_dir(follow_symlinks=False))
    except OSError as error:
        shortage = Shortage.of(error)
        if shortage is not None:
            raise shortage from error
        return []


class Lookout:
    """Calls ``look`` in the event loop whenever something in the runtime directories has changed.

    If the system has no inotify instance or watch left, it calls ``look`` periodically instead.

    Args:
        look: called without arguments.
        warn: called with a message when such a shortage begins.
        seconds: the period during a shortage.
    """

    def __init__(self, look: Callable[[], None], warn: Callable[[str], None], seconds: float = LOOK_SECONDS) -> None:
        self._look, self._warn, self._seconds = look, warn, seconds
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._watches = Watches()
        self._reader: List[int] = []
        self._timer: Optional[asyncio.TimerHandle] = None
        self._is_short = False
        # Inotify's watch descriptors, each with the names that matter in its folder, or None for all names.
        self._watched: Dict[int, Optional[Set[str]]] = {}

    def start(self) -> None:
        """Start watching; call this in the event loop."""
        self._loop = asyncio.get_running_loop()
        # The event loop, which refers to this object, may end without calling ``close``.
        weakref.finalize(self, self._watches.close)
        self._watch()

    def close(self) -> None:
        """Stop watching; safe to call twice."""
        while self._reader and self._loop is not None:
            self._loop.remove_reader(self._reader.pop())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._watches.close()

    def _on_events(self) -> None:
        news = False
        for event in self._watches.read():
            only = self._watched.get(event.wd)
            news = news or only is None or event.name in only or not event.name
        if news:
            self._watch()
            self._look()

    def _on_time(self) -> None:
        self._timer = None
        self._watch()
        self._look()

    def _watch(self) -> None:
        """Watch all present folders, and repeat until no new one appears; during a shortage, scan again later."""
        assert self._loop is not None
        self._watches.begin()
        if self._watches.readable != self._reader:
            self._reader = self._watches.readable
            self._loop.add_reader(self._reader[0], self._on_events)
        shortage = self._watch_all()
        if shortage is not None and self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._on_time)
        if shortage is not None and not self._is_short:
            self._warn(
                f"Desktops cannot be watched: {shortage}. They are looked at every {self._seconds:g} s instead. "
                f"Raise {inotify.LIMITS} with sysctl; 'casa-desktop doctor' tells more."
            )
        self._is_short = shortage is not None

    def _watch_all(self) -> Optional[str]:
        """Watch all present folders; return what has run out, or None."""
        new: Set[int] = {-1}
        try:
            while new and self._watches.shortage is None:
                now = self._watch_once()
                new, old = now.keys() - self._watched.keys(), self._watched.keys() - now.keys()
                self._forget(old)
                self._watched = now
        except Shortage as error:
            return str(error).rstrip(".")
        return self._watches.shortage

    def _watch_once(self) -> Dict[int, Optional[Set[str]]]:
        now: Dict[int, Optional[Set[str]]] = {}
        for path, only in self._wanted():
            try:
                # While a runtime directory is awaited, a change of its owner or mode matters too.
                number = self._watches.add(str(path), _MASK | (int(flags.ATTRIB) if only else 0))
            except OSError:
                # The folder has just been removed, or is not readable.
                continue
            if number is not None:
                # Two runtime directories may be awaited in the same folder.
                before = now.get(number, set())
                now[number] = None if only is None or before is None else before | {only}
        return now

    def _forget(self, numbers: Set[int]) -> None:
        for number in numbers:
            try:
                self._watches.remove(number)
            except OSError:
                # The folder was removed, and its watch with it.
                continue

    def _wanted(self) -> Iterator[tuple[Path, Optional[str]]]:
        for root in _roots():
            if location.is_private(root):
                yield from _wanted_of(root)
            else:
                yield _nearest(root)


def _wanted_of(root: Path) -> Iterator[tuple[Path, Optional[str]]]:
    yield root, None
    for folder in _folders(root):
        at = Places(folder)
        for each in (folder, at.links, at.shares):
            if each.is_dir():
                yield each, None


def _nearest(root: Path) -> tuple[Path, str]:
    """Return the nearest existing folder above a missing ``root``, and the name that should appear in it."""
    missing = root
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    return missing.parent, missing.name
