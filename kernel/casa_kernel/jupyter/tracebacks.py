"""Show an exception in a cell: briefly for CASA's and our own, as IPython does for the user's own.

``%tb`` shows the whole traceback afterwards.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import casa_desktop.errors
from casa_desktop.errors import CasaDesktopError, Shortage

from ..checks import disk_space, inputs, working_folder
from ..errors import FolderRemoved, TaskFailed, hint
from ..log import failures

_RED, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
# The folders of this package, of casa_desktop, and of installed packages.
_NOT_THE_USER_S = (
    str(Path(__file__).parents[1]),
    str(Path(casa_desktop.errors.__file__).parent),
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
)


class Run(NamedTuple):
    """The run of a task from which an exception came.

    Attributes:
        task: the task's name.
        began: whether the task began, or stopped at its arguments.
        parameters: the names of its parameters, if the call itself failed.
    """

    task: str
    began: bool
    parameters: Tuple[str, ...] = ()


def run_of(trace: Optional[TracebackType]) -> Optional[Run]:
    """Return the run of the first CASA task in a traceback, or None."""
    frames = [frame for frame, _ in traceback.walk_tb(trace)]
    for index, frame in enumerate(frames):
        package, _, task = str(frame.f_globals.get("__name__", "")).partition(".")
        if package == "casatasks" and "." not in task and frame.f_code.co_name == "__call__":
            return Run(task, began=index + 1 < len(frames))
    if frames and frames[-1].f_code.co_name == "call" and frames[-1].f_globals.get("__name__") == failures.__name__:
        local = frames[-1].f_locals
        return Run(local["name"], began=False, parameters=tuple(inspect.signature(local["task"]).parameters))
    return None


def _arguments_said(error: BaseException, run: Run) -> str:
    """Return a sentence or two for a task that did not accept its arguments."""
    # CASA's tasks are objects; Python 3.8 names __call__() without the class.
    said = re.sub(r"^\S*__call__\(\)", f"{run.task}()", inputs.explain_schema(str(error)))
    wrong = re.search(r"unexpected keyword argument '(\w+)'", said)
    return said + hint(difflib.get_close_matches(wrong[1], run.parameters, 1) if wrong else [])


def user_s_lines(trace: Optional[TracebackType], name_cell: Callable[[str], Optional[Tuple[str, str]]]) -> List[str]:
    """Return the lines of the user's own code through which an exception passed, outermost first.

    Args:
        trace: its traceback.
        name_cell: returns the name of a file that is a cell, as two words, or None.
    """
    lines = []
    for frame in traceback.extract_tb(trace):
        if frame.filename == failures.__file__ or "casatasks" in Path(frame.filename).parts:
            break
        # In a cell, a magic appears as the call that IPython made of it.
        if not frame.filename.startswith(_NOT_THE_USER_S) and not str(frame.line).startswith("get_ipython()"):
            where = " ".join(name_cell(frame.filename) or ("File", frame.filename))
            # Code that a magic runs has no file from which the line could be read.
            text = f": {_BOLD}{frame.line}{_PLAIN}" if frame.line else ""
            lines.append(f"  {where}, line {frame.lineno}{text}")
    # Before Python 3.12 a comprehension is a function of its own, in the same line.
    lines = [line for line, before in zip(lines, ["", *lines]) if line != before]
    return lines if len(lines) < 5 else [lines[0], "  …", *lines[-3:]]


def head(error: BaseException, said: str, task: str = "") -> str:
    """Return the first line of a report: the error's name, the task from which it came, and its message."""
    where = f" in {_BOLD}{task}{_PLAIN}" if task else ""
    return ": ".join([f"{_RED}{type(error).__name__}{_PLAIN}{where}", *([said] if said else [])])


def short(
    error: BaseException,
    trace: Optional[TracebackType],
    logfile: Callable[[], Path],
    name_cell: Callable[[str], Optional[Tuple[str, str]]],
) -> Optional[List[str]]:
    """Return the lines that report an exception of a task or our own; None for any other."""
    run = run_of(trace)
    if working_folder.is_gone() and (run is not None or _is_ours(trace) or "getcwd" in str(error)):
        # If the working folder is gone, CASA reports a line of its C++, and its tasks fail in many ways.
        error = FolderRemoved(working_folder.name())
    if isinstance(error, OSError) and _is_ours(trace):
        error = Shortage.of(error) or error
    if isinstance(error, CasaDesktopError):
        more: Sequence[str] = error.messages[1:] if isinstance(error, TaskFailed) else ()
        first = head(error, str(error))
    elif run is not None:
        said, more = _words(error, run, logfile)
        first = head(error, said, run.task)
    else:
        return None
    log = [f"  CASA's log: {each}" for each in more[:3]]
    if run is not None:
        log.extend(f"  {each}" for each in disk_space.full_disks())
    hint = [f"{_DIM}(%tb shows where in CASA){_PLAIN}"] if run else []
    return [first, *user_s_lines(trace, name_cell), *log, *hint]


def _words(error: BaseException, run: Run, logfile: Callable[[], Path]) -> Tuple[str, Sequence[str]]:
    """Return the message of a task's exception, and the related messages of the log."""
    if not isinstance(error, Exception):
        # An interrupt has no reason in the log.
        return str(error), ()
    if not run.began:
        return _arguments_said(error, run), ()
    said = failures.clean(str(error))
    try:
        return said, failures.explaining(logfile(), run.task, said)
    except OSError:
        # The exception's message must be enough: there may be no descriptor left to read the log.
        return said, ()


def _is_ours(trace: Optional[TracebackType]) -> bool:
    """Return whether an exception came out of this package, or out of casa_desktop."""
    return any(frame.f_code.co_filename.startswith(_NOT_THE_USER_S[:2]) for frame, _ in traceback.walk_tb(trace))


class Reporter:
    """Shows the exceptions of tasks, and the kernel's own, in a few lines."""

    def __init__(self, logfile: Callable[[], Path]) -> None:
        """Take ``logfile``, which returns the path of CASA's log; it is called after a task has run."""
        self._logfile = logfile

    def show(self, shell: Any) -> bool:
        """Show the exception that is being handled in ``shell``; return False for an exception of another kind.

        No exception is being handled when ``%tb`` shows the last one again; this also returns False then.
        """
        kind, error, trace = sys.exc_info()
        if error is None:
            return False
        # IPython 8.6 and later have names for cells.
        name_cell = getattr(shell.compile, "format_code_name", lambda _: None)
        lines = short(error, trace, self._logfile, name_cell)
        if lines is None:
            return False
        # %tb reads these.
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
        shell._showtraceback(kind, error, ["\n".join(lines)])
        return True
