"""Check the input of casaviewer, and convert it where casaviewer cannot show it.

An expression becomes an image, and pixels in double precision become single precision. casaviewer cannot show an image
with one axis at all; its profile is drawn instead.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..casa import images
from ..checks import inputs, paths
from ..checks.inputs import IMAGE, MEASUREMENT_SET
from ..errors import BadParameter, NothingShown
from . import blank_picture, lattice_expressions, zoom_region
from .catalogue import DrawingTask
from .context import Desk
from .viewer_values import Values


@dataclass(frozen=True)
class Ready:
    """A call whose arguments have been checked.

    Attributes:
        given: its arguments for the tool.
        spectrum: the only image, if it has a single axis.
    """

    given: Dict[str, Any]
    spectrum: Optional[Path] = None


class ViewerInput:
    """Checks the arguments of one call of a casaviewer task."""

    def __init__(self, desk: Desk, row: DrawingTask, given: Dict[str, Any]) -> None:
        self._desk, self._row, self._given = desk, row, dict(given)
        self._folders: List[Path] = []

    @contextmanager
    def ready(self, live: bool) -> Iterator[Ready]:
        """Yield the call in a form that can be run within a with block.

        Files that were made for it are removed after the block, or, if a window shows them, with the kernel.

        Raises:
            BadParameter: it cannot be run, or would show something else than the user asked for.
        """
        with ExitStack() as stack:
            stack.callback(self._tidy)
            self._evaluate()
            self._desk.check(self._row.name, self._row.inputs, self._given, self._row.picture)
            if self._row.name == "imview":
                self._given = zoom_region.with_box(self._row.name, self._desk.casa, self._given)
            values = Values(self._row.name, self._given)
            values.check()
            found = self._look(values)
            spectrum = self._spectrum(found)
            if spectrum is None:
                values.check_against(list(found.values()))
                self._convert(found)
            yield Ready(self._given, spectrum)
            if live:
                self._folders.clear()

    def _tidy(self) -> None:
        for folder in self._folders:
            rmtree(folder, ignore_errors=True)

    def _folder(self) -> Path:
        self._folders.append(self._desk.children.private.new_folder("image"))
        return self._folders[-1]

    def _evaluate(self) -> None:
        """Replace expressions by images."""
        asked = self._given.get("displaytype") == "lel"
        for each in self._row.inputs:
            if IMAGE not in each.kinds:
                continue

            def evaluated(text: str, parameter: str = each.parameter) -> str:
                if not (asked or lattice_expressions.is_one(text)):
                    return text
                return str(
                    lattice_expressions.evaluate(self._desk.casa, self._row.name, parameter, text, self._folder())
                )

            if each.parameter in self._given:
                self._given[each.parameter] = paths.each_path(self._given[each.parameter], evaluated)
            if asked:
                self._given["displaytype"] = "raster"

    def _look(self, values: Values) -> Dict[Path, images.Image]:
        """Return what is known of the images, by their paths."""
        found: Dict[Path, images.Image] = {}
        for each in self._row.inputs:
            for path in inputs.readable_by_casa(self._given.get(each.parameter)):
                if inputs.kind_of(path) == MEASUREMENT_SET:
                    values.check_measurement_set()
                    if images.lacks_data(self._desk.casa, path):
                        reason = "it has none of the columns DATA and FLOAT_DATA, and casaviewer draws no others"
                        raise NothingShown(self._row.name, str(path), reason)
                    continue
                image = images.look(self._desk.casa, path)
                if image is not None:
                    found[path] = image
        return found

    def _spectrum(self, found: Dict[Path, images.Image]) -> Optional[Path]:
        lines = [path for path, image in found.items() if not image.has_plane]
        if not lines:
            return None
        if len(found) > 1:
            raise BadParameter(
                self._row.name,
                f"{lines[0]} has one axis, and casaviewer draws planes; show it alone to see its profile.",
            )
        return lines[0]

    def _convert(self, found: Dict[Path, images.Image]) -> None:
        """Replace images that casaviewer cannot show by copies."""
        for each in self._row.inputs:
            if each.parameter in self._given:
                convert = partial(self._converted, found, each.parameter)
                self._given[each.parameter] = paths.each_path(self._given[each.parameter], convert)

    def _converted(self, found: Dict[Path, images.Image], parameter: str, text: str) -> str:
        path = Path(text).absolute()
        if path not in found or not found[path].is_double or path.is_file():
            return text
        copy = lattice_expressions.single_precision(self._desk.casa, self._row.name, parameter, path, self._folder())
        self._desk.front.say(
            f"{path.name} has pixels in double precision, which casaviewer cannot show; this is a copy in single "
            "precision."
        )
        return str(copy)


def check_seen(desk: Desk, row: DrawingTask, given: Dict[str, Any], picture: bytes) -> None:
    """Check that casaviewer has drawn something; print a message if there are only axes.

    Raises:
        NothingShown: the picture is blank.
    """
    if blank_picture.is_blank(picture):
        raise NothingShown(row.name, *_what_and_why(desk, row, given))
    if blank_picture.is_empty_within(picture):
        desk.front.say(
            f"{row.name}: the axes are empty. All pixels shown are masked, not numbers, or at the lower end of "
            "the range; or no contour level lies among their values."
        )


def _what_and_why(desk: Desk, row: DrawingTask, given: Dict[str, Any]) -> Tuple[str, str]:
    found = [path for each in row.inputs for path in inputs.readable_by_casa(given.get(each.parameter))]
    measured = [path for path in found if inputs.kind_of(path) == MEASUREMENT_SET]
    what = ", ".join(map(str, found)) or "what it was given"
    return what, images.why_not_shown(desk.casa, measured[0]) if measured else ""
