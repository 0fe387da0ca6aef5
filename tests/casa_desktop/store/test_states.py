from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from casa_desktop.errors import StateUnknown
from casa_desktop.store.digests import Digests
from casa_desktop.store.models import NOTHING, State
from casa_desktop.store.states import state_of

from .test_digests import ORDINARY, _digest, remembered


def _state(path: Path) -> State:
    return state_of(str(path), Digests())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    table = tmp_path / "my.ms"
    (table / "ANTENNA").mkdir(parents=True)
    for name in ("table.dat", "table.f0", "table.lock", "ANTENNA/table.dat", "ANTENNA/table.lock"):
        (table / name).write_text(name)
    (table / "SORTED").mkdir()
    (table / "link").symlink_to("ANTENNA/table.dat")
    return table


def test_a_table_is_its_files_without_locks(table: Path) -> None:
    digests = {name: _digest(name.encode()) for name in ("table.dat", "table.f0", "ANTENNA/table.dat")}
    assert _state(table).files == {**digests, "SORTED": "folder", "link": "link:ANTENNA/table.dat"}
    assert _state(table).beside == {}
    before = _state(table).digest
    (table / "ANTENNA/table.lock").unlink()
    (table / "table.lock").write_text("another sync")
    assert _state(table).digest == before


def test_a_lock_outside_of_a_table_is_a_file_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "table.lock").write_text("mine")
    assert _state(tmp_path).files == {"table.lock": _digest(b"mine")}


def test_a_file_and_an_empty_folder_have_states(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    assert _state(tmp_path / "a.txt").files == {"": _digest(b"x")}
    assert _state(tmp_path / "empty").files == {"": "folder"}


@pytest.mark.parametrize("name", ["missing", "a.txt/below", "dangling", "my.ms/ANTENNA/missing"])
def test_what_is_not_there_is_absent(table: Path, name: str) -> None:
    folder = table.parent
    (folder / "a.txt").write_bytes(b"x")
    (folder / "dangling").symlink_to("missing")
    assert _state(folder / name) == NOTHING


def test_a_link_on_the_way_is_followed(table: Path) -> None:
    link = table.parent / "link.ms"
    link.symlink_to("my.ms")
    assert _state(link) == _state(table)
    assert _state(link / "ANTENNA") == _state(table / "ANTENNA")


def test_a_link_out_of_the_table_brings_the_state_of_its_target(table: Path) -> None:
    far = table.parent / "far"
    far.mkdir()
    (far / "a").write_bytes(b"x")
    (table / "out").symlink_to("../far")
    (table / "nowhere").symlink_to("/missing")
    before = _state(table)
    assert before.beside == {"/missing": "absent", str(far): _state(far).digest}
    (far / "a").write_bytes(b"y")
    assert _state(table).digest != before.digest


def test_links_and_tables_in_a_circle_come_to_an_end(table: Path) -> None:
    other = table.parent / "other.ms"
    other.mkdir()
    (other / "back").symlink_to(table)
    (table / "out").symlink_to(other)
    (table / "self").symlink_to(".")
    (table / "loop").symlink_to("loop")
    (table / "above").symlink_to("..")
    before = _state(table)
    assert str(other) in before.beside
    (other / "new").write_bytes(b"")
    assert _state(table).digest != before.digest


def _listen(path: Path) -> None:
    place = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{place}/{path.name}")
    os.close(place)


@pytest.mark.parametrize("make", [os.mkfifo, _listen], ids=["pipe", "socket"])
@pytest.mark.parametrize("name", ["my.ms/ANTENNA/table.f1", "itself"])
def test_what_is_neither_file_nor_folder_is_named_at_once(table: Path, make: Callable[[Path], Any], name: str) -> None:
    make(table.parent / name)
    sentence = f"{name} contains cannot be compared with earlier contents: .*(neither a file nor|No such device)"
    with pytest.raises(StateUnknown, match=sentence):
        _state(table.parent / name.partition("/")[0])


@pytest.mark.parametrize(("name", "mode"), [("ANTENNA/table.dat", 0), ("ANTENNA", 0), ("ANTENNA", 0o400)])
def test_what_may_not_be_read_is_named(table: Path, name: str, mode: int) -> None:
    (table / name).chmod(mode)
    code = (
        "import sys; from casa_desktop.store.digests import Digests; from casa_desktop.errors import StateUnknown\n"
        "from casa_desktop.store.states import state_of\n"
        "try: state_of(sys.argv[1], Digests())\n"
        "except StateUnknown as error: print(error)"
    )
    words = [*ORDINARY, sys.executable, "-c", code, str(table)]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    (table / name).chmod(0o700)
    assert said.startswith(f"What {table / name}")
    assert said.endswith(": Permission denied.\n")


def _now_or_nothing(path: Path, digests: Digests) -> Dict[str, str]:
    try:
        return dict(state_of(str(path), digests).files)
    except StateUnknown:
        return {}


def test_a_folder_that_changes_all_the_while_is_never_seen_as_a_mixture(table: Path) -> None:
    first, second = table / "table.f0", table / "table.f1"
    numbers: Dict[str, int] = {}
    began, ended = threading.Event(), threading.Event()

    def write() -> None:
        for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
            contents = str(number).encode() * 1000
            numbers[_digest(contents)] = number
            for path in (first, second):
                path.with_suffix(".new").write_bytes(contents)
                path.with_suffix(".new").replace(path)
            began.set()

    writer = threading.Thread(target=write)
    writer.start()
    began.wait()
    digests = Digests()
    seen = [_now_or_nothing(table, digests) for _ in range(50)]
    ended.set()
    writer.join()
    # At each moment the second file was as new as the first, or one step behind.
    assert {numbers[files[first.name]] - numbers[files[second.name]] for files in seen if files} <= {0, 1}


def test_an_unchanged_table_is_not_read_again(table: Path) -> None:
    digests = Digests()
    files = [table / name for name in ("table.dat", "table.f0", "ANTENNA/table.dat")]
    remembered(digests, *files)
    before = digests.hashed
    assert state_of(str(table), digests) == _state(table)
    assert digests.hashed == before


NAMES: Dict[str, str] = {
    "unicode": "größe Ω 星",
    "case": "TABLE.F0",
    "newline": "a\nb",
    "no UTF-8": os.fsdecode(b"\xe9"),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_will_do(table: Path, name: str) -> None:
    before = _state(table)
    (table / name).write_bytes(b"x")
    state = _state(table)
    assert state.files == {**before.files, name: _digest(b"x")}
    assert state.digest != before.digest
