"""Where desktops' X server comes from: this machine's own Xvnc, or an image that was chosen once.

The choice is a container in JSON, as ``Container.as_dict`` describes it, or ``"own"`` for the machine's own. It is
read from the first of these that says anything::

    $CASA_DESKTOP_X_SERVER                          the choice itself
    $XDG_CONFIG_HOME/casa-desktop/x-server.json     else ~/.config/…; the user's
    $XDG_CONFIG_DIRS/casa-desktop/x-server.json     else /etc/xdg/…; the administrator's
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Iterator, Mapping, NamedTuple, Optional, Tuple

from .containers import Container
from .errors import InvalidContainer, InvalidSetting, SettingNotWritten
from .stored import parsed

VARIABLE = "CASA_DESKTOP_X_SERVER"
OWN = "own"
# Debian's name and everybody else's.
PROGRAMS = ("Xvnc", "Xtigervnc")


class Choice(NamedTuple):
    """What was chosen, and where.

    Attributes:
        container: where X servers run; None for this machine's own.
        source: the file or variable that says so; empty where nothing does.
    """

    container: Optional[Container] = None
    source: str = ""


def configured(environ: Mapping[str, str]) -> Optional[Container]:
    """Return the container in which X servers run; None for this machine's own, or where nothing was chosen.

    Raises:
        InvalidSetting: what is written down makes no sense.
    """
    return found(environ).container


def found(environ: Mapping[str, str]) -> Choice:
    """Return what was chosen, and where.

    Raises:
        InvalidSetting: what is written down makes no sense.
    """
    for source, text in _said(environ):
        return Choice(_parsed(text, source), source)
    return Choice()


def _parsed(text: str, source: str) -> Optional[Container]:
    if text.strip().strip('"') == OWN:
        return None
    try:
        return Container.from_dict(parsed(text))
    except (InvalidContainer, ValueError) as error:
        expected = f'a container in JSON, or "{OWN}" ({error})'
        raise InvalidSetting(f"The X server's place in {source}", text.strip(), expected) from error


def _said(environ: Mapping[str, str]) -> Iterator[Tuple[str, str]]:
    if environ.get(VARIABLE):
        yield f"${VARIABLE}", environ[VARIABLE]
    system = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    for path in (user_file(environ), *(_file(Path(folder)) for folder in system.split(":") if folder)):
        # It is not there, or not for us.
        with suppress(OSError):
            yield str(path), path.read_text(encoding="utf-8", errors="backslashreplace")


def user_file(environ: Mapping[str, str]) -> Path:
    """Return where the user's own choice is written, whether it is there or not."""
    chosen = environ.get("XDG_CONFIG_HOME")
    home = environ.get("HOME") or os.path.expanduser("~")
    return _file(Path(chosen) if chosen else Path(home, ".config"))


def _file(folder: Path) -> Path:
    return folder / "casa-desktop" / "x-server.json"


def configure(environ: Mapping[str, str], container: Optional[Container]) -> Path:
    """Write the user's choice down; return the file.

    Args:
        environ: tells where it is.
        container: where X servers are to run; None for this machine's own.

    Raises:
        SettingNotWritten: it cannot be written.
    """
    path = user_file(environ)
    text = json.dumps(container.as_dict() if container else OWN, indent=1, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whoever starts a desktop meanwhile reads the old choice or the new one.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError as error:
        raise SettingNotWritten(path, error.strerror or str(error)) from error
    return path


def own_program() -> Optional[str]:
    """Return the path of this machine's own X server, if it has one."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    return None
