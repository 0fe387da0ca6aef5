"""Calls out of what CASA has written into a table.

Tasks write in two ways (casatasks.private, ``write_history`` of mstools and cleanhelper, ``write_image_history`` of
ialib): a line ``taskname=NAME``, one with the version and one for each argument, or the version and the whole call in
one line. In both a string stands between double quotes as it is, without any escape, and anything else is what ``str``
makes of it.
"""

from __future__ import annotations

import ast
import re
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from .models import Call, Row, Unknown

_ARGUMENT = re.compile(r"(\w+) *= (.*)", re.DOTALL)
_TASK = re.compile(r"taskname=(\w+)")
_CALL = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_VERSION = re.compile(r"version: *(\d+(?:\.\d+)*)(?:[-.](\d+))?")
# How numpy from 2.0 on writes its scalars.
_SCALARS = re.compile(r"(?:np\.)?(?:float|int|uint|complex|bool|str)(?:\d+|_)?")
# Times of FITS headers are whole seconds.
_ROUNDING = 1.0


def calls(rows: Sequence[Row], source: str) -> Tuple[List[Call], List[Row]]:
    """Return the calls that rows tell of, in their order, and the rows that belong to none.

    Args:
        rows: in the order in which they were written.
        source: where they stand, like ``HISTORY of my.ms``.
    """
    found: List[Call] = []
    remarks: List[Row] = []
    current: Optional[Call] = None
    version: Optional[Row] = None
    for row in rows:
        begins, whole = _TASK.fullmatch(row.message), _CALL.fullmatch(row.message)
        argument = _ARGUMENT.fullmatch(row.message)
        if begins:
            current = Call(begins[1], {}, row.time, sources=[source])
            found.append(current)
        elif _VERSION.match(row.message):
            if current is not None and not current.arguments and not current.casa and row.origin == current.task:
                current.casa = _version(row.message)
            else:
                current, version = None, row
            continue
        elif whole and whole[1] == row.origin:
            casa = _version(version.message) if version is not None and version.origin == row.origin else ""
            found.append(Call(whole[1], _arguments(row.message), row.time, casa=casa, sources=[source]))
            current = None
        elif current is not None and argument and row.origin == current.task:
            current.arguments[argument[1]] = _value(argument[2])
            current.ended = max(current.ended, row.time)
        else:
            current = None
            remarks.append(row)
        version = None
    _mend_times(found, source)
    return found, remarks


def _version(message: str) -> str:
    """Return ``6.7.0.31`` for ``version: 6.7.0-31 CASAtools:v1.0.0``."""
    match = _VERSION.match(message)
    return ".".join(filter(None, match.groups())) if match else ""


def _mend_times(found: Iterable[Call], source: str) -> None:
    """Let no call have a later time than the next one of the same table, and say so if that is no rounding."""
    following: Optional[Call] = None
    for call in reversed(list(found)):
        if following is not None and call.ended > following.ended:
            if call.ended - following.ended > _ROUNDING:
                call.note(
                    f"Contradiction: {source} has this call before the next one of {following.task}, but gives it a "
                    "later time. A clock was wrong, or the lines were put together by something else."
                )
            call.ended = following.ended
        following = call


def _value(text: str) -> Any:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    try:
        return _literal(ast.parse(text.strip(), mode="eval").body)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return Unknown(text)


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and node.value is ...:
        raise ValueError("it was cut")
    if isinstance(node, ast.Call):
        # np.float64(1.0), and array([1., 2.]) with nothing else.
        name = ast.unparse(node.func) if hasattr(ast, "unparse") else getattr(node.func, "id", "")
        if len(node.args) == 1 and not node.keywords and (name == "array" or _SCALARS.fullmatch(name)):
            return _literal(node.args[0])
        raise ValueError("it is a call")
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        if None in node.keys:
            raise ValueError("it is no dict")
        return {_literal(name): _literal(value) for name, value in zip(node.keys, node.values)}  # type: ignore[arg-type]
    return ast.literal_eval(node)


def _arguments(message: str) -> Dict[str, Any]:
    """Return the arguments of a whole call in one line; each is unknown if the line can be read in two ways."""
    if "\\" in message:
        return _unreadable(message)
    try:
        tree = ast.parse(message, mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return _unreadable(message)
    if not isinstance(tree, ast.Call) or tree.args or any(keyword.arg is None for keyword in tree.keywords):
        return _unreadable(message)
    found = {str(keyword.arg): _argument(keyword.value) for keyword in tree.keywords}
    texts = {str(keyword.arg): ast.get_source_segment(message, keyword.value) or "" for keyword in tree.keywords}
    # A quotation mark within a string is seen here: written anew, it is another text.
    shown = (f"{name}={_text(value, texts[name])}" for name, value in found.items())
    return found if f"{message.partition('(')[0]}({', '.join(shown)})" == message else _unreadable(message)


def _text(value: Any, text: str) -> str:
    """Return a value as CASA writes it; ``text`` where it is not known, or may be written in several ways."""
    if isinstance(value, str):
        return f'"{value}"'
    return text


def _argument(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and node.value is ...:
        return Unknown("it has more than 300 characters, which CASA does not write down")
    try:
        return _literal(node)
    except (ValueError, TypeError):
        return Unknown("it cannot be read back")


def _unreadable(message: str) -> Dict[str, Any]:
    return {"arguments": Unknown(message)}
