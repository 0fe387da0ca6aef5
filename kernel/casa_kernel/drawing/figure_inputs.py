"""Check, or provide, what the tasks that draw with matplotlib need before they begin."""

from __future__ import annotations

import functools
import inspect
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, List, Mapping, Sequence

from ..casa import tables
from ..casa.imports import Casa
from ..errors import BadParameter, TaskFailed
from .catalogue import FigureTask

# A copy of a cube may take a fourth of the free space; the folder is often in memory.
_SHARE_OF_DISK = 4
# casacore's names of the second axis of a direction.
_LATITUDES = ("Declination", "Latitude")


def complete_module(row: FigureTask, say: Callable[[str], None]) -> None:
    """Add names that a task's module in CASA uses but does not define. Called before each run.

    Args:
        row: the task.
        say: called with a message for the user about the values used instead.
    """
    module = sys.modules.get(f"casatasks.private.task_{row.name}")
    if row.name == "plotbandpass" and hasattr(module, "getWeather"):
        _complete_weather(module, say)


def _complete_weather(module: Any, say: Callable[[str], None]) -> None:
    """Let plotbandpass draw the atmosphere of data without a weather table: showatm, showtsky (casatasks 6.7.0).

    Without that table, plotbandpass uses a name that is not defined, to decide whether to close its caller's tool, and
    the unit of a pressure that it has not read. It replaces a pressure and a humidity of 0 by its own values.
    """
    if not hasattr(module, "needToClose_mymsmd"):
        module.needToClose_mymsmd = False
    original = inspect.unwrap(module.getWeather)
    told: List[bool] = []

    @functools.wraps(original)
    def get_weather(*args: Any, **kwargs: Any) -> Any:
        found = original(*args, **kwargs)
        if isinstance(found[0], dict) and "pressure_unit" not in found[0]:
            found[0]["pressure_unit"] = "mbar"
            if not told:
                told.append(True)
                say("The data have no weather table: the atmosphere is drawn for 563 mbar, 0 °C and 20 % of humidity.")
        return found

    module.getWeather = get_weather


def lacks_table(casa: Casa, row: FigureTask, given: Mapping[str, Any]) -> bool:
    """Return whether the input lacks the subtable without which the task draws nothing, or the subtable has no rows."""
    path = Path(os.path.expanduser(given.get(row.inputs[0].parameter, ""))) / row.without[0]
    if not path.is_dir():
        return True
    with suppress(RuntimeError), tables.table(casa, path) as table:
        return bool(table.nrows() == 0)
    return True


def order(kinds: Sequence[str], names: Sequence[str]) -> List[int]:
    """Return the axes in the order longitude, latitude, others, spectral; empty where one of these is missing.

    Args:
        kinds: the axes' types, in casacore's terms: Direction, Spectral, Stokes, Linear and so on.
        names: the axes' names, like Right Ascension.
    """
    directions = [number for number, kind in enumerate(kinds) if kind == "Direction"]
    directions.sort(key=lambda number: names[number] in _LATITUDES)
    spectral = [number for number, kind in enumerate(kinds) if kind == "Spectral"]
    others = [number for number, kind in enumerate(kinds) if kind not in ("Direction", "Spectral")]
    return [*directions, *others, *spectral] if len(directions) == 2 and len(spectral) == 1 else []


def spectral_last(casa: Casa, row: FigureTask, given: Mapping[str, Any], scratch: Path) -> str:
    """Return the path of the cube that a task will draw: the user's, or a copy in ``scratch`` with reordered axes.

    CASA's plotprofilemap averages over the first axes, whatever they are (casatasks 6.7.0).

    Raises:
        BadParameter: the image is not a cube, or there is no room for a copy.
    """
    parameter = row.inputs[0].parameter
    path = str(given[parameter])
    tool = casa.names["casatools"].image()
    try:
        tool.open(os.path.expanduser(path))
        coordinates = tool.coordsys()
        kinds = coordinates.axiscoordinatetypes()
        wanted = order(kinds, coordinates.names())
        if not wanted:
            axes = ", ".join(coordinates.names())
            said = f"{parameter} names {path}, whose axes are {axes}; it needs two directions and a spectral axis."
            raise BadParameter(row.name, said)
        # plotprofilemap finds the Stokes axis in any position.
        moved = [number for number in wanted if kinds[number] != "Stokes"]
        if moved == sorted(moved):
            return path
        axes = "".join(map(str, wanted))
        # Four bytes for the value of a pixel, and one for its mask.
        size = 5 * int(tool.shape().prod())
        if size * _SHARE_OF_DISK > shutil.disk_usage(scratch).free:
            raise BadParameter(
                row.name,
                f"{parameter} names {path}, whose axes do not end with the spectral one. Make an image of which they "
                f"do: imtrans({path!r}, 'transposed.image', order='{axes}').",
            )
        copy = scratch / "transposed.image"
        transposed = tool.transpose(str(copy), order=axes)
        transposed.done()
        return str(copy)
    except RuntimeError as error:
        raise TaskFailed(row.name, str(error)) from error
    finally:
        tool.done()
