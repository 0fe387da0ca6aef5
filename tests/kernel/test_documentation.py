"""The calls of CASA's own documentation, with their parameters: of imview, msview, viewer and plotms.

https://casadocs.readthedocs.io/en/stable/api/casaviewer.html, likewise casaplotms.html. Data of the same names and
kinds are made for them here; a feed of ALMA's is called X where the documentation has R.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
from PIL import Image

from ..support.notebook import Cell, Notebook

# A cube with a source in its channels 5 to 15, a region around it, and an observation of two fields in four scans.
_DATA = """\
import os
import shutil
import numpy as np
for name in ("test.ms", "test1.ms", "test2.ms", "ngc5921.ms"):
    shutil.copytree(LINE + ".ms", name)
shutil.copytree(LINE + ".bandpass", "ngc5921.bandpass")
tb.open("test.ms", nomodify=False)
times = tb.getcol("TIME")
moments = np.unique(times)
parts = np.searchsorted(moments, times) * 4 // len(moments)
tb.putcol("SCAN_NUMBER", parts + 1)
tb.putcol("FIELD_ID", parts // 2)
tb.close()
tb.open("test.ms/FIELD", nomodify=False)
tb.copyrows("test.ms/FIELD", nrow=1)
tb.putcell("NAME", 1, "N5921_2")
tb.close()
ia.fromshape("ngc5921.clean.image", [256, 256, 1, 46])
x, y = np.indices((256, 256))
source = 0.03 * np.exp(-((x - 127) ** 2 + (y - 122) ** 2) / 200)
ia.putchunk(source[:, :, None, None] * np.exp(-((np.arange(46) - 10) ** 2) / 50))
box = rg.wbox(["110pix", "105pix"], ["144pix", "139pix"], pixelaxes=[0, 1], csys=ia.coordsys().torecord())
ia.close()
rg.tofile("myregion.rgn", box)
with open("calibration.txt", "w") as file:
    file.write("caltable='ngc5921.bandpass' calwt=False\\n")
gaincal(vis="test.ms", caltable="bpphase.gcal", solint="inf", refant="0", calmode="p")
"""

IMAGES = {
    "an image": 'imview "ngc5921.clean.image"',
    "an image and its contours": 'imview "ngc5921.clean.image", "ngc5921.clean.image"',
    "the same by name": 'imview(raster="ngc5921.clean.image", contour="ngc5921.clean.image")',
    "a file": 'imview(raster="ngc5921.clean.image", out="ngc5921-01.png")',
    "a part": 'imview(raster="ngc5921.clean.image", out="ngc5921-02.png",\n'
    "       zoom={'channel': 10, 'blc': [113,109], 'trc': [141,136]} )",
    "a range and a scale": "imview(raster={'file': 'ngc5921.clean.image', 'range': [-0.01,0.03],\n"
    "               'colormap': 'Hot Metal 2', 'scaling': -1},\n"
    "       contour={'file': 'ngc5921.clean.image'},\n"
    "       axes={'x':'Declination'}, zoom={'channel': 7, 'blc': [75,75], 'trc': [175,175], 'coord': 'pixel'},\n"
    "       out='myout.png')",
    "a zoom by a number": "imview(raster={'file': 'ngc5921.clean.image', 'range': [-0.01,0.03],\n"
    "               'colormap': 'Hot Metal 2'},\n"
    "       contour={'file': 'ngc5921.clean.image'}, axes={'x':'Declination'}, zoom=2)",
    "levels and a region": "imview(raster={'file': 'ngc5921.clean.image', 'range': [-0.01,0.03],\n"
    "               'colormap': 'Hot Metal 2'},\n"
    "       contour={'file': 'ngc5921.clean.image', 'levels': [-0.2, 0.2, 0.25, 0.3, 0.35, 0.4, 0.6, 0.8] },\n"
    "       zoom='myregion.rgn')",
    "a region and a channel": "imview('ngc5921.clean.image', zoom={'file': 'myregion.rgn', 'channel': 10})",
    "visibilities": "msview(infile='test.ms', displaytype='raster')",
    "visibilities without parentheses": "msview infile='test.ms'",
    "viewer": 'viewer "ngc5921.clean.image"',
}
PLOTS = {
    "the defaults": "plotms(vis='test.ms')",
    "a calibration table": "plotms(vis='ngc5921.bandpass')",
    "another column": "plotms(vis='test.ms', ydatacolumn='corrected', xaxis='channel')",
    "flagged data": "plotms(vis='test.ms', customflaggedsymbol=True, flaggedsymbolshape='diamond',\n"
    "       flaggedsymbolsize=5, flaggedsymbolcolor='00ff00', flaggedsymbolfill='mesh3')",
    "a selection": "plotms(vis='test.ms', field='1', spw='0:3~10', antenna='1&2', scan='2~4', correlation='XX,YY')",
    "a polarization": "plotms(vis='bpphase.gcal', correlation='X')",
    "a grid of iterations": "plotms(vis='test.ms', xaxis='freq', iteraxis='scan', gridrows=2, gridcols=2)",
    "averages": "plotms(vis='test.ms', avgtime='1e8', avgscan=True)",
    "averaged channels": "plotms(vis='test.ms', xaxis='chan', avgchannel='128')",
    "a calibration library": "plotms(vis='test.ms', xaxis='frequency', yaxis='amp', ydatacolumn='corrected',\n"
    "       field='N5921_2', antenna='*&*', callib='calibration.txt')",
    "a file whose format is given": "plotms(vis='ngc5921.ms', plotfile='ngc5921', expformat='jpg')",
    "a file without a window": "plotms(vis='test.ms', plotfile='test.jpg', showgui=False)",
}


@pytest.fixture(scope="module")
def notebook(
    spectral_line: Path, kernel_environment: Dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    """A kernel in a folder with data of the documentation's names."""
    with Notebook(tmp_path_factory.mktemp("documentation"), kernel_environment) as kernel:
        made = kernel.run(_DATA.replace("LINE", repr(str(spectral_line / "line"))))
        assert made.error is None, made.error
        yield kernel


def pictures(cell: Cell) -> List[Any]:
    """Return the pictures of a cell that ended well, as arrays of height x width x 3."""
    assert cell.error is None, cell.error
    found = [data.get("image/png") or data.get("image/jpeg") for data in cell.displayed]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGB")) for each in found if each]


@pytest.mark.parametrize("call", [*IMAGES.values(), *PLOTS.values()], ids=[*IMAGES, *PLOTS])
def test_the_call_draws_as_it_stands(notebook: Notebook, call: str) -> None:
    (picture,) = pictures(notebook.run(call))
    assert picture.std() > 3


@pytest.mark.parametrize(
    "zoom",
    [
        "{'file': 'myregion.rgn', 'channel': 10}",
        "{**rg.fromfiletorecord('myregion.rgn'), 'channel': 10}",
        "{'file': 'box[[110pix, 105pix], [144pix, 139pix]]', 'channel': 10}",
    ],
    ids=["file", "record", "text"],
)
def test_a_region_shows_what_its_corners_show(notebook: Notebook, zoom: str) -> None:
    corners = "{'channel': 10, 'blc': [110, 105], 'trc': [144, 139]}"
    region, box = (pictures(notebook.run(f"imview('ngc5921.clean.image', zoom={each})"))[0] for each in (zoom, corners))
    assert (region == box).all()


def test_a_region_fits_axes_that_are_turned(notebook: Notebook) -> None:
    turned = "imview('ngc5921.clean.image', axes={'x': 'Declination'}, zoom={'channel': 10, 'file': 'wide.rgn'})"
    notebook.run(
        "ia.open('ngc5921.clean.image')\n"
        "rg.tofile('wide.rgn', rg.wbox(['90pix', '120pix'], ['160pix', '125pix'], pixelaxes=[0, 1],"
        " csys=ia.coordsys().torecord()))\n"
        "ia.close()"
    )
    (picture,) = pictures(notebook.run(turned))
    drawn = (picture.max(axis=2) > 60) & (picture.std(axis=2) > 20)
    rows, columns = np.nonzero(drawn.any(axis=1))[0], np.nonzero(drawn.any(axis=0))[0]
    assert np.ptp(rows) > 2 * np.ptp(columns), "right ascension, along which it is wide, stands upright"


def test_iterations_are_exported_one_by_one(notebook: Notebook) -> None:
    cell = notebook.run(
        "plotms(vis='test.ms', scan='2~4', iteraxis='scan', plotfile='iter.jpg', exprange='all')\n"
        "print(sorted(name for name in os.listdir() if name.startswith('iter')))"
    )
    assert len(pictures(cell)) == 3
    assert cell.text == "['iter_Scan2.jpg', 'iter_Scan3_2.jpg', 'iter_Scan4_3.jpg']\n"


def test_a_second_plot_joins_the_first(notebook: Notebook) -> None:
    first, both = pictures(
        notebook.run(
            "plotms(vis='test1.ms', yaxis='scan', showlegend=True, legendposition='lowerRight')\n"
            "plotms(vis='test2.ms', yaxis='field', plotindex=1, clearplots=False, showlegend=True,\n"
            "       legendposition='lowerRight', customsymbol=True, symbolcolor='00FF00')"
        )
    )
    blue, green = (((both == colour).all(axis=2)).sum() for colour in ((0, 0, 255), (0, 255, 0)))
    assert (first == (0, 0, 255)).all(axis=2).any()
    assert blue > 10
    assert green > 10


def test_two_plots_share_a_page(notebook: Notebook) -> None:
    _, page = pictures(
        notebook.run(
            "plotms(vis='test1.ms', yaxis='field', gridrows=2, gridcols=1)\n"
            "plotms(vis='test2.ms', yaxis='field', gridrows=2, gridcols=1, rowindex=1,\n"
            "       plotindex=1, clearplots=False, plotfile='fields.jpg')"
        )
    )
    half = len(page) // 2
    # JPEG's blue is not quite blue.
    blue = (page[:, :, 2] > 200) & (page[:, :, 0] < 80)
    assert blue[:half].any()
    assert blue[half:].any()


def test_a_name_alone_says_what_it_wants_or_opens_its_window(notebook: Notebook) -> None:
    error = notebook.run("imview").error
    assert error is not None
    assert "gui=True" in error["evalue"]


def test_a_call_without_parentheses_may_stand_anywhere_in_a_cell(notebook: Notebook) -> None:
    cell = notebook.run(
        "name = 'ngc5921.clean.image'; imview raster=name; print('shown')\n"
        "for channel in (9, 10):\n"
        "    imview raster=name, zoom={'channel': channel,\n"
        "        'blc': [75, 75], 'trc': [175, 175]}  # a remark\n"
        'text = """\nimview "nowhere.image"\n"""'
    )
    assert len(pictures(cell)) == 3
    assert cell.text == "shown\n"


def test_a_name_that_the_user_took_is_the_user_s(notebook: Notebook) -> None:
    notebook.run("ours, viewer = viewer, 'mine'")
    (shown,) = notebook.run("viewer").of("execute_result")
    assert shown["data"]["text/plain"] == "'mine'"
    notebook.run("viewer = ours")
    (shown,) = notebook.run("viewer = 'taken here'\nviewer").of("execute_result")
    assert shown["data"]["text/plain"] == "'taken here'"
    notebook.run("viewer = ours")


def test_an_old_short_name_of_a_parameter_leads_to_the_new_one(notebook: Notebook) -> None:
    error = notebook.run("plotms(vis='test.ms', corr='XX,YY')").error
    assert error is not None
    assert "Did you mean 'correlation'?" in error["evalue"]
