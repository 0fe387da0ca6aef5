"""Everything that the CASA kernel raises on purpose.

::

    CasaDesktopError
     └── CasaKernelError
          ├── CasaMissing          CASA, or the measures data it needs, could not be imported
          ├── ToolMissing          the wheel of a native tool is not installed
          ├── ExtractionFailed     a native tool could not be unpacked
          ├── ToolFailed           a native tool did not start, or ended in the middle of a call
          ├── TaskFailed           a task that draws said what is wrong
          ├── NothingDrawn         a task ended well and left no picture
          ├── ViewerLost           the mask editor ended before its task did
          ├── BadMode              a mode that does not exist, or a task that has none
          └── BadParameter         a task's argument is wrong
               ├── NoSuchPath      its path does not exist
               └── WrongKind       its path holds something else than the task can read

``str()`` of each is a sentence or two for the user; the notebook shows that instead of a traceback.
The values it speaks of are attributes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from casa_desktop.errors import CasaDesktopError


class CasaKernelError(CasaDesktopError):
    """Base of the kernel's own errors."""


class CasaMissing(CasaKernelError):
    """CASA cannot be used in this kernel.

    Attributes:
        reason: what went wrong, and the remedy.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"CASA is not available in this kernel: {reason}")


class ToolMissing(CasaKernelError):
    """A native tool is not installed in this Python.

    Attributes:
        tool: its name, which is the wheel's name too.
        where: where it was looked for.
    """

    def __init__(self, tool: str, where: str) -> None:
        self.tool, self.where = tool, where
        super().__init__(
            f"{tool} was not found {where}. Install it into this kernel's Python with 'pip install {tool}'."
        )


class ExtractionFailed(CasaKernelError):
    """A native tool could not be unpacked.

    Attributes:
        tool: its name.
        folder: where it was to go.
        reason: what went wrong, and the remedy.
    """

    def __init__(self, tool: str, folder: Path, reason: str) -> None:
        self.tool, self.folder, self.reason = tool, folder, reason
        super().__init__(f"{tool} could not be unpacked into {folder}: {reason}")


class ToolFailed(CasaKernelError):
    """A native tool did not start, or went away.

    Attributes:
        tool: its name.
        reason: what was seen, with the tool's last words.
    """

    def __init__(self, tool: str, reason: str) -> None:
        self.tool, self.reason = tool, reason
        super().__init__(f"{tool} {reason}")


class TaskFailed(CasaKernelError, RuntimeError):
    """A task that draws refused its arguments, in its own words. (CASA raises RuntimeError for these.)

    Attributes:
        task: its name.
        reason: what it said.
    """

    def __init__(self, task: str, reason: str) -> None:
        self.task, self.reason = task, reason
        super().__init__(f"{task}: {reason}")


class NothingDrawn(CasaKernelError):
    """A task ended without an error and without a picture.

    Attributes:
        task: its name.
        logfile: CASA's log, where the reason may be.
    """

    def __init__(self, task: str, logfile: str) -> None:
        self.task, self.logfile = task, logfile
        super().__init__(
            f"{task} drew nothing: check the selection and the axes; CASA's log says more (casalogger(), or {logfile})."
        )


class ViewerLost(CasaKernelError):
    """The mask editor ended before its task did.

    Attributes:
        task: the task that was waiting for it.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(
            f"The window of {task} ended before {task} did (was the desktop stopped?); its images are unfinished. "
            "Run it again."
        )


class BadMode(CasaKernelError):
    """A mode, or a task in ``%casa_mode``, that does not exist.

    Attributes:
        word: what was given.
        known: what would have been right.
    """

    def __init__(self, word: str, known: Sequence[str]) -> None:
        self.word, self.known = word, tuple(known)
        super().__init__(f"{word!r} is none of {', '.join(self.known)}.")


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
    """A path holds something that the task cannot read.

    Attributes:
        parameter: the parameter's name.
        path: the path, absolute.
        kind: what is there.
        wanted: what the task reads.
    """

    def __init__(self, task: str, parameter: str, path: Path, kind: str, wanted: Sequence[str]) -> None:
        self.parameter, self.path, self.kind, self.wanted = parameter, path, kind, tuple(wanted)
        super().__init__(task, f"{parameter} names {path}, which is {kind}, but should be {' or '.join(self.wanted)}.")
