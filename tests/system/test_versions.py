"""Three releases of CASA beside each other: kernels of one Jupyter server, on one desktop or on one each.

Nothing of ours is in their Pythons: ``casa-desktop kernel install --python`` puts what they lack elsewhere.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import expect

from ..support.lab import Jupyter, Lab, Notebook
from ..support.lab_parts import canvas, names
from ..support.living import command, program
from ..support.mask_editor import TITLE, MaskEditor, find_frame
from ..support.releases import KEPT, RELEASES, Release, pythons
from ..support.screen import Pixels, Point, Screen
from .conftest import PICTURES

pytestmark = pytest.mark.matrix

BESIDE = [release for release in RELEASES if release.casa in ("6.4.4.31", "6.6.5.31", "6.7.0.31")]
SIZE = 128
# Notebooks begin with imports, which bring the kernel's tasks in each release.
CLEAN = f"""
from casatasks import *
tclean(vis="sim.ms", imagename=NAME, imsize={SIZE}, cell="0.4arcsec", specmode="mfs",
       niter=40, cycleniter=20, interactive=True);
"""
READ = """
import json
ia.open(NAME + ".mask")
drawn = ia.getchunk()[:, :, 0, 0].nonzero()
ia.close()
print("mask:", json.dumps([axis.tolist() for axis in drawn]))
"""
DRAW = "from casaviewer import *\nfrom casaviewer import viewer\nviewer('dirty.image')"
CELLS = ("%casa_version", DRAW, "viewer('dirty.image', gui=True)", "import os\nprint(os.getpid())")
VERSION, PICTURE, WINDOW, PROCESS = range(4)


def name(release: Release) -> str:
    """Return a release's version as users know it."""
    return release.casa.rpartition(".")[0]


@pytest.fixture(scope="module")
def releases(place: Path) -> Dict[str, Path]:
    """Their Pythons, by version; as pip makes them."""
    missing = [release.python for release in BESIDE if not pythons(release.python)]
    if missing:
        pytest.skip(f"there is no Python {', '.join(missing)} here")
    folder = Path(KEPT) if KEPT else place / "releases"
    found = {name(release): folder / release.casa / "bin" / "python" for release in BESIDE}
    for release in BESIDE:
        if not found[name(release)].exists():
            release.install(folder / release.casa)
    return found


@pytest.fixture(scope="module")
def kernels(releases: Dict[str, Path], environment: Dict[str, str]) -> Dict[str, str]:
    """The names of their kernels by version, as the command line gives them."""
    return {version: _install(python, environment) for version, python in releases.items()}


@pytest.fixture(scope="module")
def kernels_of_their_own(releases: Dict[str, Path], environment: Dict[str, str]) -> Dict[str, str]:
    """The names of kernels by version; each has a desktop that is called like itself."""
    # A desktop's name has no dots.
    return {
        version: _install(python, environment, f"--name={own}", f"--desktop={own}")
        for version, python in releases.items()
        for own in ["own-" + version.replace(".", "-")]
    }


def _install(python: Path, environment: Dict[str, str], *options: str) -> str:
    command = ["casa-desktop", "kernel", "install", f"--python={python}", "--json", *options]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return str(json.loads(done.stdout)["name"])


@pytest.fixture
def notebooks(lab: Lab, kernels: Dict[str, str]) -> Dict[str, str]:
    """The names of three notebooks, one in each kernel, by version; they are open, the last one in front."""
    return _open(lab, kernels)


def _open(lab: Lab, kernels: Dict[str, str]) -> Dict[str, str]:
    paths = {version: lab.write_notebook(*CELLS, kernel=kernel) for version, kernel in kernels.items()}
    lab.open()
    for path in paths.values():
        lab.open_beside(path)
    return paths


def run_in_each(lab: Lab, notebooks: Dict[str, str], cell: int) -> Dict[str, str]:
    """Run a cell of each notebook; return what they say, by version."""
    said = {}
    for version, path in notebooks.items():
        lab.bring_to_front(path)
        said[version] = Notebook(lab.page).run(cell)
    return said


def pids(lab: Lab, notebooks: Dict[str, str]) -> Dict[str, int]:
    """Return the process of each kernel."""
    return {version: int(said) for version, said in run_in_each(lab, notebooks, PROCESS).items()}


def viewers(screen: Screen) -> Dict[int, str]:
    """Return whose the viewers' windows on a desktop are: the program by the process that started the viewer."""
    shown = [psutil.Process(window.pid) for window in screen.windows() if TITLE in window.title]
    return {_kernel_of(process): program(process) for process in shown}


def _kernel_of(process: psutil.Process) -> int:
    return next(each.pid for each in process.parents() if "casa_kernel" in command(each))


def test_each_kernel_is_named_after_its_casa_and_has_it(lab: Lab, notebooks: Dict[str, str]) -> None:
    for version, path in notebooks.items():
        lab.bring_to_front(path)
        expect(lab.page.locator(".jp-KernelName:visible")).to_contain_text(f"CASA {version}")
        assert re.search(rf"CASA\s+{re.escape(version)}", Notebook(lab.page).run(VERSION))


