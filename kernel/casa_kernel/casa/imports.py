"""Import CASA, once; no other module of the kernel imports it.

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
from typing import Any, Callable, ContextManager, Dict, Mapping, MutableMapping, Optional, Tuple

from ..errors import CasaMissing
from ..log.file import reserve
from . import (
    compatibility,
    import_hook,
    matplotlib_backend,
    numeric_locale,
    proxies,
)
from .task_names import WHEELS
from .task_object import Task, stock_of
from .versions import Measures

# The tool instances of a CASA session, and the classes of casatools to which they belong. Source:
# https://casadocs.readthedocs.io/en/stable/api/casatools.html
TOOL_INSTANCES = {
    "af": "agentflagger", "at": "atmosphere", "ca": "calanalysis", "cb": "calibrater", "cl": "componentlist",
    "cs": "coordsys", "fn": "functional", "ia": "image", "im": "imager", "imd": "imagemetadata",
    "lm": "linearmosaic", "me": "measures", "ms": "ms", "msmd": "msmetadata", "mt": "mstransformer",
    "po": "imagepol", "qa": "quanta", "rg": "regionmanager", "sbs": "sidebandseparator", "sdm": "sdm",
    "sdms": "singledishms", "sl": "spectralline", "sm": "simulator", "su": "synthesisutils", "tb": "table",
    "vf": "vlafiller", "vp": "vpmanager",
}  # fmt: skip

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
    # ipykernel also does this, but only after CASA has imported matplotlib, which then does not recognise the notebook.
    matplotlib_backend.choose(environ)
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
    import_hook.before("casaviewer", functools.partial(share_messages, "casaviewer", "img_pb2"))
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
        names={**_tools(casatools), **_tasks(casatasks), **_singletons(casatools, casatasks)},
        gui_tasks=gui_tasks,
        viewer_client=modules["casaviewer"].viewertool if "casaviewer" in modules else None,
        plotms_tasks=modules["casaplotms"].private.task_plotms if "casaplotms" in modules else None,
        faults=faults,
    )


def _singletons(casatools: ModuleType, casatasks: ModuleType) -> Dict[str, Any]:
    return {"casatools": casatools, "casatasks": casatasks, "ctsys": casatools.ctsys, "casalog": casatasks.casalog}


def _import_gui_wheel(name: str) -> Any:
    if name == "casaplotms":
        importlib.import_module("casaplotms.private.task_plotms")
    return importlib.import_module(name)


def share_messages(package: str, name: str) -> None:
    """Import the module of a wheel's gRPC messages once, under both of its names.

    The wheel does ``from . import img_pb2`` and ``import img_pb2``. For messages that contain messages, protobuf in
    pure Python then sees two classes with the same name and refuses one of them (casaviewer 1.5.2 and 2.0.1, protobuf
    3.20.3 to 5.29).
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None or name in sys.modules:
        return
    path = Path(spec.origin).parent / "private" / f"{name}.py"
    own = importlib.util.spec_from_file_location(name, path) if path.is_file() else None
    if own is not None and own.loader is not None:
        module = importlib.util.module_from_spec(own)
        sys.modules[name] = sys.modules[f"{package}.private.{name}"] = module
        own.loader.exec_module(module)


def _tasks(casatasks: ModuleType) -> Dict[str, Any]:
    return {name: stock_of(getattr(casatasks, name)) for name in casatasks.__all__ if hasattr(casatasks, name)}


def _tools(casatools: ModuleType) -> Dict[str, Any]:
    classes = {
        name: value
        for name, value in vars(casatools).items()
        if isinstance(value, type) and value.__module__.startswith("casatools.")
    }
    found: Dict[str, Any] = dict(classes)
    for short, name in TOOL_INSTANCES.items():
        if name in classes:
            found[short + "tool"] = classes[name]
            found[short] = classes[name]()
    return found


