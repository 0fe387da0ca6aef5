"""What was seen and drawn at one question: a picture, and a sentence about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

from . import record
from .convergence import number
from .models import Record, Step
from .pictures import Picture, picture
from .preview import Preview, plane_of

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]


def drawing(folder: Path, found: Record, step: Step) -> Tuple[Picture, str]:
    """Return the picture of a step, and what is to be said below it.

    Raises:
        HandworkDamaged: as ``record.read_mask``.
    """
    preview = None if step.residual is None else record.read_preview(folder, step.residual)
    mask = record.read_mask(folder, next(iter(step.masks.values())))
    where = _plane(mask, preview)
    planes = mask.reshape((*mask.shape[:2], -1), order="F")
    counts = [int((planes[..., each] != 0).sum()) for each in range(planes.shape[2])]
    said = [_mask(counts), _shown(found.images[step.image].axes, mask.shape, where), _scale(preview)]
    return picture(plane_of(mask, where), preview), ". ".join(each for each in said if each) + "."


def _plane(mask: Array, preview: Optional[Preview]) -> Tuple[int, ...]:
    """Return the plane to show: that of the residual, or else the first one with a mask."""
    import numpy

    if preview is not None and len(preview.plane) == mask.ndim - 2:
        return preview.plane
    found = numpy.argwhere(mask.any(axis=(0, 1)))
    return tuple(int(each) for each in found[0]) if len(found) else (0,) * (mask.ndim - 2)


def _mask(counts: List[int]) -> str:
    masked = [each for each in counts if each]
    pixels = f"Mask: {sum(counts):,} pixel{'' if sum(counts) == 1 else 's'}"
    if not masked:
        return "No mask"
    return pixels if len(counts) == 1 else f"{pixels} in {len(masked):,} of {len(counts):,} planes"


def _shown(axes: Tuple[str, ...], shape: Tuple[int, ...], where: Tuple[int, ...]) -> str:
    """Return which plane is shown, where there are several."""
    names = axes[2:] if len(axes) == len(shape) else tuple(f"axis {each}" for each in range(2, len(shape)))
    parts = [f"{name} {index}" for name, index, length in zip(names, where, shape[2:]) if length > 1]
    return f"Shown: {', '.join(parts)} (from 0)" if parts else ""


def _scale(preview: Optional[Preview]) -> str:
    if preview is None:
        return "No picture of the residual was kept"
    return f"Black is {number(preview.low)} and white {number(preview.high)} Jy/beam"
