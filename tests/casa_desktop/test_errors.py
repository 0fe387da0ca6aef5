from __future__ import annotations

import errno
import inspect
import json
import multiprocessing
import pickle
import re
from pathlib import Path
from types import ModuleType
from typing import Dict, Type

import pytest
from casa_kernel import errors as kernel_errors

from casa_desktop import errors
from casa_desktop.desktop.starting import reported
from casa_desktop.errors import CasaDesktopError
from casa_desktop.runtime.directory import checked_name
from casa_desktop.system.formatted_error import described, fields

MODULES = (errors, kernel_errors)
KINDS = [
    each
    for module in MODULES
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == module.__name__
]
EXAMPLES: Dict[str, object] = {
    "str": "it is full",
    "object": 7,
    "int": errno.ENOSPC,
    "float": 2.5,
    "Path": Path("/data/x"),
    "bool": True,
    "Optional[Path]": Path("/data/x"),
    "Optional[int]": 7,
    "Optional[Stall]": kernel_errors.Stall.SILENT,
    "BaseException": ValueError("it is full"),
    "Sequence[str]": ("first", "second"),
    "Tuple[str, ...]": ("first", "second"),
    "Sequence[Path]": (Path("/data/x"), Path("/data/y")),
    "Sequence[int]": (3, 6, 15),
}
# They are for programs, or choose the words; of ``near`` the first is shown.
NOT_SHOWN = {"code", "errno", "version", "stall", "messages", "full", "provided", "near", "pid", "task of NoInputs"}


def _arguments(kind: Type[CasaDesktopError]) -> Dict[str, object]:
    """Return an argument of the right type for each parameter of an exception's class."""
    annotations = fields(kind)
    if "__init__" in vars(kind):
        annotations = {each.name: each.annotation for each in inspect.signature(kind).parameters.values()}
    return {name: EXAMPLES[annotation] for name, annotation in annotations.items() if name != "strerror"}


def _values(error: CasaDesktopError) -> Dict[str, object]:
    return {name: getattr(error, name) for name in fields(type(error))}


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_is_a_sentence_with_its_values(kind: Type[CasaDesktopError]) -> None:
    arguments = _arguments(kind)
    error = kind(*arguments.values())
    for name, value in arguments.items():
        assert getattr(error, name, value) == value
        if not NOT_SHOWN & {name, f"{name} of {kind.__name__}"}:
            assert all(str(each) in str(error) for each in (value if isinstance(value, tuple) else (value,))), name
    assert "{" not in str(error)
    assert not arguments or str(error).endswith((".", "?", "'", "it is full"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_keeps_its_message_and_its_values_in_another_process(kind: Type[CasaDesktopError]) -> None:
    error = kind(**_arguments(kind))
    copies = [pickle.loads(pickle.dumps(error))]
    if kind.__module__ == errors.__name__:
        copies.append(reported(json.loads(json.dumps(described(error)))))
    for copy in copies:
        # An exception that is a value equals itself only.
        assert (type(copy), str(copy), repr(_values(copy))) == (kind, str(error), repr(_values(error)))


def test_an_error_comes_out_of_a_pool_of_processes() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool, pytest.raises(errors.InvalidName) as caught:
        pool.apply(checked_name, ("../x",))
    assert caught.value.name == "../x"


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        ({"kind": "InvalidName", "error": "No {name}."}, errors.InvalidName),
        ({"kind": "InvalidName", "error": "No {name}.", "values": {"what": 1}}, errors.InvalidName),
        ({"kind": "OSError", "error": "No {name}.", "values": {}}, errors.StartFailed),
        ({"kind": "Path", "error": "No {name}."}, errors.StartFailed),
    ],
)
def test_an_error_that_another_release_reports_keeps_its_message(
    report: Dict[str, object], kind: Type[CasaDesktopError]
) -> None:
    error = reported(report)
    assert (type(error), str(error), vars(error)) == (kind, "No {name}.", {})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            errors.Shortage(errno.EAGAIN),
            "No more processes or threads can be started: your limit ('ulimit -u') or the memory is used up. "
            "End some, and try again.",
        ),
        (
            errors.WindowManagerMissing(("icewm", "icewm-lite"), "icewm"),
            "No window manager was found: looked on PATH for icewm and icewm-lite. Install it, for example with "
            "'apt install icewm'.",
        ),
        (
            errors.StopFailed("main"),
            "The desktop 'main' did not end. Look for its supervisor: 'pgrep -af casa_desktop.desktop.supervisor'.",
        ),
        (
            errors.NotRunning("main"),
            "The desktop 'main' is not running. Start it with 'casa-desktop start --name main' "
            "or from JupyterLab's launcher.",
        ),
        (
            errors.DesktopLost("main", "Its supervisor was killed."),
            "The desktop 'main' is not running. Its supervisor was killed. Start it with "
            "'casa-desktop start --name main' or from JupyterLab's launcher.",
        ),
        (
            errors.NoSuchWindow("main", "plotms", ("xterm", "a")),
            "No window of the desktop 'main' is called 'plotms'; there are: xterm; a.",
        ),
        (
            errors.NoSuchWindow("main", "plotms", ()),
            "No window of the desktop 'main' is called 'plotms'; it has no windows.",
        ),
        (
            errors.ImageUnusable("podman (casa)", "it has no casa-desktop."),
            "The container of podman (casa) cannot be used: it has no casa-desktop.",
        ),
        (errors.KernelUnknown("a", ["b", "c"]), "There is no kernel 'a'; there are: b, c."),
        (errors.KernelUnknown("a", []), "There is no kernel 'a'; there are none."),
        (errors.KernelFailed("casa", "it ended"), "The kernel 'casa' failed: it ended."),
        (
            errors.KernelFailed("casa", "no answer", "allow more with --timeout"),
            "The kernel 'casa' failed: no answer. Remedy: allow more with --timeout.",
        ),
        (
            errors.PythonTooOld("/p", (3, 6, 15)),
            "/p cannot be used as a kernel's Python: it is Python 3.6.15, and the kernel needs 3.8 or later (CASA has "
            "it from 6.4 on; for older releases there is no kernel).",
        ),
        (
            errors.OverlayFailed("/p", "ERROR: no network."),
            "What /p lacks for a kernel could not be installed: ERROR: no network.",
        ),
        (
            kernel_errors.FolderRemoved(""),
            "The folder in which this notebook works has been removed. CASA does nothing without one; go to another "
            "with %cd, for example '%cd ~'.",
        ),
        (
            kernel_errors.ToolLost("casaviewer", "imview", None, ""),
            "casaviewer ended in the middle of imview; run it again.",
        ),
        (
            kernel_errors.ToolLost("casaviewer", "imview", kernel_errors.Stall.SILENT, "It said: a."),
            "casaviewer no longer answered and was ended in the middle of imview; run it again. It said: a.",
        ),
        (
            kernel_errors.NoRoom(Path("/r"), "it is gone", full=False),
            "The kernel cannot write into its folder /r: it is gone. Restart the kernel; if that does not help, set "
            "CASA_DESKTOP_RUNTIME_DIR to a folder on another disk first.",
        ),
        (
            kernel_errors.CellUnfinished(MemoryError()),
            "No memory is left for the kernel to finish this cell. Delete what is large (del NAME) and run it again, "
            "or restart the kernel.",
        ),
        (
            kernel_errors.NothingShown("imview", "a.image", ""),
            "imview shows nothing of a.image: casaviewer could not display it; the last line of its window (gui=True) "
            "says why.",
        ),
        (
            kernel_errors.NoSuchTask("tclaen", ("tclean", "clean")),
            "tclaen is not a CASA task. Did you mean 'tclean'?",
        ),
        (kernel_errors.NoSuchName("x", ()), "'x' is not one of CASA's names."),
        (kernel_errors.BadInputs(Path("/d/a.last"), 3, "is no input"), "tget: line 3 of /d/a.last is no input."),
        (kernel_errors.BadInputs(Path("/d/a.last"), None, "is no text"), "tget: /d/a.last is no text."),
    ],
)
def test_a_sentence_has_the_parts_that_its_values_call_for(error: CasaDesktopError, sentence: str) -> None:
    assert str(error) == sentence


