"""The errors that the CASA kernel raises.

::

    CasaDesktopError
     └── CasaKernelError
          ├── CasaMissing
          ├── ToolMissing, ToolUnusable, XvfbMissing, ExtractionFailed
          ├── NoWindowHere, ForkedProcess
          ├── ToolFailed
          │    └── ToolLost, ToolExhausted
          ├── TaskFailed                a RuntimeError, too
          ├── NoRoom, FolderRemoved
          ├── CellUnfinished
          ├── NothingDrawn, NothingShown, WindowOnly, ToolkitMissing, NoDesktopInCells
          ├── NothingRuns, ViewerLost, Unattended, NoRelay, RelayLost
          ├── EditorMissing             a RuntimeError, too
          ├── BadWord
          │    └── BadMode
          ├── BadKeeping, BadReuse, BadHand, FlagsNotChanged
          ├── NoSuchTask, NoSuchName, NoTaskChosen
          ├── NoInputs, InputsNotSaved, BadInputs
          └── BadParameter
               ├── HandworkUnfit
               └── BadPath
                    └── NoSuchPath, Damaged, Locked, WrongKind, NoSuchFolder, NotWritable

``str()`` of each is a sentence or two for the user; the notebook shows that instead of a traceback.
The values in it are attributes, also in another process.
"""

from __future__ import annotations

import errno
import sys
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Iterator, Optional, Sequence

from casa_desktop.errors import CasaDesktopError, Shortage


class CasaKernelError(CasaDesktopError):
    """Base class of the kernel's own errors."""


class CasaMissing(CasaKernelError):
    """CASA, or the measures data it needs, could not be imported."""

    reason: str  # what went wrong, and the remedy
    message = "CASA is not available in this kernel: {reason}"


class NoWindowHere(CasaKernelError):
    """A process that a notebook has started has no display, or no user who looks at it."""

    task: str
    reason: str  # why it needs a window, or how it works without one
    message = (
        "{task} cannot open a window here, in a process that a notebook has started; it can in the notebook itself. "
        "{reason}."
    )


class ForkedProcess(CasaKernelError):
    """A process was forked from one that uses native tools; drawing in it would hang, or disturb the parent."""

    task: str
    message = (
        "{task} cannot draw in a process that was forked from one that draws. Start the process with "
        "multiprocessing.get_context('spawn'), or draw in the notebook itself."
    )


class FolderRemoved(CasaKernelError):
    """The kernel's working folder has been removed, and CASA can do nothing without one."""

    folder: str  # its former path; empty if it is not known

    def _text(self) -> str:
        return (
            f"The folder in which this notebook works has been removed{self.folder and f': {self.folder}'}. CASA does "
            "nothing without one; go to another with %cd, for example '%cd ~'."
        )


class ToolMissing(CasaKernelError):
    """The wheel of a native tool is not installed in this Python."""

    tool: str  # its name, and that of its wheel
    where: str  # the place where it was sought, as a phrase such as "in /usr"
    message = "{tool} was not found {where}. Install it into this kernel's Python with 'pip install {tool}'."


class ToolUnusable(CasaKernelError):
    """The wheel of a native tool, or the code of a task, is installed, but cannot be imported."""

    tool: str  # its name
    reason: str  # what went wrong, and the remedy
    message = "{tool} is not available in this kernel: {reason}"


class XvfbMissing(CasaKernelError):
    """A native tool cannot draw without an X server, and there is no Xvfb."""

    tool: str
    message = (
        "{tool} of this CASA cannot draw without an X server, and Xvfb was not found on PATH. Install it, for "
        "example with 'apt install xvfb', or open a window with gui=True."
    )


class ExtractionFailed(CasaKernelError):
    """A native tool could not be unpacked."""

    tool: str
    folder: Path  # into which it was to be unpacked
    reason: str  # what went wrong, and the remedy
    message = "{tool} could not be unpacked into {folder}: {reason}"


class ToolFailed(CasaKernelError):
    """A native tool did not start."""

    tool: str
    reason: str  # what happened, with the last line that the tool printed
    message = "{tool} {reason}"


class Stall(Enum):
    """What was wrong with a tool that was ended during a call, as a phrase for the message of ``ToolLost``."""

    SILENT = "no longer answered"
    FROZEN = "did nothing while its window no longer answered,"
    LOST = "answered but did not do its work,"


