"""What a kernel's process needs around it, and may have been started without: a home, and a working folder."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import MutableMapping

from . import workingfolder


def complete(environ: MutableMapping[str, str]) -> str:
    """Give this process a home and a working folder where it has none; return what its user should know, or nothing.

    Without HOME, as cron and some services start programs, CASA's C++ ends the process. Without a working folder it
    cannot even be imported.
    """
    if not environ.get("HOME"):
        environ["HOME"] = _home()
    if not workingfolder.is_gone():
        return ""
    gone, folder = workingfolder.name(), Path(environ["HOME"])
    if not os.access(folder, os.R_OK | os.X_OK):
        folder = Path("/")
    os.chdir(folder)
    return f"The folder in which this kernel was started, {gone}, has been removed. It works in {folder} instead."


def _home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        # As container engines do it for a user whom they do not know.
        return "/"
