from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from casa_desktop.errors import HandworkDamaged, HandworkMissing, HandworkNotExportable
from casa_desktop.handwork import script_check
from casa_desktop.handwork.literals import literal
from casa_desktop.handwork.models import Controls, Image, Minor, Step
from casa_desktop.handwork.record import MASKS, Writer, make, read, read_mask
from casa_desktop.handwork.script import script

from ...support.handwork import SHAPE, THRESHOLDS, box, record


def _names(text: str) -> Dict[str, Any]:
    """Return what a script assigns to its names in capitals."""
    lines = (node for node in ast.parse(text).body if isinstance(node, ast.Assign))
    return {node.targets[0].id: ast.literal_eval(node.value) for node in lines if isinstance(node.targets[0], ast.Name)}


def test_the_script_has_the_call_and_what_casa_ordered_with_all_digits(tmp_path: Path) -> None:
    names = _names(script(record(tmp_path)))
    assert names["CALL"]["vis"] == "my.ms"
    # The cycles stand for them.
    assert not {"niter", "cycleniter", "threshold", "interactive", "mask"} & set(names["CALL"])
    assert names["FIELDS"][0][0] == "first"
    assert names["FIELDS"][0][1]["gain"] == 0.1
    niters, thresholds, masks, fields = zip(*names["CYCLES"])
    assert niters == (50, 50)
    assert [float(each[:-2]) for each in thresholds] == list(THRESHOLDS[:2])
    assert masks == ({"first": "0001"}, {"first": "0002"})
    assert fields == (["first"], ["first"])


def test_the_masks_are_in_the_script_which_unpacks_them_without_us(tmp_path: Path) -> None:
    folder = record(tmp_path)
    text = script(folder)
    masks = text[text.index("MASKS = ") : text.index("def new_names")]
    save = "numpy.savez('unpacked', **{key: unpacked(key) for key in MASKS})"
    code = f"import base64, zlib, numpy\n{masks}\n{save}"
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True)
    with np.load(tmp_path / "unpacked.npz") as unpacked:
        assert np.array_equal(unpacked["0001"], box(8, 12, 16, 20))
        assert np.array_equal(unpacked["0002"], box(8, 12, 20, 20))


def test_a_mask_with_other_numbers_than_0_and_1_is_in_the_script_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.handwork.box", lambda *corners: box(*corners) * np.float32(0.25))
    folder = record(tmp_path)
    assert read_mask(folder, "0001").dtype == np.float32
    assert "'<f4'" in script(folder)


def test_cycles_after_no_more_have_the_last_mask_drawn(tmp_path: Path) -> None:
    cycles = _names(script(record(tmp_path, "continue no more", "no more")))["CYCLES"]
    assert [masks for *_, masks, _ in cycles] == [{"first": "0001"}, {"first": "0002"}, {}, {}]


def test_a_mask_that_was_drawn_before_stop_is_left_as_the_last_one(tmp_path: Path) -> None:
    names = _names(script(record(tmp_path, "continue stop")))
    assert (len(names["CYCLES"]), names["LAST_MASKS"]) == (1, {"first": "0002"})


@pytest.mark.parametrize(("end", "said"), [("interrupted", "interrupted"), ("", "killed"), ("failed", "an error")])
def test_the_script_says_of_a_cleaning_that_was_cut_short_that_it_was(end: str, said: str, tmp_path: Path) -> None:
    assert said in str(ast.get_docstring(ast.parse(script(record(tmp_path, end=end)))))
    assert "not finished" not in script(record(tmp_path))


@pytest.mark.parametrize(("deconvolver", "terms"), [("hogbom", None), ("mtmfs", 2)])
def test_only_mtmfs_is_given_its_number_of_terms(deconvolver: str, terms: Any, tmp_path: Path) -> None:
    ((_, settings),) = _names(script(record(tmp_path, deconvolver=deconvolver)))["FIELDS"]
    assert settings.get("nterms") == terms


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"task": "sdintimaging"}, "only what tclean did"),
        ({"task": "deconvolve"}, "only what tclean did"),
        ({"casa": "6.4.4.31"}, "CASA 6.4.4.31, with which it was made, has no task deconvolve"),
        (
            {"casa": "6.5.6.22", "deconvolver": "mtmfs"},
            "the task deconvolve of CASA 6.5.6.22.*knows no deconvolver='mtmfs'",
        ),
        ({"before": ("first.model",)}, "went on with images that were there .first.model."),
        ({"deconvolver": "asp"}, "with deconvolver='asp'"),
        ({"specmode": "mvc", "deconvolver": "mtmfs"}, "with specmode='mvc'"),
        ({"facets": 2}, "with facets=2"),
        ({"gridder": "awproject"}, "with gridder='awproject'"),
        ({"parallel": True}, "with parallel=True"),
        ({"actions": ""}, "it has no step"),
        ({"actions": "no more", "usemask": "auto-multithresh"}, 'after "no more"'),
    ],
)
def test_what_is_not_known_to_give_the_same_pixels_is_refused(changed: Any, reason: str, tmp_path: Path) -> None:
    folder = record(tmp_path, **changed)
    with pytest.raises(HandworkNotExportable, match=reason) as refused:
        script(folder)
    assert f"hand={str(folder)!r}" in str(refused.value)


