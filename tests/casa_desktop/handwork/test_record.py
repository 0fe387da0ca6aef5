from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest

from casa_desktop.errors import HandworkDamaged, HandworkMissing, HandworkOfOtherFormat, NotKept
from casa_desktop.handwork.models import Controls, Image, Minor, Record, Step
from casa_desktop.handwork.preview import preview
from casa_desktop.handwork.record import MASKS, STEPS, Writer, make, read, read_mask, read_preview, size

SHAPE = (7, 5, 1, 3)
RECORD = Record(
    "tclean",
    {"vis": "my.ms", "imagename": "first", "imsize": [7, 5], "scales": (0, 4), "robust": 0.5, "mask": "näme\udcff"},
    "2028-11-29T12:00:00+01:00",
    "/data",
    {"casatools": "6.7.0.31"},
    {"first": Image(SHAPE, ("Right Ascension", "Declination", "Stokes", "Frequency"))},
    {"/data/my.ms": "ab" * 32},
)
QUESTION, ANSWER = Controls(100, 20, "0.000000Jy", "0.010000Jy"), Controls(90, 10, "1mJy", "0.010000Jy")
STEP = Step(1, "first", QUESTION, "continue", ANSWER, {}, 0.25, None)


def _mask(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 2, SHAPE).astype(np.float32)


def _fill(folder: Path) -> Writer:
    folder.mkdir(exist_ok=True)
    writer = Writer(folder, RECORD)
    for number, seed in enumerate((1, 2, 2)):
        writer.add(dataclasses.replace(STEP, cycle=number + 1), {"first.mask": _mask(seed)})
    return writer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "first.hand"
    _fill(folder).finish("stop")
    return folder


def test_a_record_of_a_replay_tells_what_it_replayed_and_what_was_said(tmp_path: Path) -> None:
    writer = Writer(tmp_path, dataclasses.replace(RECORD, replayed="/data/drawn.hand"))
    writer.finish("stop", ["It took 4 of 4 answers."])
    found = read(tmp_path)
    assert (found.replayed, found.remarks) == ("/data/drawn.hand", ("It took 4 of 4 answers.",))


def test_a_record_is_read_as_it_was_written(folder: Path) -> None:
    record = read(folder)
    keys = ["0001", "0002", "0002"]
    steps = tuple(dataclasses.replace(STEP, cycle=n + 1, masks={"first.mask": k}) for n, k in enumerate(keys))
    assert record == dataclasses.replace(RECORD, steps=steps, end="stop")
    assert record.cycles == 3
    for step, seed in zip(record.steps, (1, 2, 2)):
        assert np.array_equal(read_mask(folder, step.masks["first.mask"]), _mask(seed))
    assert size(folder) == sum(path.stat().st_size for path in folder.iterdir())


def test_minor_cycles_and_pictures_of_residuals_are_kept_too(tmp_path: Path) -> None:
    writer = Writer(make(tmp_path / "first"), RECORD)
    pictures = [preview(_mask(seed) - 0.5, _mask(seed)) for seed in (1, 2)]
    minors = (Minor(1, 20, 0.09191863983869553, 0.1), Minor(2, 20, 1e-6 / 3, 0.1, 3.0))
    # The second step has the mask of the first, and a picture of its own.
    for cycle, (picture, minor) in enumerate(zip(pictures, minors), 1):
        writer.add(dataclasses.replace(STEP, cycle=cycle), {"first.mask": _mask(1)}, picture)
        writer.add_minor(minor)
    record = read(writer.folder)
    assert record == writer.record
    assert record.minors == minors
    for step, picture in zip(record.steps, pictures):
        assert step.residual is not None
        kept = read_preview(writer.folder, step.residual)
        assert np.array_equal(kept.pixels, picture.pixels)
        assert (kept.plane, kept.low, kept.high) == (picture.plane, picture.low, picture.high)


