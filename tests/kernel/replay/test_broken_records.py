"""Records that could not be kept whole: the cleaning goes on, a line says why, and what is there can be replayed.

The kernel has a disk of its own, which nothing else sees.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest

from casa_desktop.handwork.record import MASKS, STEPS, read

from ...support.cleaning import PLANE, Act, Find, call, draw, first
from ...support.handwork import record as written
from ...support.mask_editor import MaskEditor
from ...support.notebook import Cell, Notebook

_OWN_DISK = 'mount -t tmpfs -o size=128M tmpfs "$0"; cp -r sim.ms casasiteconfig.py "$0"; cd "$0"; exec "$@"'
# Enough for what CASA adds to its tables, and too little for a copy of the masks.
_LEFT = 16_384


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernel's disk, as the kernel sees it."""
    made = tmp_path_factory.mktemp("disk")
    tried = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", made], check=False)
    if tried.returncode:
        pytest.skip("nothing can be mounted here")
    return made


@pytest.fixture(scope="module")
def kernel(observation: Path, kernel_environment: Dict[str, str], disk: Path) -> Iterator[Notebook]:
    """A kernel that works on the disk."""
    within = ("unshare", "--mount", "--propagation", "private", "sh", "-ec", _OWN_DISK, str(disk))
    with Notebook(observation, kernel_environment, within=within) as running:
        yield running


@pytest.fixture
def seen(kernel: Notebook, disk: Path) -> Path:
    """The kernel's disk, as seen from here."""
    return Path(f"/proc/{kernel.pid}/root{disk}")


def second(editor: MaskEditor) -> None:
    editor.draw_another((0.60, 0.60), (0.70, 0.66))
    editor.clean_one_cycle()


def then(act: Callable[[], Any], *acts: Act) -> Act:
    """Return what does something, and then acts in the editor."""

    def both(editor: MaskEditor) -> None:
        act()
        for each in acts:
            each(editor)

    return both


def fill(folder: Path) -> None:
    """Leave almost no room on a disk."""
    with (folder / "filler").open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(bytes(65_536))
        file.truncate(file.tell() - _LEFT)


def replayed(kernel: Notebook, name: str) -> str:
    """Return what the replay of a record says, which takes no error."""
    cell = kernel.run(call(PLANE, f"{name}2", f", hand='{name}.hand'"))
    assert cell.error is None, cell.error
    return cell.text


def test_an_interrupt_in_the_second_cycle_leaves_a_record_up_to_there(
    kernel: Notebook, record: Find, seen: Path
) -> None:
    cell = draw(kernel, record, call(PLANE, "cut"), first, then(kernel.manager.interrupt_kernel))
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert "1 mask drawn, kept in cut.hand (" in cell.text
    assert 'up to cycle 1; replay with hand="cut.hand"' in cell.text
    assert read(seen / "cut.hand").end == "interrupted"
    text = replayed(kernel, "cut")
    assert "tclean took 1 of 1 answers from cut.hand." in text
    assert "cut.hand ends after cycle 1, where it was interrupted; tclean was stopped there." in text


def test_a_full_disk_ends_the_record_and_not_the_cleaning(kernel: Notebook, record: Find, seen: Path) -> None:
    acts = (then(lambda: fill(seen), second), then((seen / "filler").unlink, MaskEditor.stop))
    cell = draw(kernel, record, call(PLANE, "full"), first, *acts)
    assert cell.error is None, cell.error
    assert "1 mask drawn, kept in full.hand up to cycle 1 only: No space left on device" in cell.text
    assert sorted(each.name for each in (seen / "full.hand").iterdir()) == [MASKS, STEPS]
    assert [step.cycle for step in read(seen / "full.hand").steps] == [1]
    assert "full.hand ends after cycle 1" in replayed(kernel, "full")


def test_a_record_whose_folder_is_removed_is_said_to_be_gone(kernel: Notebook, record: Find, seen: Path) -> None:
    remove = then(lambda: shutil.rmtree(seen / "gone.hand"), second)
    cell = draw(kernel, record, call(PLANE, "gone"), first, remove, MaskEditor.stop)
    assert cell.error is None, cell.error
    assert "The handwork was not kept: gone.hand is gone." in cell.text


def test_a_record_that_cannot_be_written_any_more_ends_there(
    kernel: Notebook, record: Find, seen: Path, disk: Path
) -> None:
    def protect() -> None:
        folder = str(disk / "fixed.hand")
        for words in (["--bind", folder, folder], ["-o", "remount,bind,ro", folder]):
            subprocess.run(["nsenter", f"--mount=/proc/{kernel.pid}/ns/mnt", "mount", *words], check=True)

    cell = draw(kernel, record, call(PLANE, "fixed"), first, then(protect, second), MaskEditor.stop)
    assert cell.error is None, cell.error
    assert "1 mask drawn, kept in fixed.hand up to cycle 1 only: Read-only file system" in cell.text
    assert "fixed.hand ends after cycle 1" in replayed(kernel, "fixed")


def _cut(name: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return cut


def _foreign(folder: Path) -> None:
    value = json.loads((folder / STEPS).read_text())
    (folder / STEPS).write_text(json.dumps({**value, "format": 7}))


DAMAGES = {
    "steps": (_cut(STEPS), f"broken.hand cannot be read: {STEPS}: "),
    "masks": (_cut(MASKS), f"broken.hand cannot be read: {MASKS}: "),
    "format": (_foreign, "broken.hand has the format 7, and this release of casa-desktop reads format 1."),
}
USES = {
    "hand=": call(PLANE, "x", ", hand='broken.hand'"),
    "show": "%casa_hand show broken.hand",
    "export": "%casa_hand export broken.hand",
    "casa-desktop hand show": "!casa-desktop hand show broken.hand",
    "casa-desktop hand export": "!casa-desktop hand export broken.hand",
}


def said(cell: Cell) -> str:
    """Return the sentence of an error, or what a command of the shell has printed."""
    return str(cell.error["evalue"]) if cell.error is not None else cell.text


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("use", USES)
def test_a_damaged_record_is_refused_in_one_sentence(use: str, damage: str, kernel: Notebook, seen: Path) -> None:
    shutil.rmtree(seen / "broken.hand", ignore_errors=True)
    how, sentence = DAMAGES[damage]
    folder = written(seen).rename(seen / "broken.hand")
    how(folder)
    text = said(kernel.run(USES[use]))
    assert sentence in text
    assert len(text.strip().splitlines()) == 1
    assert not list(seen.glob("x.*"))
    assert not list(seen.glob("broken.html"))
