"""Opens links outside of the desktop: programs on the desktop call this module to open an address.

There is no browser on the desktop; one there would run where the data is, not where the user is. So programs find
replacements of ``xdg-open`` and similar programs in a folder of the desktop, first on PATH. The address that they
receive is shown to the user, who may open it.

::

    python -m casa_desktop.desktop.open_url FOLDER ADDRESS

FOLDER is the desktop's. The exit status is 1 if the address is not opened.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Dict, List, Mapping, Sequence
from urllib.parse import urlsplit

from .. import names
from ..errors import LinkRefused, Shortage
from ..runtime.directory import Places
from ..system import files, locks
from ..system.files import parsed
from ..system.pythonpath import finding

# The names of programs that open addresses: in Debian's alternatives, at freedesktop.org, and in earlier desktops.
NAMES = ("xdg-open", "x-www-browser", "www-browser", "sensible-browser", "gnome-open", "gvfs-open", "kde-open")
SCHEMES = frozenset({"http", "https", "mailto"})
LONGEST = 2000
# JSON may encode a character with six bytes.
_LONGEST_FILE = 6 * LONGEST + 2


def checked(address: str) -> str:
    """Return ``address`` if it may be shown to the user as a link.

    Raises:
        LinkRefused: it is neither a web address nor a mail address.
    """
    if len(address) > LONGEST:
        raise LinkRefused(address[:40] + "…", f"it has more than {LONGEST} characters.")
    if not address.isprintable() or " " in address:
        raise LinkRefused(address, "an address has no blanks and no control characters.")
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise LinkRefused(address, f"it is malformed: {error}.") from error
    if parts.scheme not in SCHEMES:
        raise LinkRefused(address, "only http, https and mailto addresses leave the desktop.")
    if not (parts.path if parts.scheme == "mailto" else parts.hostname):
        raise LinkRefused(address, "it names no host or mailbox.")
    return address


def hand_over(at: Places, address: str) -> None:
    """Store an address for the servers whose views show the desktop.

    Raises:
        LinkRefused: the address may not be opened, or the desktop has no view.
    """
    checked(address)
    if not locks.is_shared(at.record):
        raise LinkRefused(address, "nobody looks at the desktop just now. Open its page and try again.")
    try:
        at.links.mkdir(mode=0o700, exist_ok=True)
        files.write_text(at.links / f"{os.urandom(8).hex()}.json", json.dumps(address))
    except Shortage as error:
        raise LinkRefused(address, str(error)) from error
    except OSError as error:
        raise LinkRefused(address, f"the desktop has just ended ({error.strerror}).") from error


def take(at: Places) -> List[str]:
    """Return the stored addresses and remove them; each address is returned to only one caller."""
    found = []
    for path in sorted(at.links.glob("*.json"), key=_age):
        try:
            with path.open("rb") as file:
                text = file.read(_LONGEST_FILE)
            # Only the process that removes the file may use it; another server may have read it, too.
            path.unlink()
            found.append(checked(parsed(text)))
        except (OSError, ValueError, TypeError, AttributeError, LinkRefused):
            # Another server was faster, or the content is not an address that ``hand_over`` accepts.
            continue
    return found


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def install(at: Places, python: str) -> None:
    """Write the programs that replace a browser into the desktop's folder."""
    for folder in (at.browsers, at.links):
        folder.mkdir(mode=0o700, exist_ok=True)
    words = " ".join(map(shlex.quote, (*finding(python), "-m", names.OPEN_URL, str(at.folder))))
    for name in NAMES:
        program = at.browsers / name
        # Start in /: Python would first search the caller's folder for modules, and might find unrelated ones.
        program.write_text(f'#!/bin/sh\ncd / && exec {words} "$@"\n', encoding="utf-8")
        program.chmod(0o700)


def environment(at: Places, env: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables that make programs find these replacements first."""
    path = env.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != str(at.browsers):
        path = os.pathsep.join([str(at.browsers), path])
    return {"PATH": path, "BROWSER": str(at.browsers / NAMES[0])}


def main(folder: str, arguments: Sequence[str]) -> int:
    """Store one address; return the exit status."""
    try:
        if len(arguments) != 1 or arguments[0].startswith("-"):
            raise LinkRefused(" ".join(arguments), "give one address, and no options.")
        hand_over(Places(Path(folder)), arguments[0])
    except LinkRefused as error:
        print(f"casa-desktop: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
