"""The exceptions that casa-desktop raises.

::

    CasaDesktopError
     ├── InvalidName              a desktop's name that could not be a folder or a URL
     ├── InvalidSetting           a setting of the wrong form
     ├── SettingNotWritten        the user's choice cannot be written to its file
     ├── RuntimeDirectoryError    the runtime directory is unsafe, too long or not writable
     ├── Shortage                 disk, open files, memory or processes have run out; an OSError too
     ├── ProgramMissing           a program is not on PATH
     │    ├── XServerMissing
     │    ├── WindowManagerMissing
     │    └── EngineMissing
     ├── SocketFolderUnsafe       another user could replace a desktop's socket in the folder of X's sockets
     ├── StartFailed              the desktop's X server or supervisor ended while starting
     ├── StartTimeout             the desktop was not ready by its deadline
     ├── NotAnswering             the desktop exists, but its X server does not
     ├── StopFailed               the desktop did not end
     ├── NotRunning               no desktop of that name is running
     │    └── DesktopLost         it ended without being stopped
     ├── ScreenshotFailed         the desktop's picture could not be taken
     ├── NoSuchWindow             no window has that title
     ├── ScalingFailed            the windows' scale could not be changed
     ├── ServingUnavailable       what ``casa-desktop serve`` needs is not installed
     ├── NoSuchShare              no share link has that token or id
     ├── InvalidShare             a share link cannot be made with these values
     ├── LinkRefused              a program on the desktop may not have an address opened
     ├── ProtocolViolation        a browser sent a message that views do not send
     ├── InvalidContainer         a container's description is invalid
     ├── ContainerFailed          a container did not start, or its engine is missing
     ├── LinkFailed               a kernel in a container or network namespace cannot reach its launcher or host helper
     ├── ImageUnusable            an image cannot be used for kernels or desktops
     ├── NotInstalled             casa-desktop runs, but pip has not installed it
     ├── InvalidKernelName        a kernel's name is not of the form that Jupyter allows
     ├── KernelTaken              a kernel of that name already exists
     ├── KernelUnknown            there is no kernel of that name
     ├── ForeignKernel            a kernel was not written by casa-desktop, which must not change it
     ├── KernelNotWritten         a kernel's files cannot be written or removed
     ├── KernelFailed             a kernel did not start, ended, or did not answer
     ├── UnusablePython           something that should be a Python cannot be used
     │    ├── PythonTooOld
     │    └── CasaNotInstalled
     ├── OverlayFailed            what another Python lacks could not be installed for it
     └── NetworkShared            CASA's ports can only be in the machine's network

``str()`` of each is one or two sentences for the user: what was looked for, where, and what to do. The values in the
message are attributes.
"""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Optional, Sequence

from .system.threads import NO_THREAD


class CasaDesktopError(Exception):
    """Base class of all exceptions of casa-desktop."""


class InvalidName(CasaDesktopError):
    """A desktop's name is not of the allowed form.

    Attributes:
        name: the name as given.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name!r} is no name for a desktop: use 1 to 32 letters, digits, '-' or '_', "
            "beginning with a letter or digit, and none of 'api', 'shared' and 'static'."
        )


class InvalidSetting(CasaDesktopError):
    """A setting has the wrong form.

    Attributes:
        setting: the setting's name.
        value: the value as given.
        expected: the expected form, in words.
    """

    def __init__(self, setting: str, value: object, expected: str) -> None:
        self.setting, self.value, self.expected = setting, value, expected
        super().__init__(f"{setting} is {value!r}, but should be {expected}.")


class SettingNotWritten(CasaDesktopError):
    """The user's choice cannot be written to its file.

    Attributes:
        path: the file.
        reason: the system's message.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"The choice cannot be written to {path}: {reason}.")


class RuntimeDirectoryError(CasaDesktopError):
    """The runtime directory cannot be used.

    Attributes:
        path: the folder in question.
        reason: what is wrong with it, and the remedy.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"The runtime directory {path} cannot be used: {reason}")


class SocketFolderUnsafe(CasaDesktopError):
    """The folder of X's sockets does not protect them from other users.

    Attributes:
        path: the folder.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"No desktop can be started safely: X's sockets lie in {path}, and {reason}. Have the administrator set "
            f"it right: 'chown root:root {path}; chmod 1777 {path}' (or 'rm {path}', if it is no folder)."
        )


