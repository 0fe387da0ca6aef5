"""CASA's native tools: find their AppImages, unpack each once, and describe how they are run.

An AppImage needs FUSE to run as it is, and half a second to mount itself; once unpacked it needs neither. Tools are
unpacked into ``$CASA_DESKTOP_TOOLS`` or ``$XDG_CACHE_HOME/casa-desktop/tools``. An installation may instead have
unpacked them for all users of this Python below ``<prefix>/share/casa-desktop/tools``, as a container's image does; the
AppImages may then be gone.

This module does not import CASA.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional

from casa_desktop import names
from casa_desktop.system import environment as inherited
from casa_desktop.system.output import last_line

from ..casa import numeric_locale
from ..errors import ExtractionFailed, ToolMissing
from . import viewer_preferences

NAMES = ("casaviewer", "casaplotms", "casalogger", "casafeather", "casatablebrowser")

# The AppImages are squashfs, compressed by about this factor (2.3 seen in casaviewer 2.4.4).
_GROWTH = 2.5

# The program in a tool's folder.
_PROGRAM = Path("squashfs-root") / "AppRun"

# PGPLOT, by which casaviewer writes the labels of axes, takes no longer path of its fonts (seen in 2.4.4): pictures
# then have no labels, and only the tool's own output says why. AppRun names the fonts by the real path of its folder.
_FONTS = Path("squashfs-root") / "usr" / "lib" / "pgplot" / "grfont.dat"
_LONGEST_PATH = 128
_TOO_LONG = (
    "its path has {more} characters too many: pictures would have no labels. Set CASA_DESKTOP_TOOLS to a folder of "
    "yours with a shorter path."
)

_NOEXEC = (
    "no program there may be run (its disk is mounted with noexec). Set CASA_DESKTOP_TOOLS to a folder of yours on "
    "another disk."
)


@dataclass(frozen=True)
class Tool:
    """An installed native tool.

    Attributes:
        name: its name, and that of its wheel.
        version: the wheel's version.
        image: the AppImage; it need not exist where the tool is unpacked for all users.
    """

    name: str
    version: str
    image: Path

    @property
    def shared(self) -> Path:
        """The folder in which the tool is unpacked for all users of this Python, if it is."""
        return Path(sys.prefix) / "share" / "casa-desktop" / "tools" / f"{self.name}-{self.version}"

    @property
    def is_shared(self) -> bool:
        return (self.shared / _PROGRAM).exists()

    @property
    def folder(self) -> Path:
        """The folder in which the tool is or will be unpacked."""
        if self.is_shared:
            return self.shared
        status = self.image.stat()
        # A wheel can be rebuilt under the same version; size and time distinguish the files without reading 200 MB.
        mark = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:10]
        return tools_folder() / f"{self.name}-{self.version}-{mark}"

    @property
    def program(self) -> Path:
        """The program to run, once it is unpacked."""
        return self.folder / _PROGRAM

    @property
    def extracted(self) -> bool:
        return self.program.exists()


def tools_folder() -> Path:
    """Return the folder that holds all unpacked tools."""
    chosen = os.environ.get(names.TOOLS)
    if chosen:
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "casa-desktop" / "tools"


def find(name: str) -> Tool:
    """Return the tool ``name``.

    Raises:
        ToolMissing: its wheel is not installed in this Python, or has no AppImage for this machine.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        raise ToolMissing(name, f"in {sys.prefix}")
    image = Path(spec.origin).parent / "__bin__" / f"{name}-{platform.machine()}.AppImage"
    tool = Tool(name, metadata.version(name), image)
    if not image.is_file() and not tool.is_shared:
        raise ToolMissing(name, f"at {image}")
    return tool


def installed() -> List[Tool]:
    """Return the tools that are installed in this Python."""
    tools = []
    for name in NAMES:
        try:
            tools.append(find(name))
        except ToolMissing:
            continue
    return tools


