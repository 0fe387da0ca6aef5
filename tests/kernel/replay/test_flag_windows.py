"""Flaggings by hand in real windows: kept, listed under the cell, made again, taken back, exported."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from casa_desktop.desktop import lifecycle

from ...support.notebook import Cell, Notebook
from ...support.plotms import PlotMS
from ...support.screen import Screen

Find = Callable[[], Dict[str, str]]

# Two shapes of flags: line.ms has 8 channels, sim.ms one.
PREPARE = """
import os
concat(vis=['line.ms', 'sim.ms'], concatvis='start.ms')
flagdata('start.ms', mode='unflag', flagbackup=False)
def same(one, other):
    columns = []
    for name in (one, other):
        tb.open(name)
        columns.append((tb.getvarcol('FLAG'), tb.getcol('FLAG_ROW')))
        tb.close()
    (flags, rows), (others, other_rows) = columns
    return all((flags[each] == others[each]).all() for each in flags) and bool((rows == other_rows).all())
"""


class Shown:
    """What the display under a cell shows, while the kernel goes on."""

    def __init__(self, notebook: Notebook, cell: Cell) -> None:
        self._notebook = notebook
        self.text = ""
        for message in cell.messages:
            self._take(message)

    def _take(self, message: Dict[str, object]) -> None:
        content = message["content"]
        assert isinstance(content, dict)
        text = content.get("data", {}).get("text/plain", "")
        if message["msg_type"] in ("display_data", "update_display_data") and ("kept" in text or "being read" in text):
            self.text = text

    def wait_for(self, words: str, seconds: float = 40) -> None:
        """Return when it shows some words."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            try:
                self._take(self._notebook.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic())))
            except queue.Empty:
                raise TimeoutError(f"{words!r} was not shown, but {self.text!r}") from None


