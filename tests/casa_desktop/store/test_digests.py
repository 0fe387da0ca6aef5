from __future__ import annotations

import hashlib
import json
import mmap
import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest

from casa_desktop.errors import StateUnknown
from casa_desktop.store.digests import Digests
from casa_desktop.store.file_systems import file_system

CONTENTS = bytes(range(256)) * 8192


def _digest(contents: bytes) -> str:
    return hashlib.blake2b(contents, digest_size=32).hexdigest()


def remembered(digests: Digests, *paths: Path) -> None:
    """Return when the files are old enough to be remembered: at once on most file systems of a recent Linux."""
    for path in paths:
        before = -1
        while digests.hashed != before:
            before = digests.hashed
            digests.of(str(path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir(mode=0o700)
    return tmp_path / "store"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "table.f0").write_bytes(CONTENTS)
    return tmp_path / "table.f0"


def test_a_digest_is_that_of_the_contents(path: Path) -> None:
    assert Digests().of(str(path)) == _digest(CONTENTS)
    path.write_bytes(b"")
    assert Digests().of(str(path)) == _digest(b"")


def test_an_unchanged_file_is_read_once_and_not_again_by_a_later_process(path: Path, folder: Path) -> None:
    digests = Digests(folder)
    remembered(digests, path)
    digests.save()
    later = Digests(folder)
    assert (later.of(str(path)), later.hashed) == (_digest(CONTENTS), 0)


def test_a_file_of_a_moment_ago_is_read_again_where_timestamps_are_coarse(path: Path) -> None:
    digests = Digests()
    digests.of(str(path))
    digests.of(str(path))
    assert digests.hashed == (1 if file_system(str(path)).settle == 0 else 2)


def test_a_file_from_the_future_is_read_each_time(path: Path) -> None:
    # ctime cannot be set; a clock that was set back has the same effect as a later ctime.
    digests = Digests()
    status = path.stat()
    system = file_system(str(path))
    digests._remember(str(path), status, system, status.st_ctime - 60, "not its digest")
    assert digests.of(str(path)) == _digest(CONTENTS)


def test_a_file_that_a_process_has_mapped_is_not_believed_where_a_stat_hides_that(path: Path) -> None:
    digests = Digests()
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
        pages[0] = 1
        digests.of(str(path))
        pages[0] = 2
        assert digests.of(str(path)) == _digest(b"\2" + CONTENTS[1:])
        pages[0] = 3
    assert digests.of(str(path)) == _digest(b"\3" + CONTENTS[1:])


def test_a_link_made_by_us_needs_no_second_look(path: Path) -> None:
    digests = Digests()
    remembered(digests, path)
    before, hashed = path.stat(), digests.hashed
    os.link(path, path.with_name("link"))
    digests.linked(str(path), before)
    remembered(digests, path)
    fresh = file_system(str(path)).settle == 0
    assert digests.hashed == hashed or not fresh


@pytest.mark.parametrize("contents", [CONTENTS + b"x", CONTENTS[::-1]])
def test_a_write_beside_the_making_of_a_link_is_seen(path: Path, contents: bytes) -> None:
    digests = Digests()
    remembered(digests, path)
    before = path.stat()
    os.link(path, path.with_name("link"))
    path.write_bytes(contents)
    digests.linked(str(path), before)
    assert digests.of(str(path)) == _digest(contents)


def test_what_was_put_there_is_known_without_reading(path: Path) -> None:
    digests = Digests()
    digests.note(str(path), _digest(CONTENTS))
    digests.of(str(path))
    assert digests.hashed == (0 if file_system(str(path)).settle == 0 else 1)
    digests.note(str(path.with_name("missing")), "")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: None,
        lambda path: path.symlink_to(path),
    ],
    ids=["pipe", "folder", "link", "nothing", "circle"],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    make(tmp_path / "it")
    with pytest.raises(StateUnknown, match=r"/it cannot|/it contains cannot") as caught:
        Digests().of(str(tmp_path / "it"))
    assert caught.value.path == tmp_path / "it"


