"""The folder of a store: where it is, whether it is safe to use, and whose turn it is."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping

from .. import names
from ..errors import InvalidSetting, StoreUnusable
from ..system import locks
from . import exchange, scratch

NAME = ".casa-reuse"
_IGNORE = "# Results of tasks, kept by casa-desktop. 'casa-desktop reuse' shows and clears them.\n*\n"


def store_folder(folder: Path, environ: Mapping[str, str]) -> Path:
    """Return the path of the store for the data in ``folder``.

    Raises:
        InvalidSetting: CASA_DESKTOP_STORE is no absolute path.
    """
    chosen = environ.get(names.STORE, "")
    if not chosen:
        return folder.absolute() / NAME
    path = Path(chosen).expanduser()
    if not path.is_absolute():
        raise InvalidSetting(names.STORE, chosen, "an absolute path")
    return path


class Room:
    """The folder of a store.

    Args:
        path: the folder; it need not exist.

    Attributes:
        path: the folder.
        objects: the folder of its objects.
        records: the folder of its records.
        index: the folder of their index, which need not exist.
        patience: how long to wait for a lock, in seconds.
    """

    # Sweeping takes a second where a store has 100,000 objects.
    patience = 5.0

    def __init__(self, path: Path) -> None:
        self.path = path
        self.objects = path / "objects"
        self.records = path / "records"
        self.index = path / "index"
        self._new = path / "new"

    def exists(self) -> bool:
        """Return whether there is a store.

        Raises:
            StoreUnusable: other users could change it, or it is no folder.
        """
        try:
            status = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StoreUnusable(self.path, f"{error.strerror}.") from error
        self._check(status)
        return True

    def _check(self, status: os.stat_result) -> None:
        """Refuse a folder whose contents may be another user's."""
        if not stat.S_ISDIR(status.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no folder"
            raise StoreUnusable(self.path, f"it is {kind}. Remove it, or set {names.STORE} to another folder.")
        if status.st_uid != os.geteuid():
            raise StoreUnusable(
                self.path, f"it belongs to the user {status.st_uid}. Set {names.STORE} to a folder of your own."
            )
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreUnusable(
                self.path,
                f"other users may write to it. If they have not, 'chmod 700 {self.path}'; else remove it.",
            )

    def make(self) -> None:
        """Make the folder, unless it is there.

        Raises:
            StoreUnusable: other users could change it.
            OSError: it cannot be made.
        """
        if not self.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # It is private from its first moment: what mkdir(2) makes has at most these permissions.
            self.path.mkdir(mode=0o700, exist_ok=True)
            self.exists()
        for folder in (self.objects, self.records, self._new):
            folder.mkdir(mode=0o700, exist_ok=True)
        ignore = self.path / ".gitignore"
        if not ignore.exists():
            ignore.write_text(_IGNORE, encoding="ascii")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Let nothing be swept within a with block.

        Raises:
            TimeoutError: another process has been sweeping for longer than ``patience``.
            OSError: there is no store, or no lock can be had there.
        """
        with self._locked(shared=True):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process keep, put back or sweep within a with block.

        Raises:
            As ``shared``.
        """
        with self._locked(shared=False):
            yield

    @contextmanager
    def _locked(self, *, shared: bool) -> Iterator[None]:
        with locks.turn(self.path / "lock", self.patience, shared=shared) as locked:
            if not locked:
                raise TimeoutError("other kernels are at work in the store of results")
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Make a folder for what is being made, and remove it afterwards.

        A process that is killed leaves it, and ``remove_leftovers`` removes it. Hold the lock, at least shared.
        """
        folder = Path(tempfile.mkdtemp(dir=self._new))
        try:
            yield folder
        finally:
            scratch.removed(folder)

    def remove_leftovers(self) -> None:
        """Remove what killed processes have left. Hold the lock ``alone``."""
        exchange.recover(self.path)
        for each in [*self.path.glob(f"*{scratch.ENDING}"), *self._new.glob("*")]:
            scratch.removed(each)
