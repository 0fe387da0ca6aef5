"""What the user reads when the input is bad: a sentence at once, with the kernel alive and nothing left behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

from ..support.living import below, name_of
from ..support.notebook import Cell, Notebook

# What is wrong with the folder's file, by its name: how it comes about from a copy of something sound.
DAMAGE = {
    "cut.image": lambda path: os.truncate(path / "table.dat", 100),
    "cut.ms": lambda path: os.truncate(path / "ANTENNA" / "table.dat", 100),
    "empty.ms": lambda path: os.truncate(path / "table.dat", 0),
    "columnless.image": lambda path: (path / "table.f0").unlink(),
    "columnless.ms": lambda path: (path / "table.f1").unlink(),
    "spwless.ms": lambda path: shutil.rmtree(path / "SPECTRAL_WINDOW"),
    "lockless.image": lambda path: (path / "table.lock").unlink(),
    "lockless.ms": lambda path: (path / "table.lock").unlink(),
}

# The call, the error's name, and what is to be read in it.
TABLE = [
    # Wrong types
    ("viewer(5)", "BadParameter", "infile is 5, but should be of type str"),
    ("viewer(None)", "BadParameter", "infile is None, but should be of type str"),
    ("imview(raster=5)", "BadParameter", "raster is 5, but should be a path"),
    ("imview('sound.image', zoom='x')", "NoSuchPath", "zoom names .*x, which does not exist"),
    ("imview({'file': 'sound.image', 'range': 'x'})", "TaskFailed", "data range must be a list"),
    ("msview('sound.ms', channel='x')", "BadParameter", "channel is 'x', but should be a whole number"),
    ("plotms(5)", "BadParameter", "vis is 5, but should be a path"),
    ("plotms('sound.ms', xaxis=['time'])", "BadParameter", "xaxis must be a string"),
    ("plotms('sound.ms', spw='99')", "TaskFailed", "No match found for 99"),
    ("viewer('sound.image', outfile='x.abc', outformat='abc')", "TaskFailed", "'abc', but should be one of"),
    # Missing files
    ("imview('nowhere.image')", "NoSuchPath", "nowhere.image, which does not exist"),
    ("plotms(['nowhere.ms'])", "NoSuchPath", "nowhere.ms, which does not exist"),
    ("viewer('sound.image/nowhere/deeper')", "NoSuchPath", "which does not exist"),
    ("viewer('sound.image', outfile='/nowhere/x.png')", "NoSuchFolder", "x.png, but there is no folder /nowhere"),
    ("plotms('sound.ms', plotfile='/nowhere/x.png')", "NoSuchFolder", "there is no folder /nowhere"),
    # Broken tables
    ("viewer('cut.image')", "Damaged", r"table.dat is cut short: it has 100 of \d+ bytes"),
    ("msview('cut.ms')", "Damaged", r"ANTENNA/table.dat is cut short: it has 100 of \d+ bytes"),
    ("plotms('empty.ms')", "Damaged", "table.dat is empty"),
    ("imview('columnless.image')", "Damaged", "table.f0: No such file"),
    ("plotms('columnless.ms')", "Damaged", "table.f1 could not be opened: No such file"),
    ("plotms('spwless.ms')", "Damaged", "its subtable SPECTRAL_WINDOW is missing"),
    ("viewer('cut.fits')", "Damaged", "cannot be read"),
    # Symbolic links
    ("viewer('loop.image')", "Damaged", "its symbolic links lead back to themselves"),
    ("plotms('dangling.ms')", "Damaged", "it is a link to gone.ms, which is not there"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound image and MeasurementSet, and others with each kind of damage."""
    place = tmp_path_factory.mktemp("bad")
    for name in ("sound.image", "sound.ms", *DAMAGE):
        shutil.copytree(untouched / ("sim.ms" if name.endswith(".ms") else "dirty.image"), place / name)
    for name, damage in DAMAGE.items():
        damage(place / name)
    (place / "cut.fits").write_bytes(b"SIMPLE  =                    T" + bytes(3000))
    (place / "loop.image").symlink_to("loop.image")
    (place / "dangling.ms").symlink_to("gone.ms")
    return place


@pytest.fixture(scope="module")
def kernel(folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel that works there."""
    with Notebook(folder, kernel_environment) as running:
        yield running


def left(folder: Path, kernel: Notebook, environment: Dict[str, str]) -> Set[str]:
    """Return all files that a call might leave behind."""
    runtime = Path(environment["CASA_DESKTOP_RUNTIME_DIR"])
    private: List[Path] = [each for each in runtime.glob(".kernel-*/*") if "picture" in each.name]
    return {str(each) for each in (*folder.iterdir(), *private, *Path(environment["TMPDIR"]).iterdir())}


def read(cell: Cell) -> str:
    """Return what the user reads: one line with an error's name and sentence."""
    assert cell.error is not None, "there was no error"
    assert len(cell.error["traceback"]) == 1
    assert not any("image/png" in data for data in cell.displayed)
    return f"{cell.error['ename']}: {cell.error['evalue']}"


@pytest.mark.parametrize(("call", "name", "sentence"), TABLE)
def test_bad_input_is_answered_with_a_sentence(
    folder: Path, kernel: Notebook, kernel_environment: Dict[str, str], call: str, name: str, sentence: str
) -> None:
    before = left(folder, kernel, kernel_environment)
    said = read(kernel.run(call))
    assert re.search(f"^{name}: .*{sentence}", said), said
    assert kernel.run("1 + 1").error is None
    assert left(folder, kernel, kernel_environment) == before


@pytest.mark.parametrize("call", ["viewer('lockless.image')", "msview('lockless.ms')", "plotms('lockless.ms')"])
def test_a_table_without_its_lock_file_is_drawn(kernel: Notebook, call: str) -> None:
    cell = kernel.run(call)
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]


