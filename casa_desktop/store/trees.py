"""Builds what is put back beside what lies there: from objects, and from the files there that are already right.

Those are linked, not copied: the old tree is removed right after the exchange, so that each file has one name again.
A ``table.lock`` goes with them where it tells of as many rows, because processes hold locks on it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Set, Tuple

from ..errors import NotPutBack
from . import row_counts
from .digests import Digests
from .models import FOLDER, LINK, State
from .objects import Objects
from .states import LOCK

# In place of a group: the user's own.
_OWN = -1


@dataclass
class Tree:
    """A file or folder that is ready to take the place of another.

    Attributes:
        target: absolute path where it belongs.
        new: where it is; nothing is there if nothing shall be at ``target``.
        made: the names of new files below it, to their digests.
        linked: the names of files that are links to those at ``target``, to their stat before.
        cloned: whether all new files are clones, whose data are on the disk already.
    """

    target: str
    new: str
    made: Dict[str, str] = field(default_factory=dict)
    linked: Dict[str, os.stat_result] = field(default_factory=dict)
    cloned: bool = True

    def note(self, digests: Digests) -> None:
        """Have the digests of its files remembered, now that it is at ``target`` and the old tree is gone."""
        for name, digest in self.made.items():
            digests.note(_below(self.target, name), digest)
        for name, before in self.linked.items():
            digests.linked(_below(self.target, name), before)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if name else folder


class Builder:
    """Builds trees.

    Args:
        objects: of the store.
        digests: the store's memory of digests.
    """

    def __init__(self, objects: Objects, digests: Digests) -> None:
        self._objects, self._digests = objects, digests
        self._rights = _Rights()

    def build(self, target: str, new: str, after: State, live: State, rows: Optional[Mapping[str, str]]) -> Tree:
        """Build what shall be at ``target``.

        Args:
            target: absolute path, with links resolved.
            new: where to build it, on the same disk.
            after: the state that it shall have.
            live: the state of what is at ``target``.
            rows: what ``row_counts`` tells of the tables in it, if that is known.

        Raises:
            NotPutBack: a part of it is not in the store.
            OSError: there is no room, or the like.
        """
        tree = Tree(target, new)
        if after.absent:
            return tree
        folders = _folders(after)
        for name in sorted(folders):
            os.mkdir(_below(new, name))
        for name, digest in after.files.items():
            if digest != FOLDER:
                self._make(tree, name, digest, live)
        # Last, and the inner ones first, because a folder may be read-only.
        for name in sorted(folders, reverse=True):
            there, made = _below(target, name), _below(new, name)
            if not os.path.lexists(f"{made}/{LOCK}"):
                self._lock(f"{made}/{LOCK}", f"{there}/{LOCK}", None if rows is None else rows.get(name, ""))
            self._rights.give(made, there, folder=True)
        return tree

    def _lock(self, new: str, there: str, rows: Optional[str]) -> None:
        """Give a table its ``table.lock``: that of the live one, unless that tells of other rows."""
        is_lock = os.path.isfile(there) and not os.path.islink(there)
        if is_lock and (rows is None or row_counts.agree(there, rows)):
            os.link(there, new)
        elif rows:
            row_counts.write(new, rows)
            self._rights.give(new, there, folder=False)

    def _make(self, tree: Tree, name: str, digest: str, live: State) -> None:
        there, new = _below(tree.target, name), _below(tree.new, name)
        if digest.startswith(LINK):
            os.symlink(digest[len(LINK) :], new)
            return
        before = self._linked(there, new, digest) if live.files.get(name) == digest else None
        if before is not None:
            tree.linked[name] = before
        else:
            tree.cloned &= self._objects.give(digest, new)
            self._rights.give(new, there, folder=False)
            tree.made[name] = digest

    def _linked(self, there: str, new: str, digest: str) -> Optional[os.stat_result]:
        """Link a file that is right into the new tree; return its stat before, or None if it has to be made anew."""
        before = os.lstat(there)
        if self._digests.of(there, before) != digest:
            raise NotPutBack(f"{there} is being changed")
        # Some file systems have no links, and Linux may forbid them to another user's file.
        with suppress(OSError):
            os.link(there, new, follow_symlinks=False)
            return before
        return None


class _Rights:
    """The permissions and groups of what is put back; they are looked up once for all of it."""

    def __init__(self) -> None:
        self._mask = _umask()
        self._parents: Dict[str, os.stat_result] = {}

    def give(self, new: str, there: str, folder: bool) -> None:
        """Give a new file or folder the permissions and the group of the one in whose place it comes.

        Where there was none: those that a task would have given it.
        """
        try:
            status = os.stat(there)
            mode, group = stat.S_IMODE(status.st_mode), status.st_gid
        except OSError:
            mode, group = self._defaults(folder, there)
        if group != _OWN:
            # Only a member of the group may give it away.
            with suppress(OSError):
                os.chown(new, -1, group)
        os.chmod(new, mode)

    def _defaults(self, folder: bool, there: str) -> Tuple[int, int]:
        """Return the permissions and the group that a new file or folder gets at a path."""
        parent = self._parent(os.path.dirname(there))
        mode = (0o777 if folder else 0o666) & ~self._mask
        if not parent.st_mode & stat.S_ISGID:
            return mode, _OWN
        return mode | (stat.S_ISGID if folder else 0), parent.st_gid

    def _parent(self, folder: str) -> os.stat_result:
        """Return the stat of a folder, or of the next one above it that is there."""
        if folder not in self._parents:
            above = folder
            while not os.path.isdir(above):
                above = os.path.dirname(above)
            self._parents[folder] = os.stat(above)
        return self._parents[folder]


def _umask() -> int:
    # umask(2) tells it only by setting it, which other threads would notice.
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return next((int(line.split()[1], 8) for line in file if line.startswith("Umask:")), 0o077)


def _folders(state: State) -> Set[str]:
    """Return the names of all folders of a tree; "" is the tree itself, if that is a folder."""
    found: Set[str] = set()
    for name, digest in state.files.items():
        parent = name if digest == FOLDER else os.path.dirname(name) if name else None
        while parent is not None and parent not in found:
            found.add(parent)
            parent = os.path.dirname(parent) if parent else None
    return found
