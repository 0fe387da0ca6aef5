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
from typing import Callable, Dict, Iterator, Optional, Set

from inotify_simple import INotify, flags

from . import locks, runtime
from .errors import Shortage
from .runtime import Places, Record

_CHANGES = (
    *(flags.CREATE, flags.MOVED_TO, flags.DELETE, flags.MOVED_FROM),
    *(flags.DELETE_SELF, flags.MOVE_SELF, flags.ONLYDIR),
)
_MASK = 0
for _each in _CHANGES:
    _MASK |= int(_each)


def running(root: Path) -> Dict[str, Record]:
    """Return the records of the desktops below ``root`` by name.

    In a root that others could write to there are none: anybody may make /tmp/casa-desktop-UID before its user does.

    Raises:
        Shortage: they cannot be read now, which is not to say that they have ended.
    """
    found: Dict[str, Record] = {}
    if not runtime.is_private(root):
        return found
    for folder in _folders(root):
        record = runtime.read_record(Places(folder).record)
        if record is not None and record.name == folder.name and locks.is_held(folder):
            found[record.name] = record
    return found


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

    Args:
        look: is called without arguments, and not more often than there is news.
        warn: is called once with a sentence if the kernel has no watch to give; then nothing is told any more.
    """

    def __init__(self, look: Callable[[], None], warn: Callable[[str], None]) -> None:
        self._look, self._warn = look, warn
        self._root = runtime.configured_root()
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._inotify: Optional[INotify] = None
        # What is watched, by the kernel's number of it; with the one name that matters there, if it is only one.
        self._watched: Dict[int, Optional[str]] = {}

    def start(self) -> None:
        """Begin; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            return self._give_up(error)
        # The event loop, which refers to us, may end without a word.
        weakref.finalize(self, self._inotify.close)
        self._loop.add_reader(self._inotify.fileno(), self._on_events)
        self._watch()

    def close(self) -> None:
        """End; safe to call twice."""
        inotify, self._inotify = self._inotify, None
        if inotify is not None and self._loop is not None:
            self._loop.remove_reader(inotify.fileno())
            inotify.close()

    def _give_up(self, error: OSError) -> None:
        self.close()
        self._warn(
            f"Desktops cannot be watched: {error.strerror}. Lists of them are not brought up to date by themselves. "
            "Raise fs.inotify.max_user_instances and max_user_watches with sysctl."
        )

    def _on_events(self) -> None:
        if self._inotify is None:
            return
        news = False
        for event in self._inotify.read(timeout=0):
            only = self._watched.get(event.wd)
            news = news or only is None or event.name == only or not event.name
        if news:
            self._watch()
            self._look()

    def _watch(self) -> None:
        """Watch what there is now, until nothing new has appeared in the meantime."""
        while self._inotify is not None:
            try:
                now = self._watch_once(self._inotify)
            except OSError as error:
                self._give_up(error)
                return
            new, old = now.keys() - self._watched.keys(), self._watched.keys() - now.keys()
            self._forget(old)
            self._watched = now
            if not new:
                return

    def _watch_once(self, inotify: INotify) -> Dict[int, Optional[str]]:
        now: Dict[int, Optional[str]] = {}
        for path, only in self._wanted():
            try:
                # Where a root is waited for, that it becomes its user's own is news as well.
                now[inotify.add_watch(path, _MASK | (int(flags.ATTRIB) if only else 0))] = only
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                # It has gone just now, or is not ours to look at.
                continue
        return now

    def _forget(self, numbers: Set[int]) -> None:
        for number in numbers:
            try:
                assert self._inotify is not None
                self._inotify.rm_watch(number)
            except OSError:
                # The folder has gone, and its watch with it.
                continue

    def _wanted(self) -> Iterator[tuple[Path, Optional[str]]]:
        if not runtime.is_private(self._root):
            return (yield self._nearest())
        yield self._root, None
        for folder in _folders(self._root):
            at = Places(folder)
            for each in (folder, at.links, at.shares):
                if each.is_dir():
                    yield each, None

    def _nearest(self) -> tuple[Path, str]:
        """Return the folder in which the root, or one of those above it, is to appear, and its name."""
        missing = self._root
        while not missing.parent.is_dir() and missing.parent != missing:
            missing = missing.parent
        return missing.parent, missing.name
