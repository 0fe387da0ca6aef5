"""Who compiles the tests of a fresh clone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .compiling import is_compiled, share


def test_shares_are_all_of_the_files_once_and_about_equally_long(tmp_path: Path) -> None:
    paths = [tmp_path / f"test_{size}.py" for size in range(1, 41)]
    for size, path in enumerate(paths, 1):
        path.write_bytes(b"#" * size)
    shares = [share(paths, number, 3) for number in range(3)]
    assert sorted(path for each in shares for path in each) == sorted(paths)
    sizes = [sum(path.stat().st_size for path in each) for each in shares]
    assert max(sizes) - min(sizes) <= 40


def test_what_is_compiled_is_compiled_again_once_it_has_changed(tmp_path: Path) -> None:
    source = tmp_path / "test_it.py"
    source.touch()
    assert not is_compiled(source)
    kept = tmp_path / "__pycache__" / f"test_it.cpython-310-pytest-{pytest.__version__}.pyc"
    kept.parent.mkdir()
    kept.touch()
    os.utime(kept, (1, 1))
    assert not is_compiled(source)
    os.utime(source, (1, 1))
    assert is_compiled(source)
