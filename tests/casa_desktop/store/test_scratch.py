from __future__ import annotations

import os
from pathlib import Path

from casa_desktop.store import scratch


def test_folders_are_removed_that_are_read_only_and_what_links_lead_to_is_not(tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    kept.mkdir()
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").touch()
    (folder / "link").symlink_to(kept)
    (folder / "deep").chmod(0o500)
    folder.chmod(0o500)
    assert scratch.removed(folder)
    (tmp_path / "link").symlink_to(kept)
    assert scratch.removed(tmp_path / "link")
    assert scratch.removed(tmp_path / "never")
    assert os.listdir(tmp_path) == ["kept"]
