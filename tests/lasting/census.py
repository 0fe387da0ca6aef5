"""What processes hold and what lies in folders, counted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterable, Mapping

import psutil

MEMORY, DESCRIPTORS, THREADS = "memory", "descriptors", "threads"


def of_process(process: psutil.Process) -> Dict[str, float]:
    """Count the memory that a process has written to, in bytes, its descriptors and its threads."""
    return {
        MEMORY: _written(process.pid),
        DESCRIPTORS: float(process.num_fds()),
        THREADS: float(process.num_threads()),
    }


def _written(pid: int) -> float:
    """Return the bytes that are no file's.

    Programs and libraries are left out: how much of them counts as one process's own changes by a hundred megabytes
    with who else has them open.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return 1024.0 * int(line.split()[1])
    raise AssertionError("no such line in smaps_rollup")


def of_processes(named: Mapping[str, psutil.Process]) -> Dict[str, float]:
    """Count for each process, under its name."""
    return {f"{name}: {kind}": count for name, each in named.items() for kind, count in of_process(each).items()}


def of_folders(folders: Iterable[Path]) -> Dict[str, float]:
    """Count the files below folders, and their bytes."""
    files, size = 0, 0
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):
                size += path.lstat().st_size
                files += 1
    return {"files": float(files), "files: bytes": float(size)}