def test_the_same_image_is_the_same_picture_in_each(lab: Lab, notebooks: Dict[str, str]) -> None:
    pictures = []
    for path in notebooks.values():
        lab.bring_to_front(path)
        notebook = Notebook(lab.page)
        notebook.run(PICTURE)
        pictures.append(inside(notebook.picture(PICTURE)))
    for one in pictures[1:]:
        assert brightest(one) == pytest.approx(brightest(pictures[0]), abs=0.02)
        # The frames differ by a few pixels, and what is between two pixels is drawn by different hands.
        assert np.corrcoef(coarse(one), coarse(pictures[0]))[0, 1] > 0.95
    assert brightest(pictures[0]) == pytest.approx((0.5, 0.5), abs=0.03)


def inside(picture: Pixels) -> Any:
    """Return what is inside the frame in a picture, on a common grid: how red it is. The colours end in red."""
    frame = find_frame(picture)
    assert frame, "there is no framed image in the picture"
    image = Image.fromarray(picture[frame.top + 3 : frame.bottom - 2, frame.left + 3 : frame.right - 2])
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX))[:, :, 0].astype(float)


def coarse(image: Any) -> Any:
    """Return the means of four by four pixels, in one row."""
    return image.reshape(SIZE // 4, 4, SIZE // 4, 4).mean(axis=(1, 3)).ravel()


def brightest(image: Any) -> Tuple[float, float]:
    """Return where the source is, in fractions of the image from the left and from above."""
    middle = np.zeros_like(image)
    middle[SIZE // 4 : -SIZE // 4, 7 * SIZE // 16 : -SIZE // 4] = 1
    down, across = np.nonzero((image > 150) * middle)
    return float(across.mean() / SIZE), float(down.mean() / SIZE)


def test_a_window_of_each_stands_on_one_desktop_which_outlives_their_kernels(
    lab: Lab, notebooks: Dict[str, str], screen: Callable[[], Screen], desktop: Callable[..., str], tmp_path: Path
) -> None:
    run_in_each(lab, notebooks, WINDOW)
    # The first kernel, of the oldest Python, has started it.
    canvas(lab.page)
    assert names(lab.jupyter) == ["main"]
    main, kernels = screen(), pids(lab, notebooks)
    shown = viewers(main)
    assert set(shown) == set(kernels.values())
    assert ["casaviewer-1.5.2" in shown[pid] for pid in kernels.values()] == [True, False, False]
    picture = Path(PICTURES or tmp_path, "windows-of-three-releases.png")
    desktop("screenshot", str(picture))
    with Image.open(picture) as taken:
        assert taken.size == main.size()

    oldest, newest = min(kernels), max(kernels)
    _end_kernel(lab.jupyter, notebooks[oldest])
    main.wait_until(lambda: len(viewers(main)) == 2, "two windows")
    assert kernels[oldest] not in viewers(main)
    lab.bring_to_front(notebooks[newest])
    assert "on the CASA Desktop" in Notebook(lab.page).run(WINDOW)
    assert kernels[newest] in viewers(main)


def _end_kernel(jupyter: Jupyter, path: str) -> None:
    (session,) = (each for each in jupyter.ask("api/sessions") if each["path"] == path)
    jupyter.ask(f"api/kernels/{session['kernel']['id']}", "DELETE")


def test_each_may_have_a_desktop_of_its_own(
    lab: Lab, kernels_of_their_own: Dict[str, str], desktop: Callable[..., str]
) -> None:
    notebooks = _open(lab, kernels_of_their_own)
    run_in_each(lab, notebooks, WINDOW)
    kernels = pids(lab, notebooks)
    records: List[Dict[str, Any]] = json.loads(desktop("status", "--json"))
    assert {record["name"] for record in records} == set(kernels_of_their_own.values())
    for record in records:
        with Screen(record) as own:
            assert list(viewers(own)) == [kernels[record["name"].partition("-")[2].replace("-", ".")]]


@pytest.mark.parametrize("release", BESIDE, ids=str)
def test_a_mask_drawn_in_the_browser_is_the_mask_on_disk_in_each(
    release: Release, lab: Lab, kernels: Dict[str, str], screen: Callable[[], Screen]
) -> None:
    version = name(release)
    notebook = lab.notebook(f'NAME = "mask-{version}"', CLEAN, READ, kernel=kernels[version])
    notebook.run(0)
    notebook.start(1)
    shown, desktop = lab.desktop(), screen()
    shown.wait_for_size_of(desktop)
    editor = MaskEditor.wait_for(desktop, shown)
    corners: Tuple[Point, Point] = editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.go_on()
    notebook.wait_until_finished(1)
    assert editor.is_mask_of(notebook.run(2).split("mask:")[1], corners, SIZE)
