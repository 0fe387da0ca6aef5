"""Check the values for casaviewer's tasks: casaviewer silently ignores the ones that it does not understand.

For instance, it draws the last channel instead of one that does not exist, does not zoom for a value below 1, and
ignores a misspelt key.
"""

from __future__ import annotations

import difflib
import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..casa.images import Image, named
from ..errors import BadParameter, hint

_TYPES = ("raster", "contour", "vector", "marker", "lel")
# The keys of imview's dictionaries, in casaviewer/private/task_imview.py.
_KEYS: Mapping[str, Tuple[str, ...]] = {
    "raster": ("file", "scaling", "range", "colormap", "colorwedge"),
    "contour": ("file", "levels", "unit", "base", "thickness", "color"),
    # A region has already been replaced by a box.
    "zoom": ("channel", "blc", "trc", "coord", "coordinates", "file"),
    "axes": ("x", "y", "z"),
    "out": ("file", "format", "scale", "dpi", "orient", "orientation"),
}
# Its own colour maps, and those of data/gui/colormaps/default.tbl without their aliases (casaviewer 1.5 to 2.4).
_COLORMAPS = (
    "Greyscale 1", "Greyscale 2", "Rainbow 1", "Rainbow 2", "Rainbow 3", "Rainbow 4", "Hot Metal 1", "Hot Metal 2",
    "Smooth 1", "Smooth 2", "Smooth 3", "Smooth 4", "RGB 1", "RGB 2", "Misc. 1: Isophotes", "Misc. 2: Topography",
    "Cube Helix",
)  # fmt: skip
# Above these limits the picture would have more pixels than memory holds, and the viewer would write none.
_LARGEST_ZOOM, _LARGEST_SCALE, _LARGEST_DPI = 10000, 20, 10000


