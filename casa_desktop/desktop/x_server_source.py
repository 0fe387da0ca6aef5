"""Where desktops get their X server from: this machine's own Xvnc, or an image that was chosen once.

The choice is a container in JSON, as ``Container.as_dict`` describes it, or ``"own"`` for the machine's own. The first
of these that exists is used::

    $CASA_DESKTOP_X_SERVER                          the choice itself
    $XDG_CONFIG_HOME/casa-desktop/x-server.json     else ~/.config/…; the user's
    $XDG_CONFIG_DIRS/casa-desktop/x-server.json     else /etc/xdg/…; the administrator's
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Mapping, NamedTuple, Optional, Tuple

from .. import errors, names
from ..errors import InvalidContainer, InvalidSetting, SettingNotWritten
from ..findings import Finding
from ..system.files import parsed
from ..system.process import on_path

if TYPE_CHECKING:
    from ..containers.container import Container

_CHOOSE = "choose again with casa-desktop x-server"

OWN = "own"


class Choice(NamedTuple):
    """A choice and its source.

    Attributes:
        container: the container in which X servers run; None for this machine's own.
        source: the file or variable with the choice; empty if there is none.
    """

    container: Optional[Container] = None
    source: str = ""


def configured(environ: Mapping[str, str]) -> Optional[Container]:
    """Return the container in which X servers run; None for this machine's own, or if nothing was chosen.

    Raises:
        InvalidSetting: the stored choice is invalid.
    """
    return chosen(environ).container


def chosen(environ: Mapping[str, str]) -> Choice:
    """Return the choice and its source.

    Raises:
        InvalidSetting: the stored choice is invalid.
    """
    for source, text in _said(environ):
        return Choice(_parsed(text, source), source)
    return Choice()


def _parsed(text: str, source: str) -> Optional[Container]:
    if text.strip().strip('"') == OWN:
        return None
    # Imported here, because most machines have an X server of their own, and each kernel imports this module.
    from ..containers.container import Container

    try:
        return Container.from_dict(parsed(text))
    except (InvalidContainer, ValueError) as error:
        expected = f'a container in JSON, or "{OWN}" ({error})'
        raise InvalidSetting(f"The X server's place in {source}", text.strip(), expected) from error


def _said(environ: Mapping[str, str]) -> Iterator[Tuple[str, str]]:
    if environ.get(names.X_SERVER):
        yield f"${names.X_SERVER}", environ[names.X_SERVER]
    system = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    for path in (user_file(environ), *(_file(Path(folder)) for folder in system.split(":") if folder)):
        # The file does not exist, or this user may not read it.
        with suppress(OSError):
            yield str(path), path.read_text(encoding="utf-8", errors="backslashreplace")


def user_file(environ: Mapping[str, str]) -> Path:
    """Return the path of the file with the user's own choice, whether it exists or not."""
    chosen = environ.get("XDG_CONFIG_HOME")
    home = environ.get("HOME") or os.path.expanduser("~")
    return _file(Path(chosen) if chosen else Path(home, ".config"))


def _file(folder: Path) -> Path:
    return folder / "casa-desktop" / "x-server.json"


def configure(environ: Mapping[str, str], container: Optional[Container]) -> Path:
    """Write the user's choice to a file; return its path.

    Args:
        environ: the environment, which determines the path.
        container: the container in which X servers are to run; None for this machine's own.

    Raises:
        SettingNotWritten: the file cannot be written.
    """
    path = user_file(environ)
    text = json.dumps(container.as_dict() if container else OWN, indent=1, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Replace the file in one step, so that a desktop that starts meanwhile reads either the old or the new choice.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError as error:
        raise SettingNotWritten(path, error.strerror or str(error)) from error
    return path


def own_program() -> Optional[str]:
    """Return the path of this machine's own X server, if it has one."""
    return on_path(names.X_SERVERS)


def as_finding(environ: Mapping[str, str]) -> Finding:
    """Return where a desktop's X server would come from."""
    try:
        choice = chosen(environ)
    except errors.InvalidSetting as error:
        return Finding("X server", "missing", str(error), _CHOOSE)
    if choice.container is not None:
        from ..containers import images

        where = f"that of {choice.container.label}, chosen in {choice.source}"
        trouble = images.trouble(choice.container)
        state = "missing" if trouble else "ok"
        return Finding("X server", state, f"{where}; {trouble}" if trouble else where, _CHOOSE if trouble else "")
    path = own_program()
    if path:
        return Finding("X server", "ok", path)
    remedy = "apt install tigervnc-standalone-server, or take an image's: casa-desktop x-server --image NAME"
    return Finding("X server", "missing", f"no {' or '.join(names.X_SERVERS)} on PATH", remedy)
