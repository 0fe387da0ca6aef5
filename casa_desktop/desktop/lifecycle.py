"""Start and stop desktops: used by the page, the kernel and the command line.

The functions block; their docstrings give the usual time.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Sequence

from .. import errors, names
from ..runtime import directory, removal
from ..runtime.exit_reason import forget_last_words
from ..runtime.location import configured_root, is_private, others
from ..runtime.record import Record, read_record
from ..runtime.settings import Settings
from ..system import locks, messages
from ..x11 import displays
from ..x11.icewm import display_environment
from . import cleanup, control, open_url, starting, x_server_source
from .registry import DEFAULT_NAME, find, living, running

if TYPE_CHECKING:
    from ..containers.container import Container


def ensure(
    name: str = DEFAULT_NAME,
    *,
    settings: Optional[Settings] = None,
    timeout: float = 20.0,
    spare: Optional[Container] = None,
) -> Record:
    """Return the record of the desktop ``name``; start it if it is not running. Safe for concurrent processes.

    If the X server of a running desktop has died, wait for the next one, which the supervisor starts.

    The X server comes from the configured container (``desktop.x_server_source``), else from this machine, else from
    ``spare``. Within a container, the launcher outside starts the desktop, so that the desktop outlives the container.
    Within a kernel's private network namespace, the kernel's host helper starts it, so that the desktop is in the
    machine's network.

    Args:
        name: the desktop's name.
        settings: choices for a new desktop; a running one keeps its own.
        timeout: how long the start may take in all, in seconds; about 0.4 s is usual.
        spare: a container that may run the desktop if this machine has no X server.

    Raises:
        NotAnswering: the desktop is running without an X server.
        TooManyDesktops: as many run as the settings allow.
        CasaDesktopError: a program is missing, or the desktop did not start; then no process is left running.
    """
    deadline = time.monotonic() + timeout
    running = _found(name, deadline)
    if running is not None:
        return running
    outside = os.environ.get(names.OUTSIDE) or os.environ.get(names.HOST_HELPER)
    if outside:
        return _ask(outside, name, settings or Settings(), timeout)
    with _alone(timeout) as held:
        running = _found(name, deadline)
        if running is not None:
            return running
        settings = settings or Settings()
        _check_number(name, settings.most_desktops)
        return _start(name, settings, deadline, _container(spare), held)


def _check_number(name: str, most: int) -> None:
    """Check that one more desktop may run; while no other process starts or ends one."""
    if not most:
        return
    others = [each.name for each in directory.everywhere() if each.name != name and living(each) is not None]
    if len(others) >= most:
        raise errors.TooManyDesktops(name, most, others)


@contextmanager
def _alone(timeout: float) -> Iterator[List[int]]:
    """Keep this user's other processes from starting and ending desktops, whichever root they use.

    Yields:
        The descriptors of the locks. A supervisor holds them as well, until it has started.
    """
    deadline = time.monotonic() + timeout
    all_roots = {directory.runtime_root(), *filter(is_private, others())}
    held = []
    with ExitStack() as stack:
        # Every process locks in the same order; otherwise two could wait for each other.
        for root in sorted(all_roots):
            if locks.is_held(root):
                control.wake_beginners()
            held.append(stack.enter_context(locks.exclusive(root, max(deadline - time.monotonic(), 0))))
        yield held


def _found(name: str, deadline: float) -> Optional[Record]:
    """Return the record of the desktop if it is running; wait until it has an X server."""
    record = find(name)
    if record is None or control.has_x_server(record):
        return record
    return control.await_x_server(record, max(deadline - time.monotonic(), 0))


def _ask(outside: str, name: str, settings: Settings, timeout: float) -> Record:
    """Request a desktop from the launcher of our container, or from the host helper of our kernel."""
    asked = {"name": directory.checked_name(name), "settings": asdict(settings), "timeout": timeout}
    answer = messages.ask(outside, messages.Word("ensure", asked), timeout + 2 * starting.LAST_WORD_SECONDS)
    if answer.kind != "done":
        raise starting.reported({**answer.value, "error": answer.value["text"]})
    return running(name)


def _container(spare: Optional[Container]) -> Optional[Container]:
    """Return the container in which desktops run; None for this machine itself."""
    configured, where = x_server_source.chosen(os.environ)
    if where or x_server_source.own_program():
        return configured
    # A bwrap sandbox has the same programs as this machine, so no X server either.
    return spare if spare is not None and spare.image else None


def _start(
    name: str, settings: Settings, deadline: float, container: Optional[Container], held: Sequence[int]
) -> Record:
    at = directory.places(name)
    remaining = max(deadline - time.monotonic(), 0)
    if control.await_record(at, remaining) is not None:
        mended = _found(name, deadline)
        if mended is not None:
            return mended
    if not locks.wait_until_free(at.folder, max(deadline - time.monotonic(), 0)):
        raise errors.StartTimeout(name, remaining, "the former desktop's end")
    at = directory.places(name)
    for each in directory.everywhere():
        # A dead desktop's folder may be in another root.
        if each.name == name:
            cleanup.bury(each)
    displays.prepare_sockets()
    try:
        at.folder.mkdir(mode=0o700)
        report = starting.supervised(at, settings, deadline, container, held)
    except OSError as error:
        # No process has been started, and no other process starts one while the root is locked. If no descriptor is
        # left, only the empty folder can be removed, and there is nothing else to remove.
        with suppress(OSError):
            at.folder.rmdir()
        removal.clear(at.folder)
        reason = errors.Shortage.of(error, at.folder) or f"{error.strerror}: {error.filename or at.folder}"
        raise errors.StartFailed(name, str(reason)) from error
    finally:
        # Not earlier: a page that checks meanwhile would take the lost desktop for one that was stopped.
        forget_last_words(name)
    if report.get("error"):
        raise starting.reported(report)
    record = read_record(at.record)
    if record is None:
        raise errors.StartFailed(name, "it ended as soon as it had started")
    return record


def stop(name: str = DEFAULT_NAME, *, timeout: float = 10.0) -> bool:
    """End the desktop ``name`` and all programs on it; return False if it was not running.

    Args:
        name: the desktop's name.
        timeout: how long its supervisor may take before it is killed, in seconds; 0.5 s is usual.

    Raises:
        StopFailed: the desktop still runs after it was killed, or was started outside of this container.
    """
    with _alone(timeout):
        at = directory.places(name)
        deadline = time.monotonic() + timeout
        record = living(at) or control.await_record(at, timeout)
        timeout = max(deadline - time.monotonic(), 1)
        if record is not None:
            control.end_supervisor(record, at, timeout)
        else:
            control.end_beginner(at, timeout)
        cleanup.bury(at)
        forget_last_words(name)
        for root in {at.folder.parent, configured_root()}:
            removal.remove_root_if_empty(root)
    return record is not None


def environment(record: Record) -> Dict[str, str]:
    """Return the variables with which an X program opens its windows on the desktop, and its links in the views."""
    browsers = open_url.environment(record.at, os.environ)
    return {**display_environment(record.display, Path(record.xauthority)), **browsers}
