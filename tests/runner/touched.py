"""What the working tree changes, by Git, and which tests are therefore the first to run."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Callable, Collection, List

# The branch that changes go to, under the names that a clone may know it by.
MAIN = ("origin/HEAD", "origin/main", "main")
# Where the tests of what lies elsewhere are. What is not named is tested everywhere.
FOLDERS = {
    "casa_desktop/labextension": "tests/labextension",
    "casa_desktop": "tests/casa_desktop",
    "kernel/casa_kernel": "tests/kernel",
    "container": "tests/container",
    "tests": "tests",
}
ITSELF, BESIDE, ELSEWHERE = range(3)


def ranks(root: Path) -> Callable[[str], int]:
    """Return what ranks a file of tests by the changes in the working tree of ``root``."""
    paths = changes(root)
    # A scheduler asks for all files that are left, whenever a worker wants one.
    return lru_cache(maxsize=None)(lambda test: rank(test, paths))


def changes(root: Path) -> List[str]:
    """Return the paths below ``root`` that differ from the main branch's last state in common; none without Git."""
    base = next(filter(None, (_git(root, "merge-base", "HEAD", name) for name in MAIN)), ["HEAD"])[0]
    return _git(root, "diff", "--name-only", base) + _git(root, "ls-files", "--others", "--exclude-standard")


def rank(test: str, paths: Collection[str]) -> int:
    """Return when a file of tests has its turn; pure.

    Returns:
        ``ITSELF`` if it or the module that it is named after is among ``paths``, ``BESIDE`` if something of its package
        is, else ``ELSEWHERE``.
    """
    return min(
        (_nearness(PurePosixPath(test.split("::")[0]), PurePosixPath(path)) for path in paths), default=ELSEWHERE
    )


def _nearness(test: PurePosixPath, path: PurePosixPath) -> int:
    # Not is_relative_to: releases of CASA are tested by Python 3.8.
    above = [PurePosixPath(tests) for source, tests in FOLDERS.items() if PurePosixPath(source) in path.parents]
    folder = next(iter(above), None)
    if folder is None:
        return ELSEWHERE
    if folder == PurePosixPath("tests"):
        return ITSELF if test == path else BESIDE if test.parent == path.parent else ELSEWHERE
    if folder not in test.parents:
        return ELSEWHERE
    return ITSELF if test.name == f"test_{path.stem}.py" else BESIDE


def _git(root: Path, *words: str) -> List[str]:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []
