"""Which arguments of a call name what it read and what it made, for calls of which no record tells.

A record of the store knows a call's files exactly. Of others there are the arguments alone, and a path in them is
relative to a folder that CASA does not write down.
"""

from __future__ import annotations

import glob
import os
import re
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from .defaults import Defaults
from .models import Call

# What the parameter of a task names is new; these mean so in every task that has them.
_NEW = ("outputvis", "concatvis", "outfile", "output", "caltable", "fluxtable", "linefile", "contfile", "project")
# These, in the tasks that make what others read by that name.
_MADE_BY = {
    "exportfits": ("fitsimage",),
    "exportuvfits": ("fitsfile",),
    "feather": ("imagename",),
    "importasdm": ("vis",),
    "importatca": ("vis",),
    "importfits": ("imagename",),
    "importfitsidi": ("vis",),
    "importgmrt": ("vis",),
    "importmiriad": ("vis",),
    "importuvfits": ("vis",),
    "importvla": ("vis",),
}
# They make images whose names begin with imagename.
CLEANERS = ("tclean", "deconvolve", "sdintimaging")
# What the kernel adds to their parameters: the record that a call replays. CASA does not write it down.
HAND = "hand"
_IMAGE = re.compile(
    r"(image|residual|model|psf|pb|mask|sumwt|weight|gridwt_moswt|alpha|alpha\.error|beta)(\.pbcor)?(\.tt\d+)?(\.pbcor)?"
)
# What is read, in every task that has these. The first are read always, the others if a path stands there.
_READ = (
    "vis", "imagename", "fitsimage", "fitsfile", "gaintable", "asdm", "highres", "lowres", "infile", "caltable",
)  # fmt: skip
_MAY_BE_READ = (
    "mask", "startmodel", "model", "region", "template", "callib", "inpfile", "outlierfile", "vptable", "complist",
    "skymodel", "modelimage", "pbimage", "kimage", "estimates", "imagemd", "expr",
)  # fmt: skip


# The arguments that tell two calls of a task apart by what they are about.
NAMING = (*_READ, *_NEW)


def renamed(call: Call, defaults: Defaults) -> Dict[str, Any]:
    """Return the arguments of a call by the names of the task's parameters.

    CASA writes down the names that the task's own code gives them, in the same order: concat's vis is its vislist.
    """
    known = list(defaults.of(call.task) or ())
    strange = {name: known[place] for place, name in enumerate(call.arguments) if len(known) == len(call.arguments)}
    strange = {name: real for name, real in strange.items() if name not in known and real not in call.arguments}
    return {strange.get(name, name): value for name, value in call.arguments.items()}


def made(task: str, arguments: Mapping[str, Any]) -> List[str]:
    """Return the paths of what a call made, as they are written in its arguments; without those of cleaning."""
    named = [name for name in arguments if name in _MADE_BY.get(task, ()) or (name in _NEW and not _reads(task, name))]
    return [text.rstrip("/") for name in named for text in _strings(arguments[name]) if text.strip("/")]


def _reads(task: str, name: str) -> bool:
    # fluxscale reads a caltable and makes a fluxtable.
    return name == "caltable" and task in ("fluxscale", "plotcal", "plotbandpass", "listcal", "calstat", "smoothcal")


def changed(task: str, arguments: Mapping[str, Any]) -> List[str]:
    """Return the paths of what a call changed in place: its vis or image, if it names nothing that it made."""
    if made(task, arguments) or task in CLEANERS:
        return []
    names = [name for name in ("vis", "imagename") if name in arguments]
    return [text.rstrip("/") for name in names for text in _strings(arguments[name]) if text.strip("/")]


def cleaned(arguments: Mapping[str, Any], path: str) -> bool:
    """Return whether a call of a task that cleans made an image, by its imagename and the image's ending."""
    name = os.path.basename(path)
    starts = [f"{os.path.basename(text.rstrip('/'))}." for text in _strings(arguments.get("imagename", ""))]
    return any(name.startswith(start) and _IMAGE.fullmatch(name[len(start) :]) for start in starts)


def images(arguments: Mapping[str, Any], folder: str) -> List[str]:
    """Return the images that are there of a cleaning, whose imagename is relative to a folder."""
    found: List[str] = []
    for text in _strings(arguments.get("imagename", "")):
        found += glob.glob(f"{glob.escape(os.path.join(folder, text.rstrip('/')))}.*")
    return sorted(path for path in map(os.path.realpath, found) if cleaned(arguments, path))


def read(task: str, arguments: Mapping[str, Any]) -> List[Tuple[str, bool]]:
    """Return the paths of what a call read, as they are written; each with whether it must have been there."""
    own = set(made(task, arguments))
    found = [(text, True) for name in _READ for text in _strings(arguments.get(name)) if not _is_made(task, name)]
    found += [(text, False) for name in _MAY_BE_READ for text in _strings(arguments.get(name))]
    seen = dict.fromkeys((text.rstrip("/"), must) for text, must in found if text.strip("/"))
    return [(text, must) for text, must in seen if text not in own]


def _is_made(task: str, name: str) -> bool:
    if name in _MADE_BY.get(task, ()) or (task in CLEANERS and name == "imagename"):
        return True
    return name in _NEW and not _reads(task, name)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _strings(each)
