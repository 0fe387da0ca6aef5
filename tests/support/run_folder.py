"""A folder for what one run of tests makes by the gigabyte: removed at its end, or by a later run if it is killed."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, List

from .engine import Engine
from .processes import ended, marked

# Not /tmp, which often is memory, and which some tests hide from users.
PARENT = Path("/var/tmp")
# Short, because sockets are in it.
PREFIX = "cd-run-"
# Where Podman's storage is in such a folder, if it has one.
STORAGE = "storage"
# A folder that keeps a storage, with the images and the layers of their build, for the next run: 16 GB.
KEPT = "CASA_DESKTOP_TEST_STORAGE"


@contextmanager
def run_folder(parent: Path = PARENT) -> Iterator[Path]:
    """Yield a new folder that everybody may enter; nothing of it is left at the end.

    What runs have left that were killed is removed first, with the folders that no living run holds.

    Args:
        parent: the folder that it is in.
    """
    clear(parent)
    new = Path(tempfile.mkdtemp(prefix="cd-new-", dir=parent))
    new.chmod(0o755)
    with held(new):
        # It has its name once it is held, so that no other run takes it for one that was left.
        folder = new.rename(parent / new.name.replace("cd-new-", PREFIX))
        try:
            yield folder
        finally:
            remove(folder)


@contextmanager
def own_engine() -> Iterator[Engine]:
    """Yield Podman with a storage that no other run has, and that goes with this one, unless it is to be kept."""
    kept = os.environ.get(KEPT)
    if not kept:
        with run_folder() as folder:
            (folder / STORAGE).mkdir()
            yield Engine(folder / STORAGE)
        return
    folder = Path(kept).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        engine = Engine(folder)
        # Of a run that was killed.
        engine.remove_containers()
        yield engine
        engine.remove_containers()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder until the with block or this process ends.

    Raises:
        BlockingIOError: another one holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def clear(parent: Path = PARENT) -> None:
    """Remove the folders of this user's runs that have ended without it."""
    for folder in parent.glob(f"{PREFIX}*"):
        # Another run may remove it, or hold it.
        with suppress(FileNotFoundError, BlockingIOError):
            if folder.stat().st_uid == os.getuid():
                with held(folder):
                    remove(folder)


def remove(folder: Path) -> None:
    """Remove a run's folder, with the containers, processes and mounts that are in it."""
    left = marked(str(folder))
    for each in left:
        each.kill()
    ended(left)
    if (folder / STORAGE).exists():
        Engine(folder / STORAGE).remove_containers()
    for place in reversed(mounts_below(folder)):
        subprocess.run(["umount", "--lazy", str(place)], check=True)
    # A user's storage has files of the numbers that only a namespace gives that user.
    words = [] if os.getuid() == 0 else ["podman", "unshare"]
    subprocess.run([*words, "rm", "-rf", "--one-file-system", str(folder)], check=True)


def mounts_below(folder: Path) -> List[Path]:
    """Return where something is mounted below a folder, in the order in which it was."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    # The kernel writes a blank as \040.
    places = [Path(line.split(" ")[4].encode().decode("unicode_escape")) for line in lines]
    return [place for place in places if folder in place.parents]
