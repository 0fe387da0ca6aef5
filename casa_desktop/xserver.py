"""Where desktops' X server comes from: this machine, or a container. Configured once, by user or administrator.

The first of these that is there holds:

- ``$CASA_DESKTOP_X_SERVER``, as JSON, or ``own``;
- ``$XDG_CONFIG_HOME/casa-desktop/x-server.json``, by default below ``~/.config``;
- ``casa-desktop/x-server.json`` below each of ``$XDG_CONFIG_DIRS``, by default ``/etc/xdg``.

Each holds the container, as ``Container.as_dict`` describes it, or ``"own"`` for this machine's own Xvnc.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Iterator, Mapping, Optional, Tuple

from .containers import Container
from .errors import InvalidContainer

VARIABLE = "CASA_DESKTOP_X_SERVER"
OWN = "own"
_FILE = Path("casa-desktop", "x-server.json")


def configured(environ: Mapping[str, str]) -> Optional[Container]:
    """Return the container that X servers come from; None where they are this machine's own, or nothing is said.

    Raises:
        InvalidContainer: what is said makes no sense.
    """
    return found(environ)[0]


def found(environ: Mapping[str, str]) -> Tuple[Optional[Container], str]:
    """Return the container, or None, and where that was said: a variable's name, a file's path, or nothing.

    Raises:
        InvalidContainer: as ``configured``.
    """
    told = environ.get(VARIABLE)
    if told:
        return _parsed(told, f"${VARIABLE}"), VARIABLE
    for path in _files(environ):
        try:
            return _parsed(path.read_text(encoding="utf-8"), str(path)), str(path)
        except OSError:
            # It is not there, or not for us.
            continue
    return None, ""


def configure(environ: Mapping[str, str], container: Optional[Container]) -> Path:
    """Write the user's own file; return its path.

    Args:
        environ: tells where it is.
        container: what X servers come from; None for this machine's own.

    Raises:
        OSError: it cannot be written.
    """
    path = own_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    described = OWN if container is None else container.as_dict()
    partial.write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def own_file(environ: Mapping[str, str]) -> Path:
    """Return the path of the user's own file."""
    told = environ.get("XDG_CONFIG_HOME")
    folder = Path(told) if told else Path(environ.get("HOME") or os.path.expanduser("~")) / ".config"
    return folder / _FILE


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    yield own_file(environ)
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder) / _FILE


def _parsed(text: str, where: str) -> Optional[Container]:
    if text.strip().strip('"') == OWN:
        return None
    try:
        described = json.loads(text)
    except ValueError:
        raise InvalidContainer("description", text, f"JSON, or {OWN!r} (in {where})") from None
    return Container.from_dict(described)
