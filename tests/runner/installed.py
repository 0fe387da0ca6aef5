"""Tells whether a run of the tests has changed what is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Tuple

Census = Dict[str, Tuple[int, int]]
# Bundles of certificates: where all traffic goes through the machine's own proxy, some machines add its certificate to
# each new bundle, minutes after pip has installed it. That has been taken for a test's doing.
_BUNDLES = {"cacert.pem"}


def census(folder: Path) -> Census:
    """Return the size in bytes and the time of change in ns of each file below a folder.

    Compiled files and bundles of certificates are left out.
    """
    found: Census = {}
    # There are 30,000 of them: nothing is computed for each that need not be.
    beginning = len(f"{folder}/")
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in set(names) - _BUNDLES:
            path = f"{place}/{name}"
            status = os.lstat(path)
            found[path[beginning:]] = (status.st_size, status.st_mtime_ns)
    return found


def differences(before: Census, after: Census) -> List[str]:
    """Return a line for each file that is not as it was; pure."""
    words = {
        "new": after.keys() - before.keys(),
        "gone": before.keys() - after.keys(),
        "changed": {path for path in before.keys() & after.keys() if before[path] != after[path]},
    }
    return [f"{word}: {path}" for word, paths in words.items() for path in sorted(paths)]
