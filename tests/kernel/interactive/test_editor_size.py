"""How the image of a mask editor gets the unused room; the whole of it is seen in test_viewer_preferences.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, List

import pytest
from casa_kernel.interactive import editor_size

HEIGHT = 745


@pytest.mark.parametrize(
    ("rows", "heights"),
    [
        ([235, 201, 185, 177, 175, 175, 175], 6),
        # As seen once in fifty times on a busy machine: a new height and the one after it had no effect.
        ([235, 201, 201, 185, 177, 175, 175, 175], 7),
        ([235, 235, 201, 185, 177, 175, 175, 175], 7),
        # The first two drags had none.
        ([315, 315, 235, 201, 185, 177, 175, 175, 175], 8),
        # There is no separator any longer.
        ([235, 201, None], 3),
    ],
)
def test_a_height_without_effect_is_no_sign_that_the_image_has_all_the_room(
    monkeypatch: pytest.MonkeyPatch, rows: List[Any], heights: int
) -> None:
    given: List[int] = []
    left = iter(rows)
    monkeypatch.setattr(editor_size, "drag", lambda *_: None)
    monkeypatch.setattr(editor_size, "resize", lambda _desktop, _window, height: given.append(height))
    monkeypatch.setattr(editor_size, "separator", lambda *_: next(left))
    window = SimpleNamespace(get_geometry=lambda: SimpleNamespace(height=HEIGHT))
    editor_size._make_room(SimpleNamespace(settle=lambda _: None), window, b"", 315)  # type: ignore[arg-type]
    assert given == [HEIGHT - 12, HEIGHT] * heights
