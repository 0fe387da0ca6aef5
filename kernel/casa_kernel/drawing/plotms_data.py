"""Check a call of plotms against its data: casaplotms ends, or draws something else, if they do not match."""

from __future__ import annotations

import os
import re
from typing import Any, Callable, Iterable, List, Mapping, Optional, Tuple

from ..casa import tables
from ..casa.imports import Casa
from ..errors import BadParameter

# Names of casacore's Stokes::StokesTypes; CORR_TYPE contains their numbers.
_STOKES = (
    "", "I", "Q", "U", "V", "RR", "RL", "LR", "LL", "XX", "XY", "YX", "YY", "RX", "RY", "LX", "LY", "XR", "XL", "YR",
    "YL", "PP", "PQ", "QP", "QQ",
)  # fmt: skip
# The correlations from which the Stokes parameters are made, for linear or circular feeds.
_MADE_OF = {
    "I": (("XX", "YY"), ("RR", "LL")),
    "Q": (("XX", "YY"), ("RL", "LR")),
    "U": (("XY", "YX"), ("RL", "LR")),
    "V": (("XY", "YX"), ("RR", "LL")),
}


class PlotData:
    """The table that a call of plotms names.

    Args:
        parameter: the parameter that names the table.
    """

    def __init__(self, casa: Casa, parameter: str, path: str) -> None:
        self._casa, self._parameter, self._path = casa, parameter, path

    def check(self, given: Mapping[str, Any]) -> None:
        """Check that the data contain what the call asks for.

        Raises:
            BadParameter: they do not, and casaplotms would end, or draw something else.
        """
        rows, columns = self._read("", lambda table: (table.nrows(), table.colnames()))
        if not rows:
            raise BadParameter("plotms", f"{self._parameter} names {self._path}, which has no rows: nothing to plot.")
        if self._parameter != "vis":
            return
        for name in ("xdatacolumn", "ydatacolumn"):
            wanted = given.get(name)
            words = [wanted] if isinstance(wanted, str) else wanted or []
            if "float" in words and "FLOAT_DATA" not in columns:
                raise BadParameter("plotms", f"{name} is 'float', but {self._path} has no column FLOAT_DATA.")
        self._check_correlation(given)
        self._check_channels(given)

    def remarks(self, given: Mapping[str, Any]) -> List[str]:
        """Return remarks for the user about the data that are drawn."""
        if self._parameter != "vis":
            return []
        beyond = [last for _, end, last in self._channels(given) if end > last]
        cut = [f"spw is {given['spw']!r}, but the last channel there is {last}." for last in beyond[:1]]
        return [*cut, *self._missing_model(given)]

    def _missing_model(self, given: Mapping[str, Any]) -> List[str]:
        words = [given.get(name) or "" for name in ("xdatacolumn", "ydatacolumn")]
        wanted = [str(each) for word in words for each in ([word] if isinstance(word, str) else word)]
        if not any("model" in each or each == "residual" for each in wanted):
            return []
        columns, keywords = self._read("", lambda table: (table.colnames(), table.keywordnames()))
        # A virtual model is kept in keywords (casacore's VisModelData).
        if "MODEL_DATA" in columns or any("model" in name.lower() for name in keywords):
            return []
        return [f"{self._path} has no model, so plotms takes a point source of 1 Jy; ft, setjy or tclean makes one."]

    def _check_correlation(self, given: Mapping[str, Any]) -> None:
        """Check that the data have each correlation: in place of a missing one plotms draws another one, or zeros."""
        name = "correlation" if given.get("correlation") else "polarization"
        wanted = given.get(name)
        if not isinstance(wanted, str) or not given.get("selectdata", True):
            return
        kinds = self._read("POLARIZATION", lambda table: table.getvarcol("CORR_TYPE"))
        there = {_STOKES[each] for column in kinds.values() for each in column.flatten() if each < len(_STOKES)}
        for word in filter(None, re.split(r"[,\s]+", wanted.upper())):
            if word not in _STOKES or word in there:
                continue
            parts = _MADE_OF.get(word, ())
            if not any(set(each) <= there for each in parts):
                made = (
                    f", but {word} is made of {' or of '.join(' and '.join(each) for each in parts)}" if parts else ""
                )
                self._refuse(f"{name} is {wanted!r}{made}", there)

    def _refuse(self, said: str, there: Iterable[str]) -> None:
        raise BadParameter("plotms", f"{said}, and {self._path} has {', '.join(sorted(filter(None, there)))}.")

    def _check_channels(self, given: Mapping[str, Any]) -> None:
        """Check that the channels exist: in place of those beyond the last, plotms draws the last one."""
        for first, _, last in self._channels(given):
            if first > last:
                raise BadParameter(
                    "plotms",
                    f"spw is {given['spw']!r}, but the last channel there is {last} (channels are counted from 0).",
                )

    def _channels(self, given: Mapping[str, Any]) -> List[Tuple[int, int, int]]:
        """Return the first and last channel of each range in the selection, and the last one that exists."""
        wanted = given.get("spw")
        if not isinstance(wanted, str) or ":" not in wanted or not given.get("selectdata", True):
            return []
        counts = [int(each) for each in self._read("SPECTRAL_WINDOW", lambda table: table.getcol("NUM_CHAN"))]
        found = []
        for windows, first, last in _ranges(wanted):
            own = [counts[each] for each in windows if each < len(counts)] if windows is not None else counts
            # plotms itself reports a window that does not exist.
            if own:
                found.append((first, last, max(own) - 1))
        return found

    def _read(self, subtable: str, look: Callable[[Any], Any]) -> Any:
        with tables.table(self._casa, os.path.join(self._path, subtable)) as table:
            return look(table)


def _ranges(spw: str) -> List[Tuple[Optional[List[int]], int, int]]:
    """Return the numbered windows and channels of a selection; None for windows that are not given by numbers."""
    found = []
    for part in spw.split(","):
        windows, colon, channels = part.strip().partition(":")
        for each in channels.split(";") if colon else ():
            match = re.fullmatch(r"\s*(\d+)\s*(?:~\s*(\d+)\s*)?(?:\^\s*\d+\s*)?", each)
            if match:
                first, last = sorted((int(match[1]), int(match[2] or match[1])))
                found.append((_numbers(windows.strip()), first, last))
    return found


def _numbers(windows: str) -> Optional[List[int]]:
    match = re.fullmatch(r"(\d+)(?:~(\d+))?", windows)
    return list(range(int(match[1]), int(match[2] or match[1]) + 1)) if match else None
