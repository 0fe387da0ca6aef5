"""The exceptions that casa-desktop raises.

::

    CasaDesktopError
     ├── InvalidName, InvalidSetting, InvalidContainer, InvalidShare, InvalidKernelName, SettingNotWritten
     ├── RuntimeDirectoryError, SocketFolderUnsafe
     ├── Shortage                  an OSError, too
     ├── ProgramMissing
     │    └── XServerMissing, WindowManagerMissing, EngineMissing, MpirunMissing, SlurmMissing
     ├── HostsUnusable, HostsOutOfReach, CasampiMissing, RanksFailed
     ├── StartFailed, StartTimeout, NotAnswering, StopFailed, TooManyDesktops
     ├── NotRunning
     │    └── DesktopLost
     ├── ScreenshotFailed, NoSuchWindow, ScalingFailed
     ├── ServingUnavailable, PageUnavailable, NoSuchShare, LinkRefused, ProtocolViolation, SwitchedOff
     ├── ContainerFailed, ImageUnusable, LinkFailed, NetworkShared
     ├── NotInstalled, OverlayFailed
     ├── StoreUnusable, NotKept, NotPutBack, StateUnknown
     ├── HandworkMissing, HandworkDamaged, HandworkOfOtherFormat, HandworkNotExportable, NumpyMissing
     ├── HistoryOfNothing, HistoryNotWritten, HistoryLibraryMissing
     ├── BatchUnavailable, NotebookUnreadable, OutputRefused, NotebookOfOtherKernel
     ├── NoParameters, UnknownParameter, InvalidParameter, UnusableParameters, ListUnusable
     ├── JobUnknown, JobDamaged, JobHeld, JobNotStarted, OutputTaken, SlurmFailed
     ├── KernelTaken, KernelUnknown, ForeignKernel, KernelNotWritten, KernelFailed
     └── UnusablePython
          └── PythonTooOld, CasaNotInstalled

``str()`` of each is one or two sentences for the user: what was looked for, where, and what to do. The values in the
message are attributes, also in another process (``system.formatted_error``).
"""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Optional, Sequence, Tuple

from .system.formatted_error import FormattedError
from .system.threads import NO_THREAD


class CasaDesktopError(FormattedError):
    """Base class of all exceptions of casa-desktop."""


class InvalidName(CasaDesktopError):
    """A desktop's name is not of the allowed form."""

    name: str
    message = (
        "{name!r} is no name for a desktop: use 1 to 32 letters, digits, '-' or '_', "
        "with a letter or digit first, but not 'api', 'shared' or 'static'."
    )


class InvalidSetting(CasaDesktopError):
    """A setting has the wrong form."""

    setting: str
    value: object
    expected: str  # the expected form, in words
    message = "{setting} is {value!r}, but should be {expected}."


class SettingNotWritten(CasaDesktopError):
    """The user's choice cannot be written to its file."""

    path: Path
    reason: str  # the system's message
    message = "The choice cannot be written to {path}: {reason}."


class RuntimeDirectoryError(CasaDesktopError):
    """The runtime directory cannot be used."""

    path: Path
    reason: str  # what is wrong with it, and the remedy
    message = "The runtime directory {path} cannot be used: {reason}"


class SocketFolderUnsafe(CasaDesktopError):
    """The folder of X's sockets does not protect them from other users."""

    path: Path
    reason: str  # what is wrong with it
    message = (
        "No desktop can be started safely in {path}, the folder of X's sockets: {reason}. Have the administrator set "
        "it right: 'chown root:root {path}; chmod 1777 {path}' (or 'rm {path}', if it is no folder)."
    )


# What has run out, and the remedy; {place} is empty, or names the place.
_SHORTAGES = {
    errno.ENOSPC: "No room is left on the disk{place}. Make room there and try again.",
    errno.EDQUOT: "Your quota on the disk{place} is used up. Remove files there and try again.",
    errno.EMFILE: "This process has reached its limit of {limit} open files. Close some, or raise its limit "
    "('ulimit -n').",
    errno.ENFILE: "This machine cannot open more files. End programs that hold many, and try again.",
    errno.ENOMEM: "No memory is left. End programs that take much of it, and try again.",
    # From fork(2), and from pthread_create(3), also if memory is short. No other EAGAIN of ours reaches a user.
    errno.EAGAIN: "No more processes or threads can be started: your limit ('ulimit -u') or the memory is used up. "
    "End some, and try again.",
}


