"""Folders on disks of the kinds on which results are put back, with a large MeasurementSet on each.

A disk of the wanted kind is the scratch folder's own, or else a loop device, which root alone can mount. Loop devices
are mounted in a mount namespace of this process, so that the system takes them away with it, however it ends.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, Mapping, Optional, Tuple

from casa_desktop.store.file_systems import file_system

EXT4, XFS, BTRFS = "ext4", "XFS", "btrfs"
CLONING = (XFS, BTRFS)
_NEEDS = {EXT4: "mkfs.ext4", XFS: "mkfs.xfs", BTRFS: "mkfs.btrfs"}
_CLONE_NEWNS = 0x00020000
_PREFIX = "casa-desktop-bench-"
# What a benchmark has on its disk at most, in sizes of the MeasurementSet: it, and what a reduction makes of it where
# each task that changes a MeasurementSet has a copy, with further columns; and once more, for the loop device's own
# file system.
_SIZES = 11


def scratch() -> str:
    """Return the folder for what is large: often /tmp is memory."""
    return os.environ.get("TMPDIR") or "/var/tmp"


@lru_cache(maxsize=None)
def absent(kind: str) -> str:
    """Return why this machine has no disk of a kind; empty if it has."""
    if _is_own(kind):
        return ""
    if os.geteuid():
        return f"no {kind} was measured: only root can mount one"
    return "" if _program(kind) else f"no {kind} was measured: {_NEEDS[kind]} is not installed"


def all_absent() -> Tuple[str, ...]:
    """Return a sentence for each kind of disk that this machine cannot have."""
    return tuple(f"{absent(kind)[:1].upper()}{absent(kind)[1:]}." for kind in _NEEDS if absent(kind))


def _is_own(kind: str) -> bool:
    return file_system(scratch()).kind == kind.lower()


def _program(kind: str) -> str:
    return shutil.which(_NEEDS[kind], path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""


class Disks:
    """The disks of a run; a context manager.

    Args:
        megabytes: of the MeasurementSet on each.
        environment: the variables in which CASA makes it.
    """

    def __init__(self, megabytes: int, environment: Mapping[str, str]) -> None:
        self._megabytes, self._environment = megabytes, environment
        self._first = ExitStack()
        self._exits = ExitStack()
        self._folders: Dict[str, Path] = {}
        self._made: Optional[Path] = None

    def __enter__(self) -> Disks:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self._first.close()

    def folder(self, kind: str) -> Path:
        """Return a folder with ``large.ms`` on a disk of a kind; it is the same until another kind is asked for."""
        if kind not in self._folders:
            self.clear()
            self._folders[kind] = self._exits.enter_context(_folder(kind, self._megabytes * 1_000_000))
            subprocess.run(["cp", "-a", str(self._large()), str(self._folders[kind])], check=True)
        return self._folders[kind]

    def clear(self) -> None:
        """Remove the disk."""
        self._folders.clear()
        self._exits.close()

    def _large(self) -> Path:
        """Return the MeasurementSet that is copied to each disk; it is made at the first call."""
        if self._made is None:
            place = self._first.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX, dir=scratch()))
            subprocess.run(
                [sys.executable, str(Path(__file__).with_name("large.py")), str(self._megabytes)],
                cwd=place,
                env={**self._environment},
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self._made = Path(place, "large.ms")
        return self._made


@contextmanager
def _folder(kind: str, size: int) -> Iterator[Path]:
    """Yield an empty folder on a disk of a kind, with room for some copies of ``size`` bytes; it is gone afterwards.

    Raises:
        RuntimeError: the scratch folder's disk has too little room.
        subprocess.CalledProcessError: the disk cannot be made or mounted.
    """
    wanted = _SIZES * size + (1 << 30)
    free = shutil.disk_usage(scratch()).free
    if free < wanted:
        raise RuntimeError(f"{wanted / 1e9:.1f} GB are needed in {scratch()}, and {free / 1e9:.1f} GB are free")
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch()))
    try:
        if _is_own(kind):
            yield place
        else:
            with _mounted(kind, place, wanted) as disk:
                yield disk
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _mounted(kind: str, place: Path, size: int) -> Iterator[Path]:
    _private_mounts()
    disk, image = place / "disk", place / "image"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(size)
    subprocess.run([_program(kind), "-q", str(image)], check=True, stdout=subprocess.DEVNULL)
    # The kernel detaches the loop device with the mount.
    subprocess.run(["mount", "-o", "loop", str(image), str(disk)], check=True)
    image.unlink()
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


@lru_cache(maxsize=None)
def _private_mounts() -> None:
    """Move this process into a mount namespace of its own, once; processes that it starts from now on inherit it."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def used(folder: Path) -> int:
    """Return the room that is taken on a folder's disk, in bytes; where others use it, too, what the folder takes."""
    os.sync()
    if os.path.ismount(folder):
        status = os.statvfs(folder)
        return (status.f_blocks - status.f_bfree) * status.f_frsize
    return sum(512 * os.lstat(os.path.join(top, name)).st_blocks for top, _, names in os.walk(folder) for name in names)