# What has run out, and the remedy; {place} is empty, or names the place.
_SHORTAGES = {
    errno.ENOSPC: "No room is left on the disk{place}. Make room there and try again.",
    errno.EDQUOT: "Your quota on the disk{place} is used up. Remove files there and try again.",
    errno.EMFILE: "All {limit} files that this process may have open are open. Close some, or raise its limit "
    "('ulimit -n').",
    errno.ENFILE: "This machine has as many files open as it can. End programs that hold many, and try again.",
    errno.ENOMEM: "No memory is left. End programs that take much of it, and try again.",
    # From fork(2), and from pthread_create(3), also if memory is short. No other EAGAIN of ours reaches a user.
    errno.EAGAIN: "You have as many processes and threads as you may ('ulimit -u'), or no memory is left for one more. "
    "End some, and try again.",
}


class Shortage(CasaDesktopError, OSError):
    """A resource has run out that the user can free or extend.

    It is an OSError too, so that code that can do without the resource handles it like any other OSError.

    Attributes:
        errno: the system's error number.
        strerror: the system's message.
        where: the file or folder in question, or None.
    """

    def __init__(self, number: int, where: Optional[Path] = None) -> None:
        place = f" that holds {where}" if where is not None else ""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        super().__init__(_SHORTAGES[number].format(place=place, limit=limit))
        self.errno, self.strerror, self.where = number, os.strerror(number), where

    def __str__(self) -> str:
        """Return the message; an OSError's own would begin with its number."""
        return str(self.args[0])

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
    """A program that the desktop needs is not on PATH.

    Attributes:
        programs: the names that were looked for, in order.
        package: the Debian package that contains it.
    """

    what = "program"

    def __init__(self, programs: tuple[str, ...], package: str) -> None:
        self.programs, self.package = programs, package
        super().__init__(
            f"No {self.what} was found: looked on PATH for {' and '.join(programs)}. "
            f"Install it, for example with 'apt install {package}'."
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


class StartFailed(CasaDesktopError):
    """The desktop ended while it was starting.

    Attributes:
        name: the desktop's name.
        reason: what ended, with the end of its log.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"The desktop {name!r} did not start: {reason}")


class StartTimeout(CasaDesktopError):
    """The desktop was not ready by its deadline.

    Attributes:
        name: the desktop's name.
        seconds: the time that was allowed.
        step: what was being waited for.
    """

    def __init__(self, name: str, seconds: float, step: str) -> None:
        self.name, self.seconds, self.step = name, seconds, step
        super().__init__(
            f"The desktop {name!r} was not ready within {seconds:g} s (waiting for {step}). "
            "Try again; 'casa-desktop doctor' tells what is missing."
        )


class NotAnswering(CasaDesktopError):
    """The desktop exists, but its X server does not, and was not restarted.

    Attributes:
        name: the desktop's name.
        seconds: how long it was waited for.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        super().__init__(
            f"The desktop {name!r} has had no X server for {seconds:g} s. "
            f"Start it afresh with 'casa-desktop restart --name {name}'."
        )


class StopFailed(CasaDesktopError):
    """The desktop did not end.

    Attributes:
        name: the desktop's name.
        reason: why, and what to do; empty if the reason is not known.
    """

    def __init__(self, name: str, reason: str = "") -> None:
        self.name, self.reason = name, reason
        told = reason or "Look for its supervisor: 'pgrep -af casa_desktop.desktop.supervisor'."
        super().__init__(f"The desktop {name!r} did not end. {told}")


class NotRunning(CasaDesktopError):
    """No desktop of that name is running.

    Attributes:
        name: the desktop's name.
        reason: why it ended by itself, in a sentence, or empty.
    """

    def __init__(self, name: str, reason: str = "") -> None:
        self.name, self.reason = name, reason
        because = f"{reason} " if reason else ""
        super().__init__(
            f"The desktop {name!r} is not running. {because}Start it with 'casa-desktop start --name {name}' "
            "or from JupyterLab's launcher."
        )


class DesktopLost(NotRunning):
    """A desktop has ended without being stopped; its views may start it again without asking."""


class ScreenshotFailed(CasaDesktopError):
    """The picture of a desktop could not be taken.

    Attributes:
        name: the desktop's name.
        reason: the message of the screenshot program.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"No picture of the desktop {name!r} could be taken: {reason}")


class NoSuchWindow(CasaDesktopError):
    """No window of a desktop has the given words in its title or in its program's name.

    Attributes:
        name: the desktop's name.
        words: the words that were looked for.
        titles: the titles of all its windows.
    """

    def __init__(self, name: str, words: str, titles: Sequence[str]) -> None:
        self.name, self.words, self.titles = name, words, tuple(titles)
        there = f"there are: {'; '.join(titles)}" if titles else "there is none at all"
        super().__init__(f"No window of the desktop {name!r} is called {words!r}; {there}.")


class ScalingFailed(CasaDesktopError):
    """The scale of a desktop's windows could not be changed.

    Attributes:
        name: the desktop's name.
        reason: what went wrong.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"The windows of the desktop {name!r} could not be drawn in another size: {reason}")


