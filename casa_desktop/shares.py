"""Links by which others may look at a desktop: made by its owner, with an end, and withdrawn when he likes.

Each link is a file in its desktop's folder, ``shares/<number>.json``. It says what the token's SHA-256 is and not what
the token is; so links live as long as the desktop, whichever Jupyter server is asked, and nobody reads them off the
disk. A link is no login: whoever follows it must be known to Jupyter.
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

from . import session, stored
from .errors import InvalidShare, NoSuchShare, NotRunning
from .runtime import Record

DEFAULT_MINUTES = 60
MOST_MINUTES = 24 * 60
LONGEST_LABEL = 100
# No link is valid for longer, whatever its file says or the clock was when it was made; that may have been set right
# by up to an hour since.
_MOST_SECONDS = 60.0 * MOST_MINUTES + 3600
_NUMBER = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Share:
    """A link to look at a desktop.

    Attributes:
        id: its number, which is no secret.
        label: the owner's word for it.
        expires: seconds since the epoch.
        digest: the SHA-256 of its token, in hexadecimal.
    """

    id: str
    label: str
    expires: float
    digest: str


def create(record: Record, minutes: float = DEFAULT_MINUTES, label: str = "") -> Tuple[Share, str]:
    """Make a link; return it with its token, which is told this once.

    Args:
        record: the desktop's.
        minutes: how long it shall be valid.
        label: what it is called in the list of links.

    Raises:
        InvalidShare: minutes or label are not what they should be.
        NotRunning: the desktop has just ended.
    """
    _check(minutes, label)
    token = secrets.token_urlsafe(32)
    share = Share(secrets.token_hex(8), label, time.time() + minutes * 60, _digest(token))
    path = _path(record, share.id)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        stored.write(path, share)
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
    """Return the links to a desktop that have not expired, the one first that expires first; remove the others."""
    now, found = time.time(), []
    for path in _path(record, "x").parent.glob("*.json"):
        share = _read(path)
        if share is not None and now < share.expires <= now + _MOST_SECONDS:
            found.append(share)
        else:
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda share: share.expires)


def is_valid(record: Record, number: str) -> bool:
    """Tell whether the link ``number`` is there still."""
    return any(share.id == number for share in valid(record))


def withdraw(record: Record, number: str) -> None:
    """End the link ``number``.

    Raises:
        NoSuchShare: there is none.
    """
    if not _NUMBER.fullmatch(number):
        raise NoSuchShare()
    try:
        _path(record, number).unlink()
    except FileNotFoundError:
        raise NoSuchShare() from None


def find(token: str) -> Tuple[Record, Share]:
    """Return the running desktop and the link that ``token`` stands for.

    Raises:
        NoSuchShare: it stands for none, or for one that has ended.
    """
    digest = _digest(token)
    for record in session.list_desktops():
        for share in valid(record):
            if hmac.compare_digest(share.digest, digest):
                return record, share
    raise NoSuchShare()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _path(record: Record, number: str) -> Path:
    return record.at.shares / f"{number}.json"


def _read(path: Path) -> Optional[Share]:
    return stored.read(path, Share)
