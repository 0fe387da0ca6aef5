"""casaviewer's preferences of the kernel's own, which leave the user's alone."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from casa_kernel import preferences

from .notebook import Notebook


def test_each_viewer_s_option_for_them_is_given(tmp_path: Path) -> None:
    assert preferences.arguments(tmp_path) == [f"--cachedir={tmp_path}", f"--rcdir={tmp_path}"]


def test_what_was_there_is_written_over(tmp_path: Path) -> None:
    preferences.write(tmp_path, {"viewer.dpg.visible.regions": "false"})
    preferences.write(tmp_path, {"viewer.dpg.dimensions": "560 690"})
    assert (tmp_path / "viewer" / "rc").read_text() == "viewer.dpg.dimensions: 560 690\n"


def test_the_user_s_own_preferences_are_left_alone(notebook: Notebook, environment: Dict[str, str]) -> None:
    own = Path(environment["HOME"], ".casa", "viewer", "rc")
    assert notebook.run("viewer('dirty.image')").error is None
    assert not own.exists()