@pytest.mark.parametrize(
    "call",
    [
        "viewer('{0}/Bild ä.image', outfile='{0}/viewer ü.png', outformat='png')",
        "imview('{0}/Bild ä.image', out='{0}/imview ü.png')",
        "msview('{0}/Daten ö.ms', outfile='{0}/msview ü.png', outformat='png')",
        "plotms('{0}/Daten ö.ms', plotfile='{0}/plotms ü.png')",
    ],
)
def test_paths_with_spaces_and_umlauts_work(folder: Path, kernel: Notebook, call: str) -> None:
    place = folder / "Gäste und Räume"
    if not place.exists():
        shutil.copytree(folder / "sound.image", place / "Bild ä.image")
        shutil.copytree(folder / "sound.ms", place / "Daten ö.ms")
    cell = kernel.run(call.format(place.name))
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]
    assert (place / f"{call.split('(')[0]} ü.png").stat().st_size > 1000


LOCK = "tb.open('{}', nomodify=False, lockoptions={{'option': 'permanent'}})"


@pytest.mark.parametrize("call", ["plotms('sound.ms')", "msview('sound.ms')"])
def test_a_table_that_another_process_has_locked_is_not_waited_for(
    folder: Path, kernel: Notebook, kernel_environment: Dict[str, str], call: str
) -> None:
    with Notebook(folder, kernel_environment) as other:
        other.run(LOCK.format("sound.ms"))
        said = read(kernel.run(call))
        assert re.search(rf"^Locked: .*sound\.ms, which is locked by process {other.pid} \(", said), said
        other.run("tb.close()")
        assert kernel.run(call).error is None


def test_an_image_that_another_process_has_locked_is_drawn(
    folder: Path, kernel: Notebook, kernel_environment: Dict[str, str]
) -> None:
    with Notebook(folder, kernel_environment) as other:
        other.run(LOCK.format("sound.image"))
        cell = kernel.run("viewer('sound.image')")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]


def test_a_table_that_this_kernel_has_locked_is_told_with_the_remedy(kernel: Notebook) -> None:
    kernel.run(LOCK.format("sound.ms"))
    assert "which is locked by this kernel; close it there, for instance with tb.close()" in read(
        kernel.run("plotms('sound.ms')")
    )
    kernel.run("tb.close()")


# Seconds between two looks at a tool; one that has done nothing at three of them is given up.
LOOKS = "from casa_kernel.tools import stalls; stalls.PERIOD = {}"


def test_an_image_that_takes_longer_than_the_kernel_s_patience_is_drawn(folder: Path, kernel: Notebook) -> None:
    kernel.run(LOOKS.format(1.0))
    _draw_large(folder, kernel, (8192, 16384))
    kernel.run(LOOKS.format(4.0))


def test_an_image_of_two_gigabytes_is_drawn(folder: Path, kernel: Notebook, long: bool) -> None:
    if not long:
        pytest.skip("it takes half a minute; --long draws it")
    _draw_large(folder, kernel, (16384, 32768))


def _draw_large(folder: Path, kernel: Notebook, shape: Tuple[int, int]) -> None:
    assert kernel.run(f"ia.fromshape('big.image', {[*shape]})\nia.close()", timeout=120).error is None
    try:
        cell = kernel.run("viewer('big.image')", timeout=240)
    finally:
        shutil.rmtree(folder / "big.image")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]


# The folders are a kernel's own in a namespace of its own; without the right to that there is no such disk.
DISKS = """
mkdir -p full && mount -t tmpfs -o size=64k tmpfs full && head -c 60000 /dev/zero > full/filler
mkdir -p fixed && mount --bind fixed fixed && mount -o remount,ro,bind fixed
exec "$@"
"""
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", DISKS, "sh")


@pytest.fixture(scope="module")
def confined(folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel for which the folder ``full`` is a full disk and ``fixed`` a read-only one."""
    if shutil.which("unshare") is None or subprocess.run([*UNSHARE[:4], "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let users make namespaces, and so no disk of a test's own")
    (folder / "fixed").mkdir()
    shutil.copytree(folder / "sound.image", folder / "fixed" / "sound.image")
    with Notebook(folder, kernel_environment, within=UNSHARE) as running:
        yield running


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("viewer('sound.image', outfile='full/x.png', outformat='png')", "cannot be written: .*full"),
        ("imview('sound.image', out='full/y.png')", "cannot be written: .*full"),
        ("plotms('sound.ms', plotfile='full/z.png')", "(cannot be written: .*full|export failed)"),
        ("viewer('sound.image', outfile='fixed/x.png', outformat='png')", "cannot be written: the disk is read-only"),
        ("plotms('sound.ms', plotfile='fixed/z.png')", "cannot be written: the disk is read-only"),
    ],
)
def test_a_picture_that_cannot_be_written_is_no_silent_result(confined: Notebook, call: str, sentence: str) -> None:
    said = read(confined.run(call))
    assert re.search(sentence, said), said


def test_an_image_in_a_read_only_folder_is_drawn(confined: Notebook) -> None:
    cell = confined.run("viewer('fixed/sound.image')")
    assert cell.error is None
    assert "image/png" in cell.displayed[-1]


def test_no_tool_has_ended(kernel: Notebook) -> None:
    assert "image/png" in kernel.run("viewer('sound.image')").displayed[-1]
    assert sum("casaviewer" in name_of(each) for each in below(kernel.pid, recursive=False)) == 1
