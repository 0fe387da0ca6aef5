"""Headers of FITS files, as casacore 6.7.0 writes them."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from casa_desktop.history import blocks, fits

HEAD = "2026-11-29T11:58:39 INFO SRCCODE='::immath'"
LINES = [
    "CASA START LOGTABLE",
    HEAD,
    "version: 6.7.0-31 CASAtools:v1.0.0",
    HEAD,
    # One text in three cards: the first ends at column 80, and the second with a blank there.
    "immath(imagename=['im.image', 'im.residual'], mode=\"evalexpr\", outfile=\"",
    '>m.image", expr="IM0-IM1", varnames=[\'IM0\', \'IM1\'], sigma="0.0mJy/be",  ',
    '>polithresh="")',
    "CASA END LOGTABLE",
    "AIPS WTSCAL = 1.0",
]


def file(folder: Path, cards: List[str]) -> str:
    """Write a FITS file without data."""
    text = "".join(card.ljust(80) for card in ["SIMPLE  =                    T", *cards, "END"])
    path = folder / "m.fits"
    path.write_bytes(text.ljust(-(-len(text) // 2880) * 2880).encode("ascii"))
    return str(path)


def test_a_header_tells_of_calls_and_of_its_writing(tmp_path: Path) -> None:
    assert [len(line) for line in LINES[4:6]] == [72, 72]
    cards = [
        "DATE    = '2026-11-29T11:58:38.670603' /Date FITS file was written",
        "ORIGIN  = 'CASA 6.7.0-31 CASAtools:v1.0.0'",
    ]
    written = fits.read(file(tmp_path, [*cards, *(f"HISTORY {line}" for line in LINES)]))
    assert written.problem == ""
    assert written.keywords == {"DATE": "2026-11-29T11:58:38.670603", "ORIGIN": "CASA 6.7.0-31 CASAtools:v1.0.0"}
    assert [row.message for row in written.rows][1:] == [f"{''.join(LINES[4:7]).replace('>', '')}", LINES[-1]]
    assert [row.time for row in written.rows] == [1795953519.0, 1795953519.0, 0.0]


def test_the_calls_in_a_header_are_read_back(tmp_path: Path) -> None:
    lines = [*LINES[:4], 'immath(outfile="m.image")', *LINES[7:]]
    written = fits.read(file(tmp_path, [f"HISTORY {line}" for line in lines]))
    ((call,), (remark,)) = blocks.calls(written.rows, "")
    assert (call.task, call.ended, call.arguments) == ("immath", 1795953519.0, {"outfile": "m.image"})
    assert remark.message == "AIPS WTSCAL = 1.0"


@pytest.mark.parametrize("content", [b"SIMPLE  =", b"SIMPLE  =".ljust(2880), b""])
def test_a_header_that_is_cut_off_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.fits"
    path.write_bytes(content)
    assert fits.read(str(path)).problem == "its header has no end"
    assert fits.is_fits(str(path)) is bool(content)
    assert not fits.is_fits(str(tmp_path))
