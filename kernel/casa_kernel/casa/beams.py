"""The table of primary beams that CASA keeps in its memory, and that imaging and simulations use: the tool ``vp``."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Optional

from .imports import Casa

# Memory, where Linux has it as a folder: written and read there in 1 ms.
_MEMORY = "/dev/shm"


def digest(casa: Casa) -> str:
    """Return a digest of the table of primary beams; equal ones have equal digests, in other processes as well.

    All tools ``vp`` of a process share the table.

    Raises:
        RuntimeError: CASA cannot write it down.
        OSError: there is no room for it.
    """
    folder: Optional[str] = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="casa-desktop-beams-", dir=folder) as place:
        table = Path(place, "beams")
        casa.names["casatools"].vpmanager().saveastable(str(table))
        joined = hashlib.blake2b(digest_size=16)
        for path in sorted(table.rglob("*")):
            if path.is_file() and path.name != "table.lock":
                joined.update(f"{path.relative_to(table)}\0".encode() + path.read_bytes() + b"\0")
        return joined.hexdigest()
