"""What casaviewer cannot show, or would show as something else: told, or shown in another way."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any, Dict, Iterator

import numpy as np
import pytest
from PIL import Image

from casa_desktop.desktop import lifecycle

from ...support.notebook import Cell, Notebook

# Small images and MeasurementSets, each with one thing about it.
DATA = """
import numpy as np, os, shutil
noise = np.random.default_rng(1).normal(size=(32, 40, 1, 5))
noise[16, 20] = 20
def image(name, pixels, kind='f'):
    ia.fromarray(name, pixels, type=kind, overwrite=True)
    ia.done()
image('cube.image', noise)
image('plane.image', noise[:, :, 0, 0])
image('double.image', noise, 'd')
image('complex.image', noise * (1 + 0.5j), 'd')
image('spectrum.image', noise[16, 20, 0], 'd')
image('nan.image', noise * np.nan)
image('stokes.image', np.repeat(noise[..., :1], 4, axis=2))
ia.open('plane.image'); ia.subimage('masked.image', mask="'plane.image' > 100"); ia.done()
def observe(name, channels):
    sm.open(name)
    sm.setconfig('ALMA', x=[0., 100., 0.], y=[0., 0., 150.], z=[0., 0., 0.], dishdiameter=[12.] * 3,
                 mount=['alt-az'], antname=['A1', 'A2', 'A3'], coordsystem='local',
                 referencelocation=me.observatory('ALMA'))
    for number, count in enumerate(channels):
        sm.setspwindow(f'w{number}', freq=f'{100 + number}GHz', deltafreq='1MHz', freqresolution='1MHz',
                       nchannels=count, stokes='XX YY')
    sm.setfeed('perfect X Y')
    sm.setfield('src', sourcedirection=me.direction('J2000', '19h59m28s', '-40d00m00s'))
    sm.setlimits(0.001, '1deg'); sm.setauto(0.0)
    sm.settimes('10s', False, me.epoch('UTC', '2000/01/01'))
    for number in range(len(channels)): sm.observe('src', f'w{number}', '0s', '60s')
    sm.close()
observe('alike.ms', [4, 4])
observe('unlike.ms', [4, 8])
tb.open('alike.ms'); tb.copy('rowless.ms', deep=True, valuecopy=True, norows=True).close(); tb.close()
for name, column in (('corrected.ms', 'DATA'), ('flagless.ms', 'FLAG')):
    shutil.copytree('alike.ms', name)
    tb.open(name, nomodify=False); tb.removecols([column]); tb.close()
partition('unlike.ms', 'unlike.mms', separationaxis='spw')
shutil.copytree('cube.image', os.path.expanduser('~/home.image'))
shutil.copytree('cube.image', 'two words.image')
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kernel works."""
    return tmp_path_factory.mktemp("viewer")


@pytest.fixture(scope="module")
def kernel(folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel with the data."""
    with Notebook(folder, kernel_environment) as running:
        cell = running.run(DATA)
        assert cell.error is None, cell.error
        yield running


def picture(cell: Cell) -> Any:
    """Return the only picture of a cell as an array of height x width x 3."""
    assert cell.error is None, cell.error
    (data,) = (data["image/png"] for data in cell.displayed if "image/png" in data)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def colours(cell: Cell) -> int:
    return len(np.unique(picture(cell).reshape(-1, 3), axis=0))


