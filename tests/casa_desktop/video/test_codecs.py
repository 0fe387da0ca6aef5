"""Which codecs there are."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Sequence

import pytest

from casa_desktop.video.codecs import CODECS

SOURCES = Path(__file__).parents[3]


@pytest.mark.parametrize(("options", "found"), [((), list(CODECS)), (("-S",), [])], ids=["with PyAV", "without"])
def test_codecs_are_offered_where_pyav_is_installed(options: Sequence[str], found: Sequence[str]) -> None:
    # Without site-packages there is none of the extras.
    code = "from casa_desktop.video.codecs import available; print(available())"
    printed = subprocess.check_output([sys.executable, *options, "-c", code], cwd=SOURCES, text=True)
    assert ast.literal_eval(printed) == found