class Values:
    """The values of one call.

    Raises:
        BadParameter: by each method, if a value makes no sense.
    """

    def __init__(self, task: str, given: Mapping[str, Any]) -> None:
        self._task, self._given = task, given

    def check(self) -> None:
        """Check everything that can be checked without the data."""
        check = self._check_imview if self._task == "imview" else self._check_viewer
        check()

    def check_against(self, images: Sequence[Image]) -> None:
        """Check channel, axes and box against the images that are shown, if any of them is known."""
        if not images:
            return
        axes = named(self._given.get("axes"))
        self._check_axes(axes, images)
        zoom = self._given.get("zoom")
        entries = zoom if isinstance(zoom, dict) else {}
        name, channel = ("zoom['channel']", entries.get("channel", 0)) if self._task == "imview" else self._channel()
        count = max(image.channels(axes) for image in images)
        if channel >= count:
            has = f"channels from 0 to {count - 1}" if count > 1 else "one channel only, which is 0"
            self._refuse(f"{name} is {channel}, but {images[0].path.name} has {has}")
        if entries.get("coord", entries.get("coordinates", "pixel")) == "pixel":
            self._check_box(entries, images[0], axes)

    def check_measurement_set(self) -> None:
        """Check a call that shows visibilities: they can only be shown as a raster, without a choice of channel."""
        kind = self._given.get("displaytype", "raster")
        if kind != "raster":
            self._refuse(f"displaytype is {kind!r}, but a MeasurementSet is shown as 'raster'")
        if self._channel()[1]:
            self._refuse(
                "a channel of a MeasurementSet is not chosen by channel, which casaviewer follows in images only; "
                "choose it in a window, with gui=True"
            )

    def _channel(self) -> Tuple[str, Any]:
        return "channel", self._given.get("channel", 0)

    # Parameters of viewer and msview

    def _check_viewer(self) -> None:
        given = self._given
        if "displaytype" in given and given["displaytype"] not in _TYPES:
            self._refuse_word("displaytype", given["displaytype"], _TYPES)
        self._check_whole("channel", given.get("channel"), 0, None)
        self._check_whole("zoom", given.get("zoom"), 1, _LARGEST_ZOOM)
        self._check_number("outscale", given.get("outscale"), 0, _LARGEST_SCALE)
        self._check_whole("outdpi", given.get("outdpi"), 1, _LARGEST_DPI)

    # Parameters of imview

    def _check_imview(self) -> None:
        for name in ("raster", "contour", "axes", "out"):
            for entries in _dictionaries(self._given.get(name)):
                self._check_keys(name, entries)
        for name in ("raster", "contour"):
            for entries in filter(None, _dictionaries(self._given.get(name))):
                if not isinstance(entries.get("file"), str):
                    self._refuse(f"{name}['file'] is {entries.get('file')!r}, but should be a path")
        for entries in _dictionaries(self._given.get("raster")):
            self._check_raster(entries)
        for entries in _dictionaries(self._given.get("contour")):
            self._check_contour(entries)
        for entries in _dictionaries(self._given.get("out")):
            self._check_number("out['scale']", entries.get("scale"), 0, _LARGEST_SCALE)
            self._check_whole("out['dpi']", entries.get("dpi"), 1, _LARGEST_DPI)
        self._check_zoom(self._given.get("zoom"))

    def _check_raster(self, entries: Mapping[str, Any]) -> None:
        colormap = entries.get("colormap")
        if isinstance(colormap, str) and colormap not in _COLORMAPS:
            self._refuse_word("raster['colormap']", colormap, _COLORMAPS)
        self._check_number("raster['scaling']", entries.get("scaling"))
        span = entries.get("range")
        if isinstance(span, list) and len(span) == 2:
            self._check_numbers("raster['range']", span)
            if not span[0] < span[1]:
                self._refuse(f"raster['range'] is {span!r}, but should be [least, greatest]")

    def _check_contour(self, entries: Mapping[str, Any]) -> None:
        self._check_numbers("contour['levels']", entries.get("levels"))
        for name in ("unit", "base"):
            self._check_number(f"contour[{name!r}]", entries.get(name))
        self._check_number("contour['thickness']", entries.get("thickness"), 0, 5, least_too=True)

    def _check_zoom(self, zoom: Any) -> None:
        if not isinstance(zoom, dict):
            if isinstance(zoom, (int, float)):
                self._check_whole("zoom", zoom, 1, _LARGEST_ZOOM)
            return
        self._check_keys("zoom", zoom)
        self._check_whole("zoom['channel']", zoom.get("channel"), 0, None)
        for name in ("blc", "trc"):
            self._check_numbers(f"zoom[{name!r}]", zoom.get(name))

    # Checks against the data

    def _check_axes(self, axes: Sequence[str], images: Sequence[Image]) -> None:
        known = list(dict.fromkeys(name for image in images for name in image.names if name))
        for name in filter(None, axes):
            if name not in known:
                self._refuse_word("an axis", name, known)
            if axes.count(name) > 1:
                self._refuse(f"axes names {name!r} twice")

    def _check_box(self, entries: Mapping[str, Any], image: Image, axes: Sequence[str]) -> None:
        low, high = entries.get("blc"), entries.get("trc")
        if not (isinstance(low, list) and isinstance(high, list) and len(low) == len(high) == 2):
            return
        for number, length in enumerate(image.plane(axes)):
            if not (low[number] <= high[number] and high[number] >= -0.5 and low[number] <= length - 0.5):
                size = " x ".join(map(str, image.plane(axes)))
                self._refuse(
                    f"the box of zoom from {low} to {high} has no pixel of {image.path.name}, whose plane has {size}"
                )

    # Messages

    def _check_keys(self, name: str, entries: Mapping[str, Any]) -> None:
        for key in entries:
            if key not in _KEYS[name]:
                self._refuse_word(f"a key of {name}", key, _KEYS[name])

    def _check_whole(self, name: str, value: Any, least: int, most: Optional[int]) -> None:
        if value is None:
            return
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
        if not whole or value < least or (most is not None and value > most):
            span = f"from {least} to {most}" if most is not None else f"from {least} on"
            self._refuse(f"{name} is {value!r}, but should be a whole number {span}")

    def _check_number(
        self, name: str, value: Any, least: float = -math.inf, most: float = math.inf, least_too: bool = False
    ) -> None:
        # The task itself refuses a value that is not a number.
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return
        if not math.isfinite(value) or value > most or value < least or (value == least and not least_too):
            span = "" if math.isinf(most) else f" {'from' if least_too else 'above'} {least} and up to {most}"
            self._refuse(f"{name} is {value!r}, but should be a finite number{span}")

    def _check_numbers(self, name: str, values: Any) -> None:
        for value in values if isinstance(values, list) else ():
            self._check_number(f"an element of {name}", value)

    def _refuse_word(self, name: str, word: Any, known: Sequence[str]) -> None:
        near = hint(_near(str(word), known))
        raise BadParameter(self._task, f"{name} is {word!r}, but should be one of {', '.join(known)}.{near}")

    def _refuse(self, reason: str) -> None:
        raise BadParameter(self._task, f"{reason}.")


def _dictionaries(value: Any) -> List[Dict[str, Any]]:
    """Return the dictionaries in a parameter that takes a path, a dictionary, or a list of either."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _near(word: str, known: Sequence[str]) -> List[str]:
    """Return the known word that is most similar in a list, which is empty if none is."""
    small = {each.lower(): each for each in known}
    return [small[each] for each in difflib.get_close_matches(word.lower(), small, 1)]
