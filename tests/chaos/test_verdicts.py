"""Which errors count as clear."""

from __future__ import annotations

import pytest

from .verdicts import is_clear


@pytest.mark.parametrize(
    "name", ["ToolLost", "ViewerLost", "NoRoom", "StartFailed", "ScreenshotFailed", "RuntimeError"]
)
def test_errors_of_ours_and_of_casa_with_words_are_clear(name: str) -> None:
    assert is_clear(name, "It ended.")
    assert not is_clear(name, " ")


@pytest.mark.parametrize("name", ["_InactiveRpcError", "OSError", "MemoryError", "AttributeError", "BadDrawable", ""])
def test_bare_errors_of_python_and_its_libraries_are_not(name: str) -> None:
    assert not is_clear(name, "It ended.")
