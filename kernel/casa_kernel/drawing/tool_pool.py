"""Run the native tools that draw for the tasks: start, connect, watch and replace them."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from casa_desktop.errors import CasaDesktopError

from ..casa import proxies
from ..checks import disk_space, inputs
from ..errors import BadParameter, Stall, TaskFailed, ToolExhausted, ToolLost
from ..log.file import has_lost
from ..log.plotms_messages import NO_REASON, PlotLog
from ..tools import home_folder, launch
from ..tools.clients import Client, make_clients
from ..tools.processes import Child
from ..tools.stalls import Idleness, Watchdog, is_frozen
from ..tools.tool_window import ToolWindow
from .catalogue import DrawingTask
from .context import Desk
from .turns import Queue

# A tool that reports that it is drawing, but has done nothing for this many seconds, will never finish.
_LOST = 4.0
# Wait this many seconds for a drawing that an earlier call has begun.
_FORMER = 10.0
# Seconds between two looks at a drawing: at first, and at most.
_LOOKS = (0.05, 0.5)


class Toolbox:
    """The tools of one kernel: one of each kind without windows, and one of each kind for each display."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients = make_clients(desk.casa)
        # A client module with windows can be connected to one process only; each desktop may have another one.
        self._spoken_to: Dict[Tuple[str, bool], Child] = {}
        # By tool: both modes of a tool use the same globals of CASA's module.
        self.queues: Dict[str, Queue] = {tool: Queue() for tool in self._clients}
        # The messages of casaplotms during the current call.
        self._log: Optional[PlotLog] = None

    def __contains__(self, tool: str) -> bool:
        """Return whether the wheel of ``tool`` is installed."""
        return tool in self._clients

    @contextmanager
    def connected(
        self, row: DrawingTask, display: Optional[Mapping[str, str]], plotrange: Sequence[float] = ()
    ) -> Iterator[Child]:
        """Run and connect ``row``'s tool within a with block, and turn failures there into clear errors.

        Call it only while holding the tool's queue. For a plot, the user reads whether data lie in its ``plotrange``.

        Raises:
            BadParameter: CASA refuses a type.
            ToolLost: the tool ended in the block, or was ended because it did not do its work.
            ToolExhausted: the tool, which has a window, has no memory or no thread left.
            TaskFailed: any other error of the task.
        """
        child = self._running(row.tool, display)
        client = self._clients[row.tool][display is not None]
        window = None
        if display is not None:
            window = ToolWindow(child.process.pid, display)
            if not _is_ready(client, child, window):
                self._desk.front.say(f"{row.tool} did not draw, and is restarted.")
                child = self._running(row.tool, display)
                window = ToolWindow(child.process.pid, display)
        child.busy = True
        try:
            with ExitStack() as stack:
                if row.tool == "casaplotms":
                    self._log = stack.enter_context(PlotLog(child.process.pid, child.logfile))
                with self._failures_told(row, child, client, window):
                    yield child
                if self._log is not None:
                    for remark in self._log.remarks(plotrange):
                        self._desk.front.say(f"{row.name}: {remark}")
        finally:
            self._log = None
            child.busy = False
            child.used = time.monotonic()

    @contextmanager
    def _failures_told(
        self, row: DrawingTask, child: Child, client: Client, window: Optional[ToolWindow]
    ) -> Iterator[None]:
        watchdog, live = Watchdog(child, client, window, self._desk.front.say), window is not None
        try:
            with client.in_use(), watchdog:
                yield
        except CasaDesktopError:
            raise
        except AssertionError as error:
            # CASA's tasks check the types of their arguments with assert.
            raise BadParameter(row.name, inputs.explain_schema(str(error))) from error
        except (Exception, KeyboardInterrupt) as error:
            if _was_interrupted(error):
                # The tool would go on drawing, and delay the next call. One with a window is left to the user.
                child.interrupted = live
                if not live:
                    child.kill()
                raise KeyboardInterrupt from error
            exhausted = _is_exhausted(error)
            if exhausted and not live:
                # It is still running, but without the memory or threads that the next call needs.
                child.kill()
            if child.has_ended(within=0.5) or watchdog.stall is not None:
                raise ToolLost(row.tool, row.name, watchdog.stall, child.last_words()) from error
            if exhausted:
                raise ToolExhausted(row.tool, row.name) from error
            raise TaskFailed(row.name, self._reason(error)) from error

    def wait_until_drawn(self, row: DrawingTask, child: Child, within: float) -> None:
        """Wait until ``row``'s tool has drawn in its window, at most ``within`` seconds; call it while connected.

        Raises:
            ToolLost: the tool will never draw it, and was ended.
            TaskFailed: the tool could not draw it, and shows the reason only in its window.
        """
        client = self._clients[row.tool][True]
        if not _draws(client, child, within):
            child.kill()
            raise ToolLost(row.tool, row.name, Stall.LOST, child.last_words())
        # A tool that is still drawing has not failed.
        failure = self._log.failure() if self._log is not None and not client.is_drawing() else ""
        if failure:
            raise TaskFailed(row.name, failure)

    def reason_in_window(self, row: DrawingTask, call: Callable[[], object]) -> str:
        """Return the reason for a failure that ``row``'s tool shows only in its window, or an empty string.

        Args:
            row: the task.
            call: repeats the failed call with a window. The window is not visible, and its tool ends afterwards.
        """
        with self.connected(row, None) as child:
            try:
                call()
                client = self._clients[row.tool][False]
                reason = self._log.failure() if self._log is not None and _draws(client, child, _FORMER) else ""
            finally:
                child.kill()
        return reason if reason != NO_REASON else ""

    def seen(self, row: DrawingTask) -> Optional[bytes]:
        """Return the window that ``row``'s task has just opened as PNG; None if its tool cannot write it.

        Call it while connected.
        """
        folder = self._desk.children.private.new_folder("seen")
        try:
            file = folder / "window.png"
            return file.read_bytes() if self._clients[row.tool][True].write_picture(file) else None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _reason(self, error: BaseException) -> str:
        said = _said(error)
        # plotms reports every failure to its client with this message; the reason is in its log.
        if said == "plot parameters failed." and self._log is not None:
            said = self._log.reason()
        return " ".join([said, *disk_space.full_disks()])

    def _running(self, name: str, display: Optional[Mapping[str, str]]) -> Child:
        """Return the running tool for a display, or for none, connected to its client module."""
        children, casa = self._desk.children, self._desk.casa
        # The user may have set other proxies since the kernel started.
        proxies.spare_tools(os.environ)
        key = f"{name} on {display['DISPLAY']}" if display is not None else f"{name} headless"
        cache = launch.cache(children, name, display is not None)
        log = home_folder.logfile(casa.logfile, children.private.path)
        child = children.get(key)
        if child is not None and display is None and (child.logfile != log or has_lost(child.process.pid, Path(log))):
            # It would go on writing into the former log. A tool with a window is left to the user.
            children.drop(key)
            child = None
        if child is None:
            here, say = display is not None and _may_write_here(), self._desk.front.say
            child = launch.launch(
                children, name, display, data=casa.data_folder, log=log, cache=cache, here=here, say=say
            )
            child.logfile = log
            children.keep(key, child, warm=display is None)
        self._connect(name, display is not None, child)
        return child

    def _connect(self, name: str, live: bool, child: Child) -> None:
        client = self._clients[name][live]
        # After a hang-up the line is unusable: a tool that could not even be killed needs a new connection.
        if self._spoken_to.get((name, live)) is not child or client.line.over:
            client.connect(child)
            self._spoken_to[name, live] = child


