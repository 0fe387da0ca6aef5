"""Where what a task did to files is not what its row says."""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from pathlib import Path
from typing import Any, Collection, List, Mapping, Sequence, Set

from ...support.strace import Deeds

ROOT = Path(__file__).parents[3]
# What counts as part of the machine, of Python or of CASA, and not of a call; its surroundings are kept apart.
_MACHINE = ("/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/lib", "/lib64", "/var/lib", str(ROOT))
_PYTHON = (sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix))
# Logs, locks, and directions, which are looked for as if they were images.
_NOTHING = re.compile(r"/casa-\d+-\d+\.log$|/table\.lock$|/J2000 [^/]*$")


def breaches(deeds: Deeds, said: Mapping[str, Any], process: int, neutral: Sequence[str]) -> List[str]:
    """Return what a call did and was not said to do, and what it did not and was said to, a line each.

    Args:
        deeds: what it did.
        said: the fields of ``Files``, and the row's ``lists_folder``.
        process: the id of the process that made the call; names of scratch files have it.
        neutral: folders that do not count, beside the machine's.
    """
    inputs, outputs, perhaps = said["inputs"], [*said["in_place"], *said["new"]], said["perhaps"]
    # To write to an image's history, the image is opened, and its pixels are not read.
    within = [f"{os.path.dirname(pattern)}/*" for pattern in said["beside"]]
    beside = {path for path in deeds.read | deeds.seen if _has_history(path, said["beside"])}
    neutral = [*neutral, *_MACHINE, *_PYTHON, *os.get_exec_path()]
    scratch = re.compile(rf"(?:^|/)[A-Za-z_:]+{process}_\d+(?:/|$)")
    known = [*inputs, *outputs]
    holders = _holders([*known, *perhaps, *neutral])

    def left(paths: Set[str], declared: Sequence[str], *others: str) -> List[str]:
        return sorted(
            path
            for path in paths
            if not _below(path, declared)
            and not _below(path, neutral)
            and not _like(path, others)
            and not (_NOTHING.search(path) or scratch.search(path))
        )

    # That a file is there may be asked of what is replaced, and of the folders on the way.
    listed = [path for path in deeds.read if path in holders] if said["lists_folder"] else []
    near = {path for path in deeds.seen if os.path.dirname(path) in listed}
    done = deeds.written | deeds.removed
    read = [path for path in left(deeds.read - beside, inputs, *perhaps) if not _replaced(path, said, deeds)]
    return [
        *(f"read: {path}" for path in read if path not in listed),
        *(f"looked at: {path}" for path in left(deeds.seen - near - beside, known, *perhaps) if path not in holders),
        *(f"looked for: {path}" for path in left(deeds.missed, known, *perhaps, *within)),
        *(f"written: {path}" for path in left(done, outputs, *perhaps, *said["beside"])),
        *(
            f"not written: {path}"
            for path in outputs
            if not _like(path, perhaps) and not any(_below(each, [path]) for each in done)
        ),
    ]


def _has_history(path: str, histories: Sequence[str]) -> bool:
    return "_TSM" not in path and _like(path, [os.path.dirname(pattern) for pattern in histories])


def _replaced(path: str, said: Mapping[str, Any], deeds: Deeds) -> bool:
    """Return whether a path is below something old that the call looked into and removed, to make it anew."""
    return any(_below(path, [top]) and _gone(top, deeds) for top in said["new"])


def _gone(top: str, deeds: Deeds) -> bool:
    return top in deeds.removed or f"{top}/table.dat" in deeds.removed


def _holders(paths: Sequence[str]) -> Set[str]:
    found: Set[str] = set()
    for path in paths:
        while path != "/":
            path = os.path.dirname(path)
            found.add(path)
    return found


def _below(path: str, tops: Collection[str]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in tops)


def _like(path: str, patterns: Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, each) or fnmatch.fnmatchcase(path, f"{each}/*") for each in patterns)
