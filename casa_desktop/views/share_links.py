"""Share links: with one, other users may view a desktop. Its owner creates and withdraws it; it also expires.

Each link is a file in its desktop's folder, ``shares/<id>.json``. The file has the SHA-256 of the link's token, not the
token. So links live as long as the desktop, every Jupyter server knows them, and the tokens cannot be read from the
disk. A link is not a login: Jupyter must authenticate its visitors as well.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple

from ..desktop import registry
from ..errors import InvalidShare, NoSuchShare, NotRunning
from ..runtime.record import Record
from ..system import files

DEFAULT_MINUTES = 60
MOST_MINUTES = 24 * 60
LONGEST_LABEL = 100
# No link is valid for longer, whatever its file says and whatever the clock showed when the link was made. The extra
# hour allows for a clock that has been corrected since.
_MOST_SECONDS = 60.0 * MOST_MINUTES + 3600
_NUMBER = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Share:
    """A link to view a desktop.

    Attributes:
        id: the link's id; not a secret.
        label: the owner's name for the link.
        expires: seconds since the epoch.
        digest: the SHA-256 of the token, in hexadecimal.
    """

    id: str
    label: str
    expires: float
    digest: str


def create(record: Record, minutes: float = DEFAULT_MINUTES, label: str = "") -> Tuple[Share, str]:
    """Create a link; return it and its token, which is not stored.

    Args:
        record: the record of the desktop.
        minutes: how long the link is valid.
        label: the link's name in the list of links.

    Raises:
        InvalidShare: ``minutes`` or ``label`` is out of range.
        NotRunning: the desktop has just ended.
    """
    _check(minutes, label)
    token = secrets.token_urlsafe(32)
    share = Share(secrets.token_hex(8), label, time.time() + minutes * 60, _digest(token))
    path = _path(record, share.id)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        files.write(path, share)
    except FileNotFoundError:
        raise NotRunning(record.name) from None
    return share, token


def _check(minutes: object, label: object) -> None:
    number = isinstance(minutes, (int, float)) and not isinstance(minutes, bool)
    if not number or not 1 <= minutes <= MOST_MINUTES:  # type: ignore[operator]
        raise InvalidShare("life", minutes, f"a number of minutes from 1 to {MOST_MINUTES}")
    if not isinstance(label, str) or len(label) > LONGEST_LABEL or not (label + "x").isprintable():
        raise InvalidShare("label", label, f"one line of at most {LONGEST_LABEL} characters")


def valid(record: Record) -> List[Share]:
    """Return a desktop's links that have not expired, the first to expire first; delete the files of the others."""
    now, found = time.time(), []
    for path in _path(record, "x").parent.glob("*.json"):
        share = _read(path)
        if share is not None and now < share.expires <= now + _MOST_SECONDS:
            found.append(share)
        else:
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda share: share.expires)


def is_valid(record: Record, number: str) -> bool:
    """Return whether the link ``number`` still exists and has not expired."""
    return any(share.id == number for share in valid(record))


def withdraw(record: Record, number: str) -> None:
    """Withdraw the link ``number``.

    Raises:
        NoSuchShare: there is no such link.
    """
    if not _NUMBER.fullmatch(number):
        raise NoSuchShare()
    try:
        _path(record, number).unlink()
    except FileNotFoundError:
        raise NoSuchShare() from None


def find(token: str) -> Tuple[Record, Share]:
    """Return the running desktop and the link that belong to ``token``.

    Raises:
        NoSuchShare: the token belongs to no link, or to one that has ended.
    """
    digest = _digest(token)
    for record in registry.list_desktops():
        for share in valid(record):
            if hmac.compare_digest(share.digest, digest):
                return record, share
    raise NoSuchShare()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _path(record: Record, number: str) -> Path:
    return record.at.shares / f"{number}.json"


def _read(path: Path) -> Optional[Share]:
    return files.read(path, Share)
