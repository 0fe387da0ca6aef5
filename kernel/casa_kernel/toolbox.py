"""The native tools that draw for the tasks: started when first needed, connected, watched, replaced."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Mapping, Optional, Tuple

from casa_desktop.errors import CasaDesktopError

from . import checks, failures, preferences, screen, tools
from .children import Child, start
from .clients import make_clients
from .desk import Desk
from .errors import BadParameter, TaskFailed, ToolLost
from .tasks import DrawingTask
from .watchdog import Watchdog


class Toolbox:
    """The tools of one kernel: one of each kind without windows, and one for each display."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients = make_clients(desk.casa)
        # A client module with windows knows one process only; on each desktop there may be another one.
        self._spoken_to: Dict[Tuple[str, bool], Child] = {}

    def __contains__(self, tool: str) -> bool:
        """Tell whether the wheel of ``tool`` is installed."""
        return tool in self._clients

    @contextmanager
    def connected(self, row: DrawingTask, display: Optional[Mapping[str, str]]) -> Iterator[Child]:
        """Have ``row``'s tool running and connected within a with block; say clearly what went wrong there.

        Raises:
            BadParameter: CASA refuses a type.
            ToolLost: the tool ended in the block, or was ended because it no longer answered.
            TaskFailed: whatever else the task complains of.
        """
        child = self._running(row.tool, display)
        client = self._clients[row.tool][display is not None]
        try:
            with client.in_use(), Watchdog(child, client.answers, display is not None) as watchdog:
                yield child
        except CasaDesktopError:
            raise
        except AssertionError as error:
            # CASA's tasks check their arguments' types with assert.
            raise BadParameter(row.name, checks.explain_schema(str(error))) from error
        except (Exception, KeyboardInterrupt) as error:
            if _was_interrupted(error):
                # It would go on drawing what nobody wants, and keep the next call waiting; a window is the user's.
                if display is None:
                    child.kill()
                raise KeyboardInterrupt from error
            if display is None and _is_exhausted(error):
                # It lives on without what it would need for the next call.
                child.kill()
            if child.has_ended(within=0.5):
                raise ToolLost(row.tool, row.name, watchdog.barked, child.last_words()) from error
            raise TaskFailed(row.name, self._reason(error)) from error
        finally:
            child.used = time.monotonic()

    def wait_until_drawn(self, row: DrawingTask, within: float) -> None:
        """Wait until ``row``'s tool has drawn in its window, at most ``within`` seconds; call it while connected."""
        self._clients[row.tool][True].wait_until_drawn(within)

    def _reason(self, error: BaseException) -> str:
        said = _said(error)
        # All that plotms tells its client, whatever it was; its log knows.
        if said == "plot parameters failed.":
            said = failures.of_plotms(Path(self._desk.casa.logfile))
        return " ".join([said, *checks.full_disks()])

    def _running(self, name: str, display: Optional[Mapping[str, str]]) -> Child:
        """Return the running tool for a display, or for none, connected to its client module."""
        children, casa = self._desk.children, self._desk.casa
        key = f"{name} on {display['DISPLAY']}" if display is not None else f"{name} headless"
        cache = children.private.path / f"{name}.{'headless' if display is None else 'live'}"
        preferences.write(cache, preferences.HEADLESS if display is None else preferences.LIVE)
        child = children.get(key)
        if child is None:
            program = tools.ensure_extracted(tools.find(name), self._desk.front.say)
            needs_screen = display is None and not tools.draws_offscreen(program)
            argv = [str(program), *tools.arguments(name, casa.data_folder, casa.logfile, cache)]
            # What draws without a window may need an X server all the same.
            where = screen.environment(children, name) if needs_screen else display
            child = start(children.private, name, argv, tools.environment(os.environ, where))
            children.keep(key, child, warm=display is None)
        self._connect(name, display is not None, child)
        return child

    def _connect(self, name: str, live: bool, child: Child) -> None:
        if self._spoken_to.get((name, live)) is not child:
            self._clients[name][live].connect(child)
            self._spoken_to[name, live] = child


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
