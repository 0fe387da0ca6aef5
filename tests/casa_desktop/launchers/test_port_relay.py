"""The ports of a Jupyter without our provisioner, and the unix sockets behind them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
import zmq

from casa_desktop.launchers.port_relay import Ports
from casa_desktop.network.isolate import PORTS
from casa_desktop.runtime.rendezvous import Berth, leave, new_berth, occupy

from ...support.ports import free_ports

LARGE = os.urandom(20_000_000)


def connection() -> Dict[str, Any]:
    """Return the contents of a connection file as a Jupyter writes them."""
    return {**dict(zip(PORTS, free_ports(len(PORTS)))), "transport": "tcp", "ip": "127.0.0.1", "key": "k"}


@pytest.fixture
def berth(root: Path) -> Iterator[Berth]:
    """A rendezvous folder."""
    berth = new_berth()
    lock = occupy(berth)
    yield berth
    leave(berth, lock)


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """ZMQ, whose sockets give up after 30 s, and are closed with the test."""
    with zmq.Context() as made:
        for option in (zmq.RCVTIMEO, zmq.SNDTIMEO):
            made.setsockopt(option, 30_000)
        made.setsockopt(zmq.LINGER, 0)
        yield made


def test_the_kernel_is_told_of_unix_sockets_and_all_else_stays(berth: Berth) -> None:
    said = connection()
    ports = Ports(said)
    try:
        told = ports.relay(said, berth)
    finally:
        ports.close()
    numbers = dict(zip(PORTS, range(1, 6)))
    assert told == {**numbers, "transport": "ipc", "ip": str(berth.folder / "k"), "key": "k"}
    assert ports.chosen == {}


def test_a_client_that_connects_first_is_served_when_the_kernel_listens(
    berth: Berth, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    said = connection()
    ports = Ports(said)
    told = ports.relay(said, berth)
    try:
        with context.socket(zmq.DEALER) as client, context.socket(zmq.ROUTER) as kernel:
            client.connect(f"tcp://127.0.0.1:{said['shell_port']}")
            client.send(LARGE)
            kernel.bind(f"ipc://{told['ip']}-{told['shell_port']}")
            who, word = kernel.recv_multipart()
            assert word == LARGE
            kernel.send_multipart([who, LARGE])
            assert client.recv() == LARGE
    finally:
        ports.close()


def test_what_a_kernel_has_said_at_last_arrives_and_its_ports_are_free_then(berth: Berth) -> None:
    said = connection()
    ports = Ports(said)
    with socket.socket(socket.AF_UNIX) as kernel:
        kernel.bind(f"{berth.ipc}-{PORTS.index('shell_port') + 1}")
        kernel.listen()
        ports.relay(said, berth)
        with socket.create_connection(("127.0.0.1", said["shell_port"]), 30) as client:
            inner, _ = kernel.accept()
            with inner:
                inner.sendall(b"last")
            ports.close()
            assert client.makefile("rb").read() == b"last"
    for name in PORTS:
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", said[name]))
            free.listen()


def test_a_client_that_has_gone_is_no_connection_of_the_kernel_any_more(berth: Berth) -> None:
    said = connection()
    ports = Ports(said)
    try:
        with socket.socket(socket.AF_UNIX) as kernel:
            kernel.bind(f"{berth.ipc}-{PORTS.index('hb_port') + 1}")
            kernel.listen()
            ports.relay(said, berth)
            with socket.create_connection(("127.0.0.1", said["hb_port"]), 30) as client:
                inner, _ = kernel.accept()
                client.sendall(b"beat")
            with inner:
                assert inner.makefile("rb").read() == b"beat"
    finally:
        ports.close()


def test_ports_that_jupyter_has_left_to_us_are_told(berth: Berth) -> None:
    ports = Ports({"transport": "tcp"})
    try:
        assert set(ports.chosen) == set(PORTS)
        with socket.create_connection(("127.0.0.1", ports.chosen["shell_port"]), 30):
            pass
    finally:
        ports.close()
