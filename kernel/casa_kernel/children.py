"""The native tools as child processes of the kernel: started, listened to, and never left behind.

Each kernel has one private folder. A small process, the guard (``guard``), waits for the kernel's end, however it
comes, then kills the tools whose process ids lie there and removes the folder; so a kernel that is killed leaves
nothing either. (PR_SET_PDEATHSIG would not do: it fires when the *thread* that started the child ends.)
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

from casa_desktop import folders, runtime
from casa_desktop.descriptors import readable
from casa_desktop.errors import RuntimeDirectoryError, Shortage

from .errors import ForkedProcess, ToolFailed, writing

START_TIMEOUT = 20.0
GRACE = 2.0

# What the guard does when the kernel has ended. Another folder may have come to the path: the second word tells which
# is meant.
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

    One that was removed under the kernel, by a logout or a cleaner of /tmp, is made again when it is needed next.

    Raises:
        RuntimeDirectoryError: there is no place for it.
        NoRoom, Shortage: as ``writing``.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._turn = threading.RLock()
        self._restorers: List[Callable[[], object]] = []
        root = runtime.private_root()
        with writing(root):
            # The name begins with a dot, so that it is not taken for a desktop's folder.
            self._path = Path(tempfile.mkdtemp(prefix=".kernel-", dir=root))
            self._occupy()
        # What a cell forks may outlive the kernel, and must not be waited for.
        os.register_at_fork(after_in_child=self._let_go)

    def _occupy(self) -> None:
        try:
            self._folder = folders.opened(self._path)
            self._guard = self._start_guard()
        except OSError:
            self._path.rmdir()
            raise

    @property
    def path(self) -> Path:
        """Where it is, and is there.

        Raises:
            RuntimeDirectoryError: it was removed, and cannot be made again.
        """
        if self.is_ours and not folders.is_at(self._path, self._folder):
            with self._turn:
                self._restore()
        return self._path

    def when_restored(self, action: Callable[[], object]) -> None:
        """Call ``action`` each time the folder has been made again, to write what was in it."""
        self._restorers.append(action)

    def _restore(self) -> None:
        if folders.is_at(self._path, self._folder):
            # Another thread was first.
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
        # It finds another folder in the place of its own, and leaves it alone.
        guard, folder = former
        _dismiss(guard)
        os.close(folder)

    def _start_guard(self) -> subprocess.Popen[bytes]:
        found = os.fstat(self._folder)
        guard = str(Path(__file__).with_name("guard.py"))
        words = ["casa-kernel-guard", str(self._path), f"{found.st_dev}:{found.st_ino}"]
        # It must find rm whatever the user's PATH is, and Python its own library.
        env = {**{each: os.environ[each] for each in ("LD_LIBRARY_PATH",) if each in os.environ}, "PATH": os.defpath}
        # start_new_session: the guard must outlive the kernel's process group.
        return subprocess.Popen(
            # -S: it needs nothing but Python's own modules.
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
        """Tell whether it is this very process's, and not that of one from which this one was forked."""
        return self._owner == os.getpid()

    def close(self) -> None:
        """Remove the folder and end what is registered in it. Safe to call twice."""
        if not self.is_ours:
            return
        _dismiss(self._guard)
        # Somebody may have killed the guard.
        folders.remove(self._path, self._folder)

    def new_folder(self, prefix: str) -> Path:
        """Return a fresh folder below this one.

        Raises:
            NoRoom, Shortage: as ``writing``.
        """
        with writing(self.path):
            return Path(tempfile.mkdtemp(prefix=prefix + "-", dir=self.path))


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    """Have a guard do its work now, and wait until it is done. Safe to call twice."""
    assert guard.stdin is not None
    if not guard.stdin.closed:
        # A byte, because what was forked from this process may hold the pipe open. The guard may have been killed.
        with suppress(OSError):
            os.write(guard.stdin.fileno(), b"\n")
        guard.stdin.close()
    guard.wait()


