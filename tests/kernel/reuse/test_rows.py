"""The table of what tasks read and write, held against what each task really does, as strace sees it."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from casa_kernel.reuse import table
from casa_kernel.reuse.rows import ROWS

from ...support import strace
from . import data_calls, image_calls
from .contract import breaches
from .traced import MARK, calls_of, without

HERE = Path(__file__).parent
MODULES = {"data_calls": data_calls, "image_calls": image_calls}
CALLS = [(name, number, task) for name in MODULES for number, (task, _) in enumerate(calls_of(MODULES[name]))]
PARTS = [(row.task, said) for row in ROWS for said, _ in without(row)]

pytestmark = [
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed here"),
    # The first of them makes all calls.
    pytest.mark.timeout(900),
]


class Work:
    """What came of the calls of one module.

    Attributes:
        folder: where they were made.
        notes: what each of them was said to do, by its number.
        deeds: what each of them did.
    """

    def __init__(self, folder: Path, notes: Path, trace: Path, home: str) -> None:
        self.folder = folder
        self.notes = {int(path.stem): json.loads(path.read_text()) for path in notes.glob("*.json")}
        self.deeds = {int(name): each for name, each in strace.deeds(trace, MARK, str(folder)).items()}
        self.neutral = [str(notes)]
        if _numbers("casatools") >= (6, 7, 6):
            # Where a mask is made of an image, it looks into its settings, ~/.casarc or ~/.casa/rc, and makes the
            # latter if there is neither. They are among the surroundings of a result.
            self.neutral += [f"{home}/.casarc", f"{home}/.casa"]

    def breaches(self, number: int, said: Dict[str, Any]) -> List[str]:
        """Return where a call is not what was said."""
        note = self.notes[number]
        return breaches(self.deeds[number], said, note["process"], self.neutral)


@pytest.fixture(scope="module")
def works(
    tmp_path_factory: pytest.TempPathFactory, untouched_line: Path, environment: Dict[str, str]
) -> Iterator[Dict[str, Work]]:
    """What came of all calls, those of each module beside the others."""
    top = Path(os.path.realpath(tmp_path_factory.mktemp("reuse")))
    running = [_start(top / name, untouched_line, environment) for name in MODULES]
    try:
        ends = [process.wait(timeout=600) for process in running]
        assert ends == [0] * len(MODULES), [(top / name / "notes" / "output").read_text() for name in MODULES]
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    home = environment["HOME"]
    yield {name: Work(top / name / "work", top / name / "notes", top / name / "trace", home) for name in MODULES}
    shutil.rmtree(top)


def _start(place: Path, untouched_line: Path, environment: Dict[str, str]) -> subprocess.Popen[bytes]:
    shutil.copytree(untouched_line, place / "work")
    (place / "notes").mkdir()
    env = {
        **environment,
        "CASASITECONFIG": str(untouched_line / "casasiteconfig.py"),
        "PYTHONPATH": f"{HERE}:{inspect.getfile(table).split('/casa_kernel/')[0]}",
        # They share the processors.
        "OMP_NUM_THREADS": "1",
    }
    program = [sys.executable, str(HERE / "traced.py"), place.name, str(place / "notes")]
    with (place / "notes" / "output").open("wb") as output:
        return subprocess.Popen(
            [*strace.COMMAND, "-o", str(place / "trace"), *program],
            cwd=place / "work",
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # strace that is killed leaves what it watched.
            start_new_session=True,
        )


def test_each_row_has_a_call() -> None:
    assert {row.task for row in ROWS} == {task for _, _, task in CALLS}


@pytest.mark.parametrize(
    ("module", "number"),
    [(name, number) for name, number, _ in CALLS],
    ids=[f"{task}-{name}-{number}" for name, number, task in CALLS],
)
def test_a_task_reads_and_writes_what_its_row_says(module: str, number: int, works: Dict[str, Work]) -> None:
    work = works[module]
    note = work.notes[number]
    if "lacks" in note:
        _skip(note["lacks"])
    assert note["error"] == ""
    assert work.breaches(number, note["strict"]) == []
    # Of all arguments, not only of those that the row names for inputs, no less is known.
    assert {name: set(note["strict"][name]) - set(note["declared"][name]) for name in ("inputs", "in_place")} == {
        "inputs": set(),
        "in_place": set(),
    }


@pytest.mark.parametrize(("task", "said"), PARTS, ids=[f"{task}-{said}" for task, said in PARTS])
def test_a_row_that_leaves_out_a_part_is_found_out(task: str, said: str, works: Dict[str, Work]) -> None:
    notes = [(name, number, works[name].notes[number]) for name, number, named in CALLS if named == task]
    made = [(name, number, note["without"][said]) for name, number, note in notes if "lacks" not in note]
    if not any(works[name].breaches(number, less) for name, number, less in made):
        _skip("no call shows that the row must say this")


def _skip(reason: str) -> None:
    """Skip a test of what an older release of CASA does not have."""
    assert _numbers("casatasks") < (6, 7), reason
    pytest.skip(reason)


def _numbers(wheel: str) -> Tuple[int, ...]:
    return tuple(map(int, version(wheel).split(".")))
