from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from casa_desktop.batch import script, source
from casa_desktop.errors import NotebookUnreadable

SCRIPT = '''"""Reduces."""
import os
# %%time is for IPython

# %% The parameters tags=["parameters", 'hide']
vis = "a.ms"

# %% [markdown]
# # Imaging
#
# Now
#%%
tclean(vis)
text = "a\x0cb"
# %%
'''


def _cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_a_script_has_cells_where_it_has_marks() -> None:
    found = script.notebook(SCRIPT)
    assert _cells(found) == [
        ("code", '"""Reduces."""\nimport os\n# %%time is for IPython'),
        ("code", 'vis = "a.ms"'),
        ("markdown", "# Imaging\n\nNow"),
        ("code", 'tclean(vis)\ntext = "a\x0cb"'),
        ("code", ""),
    ]
    assert found.cells[1].metadata.tags == ["parameters", "hide"]
    nbformat.validate(found)


def test_a_script_without_marks_is_one_cell() -> None:
    assert _cells(script.notebook("import os\n\n\nprint(1)\n")) == [("code", "import os\n\n\nprint(1)")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "a folder (1) of Ümläut's"
    found.mkdir()
    return found


def test_a_notebook_is_read_without_what_an_earlier_run_has_left(folder: Path) -> None:
    cell = v4.new_code_cell("1", execution_count=3, outputs=[v4.new_output("stream", text="old")])
    cell.metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    notebook = v4.new_notebook(cells=[cell, v4.new_markdown_cell("# A")])
    (folder / "a.ipynb").write_text(nbformat.writes(notebook))
    found = source.read(folder / "a.ipynb")
    assert _cells(found) == [("code", "1"), ("markdown", "# A")]
    assert (found.cells[0].outputs, found.cells[0].execution_count, found.cells[0].metadata) == ([], None, {})


def test_a_notebook_of_an_older_format_becomes_one_of_this(folder: Path) -> None:
    from nbformat import v3

    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=[v3.new_code_cell(input="1 + 1")])])
    (folder / "old.ipynb").write_text(v3.writes_json(old))
    found = source.read(folder / "old.ipynb")
    assert _cells(found) == [("code", "1 + 1")]
    nbformat.validate(found)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.ipynb", None, "No such file or directory"),
        ("a.txt", b"", "its name should end in .ipynb, or in .py for a Python script"),
        ("a.ipynb", b"", "it is not a notebook, which is JSON"),
        ("a.ipynb", b'{"cells": [', "it is not a notebook, which is JSON"),
        ("a.ipynb", b"<<<<<<< HEAD\n{}", "it is not a notebook, which is JSON"),
        ("a.ipynb", b"[]", "it is not a valid notebook"),
        ("a.ipynb", b"3", "it is not a valid notebook"),
        ("a.ipynb", b'{"nbformat": 4}', "it is not a valid notebook"),
        ("a.ipynb", b'{"nbformat": 9, "cells": []}', "it is not a valid notebook"),
        (
            "a.ipynb",
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
            "it is not a valid notebook",
        ),
        ("a.py", b"\xff\xfe", "it is not text in UTF-8"),
    ],
)
def test_what_is_no_notebook_is_refused_in_a_sentence(folder: Path, name: str, content: bytes, reason: str) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(NotebookUnreadable) as caught:
        source.read(folder / name)
    said = str(caught.value)
    assert said.startswith(f"The notebook {folder / name} cannot be read: {reason}")
    assert "\n" not in said
