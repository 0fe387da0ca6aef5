"""What CASA's tools are asked about tables, and about the primary beams that they remember."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

PREPARED = """
import json, os, casatasks, casatools
from pathlib import Path
from casa_kernel.casa import beams, tables
from casa_kernel.casa.imports import Casa
from casa_desktop.store.digests import Digests
from casa_desktop.store.states import state_of
casa = Casa("", {"casatools": casatools}, {}, None, None, {})
"""
COLUMNS = """
def changed(task, **arguments):
    before = state_of("line.ms", digests).files
    getattr(casatasks, task)(vis="line.ms", **arguments)
    after = state_of("line.ms", digests).files
    return tables.columns(casa, Path("line.ms"), [path for path in after if before.get(path) != after[path]])

digests = Digests()
casatasks.clearcal("line.ms", addmodel=True)
print(json.dumps({
    "applycal": changed("applycal", gaintable=["line.bandpass"], flagbackup=False, applymode="calonly"),
    "flagdata": changed("flagdata", antenna="2", flagbackup=False),
    "setjy": changed("setjy", standard="manual", fluxdensity=[2, 0, 0, 0], usescratch=True),
    "ids": tables.columns(casa, Path("line.ms"), ["table.info", "table.dat"]),
    "no table": tables.columns(casa, Path("nothing"), ["table.f1", "FIELD/table.f0"]),
}))
"""
BEAMS = """
from casatools import vpmanager
vp = vpmanager()
one = beams.digest(casa)
vp.setpbairy(telescope="ALMA", dishdiam="12m", blockagediam="0.75m")
two = beams.digest(casa)
vp.reset()
print(json.dumps([one, two, beams.digest(casa)]))
"""


def in_casa(code: str, folder: Path, environment: Dict[str, str]) -> Any:
    config = Path(__file__).parents[2] / "support" / "observation" / "siteconfig.py"
    done = subprocess.run(
        [sys.executable, "-c", PREPARED + code],
        cwd=folder,
        env={**environment, "CASASITECONFIG": str(config)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def changed(
    untouched_line: Path, tmp_path_factory: pytest.TempPathFactory, environment: Dict[str, str]
) -> Dict[str, list[str]]:
    """The columns that tasks have changed."""
    folder = tmp_path_factory.mktemp("columns")
    for name in ("line.ms", "line.bandpass"):
        shutil.copytree(untouched_line / name, folder / name)
    found: Dict[str, list[str]] = in_casa(COLUMNS, folder, environment)
    return found


@pytest.mark.parametrize(
    ("task", "column"), [("applycal", "CORRECTED_DATA"), ("flagdata", "FLAG"), ("setjy", "MODEL_DATA")]
)
def test_the_column_that_a_task_changed_is_named(task: str, column: str, changed: Dict[str, list[str]]) -> None:
    assert column in changed[task]
    assert "DATA" not in changed[task]


def test_a_table_s_description_is_no_column(changed: Dict[str, list[str]]) -> None:
    assert changed["ids"] == []


def test_subtables_of_what_cannot_be_opened_are_named_all_the_same(changed: Dict[str, list[str]]) -> None:
    assert changed["no table"] == ["FIELD"]


def test_the_primary_beams_that_casa_remembers_have_a_digest(environment: Dict[str, str], tmp_path: Path) -> None:
    one, two, again = in_casa(BEAMS, tmp_path, environment)
    assert one == again != two
    # And the same one in every process.
    assert in_casa(BEAMS, tmp_path, environment)[0] == one
