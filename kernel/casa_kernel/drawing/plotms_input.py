"""Check and prepare a call of plotms: casaplotms silently draws some calls wrongly, and needs absolute paths.

casaplotms runs in a folder of the kernel, where it leaves its scratch tables; so all names become absolute.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Match, Sequence

from ..casa.imports import Casa
from ..checks import paths
from ..errors import BadParameter
from .catalogue import Input
from .plotms_data import PlotData

# The formats of casaplotms' plot files, by the ending of the file (casaplotms 2.9.1).
_ENDINGS = ("png", "jpg", "jpeg", "pdf", "ps", "txt")
# The sides of a plot in pixels. A smaller plot shows nothing; for a larger one QImage's sizes overflow, and casaplotms
# takes minutes and gigabytes (20000 x 20000: 4.8 GB, 22 s).
_SMALLEST, _LARGEST, _MOST = 50, 32767, 100_000_000
_CALTABLE = re.compile(r"(\bcaltable\s*=\s*)('[^']*'|\"[^\"]*\"|[^,\s'\"]+)")


def prepare(
    casa: Casa,
    given: Mapping[str, Any],
    inputs: Sequence[Input],
    folder: Callable[[str], Path],
    say: Callable[[str], None],
) -> Dict[str, Any]:
    """Return the arguments of a call of plotms for casaplotms.

    Args:
        given: the user's arguments, checked, with paths in the form for tools.
        folder: gets a prefix, and makes a folder that lasts as long as the kernel.
        say: called with remarks for the user about the plot.

    Raises:
        BadParameter: casaplotms would end, never end, or draw something else.
    """
    _check_call(given)
    found = _located(given, lambda: folder("callib"))
    for each in inputs:
        path = found.get(each.parameter)
        if not isinstance(path, str) or not path:
            continue
        data = PlotData(casa, each.parameter, path)
        # If casacore cannot read what the check needs, casaplotms may still draw: it may need less of it.
        with suppress(RuntimeError):
            data.check(given)
            for remark in data.remarks(given):
                say(f"plotms: {remark}")
    return found


def absolute(path: str) -> str:
    """Return the absolute path for a path that the user gave."""
    return os.path.join(os.getcwd(), paths.readable("plotms", "callib", path))


def _located(given: Mapping[str, Any], folder: Callable[[], Path]) -> Dict[str, Any]:
    """Return the arguments of a call of plotms with absolute paths.

    Args:
        given: the user's arguments.
        folder: makes a folder for copies of calibration libraries, which last as long as the kernel.
    """
    found = dict(given)
    for name in ("vis", "caltable", "plotfile"):
        value = given.get(name)
        if isinstance(value, str) and value:
            found[name] = os.path.join(os.getcwd(), value)
    if given.get("callib"):
        found["callib"] = _located_library(given["callib"], folder)
    return found


def _located_library(value: Any, folder: Callable[[], Path]) -> Any:
    words: Sequence[Any] = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        # CASA reports what is wrong with it.
        return value
    if len(words) == 1 and "=" not in words[0]:
        return [_located_file(absolute(words[0]), folder)]
    return [_CALTABLE.sub(_locate, each) for each in words]


def _located_file(path: str, folder: Callable[[], Path]) -> str:
    """Return a file with the content of the library at ``path``, but with absolute paths."""
    try:
        text = Path(path).read_text()
    except (OSError, ValueError):
        return path
    changed = _CALTABLE.sub(_locate, text)
    if changed == text:
        return path
    copy = folder() / Path(path).name
    copy.write_text(changed)
    return str(copy)


def _locate(found: Match[str]) -> str:
    quote = found[2][0] if found[2][0] in "'\"" else ""
    return f"{found[1]}{quote}{absolute(found[2].strip(quote))}{quote}"


def _check_call(given: Mapping[str, Any]) -> None:
    """Check what can be checked without the data.

    Raises:
        BadParameter: casaplotms would fail without a reason, or never end.
    """
    axes = given.get("yaxis")
    if isinstance(axes, (list, tuple)) and len(axes) > 1 and not given.get("xaxis"):
        raise BadParameter("plotms", f"yaxis has {len(axes)} axes; say with xaxis what they are plotted against.")
    _check_ending(given)
    _check_size(given)


def _check_ending(given: Mapping[str, Any]) -> None:
    file = given.get("plotfile")
    if not isinstance(file, (str, os.PathLike)) or not os.fspath(file) or given.get("expformat"):
        return
    ending = Path(file).suffix[1:]
    if ending.lower() not in _ENDINGS:
        said = (
            f"ends with .{ending}, which is not one of plotms' formats" if ending else "has no ending to tell a format"
        )
        raise BadParameter(
            "plotms", f"plotfile {said}: let it end with .png, .jpg, .pdf, .ps or .txt, or give expformat."
        )


def _check_size(given: Mapping[str, Any]) -> None:
    sizes = {name: given[name] for name in ("width", "height") if isinstance(given.get(name), int)}
    wrong = [name for name, size in sizes.items() if size not in (-1, 0) and not _SMALLEST <= size <= _LARGEST]
    if wrong:
        raise BadParameter(
            "plotms",
            f"{wrong[0]} is {sizes[wrong[0]]}, but should be from {_SMALLEST} to {_LARGEST} pixels, or -1 for the "
            "usual size.",
        )
    if len(sizes) == 2 and sizes["width"] * sizes["height"] > _MOST:
        raise BadParameter(
            "plotms",
            f"width and height are {sizes['width']} x {sizes['height']} pixels, but should be {_MOST // 10**6} million "
            "pixels together at most.",
        )
