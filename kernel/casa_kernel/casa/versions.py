"""The versions of CASA and all its parts, for ``%casa_version`` and bug reports."""

from __future__ import annotations

import html
import platform
from datetime import date
from importlib import metadata
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

# The wheels of CASA and of this kernel, by their names on PyPI, in the order of the table.
_WHEELS = (
    "casatasks", "casatools", "casashell", "casaviewer", "casaplotms", "casalogger", "casafeather", "casatablebrowser",
    "casaplotserver", "casampi", "casaconfig", "casadata", "casa-desktop", "ipykernel", "ipython",
)  # fmt: skip


class Measures(NamedTuple):
    """The state of CASA's measures data.

    Attributes:
        folder: their folder.
        version: the date of the table of Earth orientation, from its own keyword.
        measured: the last day for which the Earth's orientation is known.
        predicted: the last one for which it is predicted.
    """

    folder: str
    version: str
    measured: date
    predicted: date


def rows(measures: Optional[Measures], today: date) -> List[Tuple[str, str]]:
    """Return names and versions; wheels that are not installed are left out."""
    found = [("CASA", _version("casatasks") or "not installed")]
    found += [(wheel, version) for wheel in _WHEELS for version in [_version(wheel)] if version]
    found.append(("Python", f"{platform.python_version()} on {platform.platform()}"))
    from . import servers

    number, library = servers.world()
    if number > 1:
        found.append(("MPI", f"{number} ranks, this kernel's included; {library}"))
    if measures is not None:
        old = "" if measures.predicted >= today else " (too old for new observations)"
        known = f"measured until {measures.measured}, predicted until {measures.predicted}{old}"
        said = f"of {measures.version}; Earth orientation {known}"
        found += [("measures data", said), ("data folder", measures.folder)]
    return found


def _version(wheel: str) -> Optional[str]:
    try:
        return metadata.version(wheel)
    except metadata.PackageNotFoundError:
        return None


def bundle(table: Sequence[Tuple[str, str]]) -> Dict[str, str]:
    """Return the MIME bundle that shows the table."""
    width = max(len(name) for name, _ in table)
    style = "text-align:left;padding:1px 8px"
    body = "".join(
        f'<tr><th style="{style}">{html.escape(name)}</th><td style="{style}">{html.escape(said)}</td></tr>'
        for name, said in table
    )
    return {
        "text/plain": "\n".join(f"{name:<{width}}  {said}" for name, said in table),
        "text/html": f'<table style="border-collapse:collapse;margin:0"><tbody>{body}</tbody></table>',
    }
