from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import psutil
import pytest

from casa_desktop.system import memory

LIMIT = 512 << 20
CODE = """
held = bytearray(b"x") * (100 << 20)
from casa_desktop.system.memory import memory
print(*memory())
"""


def test_without_a_limit_of_its_own_it_is_that_of_the_machine() -> None:
    found = memory.memory()
    assert 0 < found.used < found.limit <= psutil.virtual_memory().total
    assert found.is_own == (found.limit < psutil.virtual_memory().total)


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group below this process's own, with a limit."""
    for folder, files in memory._groups():
        new = folder / f"casa-desktop-test-{os.getpid()}"
        try:
            new.mkdir()
        except OSError as error:
            pytest.skip(f"No control group can be made here: {error}")
        try:
            (new / files.limit).write_text(str(LIMIT))
            yield new
        except OSError as error:
            pytest.skip(f"No control group's memory can be limited here: {error}")
        finally:
            new.rmdir()
        return
    pytest.skip("There are no control groups for memory here.")


def test_a_group_s_limit_is_told_with_what_its_processes_use(group: Path) -> None:
    command = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group), sys.executable, "-c", CODE]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    used, limit, is_own = done.stdout.split()
    assert (int(limit), is_own) == (LIMIT, "True")
    assert 100 << 20 < int(used) < LIMIT


@pytest.mark.parametrize(
    ("files", "limit", "expected"),
    [
        (memory._V2, "1000000\n", memory.Memory(700_000, 1_000_000, True)),
        (memory._V2, "max\n", None),
        (memory._V1, "1000000\n", memory.Memory(700_000, 1_000_000, True)),
    ],
)
def test_a_group_s_files_are_read_in_either_version(
    tmp_path: Path, files: memory._Files, limit: str, expected: memory.Memory | None
) -> None:
    (tmp_path / files.limit).write_text(limit)
    (tmp_path / files.used).write_text("900000\n")
    (tmp_path / "memory.stat").write_text(f"anon 600000\n{files.caches} 200000\nfile 300000\n")
    assert memory._of_group(tmp_path, files) == expected
    (tmp_path / "memory.stat").unlink()
    assert memory._of_group(tmp_path, files) is None
