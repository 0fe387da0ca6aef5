"""Results that are kept: where a stat shows each change in the background (``background_keeper``), else at once."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest
from casa_kernel.reuse import after
from casa_kernel.reuse.before import Call
from casa_kernel.reuse.keeper import Keeper, patience
from casa_kernel.reuse.session import Session
from casa_kernel.reuse.table import Files

from casa_desktop.errors import NotKept
from casa_desktop.store.cloning import clones
from casa_desktop.store.file_systems import file_system
from casa_desktop.store.models import Record, State
from casa_desktop.store.states import stat_of, state_of
from casa_desktop.store.store import Store

from ...support.reuse import flag, state, table

KEY = "ab" * 32


class Kernel:
    """The part of a kernel that keeps results, and a table of 12 MB that a call has made or changed.

    Args:
        folder: where it works.
        changed: whether the table was there before.
    """

    def __init__(self, folder: Path, changed: bool = False) -> None:
        self.store = Store(folder / ".casa-reuse")
        self.session = Session(lambda _path, _files: ())
        self.keeper = Keeper(self.session)
        self.table = folder / "my.ms"
        path = str(self.table)
        before = {}
        if changed:
            self._make()
            before[path] = state_of(path, self.store.digests)
        files = Files((path,) if changed else (), (path,) if changed else (), () if changed else (path,), (), (), ())
        self.call = Call("split", "[1]", files, before, {}, KEY, self.store, {}, str(folder))
        self.around = after.entries(files)
        flag(self.table) if changed else self._make()

    def _make(self) -> None:
        table(self.table)
        (self.table / "table.f9").write_bytes(os.urandom(1 << 20) * 12)

    def keep(self) -> None:
        """Keep it; where it is cloned, the user waits for 5 ms, and elsewhere the call was worth a copy."""
        seconds = 0.0 if self.in_background and clones(str(self.store.folder)) else 100.0
        outputs = after.outputs(self.call, self.around)
        record = Record(KEY, "split", 0.0, seconds, "[1]", None, [], self.call.before, {}, {}, {}, self.call.folder)
        self.keeper.keep(self.call, "", outputs, record)

    def kept(self) -> Optional[Record]:
        self.keeper.settle()
        return Store(self.store.folder).find(KEY)

    @property
    def in_background(self) -> bool:
        """Whether results are kept so on this disk; the store is there then."""
        return self.store.may_keep_later([str(self.table)])


@pytest.mark.parametrize("changed", [False, True])
def test_a_result_is_kept_with_all_that_the_call_made_or_changed(
    tmp_path: Path, changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path, changed)
    made = state(kernel.table)
    kernel.keep()
    record = kernel.kept()
    assert record is not None
    assert record.after == {str(kernel.table): made}
    assert "Its result was not kept" not in kernel.session.why()
    flag(kernel.table, seed=9)
    assert Store(kernel.store.folder).put_back(record) == "put back"
    assert state(kernel.table) == made


def test_the_user_waits_only_for_what_is_read_by_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    pins = {path: stat_of(path) for path in (str(kernel.table), str(tmp_path / "missing"))}
    # There are 12 MB, for which nobody waits 5 ms; but 1 s of a call that has taken minutes.
    assert patience(kernel.call, pins, seconds=0.0) == 0.0
    assert patience(kernel.call, pins, seconds=199.0) == 1.0
    kernel.store.digests.of(str(kernel.table / "table.f9"))
    if file_system(str(tmp_path)).settle == 0:
        assert patience(kernel.call, pins, seconds=0.0) == 0.005


def test_an_input_that_changes_while_the_task_runs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    read = tmp_path / "read.ms"
    table(read)
    call = dataclasses.replace(kernel.call, before={str(read): state_of(str(read), kernel.store.digests)})
    around = after.entries(call.files)
    assert after.outputs(call, around) == [str(kernel.table)]
    flag(read)
    with pytest.raises(NotKept, match=r"read\.ms changed while split ran"):
        after.outputs(call, around)


def test_what_appears_while_the_task_runs_and_is_not_its_own_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    # It may belong to the result, which would come back without it.
    (tmp_path / "my.ms.flagversions").mkdir()
    with pytest.raises(NotKept, match=r"my\.ms\.flagversions appeared while split ran"):
        after.outputs(kernel.call, kernel.around)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: flag(path),
        lambda path: (path / "table.f8").write_bytes(b"new"),
        lambda path: (path / "table.f9").unlink(),
        lambda path: path.rename(path.with_name("gone")),
        lambda path: os.utime(path / "table.f1"),
        lambda path: (path / "SORTED").rmdir(),
    ],
    ids=["written", "new", "removed", "renamed", "touched", "folder"],
)
def test_what_is_changed_before_it_was_read_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: object
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    outputs = after.outputs(kernel.call, kernel.around)
    pins = {path: stat_of(path) for path in outputs}
    assert isinstance(after.states(kernel.call, outputs, pins)[str(kernel.table)], State)
    assert callable(change)
    change(kernel.table)
    with pytest.raises(NotKept, match=r"my\.ms changed right after split had made it"):
        after.states(kernel.call, outputs, pins)


def test_a_table_that_refers_to_another_is_not_kept_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    (tmp_path / "elsewhere").write_bytes(b"1")
    (kernel.table / "link").symlink_to(tmp_path / "elsewhere")
    outputs = after.outputs(kernel.call, after.entries(kernel.call.files))
    with pytest.raises(NotKept, match=r"refers to .*elsewhere, which may have changed"):
        after.states(kernel.call, outputs, {path: stat_of(path) for path in outputs})
    assert after.states(kernel.call, outputs, {})


# Python warns of a fork beside a thread, from 3.12 on.
ALONE = [sys.executable, "-W", "ignore", "-c"]
BEGIN = """
import os, signal, sys, threading
from pathlib import Path
from tests.kernel.reuse.test_keeper import Kernel
os.chdir(sys.argv[1])
kernel = Kernel(Path.cwd())
main, imported = threading.get_ident(), []
sys.addaudithook(lambda event, given: event == "import" and threading.get_ident() != main and imported.append(given[0]))
kernel.keep()
"""


def _run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    argv = [*ALONE, BEGIN + code, str(folder)]
    return subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False, timeout=60)


def test_a_kernel_that_is_killed_meanwhile_leaves_a_whole_store(tmp_path: Path) -> None:
    done = _run("os.kill(os.getpid(), signal.SIGKILL)", tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    store = Store(tmp_path / ".casa-reuse")
    assert store.check().damaged == ()
    store.clear()
    left = [path for path in store.folder.rglob("*") if path.is_file() and path.stat().st_size > 10_000]
    assert left == []


def test_its_thread_imports_nothing_and_a_forked_process_does_not_wait_for_it(tmp_path: Path) -> None:
    code = """
child = os.fork()
if not child:
    kernel.keeper.settle()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert kernel.kept() is not None
print(imported)
"""
    done = _run(code, tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