class ToolLost(ToolFailed):
    """A native tool ended during a call, or was ended because it would never have finished it."""

    task: str  # for which it worked
    stall: Optional[Stall]  # why it was ended, or None where it ended by itself
    output: str  # the last line that it printed, or an empty string

    def __init__(self, tool: str, task: str, stall: Optional[Stall], output: str) -> None:
        self.task, self.stall, self.output = task, stall, output
        how = f"{stall.value} and was ended" if stall is not None else "ended"
        super().__init__(tool, f"{how} in the middle of {task}; run it again. {output}".strip())


class ToolExhausted(ToolFailed):
    """A native tool with a window has no memory or no thread left for a call; the window is still open."""

    task: str  # that it refused

    def __init__(self, tool: str, task: str) -> None:
        self.task = task
        super().__init__(
            tool,
            f"has no memory or no thread left for {task}. End programs that take much of either, or close its window "
            "to have a fresh one, and run it again.",
        )


class TaskFailed(CasaKernelError, RuntimeError):
    """A task failed; the message is its own. (CASA raises RuntimeError for such failures.)"""

    task: str
    reason: str  # its message
    messages: Sequence[str] = ()  # of CASA's log, errors and warnings, the reason first; empty if it is from elsewhere
    message = "{task}: {reason}"