@pytest.mark.parametrize(
    ("call", "name", "sentence"),
    [
        # Nothing would be seen.
        ("msview('unlike.ms')", "NothingShown", "differ in shape (4 and 8 channels)"),
        ("viewer('unlike.mms')", "NothingShown", "differ in shape (4 and 8 channels)"),
        ("msview('rowless.ms')", "NothingShown", "rowless.ms: it has no rows"),
        ("msview('corrected.ms')", "NothingShown", "none of the columns DATA and FLOAT_DATA"),
        ("msview('flagless.ms')", "NothingShown", "the last line of its window (gui=True) says why"),
        ("viewer('plane.image', 'bogus')", "BadParameter", "displaytype is 'bogus', but should be one of raster"),
        ("viewer('plane.image', 'Raster')", "BadParameter", "Did you mean 'raster'?"),
        ("msview('alike.ms', 'contour')", "BadParameter", "a MeasurementSet is shown as 'raster'"),
        ("imview('cube.image', contour='spectrum.image')", "BadParameter", "has one axis"),
        # Something else would be seen.
        ("viewer('cube.image', channel=99999)", "BadParameter", "channel is 99999, but cube.image has channels from"),
        ("viewer('cube.image', channel=5)", "BadParameter", "channels from 0 to 4"),
        ("viewer('plane.image', channel=1)", "BadParameter", "has one channel only, which is 0"),
        ("viewer('stokes.image', channel=4)", "BadParameter", "channels from 0 to 3"),
        ("viewer('cube.image', channel=-3)", "BadParameter", "should be a whole number from 0 on"),
        ("msview('alike.ms', channel=1)", "BadParameter", "follows in images only"),
        ("imview('cube.image', zoom={'channel': 5})", "BadParameter", "zoom['channel'] is 5, but cube.image has"),
        ("imview('cube.image', axes={'x': 'Frequency'}, zoom={'channel': 32})", "BadParameter", "from 0 to 31"),
        ("imview('cube.image', zoom={'channel': 1.5})", "BadParameter", "should be a whole number"),
        ("viewer('cube.image', zoom=0)", "BadParameter", "zoom is 0, but should be a whole number from 1 to"),
        ("viewer('cube.image', zoom=-2)", "BadParameter", "zoom is -2, but should be a whole number from 1 to"),
        ("imview('cube.image', zoom=-3)", "BadParameter", "zoom is -3, but"),
        ("imview('cube.image', zoom=float('nan'))", "BadParameter", "zoom is nan, but"),
        ("imview('cube.image', zoom={'blc': [99, 99], 'trc': [120, 120]})", "BadParameter", "whose plane has 32 x 40"),
        ("imview('cube.image', zoom={'blc': [9, 9], 'trc': [5, 5]})", "BadParameter", "has no pixel"),
        ("imview('cube.image', zoom='nowhere.rgn')", "NoSuchPath", "nowhere.rgn"),
        ("imview('cube.image', zoom={'file': 'cube.image/table.info'})", "BadParameter", "is no region of"),
        ("imview('cube.image', zoom=rg.box([500, 500], [900, 900]))", "BadParameter", "is no region of"),
        ("imview({'file': 5})", "BadParameter", "raster['file'] is 5, but should be a path"),
        ("imview({'scaling': 1})", "BadParameter", "raster['file'] is None, but should be a path"),
        ("imview({'file': 'cube.image', 'colourmap': 'Hot Metal 2'})", "BadParameter", "Did you mean 'colormap'?"),
        ("imview({'file': 'cube.image', 'colormap': 'hot metal 2'})", "BadParameter", "Did you mean 'Hot Metal 2'?"),
        ("imview({'file': 'cube.image', 'scaling': float('inf')})", "BadParameter", "should be a finite number"),
        ("imview({'file': 'cube.image', 'range': [5, 1]})", "BadParameter", "should be [least, greatest]"),
        ("imview(contour={'file': 'cube.image', 'level': [1]})", "BadParameter", "Did you mean 'levels'?"),
        ("imview(contour={'file': 'cube.image', 'thickness': 9})", "BadParameter", "from 0 and up to 5"),
        ("imview('cube.image', zoom={'chanel': 2})", "BadParameter", "Did you mean 'channel'?"),
        ("imview('cube.image', axes={'x': 'declination'})", "BadParameter", "Did you mean 'Declination'?"),
        ("imview('cube.image', axes={'X': 'Declination'})", "BadParameter", "Did you mean 'x'?"),
        ("imview('cube.image', axes=['a', 'b', 'c'])", "BadParameter", "an axis is 'a', but should be one of Right"),
        ("imview('cube.image', axes={'x': 'Stokes', 'y': 'Stokes'})", "BadParameter", "'Stokes' twice"),
        ("imview('cube.image', out={'file': 'x.png', 'scal': 2})", "BadParameter", "Did you mean 'scale'?"),
        ("viewer('cube.image', outfile='x.jpg', outscale=float('nan'))", "BadParameter", "outscale is nan"),
        ("viewer('cube.image', outfile='x.jpg', outdpi=0)", "BadParameter", "outdpi is 0"),
        # Expressions
        ("viewer(\"'nowhere.image'*2\", 'lel')", "BadParameter", "'nowhere.image' is an unknown lattice"),
        ("viewer(\"'cube.image'*\")", "BadParameter", "as a LEL expression: Parse error"),
        ("viewer('5*2', 'lel')", "BadParameter", "it has no image in it"),
    ],
)  # fmt: skip
def test_what_would_be_empty_or_wrong_is_refused(kernel: Notebook, call: str, name: str, sentence: str) -> None:
    cell = kernel.run(call)
    assert cell.error is not None, "there was no error"
    assert (cell.error["ename"], len(cell.error["traceback"])) == (name, 1)
    assert sentence in cell.error["evalue"]
    assert not any("image/png" in data for data in cell.displayed)


@pytest.mark.parametrize(
    ("call", "same"),
    [
        ("viewer('double.image')", "viewer('cube.image')"),
        ("imview(['plane.image', 'double.image'])", "imview(['plane.image', 'cube.image'])"),
        ("viewer(\"'cube.image'*2\", 'lel')", "viewer('cube.image')"),
        ("imview({'file': \"2 * 'double.image'\"})", "viewer('cube.image')"),
        ("viewer(f\"'{os.getcwd()}/cube.image' + 1\")", "viewer('cube.image')"),
        ("viewer('~/home.image * 2', 'lel')", "viewer('cube.image')"),
        ("viewer(\"'~/home.image' + 'two words.image'\")", "viewer('cube.image')"),
    ],
)
def test_copies_and_expressions_show_the_same_pixels(kernel: Notebook, folder: Path, call: str, same: str) -> None:
    ours, theirs = (picture(kernel.run(each)) for each in (call, same))
    # All but the title, which is their name.
    inner = slice(60, 400), slice(160, 420)
    assert (ours[inner] == theirs[inner]).all()
    assert theirs[inner].std() > 5


