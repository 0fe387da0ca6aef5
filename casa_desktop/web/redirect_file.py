"""A file that redirects this machine's own browser to a secret link; a command line would not keep the link secret.

Every user of a machine can see the command lines of all processes. So the browser is started with the file's address
and finds the link in the file; Jupyter does the same.
"""

from __future__ import annotations

import html
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Optional

from ..errors import RuntimeDirectoryError
from ..runtime import directory, removal
from ..system import locks

_PAGE = """\
<!doctype html><meta charset="utf-8"><title>CASA Desktop</title><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={0}"><p><a href="{0}">CASA Desktop</a></p>
"""
_PREFIX = ".open-"
_NAME = "casa-desktop.html"


class OpenPage:
    """A redirect file with mode 0600, in a private folder of its own in the runtime directory.

    Args:
        link: the address to redirect to.

    Raises:
        RuntimeDirectoryError: as in ``runtime.directory.runtime_root``.
        Shortage: there is no room for the file.
    """

    def __init__(self, link: str) -> None:
        root = directory.runtime_root()
        _sweep(root)
        self._folder: Optional[Path] = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        # Held as long as this process lives; a folder whose lock is free was left by a killed process.
        self._lock = locks.hold(self._folder)
        path = self._folder / _NAME
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(_PAGE.format(html.escape(link)))
        self.address = path.as_uri()

    def remove(self) -> None:
        """Remove the file and its folder; safe to call twice and from any thread."""
        folder, self._folder = self._folder, None
        if folder is not None:
            os.close(self._lock)
            shutil.rmtree(folder, ignore_errors=True)
            # If this was the last entry, the runtime directory goes, too; take the lock, for a desktop may be starting.
            with suppress(OSError, RuntimeDirectoryError), locks.exclusive(folder.parent, 0):
                removal.remove_root_if_empty(folder.parent)


def _sweep(root: Path) -> None:
    """Remove the folders of processes that were killed; their links are no longer valid."""
    for path in root.glob(f"{_PREFIX}*/{_NAME}"):
        if not locks.is_held(path.parent):
            shutil.rmtree(path.parent, ignore_errors=True)