class Shortage(CasaDesktopError, OSError):
    """A resource has run out that the user can free or extend.

    It is an OSError too, so that code that can do without the resource handles it like any other OSError.
    """

    errno: int
    where: Optional[Path] = None  # the file or folder in question
    strerror: str = ""  # the system's message

    def _text(self) -> str:
        self.strerror = os.strerror(self.errno)
        place = f" that holds {self.where}" if self.where is not None else ""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return _SHORTAGES[self.errno].format(place=place, limit=limit)

    @classmethod
    def of(cls, error: object, where: Optional[Path] = None) -> Optional[Shortage]:
        """Return the shortage that ``error`` reports; None if it reports something else."""
        if isinstance(error, cls):
            return error
        if isinstance(error, MemoryError):
            return cls(errno.ENOMEM)
        if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
            return cls(errno.EAGAIN)
        if not isinstance(error, OSError) or error.errno not in _SHORTAGES:
            return None
        return cls(error.errno, Path(error.filename) if isinstance(error.filename, str) else where)


class ProgramMissing(CasaDesktopError):
    """A program that the desktop needs is not on PATH."""

    programs: Tuple[str, ...]  # the names that were looked for, in order
    package: str  # the Debian package that contains it
    what = "program"

    def _text(self) -> str:
        return (
            f"No {self.what} was found: looked on PATH for {' and '.join(self.programs)}. "
            f"Install it, for example with 'apt install {self.package}'."
        )


class XServerMissing(ProgramMissing):
    """No Xvnc is on PATH."""

    what = "X server"


class WindowManagerMissing(ProgramMissing):
    """No IceWM is on PATH."""

    what = "window manager"


class EngineMissing(ProgramMissing):
    """No suitable container engine is on PATH."""

    what = "container engine"


class MpirunMissing(ProgramMissing):
    """Open MPI's mpirun is not on PATH, and a kernel over MPI was asked for."""

    what = "mpirun of Open MPI"


class HostsUnusable(CasaDesktopError):
    """The file with the machines of a kernel over MPI cannot be used."""

    path: str
    reason: str  # what is wrong with it
    message = (
        "The hosts file {path} cannot be used: {reason}. It has a line for each machine, like 'node1 slots=8', "
        "this machine's first."
    )


class HostsOutOfReach(CasaDesktopError):
    """A kernel over MPI on several machines would have a network of its own."""

    path: str
    message = (
        "The machines in {path} cannot reach a kernel in a network of its own, as kernels here have it. It needs "
        "'--network host'; others on this network can then reach CASA's ports, too."
    )


class CasampiMissing(CasaDesktopError):
    """The kernel's Python lacks the packages by which CASA works on several processes."""

    python: str
    message = (
        "{python} lacks casampi or mpi4py, by which CASA works on several processes; install them with "
        "'{python} -m pip install casampi mpi4py'."
    )


class RanksFailed(CasaDesktopError):
    """The processes of a kernel over MPI did not start."""

    number: int  # how many there should be
    reason: str  # what has happened
    message = "The {number} ranks of this kernel did not start: {reason} 'casa-desktop doctor' tries two."


class SlurmMissing(ProgramMissing):
    """No command of Slurm is on PATH."""

    what = "Slurm"


class StartFailed(CasaDesktopError):
    """The desktop ended while it was starting."""

    name: str
    reason: str  # what ended, with the end of its log
    message = "The desktop {name!r} did not start: {reason}"


class StartTimeout(CasaDesktopError):
    """The desktop was not ready by its deadline."""

    name: str
    seconds: float
    step: str  # what was being waited for
    message = (
        "The desktop {name!r} was not ready within {seconds:g} s (waiting for {step}). "
        "Try again; 'casa-desktop doctor' lists what is missing."
    )


class NotAnswering(CasaDesktopError):
    """The desktop exists, but its X server does not, and was not restarted."""

    name: str
    seconds: float
    message = (
        "The desktop {name!r} has had no X server for {seconds:g} s. "
        "Restart it with 'casa-desktop restart --name {name}'."
    )


class StopFailed(CasaDesktopError):
    """The desktop did not end."""

    name: str
    reason: str = "Look for its supervisor: 'pgrep -af casa_desktop.desktop.supervisor'."  # and what to do
    message = "The desktop {name!r} did not end. {reason}"