@pytest.fixture(scope="module")
def notebook(spectral_line: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel with a MeasurementSet of two shapes, without flags."""
    with Notebook(spectral_line, kernel_environment) as kernel:
        assert kernel.run(PREPARE).error is None
        yield kernel


def copy(folder: Path, source: str, target: str) -> None:
    """Copy a MeasurementSet, as of yesterday."""
    shutil.copytree(folder / source, folder / target)
    before = time.time() - 86_400
    os.utime(folder / target / "table.lock", (before, before))


def say(notebook: Notebook, code: str) -> str:
    cell = notebook.run(code)
    assert cell.error is None, cell.error
    return cell.text.strip()


def run_exported(notebook: Notebook, folder: Path, record: str, vis: str) -> None:
    """Export a record, and run it for another MeasurementSet with plain Python."""
    text = say(notebook, f"%casa_hand export {record}").replace(str(folder / "hand.ms"), str(folder / vis))
    environment = {"PATH": "/usr/bin", "HOME": str(folder), "CASASITECONFIG": str(folder / "casasiteconfig.py")}
    subprocess.run([sys.executable, "-c", text], cwd=folder, env=environment, check=True, timeout=120)


# Each state of the flags has the name of a MeasurementSet that is kept as it was then.
STATES = ("start.ms", "first.ms", "second.ms", "third.ms")


def test_boxes_are_kept(notebook: Notebook, record: Find, spectral_line: Path) -> None:
    copy(spectral_line, "start.ms", "hand.ms")
    shown = Shown(notebook, notebook.run("plotms('hand.ms', gui=True)"))
    shown.wait_for("Flaggings in this window are kept in hand.ms.hand")
    with Screen(record()) as screen:
        window = PlotMS(screen)
        window.flag((0.1, 0.6), (0.5, 0.95))
        shown.wait_for("kept in hand.ms.hand/0001")
        copy(spectral_line, "hand.ms", "first.ms")
        window.unflag((0.2, 0.5), (0.3, 0.95))
        shown.wait_for("kept in hand.ms.hand/0002")
        assert "unflagged" in shown.text.splitlines()[-1]
        copy(spectral_line, "hand.ms", "second.ms")
        again = Shown(notebook, notebook.run("plotms('hand.ms', avgchannel='8', avgtime='60', gui=True)"))
        again.wait_for("Flaggings in this window")
        window.flag((0.5, 0.2), (0.95, 0.95))
        again.wait_for("kept in hand.ms.hand/0003")
    lifecycle.stop("main")
    copy(spectral_line, "hand.ms", "third.ms")
    for one, other in zip(STATES, STATES[1:]):
        assert say(notebook, f"print(same({one!r}, {other!r}))") == "False", "nothing was flagged"
    assert say(notebook, "%casa_hand").count("plotms") == 3


def test_each_flagging_is_made_again_in_a_copy_and_by_its_script(notebook: Notebook, spectral_line: Path) -> None:
    for number, (before, after) in enumerate(zip(STATES, STATES[1:]), start=1):
        name = f"copy{number}.ms"
        for target in (name, f"exported{number}.ms"):
            copy(spectral_line, before, target)
        say(notebook, f"%casa_hand apply hand.ms.hand/000{number} {name}")
        assert say(notebook, f"print(same({name!r}, {after!r}))") == "True"
        run_exported(notebook, spectral_line, f"hand.ms.hand/000{number}", f"exported{number}.ms")
        assert say(notebook, f"print(same('exported{number}.ms', {after!r}))") == "True"


def test_flaggings_are_taken_back_the_newest_first(notebook: Notebook) -> None:
    # Of which a history tells later.
    say(notebook, "split('hand.ms', 'made.ms', datacolumn='data')")
    said = say(notebook, "%casa_hand undo")
    assert said.startswith("taken back: ")
    assert said.endswith("A window of plotms shows it when its Plot is pressed with Reload ticked.")
    assert say(notebook, "print(same('hand.ms', 'second.ms'))") == "True"
    assert say(notebook, "%casa_hand undo 5").count("taken back") == 2
    assert say(notebook, "print(same('hand.ms', 'start.ms'))") == "True"
    assert "to take back" in say(notebook, "%casa_hand undo")


def test_a_history_has_the_flaggings_among_the_calls_and_its_script_makes_them_again(
    notebook: Notebook, spectral_line: Path
) -> None:
    cell = notebook.run("%casa_history made.ms")
    assert cell.error is None, cell.error
    text = str(cell.displayed[0]["text/plain"])
    tasks = [line.partition("(")[0] for line in text.splitlines() if line.startswith(("plotms(", "split("))]
    # They were taken back only after the split.
    assert tasks[-4:] == ["plotms"] * 3 + ["split"]
    assert "hand.ms has been changed since it was read: by %casa_hand undo (" in " ".join(text.split())
    assert "of none of these calls" not in text
    say(notebook, "%casa_history made.ms --script flagged_again.py")
    copy(spectral_line, "start.ms", "place/hand.ms")
    environment = {"PATH": "/usr/bin", "HOME": str(spectral_line)}
    environment["CASASITECONFIG"] = str(spectral_line / "casasiteconfig.py")
    argv = [sys.executable, str(spectral_line / "flagged_again.py")]
    ended = subprocess.run(argv, cwd=spectral_line / "place", env=environment, text=True, capture_output=True)
    assert ended.returncode == 0, ended.stderr
    assert say(notebook, "print(same('place/made.ms', 'made.ms'))") == "True"
    assert say(notebook, "print(same('start.ms', 'made.ms'))") == "False"


REFUSED = {
    "apply hand.ms.hand/0001 sim.ms": "other rows",
    "apply nothing.hand": "There is no handwork in",
    "apply hand.ms.hand": "was taken back; name one",
    "apply hand.ms.hand/0001 nothing.ms": "it is not there",
    "undo all": "does not know 'undo all'",
    "apply": "does not know 'apply'",
    "export 'x": "does not know",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_done_is_an_error_and_changes_nothing(notebook: Notebook, line: str) -> None:
    cell = notebook.run(f"%casa_hand {line}")
    assert cell.error is not None
    assert REFUSED[line] in cell.error["evalue"]
    assert say(notebook, "print(same('hand.ms', 'start.ms'))") == "True"


def test_flags_that_were_changed_since_are_not_taken_back(notebook: Notebook, spectral_line: Path) -> None:
    say(notebook, "%casa_hand apply hand.ms.hand/0001")
    say(notebook, "flagdata('hand.ms', mode='unflag', spw='0', flagbackup=False)")
    copy(spectral_line, "hand.ms", "changed.ms")
    cell = notebook.run("%casa_hand undo")
    assert cell.error is not None
    assert "were changed again since" in cell.error["evalue"]
    assert say(notebook, "print(same('hand.ms', 'changed.ms'))") == "True"


def test_a_locked_table_is_an_error_within_seconds(notebook: Notebook, spectral_line: Path) -> None:
    code = (
        "from casatools import table; tb = table(); "
        "tb.open('hand.ms', nomodify=False, lockoptions={'option': 'permanent'}); print(1, flush=True); input()"
    )
    environment = {"PATH": "/usr/bin", "HOME": str(spectral_line)}
    environment["CASASITECONFIG"] = str(spectral_line / "casasiteconfig.py")
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=spectral_line,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert "1" in holder.stdout.readline()
        cell = notebook.run("%casa_hand apply hand.ms.hand/0002", timeout=20)
        holder.communicate("\n")
    assert cell.error is not None
    assert "another process has locked it" in cell.error["evalue"]
