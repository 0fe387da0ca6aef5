"""The tasks that draw with matplotlib, in cells and in windows."""

from __future__ import annotations

import base64
import io
import os
import signal
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import numpy as np
import pytest
from PIL import Image

from ...support.mask_editor import MaskEditor
from ...support.notebook import Cell, Notebook
from ...support.screen import Screen, XHand
from .test_catalogue import TASKS

SIMULATE = (
    "simobserve(project='{project}', complist='sky.cl', compwidth='2GHz', direction='J2000 19h59m28.5s +40d44m01.5s',"
    " incenter='230GHz', obsmode='int', antennalist='aca.cycle1.cfg', totaltime='60s', integration='30s',"
    " mapsize='20arcsec', setpointings=True, thermalnoise='', overwrite=True, {more})"
)
ANALYSE = (
    "simanalyze(project='analysed', vis='$project.aca.cycle1.ms', imsize=64, cell='1arcsec', niter=10, analyze=True)"
)

ALMA = (
    "simalma(project='alma', dryrun=False, complist='sky.cl', compwidth='2GHz', mapsize='10arcsec', tpnant=0,"
    " image=False, direction='J2000 19h59m28.5s +40d44m01.5s', antennalist=['aca.cycle1.cfg'],"
    " totaltime=['60s'], overwrite=True)"
)
# From a window's lower left corner to the button of the next page, and from its upper right one to the middle of its
# closing button, in pixels.
NEXT = (150, 14)
CROSS = 14


