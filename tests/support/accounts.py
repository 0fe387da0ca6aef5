"""Users whom this machine does not have, for programs that ask the system for them: Slurm's, and a hub's.

The files that list them are put in the place of this machine's in a mount namespace, held by a process that waits for
us to go; programs enter it. Everything else is this machine's. Only root can do that.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

_HOLD = """
set -eu
for each in passwd group; do mount --bind "$1/$each" "/etc/$each"; done
echo ready
read -r _
"""


@contextmanager
def known(folder: Path) -> Iterator[List[str]]:
    """Have the users of ``folder/passwd`` and ``folder/group``; yield the words before a command that enters there."""
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _HOLD, "sh", str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        yield ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--"]