class TooManyDesktops(CasaDesktopError):
    """As many desktops run as the administrator allows."""

    name: str  # of the one that is not started
    most: int
    running: Sequence[str]  # names of those that run

    def _text(self) -> str:
        return (
            f"The desktop {self.name!r} is not started: no more than {self.most} may run at a time, and there are "
            f"{', '.join(self.running)}. Stop one of them first, in JupyterLab's Running panel or with "
            "'casa-desktop stop --name NAME'."
        )


class NotRunning(CasaDesktopError):
    """No desktop of that name is running."""

    name: str
    reason: str = ""  # why it ended by itself, in a sentence

    def _text(self) -> str:
        because = f"{self.reason} " if self.reason else ""
        return (
            f"The desktop {self.name!r} is not running. {because}Start it with 'casa-desktop start --name {self.name}' "
            "or from JupyterLab's launcher."
        )


class DesktopLost(NotRunning):
    """A desktop has ended without being stopped; its views may start it again without asking."""


class ScreenshotFailed(CasaDesktopError):
    """The picture of a desktop could not be taken."""

    name: str
    reason: str  # the message of the screenshot program
    message = "No picture of the desktop {name!r} could be taken: {reason}"


class NoSuchWindow(CasaDesktopError):
    """No window of a desktop has the given words in its title or in its program's name."""

    name: str
    words: str
    titles: Sequence[str]  # of all its windows

    def _text(self) -> str:
        there = f"there are: {'; '.join(self.titles)}" if self.titles else "it has no windows"
        return f"No window of the desktop {self.name!r} is called {self.words!r}; {there}."


class ScalingFailed(CasaDesktopError):
    """The scale of a desktop's windows could not be changed."""

    name: str
    reason: str
    message = "The windows of the desktop {name!r} could not be drawn in another size: {reason}"


class ServingUnavailable(CasaDesktopError):
    """What ``casa-desktop serve`` needs is not installed."""

    reason: str  # the message of Python's ImportError
    message = (
        "'casa-desktop serve' needs websockify ({reason}). Install it with 'pip install websockify', "
        "with Python 3.10 or later."
    )


class PageUnavailable(CasaDesktopError):
    """A kernel cannot serve the page of a desktop, which its Jupyter server does not show."""

    name: str
    reason: str

    def _text(self) -> str:
        return (
            f"The page of the desktop {self.name!r} cannot be served from this kernel: {self.reason.rstrip('.')}. "
            f"Run 'casa-desktop serve --name {self.name}' in a terminal on this machine."
        )


class NoSuchShare(CasaDesktopError):
    """No share link has the given token or id; it may have expired, or have been withdrawn."""

    message = (
        "This link to a desktop is not valid: it has expired or was withdrawn, or its desktop has ended. "
        "Ask its sender for a new one."
    )


class InvalidShare(CasaDesktopError):
    """A share link cannot be made with the given values."""

    field: str
    value: object
    expected: str  # what it should be, in words
    message = "A link's {field} is {value!r}, but should be {expected}."


class LinkRefused(CasaDesktopError):
    """A program on the desktop asked to open an address that is not allowed, or that cannot be delivered."""

    address: str
    reason: str  # why not, and what to do
    message = "{address!r} is not opened: {reason}"


class SwitchedOff(CasaDesktopError):
    """The server's administrator has switched off what is asked for."""

    what: str  # with its verb, in the plural
    message = "{what} switched off on this server. Its administrator can switch them on."


class ProtocolViolation(CasaDesktopError):
    """A browser sent a message that views do not send; its connection must be closed."""

    code: int  # the websocket's close code, RFC 6455, section 7.4.1
    found: str  # what was sent, in words
    message = "The browser sent an invalid message: {found}."


class InvalidContainer(CasaDesktopError):
    """The description of a container is invalid."""

    field: str
    value: object
    expected: str  # what it should be, in words
    message = "A container's {field} is {value!r}, but should be {expected}."


class ContainerFailed(CasaDesktopError):
    """A container did not start."""

    label: str  # the engine and the image
    reason: str  # what went wrong, and what to do about it
    message = "The container of {label} did not start: {reason}"