@pytest.fixture(scope="module")
def notebook(spectral_line: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel that works in the folder of the observation."""
    with Notebook(spectral_line, kernel_environment) as kernel:
        yield kernel


def pictures(cell: Cell) -> List[Any]:
    """Return the pictures of a cell as arrays of height x width x 3."""
    assert cell.error is None, cell.error
    found = [data["image/png"] for data in cell.displayed if "image/png" in data]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGB")) for each in found]


@pytest.mark.parametrize(
    ("call", "pages"),
    [
        ("plotants('sim.ms')", 1),
        ("plotants('sim.ms', logpos=True, showgui=False)", 1),
        # Nine antennas, four of them flagged, four to a page.
        ("plotbandpass('line.bandpass')", 2),
        ("plotbandpass('line.bandpass', subplot='11')", 5),
        ("plotprofilemap('line.image', numpanels='4')", 1),
        ("flagcmd('line.ms', action='plot', useapplied=True)", 1),
        (SIMULATE.format(project="screen", more="graphics='screen'"), 2),
        (SIMULATE.format(project="both", more="graphics='both'"), 2),
        (ALMA, 2),
        (SIMULATE.format(project="analysed", more="graphics='none'") + "\n" + ANALYSE, 2),
    ],
)
def test_each_page_is_a_picture_in_the_cell(notebook: Notebook, call: str, pages: int) -> None:
    found = pictures(notebook.run(call))
    assert len(found) == pages
    for picture in found:
        assert picture.shape[0] > 400
        assert picture.std() > 5, "it is blank"


@pytest.mark.skipif("msuvbinflag" not in TASKS, reason="CASA 6.7.2 and later have it")
def test_msuvbinflag_gives_a_page_for_each_channel_and_polarisation(notebook: Notebook) -> None:
    notebook.run(
        "msuvbin(vis='line.ms', outputvis='binned.ms', imsize=[64], cell='1arcsec', ncorr=2, nchan=8, field='0',"
        " start='229GHz', width='250MHz', phasecenter='J2000 19h59m28.5s +40d44m01.5s')"
    )
    assert len(pictures(notebook.run("msuvbinflag(binnedvis='binned.ms', doplot=True)"))) == 16
    assert pictures(notebook.run("msuvbinflag(binnedvis='binned.ms')")) == []


def test_plotweather_s_figure_is_shown_though_the_task_closes_it_and_its_file_is_written(
    notebook: Notebook, spectral_line: Path
) -> None:
    # The task models the sky in 2000 channels for 21 moments, which takes CASA a minute or two; fifty will do here.
    notebook.run(
        "import casatasks.private.task_plotweather as task\nfrom casatools import atmosphere\n"
        "class Coarse(atmosphere):\n"
        " def initSpectralWindow(self, bands, centre, width, channel):\n"
        "  return super().initSpectralWindow(bands, centre, width, qa.quantity(1, 'GHz'))\n"
        "task.atmosphere = Coarse"
    )
    (picture,) = pictures(notebook.run("opacity = plotweather('line.ms')"))
    assert picture.shape[:2] == (960, 816)
    assert (spectral_line / "line.ms.plotweather.png").is_file()
    assert notebook.run("print(len(opacity))").text == "1\n"


def test_the_same_call_gives_the_same_picture(notebook: Notebook) -> None:
    (first,), (second,) = (pictures(notebook.run("plotants('sim.ms')")) for _ in range(2))
    assert (first == second).all()


def test_a_picture_says_which_page_of_what_it_is_and_how_large(notebook: Notebook) -> None:
    shown_all = notebook.run("plotbandpass('line.bandpass')").of("display_data")
    _, second = (content for content in shown_all if "image/png" in content["data"])
    shown = second["metadata"]["image/png"]
    assert shown == {"alt": "plotbandpass(caltable='line.bandpass'), page 2 of 2", "width": 768, "height": 576}
    assert second["metadata"]["casa"]["parameters"] == {"caltable": "'line.bandpass'"}


def test_plotms_gives_all_pages_of_an_iteration(notebook: Notebook, tmp_path: Path) -> None:
    call = "plotms('line.ms', iteraxis='baseline', xaxis='channel', antenna='1&2;1&3;1&4'"
    assert len(pictures(notebook.run(f"{call})"))) == 3
    assert len(pictures(notebook.run(f"{call}, plotfile='{tmp_path}/mine.png')"))) == 3
    assert list(tmp_path.glob("mine*.png"))


def test_the_user_s_files_are_written(notebook: Notebook, spectral_line: Path, tmp_path: Path) -> None:
    for call in (
        f"plotants('sim.ms', figfile='{tmp_path}/a.pdf')",
        f"plotbandpass('line.bandpass', figfile='{tmp_path}/b')",
        f"flagcmd('line.ms', action='plot', useapplied=True, plotfile='{tmp_path}/c.png')",
        SIMULATE.format(project="file", more="graphics='file'"),
    ):
        assert pictures(notebook.run(call))
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert len(list(tmp_path.glob("b*.png"))) == 2
    assert (tmp_path / "c.png").is_file()
    assert len(list((spectral_line / "file").glob("*.png"))) == 2


def test_the_user_s_own_figure_is_left_alone(notebook: Notebook) -> None:
    cell = notebook.run(
        "from matplotlib import pyplot\n"
        "pyplot.figure(1); pyplot.plot([1, 2])\n"
        "before = pyplot.get_backend(), pyplot.isinteractive(), dict(pyplot.rcParams)\n"
        "plotants('sim.ms')\n"
        "print(pyplot.get_fignums(), len(pyplot.gca().lines))\n"
        "print(before == (pyplot.get_backend(), pyplot.isinteractive(), dict(pyplot.rcParams)))"
    )
    assert cell.text.endswith("[1] 1\nTrue\n")
    assert len(pictures(cell)) == 2, "the task's, and the user's own by the inline backend"
    assert pictures(notebook.run("pass")) == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("pass", ""),
        ("%matplotlib tk", ""),
        ("%matplotlib qt", ""),
        ("matplotlib.rcParams['text.usetex'] = True", "LaTeX does not work here"),
        ("matplotlib.rcParams['interactive'] = False", ""),
        ("warnings.simplefilter('error')", ""),
        ("[pyplot.figure(number) for number in range(1, 25)]", ""),
        ("pyplot.style.use('dark_background')", ""),
    ],
)
def test_whatever_the_user_s_settings_are_a_task_draws_and_they_stay(
    notebook: Notebook, tmp_path: Path, setting: str, said: str
) -> None:
    cell = notebook.run(
        "import os, warnings, matplotlib\nfrom matplotlib import pyplot\n"
        "pyplot.figure(); filters = list(warnings.filters); path = os.environ['PATH']\n"
        # As where LaTeX is not installed.
        f"os.environ['PATH'] = {str(tmp_path)!r}\n"
        f"try:\n    {setting}\nexcept ImportError:\n    pass\n"
        "state = lambda: (dict(pyplot.rcParams), pyplot.get_fignums(), list(warnings.filters))\n"
        "before = state(); plotbandpass('line.bandpass'); plotants('sim.ms'); print('kept:', before == state())\n"
        "pyplot.close('all')"
    )
    notebook.run("warnings.filters[:] = filters; os.environ['PATH'] = path; pyplot.rcdefaults()\n%matplotlib inline")
    assert len(pictures(cell)) == 3
    assert "findfont" not in cell.text
    assert said in cell.text
    assert "kept: True" in cell.text


@pytest.mark.parametrize("axes", ["3012", "3120", "0312"])
def test_a_profile_map_is_the_same_whatever_the_order_of_the_cube_s_axes(notebook: Notebook, axes: str) -> None:
    (wanted,) = pictures(notebook.run("plotprofilemap('line.image', numpanels='4')"))
    notebook.run(f"imtrans('line.image', 'turned{axes}.image', order='{axes}')")
    (found,) = pictures(notebook.run(f"plotprofilemap('turned{axes}.image', numpanels='4')"))
    assert (found == wanted).all()


def test_the_atmosphere_is_drawn_without_a_weather_table(notebook: Notebook) -> None:
    cell = notebook.run(
        "import shutil\nshutil.copytree('line.ms', 'calm.ms'); shutil.rmtree('calm.ms/WEATHER')\n"
        "bandpass('calm.ms', 'calm.bandpass', solint='inf', bandtype='B', refant='0')\n"
        "plotbandpass('calm.bandpass', showatm=True)"
    )
    assert pictures(cell)
    assert cell.text.count("The data have no weather table") == 1


def test_plotweather_says_before_it_computes_that_it_will_draw_nothing(notebook: Notebook) -> None:
    # The model of the sky takes CASA a minute; here it is where the task ends.
    cell = notebook.run(
        "import casatasks.private.task_plotweather as task\n"
        "real = task.atmosphere; task.atmosphere = lambda: print('the sky') or 1 / 0\n"
        "try:\n plotweather('sim.ms')\nfinally:\n task.atmosphere = real"
    )
    assert cell.error is not None
    assert cell.error["ename"] == "ZeroDivisionError"
    assert cell.text.index("no WEATHER table") < cell.text.index("the sky")


@pytest.mark.parametrize(
    "call",
    [
        "flagcmd('line.ms', action='list', useapplied=True)",
        SIMULATE.format(project="none", more="graphics='none'"),
        "tclean('sim.ms', imagename='plain', imsize=64, cell='1arcsec', niter=0, interactive=False) and None",
    ],
)
def test_a_call_that_draws_nothing_shows_nothing_and_starts_nothing(
    notebook: Notebook, children_of: Callable[[int], List[str]], call: str
) -> None:
    before = children_of(notebook.pid)
    cell = notebook.run(call)
    assert cell.error is None
    assert pictures(cell) == []
    assert children_of(notebook.pid) == before


def test_a_task_that_had_nothing_to_draw_says_so(notebook: Notebook) -> None:
    # sim.ms has a single channel, of which plotbandpass draws no line.
    notebook.run("bandpass('sim.ms', caltable='sim.bandpass', solint='inf', refant='0')")
    cell = notebook.run("plotbandpass('sim.bandpass')")
    assert "plotbandpass drew nothing" in cell.text
    assert pictures(cell) == []


@pytest.mark.parametrize("task", ["plotants", "plotbandpass", "flagcmd", "simobserve", "browsetable"])
def test_the_signature_and_documentation_stay_casa_s(notebook: Notebook, task: str) -> None:
    module = "casatablebrowser" if task == "browsetable" else "casatasks"
    cell = notebook.run(
        f"import inspect, {module}\n"
        f"ours, theirs = (list(inspect.signature(each).parameters) for each in ({task}, {module}.{task}.stock))\n"
        f"print(ours == theirs + ['gui'], {task}.__doc__ == {module}.{task}.stock.__doc__, {task}.__name__)"
    )
    assert cell.text == f"True True {task}\n"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("plotants('nowhere.ms')", "NoSuchPath"),
        ("plotants('line.image')", "WrongKind"),
        ("plotants('sim.ms', gui='yes')", "BadParameter"),
        ("plotants('sim.ms', antindx=True)", "BadParameter"),
        ("plotbandpass('sim.ms')", "WrongKind"),
        (
            "ia.open('line.image'); ia.subimage('plane.image', dropdeg=True,"
            " region=rg.box([0, 0, 0, 0], [63, 63, 0, 0])).done()\nia.close(); plotprofilemap('plane.image')",
            "BadParameter",
        ),
        ("browsetable('nowhere.ms')", "NoSuchPath"),
        ("browsetable('sim.ms', gui=False)", "WindowOnly"),
        ("casafeather(gui=False)", "WindowOnly"),
        ("flagdata('nowhere.ms', display='data')", "NoSuchPath"),
    ],
)
def test_bad_input_gives_one_clear_error(notebook: Notebook, call: str, error: str) -> None:
    cell = notebook.run(call)
    assert cell.error is not None
    assert (cell.error["ename"], len(cell.error["traceback"])) == (error, 1)


def test_live_figures_are_one_window_with_pages_and_the_next_call_takes_its_place(
    notebook: Notebook, record: Callable[[], Dict[str, str]], children_of: Callable[[int], List[str]]
) -> None:
    for _ in range(2):
        cell = notebook.run("plotbandpass('line.bandpass', gui=True)")
        assert cell.error is None
        assert "plotbandpass is on the CASA Desktop" in "".join(data["text/plain"] for data in cell.displayed)
    with Screen(record()) as screen:
        window = screen.wait_for_window("plotbandpass(caltable='line.bandpass')")
        assert len(screen.windows()) == 1
        before = window.cut(screen.pixels())
        assert before.std() > 5
        XHand(screen).click((window.left + NEXT[0], window.top + window.height - NEXT[1]))
        screen.wait_until(lambda: bool((window.cut(screen.pixels()) != before).any()), "the second page")


def test_the_window_of_a_figure_ends_when_it_is_closed(
    notebook: Notebook, record: Callable[[], Dict[str, str]], children_of: Callable[[int], List[str]]
) -> None:
    notebook.run("plotants('sim.ms', gui=True)")
    with Screen(record()) as screen:
        window = screen.wait_for_window("plotants")
        XHand(screen).click((window.left + window.width - CROSS, window.top - CROSS))
        screen.wait_until_gone("plotants")
    assert len(pictures(notebook.run("plotants('sim.ms', gui=False)"))) == 1


@pytest.mark.parametrize(("call", "title"), [("browsetable('sim.ms')", "Table Browser"), ("casafeather()", "Feather")])
def test_a_task_that_is_nothing_but_a_window_opens_it(
    notebook: Notebook, record: Callable[[], Dict[str, str]], call: str, title: str
) -> None:
    cell = notebook.run(call)
    assert cell.error is None
    with Screen(record()) as screen:
        assert screen.wait_for_window(title).height > 200


def test_simanalyze_waits_at_the_mask_editor_and_draws_afterwards(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    def draw() -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            editor.draw((0.40, 0.62), (0.58, 0.38))
            editor.go_on()

    notebook.run(SIMULATE.format(project="masked", more="graphics='none'"))
    call = "simanalyze(project='masked', vis='$project.aca.cycle1.ms', imsize=64, cell='1arcsec', niter=10, {})"
    cell = notebook.run(call.format("interactive=True, gui=False"), meanwhile=draw)
    assert cell.error is None
    alts = [each["metadata"].get("casa", {}).get("task") for each in cell.of("display_data")]
    assert alts.count("simanalyze") == 1


def test_the_window_of_a_figure_goes_when_its_kernel_is_killed(
    spectral_line: Path, kernel_environment: Dict[str, str], record: Callable[[], Dict[str, str]]
) -> None:
    with Notebook(spectral_line, kernel_environment) as kernel:
        kernel.run("plotants('sim.ms', gui=True)")
        with Screen(record()) as screen:
            screen.wait_for_window("plotants")
            os.kill(kernel.pid, signal.SIGKILL)
            screen.wait_until_gone("plotants")


def test_a_python_without_tk_is_told_the_remedy_before_the_task_runs(
    spectral_line: Path, kernel_environment: Dict[str, str], tmp_path: Path
) -> None:
    # As in Debian's Python without python3-tk.
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['_tkinter'] = None\n")
    paths = [str(tmp_path), *filter(None, [kernel_environment.get("PYTHONPATH")])]
    with Notebook(spectral_line, {**kernel_environment, "PYTHONPATH": os.pathsep.join(paths)}) as kernel:
        cell = kernel.run("plotants('sim.ms', gui=True)")
        assert cell.error is not None
        assert cell.error["ename"] == "ToolkitMissing"
        assert "apt install python3-tk" in cell.error["evalue"]
        assert len(pictures(kernel.run("plotants('sim.ms')"))) == 1
