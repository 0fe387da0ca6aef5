"""CASA's log tells the user's own arguments."""

from __future__ import annotations

import pytest
from casa_kernel.log.task_arguments import without_private

from ...support.notebook import Notebook


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("imview( raster='a', out={'file': '/run/x/p/i.png', 'scale': 1.0} )", "imview( raster='a', out='' )"),
        ("plotms( plotfile='/run/x/p/p.png', expformat='png' )", "plotms( plotfile='', expformat='png' )"),
        ("Exporting the plot to /run/x/p/p.png", "Exporting the plot to the cell"),
        ("imview( out={'file': '/home/me/i.png'} )", "imview( out={'file': '/home/me/i.png'} )"),
    ],
)  # fmt: skip
def test_paths_in_the_kernel_s_folder_are_left_out(said: str, wanted: str) -> None:
    assert without_private(said, "/run/x") == wanted


def test_the_log_has_the_call_and_not_where_its_picture_is_drawn(notebook: Notebook) -> None:
    cell = notebook.run(
        "raster = 'dirty.image'; go imview\nplotms('sim.ms')\n"
        "calls = [each for each in open(casalog.logfile()) if 'imview( ' in each or 'plotms( ' in each]\n"
        "print(len(calls), [each for each in calls if 'kernel-' in each], \"out=''\" in calls[0])"
    )
    assert cell.text.splitlines()[-1] == "2 [] True"
