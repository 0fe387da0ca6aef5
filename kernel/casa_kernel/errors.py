"""The errors that the CASA kernel raises.

::

    CasaDesktopError
     └── CasaKernelError
          ├── CasaMissing          CASA, or the measures data it needs, could not be imported
          ├── ToolMissing          the wheel of a native tool is not installed
          ├── ToolUnusable         the wheel of a native tool is installed and cannot be imported
          ├── XvfbMissing          a native tool needs a private X server, which is not installed
          ├── ExtractionFailed     a native tool could not be unpacked
          ├── NoWindowHere         a process that a notebook has started tried to open a window
          ├── ForkedProcess        a process forked from one with native tools tried to draw
          ├── ToolFailed           a native tool did not start
          │    ├── ToolLost        it ended, or did nothing, during a call
          │    └── ToolExhausted   one with a window has no memory or no thread left
          ├── TaskFailed           a task raised no exception, but an error is in CASA's log or the tool's window
          ├── NoRoom               the kernel's own folder cannot be written
          ├── FolderRemoved        the working folder has been removed
          ├── CellUnfinished       the kernel itself failed while it ran a cell, for instance without memory
          ├── NothingDrawn         a task ended without an error and without a picture
          ├── NothingShown         a task made an empty picture or an empty window
          ├── WindowOnly           a task that has only a window was to draw into the cell
          ├── ToolkitMissing       this Python can open no window for a figure of matplotlib
          ├── NothingRuns          the window for which a task waits cannot be started
          ├── ViewerLost           the window for which a task waited ended before it
          ├── EditorMissing        the window for which a task should have waited did not open
          ├── BadWord              a magic got a word that it does not know
          │    └── BadMode         the mode does not exist, or the task has none
          ├── NoSuchTask           inp, go and similar commands got something that is not a task
          ├── NoSuchName           %casa_restore got a name that CASA does not have
          ├── NoTaskChosen         inp or a similar command got no task, and none was chosen before
          ├── NoInputs             tget found no file with a task's inputs
          ├── InputsNotSaved       tput could not write the file
          ├── BadInputs            a file with a task's inputs contains something else
          └── BadParameter         a task's argument is wrong
               ├── NoSuchPath      its path does not exist
               ├── Damaged         the file or table at its path cannot be read
               ├── Locked          the table at its path is locked by a process
               ├── WrongKind       the file at its path is of a kind that the task cannot read
               ├── NoSuchFolder    the folder into which it is to write does not exist
               └── NotWritable     the file cannot, or could not, be written

``str()`` of each is a sentence or two for the user; the notebook shows that instead of a traceback.
The values in it are attributes.
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
    """CASA cannot be used in this kernel.

    Attributes:
        reason: what went wrong, and the remedy.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"CASA is not available in this kernel: {reason}")


class NoWindowHere(CasaKernelError):
    """A process that a notebook has started has no display, or no user who looks at it.

    Attributes:
        task: the task that was called.
        reason: why it needs a window, or how it works without one.
    """

    def __init__(self, task: str, reason: str) -> None:
        self.task, self.reason = task, reason
        super().__init__(
            f"{task} can open no window here: this process was started from a notebook, which has its own. {reason}. "
            "Windows open in the notebook itself."
        )


class ForkedProcess(CasaKernelError):
    """A process was forked from one that uses native tools; drawing in it would hang, or disturb the parent.

    Attributes:
        task: the task that was called.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(
            f"{task} cannot draw in a process that was forked from one that draws. Start the process with "
            "multiprocessing.get_context('spawn'), or draw in the notebook itself."
        )


class FolderRemoved(CasaKernelError):
    """The kernel's working folder has been removed, and CASA can do nothing without one.

    Attributes:
        folder: its former path; empty if it is not known.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        super().__init__(
            f"The folder in which this notebook works has been removed{f': {folder}' if folder else ''}. CASA does "
            "nothing without one; go to another with %cd, for example '%cd ~'."
        )


class ToolMissing(CasaKernelError):
    """A native tool is not installed in this Python.

    Attributes:
        tool: its name, and that of its wheel.
        where: the place where it was sought, as a phrase such as "in /usr".
    """

    def __init__(self, tool: str, where: str) -> None:
        self.tool, self.where = tool, where
        super().__init__(
            f"{tool} was not found {where}. Install it into this kernel's Python with 'pip install {tool}'."
        )


