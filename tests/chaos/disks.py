"""Small disks that can be full: file systems in memory, where this user may mount one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_BALLAST = "ballast"
_PIECE = bytes(1 << 20)


class Disk:
    """A folder on a disk of its own; a plain folder where nobody lets us mount.

    Args:
        path: the folder, which is made.
        megabytes: how much goes into it.

    Attributes:
        path: the folder.
        is_small: it can be filled.
    """

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "casa-desktop-chaos", str(path)]
        self.is_small = os.getuid() == 0 and subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    def fill(self) -> None:
        """Leave no byte free."""
        # Unbuffered, so that the last piece is written as far as it goes.
        with open(self.path / _BALLAST, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(_PIECE)
            except OSError:
                return

    def free(self) -> None:
        """Make room again."""
        (self.path / _BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Take the disk away; whoever still works there does not hold it up."""
        self.free()
        if self.is_small:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)
