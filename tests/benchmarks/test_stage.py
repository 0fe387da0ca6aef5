"""Kernels that are measured: one that dies is noticed by its process, and not by a timeout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Iterator

import pytest

from .stage import STOCK, Kernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(sys.executable, STOCK, tmp_path, {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}) as running:
        yield running


@pytest.mark.parametrize(("end", "how"), [("os._exit(3)", "with the status 3"), ("os.abort()", "by SIGABRT")])
def test_a_kernel_that_dies_is_a_sentence_at_once(kernel: Kernel, end: str, how: str) -> None:
    assert kernel.text("print(6 * 7)") == "42\n"
    cell = f"import os; {end}"
    with pytest.raises(RuntimeError, match=f"the kernel ended {how} while it ran .*{end[:6]}"):
        kernel.run(cell, timeout=10_000)


def test_a_cell_that_fails_is_told_with_what_it_printed(kernel: Kernel) -> None:
    with pytest.raises(RuntimeError, match=r"failed: no\n(.|\n)*before"):
        kernel.run("print('before'); raise ValueError('no')")
    with pytest.raises(TimeoutError, match="has not ended in time"):
        kernel.run("import threading; threading.Event().wait()", timeout=0)
