"""Tasks that find no room on the disk: results give way to them, and otherwise the notebook says what was wrong."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from inotify_simple import Event, INotify, flags

from ..support.notebook import Notebook
from ..support.shortage import Disk, small_disk

# What each call below writes at least, in bytes.
SIZE = 36_000_000
LITTLE = 6_000_000
# Its rows are doubled until a column of visibilities is as large as that.
GROW = f"""
import os, shutil
split('line.ms', 'large.ms', datacolumn='data')
tb.open('large.ms')
size = tb.nrows() * tb.getcell('DATA', 0).size * 8
tb.close()
while size < {SIZE}:
    shutil.copytree('large.ms', 'half.ms')
    tb.open('half.ms')
    tb.copyrows('large.ms')
    tb.close()
    shutil.rmtree('half.ms')
    size *= 2
"""


@pytest.fixture(scope="module")
def disk(place: Path) -> Iterator[Disk]:
    with small_disk(place / "full", megabytes=320) as small:
        yield small
    (place / "full").rmdir()


@pytest.fixture(scope="module")
def kernel(disk: Disk, untouched_line: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel on that disk with ``large.ms``."""
    shutil.copytree(untouched_line / "line.ms", disk.path / "line.ms")
    with Notebook(disk.path, kernel_environment) as running:
        assert running.run(GROW).error is None
        yield running


def test_older_results_give_way_to_what_a_running_task_writes(kernel: Notebook, disk: Disk) -> None:
    kernel.run("%casa_reuse on\n%casa_reuse limit 1000 GB")
    # Kept, and only there.
    assert kernel.run("split('large.ms', 'old.ms', datacolumn='data')").error is None
    assert kernel.run("os.system('rm -rf old.ms old.ms.flagversions')").error is None
    assert "1 call, " in kernel.run("%casa_reuse").text
    disk.leave(SIZE // 2)
    # Another call, since the same would be the same result.
    cell = kernel.run("split('large.ms', 'new.ms', datacolumn='data', keepflags=False)")
    assert cell.error is None, cell.error
    assert "not made again" not in kernel.run("%casa_reuse").text
    assert kernel.run("%casa_reuse off\nos.system('rm -rf .casa-reuse new.ms*')").error is None
    disk.make_room()


def test_the_next_kernel_tells_that_the_former_one_died_of_a_full_disk(
    kernel: Notebook, disk: Disk, runtime_directory: Path
) -> None:
    disk.leave(LITTLE)
    with INotify() as notes:
        notes.add_watch(runtime_directory, flags.MOVED_TO)
        kernel.client.execute("split('large.ms', 'lost.ms', datacolumn='data')")
        while not any(each.name.startswith(".former-") for each in _next(notes)):
            pass
    disk.make_room()
    # As Jupyter does.
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    said = kernel.run("print(6 * 7)").text
    assert re.match(rf"The former kernel of this notebook died with .+ left on the disk that holds {disk.path}\.", said)
    assert said.endswith("run those cells again.\n42\n")
    assert list(runtime_directory.glob(".former-*")) == []
    # It is told once.
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.run("print(6 * 7)").text == "42\n"


def _next(events: INotify) -> List[Event]:
    """Wait for events, at most for a minute."""
    found: List[Event] = events.read(timeout=60_000)
    assert found
    return found
