"""Ways to change an input that its names, sizes and times do not show: each gives another state, or a reason."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Union

import pytest

from casa_desktop.errors import StateUnknown
from casa_desktop.store.digests import Digests
from casa_desktop.store.in_use import why_busy
from casa_desktop.store.states import state_of

from .test_digests import _digest
from .test_in_use import locked

BEFORE, AFTER = b"before" * 1000, b"after." * 1000
# What a way leaves behind to be undone: a file that is open, a mapping, a process.
Held = Union[None, Callable[[], object], Iterator[object]]


class Place(NamedTuple):
    table: Path  # the input
    file: Path  # one of its columns
    outside: Path  # a folder beside it


def _same_times(path: Path, change: Callable[[], object]) -> None:
    """Make a change, then set the times as they were."""
    before = path.stat()
    change()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _in_place(path: Path) -> None:
    with open(path, "r+b") as file:
        file.write(AFTER)


def restore_the_times(place: Place) -> None:
    _same_times(place.file, lambda: _in_place(place.file))


def copy_over_with_times_as_rsync_does(place: Place) -> None:
    new = place.outside / "new"
    new.write_bytes(AFTER)
    status = place.file.stat()
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    partial = place.file.with_name(".table.f0.x7")
    shutil.copy2(new, partial)
    partial.replace(place.file)


def rename_over(place: Place) -> None:
    (place.outside / "new").write_bytes(AFTER)
    (place.outside / "new").replace(place.file)


def write_in_place(place: Place) -> None:
    _in_place(place.file)


def write_by_a_mapping(place: Place) -> None:
    with open(place.file, "r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
        pages[:] = AFTER


def write_by_a_mapping_with_times_restored(place: Place) -> None:
    _same_times(place.file, lambda: write_by_a_mapping(place))


def write_by_a_mapping_that_stays(place: Place) -> Held:
    with open(place.file, "r+b") as file:
        pages = mmap.mmap(file.fileno(), 0)
    pages[:] = AFTER
    return pages.close


def write_by_a_hard_link_elsewhere(place: Place) -> None:
    os.link(place.file, place.outside / "link")
    _same_times(place.file, lambda: _in_place(place.outside / "link"))
    (place.outside / "link").unlink()


def write_by_another_mount(place: Place) -> None:
    mounted, contents = place.outside / "mounted", place.outside / "contents"
    mounted.mkdir()
    contents.write_bytes(AFTER)
    script = 'mount --bind "$1" "$2"; dd if="$3" of="$2/table.f0" conv=notrunc status=none'
    words = ["unshare", "--mount", "sh", "-ec", script, "sh", str(place.table), str(mounted), str(contents)]

    def write() -> None:
        done = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no folder can be mounted here: {done.stderr.strip()}")

    _same_times(place.file, write)


def turn_a_link_to_another_target(place: Place) -> None:
    link = place.table / "link"
    link.unlink()
    link.symlink_to("../outside/other")


def change_what_a_link_leads_to(place: Place) -> None:
    _same_times(place.outside / "target", lambda: _in_place(place.outside / "target"))


def turn_a_link_on_the_way(place: Place) -> None:
    way = place.outside / "way"
    way.unlink()
    way.symlink_to("second")


def change_the_parent_that_a_reference_names(place: Place) -> None:
    parent = place.outside / "parent.tab" / "table.f0"
    _same_times(parent, lambda: _in_place(parent))


def make_a_parent_that_was_missing(place: Place) -> None:
    (place.outside / "missing.tab").mkdir()
    (place.outside / "missing.tab" / "table.dat").write_bytes(b"")


def replace_a_subtable(place: Place) -> None:
    new = place.outside / "ANTENNA"
    shutil.copytree(place.table / "ANTENNA", new)
    _same_times(new / "table.f0", lambda: _in_place(new / "table.f0"))
    shutil.rmtree(place.table / "ANTENNA")
    new.rename(place.table / "ANTENNA")


def remove_and_make_again(place: Place) -> None:
    status = place.file.stat()
    place.file.unlink()
    place.file.write_bytes(AFTER)
    os.utime(place.file, ns=(status.st_atime_ns, status.st_mtime_ns))


def truncate_and_write_again(place: Place) -> None:
    _same_times(place.file, lambda: place.file.write_bytes(AFTER))


def punch_a_hole(place: Place) -> None:
    def punch() -> None:
        size = place.file.stat().st_size
        os.truncate(place.file, 0)
        os.truncate(place.file, size)

    _same_times(place.file, punch)


def swap_with_a_file_of_the_same_size_and_times(place: Place) -> None:
    twin, spare = place.table / "table.f1", place.table / "spare"
    status = place.file.stat()
    os.utime(twin, ns=(status.st_atime_ns, status.st_mtime_ns))
    place.file.rename(spare)
    twin.rename(place.file)
    spare.rename(twin)


def move_the_table_away_and_another_one_there(place: Place) -> None:
    other = place.outside / "other.ms"
    shutil.copytree(place.table, other, symlinks=True)
    _same_times(other / "table.f0", lambda: _in_place(other / "table.f0"))
    place.table.rename(place.outside / "gone")
    other.rename(place.table)


def set_the_times_to_the_past(place: Place) -> None:
    # As a machine whose clock was set back would write them.
    _in_place(place.file)
    os.utime(place.file, (1, 1))


def add_an_empty_folder(place: Place) -> None:
    (place.table / "SORTED").mkdir()


def add_a_name_in_another_case(place: Place) -> None:
    (place.table / "TABLE.F0").write_bytes(BEFORE)


def rename_a_file_to_another_form_of_unicode(place: Place) -> None:
    (place.table / "gr\u00f6sse").rename(place.table / "gro\u0308sse")


def put_a_pipe_in_its_place(place: Place) -> None:
    place.file.unlink()
    os.mkfifo(place.file)


def write_and_do_not_flush(place: Place) -> Held:
    file = open(place.file, "r+b", buffering=1 << 20)  # noqa: SIM115 - it is to stay open
    file.write(AFTER)
    return file.close


def lock_it_in_another_process(place: Place) -> Held:
    held = locked(place.table / "table.lock", "LOCK_EX", 0)
    held.__enter__()
    return lambda: held.__exit__(None, None, None)


WRITER = (
    "import sys; file = open(sys.argv[1], 'r+b', buffering=0); print(flush=True); sys.stdin.readline()\n"
    "file.write(b'after.' * 1000); print(flush=True); sys.stdin.readline()"
)


def write_in_a_process_that_had_it_open_before(place: Place) -> None:
    """The process had it open when it was hashed, and still has it open when it is looked at."""
    words = [sys.executable, "-c", WRITER, str(place.file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        digests = Digests()
        before = state_of(str(place.table), digests)
        process.stdin.write(b"\n")
        process.stdout.readline()
        assert state_of(str(place.table), digests).digest != before.digest
        process.stdin.write(b"\n")


WAYS: List[Callable[[Place], Held]] = [
    restore_the_times,
    copy_over_with_times_as_rsync_does,
    rename_over,
    write_in_place,
    write_by_a_mapping,
    write_by_a_mapping_with_times_restored,
    write_by_a_mapping_that_stays,
    write_by_a_hard_link_elsewhere,
    write_by_another_mount,
    turn_a_link_to_another_target,
    change_what_a_link_leads_to,
    turn_a_link_on_the_way,
    change_the_parent_that_a_reference_names,
    make_a_parent_that_was_missing,
    replace_a_subtable,
    remove_and_make_again,
    truncate_and_write_again,
    punch_a_hole,
    swap_with_a_file_of_the_same_size_and_times,
    move_the_table_away_and_another_one_there,
    set_the_times_to_the_past,
    add_an_empty_folder,
    add_a_name_in_another_case,
    rename_a_file_to_another_form_of_unicode,
    put_a_pipe_in_its_place,
    write_and_do_not_flush,
    lock_it_in_another_process,
    write_in_a_process_that_had_it_open_before,
]


def _string(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


def _make(folder: Path) -> Place:
    table, outside = folder / "my.ms", folder / "outside"
    (table / "ANTENNA").mkdir(parents=True)
    for name in ("first", "second"):
        (outside / name).mkdir(parents=True)
        (outside / name / "file").write_text(name)
    (outside / "way").symlink_to("first")
    (outside / "parent.tab").mkdir()
    for path in (
        *(table / name for name in ("table.f0", "table.lock", "ANTENNA/table.f0", "gr\u00f6sse")),
        *(outside / name for name in ("target", "parent.tab/table.dat", "parent.tab/table.f0")),
    ):
        path.write_bytes(BEFORE)
    (table / "table.f1").write_bytes(BEFORE[::-1])
    (outside / "other").write_bytes(BEFORE)
    (table / "table.dat").write_bytes(_string("./outside/parent.tab") + _string("./outside/missing.tab"))
    (table / "link").symlink_to("../outside/target")
    (table / "on the way").symlink_to("../outside/way/file")
    return Place(table, table / "table.f0", outside)


class Watched(NamedTuple):
    places: Dict[str, Place]
    digests: Digests  # knows all of them


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A table for each way, all of them remembered: on some file systems that takes until they are two seconds old."""
    folder = tmp_path_factory.mktemp("unseen")
    places = {way.__name__: _make(folder / way.__name__) for way in WAYS}
    places["unchanged"] = _make(folder / "unchanged")
    digests, before = Digests(), -1
    while digests.hashed != before:
        before = digests.hashed
        for place in places.values():
            state_of(str(place.table), digests)
    return Watched(places, digests)


