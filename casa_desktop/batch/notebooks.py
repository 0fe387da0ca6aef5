"""Have nbformat imported without what it never uses, which takes longer than all else of a run's start.

nbformat imports jsonschema, and that the package rfc3987_syntax where it is installed (with JupyterLab it is): at its
import, lark makes a parser of its grammar for IRIs, which takes 1.5 s (rfc3987_syntax 1.1.0, jsonschema 4.26.0). Only
the check of a text with ``"format": "iri"`` needs it, and no schema of notebooks has one.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

_JSONSCHEMA, _IRIS = "jsonschema", "rfc3987_syntax"


def load() -> ModuleType:
    """Import nbformat. Whatever checks IRIs by jsonschema later still does: then the grammar is imported.

    Raises:
        ImportError: it is not installed.
    """
    if _JSONSCHEMA in sys.modules or _IRIS in sys.modules or importlib.util.find_spec(_IRIS) is None:
        return importlib.import_module("nbformat")
    stand_in = ModuleType(_IRIS)
    stand_in.is_valid_syntax = _is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[_IRIS] = stand_in
    try:
        # Only this takes the function out of it.
        importlib.import_module(_JSONSCHEMA)
    finally:
        del sys.modules[_IRIS]
    return importlib.import_module("nbformat")


def _is_valid_syntax(term: str, text: str) -> bool:
    return bool(importlib.import_module(_IRIS).is_valid_syntax(term, text))
