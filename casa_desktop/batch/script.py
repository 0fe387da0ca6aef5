"""Python scripts as notebooks: cells begin with ``# %%``, as Spyder, VS Code and jupytext have it."""

from __future__ import annotations

import re
from typing import Any, List, Tuple

# Behind the marks: a title, [markdown], and tags=["parameters"].
_MARK = re.compile(r"#\s*%%(?:\s|\[|$)")
_KIND = re.compile(r"\[(markdown|md|raw)\]")
_TAGS = re.compile(r"\btags\s*=\s*\[([^\]]*)\]")
_WORD = re.compile(r"""["']([^"']+)["']""")


def notebook(text: str) -> Any:
    """Return a script as a notebook; without marks it is one cell.

    Returns:
        A notebook of nbformat's, version 4.
    """
    from nbformat import v4

    cells = [_cell(mark, lines) for mark, lines in _blocks(text) if mark or "".join(lines).strip()]
    return v4.new_notebook(cells=cells)


def _blocks(text: str) -> List[Tuple[str, List[str]]]:
    """Return the marks, of which the first may be empty, and the lines behind each."""
    blocks: List[Tuple[str, List[str]]] = [("", [])]
    # Not splitlines, which breaks strings with a form feed in them, too.
    for line in text.split("\n"):
        if _MARK.match(line):
            blocks.append((line, []))
        else:
            blocks[-1][1].append(line)
    return blocks


def _cell(mark: str, lines: List[str]) -> Any:
    from nbformat import v4

    kind = _KIND.search(mark)
    if kind:
        make: Any = v4.new_raw_cell if kind[1] == "raw" else v4.new_markdown_cell
        return make("\n".join(re.sub(r"^# ?", "", line) for line in lines).strip("\n"))
    tags = _TAGS.search(mark)
    cell = v4.new_code_cell("\n".join(lines).strip("\n"))
    if tags:
        cell.metadata["tags"] = _WORD.findall(tags[1])
    return cell