class ImageUnusable(CasaDesktopError):
    """An image cannot be used for kernels or desktops."""

    label: str  # the engine and the image
    reason: str  # what is wrong with it, and what to do about it

    def _text(self) -> str:
        end = "" if self.reason.endswith((".", "?")) else "."
        return f"The container of {self.label} cannot be used: {self.reason}{end}"


class NotInstalled(CasaDesktopError):
    """casa-desktop runs from a source folder, without the metadata that pip would install."""

    python: str  # the Python that runs it
    message = (
        "casa-desktop is not installed in {python}, but runs from its sources; kernels need it installed, for "
        "example with 'pip install -e .'"
    )


class InvalidKernelName(CasaDesktopError):
    """A kernel's name is not of the form that Jupyter allows."""

    name: str
    message = (
        "{name!r} is no name for a kernel: Jupyter allows ASCII letters, digits, '-', '.' and '_', "
        "beginning with a letter or digit."
    )


class KernelTaken(CasaDesktopError):
    """A kernel of that name already exists."""

    name: str
    folder: Path  # of its kernelspec
    message = (
        "A kernel {name!r} exists already, in {folder}. Choose another name with --name, or replace it with --replace."
    )


class KernelUnknown(CasaDesktopError):
    """There is no kernel of that name."""

    name: str
    known: Sequence[str]  # the names of the existing kernels

    def _text(self) -> str:
        there = f"there are: {', '.join(self.known)}" if self.known else "there are none"
        return f"There is no kernel {self.name!r}; {there}."


class ForeignKernel(CasaDesktopError):
    """A kernel was not written by ``casa-desktop kernel install``, which therefore must not change it."""

    name: str
    folder: Path  # of its kernelspec
    message = (
        "The kernel {name!r} in {folder} was not written by 'casa-desktop kernel install', so it was not changed. "
        "'jupyter kernelspec remove {name}' removes it, and 'pip uninstall casa-desktop' the kernel 'casa'."
    )


class KernelNotWritten(CasaDesktopError):
    """A kernel's files cannot be written or removed."""

    folder: Path  # for the kernelspec
    reason: str  # the system's message
    message = (
        "The kernel's folder {folder} cannot be written: {reason}. Choose another place with --user, --sys-prefix "
        "or --prefix."
    )


class KernelFailed(CasaDesktopError):
    """A kernel did not start, ended, or did not answer."""

    name: str
    reason: str  # what happened
    remedy: str = ""

    def _text(self) -> str:
        remedy = f" Remedy: {self.remedy}." if self.remedy else ""
        return f"The kernel {self.name!r} failed: {self.reason}.{remedy}"


class UnusablePython(CasaDesktopError):
    """Something that should be a Python cannot be used."""

    python: str  # its path, or the container's image
    reason: str  # what is wrong with it
    message = "{python} cannot be used as a kernel's Python: {reason}."


class PythonTooOld(UnusablePython):
    """A Python is too old for the kernel."""

    version: Sequence[int]

    def __init__(self, python: str, version: Sequence[int]) -> None:
        self.version = tuple(version)
        super().__init__(
            python,
            f"it is Python {'.'.join(map(str, version))}, and the kernel needs 3.8 or later (CASA has it from 6.4 on; "
            "for older releases there is no kernel)",
        )


class CasaNotInstalled(UnusablePython):
    """A Python has no CASA."""

    def __init__(self, python: str) -> None:
        super().__init__(
            python,
            "it has no casatools and casatasks; install CASA into it, for example with "
            f"'{python} -m pip install casatools casatasks casadata six', or name another Python with --python",
        )


class OverlayFailed(CasaDesktopError):
    """What another Python lacks for a kernel could not be installed for it."""

    python: str  # its path
    reason: str  # the message of pip or the system

    def _text(self) -> str:
        return f"What {self.python} lacks for a kernel could not be installed: {self.reason.rstrip('.')}."


class StoreUnusable(CasaDesktopError):
    """The store of results cannot be used."""

    path: Path
    reason: str  # what is wrong with it, and the remedy
    message = "The store of results {path} cannot be used: {reason}"


class NotKept(CasaDesktopError):
    """The result of a call cannot be kept for the next time. The result itself is unharmed."""

    reason: str
    message = "The result was not kept: {reason}."


class NotPutBack(CasaDesktopError):
    """A result that was kept cannot be put back, so the task must run. What lies there is as it was."""

    reason: str
    message = "The result that was kept was not put back: {reason}."


