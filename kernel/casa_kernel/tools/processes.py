"""Start the native tools as child processes of the kernel, and stop them.

Each is registered in the kernel's private folder, whose guard ends it with the kernel.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Mapping, Optional, Sequence, Tuple

from casa_desktop.errors import Shortage
from casa_desktop.system.descriptors import readable
from casa_desktop.system.output import last_line

from ..errors import ForkedProcess, ToolFailed, writing
from .private_folder import PrivateFolder

START_TIMEOUT = 20.0
GRACE = 2.0


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
        """Return everything that the tool has printed; an empty string if the file was removed."""
        with suppress(FileNotFoundError):
            return (self._folder / "output").read_text(errors="replace")
        return ""

    def last_words(self) -> str:
        """Return the last line that the tool printed, or an empty string."""
        return last_line((self._folder / "output").read_bytes())

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
        # A cleaner may have removed it.
        with suppress(FileNotFoundError):
            self._register.unlink()
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
