"""Keeps the results of calls, where it can be in the background: the user need not wait until all is read and stored.

It is left to a thread where the disk shows each change of a file. What the user's own code changes before all is kept
is noticed, and then the result is not kept.

The thread has no lower priority: on a busy machine the next call might wait for it for minutes, because only root can
raise it again; and it might hold Python's lock meanwhile, for which all else waits. It imports nothing: while CASA
loads a library, another thread that did so as well would wait for it for ever.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Callable, Mapping, Optional

from casa_desktop.errors import CasaDesktopError, StateUnknown
from casa_desktop.store.models import Record, State
from casa_desktop.store.states import Stat, stat_of
from casa_desktop.system import threads

from . import after
from .before import Call
from .said import said
from .session import RAN, Session, Story

# So long the user waits for it in any case, in seconds, and such a part of the call's own time: most is kept by then.
_PATIENCE, _PART = 0.005, 0.005
# At least as many bytes are not read within a second; what takes longer than the user waits is not waited for at all.
_FAST = 1e9


class Keeper:
    """Keeps one result at a time.

    Args:
        session: where the story of each call is told.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._done = threading.Event()
        self._done.set()
        self._process = os.getpid()

    def keep(self, call: Call, reason: str, outputs: after.Outputs, record: Record) -> None:
        """Keep the result of a call that has just been made, or say in its story why not.

        Args:
            call: the call.
            reason: why it was made, if that is to be said.
            outputs: what it has made or changed.
            record: of the call, without the states of its outputs.
        """
        place = self._session.add(Story(call.task, call.cell, RAN, reason, "it is being kept", call.parts, call.before))
        work = partial(self._keep, call, reason, outputs, record, place)
        # What lies elsewhere, and an input refers to, is not watched.
        inside = not any(state.beside for state in call.before.values())
        if inside and call.store.may_keep_later(outputs):
            # Without a thread it is kept now; and what cannot be looked at is not kept, which is said below.
            with suppress(RuntimeError, StateUnknown):
                pins = {path: stat_of(path) for path in outputs}
                self._begin(partial(work, pins), patience(call, pins, record.seconds))
                return
        work({})

    def settle(self, patience: Optional[float] = None) -> None:
        """Wait until the last result is kept, or is not; at most ``patience`` seconds, if they are given."""
        # A process that was forked meanwhile has no such thread.
        if os.getpid() == self._process:
            self._done.wait(patience)

    def _begin(self, work: Callable[[], None], patience: float) -> None:
        self.settle()
        done = self._done = threading.Event()

        def run() -> None:
            try:
                work()
            finally:
                done.set()

        try:
            threads.Joinable(run)
        except RuntimeError:
            done.set()
            raise
        done.wait(patience)

    def _keep(
        self, call: Call, reason: str, outputs: after.Outputs, record: Record, place: int, pins: Mapping[str, Stat]
    ) -> None:
        made: Mapping[str, State] = {}
        unkept = "it was interrupted while it was kept"
        try:
            made = after.states(call, outputs, pins)
            call.store.keep(replace(record, after=made), record.seconds)
            unkept = ""
        except (CasaDesktopError, OSError, MemoryError) as error:
            unkept = said(error) or "there is not enough memory to keep it"
        finally:
            story = Story(call.task, call.cell, RAN, reason, unkept, call.parts, call.before, made)
            self._session.replace(place, story)


def patience(call: Call, pins: Mapping[str, Stat], seconds: float) -> float:
    """Return how long the user waits for a result, in seconds; not at all for one that is not read by then.

    Args:
        call: that has made it.
        pins: what ``stat_of`` returned of each of its outputs.
        seconds: how long the call took.
    """
    most = _PATIENCE + _PART * seconds
    folders = [(os.path.realpath(path), pin[1]) for path, pin in pins.items() if pin is not None]
    unread = sum(
        call.store.digests.unread(f"{root}/{folder}" if folder else root, files)
        for root, found in folders
        for folder, files in found.items()
    )
    return most if unread < most * _FAST else 0.0
