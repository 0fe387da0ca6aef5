"""Import CASA, once.

Call ``prepare`` before the import: CASA reads its configuration and the command line while it is being imported, and
cannot be changed afterwards.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Callable, Dict, Mapping, MutableMapping, Optional, Tuple

from ..errors import CasaMissing
from ..log.file import reserve
from . import (
    compatibility,
    deferred_tasks,
    grpc_messages,
    import_hook,
    matplotlib_backend,
    namespace,
    numeric_locale,
    proxies,
)
from .task_names import WHEELS
from .task_object import stock_of

_PROTOBUF = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
_SITE_CONFIGS = (Path("/opt/casa/casasiteconfig.py"), Path("/home/casa/casasiteconfig.py"))


@dataclass(frozen=True)
class Casa:
    """An imported CASA.

    Attributes:
        version: of casatasks, like ``6.7.0.31``.
        names: the names for the notebook's namespace: CASA's own tasks, tools, instances of tools, ``casalog``,
            ``ctsys``.
        gui_tasks: CASA's own tasks that draw, by name, for those wheels that are installed and have them.
        viewer_client: the client module of casaviewer; None without its wheel.
        plotms_tasks: the module that holds the task plotms; None without its wheel.
        faults: the native tools whose wheels are installed but cannot be imported, each with a sentence that gives the
            reason and the remedy.
    """

    version: str
    names: Dict[str, Any]
    gui_tasks: Dict[str, Any]
    viewer_client: Any
    plotms_tasks: Any
    faults: Dict[str, str]

    @property
    def logfile(self) -> str:
        """The path of this session's log."""
        return str(self.names["casalog"].logfile())

    @property
    def data_folder(self) -> str:
        """The folder of CASA's run-time data."""
        return str(self.names["ctsys"].rundata())


def prepare(environ: MutableMapping[str, str]) -> None:
    """Set the environment variables that CASA reads while it is imported, unless the user has set them."""
    numeric_locale.use_points(environ)
    proxies.spare_tools(environ)
    # The wheels' gRPC classes were made with protobuf 3.20 or older; newer protobufs accept them only in pure Python.
    # With any other value the native tools could not be used.
    environ.setdefault(_PROTOBUF, "python")
    if not compatibility.takes_old_messages():
        environ[_PROTOBUF] = "python"
    # Otherwise grpc prints a warning each time that a task starts a process.
    environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    matplotlib_backend.watch(environ)
    deferred_tasks.watch()
    site = any(path.is_file() for path in _SITE_CONFIGS) or importlib.util.find_spec("casasiteconfig") is not None
    if not site:
        # CASA itself would search sys.path for it, which does not contain the working folder in a kernel that imports
        # CASA.
        here = Path("casasiteconfig.py").absolute() if Path("casasiteconfig.py").is_file() else None
        environ.setdefault("CASASITECONFIG", str(here or Path(__file__).with_name("siteconfig.py")))


def load_tools(python: Path, settings: Optional[Mapping[str, Any]] = None) -> None:
    """Import casatools.

    No other thread may import anything meanwhile: CASA's libraries wait for the interpreter's lock while they hold the
    dynamic loader's, and a thread that loads another library holds the interpreter's lock and waits for the loader's
    (seen in 6.7.0).

    Args:
        python: the path that CASA's C++ uses as the Python interpreter when it looks for the viewer.
        settings: values for casaconfig in addition to the user's configuration, where this CASA has casaconfig.

    Raises:
        CasaMissing: CASA is not installed, finds no measures data, or does not fit this machine.
    """
    compatibility.check()
    # A hook, because other code may import casaviewer first, for instance a file of the user's profile.
    import_hook.before("casaviewer", functools.partial(grpc_messages.share, "casaviewer", "img_pb2"))
    real = sys.executable
    # casatools passes the interpreter to its C++ once, while it is imported (ctsys.initialize).
    sys.executable = str(python)
    try:
        for name, value in (settings or {}).items():
            setattr(_config(), name, value)
        if getattr(_config(), "logfile", None):
            _config().logfile = reserve(_config().logfile)
        _import_casa("casatools")
    finally:
        sys.executable = real


def load_tasks() -> Casa:
    """Import casatasks and the clients of the native tools; casatools must have been imported.

    Raises:
        CasaMissing: CASA does not fit this machine.
    """
    return _describe(_import_casa("casatools"), _import_casa("casatasks"))


def serve(settings: Mapping[str, Any], loaded: Callable[[], object]) -> None:
    """Import CASA in a process that mpirun has started as a server; returns only if it has become none.

    The tasks would do it when they are imported, too, but then the kernel's own import would wait for theirs.

    Args:
        settings: as in ``load_tools``.
        loaded: called when CASA's C++ is loaded, before the ranks meet.

    Raises:
        CasaMissing: as ``load_tools``.
    """
    load_tools(Path(sys.executable), settings)
    loaded()
    # casatools would print each message where Jupyter was started, too (6.7.0).
    _import_casa("casatools").logsink().showconsole(False)
    _import_casa("casampi.private.start_mpi")


def load_tasks_early() -> None:
    """Import the tasks in a server, which does so by itself when it begins to work."""
    with suppress(CasaMissing):
        _import_casa("casatasks")


def _import_casa(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        # CASA raises errors of many libraries here; the kernel must survive and report any of them.
        raise CasaMissing(compatibility.explain(error)) from error


def data_and_log() -> Tuple[str, str]:
    """Return the folder of CASA's run-time data, and the path of this process's log; import CASA if necessary."""
    return str(_import_casa("casatools").ctsys.rundata()), str(_import_casa("casatasks").casalog.logfile())


def _config() -> Any:
    """Return the module that holds CASA's configuration; an empty object before CASA 6.6, which had none."""
    if importlib.util.find_spec("casaconfig") is None:
        return SimpleNamespace()
    return importlib.import_module("casaconfig.config")


def startup_file() -> Optional[str]:
    """Return the path of the user's startup.py in CASA's configuration; None if it is switched off."""
    path = getattr(_config(), "startupfile", "~/.casa/startup.py")
    return None if path is None else str(path)


def _describe(casatools: ModuleType, casatasks: ModuleType) -> Casa:
    modules: Dict[str, Any] = {}
    gui_tasks: Dict[str, Any] = {}
    faults: Dict[str, str] = {}
    for wheel, names in WHEELS.items():
        if importlib.util.find_spec(wheel) is None:
            continue
        try:
            module = _import_gui_wheel(wheel)
            found = {name: stock_of(getattr(module, name, None)) for name in names}
            gui_tasks.update({name: task for name, task in found.items() if task is not None})
        except (Exception, SystemExit) as error:  # noqa: BLE001
            # If one wheel cannot be imported, the rest of CASA still works; calling the wheel's task reports the
            # reason.
            faults[wheel] = compatibility.explain(error)
        else:
            modules[wheel] = module
    return Casa(
        version=str(casatasks.version_string()),
        names=namespace.names(casatools, casatasks),
        gui_tasks=gui_tasks,
        viewer_client=modules["casaviewer"].viewertool if "casaviewer" in modules else None,
        plotms_tasks=modules["casaplotms"].private.task_plotms if "casaplotms" in modules else None,
        faults=faults,
    )


def _import_gui_wheel(name: str) -> Any:
    if name == "casaplotms":
        importlib.import_module("casaplotms.private.task_plotms")
    return importlib.import_module(name)
