"""Check a running kernel from inside: run a task, draw a picture, inspect data and tools, for ``kernel check``.

Everything is tried as a user would do it, by the names in the notebook.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple

from casa_desktop.errors import CasaDesktopError
from casa_desktop.names import X_SERVERS
from casa_desktop.system.process import on_path

from ..casa import tables
from ..casa.imports import Casa
from ..errors import ToolMissing
from ..tools import appimages

# Without these the kernel's own tasks fail; the other tools only serve tasks of their own.
_NEEDED = ("casaviewer", "casaplotms", "casalogger")
_SIDE = 64


class Finding(NamedTuple):
    """One line of the report, as in ``casa_desktop.findings``.

    Attributes:
        subject: what was tried.
        state: ``ok``, ``missing`` or ``note``.
        found: the result.
        remedy: what to do about it; empty where nothing need be done.
    """

    subject: str
    state: str
    found: str
    remedy: str = ""


def report(names: Mapping[str, Any], folder: str) -> str:
    """Return the report as JSON: CASA's version, the X server on PATH, and the findings.

    Args:
        names: the notebook's namespace.
        folder: an empty folder for an image and a picture, which are left there.
    """
    said: Dict[str, Any] = {"casa": "", "x_server": on_path(X_SERVERS) or ""}
    try:
        found = _imported(names)
    except CasaDesktopError as error:
        findings = [Finding("CASA", "missing", str(error))]
    else:
        said["casa"] = found.version
        findings = list(_examine(found, names, Path(folder)))
    return json.dumps({**said, "findings": [each._asdict() for each in findings]})


def _imported(names: Mapping[str, Any]) -> Casa:
    kernel = names["get_ipython"]().kernel
    if kernel.loading is None:
        raise kernel.reason
    found: Casa = kernel.loading.wait()
    return found


def _examine(found: Casa, names: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    yield Finding("CASA", "ok", f"{found.version} in Python {platform.python_version()}")
    image = folder / "check.image"
    yield _tried("task", lambda: _run_task(names, image))
    yield _tried("picture", lambda: _draw(names, image, folder / "check.png"))
    yield _tried("measures data", lambda: _look_at_data(found))
    yield _tried("mask editor", lambda: _look_at_mask_editor(names))
    yield from _look_at_tools()


def _tried(subject: str, step: Callable[[], Finding]) -> Finding:
    try:
        return step()
    except Exception as error:  # noqa: BLE001
        # Whatever a task raises is the finding.
        said = " ".join(str(error).split()) or "no reason was given"
        return Finding(subject, "missing", f"{type(error).__name__}: {said}")


def _run_task(names: Mapping[str, Any], image: Path) -> Finding:
    pixels: List[List[float]] = [[float(x == y) for x in range(_SIDE)] for y in range(_SIDE)]
    began = time.monotonic()
    tool = names["ia"]
    tool.fromarray(str(image), pixels=pixels, overwrite=True)
    tool.close()
    total = float(names["imstat"](imagename=str(image))["sum"][0])
    if total != _SIDE:
        return Finding("task", "missing", f"imstat says that the pixels' sum is {total:g}, but it is {_SIDE}")
    return Finding("task", "ok", f"imstat of an image of {_SIDE} x {_SIDE} pixels, {_seconds(began)}")


def _draw(names: Mapping[str, Any], image: Path, picture: Path) -> Finding:
    began = time.monotonic()
    names["viewer"](str(image), outfile=str(picture), outformat="png", gui=False)
    return Finding("picture", "ok", f"drawn headless by viewer, {picture.stat().st_size} bytes, {_seconds(began)}")


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _look_at_data(found: Casa) -> Finding:
    measures = tables.measures(found)
    if measures is None:
        remedy = "pip install casadata into the kernel's Python, or set measurespath in ~/.casa/config.py"
        return Finding("measures data", "missing", "their tables cannot be read", remedy)
    said = f"{measures.folder}, Earth orientation predicted until {measures.predicted}"
    if measures.predicted >= date.today():
        return Finding("measures data", "ok", said)
    remedy = "for newer observations: pip install --upgrade casadata, or casaconfig's data_update"
    return Finding("measures data", "note", said, remedy)


def _look_at_mask_editor(names: Mapping[str, Any]) -> Finding:
    editor = names["get_ipython"]().kernel.loading.editor
    editor.check("interactive tclean")
    # As CASA's C++ does when it needs the editor.
    argv = [str(editor.python), "-m", "casaviewer", "--app-path"]
    answer = subprocess.run(argv, stdout=subprocess.PIPE, check=True, timeout=20).stdout.decode().strip()
    if not os.access(answer, os.X_OK):
        return Finding("mask editor", "missing", f"{answer} cannot be run")
    return Finding("mask editor", "ok", "CASA can start it")


def _look_at_tools() -> Iterator[Finding]:
    for name in appimages.NAMES:
        try:
            tool = appimages.find(name)
        except ToolMissing as error:
            yield Finding(name, "missing" if name in _NEEDED else "note", str(error))
        else:
            yield _look_at_tool(tool)


def _look_at_tool(tool: appimages.Tool) -> Finding:
    if tool.extracted and not appimages.runs(tool):
        remedy = "set CASA_DESKTOP_TOOLS to a folder on another disk"
        return Finding(tool.name, "missing", f"{tool.version}; no program in {tool.folder} may be run", remedy)
    return Finding(tool.name, "ok", f"{tool.version}{'' if tool.extracted else ', is unpacked at first use'}")
