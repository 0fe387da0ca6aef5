"""Start the native tools as child processes of the kernel, and end them with it.

Each kernel has one private folder. A small process, the guard (``tools.kernel_guard``), waits for the end of the
kernel. It then kills the tools whose process ids are in that folder, and removes the folder, so that nothing is left
even of a kernel that was killed. (PR_SET_PDEATHSIG does not work here: it fires when the *thread* that started the
child ends.)
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from casa_desktop.errors import RuntimeDirectoryError, Shortage
from casa_desktop.runtime import directory
from casa_desktop.system import open_folder
from casa_desktop.system.descriptors import readable

from ..errors import ForkedProcess, ToolFailed, writing

START_TIMEOUT = 20.0
GRACE = 2.0

# The guard runs this script when the kernel has ended. Another folder may have been made at the same path since then;
# the second argument (device and inode) identifies the folder that is meant.
_TIDY_UP = """\
[ "$(stat -c %d:%i -- "$1")" = "$2" ] || exit
for how in TERM KILL; do
  for file in "$1"/*."$how"; do [ -f "$file" ] && kill -s "$how" -- "-$(cat "$file")" 2>/dev/null; done
done
rm -rf -- "$1"
rmdir -- "${1%/*}" 2>/dev/null
"""


class PrivateFolder:
    """The folder of one kernel's FIFOs, preferences, pictures and process ids; mode 0700.

    If a logout or a cleaner of /tmp removes the folder while the kernel runs, it is made again when it is next needed.

    Raises:
        RuntimeDirectoryError: there is no place for the folder.
        NoRoom, Shortage: as ``writing``.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._turn = threading.RLock()
        self._restorers: List[Callable[[], object]] = []
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
        """The path of the folder, which is made again if it was removed.

        Raises:
            RuntimeDirectoryError: the folder was removed and cannot be made again.
        """
        if self.is_ours and not open_folder.is_at(self._path, self._folder):
            with self._turn:
                self._restore()
        return self._path

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


class Child:
    """A running native tool whose address is known.

    Attributes:
        tool: its name.
        address: the address on which its gRPC server listens; empty for a tool without a server.
        process: the process, leader of its own session.
        started, used: when it was started, and when it was last used, in seconds of the monotonic clock.
        busy: a call is using it now.
        logfile: the log that it writes into, or an empty string.
        interrupted: its last call was interrupted, and the tool was left running.
    """

    busy = interrupted = False
    logfile = ""

    def __init__(self, tool: str, process: subprocess.Popen[bytes], address: str, folder: Path, register: Path) -> None:
        self.tool, self.process, self.address = tool, process, address
        self.started = self.used = time.monotonic()
        self._folder, self._register = folder, register

    def register(self) -> None:
        """Register the tool with the guard, which ends it with the kernel.

        Raises:
            OSError: there is no room.
        """
        self._register.write_text(str(self.process.pid))

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def has_ended(self, within: float) -> bool:
        """Wait up to ``within`` seconds for the tool's end; return whether it has ended."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def output(self) -> str:
        """Return everything that the tool has printed."""
        return (self._folder / "output").read_text(errors="replace")

    def last_words(self) -> str:
        """Return the last line that the tool printed, or an empty string."""
        return self.output().strip().split("\n")[-1]

    def kill(self) -> None:
        """Kill the tool and its children at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        # The next caller must not find the tool alive. The timeout is for a process that cannot end because it waits
        # for a disk.
        self.has_ended(within=GRACE)

    def stop(self) -> None:
        """End the tool and its children: SIGTERM, a grace period, SIGKILL. Safe to call twice."""
        stop_group(self.process)
        self._register.unlink() if self._register.exists() else None
        shutil.rmtree(self._folder, ignore_errors=True)


def start(
    private: PrivateFolder,
    tool: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    server: bool = True,
    guard: str = "KILL",
    timeout: float = START_TIMEOUT,
    here: bool = True,
) -> Child:
    """Start a tool and wait until it has written its address.

    Args:
        private: the folder for its FIFO and output.
        tool: its name, for messages.
        argv: its command line; ``--server=FIFO`` is added.
        env: its whole environment.
        server: False for a tool without a gRPC server; this function then does not wait for an address.
        guard: the signal that ends the tool if the kernel is killed: KILL, or TERM for a program that obeys it and must
            tidy up.
        timeout: how long the start may take, in seconds; 0.1 s to 0.6 s is usual.
        here: start it in this process's working folder, where the user may look for files; otherwise in its own folder,
            which is writable.

    Raises:
        ToolFailed: the tool could not be started, ended, or did not write its address in time.
        ForkedProcess: this process was forked from the one that owns the tools.
        NoRoom, Shortage: as ``writing``; no process is left running then.
    """
    if not private.is_ours:
        raise ForkedProcess(tool)
    folder = private.new_folder(tool)
    fifo = folder / "address"
    with writing(private.path), ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        if server:
            os.mkfifo(fifo, 0o600)
            argv = [*argv, f"--server={fifo}"]
        process, life = _run(tool, argv, env, folder, None if here else folder)
        try:
            child = Child(tool, process, "", folder, private.path / f"{folder.name}.{guard}")
            undo.callback(child.stop)
            child.register()
            if server:
                child.address = _read_address(tool, fifo, life, timeout, child)
        finally:
            os.close(life)
        undo.pop_all()
    return child


def _run(
    tool: str, argv: Sequence[str], env: Mapping[str, str], folder: Path, cwd: Optional[Path]
) -> Tuple[subprocess.Popen[bytes], int]:
    """Start a tool's process; return it, and a descriptor that is at end-of-file when the process has ended."""
    # The tool holds the writing end and never writes to it.
    life, held = os.pipe()
    try:
        with open(folder / "output", "wb") as output:
            process = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[held],
                start_new_session=True,
            )
    except OSError as error:
        os.close(life)
        # A shortage of resources is not the tool's fault, and has its own error.
        if Shortage.of(error) is not None:
            raise
        raise ToolFailed(tool, f"could not be started from {argv[0]}: {error.strerror}.") from error
    finally:
        os.close(held)
    return process, life


def _read_address(tool: str, fifo: Path, life: int, timeout: float, child: Child) -> str:
    deadline = time.monotonic() + timeout
    # Non-blocking, because the tool may never open its end.
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    said = b""
    try:
        while not said.endswith(b"\n"):
            ready = readable([reader, life], deadline - time.monotonic())
            if reader not in ready:
                reason = "ended as soon as it had started" if ready else f"did not answer within {timeout:g} s"
                raise ToolFailed(tool, f"{reason}. {child.last_words()}".strip())
            chunk = os.read(reader, 4096)
            if not chunk:
                break
            said += chunk
    finally:
        os.close(reader)
    return said.decode().strip()


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group: SIGTERM, up to 2 s of grace, SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


class Children:
    """The tools of one kernel, by tool and mode.

    Attributes:
        private: the kernel's folder.
    """

    def __init__(self) -> None:
        self.private = PrivateFolder()
        self.private.when_restored(self._settle_again)
        self._running: Dict[str, Child] = {}
        self._warm: Set[str] = set()

    def _settle_again(self) -> None:
        """Stop the tools without a window, which worked in the former folder; register the others again."""
        for key, _ in self.warm():
            self.drop(key)
        for _, child in self.running():
            # The new guard must end it too.
            child.register()

    def get(self, key: str) -> Optional[Child]:
        """Return the child kept under ``key`` if it is running.

        Raises:
            RuntimeDirectoryError: as ``PrivateFolder.path``.
        """
        # Makes the folder again if it was removed, which stops the tools that worked in it.
        _ = self.private.path
        child = self._running.get(key) if self.private.is_ours else None
        return child if child is not None and child.alive else None

    def keep(self, key: str, child: Child, *, warm: bool = False) -> None:
        """Keep ``child`` under ``key``, and stop the one kept there before.

        Args:
            key: its name here.
            child: the tool.
            warm: it has no window, and is kept only to be used again.
        """
        self.drop(key)
        self._running[key] = child
        if warm:
            self._warm.add(key)

    def running(self) -> List[Tuple[str, Child]]:
        """Return the running tools, with their keys."""
        running = self._running.items() if self.private.is_ours else ()
        return [(key, child) for key, child in running if child.alive]

    def warm(self) -> List[Tuple[str, Child]]:
        """Return the running tools that have no window."""
        return [(key, child) for key, child in self.running() if key in self._warm]

    def drop(self, key: str) -> None:
        """Stop the child kept under ``key``, if there is one."""
        if not self.private.is_ours:
            return
        self._warm.discard(key)
        child = self._running.pop(key, None)
        if child is not None:
            child.stop()

    def close(self) -> None:
        """Stop all tools and remove the private folder. Safe to call twice, and in a forked process."""
        keys: List[str] = list(self._running)
        for key in keys:
            self.drop(key)
        self.private.close()
