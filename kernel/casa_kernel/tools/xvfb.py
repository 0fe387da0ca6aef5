"""A private X server, for tools that cannot draw without one: those of CASA before 6.6.4, which use Qt 4."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Dict

from casa_desktop.system import pythonpath
from casa_desktop.x11 import xauthority

from ..errors import XvfbMissing
from .children import Children
from .processes import start

_NAME = "Xvfb"


def environment(children: Children, tool: str) -> Dict[str, str]:
    """Return the variables that put a program on a hidden display. The X server is started once for each kernel.

    Args:
        children: the kernel's tools; the X server is one of them, and its cookie is in their private folder.
        tool: the tool that needs it.

    Raises:
        XvfbMissing: it is not installed.
        ToolFailed: it did not start.
    """
    cookie = children.private.path / "Xauthority"
    child = children.get(_NAME)
    if child is None:
        if shutil.which(_NAME) is None:
            raise XvfbMissing(tool)
        xauthority.write(cookie)
        argv = [sys.executable, str(Path(__file__).with_name("xvfb_program.py")), str(cookie)]
        # If it was killed, it would leave its lock and its socket in /tmp.
        child = start(children.private, _NAME, argv, pythonpath.seen(os.environ), guard="TERM")
        children.keep(_NAME, child)
    return {"DISPLAY": child.address, "XAUTHORITY": str(cookie)}