@pytest.mark.parametrize("module", MODULES)
def test_every_error_of_the_module_is_drawn_in_the_tree_below_its_base(module: ModuleType) -> None:
    own = [each for each in KINDS if each.__module__ == module.__name__ and each is not CasaDesktopError]
    drawn = _drawn(module.__doc__ or "")
    assert own
    assert {each.__name__: drawn.get(each.__name__) for each in own} == {
        each.__name__: each.__bases__[0].__name__ for each in own
    }


def _drawn(tree: str) -> Dict[str, str]:
    """Return each class in a drawing with the class that it stands below."""
    above: Dict[int, str] = {}  # the class last seen at each column
    bases: Dict[str, str] = {}
    for line in re.finditer(r"^[ │├└─]+(?P<names>[A-Z]\w+(, [A-Z]\w+)*)(  .*)?$", tree, re.MULTILINE):
        column = line.start("names") - line.start()
        names = line["names"].split(", ")
        base = max((each for each in above if each < column), default=None)
        above = {each: name for each, name in above.items() if each < column}
        if base is not None:
            bases.update(dict.fromkeys(names, above[base]))
        above[column] = names[-1]
    return bases


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (kernel_errors.NoSuchPath, kernel_errors.BadParameter),
        (kernel_errors.WrongKind, kernel_errors.BadParameter),
        (kernel_errors.Damaged, kernel_errors.BadParameter),
        (kernel_errors.NoSuchFolder, kernel_errors.BadParameter),
        (kernel_errors.NotWritable, kernel_errors.BadParameter),
        (kernel_errors.Locked, kernel_errors.BadParameter),
        (kernel_errors.ToolLost, kernel_errors.ToolFailed),
        (kernel_errors.ToolExhausted, kernel_errors.ToolFailed),
    ],
)
def test_what_catches_the_general_error_catches_the_particular_one_with_its_reason(
    kind: Type[CasaDesktopError], base: Type[CasaDesktopError]
) -> None:
    with pytest.raises(base) as caught:
        raise kind(**_arguments(kind))
    assert vars(caught.value)["reason"] in str(caught.value)


def test_what_has_run_out_is_told_from_other_errors() -> None:
    shortage = errors.Shortage.of(OSError(errno.EDQUOT, "over quota", "/home/me/x"))
    assert str(shortage) == "Your quota on the disk that holds /home/me/x is used up. Remove files there and try again."
    assert isinstance(shortage, OSError)
    assert errors.Shortage.of(shortage) is shortage
    assert errors.Shortage.of(OSError(errno.EACCES, "no permission", "/x")) is None