class ToolUnusable(CasaKernelError):
    """The wheel of a native tool is installed, but cannot be imported.

    Attributes:
        tool: its name, and that of its wheel.
        reason: what went wrong, and the remedy.
    """

    def __init__(self, tool: str, reason: str) -> None:
        self.tool, self.reason = tool, reason
        super().__init__(f"{tool} is not available in this kernel: {reason}")


class XvfbMissing(CasaKernelError):
    """A native tool cannot draw without an X server, and there is no Xvfb.

    Attributes:
        tool: its name.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        super().__init__(
            f"{tool} of this CASA cannot draw without an X server, and Xvfb was not found on PATH. Install it, for "
            "example with 'apt install xvfb', or open a window with gui=True."
        )


class ExtractionFailed(CasaKernelError):
    """A native tool could not be unpacked.

    Attributes:
        tool: its name.
        folder: the folder into which it was to be unpacked.
        reason: what went wrong, and the remedy.
    """

    def __init__(self, tool: str, folder: Path, reason: str) -> None:
        self.tool, self.folder, self.reason = tool, folder, reason
        super().__init__(f"{tool} could not be unpacked into {folder}: {reason}")


class ToolFailed(CasaKernelError):
    """A native tool did not start.

    Attributes:
        tool: its name.
        reason: what happened, with the last line that the tool printed.
    """

    def __init__(self, tool: str, reason: str) -> None:
        self.tool, self.reason = tool, reason
        super().__init__(f"{tool} {reason}")


class Stall(Enum):
    """What was wrong with a tool that was ended during a call, as a phrase for the message of ``ToolLost``."""

    SILENT = "no longer answered"
    FROZEN = "did nothing while its window no longer answered,"
    LOST = "answered but did nothing of what it was told to,"


class ToolLost(ToolFailed):
    """A native tool ended during a call, or was ended because it would never have finished it.

    Attributes:
        task: the task for which it worked.
        stall: why it was ended, or None where it ended by itself.
    """

    def __init__(self, tool: str, task: str, stall: Optional[Stall], said: str) -> None:
        self.task, self.stall = task, stall
        how = f"{stall.value} and was ended" if stall is not None else "ended"
        super().__init__(tool, f"{how} in the middle of {task}; run it again. {said}".strip())


class ToolExhausted(ToolFailed):
    """A native tool with a window has no memory or no thread left for a call; the window is still open.

    Attributes:
        task: the task that it refused.
    """

    def __init__(self, tool: str, task: str) -> None:
        self.task = task
        super().__init__(
            tool,
            f"has no memory or no thread left for {task}. End programs that take much of either, or close its window "
            "to have a fresh one, and run it again.",
        )


class TaskFailed(CasaKernelError, RuntimeError):
    """A task failed; the message is its own. (CASA raises RuntimeError for such failures.)

    Attributes:
        task: its name.
        reason: its message.
        messages: errors and warnings in CASA's log, the reason first; empty where the reason comes from elsewhere.
    """

    def __init__(self, task: str, reason: str, messages: Sequence[str] = ()) -> None:
        self.task, self.reason, self.messages = task, reason, tuple(messages)
        super().__init__(f"{task}: {reason}")


class NoRoom(CasaKernelError):
    """The kernel's own folder, in which pictures are first written, cannot be written.

    Attributes:
        folder: the folder, or the file in it that cannot be written.
        reason: why.
        full: whether the reason is a full disk.
    """

    def __init__(self, folder: Path, reason: str, full: bool = True) -> None:
        self.folder, self.reason, self.full = folder, reason, full
        first = "Make room there, or set" if full else "Restart the kernel; if that does not help, set"
        then = " and restart the kernel" if full else " first"
        super().__init__(
            f"The kernel cannot write into its folder {folder}: {reason}. {first} CASA_DESKTOP_RUNTIME_DIR to a folder "
            f"on another disk{then}."
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
    """The failure was neither in the cell nor in a task, but in the kernel.

    Attributes:
        error: the exception.
    """

    def __init__(self, error: BaseException) -> None:
        self.error = error
        if isinstance(error, MemoryError):
            said = (
                "No memory is left for the kernel to finish this cell. Delete what is large (del NAME) and run it "
                "again, or restart the kernel."
            )
        elif isinstance(error, KeyboardInterrupt):
            said = "This cell was interrupted at its very end: it has probably done all that it had to do."
        else:
            said = f"The kernel could not finish this cell: {type(error).__name__}: {error}"
        super().__init__(said)


class NothingDrawn(CasaKernelError):
    """A task ended without an error and without a picture.

    Attributes:
        task: its name.
        logfile: CASA's log, which may contain the reason.
    """

    def __init__(self, task: str, logfile: str) -> None:
        self.task, self.logfile = task, logfile
        super().__init__(
            f"{task} drew nothing: check the selection and the axes; CASA's log says more (casalogger(), or {logfile})."
        )


class NothingShown(CasaKernelError):
    """casaviewer drew a picture of one colour, or opened an empty window.

    Attributes:
        task: its name.
        what: the input that it was to show.
        reason: why it cannot, as a clause; empty if only the window shows it.
    """

    def __init__(self, task: str, what: str, reason: str) -> None:
        self.task, self.what, self.reason = task, what, reason
        said = reason or "casaviewer could not display it; the last line of its window (gui=True) says why"
        super().__init__(f"{task} shows nothing of {what}: {said}.")


class WindowOnly(CasaKernelError):
    """A task that consists only of a window was to run without one.

    Attributes:
        task: its name.
        why: the reason.
    """

    def __init__(self, task: str, why: str) -> None:
        self.task, self.why = task, why
        super().__init__(f"{task} opens a window and cannot draw into the cell: {why}. Call it with gui=True.")


class ToolkitMissing(CasaKernelError):
    """This Python lacks Tk, which draws the window of a figure.

    Attributes:
        task: the task that drew the figure.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(
            f"The window of {task} needs Tk, which the Python in {sys.prefix} lacks. Install it (on Debian and Ubuntu "
            f"with 'apt install python3-tk'), or call {task} with gui=False for a picture in the cell."
        )