class StateUnknown(CasaDesktopError):
    """The contents of a file or folder cannot be compared with what they were, so that nothing may be reused."""

    path: Path
    reason: str  # why not

    def _text(self) -> str:
        return f"What {self.path} contains cannot be compared with earlier contents: {self.reason.rstrip('.')}."

    @classmethod
    def of(cls, path: str, error: OSError) -> StateUnknown:
        """Return the reason that the system gives."""
        where = error.filename if isinstance(error.filename, str) else path
        return cls(Path(where), error.strerror or str(error))


class HandworkMissing(CasaDesktopError):
    """There is no record of handwork in a folder."""

    path: Path  # the folder
    message = (
        "There is no handwork in {path}. An interactive call of tclean, deconvolve or sdintimaging keeps it in a "
        "folder beside the image, for example first.hand; a flagging in a window of plotms in my.ms.hand/0001."
    )


class HandworkDamaged(CasaDesktopError):
    """A record of handwork cannot be read."""

    path: Path  # its folder
    reason: str  # what is wrong with it

    def _text(self) -> str:
        return f"The handwork in {self.path} cannot be read: {self.reason.rstrip('.')}."


class HandworkOfOtherFormat(CasaDesktopError):
    """A record of handwork has another format than this release reads."""

    path: Path  # its folder
    found: object  # its format
    known: int  # the format that this release reads
    message = (
        "The handwork in {path} has the format {found}, and this release of casa-desktop reads format {known}. Read it "
        "with the release that has written it."
    )


class HandworkNotExportable(CasaDesktopError):
    """A record of handwork cannot be said in CASA's own tasks, at least not so that the result is surely the same."""

    path: Path  # its folder
    reason: str

    def _text(self) -> str:
        return (
            f"The handwork in {self.path} cannot be exported: {self.reason}. Replay it instead: call the task with "
            f"hand={str(self.path)!r}."
        )


class NumpyMissing(CasaDesktopError):
    """Records of handwork have masks, and this Python has nothing to read them with."""

    python: str  # the interpreter
    message = (
        "Handwork is read with numpy, which {python} does not have. Install it there: '{python} -m pip install numpy'"
    )


class HistoryOfNothing(CasaDesktopError):
    """There is nothing whose history could be told."""

    path: Path
    message = "There is no image, table, MeasurementSet or FITS file at {path}. Check the name and the folder."


class HistoryNotWritten(CasaDesktopError):
    """A history cannot be written to a file or folder."""

    path: Path
    reason: str  # what is wrong with it, and the remedy

    def _text(self) -> str:
        return f"The history cannot be written to {self.path}: {self.reason.rstrip('.')}."


class HistoryLibraryMissing(CasaDesktopError):
    """A library that writes histories in a format of others is not installed."""

    library: str
    python: str
    message = (
        "The Python package {library} is not installed in {python}. Install it there by "
        "\"pip install 'casa-desktop[history]'\"."
    )


class JobUnknown(CasaDesktopError):
    """There is no job of that id."""

    id: str
    folder: Path  # of all jobs
    near: Sequence[str]  # ids that are written nearly the same

    def _text(self) -> str:
        remedy = f"Is it {' or '.join(self.near)}?" if self.near else "'casa-desktop jobs' lists those that there are."
        return f"There is no job {self.id!r} in {self.folder}. {remedy}"


class JobDamaged(CasaDesktopError):
    """The folder of a job cannot be read."""

    id: str
    path: Path  # its folder
    reason: str  # what is wrong with it
    message = (
        "The job {id!r} in {path} cannot be read: {reason}. 'casa-desktop jobs remove {id}' removes it; the notebook "
        "that it was made of is where it was."
    )


class BatchUnavailable(CasaDesktopError):
    """What ``casa-desktop run`` needs is not installed."""

    reason: str  # the message of Python's ImportError
    message = (
        "'casa-desktop run' needs nbclient ({reason}). Install it with 'pip install nbclient', with Python 3.10 or "
        "later."
    )


class NotebookUnreadable(CasaDesktopError):
    """A notebook or script that is to be run cannot be read."""

    path: Path
    reason: str  # what is wrong with it
    message = "The notebook {path} cannot be read: {reason}."


