"""Join histories to this kernel's CASA; imported when one is first asked for."""

from __future__ import annotations

from casa_desktop.history import fits
from casa_desktop.history.defaults import Defaults
from casa_desktop.history.models import Written
from casa_desktop.history.reader import from_json

from ..casa import written
from ..casa.imports import Casa


class KernelReader:
    """Reads what CASA has written into tables by this kernel's CASA, a ``casa_desktop.history.reader.Reader``.

    Args:
        casa: the imported CASA.
    """

    without = ""

    def __init__(self, casa: Casa) -> None:
        self.defaults = Defaults.here()
        self._make_tool = casa.names["casatools"].table

    def read(self, path: str) -> Written:
        """Return what CASA has written into a table or FITS file."""
        return fits.read(path) if fits.is_fits(path) else from_json(written.written(self._make_tool, path))