def test_a_record_without_what_casa_ordered_is_refused(tmp_path: Path) -> None:
    folder = record(tmp_path)
    steps = folder / "steps.json"
    text = steps.read_text()
    start = text.index(' "minors": [')
    steps.write_text(text[:start] + ' "minors": [],\n' + text[text.index(' "end"') :])
    with pytest.raises(HandworkNotExportable, match="what CASA ordered"):
        script(folder)


def test_a_record_that_is_missing_or_damaged_makes_no_script(tmp_path: Path) -> None:
    with pytest.raises(HandworkMissing):
        script(tmp_path)
    folder = record(tmp_path)
    (folder / MASKS).write_bytes((folder / MASKS).read_bytes()[:-40])
    with pytest.raises(HandworkDamaged):
        script(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{'first': '0002'}", "{'first': '0001'}"),
        ("(50, '0.055", "(51, '0.055"),
        ("'0.0551", "'0.0552"),
        ("'0002': ((40, 30", "'0002': ((30, 40"),
    ],
)
def test_a_script_that_says_something_else_than_its_record_is_found_out(old: str, new: str, tmp_path: Path) -> None:
    folder = record(tmp_path)
    text, found = script(folder), read(folder)
    script_check.check(folder, found, text, {"first": "first"})
    assert text.count(old) == 1
    with pytest.raises(HandworkNotExportable, match="does not have the masks"):
        script_check.check(folder, found, text.replace(old, new), {"first": "first"})


def test_names_of_any_kind_are_safe_in_a_script(tmp_path: Path) -> None:
    home = tmp_path / 'a"""b\\n ä'
    home.mkdir()
    text = script(record(home, vis='a"""b\'\\ä\udcff.ms', spw="0\n"))
    assert text.isascii()
    assert _names(text)["CALL"]["vis"] == 'a"""b\'\\ä\udcff.ms'


def _two_fields(home: Path) -> Path:
    """Write a record of two fields, of which the first is stopped after one cycle."""
    text = "imagename=maps/out\ndeconvolver=mtmfs\nnterms=3\n"
    found = read(record(home, imagename="maps/first", outlierfile="out.txt"))
    images = {name: Image(SHAPE, ()) for name in ("first", "out")}
    whole = replace(found, images=images, folder=str(home), files={"outlierfile": text}, steps=(), minors=())
    (home / "maps").mkdir()
    writer = Writer(make(home / "maps" / "first"), whole)
    controls = Controls(400, 50, "0.000000Jy", "0.010000Jy")
    answers = ((1, "first", "continue"), (1, "out", "continue"), (2, "first", "stop"), (2, "out", "no more"))
    for cycle, image, action in answers:
        mask = box(8, 12, 16 + cycle, 20) if image == "out" else box(2, 2, 5, 5)
        writer.add(Step(cycle, image, controls, action, controls, {}), {f"{image}.mask": mask})
        if image == "out":
            writer.add_minor(Minor(cycle, 50, THRESHOLDS[cycle], 0.1))
    return writer.folder


def test_each_outlier_field_has_its_own_masks_and_settings_and_is_cleaned_until_it_is_stopped(tmp_path: Path) -> None:
    names = _names(script(_two_fields(tmp_path)))
    assert [name for name, _ in names["FIELDS"]] == ["maps/first", "maps/out"]
    settings = dict(names["FIELDS"])
    assert (settings["maps/first"]["deconvolver"], settings["maps/out"]["deconvolver"]) == ("hogbom", "mtmfs")
    assert settings["maps/out"]["nterms"] == 3
    masks, fields = ([each[index] for each in names["CYCLES"]] for index in (2, 3))
    assert masks == [{"maps/first": "0001", "maps/out": "0002"}, {"maps/out": "0003"}]
    assert fields == [["maps/first", "maps/out"], ["maps/out"]]
    assert "imagename=maps/out" in names["OUTLIERS"]


def test_an_argument_is_written_as_python_or_not_at_all() -> None:
    assert literal({"scales": np.array([0, 4]), "robust": np.float64(0.5)}) == "{'scales': [0, 4], 'robust': 0.5}"
    for value in (float("nan"), [float("inf")], np.array([np.nan]), object()):
        with pytest.raises(ValueError, match="Python has no expression for "):
            literal(value)
