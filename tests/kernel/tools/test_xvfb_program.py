"""The private X server of old tools."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest
from casa_kernel.tools import xvfb_program

from casa_desktop.runtime.x_files import answers, socket_of

from ...support import living

IN_ITS_OWN_NETWORK = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",)))


@contextmanager
def x_server(cookie: Path) -> Iterator[int]:
    """The number of the display of a private X server."""
    command = [*IN_ITS_OWN_NETWORK, sys.executable, xvfb_program.__file__, str(cookie), "--server=/dev/stdout"]
    with living.started(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        assert program.stdout
        try:
            yield int(program.stdout.readline()[1:])
        finally:
            os.killpg(program.pid, signal.SIGTERM)


def test_x_servers_of_two_networks_do_not_take_each_other_s_socket(tmp_path: Path) -> None:
    if subprocess.run([*IN_ITS_OWN_NETWORK, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may have no network of his own here")
    cookie = tmp_path / "cookie"
    cookie.touch()
    # The folder of the sockets is one for both. What only looks at its network finds the same number free in each.
    with x_server(cookie) as number, x_server(cookie) as other:
        assert number != other
        assert answers(socket_of(number))
        assert answers(socket_of(other))