class ServingUnavailable(CasaDesktopError):
    """What ``casa-desktop serve`` needs is not installed.

    Attributes:
        reason: the message of Python's ImportError.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"'casa-desktop serve' needs websockify ({reason}). Install it with 'pip install websockify', "
            "with Python 3.10 or later."
        )


class NoSuchShare(CasaDesktopError):
    """No share link has the given token or id; it may have expired, or have been withdrawn."""

    def __init__(self) -> None:
        super().__init__(
            "This link to a desktop is not valid: it has expired or was withdrawn, or its desktop has ended. "
            "Ask whoever sent it for a new one."
        )


class InvalidShare(CasaDesktopError):
    """A share link cannot be made with the given values.

    Attributes:
        field: the property that is wrong.
        value: its value as given.
        expected: what it should be, in words.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"A link's {field} is {value!r}, but should be {expected}.")


class LinkRefused(CasaDesktopError):
    """A program on the desktop asked to open an address that is not allowed, or that cannot be delivered.

    Attributes:
        address: the address.
        reason: why not, and what to do.
    """

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(f"{address!r} is not opened: {reason}")


class ProtocolViolation(CasaDesktopError):
    """A browser sent a message that views do not send; its connection must be closed.

    Attributes:
        code: the websocket's close code, RFC 6455, section 7.4.1.
        found: what was sent, in words.
    """

    def __init__(self, code: int, found: str) -> None:
        self.code, self.found = code, found
        super().__init__(f"The browser sent what a view does not send: {found}.")


class InvalidContainer(CasaDesktopError):
    """The description of a container is invalid.

    Attributes:
        field: the property that is wrong.
        value: its value as given.
        expected: what it should be, in words.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"A container's {field} is {value!r}, but should be {expected}.")


class ContainerFailed(CasaDesktopError):
    """A container did not start.

    Attributes:
        label: the engine and the image.
        reason: what went wrong, and what to do about it.
    """

    def __init__(self, label: str, reason: str) -> None:
        self.label, self.reason = label, reason
        super().__init__(f"The container of {label} did not start: {reason}")


class ImageUnusable(CasaDesktopError):
    """An image cannot be used for kernels or desktops.

    Attributes:
        label: the engine and the image.
        reason: what is wrong with it, and what to do about it.
    """

    def __init__(self, label: str, reason: str) -> None:
        self.label, self.reason = label, reason
        super().__init__(
            f"The container of {label} cannot be used: {reason}{'' if reason.endswith(('.', '?')) else '.'}"
        )


class NotInstalled(CasaDesktopError):
    """casa-desktop runs from a source folder, without the metadata that pip would install.

    Attributes:
        python: the Python that runs it.
    """

    def __init__(self, python: str) -> None:
        self.python = python
        super().__init__(
            f"casa-desktop is not installed in {python}, but runs from its sources; kernels need it installed, for "
            "example with 'pip install -e .'"
        )


class InvalidKernelName(CasaDesktopError):
    """A kernel's name is not of the form that Jupyter allows.

    Attributes:
        name: the name as given.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name!r} is no name for a kernel: Jupyter allows ASCII letters, digits, '-', '.' and '_', "
            "beginning with a letter or digit."
        )


