"""The native tools that draw for the tasks: started when first needed, connected, watched, replaced."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from casa_desktop.errors import CasaDesktopError

from . import checks, preferences, proxies, screen, toolhome, tools
from .children import Child, start
from .clients import Client, make_clients
from .desk import Desk
from .errors import BadParameter, Stall, TaskFailed, ToolExhausted, ToolLost
from .logfile import has_lost
from .plotlog import NO_REASON, PlotLog
from .queues import Queue
from .tasks import DrawingTask
from .toolwindow import ToolWindow
from .watchdog import Idleness, Watchdog, is_frozen

# A tool that says that it draws, and has done nothing for so many seconds, never will.
_LOST = 4.0
# A drawing that was begun by an earlier call is waited for so many seconds.
_FORMER = 10.0
# Seconds between two looks at a drawing: so many at first, and at most so many.
_LOOKS = (0.05, 0.5)


class Toolbox:
    """The tools of one kernel: one of each kind without windows, and one for each display."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients = make_clients(desk.casa)
        # A client module with windows knows one process only; on each desktop there may be another one.
        self._spoken_to: Dict[Tuple[str, bool], Child] = {}
        # By tool: both modes of one go through the same globals of CASA's module.
        self.queues: Dict[str, Queue] = {tool: Queue() for tool in self._clients}
        # What casaplotms says of the call that is running.
        self._log: Optional[PlotLog] = None

    def __contains__(self, tool: str) -> bool:
        """Tell whether the wheel of ``tool`` is installed."""
        return tool in self._clients

    @contextmanager
    def connected(
        self, row: DrawingTask, display: Optional[Mapping[str, str]], plotrange: Sequence[float] = ()
    ) -> Iterator[Child]:
        """Have ``row``'s tool running and connected within a with block; say clearly what went wrong there.

        Call it only with the tool's queue. A plot says whether data lie in its ``plotrange``.

        Raises:
            BadParameter: CASA refuses a type.
            ToolLost: the tool ended in the block, or was ended because it did nothing of what it was told to.
            ToolExhausted: the tool, which has a window, has no memory or no thread left.
            TaskFailed: whatever else the task complains of.
        """
        child = self._running(row.tool, display)
        client = self._clients[row.tool][display is not None]
        window = None
        if display is not None:
            window = ToolWindow(child.process.pid, display)
            if not _is_ready(client, child, window):
                self._desk.front.say(f"{row.tool} did not draw what it was told to, and is started anew.")
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
            # CASA's tasks check their arguments' types with assert.
            raise BadParameter(row.name, checks.explain_schema(str(error))) from error
        except (Exception, KeyboardInterrupt) as error:
            if _was_interrupted(error):
                # It would go on drawing what nobody wants, and keep the next call waiting; a window is the user's.
                child.interrupted = live
                if not live:
                    child.kill()
                raise KeyboardInterrupt from error
            exhausted = _is_exhausted(error)
            if exhausted and not live:
                # It lives on without what it would need for the next call.
                child.kill()
            if child.has_ended(within=0.5) or watchdog.stall is not None:
                raise ToolLost(row.tool, row.name, watchdog.stall, child.last_words()) from error
            if exhausted:
                raise ToolExhausted(row.tool, row.name) from error
            raise TaskFailed(row.name, self._reason(error)) from error

    def wait_until_drawn(self, row: DrawingTask, child: Child, within: float) -> None:
        """Wait until ``row``'s tool has drawn in its window, at most ``within`` seconds; call it while connected.

        Raises:
            ToolLost: it never will, and was ended.
            TaskFailed: it could not draw it, which it tells in its window only.
        """
        client = self._clients[row.tool][True]
        if not _draws(client, child, within):
            child.kill()
            raise ToolLost(row.tool, row.name, Stall.LOST, child.last_words())
        # One that still draws has not failed.
        failure = self._log.failure() if self._log is not None and not client.is_drawing() else ""
        if failure:
            raise TaskFailed(row.name, failure)

    def reason_in_window(self, row: DrawingTask, call: Callable[[], object]) -> str:
        """Return the reason for a failure that ``row``'s tool tells in its window only, or nothing.

        Args:
            row: the task.
            call: does the same again, with a window; nobody sees it, and its tool ends with it.
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
        """Return what the window shows that ``row``'s task has just opened, as PNG; None where its tool does not tell.

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
        # All that plotms tells its client, whatever it was; its log knows.
        if said == "plot parameters failed." and self._log is not None:
            said = self._log.reason()
        return " ".join([said, *checks.full_disks()])

    def _running(self, name: str, display: Optional[Mapping[str, str]]) -> Child:
        """Return the running tool for a display, or for none, connected to its client module."""
        children, casa = self._desk.children, self._desk.casa
        # The user may have set others since the kernel's start.
        proxies.spare_tools(os.environ)
        key = f"{name} on {display['DISPLAY']}" if display is not None else f"{name} headless"
        cache = children.private.path / f"{name}.{'headless' if display is None else 'live'}"
        preferences.write(cache, preferences.HEADLESS if display is None else preferences.LIVE)
        log = toolhome.logfile(casa.logfile, children.private.path)
        child = children.get(key)
        if child is not None and display is None and (child.logfile != log or has_lost(child.process.pid, Path(log))):
            # It would go on writing into the former log; a window is the user's.
            children.drop(key)
            child = None
        if child is None:
            program = tools.ensure_extracted(tools.find(name), self._desk.front.say)
            needs_screen = display is None and not tools.draws_offscreen(program)
            argv = [str(program), *tools.arguments(name, casa.data_folder, log, cache)]
            # What draws without a window may need an X server all the same.
            where = screen.environment(children, name) if needs_screen else display
            env = tools.environment(os.environ, where)
            env.update(toolhome.home(env, children.private.path))
            child = start(children.private, name, argv, env, here=display is not None and _may_write_here())
            child.logfile = log
            children.keep(key, child, warm=display is None)
        self._connect(name, display is not None, child)
        return child

    def _connect(self, name: str, live: bool, child: Child) -> None:
        client = self._clients[name][live]
        # A tool that could not even be killed is spoken to anew.
        if self._spoken_to.get((name, live)) is not child or client.line.over:
            client.connect(child)
            self._spoken_to[name, live] = child


