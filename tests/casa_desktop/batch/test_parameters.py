from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import pytest
from nbformat import v4

from casa_desktop.batch import parameters
from casa_desktop.errors import CasaDesktopError

PATH = Path("/data/reduce.ipynb")


def _notebook(*cells: tuple[str, Sequence[str]]) -> Any:
    return v4.new_notebook(cells=[v4.new_code_cell(text, metadata={"tags": list(tags)}) for text, tags in cells])


def _sources(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells]


SOURCE = "%matplotlib inline\nvis = 'a.ms'\nrobust: float = 0.5\nfield: str\na = b = 1\nx, y = 1, 2"


def test_the_parameters_are_what_the_cell_with_the_tag_sets() -> None:
    notebook = _notebook(("other = 1", []), (SOURCE, ["parameters"]))
    assert list(parameters.defaults(notebook, PATH)) == ["vis", "robust", "field", "a", "b"]


def test_values_are_set_behind_the_cell_in_place_of_former_ones() -> None:
    notebook = _notebook(("import os", []), (SOURCE, ["parameters"]), ("vis = 0", ["injected-parameters"]), ("vis", []))
    parameters.inject(notebook, PATH, {"vis": 'it\'s "my".ms', "robust": -1.5, "field": None, "a": [True, {"b": 1}]})
    assert _sources(notebook) == [
        "import os",
        SOURCE,
        "# Parameters\nvis = 'it\\'s \"my\".ms'\nrobust = -1.5\nfield = None\na = [True, {'b': 1}]",
        "vis",
    ]
    assert notebook.cells[2].metadata.tags == ["injected-parameters"]


def test_without_values_nothing_is_changed() -> None:
    notebook = _notebook(("vis = 0", ["injected-parameters"]))
    parameters.inject(notebook, PATH, {})
    assert _sources(notebook) == ["vis = 0"]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([("vis = 1", [])], "The notebook /data/reduce.ipynb has no cell with the tag 'parameters', so it takes none."),
        (
            [("vis_1 = 1\nrobust = 2", ["parameters"])],
            "The notebook /data/reduce.ipynb has no parameter 'vis'; it has: vis_1, robust. Did you mean 'vis_1'?",
        ),
        ([("", ["parameters"])], "The notebook /data/reduce.ipynb has no parameter 'vis'; it has none."),
        (
            [("vis = 1", ["parameters"]), ("vis = 2", ["parameters"])],
            "The cell with the tag 'parameters' in /data/reduce.ipynb cannot be used: there are 2 of them; take the "
            "tag from all but one.",
        ),
        (
            [("vis = 'a.ms'\n\nname = vis + '.image'", ["parameters"])],
            "The cell with the tag 'parameters' in /data/reduce.ipynb cannot be used: its line 3 uses vis before the "
            "given value is set; move that line into a cell behind it.",
        ),
        (
            [("vis = 1\ninp tclean", ["parameters"])],
            "The cell with the tag 'parameters' in /data/reduce.ipynb cannot be used: its line 2 is not Python, as "
            "values of parameters must be (invalid syntax).",
        ),
    ],
)
def test_what_would_have_no_effect_is_refused(cells: Any, sentence: str) -> None:
    with pytest.raises(CasaDesktopError) as caught:
        parameters.check(_notebook(*cells), PATH, {"vis"})
    assert str(caught.value).startswith(sentence)


def test_a_line_may_use_other_parameters() -> None:
    notebook = _notebook(("vis = 'a.ms'\nname = vis + '.image'\nrobust = 0", ["parameters"]))
    assert "robust" in parameters.check(notebook, PATH, {"robust", "name"})
