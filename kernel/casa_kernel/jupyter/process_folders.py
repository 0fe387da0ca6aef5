"""Give a kernel's process the home and working folder that it needs, if it was started without."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import MutableMapping

from ..checks import working_folder


def complete(environ: MutableMapping[str, str]) -> str:
    """Set a home and a working folder if this process has none; return a message for the user, or an empty string.

    Without HOME, as when cron and some services start programs, CASA's C++ ends the process. Without a working folder
    CASA cannot even be imported.
    """
    if not environ.get("HOME"):
        environ["HOME"] = _home()
    if not working_folder.is_gone():
        return ""
    gone, folder = working_folder.name(), Path(environ["HOME"])
    if not os.access(folder, os.R_OK | os.X_OK):
        folder = Path("/")
    os.chdir(folder)
    return f"The folder in which this kernel was started, {gone}, has been removed. It works in {folder} instead."


def _home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        # As container engines do for a user that they do not know.
        return "/"
