"""Masks as a record has them: packed to bits, where all pixels are 0 or 1, which CASA's masks mostly are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Tuple

if TYPE_CHECKING:
    import numpy

    Mask = numpy.ndarray[Any, Any]

# Behind the key of packed pixels, that of their shape.
SHAPE = ".shape"


@dataclass(frozen=True)
class Packed:
    """The pixels of a mask.

    Attributes:
        shape: the mask's.
        data: the bits, the first axis fastest; or the pixels as they are.
        are_bits: whether they are bits.
    """

    shape: Tuple[int, ...]
    data: Mask
    are_bits: bool

    @classmethod
    def of(cls, pixels: Mask) -> Packed:
        """Pack the pixels of a mask."""
        import numpy

        if not _are_bits(pixels):
            return cls(pixels.shape, pixels, are_bits=False)
        flat = pixels.ravel(order="F")
        # Of bytes every one that is not 0 becomes 1.
        return cls(pixels.shape, numpy.packbits(flat if flat.dtype == numpy.uint8 else flat != 0), are_bits=True)

    def is_same(self, other: Packed) -> bool:
        """Tell whether another mask has the same pixels."""
        import numpy

        # Pixels of which none is NaN.
        same = self.shape == other.shape and self.are_bits == other.are_bits
        return same and numpy.array_equal(self.data, other.data)

    def arrays(self, key: str) -> Dict[str, Mask]:
        """Return the arrays that keep it under a key."""
        import numpy

        shape = {key + SHAPE: numpy.array(self.shape, dtype=numpy.int64)} if self.are_bits else {}
        return {key: self.data, **shape}


def unpacked(key: str, data: Mask, shape: Tuple[int, ...]) -> Mask:
    """Return the pixels of which the bits under a key were made, as uint8; ValueError if there are too few or many."""
    import numpy

    count = int(numpy.prod(shape, dtype=object))
    if data.dtype != numpy.uint8 or data.size != -(-count // 8):
        raise ValueError(f"the mask {key} is cut short")
    pixels: Mask = numpy.unpackbits(data)[:count].reshape(shape, order="F")
    return pixels


def _are_bits(pixels: Mask) -> bool:
    import numpy

    if pixels.dtype == numpy.uint8:
        return bool(pixels.max(initial=0) <= 1)
    return bool(((pixels == 0) | (pixels == 1)).all())
