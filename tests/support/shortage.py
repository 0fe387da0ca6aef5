"""Real shortages: a disk that is full, and a process without file descriptors, memory or watches on files."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

import psutil
import pytest


class Disk:
    """A small disk that can be filled to its last byte.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no room."""
        with open(self.path / "filler", "ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(1 << 16))

    def leave(self, free: int) -> None:
        """Leave so many bytes of room, or up to a block more."""
        status = os.statvfs(self.path)
        with open(self.path / "filler", "ab") as filler:
            os.posix_fallocate(filler.fileno(), filler.tell(), status.f_bavail * status.f_frsize - free)

    def forbid_programs(self) -> None:
        """Let no program on it be run from now on."""
        subprocess.run(["mount", "-o", "remount,noexec", self.path], check=True)

    def make_room(self) -> None:
        """Take what ``fill`` put there away."""
        (self.path / "filler").unlink()


@contextmanager
def small_disk(path: Path, megabytes: int, *more: str) -> Iterator[Disk]:
    """Put a disk of its own at ``path`` for the length of a with block; the test is skipped where that may not be.

    ``more`` are options for its mount.
    """
    path.mkdir(parents=True)
    options = ",".join([f"size={megabytes}m,mode=700", *more])
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a disk that can be filled needs the right to mount one: {mounted.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        # Lazily: a process that has just been told to end may still have it open.
        subprocess.run(["umount", "--lazy", path], check=True)


def descriptors(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return psutil.Process(pid).num_fds()


@contextmanager
def few_descriptors(pid: int, left: int) -> Iterator[None]:
    """Let a process open ``left`` more files and no further ones for the length of a with block."""
    folder = Path(f"/proc/{pid}/fd")
    # The one by which a process lists its own is gone by then.
    taken = {int(name) for name in os.listdir(folder) if os.path.lexists(folder / name)}
    # The limit is on a descriptor's number, and gaps below it are filled first.
    free = (number for number in itertools.count() if number not in taken)
    limit = next(itertools.islice(free, left, None))
    former = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, former[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, former)


# What makes a process, and all that it starts, the only one of a user who may have no inotify instance, or no watch.
NO_INSTANCE, NO_WATCH = (
    (
        *("unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-ec"),
        f'echo 0 > /proc/sys/user/max_inotify_{kind}; exec "$@"',
        "sh",
    )
    for kind in ("instances", "watches")
)


@contextmanager
def little_memory(process: psutil.Process, left: int) -> Iterator[None]:
    """Let a process take ``left`` more bytes of address space, at most, for the length of a with block."""
    former = resource.prlimit(process.pid, resource.RLIMIT_AS)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (process.memory_info().vms + left, former[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_AS, former)
