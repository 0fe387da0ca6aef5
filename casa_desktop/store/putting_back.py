"""Puts the outputs of one call in place: all are built first, then each takes its place at once."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator, List, Mapping, Optional, Tuple

from ..errors import NotPutBack
from . import exchange
from .digests import Digests
from .keeping import is_within, real_paths
from .models import Record, State
from .objects import Objects
from .states import state_of
from .trees import Builder, Tree

Identity = Tuple[int, int]


class PuttingBack:
    """Puts outputs back.

    Args:
        objects: of the store, whose lock is held shared.
        digests: its memory of digests.
    """

    def __init__(self, objects: Objects, digests: Digests) -> None:
        self._builder, self._digests = Builder(objects, digests), digests

    def put_back(self, record: Record, live: Mapping[str, State]) -> None:
        """Give the outputs of a call the states that they had after it.

        Args:
            record: the call.
            live: the states that its outputs have now.

        Raises:
            NotPutBack: a part of it is not in the store; nothing was changed.
            OSError: there is no room, or the like; nothing was changed.
        """
        self._check_beside(record)
        changed = [path for path, after in record.after.items() if live[path].digest != after.digest]
        trees: List[Tree] = []
        with ExitStack() as rooms:
            for path, target in real_paths(changed).items():
                new = rooms.enter_context(_room(Path(target)))
                rows = record.rows.get(path)
                trees.append(self._builder.build(target, str(new), record.after[path], live[path], rows))
            _exchange(trees)
        # The old trees are gone now, and with them the second names of the files that were linked.
        for tree in trees:
            tree.note(self._digests)

    def _check_beside(self, record: Record) -> None:
        """Check that what the outputs refer to is as it was, where it is not put back with them."""
        outputs = real_paths(record.after).values()
        for path, after in record.after.items():
            for name, digest in after.beside.items():
                if not is_within(name, outputs) and state_of(name, self._digests).digest != digest:
                    raise NotPutBack(f"{name} has changed, to which {path} refers")


@contextmanager
def _room(target: Path) -> Iterator[Path]:
    if not target.parent.is_dir():
        raise NotPutBack(f"there is no folder {target.parent}")
    exchange.recover(target.parent)
    with exchange.room_beside(target) as new:
        yield new


def _exchange(trees: List[Tree]) -> None:
    """Let all trees take their places, or none, also if the user interrupts it."""
    begun: List[Tuple[Tree, Optional[Identity]]] = []
    try:
        for tree in trees:
            begun.append((tree, _identity(tree.new)))
            _swap(tree)
    except BaseException:
        for tree, new in reversed(begun):
            if _identity(tree.target) == new:
                _undo(tree)
        raise


def _identity(path: str) -> Optional[Identity]:
    """Return device and inode of what lies at a path; None if nothing does."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _swap(tree: Tree) -> None:
    """Exchange what lies at a tree's target with what lies at its new path; either may be missing."""
    if os.path.lexists(tree.new):
        exchange.put_back(Path(tree.target), Path(tree.new), cloned=tree.cloned)
    elif os.path.lexists(tree.target):
        os.rename(tree.target, tree.new)


def _undo(tree: Tree) -> None:
    old = Path(tree.new).with_name("old")
    if not os.path.lexists(old):
        _swap(tree)
        return
    # It was put there by two renames.
    os.rename(tree.target, tree.new)
    os.rename(old, tree.target)
