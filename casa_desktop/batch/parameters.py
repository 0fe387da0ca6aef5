"""Parameters of notebooks, by papermill's convention: they are set in a cell with the tag ``parameters``.

The values that are given are set in a cell of their own behind it, with the tag ``injected-parameters``.
https://papermill.readthedocs.io/en/latest/usage-parameterize.html
"""

from __future__ import annotations

import ast
import difflib
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set

from ..errors import NoParameters, UnknownParameter, UnusableParameters

TAG, INJECTED = "parameters", "injected-parameters"


def defaults(notebook: Any, path: Path) -> Dict[str, Optional[ast.expr]]:
    """Return the names of a notebook's parameters, and the expressions that set them, None for ``vis: str``.

    Args:
        notebook: a notebook of nbformat's.
        path: of the notebook, for errors.

    Raises:
        NoParameters: there is no cell with the tag.
        UnusableParameters: there are several, or it is not Python.
    """
    tree = _tree(_cell(notebook, path), path)
    found: Dict[str, Optional[ast.expr]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found.update({each.id: node.value for each in node.targets if isinstance(each, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
    return found


def check(notebook: Any, path: Path, names: Set[str]) -> Dict[str, Optional[ast.expr]]:
    """Return what sets the parameters by default, if those of these names may be given.

    Raises:
        NoParameters, UnusableParameters: as ``defaults``; or the cell itself uses one of them, and would have used its
            default.
        UnknownParameter: there is no such parameter.
    """
    known = defaults(notebook, path)
    for name in sorted(names - set(known)):
        raise UnknownParameter(name, path, list(known), difflib.get_close_matches(name, known))
    tree = _tree(_cell(notebook, path), path)
    for node in tree.body:
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
        for name in sorted(used & names):
            line = f"its line {node.lineno} uses {name} before the given value is set"
            raise UnusableParameters(path, f"{line}; move that line into a cell behind it")
    return known


def inject(notebook: Any, path: Path, values: Mapping[str, Any]) -> None:
    """Put a cell that sets values behind the notebook's own, in place of one of an earlier run.

    Raises:
        NoParameters: there is no cell with the tag.
        UnusableParameters: there are several.
    """
    from nbformat import v4

    if not values:
        return
    notebook.cells = [each for each in notebook.cells if INJECTED not in _tags(each)]
    place = notebook.cells.index(_cell(notebook, path))
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    cell = v4.new_code_cell("\n".join(["# Parameters", *lines]), metadata={"tags": [INJECTED]})
    notebook.cells.insert(place + 1, cell)


def _cell(notebook: Any, path: Path) -> Any:
    found = [each for each in notebook.cells if each.cell_type == "code" and TAG in _tags(each)]
    if not found:
        raise NoParameters(path)
    if len(found) > 1:
        raise UnusableParameters(path, f"there are {len(found)} of them; take the tag from all but one")
    return found[0]


def _tags(cell: Any) -> List[str]:
    tags = cell.metadata.get("tags", [])
    return tags if isinstance(tags, list) else []


def _tree(cell: Any, path: Path) -> ast.Module:
    # A line for IPython, like %matplotlib, sets no parameter.
    lines = ["" if line.startswith(("%", "!")) else line for line in cell.source.split("\n")]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = f"its line {line} is not Python, as values of parameters must be ({getattr(error, 'msg', error)})"
        raise UnusableParameters(path, reason) from error
