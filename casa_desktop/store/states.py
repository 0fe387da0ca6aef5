"""The state of a file, folder or table: the digests of all that it consists of, and of what it refers to elsewhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from ..errors import StateUnknown
from . import references
from .digests import Digests, Signature, signature
from .models import FOLDER, LINK, NOTHING, State

# CASA rewrites it when it only reads, and closing it in a process of CASA's would drop all of CASA's locks on it.
LOCK = "table.lock"

_REFERRING = (references.TABLE, *references.VIEWS)
_TRIES = 3
# In place of a folder's contents.
_GONE = "gone"
# A link to a home folder or to / would have all that lies there read.
_MOST = 1_000_000
# What a table refers to may refer back to it.
_CIRCLE = "circle"


# Links and empty folders; and of each folder, its files' signatures. None where nothing is.
Stat = Optional[Tuple[Dict[str, str], Dict[str, Dict[str, Signature]]]]


def state_of(path: str, digests: Digests) -> State:
    """Return the state of what is at ``path`` now; ``NOTHING`` if nothing is there.

    Links on the way to it are followed. Files that have not changed since they were last hashed are not read.

    Raises:
        StateUnknown: something in it cannot be read, is neither file nor folder, or changes at this moment.
    """
    return _States(digests).of(os.path.realpath(path))


def stat_of(path: str) -> Stat:
    """Return what changes, where a file system shows each change, whenever the state of what is at ``path`` does.

    It does not tell of what lies outside and is referred to.

    Raises:
        StateUnknown: something there cannot be read.
    """
    tree = _tree(os.path.realpath(path))
    return None if tree is None else (tree.others, _signatures(tree))


class _Tree(NamedTuple):
    """What lies at a path: names below it, with "" for a file itself."""

    folders: Dict[str, Dict[str, os.stat_result]]  # path below the root, to the files in that folder
    others: Dict[str, str]  # links and empty folders, as in State.files


class _States:
    """The states that one look at a path takes.

    Args:
        digests: remembers the digests of files.
    """

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._known: Dict[str, str] = {}

    def of(self, root: str) -> State:
        self._known[root] = _CIRCLE
        state = self._state(root)
        self._known[root] = state.digest
        return state

    def _state(self, root: str) -> State:
        tree = _tree(root)
        for _ in range(_TRIES):
            if tree is None:
                return NOTHING
            if _GONE in tree.others.values():
                # Something was removed while the folder was listed: that was no look at one moment.
                tree = _tree(root)
                continue
            hashed, problem = self._digests.hashed, None
            try:
                files = self._files(root, tree)
                beside = self._beside(root, files, tree)
            except StateUnknown as error:
                problem = error
            if problem is None and self._digests.hashed == hashed:
                return State.of(files, beside)
            # Hashing takes its time: the folder may be another one by now.
            before, tree = tree, _tree(root)
            if tree is not None and _equal(tree, before):
                if problem is not None:
                    raise problem
                return State.of(files, beside)
        raise StateUnknown(Path(root), "it changes while it is read")

    def _files(self, root: str, tree: _Tree) -> Dict[str, str]:
        files = dict(tree.others)
        for folder, names in tree.folders.items():
            if folder == "" and "" in names:
                files[""] = self._digests.of(root, names[""])
                continue
            prefix = f"{folder}/" if folder else ""
            found = self._digests.of_folder(f"{root}/{folder}" if folder else root, names)
            files.update({prefix + name: digest for name, digest in found.items()})
        return files

    def _beside(self, root: str, files: Dict[str, str], tree: _Tree) -> Dict[str, str]:
        within = {f"{root}/{folder}" for folder in tree.folders}
        outside = {
            os.path.realpath(path)
            for name, digest in files.items()
            if digest.startswith(LINK) or name.endswith(_REFERRING)
            for path in self._refers(f"{root}/{name}" if name else root, digest, within)
        }
        inside = (root, f"{root}/")
        return {path: self._other(path) for path in sorted(outside) if path != root and not path.startswith(inside[1])}

    def _other(self, path: str) -> str:
        return self._known[path] if path in self._known else self.of(path).digest

    def _refers(self, path: str, digest: str, within: Set[str]) -> List[str]:
        """Return the paths that a link or a file of a table refers to, but for those of real folders ``within``.

        These are the subtables, as a rule. No link leads to them, so that they need not be looked at once more.
        """
        folder, _, name = path.rpartition("/")
        if digest.startswith(LINK):
            return [os.path.join(folder, digest[len(LINK) :])]
        if name == references.TABLE:
            named = references.tables(folder, self._names(path, digest))
            return [each for each in named if each not in within and _may_be_table(each)]
        if name in references.VIEWS:
            return references.images(folder, self._names(path, digest))
        return []

    def _names(self, path: str, digest: str) -> List[str]:
        known = self._digests.references.get(digest)
        if known is None:
            data = self._digests.contents(path, digest)
            view = path.endswith(references.VIEWS)
            known = references.names_in_view(data.decode("utf-8", "replace")) if view else references.names(data)
            self._digests.references[digest] = known
        return known


def _may_be_table(path: str) -> bool:
    """Whether a name in ``table.dat`` can be that of a table: other strings there name files and folders, too."""
    return os.path.exists(os.path.join(path, references.TABLE)) or not os.path.lexists(path)


def _tree(root: str) -> Optional[_Tree]:
    try:
        status = os.lstat(root)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StateUnknown.of(root, error) from error
    if not stat.S_ISDIR(status.st_mode):
        return _Tree({"": {"": status}}, {})
    tree, waiting, count = _Tree({}, {}), [""], 0
    while waiting:
        folder = waiting.pop()
        try:
            files, others, folders = _listed(f"{root}/{folder}" if folder else root)
        except FileNotFoundError:
            # It, or something in it, was removed since it was listed: the next look tells.
            tree.others[folder] = _GONE
            continue
        except OSError as error:
            raise StateUnknown.of(root, error) from error
        prefix = f"{folder}/" if folder else ""
        waiting.extend(prefix + name for name in folders)
        tree.others.update({prefix + name: word for name, word in others.items()})
        if files:
            tree.folders[folder] = files
        elif not others and not folders:
            tree.others[folder] = FOLDER
        count += len(files) + 1
        if count > _MOST:
            raise StateUnknown(Path(root), f"it has more than {_MOST:,} files")
    return tree


def _listed(folder: str) -> Tuple[Dict[str, os.stat_result], Dict[str, str], List[str]]:
    """Return files, links and folders in a folder. Anything else counts as a file, which cannot be hashed."""
    files: Dict[str, os.stat_result] = {}
    others: Dict[str, str] = {}
    folders: List[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_symlink():
                others[entry.name] = LINK + os.readlink(entry.path)
            else:
                files[entry.name] = entry.stat(follow_symlinks=False)
    if LOCK in files and references.TABLE in files:
        del files[LOCK]
    return files, others, folders


def _equal(tree: _Tree, other: _Tree) -> bool:
    return tree.others == other.others and _signatures(tree) == _signatures(other)


def _signatures(tree: _Tree) -> Dict[str, Dict[str, Signature]]:
    return {
        folder: {name: signature(status) for name, status in names.items()} for folder, names in tree.folders.items()
    }