class OutputRefused(CasaDesktopError):
    """The notebook that a run would write cannot be written, or must not be."""

    path: Path
    reason: str  # why not, and the remedy
    message = "The output {path} is not written: {reason}."


class NotebookOfOtherKernel(CasaDesktopError):
    """A notebook was made with a kernel that is not here, or that is none of Python."""

    path: Path
    kernel: str  # the name in the notebook
    known: Sequence[str]  # the names of the CASA kernels that are here

    def _text(self) -> str:
        there = f"there are: {', '.join(self.known)}" if self.known else "there are none"
        return (
            f"The notebook {self.path} was made with the kernel {self.kernel!r}, which is not here. Choose a kernel "
            f"with --kernel; {there}."
        )


class NoParameters(CasaDesktopError):
    """A notebook has no parameters, and is given some."""

    path: Path
    message = (
        "The notebook {path} has no cell with the tag 'parameters', so it takes none. In JupyterLab, select the cell "
        "that sets them, and add the tag in the property inspector (the gears at the upper right); in a script the "
        'cell begins with the line  # %% tags=["parameters"].'
    )


class UnknownParameter(CasaDesktopError):
    """A notebook has no parameter of that name."""

    name: str
    path: Path  # the notebook
    known: Sequence[str]  # the names of its parameters
    near: Sequence[str]  # those with a similar name

    def _text(self) -> str:
        there = f"it has: {', '.join(self.known)}" if self.known else "it has none"
        meant = f" Did you mean {self.near[0]!r}?" if self.near else ""
        return f"The notebook {self.path} has no parameter {self.name!r}; {there}.{meant}"


class InvalidParameter(CasaDesktopError):
    """A parameter's value is of the wrong form."""

    name: str
    value: object
    expected: str  # what it should be, in words
    message = "The parameter {name} is {value!r}, but should be {expected}."


class UnusableParameters(CasaDesktopError):
    """The cell with the parameters is such that giving values would have no effect, or half of one."""

    path: Path  # the notebook
    reason: str  # what is wrong with the cell, and the remedy
    message = "The cell with the tag 'parameters' in {path} cannot be used: {reason}."


class ListUnusable(CasaDesktopError):
    """A file with values of a parameter, a job for each, cannot be used."""

    path: Path
    reason: str  # what is wrong with it, and the remedy
    message = "The list {path} cannot be used: {reason}."


class JobHeld(CasaDesktopError):
    """A job has not ended, so that it can be neither started again nor removed."""

    id: str
    path: Path  # its folder
    message = "The job {id!r} in {path} has not ended. 'casa-desktop jobs stop {id}' stops it."


class JobNotStarted(CasaDesktopError):
    """An engine did not take a job. Nothing is left of it."""

    engine: str
    reason: str  # its own words

    def _text(self) -> str:
        return f"The job was not started by {self.engine}: {self.reason.rstrip('.')}."


class OutputTaken(CasaDesktopError):
    """A job that has not ended writes the same output."""

    path: Path  # the output
    id: str
    message = (
        "The job {id!r} writes {path}, too, and has not ended. Choose another name with --output, or stop that job: "
        "'casa-desktop jobs stop {id}'"
    )


class SlurmFailed(CasaDesktopError):
    """A command of Slurm's failed."""

    command: str
    reason: str  # its own words

    def _text(self) -> str:
        return f"Slurm's {self.command} failed: {self.reason.rstrip('.')}."


class LinkFailed(CasaDesktopError):
    """A kernel cannot reach the process outside of its container or network namespace that starts desktops for it.

    That is its container's launcher, or its host helper.
    """

    path: str  # of that process's socket
    reason: str
    message = (
        "The process that starts desktops for this kernel, outside of its container or network, does not answer at "
        "{path}: {reason}. Try again; if that does not help, restart the kernel."
    )


class NetworkShared(CasaDesktopError):
    """A kernel has the machine's network, so that other users can reach CASA's ports."""

    reason: str = "this machine allows no other"  # why it has no private network
    remedy = (
        "protect this machine's ports from users you do not trust, or have user namespaces allowed: apt install "
        "bubblewrap, and see user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns of sysctl"
    )
    message = (
        "CASA's tasks and tools listen on ports of this machine without a password, because this kernel shares the "
        "machine's network: {reason}. Remedy: " + remedy + ". CASA_DESKTOP_NETWORK=host hides this warning."
    )
