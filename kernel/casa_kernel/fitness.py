"""Whether the CASA that is installed fits this Python, and why importing it failed. CASA is not imported here."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from typing import Tuple

from .errors import CasaMissing


def check() -> None:
    """Check what is known to go wrong before CASA is imported.

    Raises:
        CasaMissing: it is not installed, or would end the process.
    """
    if importlib.util.find_spec("casatools") is None or importlib.util.find_spec("casatasks") is None:
        raise CasaMissing(
            f"casatools and casatasks were not found in {sys.prefix}; install them into this kernel's "
            "Python with 'pip install casatools casatasks casadata six'."
        )
    casatools, numpy = metadata.version("casatools"), metadata.version("numpy")
    if _numbers(casatools) < (6, 6, 5) and _numbers(numpy) >= (2,):
        # It would end the process. No wheel of casatools says which numpy it was built for.
        raise CasaMissing(
            f"casatools {casatools} does not work with numpy {numpy}; install an older one with "
            "pip install 'numpy<2' and restart the kernel."
        )


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number.isdigit())


def explain(error: BaseException) -> str:
    """Return a sentence for an error that came out of CASA's import: what is wrong, and the remedy."""
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if "measures" in said.lower() or "IERS" in said or type(error).__name__ == "UnsetMeasurespath":
        return (
            f"its measures data were not found ({said}); install them with 'pip install casadata', or set "
            "measurespath in ~/.casa/config.py, and restart the kernel."
        )
    if "MatplotlibDeprecationWarning" in said:
        return (
            "its tasks do not work with this matplotlib (casatasks before 6.6.5 does not with 3.8 and later); install "
            "an older one with pip install 'matplotlib<3.8' and restart the kernel."
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"it needs the module {error.name!r}; install it with 'pip install {error.name}' and restart the kernel."
    return f"importing it failed with {type(error).__name__}: {said}."
