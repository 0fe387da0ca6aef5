from __future__ import annotations

import os
from pathlib import Path

from casa_desktop.store import scratch


def test_a_folder_for_what_is_being_made_is_gone_afterwards_and_so_is_what_others_left(tmp_path: Path) -> None:
    left = tmp_path / ".casa-reuse-new-left"
    (left / "deep").mkdir(parents=True)
    (left / "deep" / "file").touch()
    (tmp_path / "my.ms").mkdir()
    with scratch.beside(tmp_path) as first:
        assert not left.exists()
        # Another process that works there leaves it alone.
        with scratch.beside(tmp_path) as second:
            assert first.is_dir()
            assert {path.name for path in tmp_path.iterdir()} == {"my.ms", first.name, second.name}
    assert [path.name for path in tmp_path.iterdir()] == ["my.ms"]


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