def test_a_region_is_zoomed_to_along_the_axes_that_are_shown(kernel: Notebook) -> None:
    axes = "axes={'x': 'Frequency'}"
    theirs = picture(kernel.run(f"imview('cube.image', zoom={{'blc': [0, 4], 'trc': [4, 11]}}, {axes})"))
    ours = picture(kernel.run(f"imview('cube.image', zoom=rg.box([0, 4, 0, 0], [31, 11, 0, 4]), {axes})"))
    assert (ours == theirs).all()


def test_what_was_made_only_to_be_shown_is_gone_afterwards(kernel: Notebook, folder: Path) -> None:
    before = set(os.listdir(folder))
    kernel.run("viewer('double.image'); viewer(\"'cube.image'*2\")")
    cell = kernel.run("import glob; print(glob.glob(os.environ['CASA_DESKTOP_RUNTIME_DIR'] + '/.kernel-*/image*'))")
    assert (cell.text, set(os.listdir(folder))) == ("[]\n", before)


def test_a_file_that_got_another_name_is_told(kernel: Notebook, folder: Path) -> None:
    cell = kernel.run("viewer('plane.image', outfile='named.PNG', outformat='png')")
    assert cell.text == f"viewer has written {folder}/named.png, not named.PNG.\n"
    assert (folder / "named.png").is_file()


def test_a_complex_image_is_shown(kernel: Notebook) -> None:
    assert colours(kernel.run("viewer('complex.image')")) > 20


@pytest.mark.parametrize(
    "call",
    ["viewer('spectrum.image')", "imview('spectrum.image', out='profile.png')", "viewer(\"'spectrum.image'*2\")"],
)
def test_an_image_with_one_axis_is_shown_as_a_profile(kernel: Notebook, call: str) -> None:
    cell = kernel.run(call)
    assert colours(cell) > 20
    assert "has one axis" in cell.text


@pytest.mark.parametrize(
    "call",
    ["viewer('nan.image')", "viewer('masked.image')", "imview(contour={'file': 'plane.image', 'levels': [99.]})"],
)
def test_empty_axes_are_shown_with_a_word(kernel: Notebook, call: str) -> None:
    cell = kernel.run(call)
    assert "the axes are empty" in cell.text
    assert picture(cell).std() > 5


@pytest.mark.parametrize(
    "call",
    [
        "viewer('cube.image', channel=4, zoom=3)",
        "imview('cube.image', axes=['Declination', 'Frequency', 'Right Ascension'], zoom={'channel': 31})",
        "imview('cube.image', axes={'x': 'Declination'}, zoom={'channel': 4})",
        "imview('cube.image', zoom={'blc': [-5, 3], 'trc': [50, 9], 'coord': 'pixel'})",
        "viewer('stokes.image', channel=3)",
        "imview('cube.image', axes={'x': 'Frequency'}, zoom={'channel': 31})",
        "imview('cube.image', axes={'z': 'Declination'}, zoom={'channel': 39})",
        "viewer('plane.image', 'contour')",
        "imview('plane.image', axes={'z': 'Declination'})",
        "imview(contour={'file': 'plane.image', 'levels': [0.3, 0.6], 'color': 'red', 'thickness': 1.})",
        "msview('alike.ms')",
    ],
)
def test_what_can_be_shown_is_shown_without_a_word(kernel: Notebook, call: str) -> None:
    cell = kernel.run(call)
    assert picture(cell).std() > 5
    assert cell.text == ""


@pytest.fixture(scope="module")
def live(kernel: Notebook, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """The kernel in live mode; the desktop ends with these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASA_DESKTOP_RUNTIME_DIR", kernel_environment["CASA_DESKTOP_RUNTIME_DIR"])
        kernel.run("%casa_mode live")
        yield kernel
        lifecycle.stop("main")


def test_a_window_with_nothing_in_it_is_an_error_with_the_reason(live: Notebook) -> None:
    cell = live.run("msview('unlike.ms')")
    assert cell.error is not None
    assert (cell.error["ename"], "differ in shape" in cell.error["evalue"]) == ("NothingShown", True)


def test_a_window_that_alone_knows_the_reason_is_kept(live: Notebook) -> None:
    cell = live.run("msview('flagless.ms')")
    assert cell.error is not None
    assert "the last line of its window" in cell.error["evalue"]
    assert any("image/png" in data for data in cell.displayed)


@pytest.mark.parametrize("call", ["viewer('double.image')", "viewer('spectrum.image')", "imview(\"'cube.image'*2\")"])
def test_windows_show_what_cells_do(live: Notebook, call: str) -> None:
    assert colours(live.run(call)) > 50