def test_a_mask_in_the_place_of_a_picture_is_damage(tmp_path: Path) -> None:
    writer = Writer(make(tmp_path / "first"), RECORD)
    writer.add(STEP, {"first.mask": _mask(1) / 2}, preview(_mask(1), _mask(1)))
    (step,) = read(writer.folder).steps
    assert step.residual is not None
    wrong = dataclasses.replace(step.residual, key=step.masks["first.mask"])
    with pytest.raises(HandworkDamaged, match=f"{wrong.key} is no picture"):
        read_preview(writer.folder, wrong)


def test_a_record_without_minor_cycles_and_pictures_is_read(folder: Path) -> None:
    def without(value: Any) -> None:
        del value["minors"]
        for step in value["steps"]:
            del step["residual"]

    before = read(folder)
    _change(folder, without)
    assert read(folder) == before


def test_the_files_are_json_and_what_numpy_reads(folder: Path) -> None:
    value = json.loads((folder / STEPS).read_text())
    assert value["format"] == 1
    assert value["steps"][0]["answer"] == {"action": "continue", **vars(ANSWER)}
    with np.load(folder / MASKS, allow_pickle=False) as masks:
        assert sorted(masks.files) == ["0001", "0001.shape", "0002", "0002.shape"]
        bits = np.unpackbits(masks["0002"])[: np.prod(SHAPE)].reshape(masks["0002.shape"], order="F")
    assert np.array_equal(bits, _mask(2))


@pytest.mark.parametrize("pixels", [_mask(1) * np.float32(0.3), 2 * _mask(1).astype(np.uint8)], ids=["0.3", "2"])
def test_a_mask_that_has_other_pixels_than_0_and_1_keeps_them(pixels: Any, tmp_path: Path) -> None:
    writer = Writer(make(tmp_path / "first"), RECORD)
    # A mask of bits in between is another one.
    for cycle, mask in enumerate((pixels, pixels != 0, pixels), 1):
        writer.add(dataclasses.replace(STEP, cycle=cycle), {"first.mask": mask})
    for step, mask in zip(read(writer.folder).steps, (pixels, pixels != 0, pixels)):
        read_back = read_mask(writer.folder, step.masks["first.mask"])
        assert read_back.dtype == (np.uint8 if mask.dtype == bool else mask.dtype)
        assert np.array_equal(read_back, mask)


def test_a_mask_of_16_million_pixels_takes_little_room(tmp_path: Path) -> None:
    pixels = np.zeros((4096, 4096, 1, 1), np.float32)
    pixels[1000:1100, 2000:2300] = 1
    image = {"first": Image(pixels.shape, ())}
    writer = Writer(make(tmp_path / "first"), dataclasses.replace(RECORD, images=image))
    writer.add(STEP, {"first.mask": pixels})
    assert size(writer.folder) < 10_000
    assert np.array_equal(read_mask(writer.folder, "0001"), pixels)


def test_what_was_written_before_a_kernel_was_killed_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "first.hand"
    writer = _fill(folder)
    # It was writing the fourth step.
    for name in (STEPS, MASKS):
        (folder / f"{name}.part").write_bytes(b"half")
    record = read(folder)
    assert (record.cycles, record.end) == (3, "")
    writer.add(STEP, {"first.mask": _mask(4)})
    assert sorted(path.name for path in folder.iterdir()) == [MASKS, STEPS]
    assert np.array_equal(read_mask(folder, read(folder).steps[3].masks["first.mask"]), _mask(4))


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    names = [make(tmp_path / "first.image").name for _ in range(3)]
    assert names == ["first.image.hand", "first.image.2.hand", "first.image.3.hand"]


def test_an_error_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "first.hand"
    writer = _fill(folder)
    before = read(folder)
    writer.record = dataclasses.replace(writer.record, arguments={"vis": object()})
    with pytest.raises(NotKept):
        writer.add(STEP, {"first.mask": _mask(9)})
    assert read(folder) == before
    os.rename(folder, tmp_path / "gone")
    with pytest.raises(OSError, match=MASKS):
        writer.add(STEP, {"first.mask": _mask(10)})


