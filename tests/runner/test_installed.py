"""What has changed below a folder."""

from __future__ import annotations

import os
from pathlib import Path

from . import installed


def test_files_that_are_new_gone_or_changed_are_named_but_for_compiled_ones_and_certificates(tmp_path: Path) -> None:
    for name in ("same", "changed", "touched", "gone", "part/one"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    before = installed.census(tmp_path)
    assert installed.differences(before, installed.census(tmp_path)) == []
    (tmp_path / "changed").write_text("xx")
    os.utime(tmp_path / "touched", ns=(1, 1))
    (tmp_path / "gone").unlink()
    (tmp_path / "part" / "new").touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "one.pyc").touch()
    # The machine itself may do this at any time.
    (tmp_path / "cacert.pem").touch()
    assert installed.differences(before, installed.census(tmp_path)) == [
        "new: part/new",
        "gone: gone",
        "changed: changed",
        "changed: touched",
    ]
