"""Init for a container that has no PID namespace of its own, as with Apptainer: it ends everything in the container.

``python -m casa_desktop.launchers.apptainer_init PROGRAM ARGUMENT…`` runs a program until it ends, passes signals on to
it, and then ends what it has left behind: desktops end with their container, but Jupyter servers and kernels may start
and end in it at any time. In a container with a PID namespace, such as Docker's, the kernel of the operating system
does that by itself.

If this process is killed, its *successor* ends everything in the container: a second process that waits only for that.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Dict, Iterable, List, Optional, Sequence

import psutil

from ..errors import CasaDesktopError
from ..runtime import location, removal
from ..system import locks
from ..system.descriptors import readable
from ..system.process import adopt_orphans, descendants, end, namespace, open_pid
from ..system.signals import Signals

# A supervisor takes up to six seconds to end its desktop, usually half a second.
GRACE_SECONDS = 8.0
# The programs with which Apptainer mounts an image. They run beside the container, and survive when Apptainer itself is
# killed (1.4.5).
MOUNTERS = ("fuse-overlayfs", "fuse2fs", "gocryptfs", "squashfuse", "squashfuse_ll")
# Apptainer sets both variables; older releases and SingularityCE set only the second.
_CONTAINER = {"APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"}
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def main(argv: Sequence[str]) -> int:
    """Run ``argv`` until it ends, and end what is left of it; return its exit status as a shell would."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD, *_PASSED_ON))
    adopt_orphans()
    heir = _appoint_heir()
    # Not sigwait(3): after SIGSTOP and SIGCONT it has returned invalid signal numbers, and the signal was lost.
    signals = Signals([signal.SIGCHLD, *_PASSED_ON])
    in_foreground = _has_terminal()
    try:
        program = subprocess.Popen(argv, preexec_fn=lambda: _in_its_own_group(in_foreground))
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
        return 127
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD, *_PASSED_ON))
    status = program.returncode = _attend(program.pid, signals)
    if in_foreground:
        _take_terminal()
    _end_all_but(heir)
    if heir is not None:
        # Kill the successor before this process ends: what runs longer than this process has lost its files.
        os.kill(heir, signal.SIGKILL)
        os.waitpid(heir, 0)
    return status


def _has_terminal() -> bool:
    """Return whether the terminal on standard input sends its keys' signals to this process."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _in_its_own_group(in_foreground: bool) -> None:
    """Move the program into a process group of its own, so that it receives the terminal's signals only once."""
    os.setpgid(0, 0)
    if in_foreground:
        _take_terminal()
    for number in (signal.SIGCHLD, *_PASSED_ON):
        # Until the program has been executed, this process's handlers would catch them.
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _take_terminal() -> None:
    """Make this process's group the terminal's foreground group."""
    with suppress(OSError):
        # A process in the background is stopped by this call, unless SIGTTOU is blocked.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        os.tcsetpgrp(0, os.getpgrp())


def _attend(program: int, signals: Signals) -> int:
    """Pass signals on to the program until it ends; return its exit status."""
    while True:
        readable([signals])
        for number in signals.take():
            if number in _PASSED_ON:
                os.kill(program, number)
        status = _reap(program)
        if status is not None:
            return status


def _reap(program: int) -> Optional[int]:
    """Reap all children that have ended, adopted ones too; return the program's status if it is among them."""
    found = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == program:
                found = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return found


def _end_all_but(heir: Optional[int]) -> None:
    """End the children, which first get the time to end their own children, and then all remaining descendants."""
    end((each for each in psutil.Process().children() if each.pid != heir), GRACE_SECONDS)
    end((each for each in descendants() if each.pid != heir), GRACE_SECONDS)
    _remove_empty_root()


def _remove_empty_root() -> None:
    """Remove the runtime directory after the last desktop, as ``casa-desktop stop`` does."""
    root = location.configured_root()
    with suppress(CasaDesktopError, OSError), locks.exclusive(root, 1.0):
        removal.remove_root_if_empty()


def _appoint_heir() -> Optional[int]:
    """Fork the successor and return its PID; None outside of a container.

    Outside, the successor would end everything on the machine.
    """
    parent = os.getppid()
    if not _CONTAINER & os.environ.keys() or namespace("mnt", parent) == namespace("mnt"):
        return None
    mounters = [each for each in _children(parent) if _name(each) in MOUNTERS]
    reader, writer = os.pipe()
    heir = os.fork()
    if heir:
        os.close(reader)
        # The successor's read() returns when this process ends, which closes the writing end.
        return heir
    os.setsid()
    os.close(writer)
    os.read(reader, 1)
    _inherit(mounters)
    os._exit(0)


def _inherit(mounters: List[psutil.Process]) -> None:
    """End everything in this container, and finally the programs that mount its files."""
    # The processes of a container share its mount namespace.
    own = namespace("mnt")
    here = [each for each in psutil.process_iter() if each.pid != os.getpid() and namespace("mnt", each.pid) == own]
    pids = {each.pid for each in here}
    # Processes with a parent here are left to their parent at first: a supervisor ends its X server last.
    _end_strangers(each for each in here if _parent(each) not in pids)
    _end_strangers(here)
    _remove_empty_root()
    _end_strangers(mounters)


def _end_strangers(processes: Iterable[psutil.Process]) -> None:
    """End processes that are not children; one that its parent has not reaped yet counts as ended."""
    strangers = list(processes)
    living: Dict[int, psutil.Process] = {}
    for each in strangers:
        with suppress(ProcessLookupError):
            descriptor = open_pid(each.pid)
            if descriptor is None:
                return end(strangers, GRACE_SECONDS)
            living[descriptor] = each
    for number in (signal.SIGTERM, signal.SIGKILL):
        for each in living.values():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)
        _wait(living, GRACE_SECONDS)


def _wait(living: Dict[int, psutil.Process], seconds: float) -> None:
    """Wait until the processes have ended, and remove those that have ended from ``living``."""
    deadline = time.monotonic() + seconds
    poller = select.poll()
    for descriptor in living:
        poller.register(descriptor, select.POLLIN)
    while living:
        ended = poller.poll(max(deadline - time.monotonic(), 0) * 1000)
        if not ended:
            return
        for descriptor, _ in ended:
            poller.unregister(descriptor)
            os.close(descriptor)
            del living[descriptor]


def _children(pid: int) -> List[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        # In a container with a PID namespace, the parent is not visible.
        return []


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        # Helper processes of the container's start may end at any moment.
        return ""


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