class NothingRuns(CasaKernelError):
    """CASA cannot start the window for which a task waits, because programs in the runtime directory may not be run.

    Attributes:
        task: the task.
        folder: the runtime directory.
    """

    def __init__(self, task: str, folder: Path) -> None:
        self.task, self.folder = task, folder
        super().__init__(
            f"{task} cannot open its window: no program in {folder} may be run (its disk is mounted with noexec). Set "
            "CASA_DESKTOP_RUNTIME_DIR to a folder of yours on another disk and start Jupyter anew."
        )


class ViewerLost(CasaKernelError):
    """The window for which a task waited ended before the task did.

    Attributes:
        task: the task that was waiting for it.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(
            f"The window of {task} ended before {task} did (was it killed, or the desktop stopped?); its work is "
            "unfinished. Run it again."
        )


class EditorMissing(CasaKernelError, RuntimeError):
    """An interactive task was about to go on without the window for which it should have waited.

    Attributes:
        window: the window.
        provided: whether the kernel had prepared the window, as it does for its own tasks.
    """

    def __init__(self, window: str, provided: bool) -> None:
        self.window, self.provided = window, provided
        why = (
            "'casa-desktop doctor' in a terminal tells what is missing, %casa_log what happened."
            if provided
            else "The kernel opens it for its own tasks, such as tclean(..., interactive=True), and not for what is "
            "called past them: CASA's own (tclean.stock) and scripts made of CASA's tools."
        )
        super().__init__(f"The {window} did not open; without it the result would be wrong. {why}")


class BadWord(CasaKernelError):
    """A magic got a word that it does not know.

    Attributes:
        word: the word.
        known: the words that it knows.
    """

    def __init__(self, word: str, known: Sequence[str]) -> None:
        self.word, self.known = word, tuple(known)
        super().__init__(f"{word!r} is none of {', '.join(self.known)}.")


class BadKeeping(CasaKernelError):
    """The arguments of ``%casa_tools`` about keeping tools make no sense.

    Attributes:
        line: the arguments.
    """

    def __init__(self, line: str) -> None:
        self.line = line
        super().__init__(
            f"{line!r} means nothing to %casa_tools; say keep and minutes (keep 30), keep ever, off, memory and "
            "megabytes (memory 500), or end."
        )


class BadMode(BadWord):
    """A mode, or a task in ``%casa_mode``, does not exist."""


class NoSuchTask(CasaKernelError):
    """A value that should be a CASA task is not one.

    Attributes:
        word: the value, in Python's notation.
        near: tasks with a similar name.
    """

    def __init__(self, word: str, near: Sequence[str]) -> None:
        self.word, self.near = word, tuple(near)
        hint = f" Did you mean {self.near[0]!r}?" if self.near else ""
        super().__init__(f"{word} is no CASA task.{hint}")


class NoSuchName(CasaKernelError):
    """A name that is to be restored was never one of CASA's.

    Attributes:
        name: the name.
        near: similar names of CASA.
    """

    def __init__(self, name: str, near: Sequence[str]) -> None:
        self.name, self.near = name, tuple(near)
        hint = f" Did you mean {self.near[0]!r}?" if self.near else ""
        super().__init__(f"The kernel has put nothing called {name!r} into this notebook.{hint}")


class NoTaskChosen(CasaKernelError):
    """No task was named, neither now nor before."""

    def __init__(self) -> None:
        super().__init__("No task has been chosen yet; name one, for instance with default(tclean) or inp(tclean).")


class NoInputs(CasaKernelError):
    """There is no file with a task's inputs.

    Attributes:
        task: its name.
        places: the paths at which it was sought.
    """

    def __init__(self, task: str, places: Sequence[Path]) -> None:
        self.task, self.places = task, tuple(places)
        looked = " or ".join(str(each) for each in self.places)
        super().__init__(f"tget: there is no {looked}; go and tput write one.")


class InputsNotSaved(CasaKernelError):
    """A file with a task's inputs could not be written.

    Attributes:
        path: the file.
        reason: the error message of the system.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"tput: {path.absolute()} cannot be written: {reason}.")


