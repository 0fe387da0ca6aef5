"""Check whether a picture of casaviewer shows anything; casaviewer itself does not report that it drew nothing."""

from __future__ import annotations

import io
from typing import Any, Tuple

# In a JPEG, an area of one colour varies a little.
_NOISE = 2
# In pixels. Larger pictures are not checked: to decode them would take seconds.
_LARGEST = 5 * 10**7
# Lines of the axes' frame are lit along at least the first fraction of the picture; ticks are shorter than the second.
_FRAME, _TICKS = 0.3, 0.06
_LIT = 24


def is_blank(data: bytes) -> bool:
    """Return whether a PNG or JPEG has one colour only."""
    picture = _opened(data)
    return picture is not None and all(high - low <= _NOISE for low, high in picture.getextrema())


def is_empty_within(data: bytes) -> bool:
    """Return whether a picture of casaviewer has axes with nothing inside them, on its black background."""
    picture = _opened(data)
    if picture is None:
        return False
    # Imported late, because CASA will import it anyway.
    import numpy

    lit = numpy.asarray(picture).max(axis=2) > _LIT
    top, bottom = _span(lit.mean(axis=1))
    left, right = _span(lit.mean(axis=0))
    margin = int(_TICKS * min(bottom - top, right - left))
    inner = lit[top + margin : bottom - margin, left + margin : right - margin]
    return margin > 0 and not inner.any()


def _span(parts: Any) -> Tuple[int, int]:
    """Return the first and the last line that is lit over most of its length."""
    lines = (parts > _FRAME).nonzero()[0]
    return (int(lines[0]), int(lines[-1])) if len(lines) else (0, 0)


def _opened(data: bytes) -> Any:
    """Return the picture in RGB, or None where it is too large to check."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data))
    return picture.convert("RGB") if picture.width * picture.height <= _LARGEST else None
