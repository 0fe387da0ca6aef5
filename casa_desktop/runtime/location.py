"""Find the runtime directory so that all processes of a user find the same desktops, whatever their environment.

The root for new desktops is the first of these that applies::

    $CASA_DESKTOP_RUNTIME_DIR           if it is set; then no other place is searched
    $XDG_RUNTIME_DIR/casa-desktop       if it is short enough for the paths of unix sockets, and outlasts a logout; if
                                        it does not outlast a logout, only when the last place cannot be used
    /run/user/UID/casa-desktop          the same place, for a process without the variable, such as a hub's server
    /tmp/casa-desktop-UID

systemd removes /run/user/UID when its user's last session ends, unless the user lingers; but a desktop, and the Jupyter
server that shows it, may have to outlast that. Running desktops are searched in all of these places.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import List, Mapping, Optional

from .. import names

# Has a file for each user whose processes may outlast the sessions: loginctl(1), enable-linger.
_LINGERING = Path("/var/lib/systemd/linger")
_NAME = "casa-desktop"
# The size of sun_path of unix(7) without the final zero, in bytes.
SOCKET_PATH_LIMIT = 107
# The size of the longest path below the root: that of the socket of a desktop with the longest name.
_LONGEST_SOCKET = len("/") + 32 + len("/rfb.sock")


def fault(root: Path, status: os.stat_result) -> str:
    """Return why a root cannot be used, with the remedy; empty if it can."""
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return f"it is not a folder of yours. Set {names.RUNTIME_DIR} to one that is."
    if status.st_mode & 0o077:
        return f"others may enter it. Close it with 'chmod 700 {root}'."
    return ""


def is_private(root: Path) -> bool:
    """Return whether ``root`` exists, belongs to this user, and no other user may enter it."""
    try:
        return not fault(root, root.lstat())
    except OSError:
        return False


def make(root: Path) -> None:
    """Create the root and its missing parents, accessible only to this user.

    ``Path.mkdir`` uses the umask for parents; with umask 0 any user could replace the root.

    Raises:
        OSError: a folder cannot be created.
    """
    for each in (*reversed(root.parents), root):
        if each == root or not os.path.lexists(each):
            each.mkdir(mode=0o700, exist_ok=True)


def configured_root(environ: Optional[Mapping[str, str]] = None) -> Path:
    """Return the root for new desktops; it may not exist.

    Args:
        environ: the environment that determines it; by default that of this process.
    """
    variables = os.environ if environ is None else environ
    if variables.get(names.RUNTIME_DIR):
        return Path(variables[names.RUNTIME_DIR]).absolute()
    lasting, last = _lasting_session(variables), _temporary()
    if lasting is not None:
        return lasting / _NAME
    session = variables.get("XDG_RUNTIME_DIR")
    # Another user may have created a folder of that name in /tmp.
    if session and _is_usable(Path(session)) and os.path.lexists(last) and not is_private(last):
        return Path(session) / _NAME
    return last


def others(environ: Optional[Mapping[str, str]] = None) -> List[Path]:
    """Return the other roots in which desktops of this user may run; ``environ`` as for ``configured_root``."""
    variables = os.environ if environ is None else environ
    if variables.get(names.RUNTIME_DIR):
        return []
    session = variables.get("XDG_RUNTIME_DIR")
    sessions = [*([Path(session)] if session else []), _login()]
    roots = [*(each / _NAME for each in sessions), _temporary()]
    first = configured_root(variables)
    return [each for number, each in enumerate(roots) if each != first and each not in roots[:number]]


def _lasting_session(variables: Mapping[str, str]) -> Optional[Path]:
    session = Path(variables.get("XDG_RUNTIME_DIR") or _login())
    return session if _is_usable(session) and (session != _login() or _lingers()) else None


def _is_usable(session: Path) -> bool:
    # The user has not chosen this path, and could not use it if it were too long.
    if len(os.fsencode(session / _NAME)) + _LONGEST_SOCKET > SOCKET_PATH_LIMIT:
        return False
    # After su or sudo the variable may still name another user's folder.
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
