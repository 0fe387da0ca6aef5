"""Write the X cookie, which keeps other local users from viewing a display and typing on it."""

from __future__ import annotations

import os
import struct
from pathlib import Path

# Xauth.h and X.h.
_FAMILY_WILD = 0xFFFF
_FAMILY_LOCAL = 256
_COOKIE_BYTES = 16


def write(path: Path) -> None:
    """Write a new cookie that is valid for every display number, with mode 0600.

    The entry has FamilyWild, because the number is not known before Xvnc has started.
    """
    entry = _entry(_FAMILY_WILD, b"", b"", os.urandom(_COOKIE_BYTES))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(entry)


def name_display(path: Path, number: int) -> None:
    """Add an entry for this host and display, with the same cookie, to the file of ``write``.

    libX11 and libxcb do not need this entry, but python-xlib 0.33 does not support FamilyWild.
    """
    cookie = path.read_bytes()[-_COOKIE_BYTES:]
    host = os.uname().nodename.encode()
    with path.open("ab") as file:
        file.write(_entry(_FAMILY_LOCAL, host, str(number).encode(), cookie))


def _entry(family: int, address: bytes, number: bytes, cookie: bytes) -> bytes:
    """Build an entry in libXau's format: a big-endian 16-bit family, then four fields, each preceded by its length."""
    fields = (address, number, b"MIT-MAGIC-COOKIE-1", cookie)
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(each)) + each for each in fields)
