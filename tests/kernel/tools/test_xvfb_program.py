"""The private X server of old tools."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Tuple

import pytest
from casa_kernel.tools import processes, xvfb_program

from casa_desktop.runtime.x_files import answers, socket_of

from ...support import living

# `make check` installs none.
pytestmark = pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed here")
IN_ITS_OWN_NETWORK = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",)))


@contextmanager
def x_server(cookie: Path, *within: str) -> Iterator[Tuple[int, subprocess.Popen[str]]]:
    """The number of the display of a private X server, and the program that runs it."""
    cookie.touch()
    command = [*within, sys.executable, xvfb_program.__file__, str(cookie), "--server=/dev/stdout"]
    with living.started(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        assert program.stdout
        try:
            yield int(program.stdout.readline()[1:]), program
        finally:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGTERM)


def test_x_servers_of_two_networks_do_not_take_each_other_s_socket(tmp_path: Path) -> None:
    if subprocess.run([*IN_ITS_OWN_NETWORK, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may have no network of his own here")
    cookie = tmp_path / "cookie"
    # The folder of the sockets is one for both. What only looks at its network finds the same number free in each.
    with x_server(cookie, *IN_ITS_OWN_NETWORK) as (number, _), x_server(cookie, *IN_ITS_OWN_NETWORK) as (other, _):
        assert number != other
        assert answers(socket_of(number))
        assert answers(socket_of(other))


def test_a_server_that_is_stopped_with_its_group_leaves_no_socket(tmp_path: Path) -> None:
    with x_server(tmp_path / "cookie") as (number, program):
        processes.stop_group(program)
        assert not socket_of(number).exists()


def test_a_server_that_is_killed_leaves_no_socket(tmp_path: Path) -> None:
    with x_server(tmp_path / "cookie") as (number, program):
        (server,) = living.below(program.pid)
        server.kill()
        program.wait(20)
        assert not socket_of(number).exists()


def test_the_next_server_removes_what_is_left_of_dead_ones_and_of_no_others(tmp_path: Path) -> None:
    cookie = tmp_path / "cookie"
    with x_server(cookie) as (living_one, _):
        with x_server(cookie) as (young, program):
            os.killpg(program.pid, signal.SIGKILL)
        with x_server(cookie) as (old, program):
            os.killpg(program.pid, signal.SIGKILL)
        for number in (living_one, old):
            os.utime(socket_of(number), (0, 0))
        # Its server might not listen yet.
        os.utime(socket_of(young))
        with x_server(cookie):
            assert answers(socket_of(living_one))
            assert not socket_of(old).exists()
            assert socket_of(young).exists()
    socket_of(young).unlink()
