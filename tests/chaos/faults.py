"""What is done to a victim, and how it is undone."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import psutil

from ..support.thread_stop import StoppedThread
from .disks import Disk
from .inotify_limit import InotifyLimit
from .plan import ENDS, Action

_LIMITS = {Action.FILES: psutil.RLIMIT_NOFILE, Action.MEMORY: psutil.RLIMIT_AS}


class Fault:
    """Something done to processes, or to a disk, until ``release``; killed they stay.

    Args:
        action: what.
        victims: to which processes.
        disk: what FILL fills.
        file: what REMOVE removes.
        inotify: what BLIND leaves without an instance.
    """

    def __init__(
        self,
        action: Action,
        victims: Sequence[psutil.Process],
        disk: Disk,
        file: Optional[Path] = None,
        inotify: Optional[InotifyLimit] = None,
    ) -> None:
        self.action, self._disk, self._inotify = action, disk, inotify
        self._limits: List[Tuple[psutil.Process, Any]] = []
        self._frozen: List[StoppedThread] = []
        self.victims = list(victims)
        if action is Action.FILL:
            disk.fill()
        if file is not None and action is Action.REMOVE:
            file.unlink()
        if inotify is not None and action is Action.BLIND:
            inotify.exhaust()
        for each in self.victims:
            # It may be on its way out by itself.
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                self._hit(each)

    def _hit(self, victim: psutil.Process) -> None:
        if self.action in ENDS:
            victim.kill()
        elif self.action is Action.STOP:
            victim.suspend()
        elif self.action is Action.FREEZE:
            self._frozen.append(StoppedThread(victim.pid))
        else:
            kind = _LIMITS[self.action]
            now = victim.num_fds() if self.action is Action.FILES else victim.memory_info().vms
            before = victim.rlimit(kind)
            self._limits.append((victim, before))
            # What it has it keeps; the hard limit stays, so that the soft one can be raised again.
            victim.rlimit(kind, (now, before[1]))

    def release(self) -> None:
        """Undo it, as far as it can be."""
        if self.action is Action.FILL:
            self._disk.free()
        if self._inotify is not None and self.action is Action.BLIND:
            self._inotify.restore()
        for victim, before in self._limits:
            with suppress(psutil.NoSuchProcess):
                victim.rlimit(_LIMITS[self.action], before)
        for each in self._frozen:
            each.go_on()
        if self.action is Action.STOP:
            for victim in self.victims:
                with suppress(psutil.NoSuchProcess):
                    victim.send_signal(signal.SIGCONT)
