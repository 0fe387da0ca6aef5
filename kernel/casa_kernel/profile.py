"""Where IPython keeps its profile and its history: the user's home, unless there is no room."""

from __future__ import annotations

from pathlib import Path
from typing import MutableMapping

from IPython.core.profiledir import ProfileDir, ProfileDirError
from IPython.paths import get_ipython_dir

from casa_desktop.errors import Shortage


def find_room(private: Path, environ: MutableMapping[str, str]) -> str:
    """Have IPython use a folder of the kernel's own where it cannot make its profile; return what the user is told.

    IPython itself does so where it may not write, and ends where there is no room (9.18).

    Args:
        private: the kernel's folder; it ends with it.
        environ: where IPython looks.
    """
    home = Path(get_ipython_dir())
    try:
        # What it does itself a moment later; if it is there already, this only looks.
        ProfileDir.create_profile_dir_by_name(str(home), "default")  # type: ignore[no-untyped-call]
    except (OSError, ProfileDirError) as error:
        environ["IPYTHONDIR"] = str(private / "ipython")
        said = (Shortage.of(OSError(error.errno, ""), home) if isinstance(error, OSError) else None) or f"{error}."
        return f"IPython's profile and history are not kept after this kernel's end. {said}"
    return ""
