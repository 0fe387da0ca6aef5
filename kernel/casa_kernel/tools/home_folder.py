"""Give the native tools a writable home and log, where the user's own are not writable.

casaplotms draws nothing if it cannot write ``~/.casarc``, and reports the reason only in its log (2.9.1).
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Dict, Mapping


def home(environ: Mapping[str, str], private: Path) -> Dict[str, str]:
    """Return the variable HOME for a tool if the user's own home cannot be written; else an empty dictionary.

    Args:
        environ: the tool's environment.
        private: the kernel's own folder, where the other home is made.
    """
    own = Path(environ.get("HOME") or "/nonexistent")
    if os.access(own, os.W_OK | os.X_OK) and _can_write(own / ".casarc"):
        return {}
    made = private / "home"
    made.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        # It exists already if an earlier tool needed it.
        (made / ".casa").symlink_to(own / ".casa")
    if (own / ".casarc").is_file():
        # A copy, not a link, because a tool must be able to write this file.
        shutil.copyfile(own / ".casarc", made / ".casarc")
    return {"HOME": str(made)}


def _can_write(path: Path) -> bool:
    return not path.exists() or os.access(path, os.W_OK)


def logfile(wanted: str, private: Path) -> str:
    """Return the log for a tool: CASA's own, or one in the kernel's folder if CASA's cannot be written."""
    return wanted if os.access(wanted, os.W_OK) else str(private / "tools.log")
