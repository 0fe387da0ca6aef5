"""The parameters of CASA's tasks and their defaults, read from the tasks' source: nothing of CASA is imported."""

from __future__ import annotations

import ast
import importlib.util
import os
import warnings
from functools import lru_cache
from importlib import metadata
from typing import Any, Dict, Mapping, Optional

# As defaults are written there: int(-1), float(0.5), bool(True), int().
_KINDS = {"int": int, "float": float, "bool": bool, "str": str}


class Defaults:
    """The tasks of one installed CASA.

    Args:
        folder: of the package casatasks; empty if there is none.
        version: of casatasks, like ``6.7.0.31``.
    """

    def __init__(self, folder: str, version: str) -> None:
        self.folder, self.version = folder, version

    @classmethod
    def here(cls) -> Defaults:
        """Return those of this Python's CASA; of none, if it has none."""
        spec = importlib.util.find_spec("casatasks")
        folder = next(iter(spec.submodule_search_locations or ()), "") if spec is not None else ""
        try:
            return cls(folder, metadata.version("casatasks") if folder else "")
        except metadata.PackageNotFoundError:
            return cls(folder, "")

    def of(self, task: str) -> Optional[Mapping[str, Any]]:
        """Return the parameters of a task, in their order, with their defaults; None for a task that is not known.

        A parameter whose default cannot be read has ``Ellipsis``.
        """
        return _read(os.path.join(self.folder, f"{task}.py")) if self.folder and task.isidentifier() else None


@lru_cache(maxsize=None)
def _read(path: str) -> Optional[Mapping[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file, warnings.catch_warnings():
            # Their documentation has backslashes that newer Pythons warn of.
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__call__"]
    if len(calls) != 1:
        return None
    names = [argument.arg for argument in calls[0].args.args[1:]]
    values = [_value(node) for node in calls[0].args.defaults]
    found: Dict[str, Any] = dict.fromkeys(names, ...)
    found.update(zip(names[len(names) - len(values) :], values))
    return found


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(_Plain().visit(node))
    except (ValueError, TypeError, SyntaxError):
        return ...


class _Plain(ast.NodeTransformer):
    """Replaces ``int(-1)`` and the like by the number."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        kind = _KINDS.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if kind is None or node.keywords or len(node.args) > 1:
            return node
        return ast.Constant(kind(*map(ast.literal_eval, node.args)))


def is_default(value: Any, default: Any) -> bool:
    """Return whether a value is a parameter's default; numbers may differ in type, but not from bool."""
    if isinstance(value, (list, tuple)) and isinstance(default, (list, tuple)):
        return len(value) == len(default) and all(map(is_default, value, default))
    if isinstance(value, bool) or isinstance(default, bool):
        return value is default
    if isinstance(value, (int, float)) and isinstance(default, (int, float)):
        return value == default
    return type(value) is type(default) and bool(value == default)
