"""What the native tools need to write and the user's own folders may not let them: a home, a log.

casaplotms draws nothing where it cannot write ``~/.casarc``, and tells the reason in its log alone (2.9.1).
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Dict, Mapping


def home(environ: Mapping[str, str], private: Path) -> Dict[str, str]:
    """Return the variable HOME for a tool where the user's own home cannot be written; else nothing.

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
        # It is there already when an earlier tool needed it.
        (made / ".casa").symlink_to(own / ".casa")
    if (own / ".casarc").is_file():
        # Not linked: it is this file that a tool must be able to write.
        shutil.copyfile(own / ".casarc", made / ".casarc")
    return {"HOME": str(made)}


def _can_write(path: Path) -> bool:
    return not path.exists() or os.access(path, os.W_OK)


def logfile(wanted: str, private: Path) -> str:
    """Return the log for a tool: CASA's own, or one in the kernel's folder where that is not there."""
    return wanted if os.access(wanted, os.W_OK) else str(private / "tools.log")