def ensure_extracted(tool: Tool, say: Callable[[str], None]) -> Path:
    """Return the program of ``tool``, and unpack it first if necessary; safe to call from many processes at once.

    Args:
        say: called once with a message if the tool must be unpacked (about 5 s).

    Raises:
        ExtractionFailed: there is no room or no permission, the AppImage is broken, programs cannot be run there, or
            the tool cannot draw whole pictures from there. Nothing is left behind by a failed unpacking.
    """
    more = excess(tool)
    if more:
        raise ExtractionFailed(tool.name, tool.folder, _TOO_LONG.format(more=more))
    if runs(tool):
        return tool.program
    try:
        with _locked(tools_folder()):
            if not tool.extracted:
                if not may_run(tools_folder()):
                    raise ExtractionFailed(tool.name, tool.folder, _NOEXEC)
                say(f"Unpacking {tool.name} {tool.version} (once)…")
                _extract(tool)
    except OSError as error:
        raise ExtractionFailed(tool.name, tool.folder, f"{error.strerror}.") from error
    if not runs(tool):
        raise ExtractionFailed(tool.name, tool.folder, _NOEXEC)
    return tool.program


def runs(tool: Tool) -> bool:
    """Return whether the tool is unpacked and may be run. access(2) takes the mount options into account."""
    return os.access(tool.program, os.X_OK)


def excess(tool: Tool) -> int:
    """Return how many characters the path of the tool's folder has too many for whole pictures; 0 if it has none."""
    if tool.name != "casaviewer":
        return 0
    return max(0, len(os.fsencode(os.path.realpath(tool.folder / _FONTS))) - _LONGEST_PATH)


def may_run(folder: Path) -> bool:
    """Return whether programs may be run in a folder, or in the existing parent in which it will be made."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return not os.statvfs(existing).f_flag & os.ST_NOEXEC


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # A process forked meanwhile shares the descriptor, and would keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _extract(tool: Tool) -> None:
    needed, free = tool.image.stat().st_size * _GROWTH, shutil.disk_usage(tools_folder()).free
    if free < needed:
        raise ExtractionFailed(
            tool.name,
            tool.folder,
            f"it needs {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free. "
            "Make room, or set CASA_DESKTOP_TOOLS to a folder on another disk.",
        )
    # Unpack beside the final folder and rename it then, so that no process sees an incomplete folder.
    partial = tempfile.mkdtemp(prefix=".partial-", dir=tools_folder())
    try:
        done = subprocess.run(
            [str(tool.image), "--appimage-extract"],
            cwd=partial,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise ExtractionFailed(tool.name, tool.folder, f"its AppImage said {last_line(done.stderr)!r}.")
        os.rename(partial, tool.folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def draws_offscreen(program: Path) -> bool:
    """Return whether an unpacked tool can draw without an X server: whether its Qt has the offscreen plug-in."""
    return any(program.parent.glob("usr/*/plugins/platforms/libqoffscreen.so"))


def environment(base: Mapping[str, str], display: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """Return the environment variables for a tool's process.

    Args:
        base: the variables of this process.
        display: the variables that make a program appear on a desktop; None for a tool without a window.
    """
    env = numeric_locale.with_points(inherited.for_tools(base))
    # Qt's offscreen plug-in ignores DISPLAY, but plotms refuses to draw if it is not set (casaplotms 2.9.1).
    env.update(display if display is not None else {"DISPLAY": ":none"})
    env["QT_QPA_PLATFORM"] = "offscreen" if display is None else "xcb"
    return env


def arguments(name: str, data: str, logfile: str, cache: Path) -> List[str]:
    """Return the command-line arguments of a tool.

    Args:
        name: the tool.
        data: the folder of CASA's run-time data.
        logfile: CASA's log.
        cache: the folder of casaviewer's preferences.
    """
    own = {
        "casaviewer": [f"--casalogfile={logfile}", *viewer_preferences.arguments(cache)],
        # Without --nopopups an error would open a dialog that no user can see, and wait for a click.
        "casaplotms": ["--nopopups", f"--logfilename={logfile}"],
    }
    return [f"--datapath={data}", *own[name]]


def display_here() -> Dict[str, str]:
    """Return the variables that make a program appear on the display of this process."""
    return {name: os.environ[name] for name in ("DISPLAY", "XAUTHORITY") if name in os.environ}
