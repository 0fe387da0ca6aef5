"""How much memory is used of how much: of this process's control group if that has a limit, else of the machine.

A batch system, a container engine and a hub's spawner limit a group's memory, and the kernel ends programs of a group
that is full, however much the machine has. Sources: cgroups(7), proc(5), and in Linux's Documentation/admin-guide
cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

_PROC = Path("/proc")


class Memory(NamedTuple):
    """Memory in use, in bytes.

    Attributes:
        used: what is in use and cannot be taken back at once, as file caches can.
        limit: what there is.
        is_own: whether the limit is that of this process's group, not the machine's memory.
    """

    used: int
    limit: int
    is_own: bool


class _Files(NamedTuple):
    """The names of a control group's files, and of the caches in its statistics."""

    limit: str
    used: str
    caches: str


_V1 = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Files("memory.max", "memory.current", "inactive_file")


def memory() -> Memory:
    """Return the memory of the group with the smallest limit, this process's own or one around it.

    Raises:
        OSError: Linux does not tell.
    """
    numbers = _numbers((_PROC / "meminfo").read_text())
    machine = Memory((numbers["MemTotal"] - numbers["MemAvailable"]) * 1024, numbers["MemTotal"] * 1024, False)
    # A limit above what the machine has is none.
    groups = (_of_group(folder, files) for folder, files in _groups())
    return min([machine, *filter(None, groups)], key=lambda each: each.limit)


def _groups() -> Iterator[Tuple[Path, _Files]]:
    """Yield the folder and the files of this process's group, and of those around it."""
    for line in (_PROC / "self" / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files, kind = _V2, "cgroup2"
        elif "memory" in controllers.split(","):
            files, kind = _V1, "cgroup"
        else:
            continue
        yield from ((folder, files) for folder in _folders(path, kind))


def _folders(path: str, kind: str) -> Iterator[Path]:
    """Yield the folders of a group and of those around it, as far as they can be seen here."""
    for line in (_PROC / "self" / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, top = before.split()[3:5]
        fs_type, _, options = after.split(None, 2)
        if fs_type != kind or (kind == "cgroup" and "memory" not in options.split(",")):
            continue
        # A container may see its own group as the root, or a part of the tree only.
        below = path[len(root.rstrip("/")) :] if path.startswith(root) else "/"
        folder = Path(top, below.lstrip("/"))
        yield from (each for each in (folder, *folder.parents) if each == Path(top) or Path(top) in each.parents)


def _of_group(folder: Path, files: _Files) -> Optional[Memory]:
    # A group may have no limit ("max", or no such file at the root), or end just now.
    with suppress(OSError, ValueError, KeyError):
        limit, used = (int((folder / name).read_text()) for name in (files.limit, files.used))
        caches = _numbers((folder / "memory.stat").read_text())[files.caches]
        return Memory(max(used - caches, 0), limit, True)
    return None


def _numbers(text: str) -> Dict[str, int]:
    words = (line.replace(":", " ").split() for line in text.splitlines())
    return {each[0]: int(each[1]) for each in words if len(each) > 1}
