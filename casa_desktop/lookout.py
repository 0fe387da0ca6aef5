"""Watches the runtime directory for one Jupyter server: desktops that start and end, links, what is withdrawn.

Desktops are started and ended by kernels and on the command line as well, and their folders come and go; even the root
goes with the last of them and comes back with the next. inotify(7) tells that something has changed and never what is
there now: between an event and a look there is always time for another. So each event is only a reason to look at
everything, which takes less than a millisecond.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Set

from inotify_simple import flags

from . import locks, roots, runtime, watches
from .errors import Shortage
from .runtime import Places, Record
from .watches import Watches

_CHANGES = (
    *(flags.CREATE, flags.MOVED_TO, flags.DELETE, flags.MOVED_FROM),
    *(flags.DELETE_SELF, flags.MOVE_SELF, flags.ONLYDIR),
)
_MASK = 0
for _each in _CHANGES:
    _MASK |= int(_each)
# How often it is looked, where nothing can be watched; a look takes less than a millisecond.
LOOK_SECONDS = 2.0


def running(root: Path) -> Dict[str, Record]:
    """Return the records of the desktops below ``root`` by name.

    In a root that others could write to there are none: anybody may make /tmp/casa-desktop-UID before its user does.

    Raises:
        Shortage: they cannot be read now, which is not to say that they have ended.
    """
    found: Dict[str, Record] = {}
    if not roots.is_private(root):
        return found
    for folder in _folders(root):
        record = runtime.read_record(Places(folder).record)
        if record is not None and record.name == folder.name and locks.is_held(folder):
            found[record.name] = record
    return found


def running_everywhere() -> Dict[str, Record]:
    """Return the records of the desktops in all roots by name.

    Raises:
        Shortage: as ``running``.
    """
    found: Dict[str, Record] = {}
    for root in reversed(_roots()):
        found.update(running(root))
    return found


def _roots() -> List[Path]:
    return [roots.configured_root(), *roots.others()]


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
    """Calls ``look`` in the event loop whenever something below the runtime directory has changed.

    Where the system has no inotify instance or watch to give, it calls ``look`` from time to time instead.

    Args:
        look: is called without arguments.
        warn: is called with a sentence when such a shortage begins.
        seconds: how often to look in a shortage.
    """

    def __init__(self, look: Callable[[], None], warn: Callable[[str], None], seconds: float = LOOK_SECONDS) -> None:
        self._look, self._warn, self._seconds = look, warn, seconds
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._watches = Watches()
        self._reader: List[int] = []
        self._timer: Optional[asyncio.TimerHandle] = None
        self._is_short = False
        # What is watched, by the kernel's number of it; with the names that matter there, if it is not all of them.
        self._watched: Dict[int, Optional[Set[str]]] = {}

    def start(self) -> None:
        """Begin; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        # The event loop, which refers to us, may end without a word.
        weakref.finalize(self, self._watches.close)
        self._watch()

    def close(self) -> None:
        """End; safe to call twice."""
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
        """Watch what there is now, until nothing new has appeared in the meantime; or look again later."""
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
                f"Raise {watches.LIMITS} with sysctl; 'casa-desktop doctor' tells more."
            )
        self._is_short = shortage is not None

    def _watch_all(self) -> Optional[str]:
        """Watch what there is; return what is short, if something cannot be watched."""
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
                # Where a root is waited for, that it becomes its user's own is news as well.
                number = self._watches.add(str(path), _MASK | (int(flags.ATTRIB) if only else 0))
            except OSError:
                # It has gone just now, or is not ours to look at.
                continue
            if number is not None:
                # Two roots may be waited for in one folder.
                before = now.get(number, set())
                now[number] = None if only is None or before is None else before | {only}
        return now

    def _forget(self, numbers: Set[int]) -> None:
        for number in numbers:
            try:
                self._watches.remove(number)
            except OSError:
                # The folder has gone, and its watch with it.
                continue

    def _wanted(self) -> Iterator[tuple[Path, Optional[str]]]:
        for root in _roots():
            if roots.is_private(root):
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
    """Return the folder in which a root, or one of those above it, is to appear, and its name."""
    missing = root
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    return missing.parent, missing.name
