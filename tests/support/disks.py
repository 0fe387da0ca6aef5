"""Run tests on real file systems: on loop devices, in a mount namespace that ends with its processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Sequence

import pytest

# What makes a disk at $1, with the image $2. mount(8) has the kernel detach a loop device when it is unmounted, which
# happens when the last process of its mount namespace ends, whatever the reason.
_LOOP = 'truncate --size=400M "$2"; {mkfs} "$2" >"$2.log" 2>&1; mount -o loop "$2" "$1"'
SCRIPTS = {
    "ext4": _LOOP.format(mkfs="mkfs.ext4 -q"),
    "xfs": _LOOP.format(mkfs="mkfs.xfs -q"),
    "btrfs": _LOOP.format(mkfs="mkfs.btrfs -q"),
    "tmpfs": 'mount -t tmpfs -o size=400M tmpfs "$1"',
    # On an XFS of its own, which clones.
    "overlay": _LOOP.format(mkfs="mkfs.xfs -q") + '; mkdir "$1/lower" "$1/upper" "$1/work"; mount -t overlay overlay '
    '-o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1"',
}
_NEEDS = {"ext4": "mkfs.ext4", "xfs": "mkfs.xfs", "btrfs": "mkfs.btrfs", "overlay": "mkfs.xfs"}


def run_on_disk(kind: str, folder: Path, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program that finds a fresh disk of 400 MB at ``folder/disk``; skip the test where there can be none.

    The image and the disk are gone when the program has ended.
    """
    missing = shutil.which(_NEEDS.get(kind, "mount"), path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    if missing:
        pytest.skip(f"{_NEEDS[kind]} is not installed")
    disk, image = folder / "disk", folder / "image"
    disk.mkdir()
    own = ("unshare", "--mount", "--propagation", "private", "--fork", "--kill-child")
    probe = ["sh", "-ec", SCRIPTS[kind], "sh", str(disk), str(image)]
    try:
        tried = subprocess.run([*own, *probe], capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.skip(f"no disk can be mounted here: {tried.stderr.strip()}")
        image.unlink(missing_ok=True)
        script = f'{SCRIPTS[kind]}; shift 2; exec "$@"'
        return subprocess.run(
            [*own, "sh", "-ec", script, "sh", str(disk), str(image), *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    finally:
        image.unlink(missing_ok=True)


def pytest_on_disk(kind: str, folder: Path, *words: str) -> None:
    """Run tests whose ``tmp_path`` lies on a fresh disk; fail with what they print if one of them fails."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/disk/tests", *words]
    done = run_on_disk(kind, folder, argv)
    assert done.returncode == 0, done.stdout
