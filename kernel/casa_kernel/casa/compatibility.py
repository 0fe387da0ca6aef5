"""Check whether the installed CASA fits this Python, and explain why its import failed. CASA is not imported here."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from importlib import metadata
from typing import Optional, Tuple

from ..errors import CasaMissing

# The names that pip uses for modules that CASA needs, if they differ.
_DISTRIBUTIONS = {"google": "protobuf", "grpc": "grpcio", "erfa": "pyerfa"}

# Marks of the libraries of which every newer one has all that an older one has. Others differ from system to system:
# Red Hat's OpenSSL has marks that no other has, which the wheel of casatools 6.7.6 for Python 3.12 asks for.
_GROWING = ("GLIBC", "GLIBCXX", "CXXABI", "GCC")


def check() -> None:
    """Check for known problems before CASA is imported.

    Raises:
        CasaMissing: CASA is not installed, or would end the process.
    """
    if importlib.util.find_spec("casatools") is None or importlib.util.find_spec("casatasks") is None:
        raise CasaMissing(
            f"casatools and casatasks were not found in {sys.prefix}; install them into this kernel's "
            "Python with 'pip install casatools casatasks casadata six'."
        )
    casatools, numpy = metadata.version("casatools"), metadata.version("numpy")
    if _numbers(casatools) < (6, 6, 5) and _numbers(numpy) >= (2,):
        # The import would end the process. No wheel of casatools declares the numpy for which it was built.
        raise CasaMissing(
            f"casatools {casatools} does not work with numpy {numpy}; install an older one with "
            "pip install 'numpy<2' and restart the kernel."
        )


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number.isdigit())


def explain(error: BaseException) -> str:
    """Return a sentence for an error from CASA's import: the problem and the remedy."""
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
    library = _library_error(error)
    if library is not None:
        return _explain_library(library)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _explain_module(error.name)
    return f"importing it failed with {type(error).__name__}: {said}."


def _library_error(error: BaseException) -> Optional[ImportError]:
    """Return the error of a shared library behind ``error``, or None.

    casatools tries to import its inner modules under two names; if a library cannot be loaded, the second error reports
    only that there is no such module (6.4 to 6.7).
    """
    found: Optional[BaseException] = error
    while found is not None:
        if isinstance(found, ImportError) and ".so" in (found.path or ""):
            return found
        found = found.__cause__ or found.__context__
    return None


def _explain_library(error: ImportError) -> str:
    said = " ".join(str(error).split()).rstrip(".")
    for variable in ("LD_PRELOAD", "LD_LIBRARY_PATH"):
        value = os.environ.get(variable)
        if value:
            return (
                f"its libraries do not work with others that {variable} puts before them ({said}). Unset {variable}, "
                f"which is {value!r}, before Jupyter is started, and start the kernel again."
            )
    absent = re.match(r"(\S+): cannot open shared object file", said)
    if absent:
        return (
            f"this machine has no library {absent[1]}; install the package of its system that holds it, and restart "
            "the kernel."
        )
    wanted = re.search(r"version `?([A-Z]*)[\w.]+' not found", said)
    if wanted and wanted[1] in _GROWING:
        return f"it was made for a newer system than this one ({said}); install an older CASA, and restart the kernel."
    if wanted:
        return (
            f"it was made for another system than this one ({said}); install another CASA, or this one for another "
            "Python, and restart the kernel."
        )
    return f"one of its libraries could not be loaded: {said}."


def _explain_module(name: str) -> str:
    package = name.partition(".")[0]
    spec = importlib.util.find_spec(package) if package != name else None
    if spec is None:
        distribution = _DISTRIBUTIONS.get(package, package)
        return f"it needs the module {name!r}; install it with 'pip install {distribution}' and restart the kernel."
    return (
        f"it needs the module {name!r}, which is not in {spec.origin or package}. If that file is yours, give it "
        "another name; else install it anew with 'pip install --force-reinstall "
        f"{_DISTRIBUTIONS.get(package, package)}'. Then restart the kernel."
    )


def takes_old_messages() -> bool:
    """Return whether the installed protobuf accepts the unchanged classes of CASA's wheels, made with 3.20 or older."""
    try:
        return _numbers(metadata.version("protobuf")) < (3, 21)
    except metadata.PackageNotFoundError:
        return True
