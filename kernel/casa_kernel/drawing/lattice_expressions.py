"""Evaluate expressions of LEL, casacore's lattice expression language, into images that casaviewer can show.

casaviewer 2.4 evaluates them only in its own window: its gRPC service requires an existing path. So casatools evaluates
them into an image in a folder of the kernel. (LEL: https://casacore.github.io/casacore-notes/223.html)
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, Match

from ..casa.imports import Casa
from ..checks import paths
from ..errors import BadParameter

# Characters that are rare in paths: quotes, operators and functions; minus and slash only with blanks around them.
_SIGNS = re.compile(r"['\"*()<>+^]|\s[-/]\s")
# Names with ~, in quotes, or without quotes after an operator or at the beginning.
_AT_HOME = re.compile(r"(['\"])(~.*?)\1|(?<![^\s(*/+\-^])(~[\w./]*)")
# The largest image that is made only to be shown, in bytes.
_LARGEST = 1 << 30
_TITLE = 60


def is_one(text: Any) -> bool:
    """Return whether an image's name is an expression rather than a path."""
    return (
        isinstance(text, str)
        and bool(_SIGNS.search(text))
        and not any(os.path.lexists(place) for place in (text, os.path.expanduser(text), text.strip()))
    )


def evaluate(casa: Casa, task: str, parameter: str, expression: str, folder: Path) -> Path:
    """Return an image in ``folder`` with the values of the expression that a parameter holds.

    Raises:
        BadParameter: the value of the expression is not an image, or is too large.
    """

    def at_home(found: Match[str]) -> str:
        # LEL does not accept a slash in a name without quotes.
        quote, name = found[1] or "'", found[2] or found[3]
        return f"{quote}{paths.readable(task, parameter, name)}{quote}"

    title = re.sub(r"['\"]", "", expression).strip()
    if "/" in title or len(title) > _TITLE:
        title = "expression"
    try:
        return write(casa, task, parameter, _AT_HOME.sub(at_home, expression), folder / title)
    except RuntimeError as error:
        raise BadParameter(
            task, f"{parameter} is {expression!r}, which is no path, and as a LEL expression: {_reason(error)}"
        ) from error


def write(casa: Casa, task: str, parameter: str, expression: str, path: Path) -> Path:
    """Write the values of a LEL expression into the image ``path``, in single precision; return the path.

    Raises:
        BadParameter: there is no room.
        RuntimeError: CASA's error about the expression.
    """
    tool = casa.names["casatools"].image()
    virtual = tool.imagecalc("", expression)
    try:
        size = 4 * math.prod(map(int, virtual.shape())) * (2 if "complex" in virtual.pixeltype() else 1)
    finally:
        virtual.done()
    space = os.statvfs(path.parent)
    room = min(_LARGEST, space.f_frsize * space.f_bavail // 2)
    if size > room:
        raise BadParameter(
            task,
            f"{parameter} would have to be made an image of {size >> 20} MB in single precision only to be looked at, "
            f"and at most {room >> 20} MB are made. Write it with immath, and show that.",
        )
    tool.imagecalc(str(path), expression, prec="f").done()
    return path


def single_precision(casa: Casa, task: str, parameter: str, image: Path, folder: Path) -> Path:
    """Return a copy of an image whose pixels casaviewer can show; raises as ``write``."""
    # LEL cannot express a name that contains both kinds of quotes.
    link = folder / "original"
    link.symlink_to(image)
    try:
        return write(casa, task, parameter, f'"{link}"', folder / image.name)
    except RuntimeError as error:
        raise BadParameter(task, f"{parameter} names {image}, which cannot be converted: {_reason(error)}") from error
    finally:
        link.unlink()


def _reason(error: Exception) -> str:
    """Return CASA's message about an expression as a sentence."""
    said = str(error).strip().split("\n")[0]
    if "AlwaysAssert !isNull" in said:
        said = "it has no image in it"
    return re.sub(r"^(ImageExprParse|Image Expression|LatticeExpr::constructor)\s*[:-]\s*", "", said).rstrip(".") + "."
