"""How a cleaning goes: the peak of the residual and the flux of the model, cycle by cycle. No I/O.

The numbers are those that CASA's tools return to their task. Asking for them would change the cleaning:
``getiterationdetails`` and ``getminorcyclecontrols`` throw away a threshold that the user has typed (casatools 6.7.0).
"""

from __future__ import annotations

import html
import math
from contextlib import suppress
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

# The rows of CASA's summary of a minor cycle, one column for each plane, and their names since 6.5.
_PEAK, _FLUX, _MAPPER, _CHANNEL = 1, 2, 4, 5
_NAMES = {_PEAK: "peakRes", _FLUX: "modelFlux"}


class Look(NamedTuple):
    """What the images were like before a cycle.

    Attributes:
        cycle: its number, from 1.
        peak: the largest absolute residual in Jy/beam, of all fields and planes; None if it is not known.
        flux: the flux of the model in Jy, of all fields and planes.
        within: the peak is that within the masks at the end of the former cycle. CASA tells the peak of the whole
            residual only when its question was answered.
    """

    cycle: int
    peak: Optional[float]
    flux: float
    within: bool = False


class Convergence:
    """The progress of one cleaning."""

    def __init__(self) -> None:
        self.looks: List[Look] = []
        self._peaks: Dict[int, Dict[Any, float]] = {}
        self._fluxes: Dict[int, Dict[Any, float]] = {}
        self._turn = 0

    def begin_cycle(self) -> None:
        """Take it that the fields are looked at anew, in their order."""
        self._turn = 0

    def hear(self, name: str, result: Any) -> Optional[Tuple[int, float]]:
        """Take what a method of CASA's tool for deconvolution has returned.

        Returns:
            The number of the field and the peak of its residual, if it was looked at; else None.
        """
        with suppress(Exception):
            if name == "initminorcycle":
                field, self._turn = self._turn, self._turn + 1
                peak = number(result.get("peakresidualnomask", result["peakresidual"]))
                if peak is not None:
                    self._peaks[field] = {None: peak}
                    self._correct()
                    return field, peak
            if name == "executeminorcycle":
                self._hear_cycle(result["summaryminor"])
        return None

    def _hear_cycle(self, summary: Any) -> None:
        for planes in [summary] if not isinstance(summary, Mapping) else []:
            for column in range(planes.shape[1]):
                field, plane = int(planes[_MAPPER][column]), int(planes[_CHANNEL][column])
                self._peaks.setdefault(field, {}).pop(None, None)
                self._peaks[field][plane] = abs(float(planes[_PEAK][column]))
                self._fluxes.setdefault(field, {})[plane] = float(planes[_FLUX][column])

    def _correct(self) -> None:
        """Put the peak of the whole residual in the place of that within the masks, if it is known of each field."""
        if self.looks and self.looks[-1].within and not self._is_within:
            self.looks[-1] = self.looks[-1]._replace(peak=self._peak, within=False)

    @property
    def _is_within(self) -> bool:
        return any(None not in planes for planes in self._peaks.values())

    @property
    def _peak(self) -> Optional[float]:
        return max((peak for planes in self._peaks.values() for peak in planes.values()), default=None)

    def flux_of(self, field: int) -> float:
        """Return the flux of a field's model in Jy; 0 before the first minor cycle."""
        return sum(self._fluxes.get(field, {}).values())

    def look(self) -> None:
        """Note what the cleaning has come to before the next cycle."""
        flux = sum(map(self.flux_of, self._fluxes))
        self.looks.append(Look(len(self.looks) + 1, self._peak, flux, self._is_within))

    def bundle(self) -> Dict[str, str]:
        """Return the MIME bundle of all that was noted."""
        rows = [(str(look.cycle), _shown(look.peak), _shown(look.flux), look.within) for look in self.looks]
        head = ("Cycle", "Peak residual (Jy/beam)", "Model flux (Jy)")
        cells = [
            f"<td>{cycle}</td><td>{peak}{' in the mask' if within else ''}</td><td>{flux}</td>"
            for cycle, peak, flux, within in rows
        ]
        table = "".join(f"<tr>{row}</tr>" for row in cells)
        heads = "".join(f"<th>{html.escape(each)}</th>" for each in head)
        plain = [
            f"Cycle {cycle}: peak residual {peak} Jy/beam{' in the mask' if within else ''}, model flux {flux} Jy"
            for cycle, peak, flux, within in rows
        ]
        return {
            "text/plain": "\n".join(plain),
            "text/html": f'<table class="casa-desktop-convergence"><tr>{heads}</tr>{table}</table>',
        }


def number(value: Any) -> Optional[float]:
    """Return a number as JSON can say it; None if it is none, or infinite."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _shown(value: Optional[float]) -> str:
    return "?" if value is None else f"{value:.4g}"
