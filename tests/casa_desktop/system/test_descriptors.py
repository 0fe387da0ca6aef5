"""Many open files, and waiting for those beyond the first 1024."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import suppress
from typing import Iterator, Tuple

import psutil
import pytest

from casa_desktop.desktop import lifecycle
from casa_desktop.system import descriptors

from ...support.living import family

RAISE = "from casa_desktop.system import descriptors; import resource; descriptors.raise_limit(); "
TELL = "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"


@pytest.fixture
def room() -> Iterator[None]:
    """A limit of 3000 files for this process."""
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    if former[1] < 3000:
        pytest.skip("this machine allows fewer than 3000 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (3000, former[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, former)


@pytest.fixture
def pipe(room: None) -> Iterator[Tuple[int, int]]:
    """A pipe whose reading end is beyond what select(2) takes."""
    reader, writer = os.pipe()
    high = 2000
    os.dup2(reader, high)
    os.close(reader)
    yield high, writer
    os.close(high)
    if writer >= 0:
        os.close(writer)


def test_a_descriptor_beyond_1023_is_waited_for(pipe: Tuple[int, int]) -> None:
    reader, writer = pipe
    assert descriptors.readable([reader], 0) == []
    assert descriptors.readable([reader], 0.001) == []
    os.write(writer, b"x")
    assert descriptors.readable([reader]) == [reader]


def test_what_can_be_read_and_what_can_be_written_are_told_apart(pipe: Tuple[int, int]) -> None:
    reader, writer = pipe
    assert descriptors.ready([reader], [writer]) == ([], [writer])
    os.write(writer, b"x")
    assert descriptors.ready([reader, writer], [writer]) == ([reader], [writer])
    with open(f"/proc/self/fd/{writer}", "wb", buffering=0) as full:
        os.set_blocking(full.fileno(), False)
        while full.write(bytes(4096)):
            pass
        assert descriptors.ready([reader], [full]) == ([reader], [])


def test_an_end_counts_as_readable_and_objects_are_returned_as_they_were_given(room: None) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE) as child:
        assert descriptors.readable([child.stdout], 60) == [child.stdout]
        assert child.stdout is not None
        assert child.stdout.read() == b""


def _limits(soft: int, hard: int) -> Tuple[int, int]:
    said = subprocess.run(
        [sys.executable, "-c", RAISE + TELL],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    first, second = map(int, said.split())
    return first, second


@pytest.mark.parametrize(("soft", "hard"), [(1024, 4096), (256, 256), (4096, 4096)])
def test_the_soft_limit_becomes_the_hard_one(soft: int, hard: int) -> None:
    assert _limits(soft, hard) == (hard, hard)


def test_programs_on_a_desktop_may_have_as_many_files_open_as_the_machine_allows(
    root: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or not 1024 < hard <= 524_288:
        pytest.skip("this machine's hard limit tells nothing here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        limits = {}
        for each in family(lifecycle.ensure().supervisor_pid):
            # The painter of the background ends by itself.
            with suppress(psutil.NoSuchProcess):
                limits[each] = each.rlimit(psutil.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        lifecycle.stop()
    assert len(limits) > 2
    assert set(limits.values()) == {hard}
