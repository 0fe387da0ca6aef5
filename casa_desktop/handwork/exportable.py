"""Which recorded cleanings a script of CASA's own tasks is known to repeat exactly.

Only what was compared pixel by pixel (casatasks 6.7.0) is in the tables; the rest is refused with a sentence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ..errors import HandworkNotExportable
from .models import NO_MORE, Record
from .outliers import fields

_DECONVOLVERS = ("hogbom", "clark", "multiscale", "mtmfs", "mem", "clarkstokes")
_GRIDDERS = ("standard", "gridft", "ft", "mosaic", "mosaicft", "ftmosaic", "wproject", "wprojectft", "widefield")
_SPECTRAL = ("mfs", "cont", "cube", "cubedata", "cubesource")
_AUTO = "auto-multithresh"
# The task came with CASA 6.5.
_WITHOUT_DECONVOLVE = ("6.1.", "6.2.", "6.3.", "6.4.")
# Its parameter nterms came with CASA 6.6.
_WITHOUT_TERMS = ("6.5.",)
# What must have a value of these.
_PROVEN: Mapping[str, Tuple[Any, ...]] = {
    "deconvolver": _DECONVOLVERS,
    "gridder": _GRIDDERS,
    "specmode": _SPECTRAL,
    "parallel": (False,),
    "facets": (1,),
    "psfphasecenter": ("",),
    "restart": (True,),
}


def check(folder: Path, found: Record) -> None:
    """Raise HandworkNotExportable if no script is known to repeat a record."""
    for reason in _reasons(found):
        raise HandworkNotExportable(folder, reason)


def _reasons(found: Record) -> Iterator[str]:
    if found.task != "tclean":
        yield f"it is of {found.task}, and only what tclean did can be said by other tasks"
    version = found.versions.get("casatasks", "")
    if version.startswith(_WITHOUT_DECONVOLVE):
        yield f"CASA {version}, with which it was made, has no task deconvolve, of which a script would be made"
    if version.startswith(_WITHOUT_TERMS) and any(value == "mtmfs" for _, value in _values(found, "deconvolver")):
        yield f"the task deconvolve of CASA {version}, with which it was made, knows no deconvolver='mtmfs'"
    if found.before:
        yield f"it went on with images that were there ({', '.join(found.before)}), and has changed them since"
    if not found.steps:
        yield "it has no step: the call ended before anything was drawn"
    for name, values in _PROVEN.items():
        for field, value in _values(found, name):
            if value not in values:
                yield f"with {name}={value!r}{field} CASA's single tasks are not known to give the same pixels"
    if _went_on_unseen(found):
        yield (
            f'after "no more" the masks of usemask={_AUTO!r} changed from cycle to cycle, and they are not in '
            "the record"
        )
    if not found.minors and _must_have_cleaned(found):
        yield "it does not say what CASA ordered for each minor cycle"


def _values(found: Record, name: str) -> List[Tuple[str, Any]]:
    """Return a parameter's values: that of the call, and those of the file of outlier fields, with where it is."""
    values = [("", found.arguments[name])] if name in found.arguments else []
    values += [(f" (of {field})", settings[name]) for field, settings in outliers(found).items() if name in settings]
    return values


def outliers(found: Record) -> Dict[str, Dict[str, str]]:
    """Return what the file of outlier fields sets for each: by the name of the image in that file."""
    return fields(found.files.get("outlierfile", ""))


def reverts(found: Record, path: str) -> bool:
    """Tell whether CASA takes back the mask of a field, to the one it last cleaned with, when the cleaning ends."""
    usemask = outliers(found).get(os.path.normpath(path), {}).get("usemask", found.arguments.get("usemask"))
    return usemask == _AUTO


def _went_on_unseen(found: Record) -> bool:
    fields = [value for _, value in _values(found, "usemask")]
    last = max((step.cycle for step in found.steps if step.action == NO_MORE), default=None)
    unseen = [minor for minor in found.minors if minor.cycle == last][1:]
    return _AUTO in fields and bool(unseen)


def _must_have_cleaned(found: Record) -> bool:
    """Tell whether a minor cycle followed: a question came after another, or it went on without questions."""
    return found.cycles > 1 or any(step.action == NO_MORE for step in found.steps)
