"""The private folder of one kernel, and the guard that removes it.

The guard (``tools.kernel_guard``), a small process, waits for the end of the kernel. It then kills the tools whose
process ids are in the folder, and removes the folder, so that nothing is left even of a kernel that was killed.
(PR_SET_PDEATHSIG does not work here: it fires when the *thread* that started the child ends.)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, List

from casa_desktop.errors import RuntimeDirectoryError
from casa_desktop.runtime import directory
from casa_desktop.system import open_folder

from ..errors import writing

# The guard runs this script when the kernel has ended. Another folder may have been made at the same path since then;
# the second argument (device and inode) identifies the folder that is meant. It is renamed first, because the scripts
# that CASA starts register themselves: one that cannot do so ends.
_TIDY_UP = """\
[ "$(stat -c %d:%i -- "$1")" = "$2" ] || exit
mv -T -- "$1" "$1-ended" && set -- "$1-ended"
for how in TERM KILL; do
  for file in "$1"/*."$how"; do [ -f "$file" ] && kill -s "$how" -- "-$(cat "$file")" 2>/dev/null; done
done
rm -rf -- "$1"
rmdir -- "${1%/*}" 2>/dev/null
"""


class PrivateFolder:
    """The folder of one kernel's FIFOs, preferences, pictures and process ids; mode 0700.

    If a logout or a cleaner of /tmp removes the folder while the kernel runs, it is made again when it is next needed,
    and so are the files in it that the kernel needs for as long as it lives.

    Raises:
        RuntimeDirectoryError: there is no place for the folder.
        NoRoom, Shortage: as ``writing``.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._turn = threading.RLock()
        self._restorers: List[Callable[[], object]] = []
        self._kept: Dict[Path, Callable[[], object]] = {}
        root = directory.private_root()
        with writing(root):
            # The name begins with a dot, so that it is not taken for a desktop's folder.
            self._path = Path(tempfile.mkdtemp(prefix=".kernel-", dir=root))
            self._occupy()
        # A process that a cell forks may outlive the kernel, and must not keep the guard waiting.
        os.register_at_fork(after_in_child=self._let_go)

    def _occupy(self) -> None:
        try:
            self._folder = open_folder.opened(self._path)
            self._guard = self._start_guard()
        except OSError:
            self._path.rmdir()
            raise

    @property
    def path(self) -> Path:
        """The path of the folder, which is made again if it was removed, and the files that are kept in it.

        Raises:
            RuntimeDirectoryError: the folder was removed and cannot be made again.
            NoRoom, Shortage: as ``writing``.
        """
        if self.is_ours and not (open_folder.is_at(self._path, self._folder) and all(map(os.path.lexists, self._kept))):
            with self._turn:
                self._restore()
                self._restore_files()
        return self._path

    def keep(self, file: Path, make: Callable[[], object]) -> None:
        """Call ``make`` to make a file in the folder again when it is missing and the folder is there."""
        self._kept[file] = make

    def _restore_files(self) -> None:
        with writing(self._path):
            for file, make in self._kept.items():
                if not os.path.lexists(file):
                    make()

    def when_restored(self, action: Callable[[], object]) -> None:
        """Call ``action`` each time the folder has been made again, to restore its content."""
        self._restorers.append(action)

    def _restore(self) -> None:
        if open_folder.is_at(self._path, self._folder):
            # Another thread has already made it again.
            return
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._path.mkdir(mode=0o700)
        except OSError as error:
            raise RuntimeDirectoryError(
                self._path,
                f"it was removed, as at a logout, and cannot be made again: {error.strerror}. Save what you need, and "
                "restart the kernel, which takes another place then.",
            ) from error
        former = self._guard, self._folder
        with writing(self._path):
            self._occupy()
            for action in self._restorers:
                action()
        # The former guard finds a different folder at its path, and does not touch it.
        guard, folder = former
        _dismiss(guard)
        os.close(folder)

    def _start_guard(self) -> subprocess.Popen[bytes]:
        found = os.fstat(self._folder)
        guard = str(Path(__file__).with_name("kernel_guard.py"))
        words = ["casa-kernel-guard", str(self._path), f"{found.st_dev}:{found.st_ino}"]
        # The guard must find rm whatever the user's PATH is, and Python its own library.
        env = {**{each: os.environ[each] for each in ("LD_LIBRARY_PATH",) if each in os.environ}, "PATH": os.defpath}
        # start_new_session: the guard must outlive the kernel's process group.
        return subprocess.Popen(
            # -S: the guard needs only Python's standard library.
            [sys.executable, "-I", "-S", guard, str(os.getpid()), _TIDY_UP, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=env,
            start_new_session=True,
        )

    def _let_go(self) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.close()

    @property
    def is_ours(self) -> bool:
        """Whether this process made the folder, rather than one from which this process was forked."""
        return self._owner == os.getpid()

    def close(self) -> None:
        """Remove the folder and end the processes registered in it. Safe to call twice."""
        if not self.is_ours:
            return
        _dismiss(self._guard)
        # The guard may have been killed before it removed the folder.
        open_folder.remove(self._path, self._folder)

    def new_folder(self, prefix: str) -> Path:
        """Return a new folder below this one.

        Raises:
            NoRoom, Shortage: as ``writing``.
        """
        with writing(self.path):
            return Path(tempfile.mkdtemp(prefix=prefix + "-", dir=self.path))


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    """Make a guard do its work now, and wait until it is done. Safe to call twice."""
    assert guard.stdin is not None
    if not guard.stdin.closed:
        # The end of the pipe is not enough, because a process forked from this one may hold it open: write a byte. The
        # guard may have been killed.
        with suppress(OSError):
            os.write(guard.stdin.fileno(), b"\n")
        guard.stdin.close()
    guard.wait()
