"""Where the runtime directory is, whatever the environment: one user's processes are to find the same desktops.

The root for new desktops is the first of these that applies::

    $CASA_DESKTOP_RUNTIME_DIR           where it is set; then no other place is looked at
    $XDG_RUNTIME_DIR/casa-desktop       where it outlasts a logout, else only if the last one is not to be had; if it is
                                        short enough for the paths of unix sockets
    /run/user/UID/casa-desktop          the same place for a process that was not told, as a hub's server
    /tmp/casa-desktop-UID

systemd removes /run/user/UID when its user's last session ends, unless he lingers; but a desktop, and the Jupyter
server behind it, may be meant to outlast that. Desktops that run are looked for in all of these places.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import List, Mapping, Optional

VARIABLE = "CASA_DESKTOP_RUNTIME_DIR"
# Who is in it has processes beyond his sessions: loginctl(1), enable-linger.
_LINGERING = Path("/var/lib/systemd/linger")
_NAME = "casa-desktop"
# sun_path of unix(7), without the final zero; and the longest path below the root, that of a desktop with a long name.
_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET = len("/") + 32 + len("/rfb.sock")


def fault(root: Path, found: os.stat_result) -> str:
    """Return what is wrong with a root, with the remedy; empty where nothing is."""
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return f"it is not a folder of yours. Set {VARIABLE} to one that is."
    if found.st_mode & 0o077:
        return f"others may enter it. Close it with 'chmod 700 {root}'."
    return ""


def is_private(root: Path) -> bool:
    """Tell whether ``root`` is there, and only its user may enter it."""
    try:
        return not fault(root, root.lstat())
    except OSError:
        return False


def make(root: Path) -> None:
    """Make the root where it is missing, and what is missing above it, for the user alone.

    ``Path.mkdir`` goes by the umask above it; with umask 0 everybody could put something else in the root's place.

    Raises:
        OSError: it cannot be made.
    """
    for each in (*reversed(root.parents), root):
        if each == root or not os.path.lexists(each):
            each.mkdir(mode=0o700, exist_ok=True)


def configured_root(environ: Optional[Mapping[str, str]] = None) -> Path:
    """Return where new desktops go, whether or not it is there.

    Args:
        environ: the environment that tells, by default this process's.
    """
    told = os.environ if environ is None else environ
    if told.get(VARIABLE):
        return Path(told[VARIABLE]).absolute()
    lasting, last = _lasting_session(told), _temporary()
    if lasting is not None:
        return lasting / _NAME
    session = told.get("XDG_RUNTIME_DIR")
    # Anybody may have made a folder of that name in /tmp.
    if session and _is_usable(Path(session)) and os.path.lexists(last) and not is_private(last):
        return Path(session) / _NAME
    return last


def others(environ: Optional[Mapping[str, str]] = None) -> List[Path]:
    """Return where else desktops of this user may run; ``environ`` is that of ``configured_root``."""
    told = os.environ if environ is None else environ
    if told.get(VARIABLE):
        return []
    session = told.get("XDG_RUNTIME_DIR")
    sessions = [*([Path(session)] if session else []), _login()]
    found = [*(each / _NAME for each in sessions), _temporary()]
    first = configured_root(told)
    return [each for number, each in enumerate(found) if each != first and each not in found[:number]]


def _lasting_session(told: Mapping[str, str]) -> Optional[Path]:
    session = Path(told.get("XDG_RUNTIME_DIR") or _login())
    return session if _is_usable(session) and (session != _login() or _lingers()) else None


def _is_usable(session: Path) -> bool:
    # The user has not chosen its path, and could do nothing below one that is too long.
    if len(os.fsencode(session / _NAME)) + _LONGEST_SOCKET > _SOCKET_PATH_LIMIT:
        return False
    # After su or sudo the variable may still be another user's.
    try:
        return session.stat().st_uid == os.getuid() and os.access(session, os.W_OK)
    except OSError:
        return False


def _login() -> Path:
    return Path(f"/run/user/{os.getuid()}")


def _temporary() -> Path:
    return Path(f"/tmp/casa-desktop-{os.getuid()}")


def _lingers() -> bool:
    try:
        return (_LINGERING / pwd.getpwuid(os.getuid()).pw_name).exists()
    except (KeyError, OSError):
        return False
