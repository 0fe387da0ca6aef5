"""What plotms says of each plot: its own reason when there is none, and what is not as it was asked for."""

from __future__ import annotations

import base64
import io
import re
import shutil
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from PIL import Image

from ...support.notebook import Cell, Notebook

# Each fails after the ones before it, and none may be told another one's reason.
WRONG = [
    ("'sim.ms', array='9'", "TaskFailed: plotms: the selection leaves no data."),
    ("'sim.ms', field='nosuch'", 'TaskFailed: .*Field Expression: No match found for name "nosuch" \\(near char. 6'),
    ("'sim.ms', msselect='NOSUCH==1'", "TaskFailed: .*Keyword .NOSUCH does not exist Scanned so far: NOSUCH=="),
    ("'sim.ms', intent='NOTHING'", 'TaskFailed: .*State Expression: No match found for "NOTHING"'),
    ("'sim.ms', yaxis='Gain Amp'", "TaskFailed: plotms: Axis choice not supported for MS."),
    # These have no reason in the log unless plotms has a window.
    ("'line.bandpass', spw='7'", "TaskFailed: plotms: Spw Expression: No match found for 7."),
    ("'line.bandpass', yaxis='tsys'", "TaskFailed: plotms: .*TSYS. Invalid axis"),
]
# They are refused before casaplotms is asked, which would end, never end, give no reason, or draw something else.
REFUSED = [
    ("'sim.ms', yaxis=['amp', 'phase']", "yaxis has 2 axes; say with xaxis"),
    ("'sim.ms', ydatacolumn='float'", "sim.ms has no column FLOAT_DATA"),
    ("'sim.ms', correlation='RR'", "correlation is 'RR', and .*sim.ms has XX, YY"),
    ("'sim.ms', polarization='U'", "U is made of XY and YX or of RL and LR, and .*sim.ms has XX, YY"),
    ("'line.ms', spw='0:999'", "spw is '0:999', but the last channel there is 7"),
    ("'line.ms', spw='*:3;8~9'", "but the last channel there is 7"),
    ("'empty.ms'", "vis names .*empty.ms, which has no rows"),
    ("'empty.cal'", "vis names .*empty.cal, which has no rows"),
    ("caltable='empty.cal'", "caltable names .*empty.cal, which has no rows"),
    ("'sim.ms', width=20000, height=20000", "20000 x 20000 pixels, but should be 100 million"),
    ("'sim.ms', width=-5", "width is -5, but should be from 50 to 32767"),
    ("'sim.ms', height=1", "height is 1, but should be from 50 to 32767"),
    ("'sim.ms', plotfile='x'", "plotfile has no ending to tell a format"),
    ("'sim.ms', plotfile='x.tiff'", "plotfile ends with .tiff"),
]
# What is drawn is not quite what was asked for.
REMARKS = [
    ("'flagged.ms'", "plotms: All selected data are flagged."),
    ("'plain.ms', ydatacolumn='corrected'", "CORRECTED_DATA column not present .* using DATA instead"),
    ("'plain.ms', ydatacolumn='model'", "plain.ms has no model, so plotms takes a point source of 1 Jy"),
    ("'line.ms', spw='0:5~99'", "spw is '0:5~99', but the last channel there is 7."),
    ("'line.ms', xaxis='chan', plotrange=[20, 30, 0, 0]", "nothing lies in plotrange=.*: Channel goes from 0 to 7."),
    ("'sim.ms', plotfile='x.png', expformat='pdf', overwrite=True", "x.png holds pdf, not png."),
    ("'sim.ms', plotfile='x.jpg', expformat='png', overwrite=True", "x.jpg holds png, not jpeg."),
    ("'sim.ms', plotfile='x.png', expformat='txt', overwrite=True", "x.png holds text, not png."),
    ("'sim.ms', plotfile='x.ps', overwrite=True", "x.ps holds pdf, not ps."),
]
MAKE = """
import os, shutil, threading
for name, source in (('empty.ms', 'line.ms'), ('empty.cal', 'line.bandpass')):
    tb.open(source)
    rows = tb.query('FIELD_ID == 77', name='rows')
    rows.copy(name, deep=True).close(); rows.close(); tb.close(); shutil.rmtree('rows')
for name in ('flagged.ms', 'plain.ms'):
    shutil.copytree('line.ms', name)
tb.open('flagged.ms', nomodify=False); tb.putcol('FLAG', tb.getcol('FLAG') | True); tb.close()
tb.open('plain.ms', nomodify=False); tb.removecols(['CORRECTED_DATA', 'MODEL_DATA']); tb.close()
"""


