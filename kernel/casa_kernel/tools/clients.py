"""Connect CASA's client modules to tools that we have started, so that they start none themselves.

CASA's own launchers wait in steps of seconds, need FUSE, and hang where there is no display. The modules have no public
way to use a tool that is already running, so we set their globals; the names are those of casaviewer 2.4 and casaplotms
2.9 (``viewertool.py``, ``plotmstool.py``). Python does not mangle module globals with two underscores.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Iterator, List, Mapping, Protocol

from ..casa.imports import Casa
from .grpc_calls import BESIDE, Line
from .processes import Child


class Client(Protocol):
    """One client module in one mode.

    Attributes:
        line: the connection that CASA's module uses.
    """

    line: Line

    def connect(self, child: Child) -> None:
        """Use ``child`` from now on."""

    def in_use(self) -> Any:
        """Return a context manager within which CASA's task uses this client."""

    def answers(self, within: float) -> bool:
        """Return whether the tool answers within the given number of seconds."""

    def is_drawing(self) -> bool:
        """Return whether the tool is still drawing in its window."""

    def write_picture(self, file: Path) -> bool:
        """Write the content of the window that the task has opened; return whether the tool can do that."""


class ViewerClient:
    """casaviewer's client module, which itself distinguishes a process with windows and one without."""

    def __init__(self, module: Any, live: bool) -> None:
        self._globals: Dict[str, Any] = vars(module)
        self._slot = "--server" if live else "--nogui"
        self._opened: List[Any] = []
        # Its ping kills a viewer that is busy for five seconds; the watchdog watches the process instead.
        self._globals["__try_check_health"] = False

    def connect(self, child: Child) -> None:
        self.line = Line(self._globals["__grpc"], child.address)
        entries = {
            "__proc": child.process,
            "__uri": child.address,
            "__channel": self.line,
            "__stub": self._globals["__img_rpc"].viewStub(self.line),
        }
        for name, value in entries.items():
            self._globals[name][self._slot] = value

    @contextmanager
    def in_use(self) -> Iterator[None]:
        names = self._globals
        opened = self._opened = []
        original = names["panel"]

        def panel(*args: Any, **kwargs: Any) -> Any:
            opened.append(original(*args, **kwargs))
            return opened[-1]

        # If CASA's tasks fail after they have opened a window, they do not close it.
        names["panel"] = panel
        try:
            yield
        except Exception:
            for each in opened:
                with suppress(names["__grpc"].RpcError):
                    names["__stub"][self._slot].close(each, timeout=BESIDE)
            raise
        finally:
            names["panel"] = original

    def is_drawing(self) -> bool:
        # The viewer answers only when it has drawn.
        return False

    def write_picture(self, file: Path) -> bool:
        names = self._globals
        # The user may have closed the window already.
        with suppress(names["__grpc"].RpcError):
            names["output"](str(file), scale=1.0, dpi=300, format="png", panel=self._opened[-1])
        return file.is_file()

    def answers(self, within: float) -> bool:
        return _answers(self._globals, self._globals["__uri"][self._slot], within)


class PlotmsClient:
    """An instance of casaplotms' client module; it can use one process only, so each mode has its own."""

    def __init__(self, tasks: Any, module: Any) -> None:
        self._tasks, self._module = tasks, module
        vars(module)["__try_check_health"] = False

    def connect(self, child: Child) -> None:
        names = vars(self._module)
        self.line = Line(names["__grpc"], child.address)
        # If these are set, the module starts nothing.
        stub = names["__plotms_rpc"].appStub(self.line)
        names.update({"__stub": stub, "__uri": child.address, "__proc": None})

    @contextmanager
    def in_use(self) -> Iterator[None]:
        former = self._tasks.pm
        self._tasks.pm = self._module
        try:
            yield
        finally:
            self._tasks.pm = former

    def is_drawing(self) -> bool:
        return bool(self._module.isDrawing())

    def write_picture(self, file: Path) -> bool:
        # casaplotms reports what it could not draw.
        return False

    def answers(self, within: float) -> bool:
        return _answers(vars(self._module), vars(self._module)["__uri"], within)


def _answers(names: Mapping[str, Any], address: str, within: float) -> bool:
    """Ping the tool at ``address`` as CASA's own client does; return whether it answers."""
    with names["__grpc"].insecure_channel(address) as channel:
        try:
            names["__ping"].PingStub(channel).now(names["__empty_p"].Empty(), timeout=within)
        except names["__grpc"].RpcError:
            return False
    return True


def _second_instance(module: ModuleType) -> ModuleType:
    """Return another instance of ``module`` with its own globals, in the same package."""
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_headless", module.__file__)
    assert spec is not None
    assert spec.loader is not None
    instance = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(instance)
    return instance


class OsWithDisplay:
    """The module ``os`` as the task plotms must see it: with a DISPLAY.

    The task refuses to run where the variable is not set, even without a window (casaplotms 2.9.1). It only checks the
    variable; the tool's process gets an environment of its own.
    """

    def getenv(self, key: str, default: Any = None) -> Any:
        return os.environ.get(key, ":none" if key == "DISPLAY" else default)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def make_clients(casa: Casa) -> Dict[str, Dict[bool, Client]]:
    """Return the clients, by tool and by whether the tool has windows; only for wheels that are installed."""
    clients: Dict[str, Dict[bool, Client]] = {}
    if casa.viewer_client is not None:
        clients["casaviewer"] = {live: ViewerClient(casa.viewer_client, live) for live in (False, True)}
    if casa.plotms_tasks is not None:
        casa.plotms_tasks.os = OsWithDisplay()
        module = casa.plotms_tasks.pm
        clients["casaplotms"] = {
            True: PlotmsClient(casa.plotms_tasks, module),
            False: PlotmsClient(casa.plotms_tasks, _second_instance(module)),
        }
    return clients


def use_up_panel_numbers(casa: Casa, address: str, count: int) -> None:
    """Make the casaviewer at ``address`` use up ``count`` panel numbers, by opening and closing hidden panels.

    Errors are ignored: the next caller that uses the viewer will meet them too.
    """
    if casa.viewer_client is None:
        return
    names = vars(casa.viewer_client)
    with names["__grpc"].insecure_channel(address) as channel:
        stub = names["__img_rpc"].viewStub(channel)
        try:
            for _ in range(count):
                new = names["__img_p"].NewPanel(hidden=True, type="viewer")
                stub.close(stub.panel(new, timeout=BESIDE), timeout=BESIDE)
        except names["__grpc"].RpcError:
            return