class BadInputs(CasaKernelError):
    """A file with a task's inputs contains something else.

    Attributes:
        path: the file.
        line: the number of the line, from 1, or None.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, line: Optional[int], reason: str) -> None:
        self.path, self.line, self.reason = path, line, reason
        where = f"line {line} of {path.absolute()}" if line is not None else str(path.absolute())
        super().__init__(f"tget: {where} {reason}.")


class BadParameter(CasaKernelError):
    """An argument of a task is wrong.

    Attributes:
        task: the task's name.
        reason: what is wrong with which parameter.
    """

    def __init__(self, task: str, reason: str) -> None:
        self.task, self.reason = task, reason
        super().__init__(f"{task}: {reason}")


class NoSuchPath(BadParameter):
    """A path does not exist.

    Attributes:
        parameter: the parameter's name.
        path: the path, absolute.
    """

    def __init__(self, task: str, parameter: str, path: Path) -> None:
        self.parameter, self.path = parameter, path
        super().__init__(task, f"{parameter} names {path}, which does not exist.")


class WrongKind(BadParameter):
    """A path leads to something that the task cannot read.

    Attributes:
        parameter: the parameter's name.
        path: the path, absolute.
        kind: what is there.
        wanted: what the task reads.
    """

    def __init__(self, task: str, parameter: str, path: Path, kind: str, wanted: Sequence[str]) -> None:
        self.parameter, self.path, self.kind, self.wanted = parameter, path, kind, tuple(wanted)
        super().__init__(task, f"{parameter} names {path}, which is {kind}, but should be {' or '.join(self.wanted)}.")


class Damaged(BadParameter):
    """The file or table at a path cannot be read.

    Attributes:
        parameter: the parameter's name.
        path: the path, absolute.
        reason: what is wrong with it.
    """

    def __init__(self, task: str, parameter: str, path: Path, reason: str) -> None:
        self.parameter, self.path = parameter, path
        super().__init__(task, f"{parameter} names {path}, which cannot be read: {reason}.")
        self.reason = reason


class NoSuchFolder(BadParameter):
    """The folder of a file that a task is to write does not exist.

    Attributes:
        parameter: the parameter's name.
        path: the file, absolute.
    """

    def __init__(self, task: str, parameter: str, path: Path) -> None:
        self.parameter, self.path = parameter, path
        super().__init__(task, f"{parameter} names {path}, but there is no folder {path.parent}.")


class NotWritable(BadParameter):
    """A file that a task is to write cannot be written.

    Attributes:
        parameter: the parameter's name.
        path: the file, absolute.
        reason: why.
    """

    def __init__(self, task: str, parameter: str, path: Path, reason: str) -> None:
        self.parameter, self.path = parameter, path
        super().__init__(task, f"{parameter} names {path}, which cannot be written: {reason}.")
        self.reason = reason


class Locked(BadParameter):
    """A table is locked for writing.

    Attributes:
        parameter: the parameter's name.
        path: the path, absolute.
        pid: the process that holds the lock.
    """

    def __init__(self, task: str, parameter: str, path: Path, pid: int, holder: str) -> None:
        self.parameter, self.path, self.pid = parameter, path, pid
        super().__init__(task, f"{parameter} names {path}, which is locked by {holder}.")