def _look(place: Place, digests: Digests) -> str:
    """Return the state's digest, or why there is none."""
    busy = why_busy([str(place.table)])
    if busy is not None:
        return f"busy: {busy}"
    try:
        return state_of(str(place.table), digests).digest
    except StateUnknown as error:
        return f"unknown: {error}"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_change_is_seen(watched: Watched, way: Callable[[Place], Held]) -> None:
    place = watched.places[way.__name__]
    before = _look(place, watched.digests)
    undo = way(place)
    try:
        after = _look(place, watched.digests)
    finally:
        if callable(undo):
            undo()
    assert len(before) == 64
    assert after != before
    # Once nothing is held it is what a process that remembers nothing sees.
    assert _look(place, watched.digests).partition(":")[0] == _look(place, Digests()).partition(":")[0]


def test_no_write_in_the_tick_of_a_look_is_missed(watched: Watched) -> None:
    place = watched.places["unchanged"]
    for number in range(200):
        contents = f"{number:06}".encode() * 1000
        _same_times(place.file, lambda contents=contents: place.file.write_bytes(contents))  # type: ignore[misc]
        assert state_of(str(place.table), watched.digests).files["table.f0"] == _digest(contents)


def test_permissions_and_times_alone_are_no_change(watched: Watched) -> None:
    place = watched.places["unchanged"]
    before = _look(place, watched.digests)
    place.file.chmod(0o444)
    os.utime(place.file, (time.time(), 1))
    (place.table / "ANTENNA").chmod(0o500)
    (place.table / "table.lock").write_bytes(b"another process looked at it")
    assert _look(place, watched.digests) == before
