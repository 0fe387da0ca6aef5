"""The process that keeps flaggings: what proves that a flagging in a window has changed flags, and what does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from casa_desktop.handwork import flag_records
from casa_desktop.system.descriptors import readable
from casa_desktop.system.pythonpath import module

from ...support.notebook import Notebook
from ...support.shortage import small_disk

# In the kernel: change flags as plotms does, once for each value.
CHANGE = """
tb.open({path!r}, nomodify=False)
for row in {rows}:
    tb.putcell('FLAG', row, ~tb.getcell('FLAG', row))
    tb.flush()
    tb.unlock()
tb.close()
"""


class Kept:
    """A keeper, and a MeasurementSet with the log of a window that shows it; a context manager."""

    def __init__(self, folder: Path, environment: Dict[str, str], source: Path) -> None:
        self.vis, self.log = folder / "my.ms", folder / "window.log"
        shutil.copytree(source, self.vis)
        self.log.touch()
        # What writes the log of a window; the keeper follows the file that it has open.
        self._writer = self.log.open("a", buffering=1)
        self.process = subprocess.Popen(
            [sys.executable, *module("casa_kernel.replay.flag_keeper")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=folder,
            env={**environment, "CASASITECONFIG": str(source.parent / "casasiteconfig.py")},
        )

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(20)

    def order(self, do: str, vis: Path, number: int = 1) -> Dict[str, Any]:
        """Order something; return the answer."""
        order = {
            "do": do, "number": number, "task": "plotms", "call": "plotms()", "vis": [str(vis)], "versions": {},
            "pid": os.getpid() if do == "watch" else 0, "log": str(self.log), "said": [],
        }  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return self.answer()

    def answer(self) -> Dict[str, Any]:
        assert self.process.stdout is not None
        assert readable([self.process.stdout], 30), "it tells nothing"
        answer: Dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def write(self, origin: str, text: str, later: float = 3) -> None:
        """Write a message into the log, stamped so many seconds from now."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + later))
        self._writer.write(f"{stamp}\tINFO\tPlotMS::{origin}\t{text}\n")


@pytest.fixture(scope="module")
def unflagged(notebook: Notebook, untouched: Path, observation: Path) -> Path:
    """The observation without flags."""
    shutil.copytree(untouched / "sim.ms", observation / "unflagged.ms")
    cell = notebook.run("flagdata('unflagged.ms', mode='unflag', flagbackup=False)")
    assert cell.error is None
    return observation / "unflagged.ms"


@pytest.fixture
def kept(tmp_path: Path, environment: Dict[str, str], unflagged: Path) -> Iterator[Kept]:
    with Kept(tmp_path, environment, unflagged) as kept:
        yield kept


def change(notebook: Notebook, path: Path, rows: List[int]) -> None:
    assert notebook.run(CHANGE.format(path=str(path), rows=rows)).error is None


def say(kept: Kept, points: int = 2, later: float = 3) -> None:
    kept.write("flag", "Time in [4.89523e+09 4.89523e+09], Amp in [0.880941 1.14918]:", later)
    kept.write("flag+", f"1: FLAGGED {points} points among 9 in 0.04s.", later)


def test_as_many_changes_as_flaggings_are_kept(kept: Kept, notebook: Notebook) -> None:
    assert kept.order("watch", kept.vis)["kind"] == "ready"
    change(notebook, kept.vis, [5])
    say(kept)
    answer = kept.answer()
    assert (answer["kind"], answer["text"]) == ("kept", "2 visibilities flagged in 1 baseline")
    # A box in which there is nothing is not logged, or with no points.
    say(kept, points=0)
    change(notebook, kept.vis, [6, 5])
    say(kept)
    say(kept)
    second = flag_records.read(Path(kept.answer()["folder"]))
    assert (second.flagged, second.unflagged, second.baselines, len(second.said)) == (2, 2, 2, 2)


@pytest.mark.parametrize(
    ("rows", "lines", "reason"),
    [
        ([5, 6], ["FLAGGED"], "something else has changed its flags at the same time"),
        ([], ["FLAGGED"], "its flags were not known before"),
        ([5], ["other.ms", "FLAGGED"], "its window also shows other.ms, with which it was not opened"),
    ],
)
def test_what_is_not_sure_is_not_kept(
    kept: Kept, notebook: Notebook, rows: List[int], lines: List[str], reason: str
) -> None:
    kept.order("watch", kept.vis)
    change(notebook, kept.vis, rows)
    for line in lines:
        say(kept) if line == "FLAGGED" else kept.write("load_cache", f"Plotting table {line}")
    answer = kept.answer()
    assert (answer["kind"], answer["reason"]) == ("lost", reason)
    assert answer["said"] == "FLAGGED 2 points among 9 in 0.04s"
    assert not flag_records.folder_of(kept.vis).exists()


def test_after_a_change_by_something_else_the_next_flagging_alone_is_kept(kept: Kept, notebook: Notebook) -> None:
    kept.order("watch", kept.vis)
    change(notebook, kept.vis, [5, 6])
    say(kept)
    assert kept.answer()["kind"] == "lost"
    change(notebook, kept.vis, [7])
    say(kept, later=9)
    assert kept.answer()["text"] == "2 visibilities flagged in 1 baseline"


def test_a_flagging_that_is_logged_after_the_flags_were_read_is_not_taken_for_a_later_change(
    kept: Kept, notebook: Notebook
) -> None:
    change(notebook, kept.vis, [5])
    kept.order("watch", kept.vis)
    change(notebook, kept.vis, [6])
    say(kept, later=-1)
    assert kept.answer()["reason"] == "its flags were not known before"


def test_a_table_that_another_process_has_locked_is_not_watched(kept: Kept, notebook: Notebook) -> None:
    notebook.run(f"tb.open({str(kept.vis)!r}, nomodify=False, lockoptions={{'option': 'permanent'}})")
    assert kept.order("watch", kept.vis)["reason"] == "another process has locked it"
    notebook.run("tb.close()")
    assert kept.order("watch", kept.vis, number=2)["kind"] == "ready"


def test_what_is_no_measurement_set_is_not_watched(kept: Kept) -> None:
    assert kept.order("watch", kept.vis / "ANTENNA")["reason"] == "it is no MeasurementSet"
    assert "cannot be read" in kept.order("watch", kept.vis / "nothing")["reason"]


def test_on_a_full_disk_nothing_is_kept_and_it_says_so(kept: Kept, notebook: Notebook, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 8) as disk:
        vis = disk.path / "full.ms"
        shutil.copytree(kept.vis, vis)
        kept.order("watch", vis)
        change(notebook, vis, [5])
        disk.fill()
        say(kept)
        assert kept.answer()["reason"] == "No space left on device"
        disk.make_room()
        change(notebook, vis, [6])
        say(kept)
        assert kept.answer()["kind"] == "kept"


def test_what_a_task_changes_is_kept_when_it_has_ended(kept: Kept, notebook: Notebook) -> None:
    assert kept.order("begin", kept.vis)["kind"] == "ready"
    change(notebook, kept.vis, [5, 6, 7])
    assert kept.order("end", kept.vis)["text"] == "6 visibilities flagged in 3 baselines"
    assert kept.answer()["kind"] == "over"


def test_it_ends_with_the_kernel(kept: Kept) -> None:
    kept.order("watch", kept.vis)
    assert kept.process.stdin is not None
    kept.process.stdin.close()
    assert kept.process.wait(20) == 0
