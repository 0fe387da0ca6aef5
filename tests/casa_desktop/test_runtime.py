from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop import runtime
from casa_desktop.errors import InvalidName, RuntimeDirectoryError


@pytest.mark.parametrize("name", ["main", "A", "m31-2", "x" * 32, "0_1"])
def test_a_plain_word_is_a_name(name: str) -> None:
    assert runtime.checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "-a", "_a", "a b", "é", "x" * 33, "api", "static", "a\n", "a\0", None, 7]
)
def test_what_could_leave_the_folder_or_the_url_is_no_name(name: object) -> None:
    with pytest.raises(InvalidName):
        runtime.checked_name(name)  # type: ignore[arg-type]


def test_the_root_is_made_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / "new"))
    assert runtime.runtime_root().stat().st_mode & 0o777 == 0o700


def test_a_root_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(RuntimeDirectoryError, match="chmod 700"):
        runtime.runtime_root()


def test_a_root_that_is_a_link_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "link").symlink_to(root)
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(root / "link"))
    with pytest.raises(RuntimeDirectoryError, match="not a folder of yours"):
        runtime.runtime_root()


def test_the_session_s_own_directory_comes_before_tmp(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASA_DESKTOP_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(root))
    assert runtime.runtime_root() == root / "casa-desktop"


def test_a_path_too_long_for_a_socket_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(tmp_path / ("x" * 90)))
    with pytest.raises(RuntimeDirectoryError, match="CASA_DESKTOP_RUNTIME_DIR to a shorter one"):
        runtime.places("main")


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    record = runtime.Record("main", ":7", "/a", "/b", 1, 2, 3.5, "0.1")
    record.write(tmp_path / "record.json")
    assert runtime.read_record(tmp_path / "record.json") == record


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": "main"}', '{"name": "main", "more": 1}', "null"])
def test_a_record_that_makes_no_sense_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    assert runtime.read_record(path) is None


def test_a_folder_is_held_for_as_long_as_its_process_lives(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from casa_desktop import runtime\n"
        "runtime.hold(Path(sys.argv[1])); print(1, flush=True); sys.stdin.read()"
    )
    assert not runtime.is_held(root)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert runtime.is_held(root)
        assert not runtime.wait_until_free(root, 0.05)
        child.kill()
        assert runtime.wait_until_free(root, 5)
    assert not runtime.is_held(root)


def test_one_process_keeps_the_others_out(root: Path) -> None:
    with runtime.exclusive(root, 1), pytest.raises(RuntimeDirectoryError, match="another process"):
        runtime.exclusive(root, 0.05).__enter__()
    with runtime.exclusive(root, 1):
        pass


def test_the_cookie_is_private_fresh_and_good_for_every_display(tmp_path: Path) -> None:
    cookies = []
    for name in ("a", "b"):
        runtime.write_xauthority(tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        entry = (tmp_path / name).read_bytes()
        family, address, number, size = struct.unpack(">HHHH", entry[:8])
        assert (family, address, number) == (0xFFFF, 0, 0)
        assert entry[8 : 8 + size] == b"MIT-MAGIC-COOKIE-1"
        cookies.append(entry[-16:])
    assert cookies[0] != cookies[1]


def test_the_cookie_is_given_for_the_display_by_name_once_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    runtime.write_xauthority(path)
    runtime.name_display_in_xauthority(path, 7)
    listed = subprocess.run(["xauth", "-f", str(path), "list"], stdout=subprocess.PIPE, text=True, check=True)
    cookie = path.read_bytes()[-16:].hex()
    assert [line.split()[0].endswith(("unix:7", "#ffff##:")) for line in listed.stdout.splitlines()] == [True, True]
    assert listed.stdout.count(cookie) == 2


def test_the_root_goes_with_its_last_desktop_and_not_before(root: Path) -> None:
    (root / "main").mkdir()
    runtime.remove_root_if_empty()
    assert root.exists()
    runtime.clear(root / "main")
    runtime.remove_root_if_empty()
    assert not os.path.lexists(root)
