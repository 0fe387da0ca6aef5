"""Make a script that CASA's C++ can run by its path, even if the kernel's private folder is mounted with noexec.

The runtime directory may be on a disk that is mounted with ``noexec``, like /tmp on hardened machines. The script is
then kept in memory, and run by its path in /proc (memfd_create(2)).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Optional, Tuple

# CASA's C++ passes a path to a shell without quoting it (casatools 6.7.0, grpcFlagAgentDisplay.cc).
_NO_QUOTES_NEEDED = re.compile(r"[\w/.,:+@%-]+", re.ASCII)
# Linux requires it where vm.memfd_noexec is 1, but does not know it before 6.3: memfd_create(2).
_MFD_EXEC = 0x10


def script(path: Path, text: str) -> Tuple[Path, bool]:
    """Write a script; return the path by which it is run, and whether it can be run at all.

    Raises:
        OSError: there is no room.
    """
    path.write_text(text)
    path.chmod(0o700)
    if can_run(path) and _NO_QUOTES_NEEDED.fullmatch(str(path)):
        return path, True
    kept = _in_memory(path.name, text)
    return (kept, True) if kept is not None else (path, can_run(path))


def can_run(path: Path) -> bool:
    """Return whether a file may be run; access(2) takes the mount options into account."""
    return os.access(path, os.X_OK)


def _in_memory(name: str, text: str) -> Optional[Path]:
    for flag in (_MFD_EXEC, 0):
        try:
            descriptor = os.memfd_create(name, os.MFD_CLOEXEC | flag)
        except OSError:
            continue
        # The descriptor stays open for as long as the kernel lives.
        os.write(descriptor, text.encode())
        path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
        if can_run(path):
            return path
        os.close(descriptor)
    return None
