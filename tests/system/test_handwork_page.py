"""The page of a recorded cleaning in a real browser."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, List

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, expect

from casa_desktop.handwork.page import page
from casa_desktop.handwork.record import read
from casa_desktop.handwork.sheet import sheet

from ..support.handwork import record


def _pixels(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def _is_orange(pixels: Any) -> Any:
    return (pixels[..., 0] > 200) & (abs(pixels[..., 1] - 140) < 60) & (pixels[..., 2] < 90)


def test_each_cycle_shows_its_residual_in_the_outline_of_its_mask_and_nothing_is_fetched(
    browser: Browser, tmp_path: Path
) -> None:
    folder = record(tmp_path)
    path = tmp_path / "first.html"
    path.write_text(page(folder), encoding="utf-8")
    asked: List[str] = []
    said: List[str] = []
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        view = context.new_page()
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: said.append(message.text))
        view.goto(path.as_uri())
        expect(view.locator(".cycle")).to_have_count(3)
        expect(view.locator("h1")).to_have_text("first.hand")
        expect(view.locator(".plot circle")).to_have_count(6)
        shots = [_pixels(each.screenshot()) for each in view.locator(".cycle > svg").all()]
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert said == []
    for pixels, right in zip(shots, (16, 20, 20)):
        scale = pixels.shape[1] / 40
        rows, columns = np.nonzero(_is_orange(pixels))
        # The mask goes from column 8, and from row 12 to 20 of 30, from below.
        for found, expected in ((columns.min(), 8), (columns.max(), right), (rows.min(), 10), (rows.max(), 18)):
            assert abs(found - expected * scale) < 3
        # The source is white, and the noise around it dark.
        assert pixels[int(13.5 * scale), int(11.5 * scale)].min() > 240
        assert np.median(pixels[:, int(25 * scale) :]) < 100


def test_the_picture_for_notebooks_has_all_of_it_as_an_image(browser: Browser, tmp_path: Path) -> None:
    folder = record(tmp_path)
    data = base64.b64encode(sheet(folder, read(folder)).encode()).decode()
    with browser.new_context(viewport={"width": 900, "height": 700}) as context:
        view = context.new_page()
        # As JupyterLab shows it.
        view.set_content(f'<img src="data:image/svg+xml;base64,{data}">')
        expect(view.locator("img")).to_have_js_property("complete", True)
        pixels = _pixels(view.locator("img").screenshot())
    assert pixels.shape[1] == 576
    # Three outlines beside each other below the plot.
    columns = np.nonzero(_is_orange(pixels[290:430]).any(axis=0))[0]
    assert len(np.split(columns, np.nonzero(np.diff(columns) > 60)[0] + 1)) == 3
