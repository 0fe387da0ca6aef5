from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from casa_desktop import errors
from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime.settings import Settings
from casa_desktop.x11 import screenshots


def test_desktops_of_other_names_are_other_displays(root: Path) -> None:
    one, two = lifecycle.ensure("one"), lifecycle.ensure("two", settings=Settings(geometry="800x600"))
    assert one.display != two.display
    assert [each.name for each in registry.list_desktops()] == ["one", "two"]
    assert Image.open(io.BytesIO(screenshots.screenshot(two))).size == (800, 600)
    lifecycle.stop("one")
    assert [each.name for each in registry.list_desktops()] == ["two"]


def test_who_only_looks_brings_no_root_back(root: Path) -> None:
    lifecycle.ensure()
    lifecycle.stop()
    assert not root.exists()
    assert registry.find() is None
    assert registry.list_desktops() == []
    with pytest.raises(errors.NotRunning):
        registry.running()
    assert not root.exists()