class Child:
    """A running native tool that has told its address.

    Attributes:
        tool: its name.
        address: where its gRPC server listens, as it told.
        process: the process, leader of its own session.
        started, used: when it was started, and when it was needed last, in seconds of the monotonic clock.
        busy: a call needs it just now.
        logfile: the log that it was told to write into, or nothing.
        interrupted: its last call was interrupted, and it was left to itself.
    """

    busy = interrupted = False
    logfile = ""

    def __init__(self, tool: str, process: subprocess.Popen[bytes], address: str, folder: Path, register: Path) -> None:
        self.tool, self.process, self.address = tool, process, address
        self.started = self.used = time.monotonic()
        self._folder, self._register = folder, register

    def register(self) -> None:
        """Write down for the guard what is to be ended with the kernel.

        Raises:
            OSError: there is no room.
        """
        self._register.write_text(str(self.process.pid))

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def has_ended(self, within: float) -> bool:
        """Wait up to ``within`` seconds for the tool's end; tell whether it came."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def output(self) -> str:
        """Return all that the tool has printed."""
        return (self._folder / "output").read_text(errors="replace")

    def last_words(self) -> str:
        """Return the last line that the tool printed, or nothing."""
        return self.output().strip().split("\n")[-1]

    def kill(self) -> None:
        """End the tool and its children at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        # Whoever asks after it next must not find it alive; a disk may still hold it.
        self.has_ended(within=GRACE)

    def stop(self) -> None:
        """End the tool and its children: terminate, grace, kill. Safe to call twice."""
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
    """Start a tool and wait until it has told its address.

    Args:
        private: where its FIFO and output go.
        tool: its name, for messages.
        argv: its command line; ``--server=FIFO`` is added.
        env: its whole environment.
        server: False for a tool that has no address to tell; it is not waited for then.
        guard: the signal that ends it if the kernel is killed: KILL, or TERM for a program that obeys it and must
            tidy up.
        timeout: how long it may take, in seconds; 0.1 s to 0.6 s is usual.
        here: it works in this process's working folder, where its user may look for files; else in its own folder,
            where it can write.

    Raises:
        ToolFailed: it could not be started, ended, or said nothing in time.
        ForkedProcess: this process was forked from the one whose tools these are.
        NoRoom, Shortage: as ``writing``; nothing is left running then.
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
    """Start a tool's process; return it, and a descriptor on which its end is end-of-file."""
    # The tool holds the writing end and never uses it.
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
        # What the kernel has run out of is no fault of the tool's, and gets words of its own.
        if Shortage.of(error) is not None:
            raise
        raise ToolFailed(tool, f"could not be started from {argv[0]}: {error.strerror}.") from error
    finally:
        os.close(held)
    return process, life


def _read_address(tool: str, fifo: Path, life: int, timeout: float, child: Child) -> str:
    deadline = time.monotonic() + timeout
    # Not blocking, because the tool may never open its end.
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
    """End a process and its group: terminate, up to 2 s of grace, kill."""
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
        """Do without what lived in the former folder: the tools that nobody looks at worked there."""
        for key, _ in self.warm():
            self.drop(key)
        for _, child in self.running():
            # The new guard, too, is to end it.
            child.register()

    def get(self, key: str) -> Optional[Child]:
        """Return the child kept under ``key`` if it lives.

        Raises:
            RuntimeDirectoryError: as ``PrivateFolder.path``.
        """
        # One whose folder was removed has nowhere to work.
        _ = self.private.path
        child = self._running.get(key) if self.private.is_ours else None
        return child if child is not None and child.alive else None

    def keep(self, key: str, child: Child, *, warm: bool = False) -> None:
        """Keep ``child`` under ``key``; one that was there before is stopped.

        Args:
            key: its name here.
            child: the tool.
            warm: it is kept only to be there when it is needed again; nobody looks at it.
        """
        self.drop(key)
        self._running[key] = child
        if warm:
            self._warm.add(key)

    def running(self) -> List[Tuple[str, Child]]:
        """Return those that live, with their keys."""
        running = self._running.items() if self.private.is_ours else ()
        return [(key, child) for key, child in running if child.alive]

    def warm(self) -> List[Tuple[str, Child]]:
        """Return those that live and that nobody would miss."""
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
        """Stop all of them and remove the private folder. Safe to call twice, and in what is forked from here."""
        keys: List[str] = list(self._running)
        for key in keys:
            self.drop(key)
        self.private.close()
