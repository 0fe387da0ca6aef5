"""Sizes on a disk, as people write and read them."""

from __future__ import annotations

import os
import re
from typing import Union

from ..errors import InvalidSetting

# Decimal, as disks are sold and as df -H counts.
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
# A size comes out of a file, too.
_MOST = 10**18
# File systems give out space in blocks, of 4 kB nearly everywhere.
_BLOCK = 4096


def parsed(text: Union[int, str]) -> int:
    """Return the number of bytes that a text like ``200 GB``, ``1.5TB`` or ``0`` means.

    Raises:
        InvalidSetting: it is no size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kMGTP]?)(?:B|bytes?)?\s*", str(text), re.IGNORECASE)
    if match is None or (match[2] == "" and "." in match[1]):
        raise InvalidSetting("The limit", text, "a size like '200 GB' or '1.5 TB'")
    number = float(match[1]) * 1000.0 ** " kmgtp".index(match[2].lower() or " ")
    if number > _MOST:
        raise InvalidSetting("The limit", text, "at most 1000 PB")
    return round(number)


def shown(number: int) -> str:
    """Return a number of bytes with three digits and a unit, like ``1.25 GB``."""
    size, unit = float(number), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    if unit == 0:
        return "1 byte" if number == 1 else f"{number} bytes"
    return f"{size:.3g} {_UNITS[unit]}"


def on_disk(size: int) -> int:
    """Return the room that a file of ``size`` bytes takes on a disk, in bytes."""
    return -(-size // _BLOCK) * _BLOCK


def free(path: str) -> int:
    """Return the room on the disk of ``path`` that this user may fill, in bytes.

    Raises:
        OSError: nothing is there.
    """
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize
