from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop.store.tally import Tally


def test_a_sum_that_nobody_has_added_to_is_nothing(tmp_path: Path) -> None:
    assert Tally(tmp_path / "sum").total == 0
    assert Tally(tmp_path / "gone" / "sum").total == 0


def test_processes_add_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from casa_desktop.store.tally import Tally\n"
        "tally = Tally(Path(sys.argv[1]))\n"
        "for number in range(200): tally.add(number)"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "sum")]) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert Tally(tmp_path / "sum").total == 3 * sum(range(200))


def test_a_long_file_can_be_drawn_together(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "sum")
    for _ in range(1_001):
        tally.add(123_456_789)
    assert tally.is_long
    tally.become(tally.total)
    assert (tally.total, tally.is_long) == (1_001 * 123_456_789, False)
    tally.add(-1)
    assert tally.total == 1_001 * 123_456_789 - 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"1\n2", b"1\nx\n2\n", b"\n\n3\n"])
def test_a_damaged_line_counts_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "sum").write_bytes(content)
    assert Tally(tmp_path / "sum").total in (0, 3)
