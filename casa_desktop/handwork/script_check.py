"""Prove of a script that was written that it has the masks and the orders of its record."""

from __future__ import annotations

import ast
import base64
import zlib
from pathlib import Path
from typing import Any, Dict, Mapping

from ..errors import HandworkNotExportable
from . import exportable, record
from .models import Record


def check(folder: Path, found: Record, text: str, paths: Mapping[str, str]) -> None:
    """Compile a script, unpack its masks as it will, and compare them with the record, cycle by cycle.

    Args:
        folder: where the record is.
        found: the record.
        text: the script.
        paths: the name of each image in the record to its name in the script.

    Raises:
        HandworkNotExportable: it is not what the record says.
    """
    import numpy

    names = _data(text)
    now: Dict[str, str] = {}

    def same(cycle: int) -> bool:
        """Tell whether the fields have those masks that were the last ones drawn until a cycle's question."""
        drawn = {paths[step.image]: key for step in found.steps if step.cycle <= cycle for key in step.masks.values()}
        return drawn.keys() == now.keys() and all(
            numpy.array_equal(record.read_mask(folder, key), names["unpacked"](now[path]))
            for path, key in drawn.items()
        )

    right = len(names["CYCLES"]) == len(found.minors)
    for (niter, threshold, masks, _), minor in zip(names["CYCLES"], found.minors):
        now.update(masks)
        right = right and (niter, threshold) == (minor.cycleniter, f"{minor.cyclethreshold!r}Jy") and same(minor.cycle)
    if not any(exportable.reverts(found, path) for path in paths.values()):
        now.update(names["LAST_MASKS"])
        right = right and same(found.cycles)
    if not right:
        raise HandworkNotExportable(folder, "the script that was written does not have the masks of the record")


def _data(text: str) -> Dict[str, Any]:
    """Run the part of a script that does not need CASA, and return its names."""
    import numpy

    tree = ast.parse(text)
    compile(tree, "script", "exec")
    parts = [node for node in tree.body if isinstance(node, ast.Assign) or getattr(node, "name", "") == "unpacked"]
    names: Dict[str, Any] = {"base64": base64, "numpy": numpy, "zlib": zlib}
    # All of it was written by this package a moment ago, and the record's values are literals in it.
    exec(compile(ast.Module(parts, []), "script", "exec"), names)  # noqa: S102
    return names
