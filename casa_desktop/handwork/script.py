"""A recorded cleaning as a script of CASA's own tasks, which needs nothing of casa-desktop and no other file.

In place of one interactive call it makes the chain ``tclean(niter=0)``, then for each cycle ``deconvolve`` and
``tclean(niter=0, calcpsf=False)``, and at last ``tclean(calcres=False, restoration=True)``. The pixels are the same bit
by bit (casatasks 6.7.0: hogbom, clark, multiscale, mtmfs, mem; mfs, cubes, mosaics, w-projection, outlier fields).
"""

from __future__ import annotations

import base64
import os
import textwrap
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping

from . import exportable, record, script_check, script_text
from .cycles import Cycle, cycles
from .literals import literal, wrapped
from .models import FAILED, INTERRUPTED, UNKNOWN, Record

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

# The parameters that the cycles and their masks stand for.
_LEFT_OUT = {
    "interactive", "niter", "gain", "threshold", "nsigma", "cycleniter", "cyclefactor", "minpsffraction",
    "maxpsffraction", "nmajor", "fullsummary", "usemask", "mask", "pbmask", "sidelobethreshold", "noisethreshold",
    "lownoisethreshold", "negativethreshold", "smoothfactor", "minbeamfrac", "cutthreshold", "growiterations",
    "dogrowprune", "minpercentchange", "verbose", "fastnoise", "outlierfile",
}  # fmt: skip
# The parameters of tclean that are deconvolve's.
_MINOR = ("deconvolver", "scales", "nterms", "smallscalebias", "gain", "nsigma")
_CUT_SHORT = "it was {}, so this script ends after the cycles before that, and restores the image."
_ENDS = {
    INTERRUPTED: "The cleaning is not finished: " + _CUT_SHORT.format("interrupted"),
    FAILED: "The cleaning is not finished: " + _CUT_SHORT.format("ended by an error"),
    UNKNOWN: "The cleaning is not finished: " + _CUT_SHORT.format("killed"),
}
_WIDTH = 110


def script(folder: Path) -> str:
    """Return the script that repeats the handwork in a folder; it has been checked.

    Raises:
        HandworkMissing, HandworkOfOtherFormat, HandworkDamaged: as ``record.read``.
        HandworkNotExportable: no such script would be known to give the same result.
    """
    found = record.read(folder)
    exportable.check(folder, found)
    text = _text(folder, found)
    script_check.check(folder, found, text, _paths(found))
    return text


def _text(folder: Path, found: Record) -> str:
    parts = [_head(folder, found), script_text.IMPORTS, _data(folder, found), script_text.UNPACK, script_text.COMMON]
    parts += [script_text.CHECK, script_text.CLEAN]
    return "\n\n".join(part.rstrip("\n") + "\n" for part in parts)


def _head(folder: Path, found: Record) -> str:
    versions = ", ".join(
        f"{name} {found.versions[name]}" for name in ("casatasks", "casatools") if name in found.versions
    )
    paragraphs = [
        f"Written by 'casa-desktop hand export' from {folder.name}: what hands did in {found.task}(interactive=True), "
        f"called {found.made} with {versions}. It needs CASA (casatasks, casatools) and numpy, nothing else. With the "
        "same CASA and the same data, the pixels of all images are those of the interactive call.",
        f"Relative paths are those of the call, in {found.folder}. Images get the names that they had then, or others: "
        f"python SCRIPT NAME",
        _ENDS.get(found.end, ""),
    ]
    text = "\n\n".join(textwrap.fill(_safe(each), _WIDTH) for each in paragraphs if each)
    return f'#!/usr/bin/env python3\n"""Repeats an interactive cleaning without hands.\n\n{text}\n"""\n'


def _safe(text: str) -> str:
    """Return text for a docstring: a folder may have any name."""
    return text.encode("ascii", "backslashreplace").decode().replace("\\", "/").replace('"""', "'''")


