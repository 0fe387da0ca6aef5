"""The first process of a container whose processes are the host's, as Apptainer's are: it leaves nothing behind.

``python -m casa_desktop.steward PROGRAM ARGUMENT…`` runs a program to its end, passes signals on to it, and ends what
it has left: desktops go with their container, though Jupyter servers and kernels may come and go in it. Where
processes are the container's own, as Docker's, the kernel does that by itself.

If the steward is killed, its *heir* ends everything in the container: a second process, that waits for just that.
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

from . import locks, roots, runtime
from .descriptors import readable
from .errors import CasaDesktopError
from .process import adopt_orphans, descendants, end, namespace, open_pid
from .signals import Signals

# A supervisor takes up to six seconds to end its desktop, usually half a second.
GRACE_SECONDS = 8.0
# What Apptainer mounts an image with. These run beside the container, and stay when Apptainer itself is killed (1.4.5).
MOUNTERS = ("fuse-overlayfs", "fuse2fs", "gocryptfs", "squashfuse", "squashfuse_ll")
# Apptainer sets both, older ones and SingularityCE the second.
_CONTAINER = {"APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"}
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def main(argv: Sequence[str]) -> int:
    """Run ``argv`` until it ends, and end what is left of it; return its exit status as a shell tells it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD, *_PASSED_ON))
    adopt_orphans()
    heir = _appoint_heir()
    # Not sigwait(3): after SIGSTOP and SIGCONT it has returned numbers of no signal, and the signal was lost.
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
        # Before us: whatever runs longer than we do has no files any more.
        os.kill(heir, signal.SIGKILL)
        os.waitpid(heir, 0)
    return status


def _has_terminal() -> bool:
    """Tell whether there is a terminal whose keys' signals come to us."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _in_its_own_group(in_foreground: bool) -> None:
    """Keep the program apart from us: its terminal's signals come to it once, and not through us as well."""
    os.setpgid(0, 0)
    if in_foreground:
        _take_terminal()
    for number in (signal.SIGCHLD, *_PASSED_ON):
        # Ours would take them until the program has begun.
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _take_terminal() -> None:
    """Give the terminal to our own group."""
    with suppress(OSError):
        # Who is not in the foreground yet is stopped for it, unless the signal is blocked.
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
    """Take note of all children that have ended, adopted ones among them; return the program's status if it has."""
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
    """End our children, which have been told first that it is time, and then whatever they leave."""
    end((each for each in psutil.Process().children() if each.pid != heir), GRACE_SECONDS)
    end((each for each in descendants() if each.pid != heir), GRACE_SECONDS)
    _remove_empty_root()


def _remove_empty_root() -> None:
    """Remove the runtime directory with its last desktop, as a desktop that is stopped by its user does."""
    root = roots.configured_root()
    with suppress(CasaDesktopError, OSError), locks.exclusive(root, 1.0):
        runtime.remove_root_if_empty()


def _appoint_heir() -> Optional[int]:
    """Fork the heir and return its pid; None where there is no container, and all the machine is around us."""
    parent = os.getppid()
    if not _CONTAINER & os.environ.keys() or namespace("mnt", parent) == namespace("mnt"):
        return None
    mounters = [each for each in _children(parent) if _name(each) in MOUNTERS]
    reader, writer = os.pipe()
    heir = os.fork()
    if heir:
        os.close(reader)
        # The writing end is open until we end.
        return heir
    os.setsid()
    os.close(writer)
    os.read(reader, 1)
    _inherit(mounters)
    os._exit(0)


def _inherit(mounters: List[psutil.Process]) -> None:
    """End everything in this container, and at last what mounts its files."""
    # A container's processes have its mounts.
    own = namespace("mnt")
    here = [each for each in psutil.process_iter() if each.pid != os.getpid() and namespace("mnt", each.pid) == own]
    pids = {each.pid for each in here}
    # Who has parents here is theirs to end: a supervisor's X server goes last.
    _end_strangers(each for each in here if _parent(each) not in pids)
    _end_strangers(here)
    _remove_empty_root()
    _end_strangers(mounters)


def _end_strangers(processes: Iterable[psutil.Process]) -> None:
    """End processes that are not our children: whose parent is slow to notice is dead nevertheless."""
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
    """Wait until the processes have ended, and remove those that have."""
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
        # A container with processes of its own sees no parent.
        return []


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        # A helper of the container's start may end at any moment.
        return ""


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