class KernelTaken(CasaDesktopError):
    """A kernel of that name already exists.

    Attributes:
        name: the kernel's name.
        folder: the folder of its kernelspec.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        super().__init__(
            f"There is a kernel {name!r} already, in {folder}. Choose another name with --name, or replace it with "
            "--replace."
        )


class KernelUnknown(CasaDesktopError):
    """There is no kernel of that name.

    Attributes:
        name: the name that was asked for.
        known: the names of the existing kernels.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        there = f"there are: {', '.join(self.known)}" if self.known else "there is none at all"
        super().__init__(f"There is no kernel {name!r}; {there}.")


class ForeignKernel(CasaDesktopError):
    """A kernel was not written by ``casa-desktop kernel install``, which therefore must not change it.

    Attributes:
        name: the kernel's name.
        folder: the folder of its kernelspec.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        super().__init__(
            f"The kernel {name!r} in {folder} was not written by 'casa-desktop kernel install', and is left as it is. "
            f"'jupyter kernelspec remove {name}' removes it; the kernel 'casa' goes with 'pip uninstall casa-desktop'."
        )


class KernelNotWritten(CasaDesktopError):
    """A kernel's files cannot be written or removed.

    Attributes:
        folder: the folder for the kernelspec.
        reason: the system's message.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder, self.reason = folder, reason
        super().__init__(
            f"The kernel's folder {folder} cannot be written: {reason}. Choose another place with --user, --sys-prefix "
            "or --prefix."
        )


class KernelFailed(CasaDesktopError):
    """A kernel did not start, ended, or did not answer.

    Attributes:
        name: the kernel's name.
        reason: what happened.
        remedy: what to do about it, or empty.
    """

    def __init__(self, name: str, reason: str, remedy: str = "") -> None:
        self.name, self.reason, self.remedy = name, reason, remedy
        super().__init__(f"The kernel {name!r} failed: {reason}.{f' Remedy: {remedy}.' if remedy else ''}")


class UnusablePython(CasaDesktopError):
    """Something that should be a Python cannot be used.

    Attributes:
        python: its path, or the container's image.
        reason: what is wrong with it.
    """

    def __init__(self, python: str, reason: str) -> None:
        self.python, self.reason = python, reason
        super().__init__(f"{python} cannot be used as a kernel's Python: {reason}.")


class PythonTooOld(UnusablePython):
    """A Python is too old for the kernel.

    Attributes:
        version: its version.
    """

    def __init__(self, python: str, version: Sequence[int]) -> None:
        self.version = tuple(version)
        numbers = ".".join(str(each) for each in self.version)
        super().__init__(
            python,
            f"it is Python {numbers}, and the kernel needs 3.8 or later (CASA has it from 6.4 on; for older releases "
            "there is no kernel)",
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
    """What another Python lacks for a kernel could not be installed for it.

    Attributes:
        python: the path of the Python.
        reason: the message of pip or the system.
    """

    def __init__(self, python: str, reason: str) -> None:
        self.python, self.reason = python, reason
        super().__init__(f"What {python} lacks for a kernel could not be installed: {reason.rstrip('.')}.")


class LinkFailed(CasaDesktopError):
    """A kernel cannot reach the process outside of its container or network namespace that starts desktops for it.

    That is its container's launcher, or its host helper.

    Attributes:
        path: the path of that process's socket.
        reason: what went wrong.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"Desktops are started outside of this kernel's container or network, but nobody answers at {path}: "
            f"{reason}. Try again; if that does not help, restart the kernel."
        )


class NetworkShared(CasaDesktopError):
    """A kernel has the machine's network, so that other users can reach CASA's ports.

    Attributes:
        reason: why it has no private network.
    """

    remedy = (
        "let no one you do not trust reach this machine's ports, or have user namespaces allowed: apt install "
        "bubblewrap, and see user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns of sysctl"
    )

    def __init__(self, reason: str = "this machine allows no other") -> None:
        self.reason = reason
        super().__init__(
            "CASA's tasks and tools listen on ports of this machine without a password, for this kernel has the "
            f"machine's network: {reason}. Remedy: {self.remedy}. CASA_DESKTOP_NETWORK=host silences this."
        )
