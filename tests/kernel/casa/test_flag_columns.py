"""Flags of a MeasurementSet whose spectral windows take turns in its rows, as correlators write them."""

from __future__ import annotations

import pytest

from ...support.notebook import Notebook

BEGIN = """
import shutil
import numpy as np
from casatools import table
from casa_desktop.handwork.flags import difference
from casa_kernel.casa import flag_columns
shutil.copytree('sim.ms', 'turns.ms')
tb = table()
tb.open('turns.ms/DATA_DESCRIPTION', nomodify=False)
tb.addrows(1)
for name in tb.colnames():
    tb.putcell(name, 1, tb.getcell(name, 0))
tb.close()
tb.open('turns.ms', nomodify=False)
windows = np.arange(tb.nrows()) % 3 % 2
tb.putcol('DATA_DESC_ID', windows)
flags = np.random.default_rng(5).random(tb.getcol('FLAG').shape) < 0.3
tb.putcol('FLAG', flags)
tb.close()
before = flag_columns.state('turns.ms')
def flags_now():
    tb.open('turns.ms')
    try:
        return tb.getcol('FLAG')
    finally:
        tb.close()
"""


@pytest.fixture(scope="module")
def kernel(notebook: Notebook) -> Notebook:
    assert notebook.run(BEGIN).error is None
    return notebook


def test_each_row_has_its_own_flags(kernel: Notebook) -> None:
    told = kernel.run(
        "found = np.zeros(flags.T.shape, bool)\n"
        "for each in before.pieces:\n"
        "    count = len(each.rows) * each.shape[0] * each.shape[1]\n"
        "    found[each.rows] = np.unpackbits(each.bits)[:count].reshape(len(each.rows), *each.shape)\n"
        "print(len(before.pieces), sum(len(each.rows) for each in before.pieces) == len(windows))\n"
        "print(np.array_equal(found, flags.T), 0 < flags.mean() < 1)"
    )
    assert told.text == "2 True\nTrue True\n"


def test_a_change_in_one_window_is_made_and_taken_back(kernel: Notebook) -> None:
    told = kernel.run(
        "changed = flags.copy()\n"
        "changed[..., windows == 1] = True\n"
        "tb.open('turns.ms', nomodify=False); tb.putcol('FLAG', changed); tb.close()\n"
        "after = flag_columns.state('turns.ms')\n"
        "change = difference(before, after)\n"
        "print(change.flagged == int((changed & ~flags).sum()) > 0, change.unflagged)\n"
        "with flag_columns.Writing('turns.ms') as writing:\n"
        "    print(flag_columns.take_back(writing, change))\n"
        "print(np.array_equal(flags_now(), flags), flag_columns.state('turns.ms').digest == before.digest)\n"
        "with flag_columns.Writing('turns.ms') as writing:\n"
        "    flag_columns.make(writing, change)\n"
        "print(np.array_equal(flags_now(), changed))"
    )
    assert told.text == "True 0\nNone\nTrue True\nTrue\n"


def test_what_cannot_be_kept_is_told_from_what_can(kernel: Notebook) -> None:
    told = kernel.run(
        "from unittest import mock\n"
        "with mock.patch.object(flag_columns, 'MOST', 10):\n"
        "    try:\n"
        "        flag_columns.state('turns.ms')\n"
        "    except flag_columns.Unreadable as error:\n"
        "        print(error)\n"
        "class Other:\n"
        "    rows = np.array([0, 1])\n"
        "    flagged = np.zeros((2, 99, 1), bool)\n"
        "with flag_columns.Writing('turns.ms') as writing:\n"
        "    try:\n"
        "        writing.read(Other)\n"
        "    except RuntimeError as error:\n"
        "        print(error)"
    )
    assert told.text == "it has more than 10 visibilities\nits rows have other channels or correlations\n"
