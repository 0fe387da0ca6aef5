"""Changes to CASA's modules in a process that a notebook has started.

The process has its own native tools, which draw without a window and end with it. A task that needs a window raises an
error at once, unless there is a display. A task that needs a user at the window always raises one, because the notebook
can run it.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import sys
import threading
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional

from ..casa import imports, proxies
from ..errors import ForkedProcess, NoWindowHere
from ..tools import appimages, home_folder, launch
from ..tools.children import Children
from ..tools.clients import OsWithDisplay
from ..tools.processes import Child
from .catalogue import INTERACTIVE_TASKS
from .viewer_task import make_viewer

_OFF = (None, False, 0, "", "none")
_INTO_FILE = "Name a file, with imview's out or msview's outfile, and it is drawn there"
# Our own entry in casaplotms' client module: whether its tool has windows.
_LIVE_PLOTMS = "casa_desktop_live"
_LIVE = {"--server": True, "--nogui": False}


class Tools:
    """The tools of this process, started when they are needed."""

    def __init__(self) -> None:
        self._children: Optional[Children] = None
        self._guard = threading.RLock()
        self._forget: List[Callable[[], None]] = []
        self._forked = False
        os.register_at_fork(after_in_child=self._after_fork)

    def on_fork(self, forget: Callable[[], None]) -> None:
        """Call ``forget`` in a process that is forked from this one, which must not use the tools of its parent."""
        self._forget.append(forget)

    def _after_fork(self) -> None:
        # gRPC, which has threads in the parent, works in a forked process only if the parent had not used it yet.
        self._forked = self._forked or self._children is not None
        self._children, self._guard = None, threading.RLock()
        for forget in self._forget:
            forget()

    def start(self, name: str, live: bool) -> Child:
        """Start the tool and return it.

        Raises:
            ForkedProcess: gRPC would hang here.
            CasaDesktopError: it cannot be started; the error gives the reason.
        """
        if self._forked:
            raise ForkedProcess(name)
        with self._guard:
            if self._children is None:
                self._children = Children()
                # Runs before CASA's own exit functions. If the process is killed, the guard ends its tools.
                atexit.register(self._children.close)
            return self._start(name, live, self._children)

    def _start(self, name: str, live: bool, children: Children) -> Child:
        proxies.spare_tools(os.environ)
        data, log = imports.data_and_log()
        child = launch.launch(
            children,
            name,
            appimages.display_here() if live else None,
            data=data,
            log=home_folder.logfile(log, children.private.path),
            cache=launch.cache(children, name, live),
            # A tool ends if it cannot write its scratch tables.
            here=os.access(os.curdir, os.W_OK),
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
        children.keep(f"{name} {live}", child)
        return child


_TOOLS = Tools()


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY"))


def change(name: str, module: ModuleType) -> None:
    """Change the CASA module ``name``, one of ``drawing.child_start.MODULES``, which has just been executed."""
    _CHANGES[name](module)


def _change_viewer_client(module: ModuleType) -> None:
    names = vars(module)
    # Its ping kills a viewer that is busy for five seconds.
    names["__try_check_health"] = False

    def launch(server: str = "--server") -> str:
        if _LIVE[server] and not _has_display():
            raise NoWindowHere("casaviewer", _INTO_FILE)
        child = _TOOLS.start("casaviewer", _LIVE[server])
        names["__proc"][server], names["__uri"][server] = child.process, child.address
        return child.address

    def forget() -> None:
        for table in ("__proc", "__uri", "__channel", "__stub"):
            names[table].update(dict.fromkeys(_LIVE))

    names["__launch"] = launch
    _TOOLS.on_fork(forget)


def _change_view(name: str, module: ModuleType) -> None:
    """Make a task of casaviewer draw without a window, or raise a clear error; its own one would be misleading."""
    original = getattr(module, name)
    signature = inspect.signature(original)

    def task(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        if not _has_display():
            if not (given.arguments.get("out") or given.arguments.get("outfile")):
                raise NoWindowHere(name, _INTO_FILE)
            if "gui" in given.arguments:
                given.arguments["gui"] = False
        return original(*given.args, **given.kwargs)

    setattr(module, name, task)


def _change_plotms_client(module: ModuleType) -> None:
    names = vars(module)
    names["__try_check_health"] = False

    def launch(uri: Optional[str] = None) -> str:
        if uri is None:
            child = _TOOLS.start("casaplotms", names[_LIVE_PLOTMS])
            names["__proc"], uri = child.process, child.address
        names["__uri"] = uri
        return uri

    names[_LIVE_PLOTMS], names["__launch"] = False, launch
    _TOOLS.on_fork(functools.partial(_forget_plotms, names))


def _forget_plotms(names: Dict[str, Any]) -> None:
    """Make casaplotms' client module start another tool when it needs one."""
    names.update({"__proc": None, "__uri": None, "__stub": None})


