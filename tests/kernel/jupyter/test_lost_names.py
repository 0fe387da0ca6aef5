"""Names of CASA's that the user has deleted, or taken for variables of his own."""

from __future__ import annotations

import pytest

from ...support.notebook import Notebook


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("del viewer\nviewer('dirty.image')", "viewer is CASA's and has been deleted; %casa_restore viewer brings"),
        ("del ia\nia.open('dirty.image')", "ia is CASA's and has been deleted; %casa_restore ia brings"),
        (
            "def f():\n    return tclean\n\ndel tclean\nf()",
            "tclean is CASA's and has been deleted; %casa_restore tclean",
        ),
        (
            "plotms = 3\nx = len(str(plotms(vis='sim.ms')))",
            "plotms was CASA's and is now a variable of yours (int); %casa_restore plotms brings it back.",
        ),
        (
            "image = 'dirty.image'\nimage()",
            "image was CASA's and is now a variable of yours (str); %casa_restore image",
        ),
    ],
    ids=["deleted", "a tool", "in a function", "replaced", "a class"],
)
def test_a_name_of_casa_s_that_is_gone_can_be_had_back(notebook: Notebook, code: str, advice: str) -> None:
    cell = notebook.run(code)
    assert cell.error is not None
    assert advice in cell.text
    name = advice.split()[0]
    assert notebook.run(f"%casa_restore {name}\nprint(get_ipython().given[{name!r}] is {name})").text.endswith("True\n")


@pytest.mark.parametrize("code", ["nobody_s", "x = 3\nx()", "int('x')", "import os\nos.nosuch('x')"])
def test_other_errors_are_as_ever(notebook: Notebook, code: str) -> None:
    assert "casa_restore" not in notebook.run(code).text


def test_the_magic_takes_several_names_and_refuses_what_is_none_of_casa_s(notebook: Notebook) -> None:
    cell = notebook.run("del imview, go\n%casa_restore imview, go\nprint(callable(imview), callable(go))")
    assert cell.text.endswith("True True\n")
    error = notebook.run("%casa_restore veiwer").error
    assert error is not None
    assert error["evalue"] == "'veiwer' is not one of CASA's names. Did you mean 'viewer'?"