@pytest.fixture(scope="module")
def folder(untouched_line: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with copies of the data."""
    place = tmp_path_factory.mktemp("plots")
    for name in ("sim.ms", "line.ms", "line.bandpass", "dirty.image", "dirty.psf"):
        shutil.copytree(untouched_line / name, place / name)
    return place


@pytest.fixture(scope="module")
def kernel(folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel that works there, beside data that lack something."""
    with Notebook(folder, kernel_environment) as running:
        assert running.run(MAKE).error is None
        yield running


def sentence(cell: Cell) -> str:
    """Return the error of a cell without a picture."""
    assert cell.error is not None, "there was no error"
    assert not any("image/png" in data for data in cell.displayed)
    return f"{cell.error['ename']}: {cell.error['evalue']}"


def pictures(cell: Cell) -> Dict[str, bytes]:
    """Return the pictures of a cell by what they show."""
    assert cell.error is None, cell.error
    found = {}
    for data in cell.displayed:
        for kind in ("image/png", "image/jpeg"):
            if kind in data:
                content = base64.b64decode(data[kind])
                assert Image.open(io.BytesIO(content)).get_format_mimetype() == kind
                found[data["text/plain"]] = content
    return found


def test_each_plot_that_fails_says_its_own_reason(kernel: Notebook) -> None:
    for arguments, reason in WRONG:
        said = sentence(kernel.run(f"plotms({arguments})"))
        assert re.search(f"^{reason}", said), (arguments, said)
    assert pictures(kernel.run("plotms('sim.ms')"))


def test_a_window_that_stays_empty_is_an_error_with_its_reason(
    kernel: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    for arguments, reason in (*WRONG, REFUSED[0]):
        said = sentence(kernel.run(f"plotms({arguments}, gui=True)"))
        assert re.search(reason, said), (arguments, said)
    for arguments in ("'sim.ms'", "'sim.ms', title='again', clearplots=False"):
        assert pictures(kernel.run(f"plotms({arguments}, gui=True)"))
    record()


@pytest.mark.parametrize(("arguments", "reason"), REFUSED)
def test_what_plotms_cannot_draw_rightly_is_refused(kernel: Notebook, arguments: str, reason: str) -> None:
    said = sentence(kernel.run(f"plotms({arguments})", timeout=20))
    assert re.search(f"^BadParameter: plotms: .*{reason}", said), said


@pytest.mark.parametrize(("arguments", "remark"), REMARKS)
def test_a_plot_that_is_not_what_was_asked_for_says_so(kernel: Notebook, arguments: str, remark: str) -> None:
    cell = kernel.run(f"plotms({arguments})")
    assert re.search(remark, cell.text), cell.text
    assert pictures(cell)


@pytest.mark.parametrize(
    "arguments", ["'line.ms', correlation='XX', plotrange=[0, 0, 0, 9]", "'line.ms', correlation='I', spw='0:7'"]
)
def test_a_plot_that_is_as_asked_for_has_no_words(kernel: Notebook, arguments: str) -> None:
    cell = kernel.run(f"plotms({arguments})")
    assert cell.text == ""
    assert pictures(cell)


@pytest.mark.parametrize(
    "change",
    ["casalog.setlogfile('other.log')", "os.remove(casalog.logfile())", "open(casalog.logfile(), 'w').close()"],
)
def test_the_reason_is_found_whatever_became_of_the_log(kernel: Notebook, change: str) -> None:
    kernel.run("plotms('sim.ms')")
    kernel.run(change)
    said = sentence(kernel.run("plotms('sim.ms', antenna='nosuch')"))
    assert 'No match found for token(s) "nosuch"' in said
    assert 'for token(s) "nosuch"' in kernel.run("print(open(casalog.logfile()).read())").text


def test_plots_work_after_a_change_of_folder_with_relative_names(kernel: Notebook, folder: Path) -> None:
    (folder / "deep" / "plots").mkdir(parents=True)
    (folder / "deep" / "cal.txt").write_text("caltable='../line.bandpass' calwt=False\n")
    wanted = pictures(kernel.run("plotms('line.ms', ydatacolumn='corrected', callib=[\"caltable='line.bandpass'\"])"))
    for library in ("[\"caltable='../line.bandpass'\"]", "['cal.txt']", "'cal.txt'"):
        arguments = f"'../line.ms', ydatacolumn='corrected', callib={library}, plotfile='plots/x.png', overwrite=True"
        cell = kernel.run(f"os.chdir('deep')\ntry: plotms({arguments})\nfinally: os.chdir('..')")
        assert list(pictures(cell).values()) == list(wanted.values())
        assert (folder / "deep" / "plots" / "x.png").read_bytes() in wanted.values()


THREADS = """
def draw(number, call):
    try:
        call()
    except Exception as error:
        failures[number] = f'{type(error).__name__}: {error}'

failures = {}
threads = [threading.Thread(target=draw, args=each) for each in enumerate([lambda: CALLS])]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failures)
"""
CALLS = (
    "plotms('sim.ms')",
    "plotms('line.ms', xaxis='chan')",
    "imview('dirty.image')",
    "viewer('dirty.psf')",
    "plotms('sim.ms', xaxis='uvdist')",
    "imview('dirty.psf')",
    "msview('sim.ms')",
    "plotants('sim.ms')",
    "plotants('line.ms')",
)


def test_threads_that_draw_at_once_have_the_pictures_that_they_would_have_one_after_the_other(kernel: Notebook) -> None:
    wanted = pictures(kernel.run("\n".join(CALLS)))
    wrong = ["plotms('sim.ms', antenna='nosuch')", "imview('nowhere')"]
    cell = kernel.run(THREADS.replace("CALLS", ", lambda: ".join([CALLS[0], *wrong, *CALLS[1:]])))
    assert re.search(
        r"\{1: 'TaskFailed: .*\"nosuch\".*2: 'NoSuchPath: |\{2: 'NoSuchPath: .*1: 'TaskFailed: ", cell.text
    )
    found = pictures(cell)
    assert len(wanted) == len(CALLS)
    assert found == wanted


# For the kernel in them both folders are on a disk that cannot be written.
FIXED = """
for each in "$HOME" "$PWD"; do mount --bind "$each" "$each" && mount -o remount,ro,bind "$each"; done
cd "$PWD" && exec "$@"
"""
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", FIXED, "sh")


def test_tools_draw_where_neither_the_home_nor_the_folder_can_be_written(
    folder: Path, kernel: Notebook, kernel_environment: Dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("this machine does not let users make namespaces, and so no disk of a test's own")
    calls = [f"{task}('{folder}/{name}')" for task, name in (("plotms", "sim.ms"), ("imview", "dirty.image"))]
    wanted = pictures(kernel.run("\n".join(calls)))
    home, work = tmp_path / "home", tmp_path / "work"
    for each in (home, work):
        each.mkdir()
    (home / ".casarc").write_text("\n")
    with Notebook(work, {**kernel_environment, "HOME": str(home)}, within=UNSHARE) as confined:
        cell = confined.run("import os; print(os.access('.', os.W_OK), os.access(os.environ['HOME'], os.W_OK))")
        assert cell.text.endswith("False False\n")
        assert pictures(confined.run("\n".join(calls))) == wanted
        assert 'found for token(s) "nosuch"' in sentence(confined.run(f"plotms('{folder}/sim.ms', antenna='nosuch')"))
    assert list(work.iterdir()) == []


def test_no_scratch_table_is_left_beside_the_data(kernel: Notebook, folder: Path) -> None:
    assert pictures(kernel.run("plotms('sim.ms')"))
    assert [each.name for each in folder.iterdir() if re.fullmatch(r"\d+_\d+", each.name)] == []
