from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, List
from xml.etree import ElementTree

import pytest

from casa_desktop.handwork import convergence
from casa_desktop.handwork.models import Controls, Image, Record, Step
from casa_desktop.handwork.page import page, summary
from casa_desktop.handwork.record import read
from casa_desktop.handwork.sheet import sheet

from ...support.handwork import record

VOID = {"meta", "link", "br", "img"}


class Balanced(HTMLParser):
    """Checks that each element is closed, and notes what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: List[str] = []
        self.links: List[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    parser = Balanced()
    parser.feed(page(record(tmp_path)))
    assert parser.open == []
    assert len(parser.links) == 3
    assert all(link.startswith("data:image/png;base64,") for link in parser.links)


def test_each_cycle_shows_its_numbers_and_what_was_typed(tmp_path: Path) -> None:
    folder = record(tmp_path, "continue no more", "no more")
    steps = folder / "steps.json"
    before, answer, after = steps.read_text().partition('"answer"')
    steps.write_text(before + answer + after.replace('"cycleniter": 50', '"cycleniter": 51', 1))
    shown = re.sub(r"<[^>]*>", " ", page(folder).partition('<div class="cycles">')[2])
    assert shown.count("Cycle ") == 2
    for words in (
        "Mask: 64 pixels.",
        "Mask: 96 pixels.",
        "0.2 Jy/beam",
        "0.5 Jy",
        "50 →  51",
        "0.055114Jy",
        "went on without asking",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("end", "said"),
    [("", "killed"), ("interrupted", "interrupted"), ("stop", "stopped by hand"), ("failed", "an error")],
)
def test_the_page_says_how_the_cleaning_ended(end: str, said: str, tmp_path: Path) -> None:
    assert re.search(rf"3 cycles, [a-z ]*{said} \(casa", page(record(tmp_path, end=end)))


def test_the_page_of_a_replay_says_what_was_replayed_and_no_hand_stopped_it(tmp_path: Path) -> None:
    found = dataclasses.replace(
        read(record(tmp_path)), replayed="/data/drawn.hand", remarks=("It took 3 of 3 answers.",)
    )
    assert "3 cycles, stopped (casa" in summary(found)
    assert summary(found).endswith("Replayed from /data/drawn.hand. It took 3 of 3 answers.")


def test_names_with_html_in_them_are_text(tmp_path: Path) -> None:
    home = tmp_path / "a & b"
    home.mkdir()
    folder = record(home, vis="<script>alert(1)</script>")
    folder = folder.rename(folder.with_name("<b>.hand"))
    assert "<script" not in page(folder)
    assert "<h1>&lt;b&gt;.hand</h1>" in page(folder)


def test_the_sheet_is_an_svg_with_all_cycles(tmp_path: Path) -> None:
    folder = record(tmp_path)
    tree = ElementTree.fromstring(sheet(folder, read(folder)))
    texts = ["".join(node.itertext()) for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text.startswith("Cycle")] == [
        "Cycle 1: continue",
        "Cycle 2: continue",
        "Cycle 3: stop",
    ]
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}image"))) == 3
    height = float(tree.get("height", ""))
    assert all(0 <= float(node.get("y", "0")) <= height for node in tree.iter())


def test_a_record_without_pictures_peaks_and_steps_has_a_page(tmp_path: Path) -> None:
    folder = record(tmp_path)
    steps = folder / "steps.json"
    text = re.sub(r'"(peak|flux)": [0-9.e-]+', r'"\1": null', steps.read_text())
    steps.write_text(re.sub(r'"residual": \{[^}]*\}', '"residual": null', text))
    shown = page(folder)
    assert "CASA did not tell the peak" in shown
    assert shown.count("No picture of the residual was kept") == 3
    assert "0 cycles" in page(record(tmp_path, actions=""))


def _step(cycle: int, image: str, left: int, then: int, peak: Any = 0.1, flux: Any = 0.0) -> Step:
    asked, answered = (Controls(niter, 50, "0.000000Jy", "0.010000Jy") for niter in (left, then))
    return Step(cycle, image, asked, "continue", answered, {}, peak, flux)


def test_iterations_are_counted_across_fields_and_changes_of_niter(tmp_path: Path) -> None:
    asked = ((1, "a", 400, 400), (1, "b", 400, 100), (2, "a", 70, 70), (2, "b", 70, 500), (3, "b", 480, 480))
    steps = tuple(_step(*each) for each in asked)
    images = {name: Image((4, 4, 1, 1), ()) for name in "ab"}
    found = Record("tclean", {}, "", "", {}, images, {}, steps)
    assert [point.iterations for point in convergence.points(found)] == [0, 0, 30, 30, 50]
    assert convergence.plot(found).count("<polyline") == 4


@pytest.mark.parametrize(
    "values",
    [
        [(0.1, 0.0)], [(-0.1, -3.0), (1e-9, 5e3)], [(1.0, None), (0.5, None)], [(None, 1.0), (0.5, 2.0)], [(0.0, 0.0)],
        [(3e4, 1e-12), (2.9e4, 2e-12)], [(0.5, -1.0), (0.4, -2.0)],
    ],
)  # fmt: skip
def test_any_values_have_a_plot_within_its_frame(values: Any, tmp_path: Path) -> None:
    steps = tuple(_step(n, "a", 90 - 10 * n, 90 - 10 * n, peak, flux) for n, (peak, flux) in enumerate(values, 1))
    found = Record("tclean", {}, "", "", {}, {"a": Image((4, 4), ())}, {}, steps)
    content = convergence.plot(found)
    ElementTree.fromstring(f"<svg>{content}</svg>")
    for x, y in re.findall(r'c[x]="([^"]*)" cy="([^"]*)"', content):
        assert 0 < float(x) < convergence.WIDTH
        assert 0 < float(y) < convergence.HEIGHT


def test_of_a_cube_the_page_says_which_planes_have_a_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    shape = (40, 30, 1, 5)
    cube = np.zeros(shape, np.float32)
    cube[5:9, 5:9, 0, 2:4] = 1
    monkeypatch.setattr("tests.support.handwork.SHAPE", shape)
    monkeypatch.setattr("tests.support.handwork.box", lambda *_: cube)
    monkeypatch.setattr("tests.support.handwork.residual", lambda cycle: cube * cycle)
    folder = record(tmp_path)
    assert read(folder).images["first"].shape == shape
    assert "Mask: 32 pixels in 2 of 5 planes. Shown: Frequency 2 (from 0)." in page(folder)
