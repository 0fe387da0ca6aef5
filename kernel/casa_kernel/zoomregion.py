"""imview's ``zoom`` by a region: a file, a record, or a line of CASA's region text.

The viewer's client promises regions and refuses them all (casaviewer 2.4.4: files are "not yet" supported, and records
meet a name that it does not have). So the region's box is given to it, in pixels of the axes that are shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from . import checks
from .casa import Casa
from .errors import BadParameter, NoSuchPath


def with_box(task: str, casa: Casa, given: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a call's arguments, with the box of a region in the place of the region in ``zoom``.

    Args:
        task: its name.
        casa: the imported CASA.
        given: the arguments.

    Raises:
        BadParameter: it is no region, or none of this image.
        NoSuchPath: there is no such file.
    """
    region = _region_in(given.get("zoom"))
    image = next((path for name in ("raster", "contour") for path in checks.paths_in(given.get(name))), None)
    if region is None or image is None:
        return dict(given)
    tool = casa.names["casatools"].image()
    try:
        tool.open(image)
        box = tool.boundingbox(region=_readable(task, region))
        shown = _shown_axes(tool.coordsys().names(), given.get("axes"))
    except RuntimeError as error:
        reason = " ".join(str(error).partition(" at File:")[0].split()).rstrip(".")
        raise BadParameter(task, f"zoom={region!r} is no region of {image}: {reason}.") from error
    finally:
        tool.close()
    corners = {name: [int(box[name][axis]) for axis in shown] for name in ("blc", "trc")}
    zoom = given["zoom"]
    channel = {"channel": zoom["channel"]} if isinstance(zoom, Mapping) and "channel" in zoom else {}
    return {**given, "zoom": {**corners, "coord": "pixel", **channel}}


def _region_in(zoom: Any) -> Any:
    """Return what names or holds a region, or None where ``zoom`` is a level, a box or a channel."""
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


def _shown_axes(names: Sequence[str], axes: Any) -> List[int]:
    """Return the numbers of the axes that the viewer shows along x and y; by default the image's first two."""
    named = isinstance(axes, Mapping)
    wanted = [axes.get("x"), axes.get("y")] if named else [*(axes or ()), None, None][:2]
    shown: List[Optional[int]] = [names.index(name) if name in names else None for name in wanted]
    free = [axis for axis in range(len(names)) if axis not in shown]
    return [free.pop(0) if axis is None else axis for axis in shown]