def test_a_file_that_changes_all_the_while_is_refused(path: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        with open(path, "r+b", buffering=0) as file:
            while not ended.is_set():
                os.pwrite(file.fileno(), b"x", 0)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(StateUnknown, match="it changes while it is read"):
            _read_for_ever(path)
    finally:
        ended.set()
        writer.join()


def _read_for_ever(path: Path) -> None:
    while True:
        Digests().of(str(path))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"schema": 0, "folders": {}, "references": {}}',
        b'{"schema": 1, "folders": {"/": {"a": [1, 2, 3, 4]}}, "references": {}}',
        b'{"schema": 1, "folders": {"/": {"a": [1, 2, 3, true, "x"]}}, "references": {}}',
        b'{"schema": 1, "folders": {"/": 7}, "references": {}}',
        b'{"schema": 1, "folders": {}, "references": {"a": [1]}}',
    ],
)
def test_a_damaged_memory_is_an_empty_one_and_replaced(folder: Path, path: Path, text: bytes) -> None:
    (folder / "digests.json").write_bytes(text)
    digests = Digests(folder)
    remembered(digests, path)
    digests.save()
    assert str(path.parent) in json.loads((folder / "digests.json").read_bytes())["folders"]


def test_two_processes_keep_what_both_have_learned(folder: Path, path: Path) -> None:
    second = path.with_name("second")
    second.write_bytes(b"x")
    one, other = Digests(folder), Digests(folder)
    remembered(one, path)
    remembered(other, second)
    one.save()
    other.save()
    later = Digests(folder)
    assert (later.of(str(path)), later.of(str(second)), later.hashed) == (_digest(CONTENTS), _digest(b"x"), 0)


def test_memories_written_at_the_same_time_stay_whole(folder: Path, path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from casa_desktop.store.digests import Digests\n"
        "for number in range(50):\n"
        "    digests = Digests(Path(sys.argv[1])); digests.references[f'{sys.argv[2]} {number}'] = []\n"
        "    digests._changed = True; digests.save()"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(folder), name]) for name in "ab"]
    while any(writer.poll() is None for writer in writers):
        if (folder / "digests.json").exists():
            json.loads((folder / "digests.json").read_bytes())
    assert [writer.wait() for writer in writers] == [0, 0]
    assert os.listdir(folder) == ["digests.json"]


def test_only_the_user_reads_the_memory(folder: Path, path: Path) -> None:
    digests = Digests(folder)
    remembered(digests, path)
    digests.save()
    assert (folder / "digests.json").stat().st_mode & 0o777 == 0o600


@contextmanager
def no_large_files() -> Iterator[None]:
    """Let this process write no more than a few bytes into any file; no fixture, for pytest may write into one."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_memory_that_cannot_be_written_stays_as_it_was(folder: Path, path: Path) -> None:
    digests = Digests(folder)
    remembered(digests, path)
    digests.save()
    before = (folder / "digests.json").read_bytes()
    path.write_bytes(b"new")
    remembered(digests, path)
    with no_large_files():
        digests.save()
    assert (folder / "digests.json").read_bytes() == before
    assert os.listdir(folder) == ["digests.json"]
    assert digests.of(str(path)) == _digest(b"new")


def test_the_memory_of_folders_that_are_gone_is_dropped_when_it_is_large(folder: Path, path: Path) -> None:
    digests = Digests(folder)
    remembered(digests, path)
    entry = [1, 2, 3, 4, "x"]
    many: Dict[str, Any] = {f"file {number}": entry for number in range(200_000)}
    digests._folders["/gone"] = many
    digests.save()
    assert list(Digests(folder)._folders) == [str(path.parent)]


# Root may read everything unless it gives up that right.
ORDINARY = () if os.geteuid() else ("setpriv", "--inh-caps=-all", "--bounding-set=-all")


def test_a_file_that_may_not_be_read_is_named(path: Path) -> None:
    path.chmod(0)
    code = (
        "import sys; from casa_desktop.store.digests import Digests; from casa_desktop.errors import StateUnknown\n"
        "try: Digests().of(sys.argv[1])\n"
        "except StateUnknown as error: print(error)"
    )
    words = [*ORDINARY, sys.executable, "-c", code, str(path)]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == f"What {path} contains cannot be compared with earlier contents: Permission denied.\n"