def _change_plotms(module: ModuleType) -> None:
    # It refuses to run where DISPLAY is not set, even without a window (casaplotms 2.9.1).
    module.os = OsWithDisplay()  # type: ignore[attr-defined]
    original = module.plotms
    signature = inspect.signature(original)

    @functools.wraps(original)
    def plotms(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        if given.arguments["showgui"] and not _has_display():
            if not given.arguments["plotfile"]:
                raise NoWindowHere("plotms", "Give plotfile='plot.png' and showgui=False, and it is drawn into a file")
            # There is no display for the window, but the file can be written.
            given.arguments["showgui"] = False
        if isinstance(given.arguments["plotfile"], str) and given.arguments["plotfile"]:
            # The tool's working folder stays the one in which it was started.
            given.arguments["plotfile"] = os.path.abspath(given.arguments["plotfile"])
        names, live = vars(module.pm), bool(given.arguments["showgui"])
        if names[_LIVE_PLOTMS] != live:
            # A tool with a window closes it when it is to draw without one; a tool without cannot open one later.
            _forget_plotms(names)
            names[_LIVE_PLOTMS] = live
        return original(*given.args, **given.kwargs)

    module.plotms = plotms  # type: ignore[attr-defined]


def _add_viewer(module: ModuleType) -> None:
    """Add the task of CASA 4 and 5, which the notebook has, to casaviewer: it is pickled by this name."""
    if not hasattr(module, "viewer"):
        module.viewer = make_viewer(module.viewertool)  # type: ignore[attr-defined]


def _refuse_window(name: str, module: ModuleType) -> None:
    original = getattr(module, name)

    @functools.wraps(original)
    def task(*args: Any, **kwargs: Any) -> Any:
        if not _has_display():
            raise NoWindowHere(name, "It is nothing but a window")
        return original(*args, **kwargs)

    setattr(module, name, task)


def _refuse_hands(name: str, switch: str, module: ModuleType) -> None:
    original = getattr(module, name)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def task(*args: Any, **kwargs: Any) -> Any:
        if signature.bind_partial(*args, **kwargs).arguments.get(switch) not in _OFF:
            raise NoWindowHere(name, f"{switch} needs somebody at a window")
        return original(*args, **kwargs)

    setattr(module, name, task)


_CHANGES: Dict[str, Callable[[ModuleType], None]] = {
    "casaviewer": _add_viewer,
    "casaviewer.private.task_imview": functools.partial(_change_view, "imview"),
    "casaviewer.private.task_msview": functools.partial(_change_view, "msview"),
    "casaviewer.private.viewertool": _change_viewer_client,
    "casaplotms.private.plotmstool": _change_plotms_client,
    "casaplotms.private.task_plotms": _change_plotms,
    "casalogger": functools.partial(_refuse_window, "casalogger"),
    "casatablebrowser": functools.partial(_refuse_window, "browsetable"),
    "casafeather": functools.partial(_refuse_window, "casafeather"),
    **{
        f"casatasks.private.task_{row.name}": functools.partial(_refuse_hands, row.name, row.switch)
        for row in INTERACTIVE_TASKS
    },
}