def measures(casa: Casa) -> Optional[Measures]:
    """Return the state of CASA's measures data; None where the tables cannot be read."""
    table, ends = casa.names["casatools"].table(), []
    try:
        for name in ("IERSpredict", "IERSeop2000"):
            path = casa.names["ctsys"].resolve(f"geodetic/{name}")
            table.open(path)
            ends.append(float(table.getcell("MJD", table.nrows() - 1)))
        version = str(table.getkeyword("VS_DATE"))
    except RuntimeError:
        return None
    finally:
        table.close()
    return Measures(str(Path(path).parents[1]), version, measured=ends[1], predicted=ends[0])


def trouble_with(casa: Casa, path: Path) -> str:
    """Return casacore's message if it cannot open a table with all its columns, or a FITS image; else an empty string.

    It does not wait for locks, and takes about 1 ms.
    """
    tools = casa.names["casatools"]
    tool = tools.table() if path.is_dir() else tools.image()
    try:
        if path.is_dir():
            tool.open(str(path), lockoptions={"option": "usernoread"})
            # Opens the files of all columns.
            tool.getdminfo()
        else:
            tool.open(str(path))
    except RuntimeError as error:
        return " ".join(str(error).split()).rstrip(".")
    finally:
        tool.close()
    return ""


def shell_task(name: str) -> Any:
    """Return casashell's object for the task ``name``, which knows its sub-parameters; None if there is none.

    These modules, unlike the rest of casashell, start nothing when they are imported (6.4.0 to 6.7.5).
    """
    for package in ("casashell.private", "casaplotms.gotasks", "casaviewer.gotasks"):
        with suppress(ImportError):
            found = getattr(importlib.import_module(f"{package}.{name}"), name)
            return found.shell if isinstance(found, Task) else found
    return None


def before_clean_ends(casa: Casa, hook: Callable[[], None]) -> None:
    """Call ``hook`` whenever an imaging task is about to close its mask editor's panel.

    The tool ``iterbotsink`` closes it in ``done``, which the tasks always call (casatasks 6.7.0).
    """
    tool = casa.names["iterbotsink"]
    original = tool.done

    def done(self: Any) -> Any:
        hook()
        return original(self)

    tool.done = done


def around_interaction(casa: Casa, place: Callable[[], ContextManager[None]]) -> None:
    """Have the imaging tasks ask for a mask within the context manager that ``place`` returns.

    The tool ``iterbotsink`` starts the mask editor and waits for it in ``pauseforinteraction`` (casatasks 6.7.0).
    """
    tool = casa.names["iterbotsink"]
    original = tool.pauseforinteraction

    def pauseforinteraction(self: Any) -> Any:
        with place():
            return original(self)

    tool.pauseforinteraction = pauseforinteraction


def keep_log_global(casa: Casa) -> None:
    """Make CASA's log global only once, which the import of ``casatasks`` has already done.

    If it is made global a second time, by ``importlib.reload(casatasks)`` or a script's ``casalog.setglobal(True)``, it
    passes each message to itself until the process crashes (casatools 6.7.0).
    """
    tool = type(casa.names["casalog"])
    original, state = tool.setglobal, [True]

    def setglobal(self: Any, isglobal: bool = True) -> Any:
        former, state[0] = state[0], isglobal
        return True if former and isglobal else original(self, isglobal)

    tool.setglobal = functools.wraps(original)(setglobal)


def reopen_log(casa: Casa) -> None:
    """Have CASA open its log anew, and append to it."""
    casa.names["casalog"].setlogfile(casa.logfile)


def after_new_logfile(casa: Casa, check: Callable[[str], None], hook: Callable[[Path], None]) -> None:
    """Call ``hook`` with the path of the log now, and again whenever ``casalog.setlogfile`` changes it.

    CASA announces the change nowhere else, and a request for the name from another thread could come in the middle of
    it.

    Args:
        casa: the imported CASA.
        check: called with a new name before CASA uses it; may raise an error to refuse it.
        hook: called with the path when CASA uses it.
    """
    tool = type(casa.names["casalog"])
    original = tool.setlogfile

    def setlogfile(self: Any, *args: Any, **kwargs: Any) -> Any:
        for name in (*args, *kwargs.values()):
            if name and isinstance(name, str):
                check(name)
        result = original(self, *args, **kwargs)
        hook(Path(casa.logfile))
        return result

    tool.setlogfile = functools.wraps(original)(setlogfile)
    hook(Path(casa.logfile))
