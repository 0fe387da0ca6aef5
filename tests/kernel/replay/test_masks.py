"""Handwork of cleanings: drawn with the mouse in the real casaviewer, and replayed without a window."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.handwork.record import read
from casa_desktop.handwork.script import script

from ...support.cleaning import PLANE, Act, call, draw, first, same
from ...support.living import below, line_of, unburied
from ...support.mask_editor import MaskEditor
from ...support.notebook import Cell, Notebook
from ...support.screen import Screen, XHand

Find = Callable[[], Dict[str, str]]

CUBE = "'line.ms', imsize=64, cell='1arcsec', specmode='cube', niter=240, cycleniter=60"
OUTLIERS = "imagename=side\nimsize=[64,64]\ncell=[0.4arcsec,0.4arcsec]\nphasecenter=J2000 19h59m29.2s +40d44m05.5s\n"


class KernelKilled(Exception):
    """The kernel will send no message any more."""


def second(editor: MaskEditor) -> None:
    editor.choose("erase")
    editor.draw_another((0.40, 0.62), (0.48, 0.50))
    editor.fill("cyclethreshold", "0.05jy")
    editor.clean_one_cycle()


def third(editor: MaskEditor) -> None:
    editor.choose("add")
    editor.draw_another((0.60, 0.60), (0.70, 0.66))
    editor.clean_one_cycle()


def every_channel(editor: MaskEditor) -> None:
    editor.choose("all channels")
    editor.draw((0.35, 0.65), (0.60, 0.35))
    editor.clean_one_cycle()


def one_channel(editor: MaskEditor) -> None:
    editor.choose("this channel")
    editor.draw_another((0.60, 0.65), (0.75, 0.50))
    editor.go_on()


def drawn(notebook: Notebook, environment: Dict[str, str], code: str, *acts: Act) -> Cell:
    """Run a cleaning, act at each of its questions, and end its desktop; return the cell."""

    def main() -> Dict[str, str]:
        running = registry.running()
        return {"display": running.display, "xauthority": running.xauthority}

    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("CASA_DESKTOP_RUNTIME_DIR", environment["CASA_DESKTOP_RUNTIME_DIR"])
        try:
            cell = draw(notebook, main, code, *acts)
        finally:
            lifecycle.stop("main")
    assert cell.error is None
    return cell


@pytest.fixture(scope="module")
def three_cycles(notebook: Notebook, environment: Dict[str, str]) -> Cell:
    """The cell of a cleaning with masks drawn in three cycles, which are in ``first.hand``."""
    return drawn(notebook, environment, call(PLANE, "first"), first, second, third, MaskEditor.stop)


@pytest.fixture(scope="module")
def again(poor: Notebook, three_cycles: Cell) -> Cell:
    """The cell of a replay of these, which has left ``again.hand``."""
    return poor.run(call(PLANE, "again", ", hand='first.hand'"))


@pytest.fixture(scope="module")
def cube(notebook: Notebook, environment: Dict[str, str], spectral_line: Path) -> Cell:
    """The cell of a cleaning of a cube, with masks that are in ``cube.hand``."""
    return drawn(notebook, environment, call(CUBE, "cube"), every_channel, one_channel)


@pytest.fixture(scope="module")
def fourth(poor: Notebook, three_cycles: Cell, observation: Path) -> Cell:
    """The cell of a replay of ``moved.hand``, a copy of ``first.hand``, that may be reused."""
    shutil.copytree(observation / "first.hand", observation / "moved.hand")
    cell = poor.run(call(PLANE, "fourth", ", hand='moved.hand', reuse=True"))
    # What is removed before it is kept, which this waits for, cannot be put back.
    assert "not kept" not in poor.run("%casa_reuse why").text
    return cell


def test_three_cycles_are_kept_and_replayed_bit_by_bit_without_a_window(
    three_cycles: Cell, again: Cell, poor: Notebook, observation: Path
) -> None:
    cell = three_cycles
    assert "3 masks drawn, kept in first.hand (" in cell.text
    assert 'replay with hand="first.hand"' in cell.text
    kept = read(observation / "first.hand")
    answers = [(step.cycle, step.action) for step in kept.steps]
    assert answers == [(1, "continue"), (2, "continue"), (3, "continue"), (4, "stop")]
    assert kept.steps[0].answer.cycleniter == 15
    assert kept.end == "stop"
    assert all(step.peak for step in kept.steps)
    assert any("Cycle 1: peak residual" in data.get("text/plain", "") for data in cell.displayed)
    updates = [content["data"].get("text/plain", "") for content in cell.of("update_display_data")]
    assert any("Cycle 4: peak residual" in text for text in updates)

    assert again.error is None
    assert again.text == "tclean took 4 of 4 answers from first.hand.\n"
    assert not again.of("comm_open")
    same(poor, "first", "again")
    # It leaves a record of its own.
    replayed = read(observation / "again.hand")
    assert replayed.replayed == str(observation / "first.hand")
    assert replayed.remarks == ("tclean took 4 of 4 answers from first.hand.",)
    assert replayed.end == "stop"
    assert replayed.minors == kept.minors
    # The mask's plane of each residual was kept, too.
    assert all(step.residual for step in kept.steps)


@pytest.mark.usefixtures("three_cycles", "again")
def test_the_scripts_of_a_cleaning_and_of_its_replay_differ_by_the_call_alone(observation: Path) -> None:
    scripts = [script(observation / name).partition("\nCYCLES = ")[2] for name in ("first.hand", "again.hand")]
    assert scripts[0].replace("'first", "'again") == scripts[1] != ""


@pytest.mark.usefixtures("three_cycles")
def test_the_script_of_three_cycles_makes_the_same_in_plain_casa(
    poor: Notebook, observation: Path, kernel_environment: Dict[str, str]
) -> None:
    (observation / "first.py").write_text(script(observation / "first.hand"))
    # On a busy machine threads of OpenMP wait for each other.
    site = {"CASASITECONFIG": str(observation / "casasiteconfig.py"), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "first.py", "plain"], cwd=observation, env={**kernel_environment, **site}, check=True
    )
    same(poor, "first", "plain")


@pytest.mark.usefixtures("cube")
def test_a_cube_is_replayed_with_its_masks_of_each_channel_and_no_more(poor: Notebook, observation: Path) -> None:
    kept = read(observation / "cube.hand")
    assert [step.action for step in kept.steps] == ["continue", "no more"]
    assert kept.end == "no more"
    assert kept.images["cube"].shape == (64, 64, 1, 8)
    again = poor.run(call(CUBE, "cube2", ", hand='cube.hand'"))
    assert again.text == "tclean took 2 of 2 answers from cube.hand.\n"
    same(poor, "cube", "cube2")


def history(kernel: Notebook, name: str) -> str:
    """Return what the history of an image says, in one line."""
    cell = kernel.run(f"%casa_history {name}")
    assert cell.error is None
    return " ".join(line.lstrip("# ") for line in cell.displayed[0]["text/plain"].splitlines())


@pytest.mark.usefixtures("again")
def test_the_history_of_a_replay_names_its_record_and_what_it_replayed(poor: Notebook, observation: Path) -> None:
    told = history(poor, "again.image")
    assert f"Handwork: {observation / 'again.hand'}" in told
    assert f"A replay of {observation / 'first.hand'}. tclean took 4 of 4 answers from first.hand." in told
    assert "no record of the masks" not in told
    listed = poor.run("%casa_hand").text
    assert "4 cycles with masks, replayed from first.hand\n" in f"{listed}\n"


@pytest.mark.usefixtures("cube")
def test_a_player_that_ends_while_casa_waits_for_it_ends_the_call_with_a_sentence(poor: Notebook) -> None:
    cell = poor.run(call(CUBE, "cube3", ", width=2, hand='cube.hand'"))
    assert cell.error is not None
    assert cell.error["ename"] == "HandworkUnfit"
    assert "its masks have the shape 64 x 64 x 1 x 8, and " in cell.error["evalue"]
    assert "cube3.mask has 64 x 64 x 1 x 4" in cell.error["evalue"]


def next_field(editor: MaskEditor) -> None:
    editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.press_circle()


def test_an_outlier_field_has_masks_of_its_own(
    notebook: Notebook, poor: Notebook, record: Find, observation: Path
) -> None:
    (observation / "out.txt").write_text(OUTLIERS)
    (observation / "out2.txt").write_text(OUTLIERS.replace("side", "side2"))

    def other(editor: MaskEditor) -> None:
        editor.wait_for_other_image()
        editor.draw((0.45, 0.60), (0.60, 0.45))
        editor.clean_one_cycle()

    def end(editor: MaskEditor) -> None:
        editor.stop()
        editor.wait_for_other_image()
        editor.stop()

    cell = draw(notebook, record, call(PLANE, "main", ", outlierfile='out.txt'"), next_field, other, end)
    assert cell.error is None
    kept = read(observation / "main.hand")
    assert [(step.cycle, step.image) for step in kept.steps] == [(1, "main"), (1, "side"), (2, "main"), (2, "side")]
    assert kept.images["side"].shape == (64, 64, 1, 1)
    again = poor.run(call(PLANE, "main2", ", outlierfile='out2.txt', hand='main.hand'"))
    assert again.text == "tclean took 4 of 4 answers from main.hand.\n"
    same(poor, "main", "main2")
    same(poor, "side", "side2")


def test_of_a_kernel_that_was_killed_the_record_replays_up_to_there_and_stops(
    observation: Path, kernel_environment: Dict[str, str], poor: Notebook, record: Find
) -> None:
    with Notebook(observation, kernel_environment) as doomed:

        def meanwhile() -> None:
            with Screen(record()) as screen:
                editor = MaskEditor.wait_for(screen, XHand(screen))
                first(editor)
                os.kill(doomed.pid, signal.SIGKILL)
                editor.wait_until_gone()
                raise KernelKilled

        with pytest.raises(KernelKilled):
            doomed.run(call(PLANE, "killed"), meanwhile=meanwhile)
    assert [step.cycle for step in read(observation / "killed.hand").steps] == [1]
    again = poor.run(call(PLANE, "killed2", ", hand='killed.hand'"))
    assert again.error is None
    assert "tclean took 1 of 1 answers from killed.hand." in again.text
    why = "because the kernel ended while it cleaned, or nothing more could be written"
    assert f"ends after cycle 1, {why}; tclean was stopped there." in again.text
    assert poor.run("print(result['iterdone'])").text == "15\n"
    assert f"killed.hand ends after cycle 1, {why}; tclean was stopped there." in history(poor, "killed2.image")


def test_a_relay_that_is_killed_ends_the_cleaning_with_an_error(
    notebook: Notebook, record: Find, observation: Path, children_of: Callable[[int], List[str]]
) -> None:
    def kill(editor: MaskEditor) -> None:
        first(editor)
        for process in below(notebook.pid):
            if "casa_kernel.replay.relay" in line_of(process):
                process.kill()

    cell = draw(notebook, record, call(PLANE, "torn"), kill)
    assert cell.error is not None
    assert cell.error["ename"] == "RelayLost"
    assert "What was drawn until then is kept" in cell.error["evalue"]
    assert not [line for line in children_of(notebook.pid) if "mask-editor" in line or "replay" in line]
    assert read(observation / "torn.hand").end == "failed"


@pytest.mark.usefixtures("three_cycles")
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (call(PLANE.replace("128", "100"), "x", ", hand='first.hand'"), "and this call asks for imsize=100"),
        (call(PLANE, "x", ", hand='gone.hand'"), "There is no handwork in"),
        (call(PLANE, "x", ", hand=True"), "should be the path of a record"),
        (call("niter=60", "first", ", hand='first.hand'", "deconvolve"), "it was made by tclean"),
        (call(PLANE, "x", ", hand='first.hand'").replace("interactive=True", "interactive=False"), "interactive=True"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_before_anything_is_computed(
    code: str, sentence: str, poor: Notebook, observation: Path
) -> None:
    cell = poor.run(code)
    assert cell.error is not None
    assert sentence in cell.error["evalue"]
    assert not list(observation.glob("x.*"))


@pytest.mark.usefixtures("three_cycles")
def test_other_data_of_the_same_shape_are_said_to_be_other(poor: Notebook) -> None:
    change = """
