"""``casa-desktop doctor``: reports what is found, what is missing, and the remedy.

Each check is a small function that returns findings and changes nothing. CASA is examined from outside, by its
installed metadata: importing it takes seconds, and may fail because of the very problem that the user is looking for.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Callable, Iterator, List, Optional

import psutil

from .. import errors
from ..desktop import registry, x_server_source
from ..desktop.x_server_source import as_finding
from ..findings import Finding
from ..names import HOST_HELPER, RANKS_SERVER, RANKS_TRIAL, TOOLS_PROGRAM, WINDOW_MANAGERS, X_SERVERS
from ..network import check as networkcheck
from ..runtime import directory
from ..system.process import on_path
from ..system.pythonpath import module
from ..views.page import PAGE_FOLDER
from . import inotify_check

_LOOPBACK = ("127.", "::1", "::ffff:127.")
# Parts of the process names of our and CASA's programs that may listen on ports.
_OURS = (*X_SERVERS, "casaviewer", "casaplotms", "casalogger", "casafeather", "casatablebro", "casaplotserv")


def examine() -> List[Finding]:
    """Run all checks, in the order in which a user would fix the problems."""
    return [finding for check in CHECKS for finding in check()]


def _programs() -> Iterator[Finding]:
    yield as_finding(os.environ)
    with suppress(errors.InvalidSetting):
        if x_server_source.configured(os.environ) is not None:
            # The image's window manager and terminal are used as well.
            return
    yield _program("window manager", WINDOW_MANAGERS, "apt install icewm")
    yield _program("terminal", ("xterm",), "apt install xterm")


def _program(subject: str, names: tuple[str, ...], remedy: str) -> Finding:
    path = on_path(names)
    if path is not None:
        return Finding(subject, "ok", path)
    return Finding(subject, "missing", f"no {' or '.join(names)} on PATH", remedy)


def _runtime_directory() -> Iterator[Finding]:
    try:
        folder = directory.places(registry.DEFAULT_NAME).folder.parent
    except errors.RuntimeDirectoryError as error:
        yield Finding("runtime directory", "missing", str(error), "set CASA_DESKTOP_RUNTIME_DIR")
        return
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        found = f"{folder}, where no program can run (noexec): web links on the desktop are not opened"
        yield Finding("runtime directory", "note", found, "set CASA_DESKTOP_RUNTIME_DIR to a folder on another disk")
    else:
        yield Finding("runtime directory", "ok", str(folder))


def _desktops() -> Iterator[Finding]:
    try:
        records = registry.list_desktops()
    except errors.CasaDesktopError:
        # The check of the runtime directory has already reported this.
        return
    for record in records:
        yield Finding(f"desktop {record.name}", "ok", f"running on {record.display}, process {record.supervisor_pid}")


def _watches() -> Iterator[Finding]:
    yield inotify_check.examine()


def _page() -> Iterator[Finding]:
    page = PAGE_FOLDER / "index.html"
    if page.exists():
        yield Finding("page", "ok", str(page))
    else:
        yield Finding("page", "missing", f"{page} has not been built", "pip install casa-desktop again")
    yield _distribution("jupyterlab", Finding("JupyterLab", "note", "not in this Python", "pip install jupyterlab"))


def _kernels() -> Iterator[Finding]:
    """Check that everything that the installed CASA kernels need still exists."""
    # Import late: this imports jupyter_client, which takes a moment.
    from ..kernels.spec import trouble as trouble_of
    from ..kernels.store import installed

    for kernel in installed():
        trouble, remedy = trouble_of(kernel)
        found = f"{kernel.display_name}, {kernel.where}"
        yield Finding(
            f"kernel {kernel.name}", "missing" if trouble else "ok", f"{found}: {trouble}" if trouble else found, remedy
        )


def _casa() -> Iterator[Finding]:
    for name in ("casatools", "casatasks", "casaviewer", "casaplotms", "casalogger"):
        yield _distribution(
            name, Finding(name, "missing", f"not in {sys.executable}", "pip install 'casa-desktop[casa]'")
        )


def _distribution(name: str, absent: Finding) -> Finding:
    """Return the version of an installed distribution, under the subject of ``absent``; ``absent`` if there is none."""
    version = _version(name)
    return Finding(absent.subject, "ok", version) if version else absent


def _version(distribution: str) -> Optional[str]:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _measures_data() -> Iterator[Finding]:
    wheel, own = _casadata_folder(), Path.home() / ".casa" / "data"
    if wheel and _has_measures(wheel):
        yield Finding("measures data", "ok", f"{wheel} (casadata {_version('casadata')})")
    elif _has_measures(own):
        yield Finding("measures data", "ok", str(own))
    else:
        yield Finding("measures data", "missing", f"neither the casadata wheel nor {own}", "pip install casadata")


def _has_measures(folder: Path) -> bool:
    return (folder / "geodetic" / "IERSeop2000").is_dir()


def _casadata_folder() -> Optional[Path]:
    spec = importlib.util.find_spec("casadata")
    return Path(spec.origin).parent / "__data__" if spec and spec.origin else None


def _tools() -> Iterator[Finding]:
    """List this Python's native tools, with casa_kernel in a separate process."""
    argv = [sys.executable, *module(TOOLS_PROGRAM), "list", "--json"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
        tools = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        yield Finding("native tools", "note", f"could not be listed: {error}")
        return
    for tool in tools:
        if tool["excess"]:
            yield _too_long(tool["name"], tool["version"], tool["folder"], tool["excess"])
        else:
            yield _tool(tool["name"], tool["version"], tool["extracted"], "" if tool["runs"] else tool["folder"])


def _too_long(name: str, version: str, folder: str, excess: int) -> Finding:
    found = f"{version}; the path of {folder} has {excess} characters too many: pictures would have no labels"
    return Finding(f"{name}, unpacked", "missing", found, "set CASA_DESKTOP_TOOLS to a folder with a shorter path")


def _tool(name: str, version: str, extracted: bool, not_run_in: str) -> Finding:
    if not_run_in:
        found = f"{version}; no program in {not_run_in} can run (is its disk mounted with noexec?)"
        return Finding(f"{name}, unpacked", "missing", found, "set CASA_DESKTOP_TOOLS to a folder on another disk")
    if extracted:
        return Finding(f"{name}, unpacked", "ok", version)
    remedy = f"none needed at first use; to unpack it now: {sys.executable} -m casa_kernel.tools extract {name}"
    return Finding(f"{name}, unpacked", "note", f"{version} is not unpacked yet", remedy)


def _network() -> Iterator[Finding]:
    yield networkcheck.examine(os.environ)
    yield from networkcheck.proxies(os.environ)


def _ranks() -> Iterator[Finding]:
    """Start two ranks by the Python of each kernel over MPI."""
    from ..kernels.store import installed

    kernels = {kernel.program: kernel for kernel in installed() if "ranks" in (kernel.about or {})}
    for kernel in kernels.values():
        argv = [kernel.program, *module(RANKS_TRIAL)]
        env = {**os.environ, **kernel.spec.get("env", {})}
        try:
            done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
        except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
            found = {"error": f"it could not be tried: {error}"}
        subject = f"ranks of kernel {kernel.name}"
        if "library" in found:
            yield Finding(subject, "ok", f"two have met; {found['library']}")
        else:
            yield Finding(subject, "missing", found["error"], "see docs/batch.md, A kernel over MPI")


def _open_ports() -> Iterator[Finding]:
    """Report ports that other machines can reach: CASA's own tools and tasks listen there without authentication."""
    # Ports in a kernel's private network namespace are reachable only in there.
    listening = [] if HOST_HELPER in os.environ else list(_listening())
    for name, address, port in listening:
        yield Finding(
            "port open to others",
            "note",
            f"{name} listens on {address}:{port} without authentication",
            "CASA's programs do this in the machine's network, for example in a terminal: see network of kernels",
        )
    if not listening:
        yield Finding("ports open to others", "ok", "none of ours or of CASA's tools")


def _listening() -> Iterator[tuple[str, str, int]]:
    for process in psutil.process_iter(["name", "cmdline"]):
        name = _our_name(process)
        if name is None:
            continue
        try:
            # psutil 6 renamed connections() to net_connections(); the kernel side may have either.
            connections = getattr(process, "net_connections", None) or process.connections
            for each in connections("tcp"):
                if each.status == psutil.CONN_LISTEN and not each.laddr.ip.startswith(_LOOPBACK):
                    yield name, each.laddr.ip, each.laddr.port
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            # The process belongs to another user, or has ended.
            continue


def _our_name(process: psutil.Process) -> Optional[str]:
    name = str(process.info["name"] or "")
    if any(part in name for part in _OURS):
        return name
    words = process.info["cmdline"] or ()
    if RANKS_SERVER in words:
        return "a server of a CASA kernel over MPI"
    return "a CASA kernel" if "casa_kernel" in words else None


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _programs,
    _runtime_directory,
    _desktops,
    _watches,
    _page,
    _kernels,
    _casa,
    _measures_data,
    _tools,
    _network,
    _ranks,
    _open_ports,
)
