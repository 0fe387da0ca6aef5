"""Records of handwork as an interactive tclean leaves them, without the tclean."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

from casa_desktop.handwork.models import Controls, Image, Minor, Record, Step
from casa_desktop.handwork.preview import preview
from casa_desktop.handwork.record import Writer, make

SHAPE = (40, 30, 1, 1)
# Some of tclean's parameters, in its order.
CALL: Dict[str, Any] = {
    "vis": "my.ms", "imagename": "first", "imsize": [40, 30], "cell": ["1arcsec"], "specmode": "mfs",
    "gridder": "standard", "deconvolver": "hogbom", "scales": [], "nterms": 2, "smallscalebias": 0.0,
    "restoration": True, "pbcor": False, "outlierfile": "", "niter": 400, "gain": 0.1, "threshold": 0.0, "nsigma": 0.0,
    "cycleniter": 50, "interactive": True, "usemask": "user", "mask": "", "fastnoise": True, "savemodel": "none",
    "parallel": False,
}  # fmt: skip
# CASA tells the editor six decimals.
THRESHOLDS = (0.09191863983869553, 0.05511436238884926, 0.012345000170170784)


def box(left: int, bottom: int, right: int, top: int, shape: Sequence[int] = SHAPE) -> Any:
    """Return a mask with one box."""
    mask = np.zeros(shape, np.float32)
    mask[left:right, bottom:top] = 1
    return mask


def residual(cycle: int, shape: Sequence[int] = SHAPE) -> Any:
    """Return noise with a source that fades from cycle to cycle."""
    image = np.random.default_rng(cycle).normal(scale=0.001, size=shape)
    image[10:13, 15:18] += 0.2 / cycle
    return image


def record(folder: Path, actions: str = "continue continue stop", end: str = "stop", **changed: Any) -> Path:
    """Write a record of a cleaning of one field in ``folder``, and return it.

    Args:
        folder: where the images would be.
        actions: the answers, one for each cycle; after a "no more" CASA goes on alone for two cycles.
        end: how it ended.
        changed: parameters of the call that are not those of ``CALL``; ``task`` is the task, ``casa`` the version of
            CASA, and ``before`` the images that were there.
    """
    task, before = changed.pop("task", "tclean"), changed.pop("before", ())
    versions = dict.fromkeys(("casatools", "casatasks"), changed.pop("casa", "6.7.0.31"))
    call = {**CALL, **changed}
    images = {"first": Image(SHAPE, ("Right Ascension", "Declination", "Stokes", "Frequency"))}
    made = "2028-11-29T12:00:00+01:00"
    writer = Writer(make(folder / "first"), Record(task, call, made, str(folder), versions, images, {}, before=before))
    masks: List[Any] = [box(8, 12, 16, 20), box(8, 12, 20, 20), box(8, 12, 20, 20)]
    for cycle, (action, mask, threshold) in enumerate(
        zip(actions.replace("no more", "no_more").split(), masks, THRESHOLDS), 1
    ):
        action = action.replace("_", " ")
        controls = Controls(400 - 50 * (cycle - 1), 50, "0.000000Jy", f"{threshold:.6f}Jy")
        step = Step(cycle, "first", controls, action, controls, {}, 0.2 / cycle, 1 - 1 / cycle)
        writer.add(step, {"first.mask": mask}, preview(residual(cycle), mask))
        for _ in range({"continue": 1, "stop": 0}.get(action, 3)):
            writer.add_minor(Minor(cycle, 50, threshold, 0.10000000149011612))
    writer.finish(end)
    return writer.folder