shutil.copytree('sim.ms', 'other.ms')
tb.open('other.ms', nomodify=False)
tb.putcol('CORRECTED_DATA', tb.getcol('CORRECTED_DATA') * 1.5)
tb.close()
"""
    assert poor.run("import shutil" + change).error is None
    cell = poor.run(call(PLANE.replace("sim.ms", "other.ms"), "third", ", hand='first.hand'"))
    assert cell.error is None
    assert "first.hand was made with other data" in cell.text
    assert "in cycle 1 the peak of the residual was 0.36" in cell.text
    assert "first.hand was made with other data" in history(poor, "third.image")


@pytest.mark.usefixtures("three_cycles")
def test_an_unattended_run_fails_at_once_without_a_record(poor: Notebook) -> None:
    poor.run("os.environ['CASA_DESKTOP_UNATTENDED'] = '1'")
    cell = poor.run(call(PLANE, "x"))
    assert cell.error is not None
    assert cell.error["ename"] == "Unattended"
    assert 'hand="first.hand" replays them without a window' in cell.error["evalue"]
    poor.run("del os.environ['CASA_DESKTOP_UNATTENDED']")


@pytest.mark.usefixtures("three_cycles")
@pytest.mark.skipif(not util.find_spec("nbclient"), reason="casa-desktop run is not for this Python")
def test_a_run_without_hands_replays_a_record_and_fails_at_once_without_one(
    poor: Notebook, observation: Path, kernel_environment: Dict[str, str]
) -> None:
    cells = (call(PLANE, "x"), call(PLANE, "unattended", ", hand='first.hand'"))
    (observation / "replay.py").write_text("".join(f"# %%\n{cell}\n" for cell in cells))
    words = ["-m", "casa_desktop", "run", "replay.py", "--allow-errors"]
    subprocess.run([sys.executable, *words], cwd=observation, env=kernel_environment, check=True)
    failed, replayed = (cell["outputs"] for cell in json.loads((observation / "replay.out.ipynb").read_text())["cells"])
    assert failed[-1]["ename"] == "Unattended"
    assert 'hand="first.hand" replays them without a window' in failed[-1]["evalue"]
    assert "tclean took 4 of 4 answers from first.hand." in str(replayed)
    same(poor, "first", "unattended")


def test_a_replay_is_reused_while_its_handwork_is_the_same(fourth: Cell, poor: Notebook) -> None:
    assert "took 4 of 4 answers" in fourth.text
    # With images of that name it would go on with them.
    poor.run("rmtables('fourth.*')")
    cell = poor.run(call(PLANE, "fourth", ", hand='moved.hand', reuse=True"))
    shown = "".join(data.get("text/plain", "") for data in cell.displayed)
    assert "tclean: nothing to compute" in shown
    same(poor, "first", "fourth")


@pytest.mark.usefixtures("fourth")
def test_the_script_of_a_replayed_image_is_made_of_its_own_handwork(poor: Notebook, observation: Path) -> None:
    # The store knows the record that was replayed, and tclean takes no ``hand``: the replay's own stands in its place.
    told = poor.run("%casa_history fourth.image --script again.py").text
    assert told.strip() == "Wrote again.py."
    assert "casa-desktop hand export" in (observation / "again.py").read_text()


@pytest.mark.usefixtures("three_cycles")
def test_a_replay_is_made_again_when_its_handwork_is_another(poor: Notebook, observation: Path) -> None:
    code = call(PLANE, "fifth", ", hand='cut.hand', reuse=True")
    shutil.copytree(observation / "first.hand", observation / "cut.hand")
    assert "took 4 of 4 answers" in poor.run(code).text
    poor.run("rmtables('fifth.*')")
    # As if the kernel had been killed in the second cycle.
    steps = observation / "cut.hand" / "steps.json"
    record = json.loads(steps.read_text())
    steps.write_text(json.dumps({**record, "steps": record["steps"][:1], "minors": record["minors"][:1], "end": ""}))
    assert "took 1 of 1 answers" in poor.run(code).text


@pytest.mark.usefixtures("three_cycles", "again")
def test_no_process_of_a_cleaning_or_a_replay_stays_a_zombie(notebook: Notebook, poor: Notebook) -> None:
    assert not unburied(poor.pid)
    # A tool that ended with its desktop waits for the kernel to ask after it.
    assert "python" not in unburied(notebook.pid)


def test_pixels_are_read_from_a_file_as_casa_reads_them(poor: Notebook) -> None:
    code = """
import numpy as np
from pathlib import Path
from casa_kernel.replay import tiles
for shape in ([70, 50, 1, 33], [128, 128, 4, 3], [100, 100, 1, 1], [600, 300, 1, 2]):
    for pixels in (np.random.normal(size=shape), np.random.randint(0, 2, shape), np.full(shape, 0.5)):
        ia.fromshape('tiled.im', shape, overwrite=True)
        ia.putchunk(pixels.astype(float))
        kept = ia.getchunk()
        ia.done()
        tb.open('tiled.im')
        told = tb.getdminfo(), tb.endianformat() == 'big'
        tb.close()
        read, mask = tiles.read(Path('tiled.im'), *told), tiles.read_mask(Path('tiled.im'), *told)
        print(read.shape == kept.shape, (read == kept).all(), (mask == kept).all(), mask.dtype == np.uint8)
"""
    lines = [line.split() for line in poor.run(code).text.splitlines()]
    assert lines == [["True", "True", "True", str(kind == 1)] for _ in range(4) for kind in range(3)]