def _may_write_here() -> bool:
    """Return whether this process's working folder exists and is writable."""
    try:
        return os.access(os.getcwd(), os.W_OK)
    except FileNotFoundError:
        return False


def _is_ready(client: Client, child: Child, window: ToolWindow) -> bool:
    """Wait for a drawing that an earlier call has begun; return whether the tool can be used.

    A tool that will never finish is ended: once its memory was at its limit for a moment, casaplotms reports for ever
    that it is drawing, and refuses everything else (2.9.1). A tool that does not answer after an interrupt is ended
    too.
    """
    was_interrupted, child.interrupted = child.interrupted, False
    watchdog = Watchdog(child, client, window)
    try:
        with watchdog:
            if not (was_interrupted and is_frozen(child, client, window)) and _draws(client, child, _FORMER):
                return True
    except Exception as error:
        if _was_interrupted(error):
            raise KeyboardInterrupt from error
        # These are gRPC's errors, whose classes only CASA imports. The call itself will meet the same problem and
        # report it.
        return watchdog.stall is None and not child.has_ended(within=0.5)
    child.kill()
    return False


def _draws(client: Client, child: Child, within: float) -> bool:
    """Wait for a drawing, at most ``within`` seconds; return False as soon as it is clear that it will never finish.

    The tool draws in a thread of its own and sends no message when it has finished; CASA's task also polls, once a
    second.
    """
    deadline, idleness, pause = time.monotonic() + within, Idleness(child), _LOOKS[0]
    while client.is_drawing() and time.monotonic() < deadline:
        if idleness.look() > _LOST:
            return False
        time.sleep(pause)
        pause = min(pause * 1.3, _LOOKS[1])
    return True


def _was_interrupted(error: Optional[BaseException]) -> bool:
    """Return whether an error stems from a keyboard interrupt: the viewer's tasks catch it and raise their own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_exhausted(error: BaseException) -> bool:
    """Return whether a tool's gRPC error means that it has no memory or no thread left."""
    code = getattr(error, "code", None)
    return callable(code) and getattr(code(), "name", "") == "RESOURCE_EXHAUSTED"


def _said(error: BaseException) -> str:
    """Return the message of an error; gRPC has the useful part in ``details``, its text is a page long."""
    details = getattr(error, "details", None)
    said = str(details() if callable(details) else error).strip().rstrip(".") or type(error).__name__
    return f"{said}."
