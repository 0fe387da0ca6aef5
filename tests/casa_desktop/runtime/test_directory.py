from __future__ import annotations

import os
from pathlib import Path

import pytest

from casa_desktop.errors import InvalidName, RuntimeDirectoryError
from casa_desktop.runtime import directory, removal
from casa_desktop.runtime.record import Record, read_record


@pytest.mark.parametrize("name", ["main", "A", "m31-2", "x" * 32, "0_1"])
def test_a_plain_word_is_a_name(name: str) -> None:
    assert directory.checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "-a", "_a", "a b", "é", "x" * 33, "api", "static", "a\n", "a\0", None, 7]
)
def test_what_could_leave_the_folder_or_the_url_is_no_name(name: object) -> None:
    with pytest.raises(InvalidName):
        directory.checked_name(name)  # type: ignore[arg-type]


def test_the_root_is_made_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / "new"))
    assert directory.runtime_root().stat().st_mode & 0o777 == 0o700


def test_what_is_missing_above_the_root_is_the_user_s_alone_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / "a" / "b" / "new"))
    former = os.umask(0)
    try:
        root = directory.runtime_root()
    finally:
        os.umask(former)
    assert [each.stat().st_mode & 0o777 for each in (root, root.parent, root.parent.parent)] == [0o700] * 3
    assert directory.runtime_root() == root


def test_a_root_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(RuntimeDirectoryError, match="chmod 700"):
        directory.runtime_root()


def test_a_root_that_is_a_link_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "link").symlink_to(root)
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(root / "link"))
    with pytest.raises(RuntimeDirectoryError, match="not a folder of yours"):
        directory.runtime_root()


def test_the_session_s_own_directory_comes_before_tmp(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASA_DESKTOP_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(root))
    assert directory.runtime_root() == root / "casa-desktop"


def test_a_session_s_directory_that_is_too_long_for_sockets_is_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CASA_DESKTOP_RUNTIME_DIR")
    long = root / ("x" * 60)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert directory.configured_root() == Path(f"/tmp/casa-desktop-{os.getuid()}")
    # With the longest name that a desktop may have.
    short = root / "y"
    short.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    assert directory.places("n" * 32).folder.parent == short / "casa-desktop"


def test_a_path_too_long_for_a_socket_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / ("x" * 90)))
    with pytest.raises(RuntimeDirectoryError, match="CASA_DESKTOP_RUNTIME_DIR to a shorter one"):
        directory.places("main")


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    record = Record("main", ":7", "/a", "/b", 1, 2, 3.5, "0.1")
    record.write(tmp_path / "record.json")
    assert read_record(tmp_path / "record.json") == record


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": "main"}', '{"name": "main", "more": 1}', "null"])
def test_a_record_that_makes_no_sense_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    assert read_record(path) is None


def test_the_root_goes_with_its_last_desktop_and_not_before(root: Path) -> None:
    (root / "main").mkdir()
    removal.remove_root_if_empty()
    assert root.exists()
    removal.clear(root / "main")
    removal.remove_root_if_empty()
    assert not os.path.lexists(root)


def test_what_a_kernel_in_a_container_makes_lies_where_its_launcher_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / "run"))
    assert directory.private_root() == tmp_path / "run"
    monkeypatch.setenv("CASA_DESKTOP_OUTSIDE", str(tmp_path / "berth" / "outside.sock"))
    assert directory.private_root() == tmp_path / "berth"
