"""Which other tables a table refers to: subtables and columns elsewhere, and the parents of a view of other tables.

casacore writes their names into ``table.dat`` as AipsIO strings: the length in 4 bytes, big-endian, then the text. This
module takes each such string that has the form of a table's name, whatever it belongs to. A name too many costs a look
at what it names; a name too few would let a change go unseen.

Images that are views of other images name them in a JSON file instead.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, Iterable, Iterator, List

TABLE = "table.dat"
# Of a virtual concatenation (imageconcat) and of an expression that was saved (imagecalc).
VIEWS = ("imageconcat.json", "imageexpr.json")

# casacore's Path::stripDirectory: "././X" lies in the table, "./X" beside it; "/X" is absolute; of "X/." the table
# itself lies in X. No name is longer than PATH_MAX, 4096 bytes.
_NAME = re.compile(rb"\0\0([\0-\x10].)(?=\./|/|~|\$)", re.DOTALL)
_ABOVE = re.compile(rb"/\.(?![ -~])")
_LONGEST = 4096
# In an expression names may stand between quotes, or bare between operators and brackets.
_QUOTED = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'")
_BARE = re.compile(r"[^\s'\",()\[\]{}<>=!&|+*^%:]+")


def names(data: bytes) -> List[str]:
    """Return the names of tables in the contents of a ``table.dat``, as they are written there."""
    places = [place for place in (*_in_front(data), *_above(data)) if sum(place) <= len(data)]
    found = {data[start : start + length] for start, length in places}
    return sorted(os.fsdecode(name) for name in found if _is_text(name))


def _in_front(data: bytes) -> Iterator[tuple[int, int]]:
    for match in _NAME.finditer(data):
        yield match.end(), int.from_bytes(match[1], "big")


def _above(data: bytes) -> Iterator[tuple[int, int]]:
    for match in _ABOVE.finditer(data):
        end = match.end()
        for start in range(max(4, end - 256), end - 2):
            if int.from_bytes(data[start - 4 : start], "big") == end - start:
                yield start, end - start


def _is_text(name: bytes) -> bool:
    return 1 < len(name) <= _LONGEST and not any(byte < 32 or byte == 127 for byte in name)


def names_in_view(text: str) -> List[str]:
    """Return what may be names of images in the JSON file of a view of other images."""
    try:
        strings = list(_strings(json.loads(text)))
    except (ValueError, RecursionError):
        strings = [text]
    quoted = {first or second for each in strings for first, second in _QUOTED.findall(each)}
    bare = {word for each in strings for word in _BARE.findall(each)}
    return sorted(quoted.union(strings, bare))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def tables(table: str, written: Iterable[str]) -> List[str]:
    """Return the absolute paths of the tables that names in ``table.dat`` stand for.

    Args:
        table: absolute path of the table's folder.
        written: as ``names`` returns it.
    """
    return sorted({os.path.normpath(_resolved(table, name)) for name in written} - {table})


def _resolved(table: str, name: str) -> str:
    if name.endswith("/.") and table.endswith(f"/{name[:-2]}"):
        return table[: -len(name) + 1]
    if name.startswith("././"):
        return os.path.join(table, name[4:])
    if name.startswith("./"):
        return os.path.join(os.path.dirname(table), name[2:])
    return os.path.abspath(os.path.expandvars(os.path.expanduser(name)))


def images(view: str, written: Iterable[str]) -> List[str]:
    """Return the absolute paths of what exists of the names in a view's JSON file.

    Names there are relative to the view, to its folder or to the working folder; each of these counts.
    """
    bases = (view, os.path.dirname(view), os.getcwd())
    candidates = {os.path.normpath(os.path.join(base, name)) for name in written for base in bases}
    return sorted(
        each for each in candidates - {view, *bases} if "\0" not in each and os.path.exists(os.path.join(each, TABLE))
    )
