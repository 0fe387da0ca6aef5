"""The rows of the table, applied to arguments: what a call reads and writes, and when it simply runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
from casa_kernel.reuse import table
from casa_kernel.reuse.rows import CHANGED, NEW, ROWS, SET, Output, Row

CLEAN: Dict[str, Any] = dict.fromkeys(table.parameters(next(row for row in ROWS if row.task == "tclean")), "")
SMOOTH: Dict[str, Any] = {"imagename": "", "kimage": "", "region": "", "mask": "", "outfile": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a MeasurementSet, its saved flags, two images, and a calibration table."""
    for name in ("my.ms", "my.ms.flagversions", "a", "b", "my.G"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "table.dat").touch()
    return tmp_path.resolve()


def said(task: str, arguments: Dict[str, Any], folder: Path) -> table.Files:
    answer = table.files(task, arguments, str(folder))
    assert isinstance(answer, table.Files)
    return answer


def names(paths: Any, folder: Path) -> set[str]:
    return {str(Path(path).relative_to(folder)) for path in paths}


def test_each_task_has_one_row() -> None:
    tasks = [row.task for row in ROWS]
    assert len(tasks) == len(set(tasks)) >= 40


def test_a_task_that_is_not_in_the_table_simply_runs() -> None:
    answer = table.files("plotms", {"vis": "my.ms"}, "/tmp")
    assert answer == table.SimplyRun("it is not known what plotms reads and writes")


def test_a_task_with_other_parameters_than_the_row_knows_simply_runs() -> None:
    answer = table.files("listobs", {"vis": "my.ms"}, "/tmp")
    assert answer == table.SimplyRun("listobs of this release of CASA has no parameter listfile")


@pytest.mark.parametrize(
    ("row", "run"),
    [pytest.param(row, run, id=f"{row.task}-{run.parameter}") for row in ROWS for run in row.runs],
)
def test_a_call_of_which_too_little_is_known_simply_runs(row: Row, run: Any) -> None:
    others = {other.parameter: None for other in row.runs}
    arguments = {**dict.fromkeys(table.parameters(row)), **others}
    for value in run.values or ("something", ["something"], 1, True):
        assert table.files(row.task, {**arguments, run.parameter: value}, "/tmp") == table.SimplyRun(run.reason)
    assert isinstance(table.files(row.task, arguments, "/tmp"), table.Files)


def test_a_backslash_in_an_argument_makes_the_task_run(folder: Path) -> None:
    answer = table.files("imsmooth", {**SMOOTH, "mask": "\\'a\\'>1"}, str(folder))
    assert isinstance(answer, table.SimplyRun)


@pytest.mark.parametrize("mask", ["a/b", "'a'>1&&'b'>2", "indexin(0,[1:2]) && a-b", ["a", "b"], {"masks": ("a", "b")}])
def test_existing_images_are_found_in_an_expression(mask: Any, folder: Path) -> None:
    assert names(said("imsmooth", {**SMOOTH, "mask": mask}, folder).inputs, folder) >= {"a", "b"}


def test_an_existing_path_is_an_input_whatever_its_parameter_is_called(folder: Path) -> None:
    files = said("imsmooth", {**SMOOTH, "imagename": "a", "unheard_of": [{"x": "my.G"}]}, folder)
    assert names(files.inputs, folder) == {"a", "my.G"}


def test_an_input_that_is_not_there_counts(folder: Path) -> None:
    assert names(said("imsmooth", {**SMOOTH, "imagename": "c"}, folder).inputs, folder) == {"c"}


def test_the_folder_that_images_are_in_is_not_an_input_with_them(folder: Path) -> None:
    (folder / "images").mkdir()
    files = said("tclean", {**CLEAN, "vis": "my.ms", "imagename": "images/x", "mask": "images/x.mask"}, folder)
    assert "images" not in names(files.inputs, folder)
    assert {"my.ms", "images/x.mask", "images/x.model"} <= names(files.inputs, folder)


def test_what_is_changed_in_place_is_input_and_output(folder: Path) -> None:
    files = said("statwt", {"vis": "my.ms/", "flagbackup": True}, folder)
    assert names(files.in_place, folder) == {"my.ms", "my.ms.flagversions"} == names(files.inputs, folder)
    assert files.new == ()


def test_saved_flags_are_made_where_there_are_none(folder: Path) -> None:
    (folder / "my.ms.flagversions" / "table.dat").unlink()
    (folder / "my.ms.flagversions").rmdir()
    files = said("statwt", {"vis": "my.ms", "flagbackup": True}, folder)
    assert names(files.new, folder) == {"my.ms.flagversions"}
    assert names(said("statwt", {"vis": "my.ms", "flagbackup": False}, folder).new, folder) == set()


def test_tables_that_a_calibration_library_names_are_inputs(folder: Path) -> None:
    (folder / "my.callib").write_text("caltable='my.G' calwt=F\n")
    arguments = {"vis": "my.ms", "gaintable": [], "callib": "my.callib", "flagbackup": False, "msselect": ""}
    assert names(said("applycal", arguments, folder).inputs, folder) == {"my.ms", "my.callib", "my.G"}


def test_paths_are_understood_as_casa_understands_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("NAME", "b")
    (folder / "link").symlink_to(folder)
    files = said("imsmooth", {**SMOOTH, "imagename": "~/a", "kimage": "$NAME", "outfile": "link/new"}, folder)
    assert (names(files.inputs, folder), names(files.new, folder)) == ({"a", "b"}, {"new"})


@pytest.mark.parametrize("values", [SET, ("x",)])
def test_an_array_of_numpy_decides_nothing_by_mistake(values: Any, folder: Path) -> None:
    numpy = pytest.importorskip("numpy")
    row = Row("task", (), (Output("{vis}", CHANGED), Output("{out}", NEW, where={"option": values})))
    arguments = {"vis": "my.ms", "out": "new", "option": numpy.array([1, 2])}
    files = table.files_of(row, arguments, str(folder), arguments)
    assert names(files.new, folder) == ({"new"} if values == SET else set())