def _data(folder: Path, found: Record) -> str:
    steps, last = cycles(found)
    paths = _paths(found)
    last = {name: key for name, key in last.items() if not exportable.reverts(found, paths[name])}
    lines = [
        "# The parameters of the call but those that the cycles stand for.",
        "CALL = " + wrapped(_call(found), "{", "}"),
        "# Each image field, and how its minor cycles are made.",
        "FIELDS = " + wrapped([literal((paths[name], _minor(found, paths[name]))) for name in paths], "[", "]"),
        "OUTLIERS = " + literal(found.files.get("outlierfile", "")),
        "# For each cycle: the most iterations, the flux at which it ends, the masks drawn before it, and the fields.",
        "CYCLES = " + wrapped([_cycle(each, paths) for each in steps], "[", "]"),
        "# Drawn, but not cleaned with any more.",
        "LAST_MASKS = " + literal({paths[name]: key for name, key in last.items()}),
        "# The shape, the kind of pixels, and the pixels, compressed and in base 85; the first axis is the fastest.",
        "MASKS = " + _masks(folder, [*(key for each in steps for key in each.masks.values()), *last.values()]),
    ]
    return "\n".join(lines) + "\n"


def _paths(found: Record) -> Dict[str, str]:
    """Return the fields' image names, the main field first, and what the call and its files call them."""
    main = str(found.arguments["imagename"])
    called = [main, *exportable.outliers(found)]
    places = {os.path.normpath(os.path.join(found.folder, each)): each for each in called}
    home = os.path.dirname(os.path.join(found.folder, main))
    paths = {name: places[os.path.normpath(os.path.join(home, name))] for name in found.images}
    return dict(sorted(paths.items(), key=lambda item: item[1] != main))


def _call(found: Record) -> List[str]:
    return [f"{literal(name)}: {literal(each)}" for name, each in found.arguments.items() if name not in _LEFT_OUT]


def _minor(found: Record, path: str) -> Dict[str, Any]:
    """Return the parameters of deconvolve for a field."""
    given = {each: found.arguments[each] for each in _MINOR if each in found.arguments}
    if given.get("nsigma"):
        given["fastnoise"] = found.arguments["fastnoise"]
    else:
        given.pop("nsigma", None)
    other = exportable.outliers(found).get(os.path.normpath(path), {})
    given.update({each: int(value) if each == "nterms" else value for each, value in other.items() if each in _MINOR})
    if given.get("deconvolver") != "mtmfs":
        # No other has them, and CASA 6.5's deconvolve does not take them.
        given.pop("nterms", None)
    return given


def _cycle(cycle: Cycle, paths: Mapping[str, str]) -> str:
    masks = {paths[name]: key for name, key in cycle.masks.items()}
    # All digits: CASA's own texts have six.
    threshold = f"{cycle.minor.cyclethreshold!r}Jy"
    return literal((cycle.minor.cycleniter, threshold, masks, [paths[name] for name in cycle.fields]))


def _masks(folder: Path, keys: List[str]) -> str:
    items = [_mask(key, record.read_mask(folder, key)) for key in dict.fromkeys(keys)]
    return "".join(["{\n", *items, "}"])


def _mask(key: str, pixels: Array) -> str:
    import numpy

    bits = pixels.dtype == numpy.uint8
    flat = pixels.ravel(order="F")
    data = numpy.packbits(flat) if bits else flat.astype(flat.dtype.newbyteorder("<"))
    text = base64.b85encode(zlib.compress(data.tobytes(), 9)).decode()
    width = _WIDTH - 8
    lines = textwrap.indent("\n".join(text[start : start + width] for start in range(0, len(text), width)), " " * 8)
    kind = "bits" if bits else data.dtype.str
    return f'    {literal(key)}: ({literal(tuple(pixels.shape))}, {literal(kind)}, """\n{lines}\n    """),\n'
