"""The small picture of a residual that a record of handwork keeps for each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

# The picture has at most so many pixels along each axis.
SIDE = 256
# Of the picture's 256 levels, this one says that there is no value.
BLANK = 0
# From so many standard deviations of the noise below zero the picture is black, and from so many above it is white.
_BELOW, _ABOVE = 4.0, 20.0
# The noise is estimated from about so many pixels.
_SAMPLE = 1 << 16
# What is further off than so many standard deviations counts as signal; after so many rounds that is settled.
_CLIP, _ROUNDS = 3.0, 5
# So many bytes of a plane are reduced at a time.
_CACHED = 1 << 21
# Few pixels of an image deviate by so many standard deviations by chance.
_SIGNAL = 5.0


@dataclass(frozen=True)
class Preview:
    """A picture of one plane of an image.

    Attributes:
        pixels: uint8; the axes are those of the image, so the first pixel is at the lower left.
        plane: the indices of the plane along the axes behind the first two.
        low: the value of the level 1, in the image's unit; lower values have it, too.
        high: the value of the level 255.
    """

    pixels: Array
    plane: Tuple[int, ...]
    low: float
    high: float


def preview(image: Array, mask: Optional[Array] = None) -> Preview:
    """Make the picture of a residual: of the plane with the highest peak, among those where there is a mask.

    Args:
        image: the pixels, of any size, with at least two axes.
        mask: the mask, of the same shape.
    """
    import numpy

    where = _plane(image, mask)
    plane = plane_of(image, where)
    noise = _noise(plane)
    small = _small(plane, noise)
    low, high = _range(small, noise)
    with numpy.errstate(invalid="ignore"):
        levels = 1 + numpy.clip((small - low) / (high - low), 0, 1) * 254
    pixels = numpy.where(numpy.isfinite(small), numpy.rint(numpy.nan_to_num(levels)), BLANK).astype(numpy.uint8)
    return Preview(pixels, where, low, high)


def _plane(image: Array, mask: Optional[Array]) -> Tuple[int, ...]:
    """Return the indices of the plane to show."""
    import numpy

    planes: List[Tuple[int, ...]] = list(numpy.ndindex(image.shape[2:]))
    if len(planes) > 1:
        masked = [each for each in planes if mask is not None and plane_of(mask, each).any()]
        planes = [max(masked or planes, key=lambda each: _peak(plane_of(image, each)))]
    return planes[0]


def plane_of(image: Array, where: Tuple[int, ...]) -> Array:
    """Return the plane at the indices along the axes behind the first two."""
    index: Any = (slice(None), slice(None), *where)
    plane: Array = image[index]
    return plane


def _peak(plane: Array) -> float:
    """Return the largest absolute value; 0 if there is none."""
    import numpy

    # They leave NaN out.
    return float(numpy.nan_to_num(max(numpy.fmax.reduce(plane, None), -numpy.fmin.reduce(plane, None))))


def _noise(plane: Array) -> float:
    """Return the standard deviation about zero of what is no signal, estimated from some of the pixels."""
    import numpy

    step = max(1, int((plane.size / _SAMPLE) ** 0.5))
    values = plane[::step, ::step].astype(numpy.float64).ravel()
    values = values[numpy.isfinite(values)]
    noise = 0.0
    for _ in range(_ROUNDS):
        noise = float(numpy.sqrt(numpy.mean(values**2))) if values.size else 0.0
        values = values[abs(values) <= _CLIP * noise]
    return noise


def _small(plane: Array, noise: float) -> Array:
    """Return a plane made small: one pixel of each block, and where there is a signal the block's strongest."""
    import numpy

    size = -(-max(plane.shape) // SIDE)
    if size == 1:
        return plane
    if not any(side % size for side in plane.shape):
        return _small_of_whole_blocks(plane, noise, size)
    high = low = plane
    # First along the axis whose pixels lie together in memory.
    for axis in sorted((0, 1), key=lambda each: plane.strides[each]):
        starts = numpy.arange(0, plane.shape[axis], size)
        high, low = numpy.fmax.reduceat(high, starts, axis), numpy.fmin.reduceat(low, starts, axis)
    return _chosen(plane, noise, size, high, low)


def _small_of_whole_blocks(plane: Array, noise: float, size: int) -> Array:
    """Return the same of a plane that consists of whole blocks, in a tenth of the time."""
    import numpy

    # Along the axis whose pixels lie together in memory.
    turned = plane.strides[0] < plane.strides[1]
    rows = plane.T if turned else plane
    blocks = rows.reshape(rows.shape[0] // size, size, rows.shape[1])
    extremes = [numpy.empty((blocks.shape[0], rows.shape[1]), plane.dtype) for _ in range(2)]
    # The processor's cache holds what both are taken of.
    step = max(1, _CACHED // blocks[0].nbytes)
    for start in range(0, len(blocks), step):
        part = slice(start, start + step)
        for take, found in zip((numpy.fmax, numpy.fmin), extremes):
            _reduce(take, blocks[part], found[part])
    small = [_by_columns(take, found, size) for take, found in zip((numpy.fmax, numpy.fmin), extremes)]
    return _chosen(plane, noise, size, *(each.T if turned else each for each in small))


def _by_columns(take: Any, rows: Array, size: int) -> Array:
    """Return what ``take`` makes of each ``size`` neighbours in a row."""
    import numpy

    small = numpy.empty((rows.shape[0], rows.shape[1] // size), rows.dtype)
    _reduce(take, rows.reshape(*small.shape, size).transpose(0, 2, 1), small)
    return small


def _reduce(take: Any, blocks: Array, found: Array) -> None:
    """Put what ``take`` makes of the middle axis into ``found``; its own ``reduce`` takes three times as long."""
    found[:] = blocks[:, 0]
    for index in range(1, blocks.shape[1]):
        take(found, blocks[:, index], out=found)


def _chosen(plane: Array, noise: float, size: int, high: Array, low: Array) -> Array:
    """Return of each block the highest or lowest pixel where there is a signal, and else its first one."""
    import numpy

    strongest = numpy.where(-low > high, low, high)
    # A mean would hide a point source, and the strongest pixels of noise look like signal.
    return numpy.where(abs(strongest) > _SIGNAL * noise, strongest, plane[::size, ::size])


def _range(small: Array, noise: float) -> Tuple[float, float]:
    """Return the values to show as black and as white."""
    peak = _peak(small)
    # A simulation may have no noise, and an image no signal.
    return -_BELOW * noise, max(min(peak, _ABOVE * noise), _BELOW * noise) or 1.0
