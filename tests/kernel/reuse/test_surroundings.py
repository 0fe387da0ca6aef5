"""What results depend on beside their calls: each change of it shows, and nothing else does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest
from casa_kernel.reuse import surroundings
from casa_kernel.reuse.surroundings import Surroundings

from casa_desktop.store.digests import Digests
from casa_desktop.store.file_systems import of_device

from ...support import strace

LATER = time.time() + 3600


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of CASA's data, in small."""
    folder = tmp_path / "data"
    (folder / "geodetic" / "TAI_UTC").mkdir(parents=True)
    (folder / "readme.txt").write_text("version : one\n")
    (folder / "geodetic" / "TAI_UTC" / "table.f0").write_text("37 s")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home without settings."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def made(data: Path, environ: Dict[str, str], began: float = LATER, digests: Any = None) -> Surroundings:
    """Return the surroundings of a process that began after all files were made."""
    return Surroundings([data], digests or Digests(), environ, began)


def test_two_processes_in_the_same_surroundings_agree(data: Path, home: Path) -> None:
    environ = {"HOME": str(home), "PATH": "/bin", "OMP_NUM_THREADS": "2"}
    other = {"HOME": str(home), "PATH": "/usr/bin", "OMP_NUM_THREADS": "8"}
    assert made(data, environ).of("split") == made(data, other).of("split")


def _new_stamp(data: Path, home: Path) -> None:
    (data / "readme.txt").write_text("version : two\n")


def _new_second(data: Path, home: Path) -> None:
    (data / "geodetic" / "TAI_UTC" / "table.f0").write_text("38 s")


def _new_table(data: Path, home: Path) -> None:
    (data / "geodetic" / "IERSpredict").mkdir()
    (data / "geodetic" / "IERSpredict" / "table.dat").touch()


def _new_settings(data: Path, home: Path) -> None:
    (home / ".casarc").write_text("table.endianformat: big\n")


CHANGES = {
    _new_stamp: "CASA's data",
    _new_second: "CASA's data",
    _new_table: "CASA's data",
    _new_settings: "casacore's settings",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.lstrip("_"))
def test_a_change_on_the_disk_shows_in_one_part(change: Any, data: Path, home: Path) -> None:
    environ = {"HOME": str(home)}
    here = made(data, environ)
    before = here.of("split")
    change(data, home)
    later = made(data, environ).of("split")
    assert {name for name in before if before[name] != later[name]} == {CHANGES[change]}
    # It has worked with the old one so far, and may go on to: it agrees with no process before and after.
    assert here.of("split")[CHANGES[change]] not in (before[CHANGES[change]], later[CHANGES[change]])


def test_a_lock_that_reading_leaves_is_no_change(data: Path, home: Path) -> None:
    here = made(data, {"HOME": str(home)})
    before = here.of("split")
    (data / "geodetic" / "TAI_UTC" / "table.lock").touch()
    assert here.of("split") == before


@pytest.mark.parametrize("name", ["VI1", "CASARCFILES", "SAVE_ALL_RESIMS", "OMPI_COMM_WORLD_SIZE"])
def test_a_variable_that_casa_asks_for_shows(name: str, data: Path, home: Path) -> None:
    environ = {"HOME": str(home)}
    changed = made(data, {**environ, name: "1"}).of("split")
    before = made(data, environ).of("split")
    assert {part for part in before if before[part] != changed[part]} == {"variables"}


def test_what_is_younger_than_the_process_agrees_with_no_other(data: Path, home: Path) -> None:
    # It may have begun with older data than there are now.
    one, two = (made(data, {"HOME": str(home)}, began=0).of("split") for _ in range(2))
    assert one["CASA's data"] != two["CASA's data"]
    assert one["casacore's settings"] == two["casacore's settings"]


def test_files_that_did_not_change_are_not_read_again(data: Path, home: Path) -> None:
    if of_device(data.stat().st_dev, str(data), {}).settle > 0:
        pytest.skip("this disk's times are not fine enough to believe them at once")
    digests = Digests()
    here = made(data, {"HOME": str(home)}, digests=digests)
    assert digests.hashed == 2
    here.of("split")
    assert digests.hashed == 2


def test_a_process_knows_when_it_began() -> None:
    code = "import time; from casa_kernel.reuse import surroundings; print(time.time() - surroundings._began())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert 0 <= float(done.stdout) < 60


def _in_casa(code: str, environment: Dict[str, str], *before: str, **more: str) -> str:
    config = Path(__file__).parents[2] / "support" / "observation" / "siteconfig.py"
    done = subprocess.run(
        [*before, sys.executable, "-c", code],
        env={**environment, "CASASITECONFIG": str(config), **more},
        cwd=environment["HOME"],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()[-1] if done.stdout else ""


SOURCES = """
import casatasks, json
from casa_kernel.reuse.surroundings import sources
print(json.dumps({task: sources(task) for task in ("tclean", "split", "flagdata")}))
"""


def test_the_code_of_a_task_is_what_it_imports_of_casatasks(environment: Dict[str, str]) -> None:
    found: Dict[str, List[str]] = json.loads(_in_casa(SOURCES, environment))
    names = {task: {Path(path).name for path in paths} for task, paths in found.items()}
    assert names["tclean"] >= {"tclean.py", "task_tclean.py", "imager_base.py", "cleanhelper.py"}
    assert names["split"] >= {"split.py", "task_split.py"}
    assert "imager_base.py" not in names["flagdata"]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed here")
@pytest.mark.parametrize(
    "more",
    [{}, {"AIPSPATH": "/root one two three"}, {"CASAPATH": "/casa linux"}, {"CASARCFILES": "/mine/rc:/ours/rc"}],
    ids=str,
)
def test_the_settings_that_casacore_reads_are_known(
    more: Dict[str, str], environment: Dict[str, str], tmp_path: Path
) -> None:
    code = (
        "import os; os.path.exists('/mark/casa'); import casatools; casatools.table(); casatools.measures().doframe({})"
    )
    trace = tmp_path / "trace"
    _in_casa(f"try:\n  {code}\nexcept RuntimeError: pass", environment, *strace.COMMAND, "-o", str(trace), **more)
    deeds = strace.deeds(trace, "/mark", environment["HOME"])["casa"]
    asked = {path for path in deeds.missed | deeds.read if path.endswith(("rc", "aipsrc"))}
    assert asked
    known = {os.path.normpath(path) for path in surroundings._settings({**environment, **more})}
    assert asked <= known
