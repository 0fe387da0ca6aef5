"""Find a place for IPython's profile and history: the user's home, unless there is no room."""

from __future__ import annotations

from pathlib import Path
from typing import MutableMapping

from IPython.core.profiledir import ProfileDir, ProfileDirError
from IPython.paths import get_ipython_dir

from casa_desktop.errors import Shortage


def find_room(private: Path, environ: MutableMapping[str, str]) -> str:
    """Make IPython use a folder of the kernel if it cannot make its profile; return a message for the user.

    IPython itself does this if it has no permission to write, but ends if there is no room (9.18).

    Args:
        private: the kernel's folder, which is removed with the kernel.
        environ: the environment that IPython reads.
    """
    home = Path(get_ipython_dir())
    try:
        # IPython does this itself a moment later; if the profile exists, this only checks it.
        ProfileDir.create_profile_dir_by_name(str(home), "default")  # type: ignore[no-untyped-call]
    except (OSError, ProfileDirError) as error:
        environ["IPYTHONDIR"] = str(private / "ipython")
        said = (Shortage.of(OSError(error.errno, ""), home) if isinstance(error, OSError) else None) or f"{error}."
        return f"IPython's profile and history are not kept after this kernel's end. {said}"
    return ""
