"""inp, default, go, tget and tput, as users type them."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Dict, List

import pytest

from ...support.notebook import Cell, Notebook


def shown(cell: Cell) -> str:
    """The text of the one table that a cell displays."""
    assert cell.error is None, cell.error
    (data,) = cell.displayed
    return str(data["text/plain"])


def line(text: str, name: str) -> str:
    """The line of a parameter."""
    return next(each for each in text.splitlines() if each.split("=")[0].strip() == name)


@pytest.fixture(autouse=True)
def _folder_of_one_s_own(notebook: Notebook, tmp_path: Path) -> None:
    """Files of inputs are written into the folder where the kernel works."""
    cell = notebook.run(f"import os; home = globals().get('home', os.getcwd()); os.chdir({str(tmp_path)!r})")
    assert cell.error is None


def test_what_is_saved_of_paths_and_numpy_s_numbers_is_read_again(notebook: Notebook) -> None:
    notebook.run(
        "import pathlib, numpy\ndefault(imstat)\nimagename, axes = pathlib.Path('dirty.image'), (numpy.int64(0), 1)\n"
        "tput(imstat)\ndel imagename, axes"
    )
    cell = notebook.run("tget(imstat)\nprint(repr(imagename), axes)\ndefault(imstat)")
    assert (cell.error, cell.text.split("\n")[-2]) == (None, "'dirty.image' [0, 1]")


def test_inputs_are_set_as_variables_and_shown_and_run_without_parentheses(notebook: Notebook) -> None:
    cell = notebook.run("default(imhead)\nimagename = f'{home}/dirty.image'\nmode = 'get'\nhdkey = 'bunit'\ninp")
    assert "hdkey" in shown(cell)
    assert "dirty.image" in line(shown(cell), "imagename")
    assert notebook.run("go").of("execute_result")[0]["data"]["text/plain"] == "'Jy/beam'"


def test_sub_parameters_are_shown_only_with_the_value_they_belong_to(notebook: Notebook) -> None:
    assert "   robust " not in shown(notebook.run("default('tclean')\ninp"))
    table = shown(notebook.run("weighting = 'briggs'\ninp tclean"))
    assert "   robust " in table
    assert "0.5" in line(table, "robust")


def test_a_wrong_value_is_red_and_says_why(notebook: Notebook) -> None:
    cell = notebook.run("default tclean\nniter = 'many'\nvis = 'nowhere.ms'\ninp()")
    assert "WRONG" in line(shown(cell), "niter")
    assert "nowhere.ms" in line(shown(cell), "vis").split("WRONG")[1]
    assert "imagename has to be set." in line(shown(notebook.run("default imstat\ninp")), "imagename")
    html = cell.displayed[0]["text/html"]
    assert 'font-weight:bold">&#x27;many&#x27;</td>' in html


def test_default_forgets_what_was_set_and_keeps_the_tools(notebook: Notebook) -> None:
    notebook.run("import casatools\ndefault simalma\nproject = 'mine'\nimage = False")
    after = notebook.run("default(simalma)\nprint('project' in globals(), image is casatools.image)")
    assert after.text == "False True\n"


def test_saved_inputs_come_back(notebook: Notebook, tmp_path: Path) -> None:
    said = notebook.run(
        "default(imstat)\nimagename = f'{home}/dirty.image'\nchans = '0~1'\nsaveinputs 'imstat', 'mine.saved'"
    )
    assert str(tmp_path / "mine.saved") in said.text
    assert (tmp_path / "mine.saved").read_text().splitlines()[-1].startswith("#imstat( imagename=")
    back = notebook.run("default imstat\ntget(imstat, 'mine.saved')\nprint(chans)")
    assert back.text.endswith("0~1\n")


def test_what_went_can_be_got_again(notebook: Notebook, tmp_path: Path) -> None:
    notebook.run("default(imstat)\nimagename = f'{home}/dirty.image'\nresult = go()")
    assert (tmp_path / "imstat.last").is_file()
    again = notebook.run("default(imstat)\ntget imstat\nprint(go(imstat)['max'] == result['max'])")
    assert "True" in again.text.splitlines()[-1]


def test_a_file_of_inputs_is_not_executed(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "imstat.last").write_text("axes = open('made', 'w')\n")
    error = notebook.run("tget imstat").error
    assert error is not None
    assert "line 1 of" in error["evalue"]
    assert not (tmp_path / "made").exists()


def test_a_file_that_cannot_be_written_is_named(notebook: Notebook, tmp_path: Path) -> None:
    error = notebook.run("tput imstat, 'no/such/folder.last'").error
    assert error is not None
    assert error["evalue"] == f"tput: {tmp_path}/no/such/folder.last cannot be written: No such file or directory."
    assert notebook.run("os.chdir('/proc')\ndefault(imstat)\nimagename = f'{home}/dirty.image'\nr = go()").error is None


def test_a_long_value_is_cut(notebook: Notebook) -> None:
    table = shown(notebook.run("default imregrid\naxes = list(range(1000))\ninp"))
    assert line(table, "axes").split(" # ")[0].endswith(" …")


def test_a_misspelt_task_is_answered_with_the_right_one(notebook: Notebook) -> None:
    error = notebook.run("inp('tclaen')").error
    assert error is not None
    assert error["evalue"] == "tclaen is not a CASA task. Did you mean 'tclean'?"
    error = notebook.run("inp(5)").error
    assert error is not None
    assert error["evalue"] == "5 is not a CASA task."


def test_a_task_that_draws_draws_into_the_cell_when_it_goes(notebook: Notebook) -> None:
    table = notebook.run("default(viewer)\ninfile = f'{home}/dirty.image'\ninp")
    assert "path of the image" in line(shown(table), "infile")
    assert "image/png" in notebook.run("go").displayed[-1]


def test_names_that_the_user_took_are_the_user_s(notebook: Notebook) -> None:
    cell = notebook.run("go = 5\ntext = '''\ninp tclean\n'''\nprint(go, text)\ngo")
    notebook.run("go = inp.__self__.go")
    assert cell.error is None
    assert cell.text == "5 \ninp tclean\n\n"


@pytest.mark.parametrize(
    ("code", "called"),
    [
        ("imagename = f'{home}/dirty.image'; inp imstat", ["imstat"]),
        ("inp imstat; inp imhead;", ["imstat", "imhead"]),
        ("if True: inp imstat", ["imstat"]),
        ("for each in (1, 2): x = {1: 2}; inp imstat", ["imstat", "imstat"]),
        ("if True:\n    x = 1; inp imstat  # look\nelse: inp imhead", ["imstat"]),
        ("x = [1,\n     2]; inp 'imstat'", ["imstat"]),
        ("x = '; inp imstat'; print(x[0:1])", []),
        ("f = lambda: inp; x = {'a': inp}", []),
    ],
)
def test_a_command_may_share_its_line_with_other_statements(notebook: Notebook, code: str, called: List[str]) -> None:
    cell = notebook.run(code)
    assert cell.error is None, cell.error
    assert [data["text/plain"].split()[1] for data in cell.displayed] == called


def test_msview_goes_into_the_cell_unless_told_otherwise(notebook: Notebook) -> None:
    code = "print(inp.__self__.inputs('msview').arguments({}), inp.__self__.inputs('simalma').values({})['mapsize'])"
    assert notebook.run(code).text == "{} ['', '']\n"


def test_every_task_shows_its_inputs(notebook: Notebook) -> None:
    code = (
        "habits = inp.__self__\n"
        "for each in habits.tasks:\n"
        "    inputs = habits.inputs(each)\n"
        "    assert [row.name for row in inputs.rows({})] or not inputs.names, each\n"
        "    inputs.arguments({})\n"
        "print(len(habits.tasks))"
    )
    cell = notebook.run(code)
    assert cell.error is None, cell.error
    assert int(cell.text.split()[-1]) > 100


def test_tasks_take_the_notebook_s_variables_only_when_asked_to(notebook: Notebook, tmp_path: Path) -> None:
    off = notebook.run("default(imhead)\nimagename = f'{home}/dirty.image'\nmode = 'get'\nhdkey = 'bunit'\nimhead()")
    assert off.error is not None
    said = notebook.run("%casa_globals on")
    assert "take the notebook's variables" in said.text
    on = notebook.run("imhead()")
    assert on.of("execute_result")[0]["data"]["text/plain"] == "'Jy/beam'"
    given = notebook.run("imhead(imagename, mode='get', hdkey='object')\nprint(open('imhead.last').read())")
    assert "hdkey       = 'object'" in given.text
    notebook.run("%casa_globals off")
    assert notebook.run("imhead()").error is not None


def test_the_magic_about_variables_knows_two_words(notebook: Notebook) -> None:
    error = notebook.run("%casa_globals maybe").error
    assert error is not None
    assert error["evalue"] == "'maybe' is not one of on, off."


def test_versions_of_casa_its_parts_and_its_data_are_shown(notebook: Notebook) -> None:
    text = shown(notebook.run("%casa_version"))
    assert ["casatools", metadata.version("casatools")] in [each.split() for each in text.splitlines()]
    assert "Earth orientation measured until 20" in text
    assert "<table" in notebook.run("%casa_version").displayed[0]["text/html"]


def test_the_names_of_casashell_are_there(notebook: Notebook) -> None:
    code = (
        "import casashell, pathlib, re\n"
        "source = (pathlib.Path(casashell.__file__).parent / 'private' / 'load_tools.py').read_text()\n"
        "wanted = re.findall(r'^(\\w+) = ', source, re.M) + re.findall(r' as (\\w+)$', source, re.M)\n"
        "print(len(wanted), [name for name in wanted if name not in globals()])"
    )
    cell = notebook.run(code)
    count, _, missing = cell.text.partition(" ")
    assert int(count) > 40
    assert missing == "[]\n"


def test_what_stands_behind_a_command_is_completed_to_a_task(notebook: Notebook) -> None:
    matches = notebook.client.complete("tget tcl", reply=True, timeout=60)["content"]["matches"]
    assert matches == ["tclean"]


def test_without_casashell_the_inputs_are_those_of_a_call(tmp_path: Path, kernel_environment: Dict[str, str]) -> None:
    # A module of this name that is none hides the wheel.
    (tmp_path / "casashell.py").write_text("raise ImportError('not installed')\n")
    with Notebook(
        tmp_path, {**kernel_environment, "PYTHONPATH": f"{tmp_path}:{kernel_environment.get('PYTHONPATH', '')}"}
    ) as bare:
        table = shown(bare.run("default imstat\nchans = '0~1'\ninp"))
        assert line(table, "chans").split("#")[0].split("=")[1].strip() == "'0~1'"
        assert line(table, "algorithm")
        error = bare.run("go").error
    assert error is not None
    assert error["ename"] == "AssertionError"
