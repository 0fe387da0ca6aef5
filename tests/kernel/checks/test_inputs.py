from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from casa_kernel.checks import inputs
from casa_kernel.errors import BadParameter, NoSuchPath, NotWritable, WrongKind


def task(infile: str = "", zoom: int = 1, scale: float = 1.0, wide: bool = False) -> None:
    """A task to check arguments for."""


SIGNATURE = inspect.signature(task)


def test_what_lies_at_a_path_is_told_by_looking_at_files(observation: Path, tmp_path: Path) -> None:
    fits = tmp_path / "x.fits"
    fits.write_bytes(b"SIMPLE  =                    T")
    assert inputs.kind_of(observation / "dirty.image") == inputs.IMAGE
    assert inputs.kind_of(observation / "sim.ms") == inputs.MEASUREMENT_SET
    assert inputs.kind_of(observation / "sim.ms" / "ANTENNA") == "another kind of CASA table"
    assert inputs.kind_of(fits) == inputs.FITS
    assert inputs.kind_of(tmp_path) == "a folder that holds no CASA table"


@pytest.mark.parametrize("value", ["nowhere.image", {"file": "nowhere.image"}, ["nowhere.image"]])
def test_a_path_that_does_not_exist_is_named_in_full(value: Any) -> None:
    with pytest.raises(NoSuchPath, match=r"viewer: infile names /.*nowhere\.image, which does not exist") as caught:
        inputs.check_path("viewer", "infile", value, [inputs.IMAGE])
    assert caught.value.path == Path("nowhere.image").absolute()


def test_another_kind_of_thing_is_refused_with_what_it_is_and_should_be(tmp_path: Path) -> None:
    with pytest.raises(WrongKind, match="a folder that holds no CASA table, but should be a MeasurementSet"):
        inputs.check_path("plotms", "vis", str(tmp_path), [inputs.MEASUREMENT_SET])


def test_nothing_is_written_over_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match="it is a folder"):
        inputs.check_output("plotms", "plotfile", str(tmp_path))


def test_a_misspelt_parameter_is_answered_with_the_right_one() -> None:
    with pytest.raises(BadParameter, match=r"unexpected keyword argument 'zom'\. Did you mean 'zoom'\?"):
        inputs.bind("viewer", SIGNATURE, (), {"zom": 1})


@pytest.mark.parametrize("given", [{"infile": 5}, {"zoom": "2"}, {"zoom": True}, {"wide": 1}, {"scale": "1"}])
def test_an_argument_of_another_type_than_its_default_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match="should be of type"):
        inputs.check_types("viewer", SIGNATURE, given)


def test_an_int_will_do_for_a_float_and_a_path_for_a_string() -> None:
    inputs.check_types("viewer", SIGNATURE, {"scale": 2, "infile": Path("x")})


def test_casa_s_own_check_of_types_becomes_a_sentence() -> None:
    assert inputs.explain_schema("{'xaxis': ['must be of cStr type']}") == "xaxis must be a string."
    several = "{'cell': ['must be of cInt type', 'must be of cStrVec type']}"
    assert inputs.explain_schema(several) == "cell must be an integer or a list of strings."
    one = "the vis parameter must be a path that exists ('no where.ms' does not exist)"
    assert inputs.explain_schema(one) == "vis names no where.ms, which does not exist."
    many = (
        "all elements of the vis vector parameter must be a path that exists "
        '(at least one element of "{}" does not exist)'
    )
    assert inputs.explain_schema(many.format("nowhere.ms")) == "vis names nowhere.ms, which does not exist."
    assert inputs.explain_schema(many.format("['']")) == "vis has to be set."
    assert inputs.explain_schema("the path does not exist") == "the path does not exist."
