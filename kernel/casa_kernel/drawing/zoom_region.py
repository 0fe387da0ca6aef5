"""Let imview's ``zoom`` be a region: a file, a record, or a line of CASA's region text.

The viewer's client documents regions but refuses all of them (casaviewer 2.4.4: files are "not yet" supported, and
records use a name that it does not define). So it gets the region's box instead, in pixels of the axes that are shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Mapping

from ..casa import images, tables
from ..casa.imports import Casa
from ..checks import inputs
from ..errors import BadParameter, NoSuchPath


def with_box(task: str, casa: Casa, given: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a call's arguments, with a region in ``zoom`` replaced by its box.

    Raises:
        BadParameter: it is not a region, or not one of this image.
        NoSuchPath: there is no such file.
    """
    region = _region_in(given.get("zoom"))
    image = next((path for name in ("raster", "contour") for path in inputs.paths_in(given.get(name))), None)
    if region is None or image is None:
        return dict(given)
    try:
        with tables.image(casa, image) as tool:
            box = tool.boundingbox(region=_readable(task, region))
            shown = images.describe(tool, Path(image)).order(images.named(given.get("axes")))[:2]
    except RuntimeError as error:
        reason = " ".join(str(error).partition(" at File:")[0].split()).rstrip(".")
        raise BadParameter(task, f"zoom={region!r} is no region of {image}: {reason}.") from error
    corners = {name: [int(box[name][axis]) for axis in shown] for name in ("blc", "trc")}
    zoom = given["zoom"]
    channel = {"channel": zoom["channel"]} if isinstance(zoom, Mapping) and "channel" in zoom else {}
    return {**given, "zoom": {**corners, "coord": "pixel", **channel}}


def _region_in(zoom: Any) -> Any:
    """Return the region or its file, or None where ``zoom`` is a level, a box or a channel."""
    if isinstance(zoom, (str, os.PathLike)):
        return os.fspath(zoom) or None
    if not isinstance(zoom, Mapping):
        return None
    if "file" in zoom:
        return zoom["file"]
    is_record = "isRegion" in zoom or "regions" in zoom or isinstance(zoom.get("blc"), Mapping)
    return {name: value for name, value in zoom.items() if name != "channel"} if is_record else None


def _readable(task: str, region: Any) -> Any:
    """Return the region as CASA reads it: a record, a path, or text."""
    if isinstance(region, Mapping) or "[" in str(region):
        return region
    path = Path(region).expanduser()
    if not path.is_file():
        raise NoSuchPath(task, "zoom", path.absolute())
    return str(path)