def test_a_record_whose_first_step_could_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    writer = Writer(make(tmp_path / "first"), dataclasses.replace(RECORD, arguments={"vis": object()}))
    with pytest.raises(NotKept):
        writer.add(STEP, {"first.mask": _mask(1)})
    assert [each.name for each in writer.folder.iterdir()] == [MASKS]
    assert not writer.is_there
    writer.discard()
    assert not writer.folder.exists()
    # Another process has removed it.
    writer.discard()


def test_where_there_is_none_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "gone", tmp_path / "file"):
        with pytest.raises(HandworkMissing, match="An interactive call of tclean"):
            read(path)


def test_a_record_of_another_format_is_not_guessed_at(folder: Path) -> None:
    _change(folder, lambda value: value.update(format=2))
    with pytest.raises(HandworkOfOtherFormat, match="the format 2, and this release of casa-desktop reads format 1"):
        read(folder)


def _change(folder: Path, how: Any) -> None:
    value: Dict[str, Any] = json.loads((folder / STEPS).read_text())
    how(value)
    (folder / STEPS).write_text(json.dumps(value))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (lambda value: value.pop("format"), "has no format"),
        (lambda value: value.pop("task"), "'task' is missing"),
        (lambda value: value.update(task=1), "1 is no str"),
        (lambda value: value.update(arguments={"a": {"what": 1}}), "is not the value of a task"),
        (lambda value: value.update(end="later"), "'later' is none of"),
        (lambda value: value.update(images={}), "has no shape of first"),
        (lambda value: value["images"]["first"].update(shape=[7, 5, 1, 4]), "has the shape"),
        (lambda value: value["images"]["first"].update(shape=7), "7 is no list"),
        (lambda value: value["steps"][1]["question"].pop("niter"), "'niter' is missing"),
        (lambda value: value["steps"][1]["answer"].update(niter=True), "True is no int"),
        (lambda value: value["steps"][1]["answer"].update(action="go"), "'go' is none of"),
        (lambda value: value["steps"][1].update(peak="high"), "'high' is no float"),
        (lambda value: value["steps"][1].update(peak=10**400), "too large"),
        (lambda value: value["steps"][1].update(flux=float("inf")), "inf is too large"),
        (lambda value: value["steps"][1].update(residual={}), "'plane' is missing"),
        (lambda value: value.update(minors=[{}]), "'cycle' is missing"),
        (lambda value: value["steps"][1]["masks"].update({"first.mask": "0007"}), "0007"),
    ],
)
def test_steps_that_are_wrong_are_said_to_be(how: Any, reason: str, folder: Path) -> None:
    _change(folder, how)
    with pytest.raises(HandworkDamaged, match=reason):
        read(folder)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[]", b"[" * 100_000])
def test_steps_that_are_no_json_are_said_to_be_damaged(text: bytes, folder: Path) -> None:
    (folder / STEPS).write_bytes(text)
    with pytest.raises(HandworkDamaged, match=STEPS):
        read(folder)


def test_masks_of_which_one_byte_has_changed_are_damaged_or_the_same(folder: Path) -> None:
    content = (folder / MASKS).read_bytes()
    refused = 0
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 4
        (folder / MASKS).write_bytes(damaged)
        try:
            read(folder)
        except HandworkDamaged:
            refused += 1
        else:
            assert [np.array_equal(read_mask(folder, f"000{n}"), _mask(n)) for n in (1, 2)] == [True, True]
    assert refused > len(content) / 7 / 3


@pytest.mark.parametrize("length", [0, 10, -30])
def test_masks_that_are_cut_short_are_damaged(length: int, folder: Path) -> None:
    content = (folder / MASKS).read_bytes()
    (folder / MASKS).write_bytes(content[:length])
    with pytest.raises(HandworkDamaged, match=MASKS):
        read(folder)