class NoRoom(CasaKernelError):
    """The kernel's own folder, in which pictures are first written, cannot be written."""

    folder: Path  # or the file in it that cannot be written
    reason: str
    full: bool = True  # whether the reason is a full disk

    def _text(self) -> str:
        first = "Make room there, or set" if self.full else "Restart the kernel; if that does not help, set"
        then = " and restart the kernel" if self.full else " first"
        return (
            f"The kernel cannot write into its folder {self.folder}: {self.reason}. {first} CASA_DESKTOP_RUNTIME_DIR "
            f"to a folder on another disk{then}."
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn errors within a with block that uses the kernel's own folder into clear ones.

    Raises:
        NoRoom: the folder cannot be written.
        Shortage: this process has no descriptor or no memory left, or cannot start a further thread.
    """
    try:
        yield
    except CasaDesktopError:
        raise
    except (MemoryError, RuntimeError) as error:
        shortage = Shortage.of(error)
        if shortage is None:
            raise
        raise shortage from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(folder, str(error.strerror)) from error
        place = Path(error.filename) if isinstance(error.filename, str) else folder
        raise Shortage.of(error) or NoRoom(place, str(error.strerror), full=False) from error


class CellUnfinished(CasaKernelError):
    """The failure was neither in the cell nor in a task, but in the kernel."""

    error: BaseException

    def _text(self) -> str:
        if isinstance(self.error, MemoryError):
            return (
                "No memory is left for the kernel to finish this cell. Delete what is large (del NAME) and run it "
                "again, or restart the kernel."
            )
        if isinstance(self.error, KeyboardInterrupt):
            return "This cell was interrupted at its very end; its work is probably complete."
        return f"The kernel could not finish this cell: {type(self.error).__name__}: {self.error}"


class NothingDrawn(CasaKernelError):
    """A task ended without an error and without a picture."""

    task: str
    logfile: str  # CASA's log, which may contain the reason
    message = (
        "{task} drew nothing: check the selection and the axes; CASA's log says more (casalogger(), or {logfile})."
    )


class NothingShown(CasaKernelError):
    """casaviewer drew a picture of one colour, or opened an empty window."""

    task: str
    what: str  # the input that it was to show
    reason: str  # why it cannot, as a clause; empty if only the window shows it

    def _text(self) -> str:
        why = self.reason or "casaviewer could not display it; the last line of its window (gui=True) says why"
        return f"{self.task} shows nothing of {self.what}: {why}."


class WindowOnly(CasaKernelError):
    """A task that consists only of a window was to run without one."""

    task: str
    why: str
    message = "{task} opens a window and cannot draw into the cell: {why}. Call it with gui=True."


class ToolkitMissing(CasaKernelError):
    """This Python lacks Tk, which draws the window of a figure."""

    task: str  # that drew the figure

    def _text(self) -> str:
        return (
            f"The window of {self.task} needs Tk, which the Python in {sys.prefix} lacks. Install it (on Debian and "
            f"Ubuntu with 'apt install python3-tk'), or call {self.task} with gui=False for a picture in the cell."
        )


class NoDesktopInCells(CasaKernelError):
    """A desktop cannot be shown in a cell's output."""

    why: str  # what is in the way, as the end of a sentence
    message = "A desktop in a cell {why}. The link of %casa_desktop leads to the page."


class NothingRuns(CasaKernelError):
    """CASA cannot start the window for which a task waits, because programs in the runtime directory may not be run."""

    task: str
    folder: Path  # the runtime directory
    message = (
        "{task} cannot open its window: no program in {folder} may be run (its disk is mounted with noexec). Set "
        "CASA_DESKTOP_RUNTIME_DIR to a folder of yours on another disk and start Jupyter anew."
    )


class ViewerLost(CasaKernelError):
    """The window for which a task waited ended before the task did."""

    task: str
    message = (
        "The window of {task} ended before {task} did (was it killed, or the desktop stopped?); its work is "
        "unfinished. Run it again."
    )


class Unattended(CasaKernelError):
    """A task would wait for a window in a run that nobody watches."""

    task: str
    remedy: str  # what to do, in a sentence
    message = "{task} would wait for hands at a window, and nobody attends this run. {remedy}"


class NoRelay(CasaKernelError):
    """The program that hears what is drawn in a mask editor has ended, or does not answer."""

    reason: str  # what happened
    message = "The program that keeps handwork {reason}."


class RelayLost(CasaKernelError):
    """The process between CASA and a mask editor ended, so that CASA heard of no mask."""

    task: str
    message = (
        "The process that passes masks on from the mask editor to {task} and keeps them was ended, perhaps for memory; "
        "{task} is unfinished. What was drawn until then is kept. Run the cell again."
    )


class EditorMissing(CasaKernelError, RuntimeError):
    """An interactive task was about to go on without the window for which it should have waited."""

    window: str
    provided: bool  # whether the kernel had prepared the window, as it does for its own tasks

    def _text(self) -> str:
        why = (
            "Run 'casa-desktop doctor' in a terminal to see what is missing; %casa_log shows what happened."
            if self.provided
            else "The kernel opens it for its own tasks, such as tclean(..., interactive=True), but not for "
            "CASA's own (tclean.stock), nor for scripts that use CASA's tools."
        )
        return f"The {self.window} did not open; without it the result would be wrong. {why}"


class BadWord(CasaKernelError):
    """A magic got a word that it does not know."""

    word: str
    known: Sequence[str]  # the words that it knows

    def _text(self) -> str:
        return f"{self.word!r} is not one of {', '.join(self.known)}."


class BadMode(BadWord):
    """A mode, or a task in ``%casa_mode``, does not exist."""


class BadKeeping(CasaKernelError):
    """The arguments of ``%casa_tools`` about keeping tools make no sense."""

    line: str  # the arguments
    message = (
        "%casa_tools does not know {line!r}. Use 'keep 30' (minutes), 'keep ever', 'off', 'memory 500' (MB) or 'end'."
    )


class BadReuse(CasaKernelError):
    """A call's ``reuse``, or the arguments of ``%casa_reuse``, make no sense."""

    where: str  # the task, or the magic
    given: object
    message = (
        "{where} does not know {given!r}. A call takes reuse=True or reuse=False; %casa_reuse takes 'on', 'off', "
        "'why', 'limit 200 GB' or 'forget' with the name of a task or a file."
    )


class BadHand(CasaKernelError):
    """The arguments of ``%casa_hand`` make no sense."""

    line: str  # the arguments
    message = (
        "%casa_hand does not know {line!r}. Use it alone, or with 'list', 'show' and a folder such as "
        "first.hand, 'apply' and a folder such as my.ms.hand/0001, 'undo', 'undo 2' or 'export' and a folder."
    )


class FlagsNotChanged(CasaKernelError):
    """Flags were not changed as a record of handwork has it; all of the table is as it was."""

    folder: str  # the record's folder, as users see it
    vis: str  # the table
    reason: str  # why not, and what to do
    message = "The flags of {vis} were not changed as {folder} has it: {reason}."


class NoSuchTask(CasaKernelError):
    """A value that should be a CASA task is not one."""

    word: str  # the value, in Python's notation
    near: Sequence[str]  # tasks with a similar name

    def _text(self) -> str:
        return f"{self.word} is not a CASA task.{hint(self.near)}"


class NoSuchName(CasaKernelError):
    """A name that ``%casa_restore`` is to restore was never one of CASA's."""

    name: str
    near: Sequence[str]  # similar names of CASA

    def _text(self) -> str:
        return f"{self.name!r} is not one of CASA's names.{hint(self.near)}"


def hint(near: Sequence[str]) -> str:
    """Return a question about the first of some similar words, to end a message with; empty if there is none."""
    return f" Did you mean {near[0]!r}?" if near else ""


class NoTaskChosen(CasaKernelError):
    """No task was named, neither now nor before."""

    message = "No task has been chosen yet; name one, for instance with default(tclean) or inp(tclean)."


class NoInputs(CasaKernelError):
    """There is no file with a task's inputs."""

    task: str
    places: Sequence[Path]  # at which it was sought

    def _text(self) -> str:
        return f"tget: there is no {' or '.join(map(str, self.places))}; go and tput write such a file."


class InputsNotSaved(CasaKernelError):
    """A file with a task's inputs could not be written."""

    path: Path
    reason: str  # the error message of the system

    def _text(self) -> str:
        return f"tput: {self.path.absolute()} cannot be written: {self.reason}."


class BadInputs(CasaKernelError):
    """A file with a task's inputs contains something else."""

    path: Path
    line: Optional[int]  # its number, from 1
    reason: str  # what is wrong with it

    def _text(self) -> str:
        place = "" if self.line is None else f"line {self.line} of "
        return f"tget: {place}{self.path.absolute()} {self.reason}."


class BadParameter(CasaKernelError):
    """An argument of a task is wrong."""

    task: str
    reason: str  # what is wrong with which parameter
    message = "{task}: {reason}"


class HandworkUnfit(BadParameter):
    """A record of handwork does not fit the call that is to replay it."""

    path: Path  # of the record
    reason: str  # what does not fit

    def __init__(self, task: str, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(task, f"the handwork in {path} does not fit: {reason}.")
        self.reason = reason


class BadPath(BadParameter):
    """The path that a parameter of a task names is wrong."""

    parameter: str
    path: Path  # absolute

    def __init__(self, task: str, parameter: str, path: Path, fault: str) -> None:
        self.parameter, self.path = parameter, path
        super().__init__(task, f"{parameter} names {path}, {fault}.")


class NoSuchPath(BadPath):
    """A path does not exist."""

    def __init__(self, task: str, parameter: str, path: Path) -> None:
        super().__init__(task, parameter, path, "which does not exist")


class WrongKind(BadPath):
    """A path leads to something that the task cannot read."""

    kind: str  # what is there
    wanted: Sequence[str]  # what the task reads

    def __init__(self, task: str, parameter: str, path: Path, kind: str, wanted: Sequence[str]) -> None:
        self.kind, self.wanted = kind, wanted
        super().__init__(task, parameter, path, f"which is {kind}, but should be {' or '.join(wanted)}")


class Damaged(BadPath):
    """The file or table at a path cannot be read."""

    reason: str  # what is wrong with it

    def __init__(self, task: str, parameter: str, path: Path, reason: str) -> None:
        super().__init__(task, parameter, path, f"which cannot be read: {reason}")
        self.reason = reason


class NoSuchFolder(BadPath):
    """The folder of a file that a task is to write does not exist."""

    def __init__(self, task: str, parameter: str, path: Path) -> None:
        super().__init__(task, parameter, path, f"but there is no folder {path.parent}")


class NotWritable(BadPath):
    """A file that a task is to write cannot, or could not, be written."""

    reason: str

    def __init__(self, task: str, parameter: str, path: Path, reason: str) -> None:
        super().__init__(task, parameter, path, f"which cannot be written: {reason}")
        self.reason = reason


class Locked(BadPath):
    """A table is locked for writing by a process."""

    pid: int  # of the process that holds the lock
    holder: str  # that process in words, and what to do

    def __init__(self, task: str, parameter: str, path: Path, pid: int, holder: str) -> None:
        self.pid, self.holder = pid, holder
        super().__init__(task, parameter, path, f"which is locked by {holder}")