def _may_write_here() -> bool:
    """Tell whether this process's working folder is there and can be written."""
    try:
        return os.access(os.getcwd(), os.W_OK)
    except FileNotFoundError:
        return False


def _is_ready(client: Client, child: Child, window: ToolWindow) -> bool:
    """Wait for what a window may still be drawing for an earlier call; tell whether its tool can be used.

    One that will never have drawn it is ended: casaplotms, whose memory was at its limit for a moment, says for
    ever that it draws, and refuses everything else (2.9.1). So is one that does not even answer after an interrupt.
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
        # Of gRPC, whose classes are CASA's to import. The call itself meets what is wrong and tells it.
        return watchdog.stall is None and not child.has_ended(within=0.5)
    child.kill()
    return False


def _draws(client: Client, child: Child, within: float) -> bool:
    """Wait for a drawing, at most ``within`` seconds; return False as soon as it is known that it never will be there.

    The tool draws in a thread of its own and tells nobody when it has done; CASA's task asks it, too, once a second.
    """
    deadline, idleness, pause = time.monotonic() + within, Idleness(child), _LOOKS[0]
    while client.is_drawing() and time.monotonic() < deadline:
        if idleness.look() > _LOST:
            return False
        time.sleep(pause)
        pause = min(pause * 1.3, _LOOKS[1])
    return True


def _was_interrupted(error: Optional[BaseException]) -> bool:
    """Tell whether an error stems from a keyboard interrupt: the viewer's tasks catch that too, and raise their own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_exhausted(error: BaseException) -> bool:
    """Tell whether a tool's gRPC says that it has no memory or no thread left."""
    code = getattr(error, "code", None)
    return callable(code) and getattr(code(), "name", "") == "RESOURCE_EXHAUSTED"


def _said(error: BaseException) -> str:
    """Return an error's own words; those of gRPC are in ``details``, behind a page of others."""
    details = getattr(error, "details", None)
    said = str(details() if callable(details) else error).strip().rstrip(".") or type(error).__name__
    return f"{said}."
