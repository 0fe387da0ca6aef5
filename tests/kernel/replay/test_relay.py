"""The relay between CASA and the mask editor: bytes pass through it unbroken, whatever they are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

import pytest
from casa_kernel.replay import wire

from casa_desktop.system.pythonpath import module

# A client's preface and its settings, as gRPC sends them.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)[:3] + b"\x04" + bytes(5)
QUESTION = wire.message(wire.message(7), 60, 20, "0.000000Jy", "0.091919Jy")
ANSWER = wire.result("continue", wire.message(7), wire.Options(50, 15, "1mJy", "0.091919Jy"))
LOAD = wire.message(wire.message(7), "first.mask", "contour")
HEARD = {
    "question": {"niter": 60, "cycleniter": 20, "threshold": "0.000000Jy", "cyclethreshold": "0.091919Jy"},
    "action": "continue",
    "answer": {"niter": 50, "cycleniter": 15, "threshold": "1mJy", "cyclethreshold": "0.091919Jy"},
}


def frame(stream: int, content: bytes, kind: int = 0, flags: int = 0) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def grpc(content: bytes) -> bytes:
    return b"\0" + len(content).to_bytes(4, "big") + content


def test_questions_and_answers_are_found_however_they_are_cut() -> None:
    padded = frame(3, bytes([4]) + grpc(QUESTION) + bytes(4), flags=0x8)
    asked = PREFACE + frame(1, b"headers", kind=1) + frame(1, grpc(LOAD)) + padded
    answered = frame(1, grpc(wire.message(12))) + frame(3, grpc(ANSWER)[:9]) + frame(3, grpc(ANSWER)[9:])
    for size in (1, 2, 7, 1000):
        connection = wire.Connection()
        for place in range(0, len(asked), size):
            assert connection.asked(asked[place : place + size]) == []
        found = [
            event
            for place in range(0, len(answered), size)
            for event in connection.answered(answered[place : place + size])
        ]
        assert found == [{"load": "first.mask", "kind": "contour"}, HEARD]


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**31 - 1, -1, -(2**31)])
def test_numbers_are_read_as_they_were_written(value: int) -> None:
    options = wire.Options(value, -value if value > -(2**31) else 0, "å 1 Jy", "")
    state = wire.fields(wire.result("stop", b"", options))[2]
    assert isinstance(state, bytes)
    assert wire.options(state) == options


@pytest.mark.parametrize(
    "asked",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        PREFACE + frame(1, b"\1" + grpc(QUESTION)[1:]),
        PREFACE + frame(1, b"\0\xff\xff\xff\xff"),
        PREFACE + b"\xff\xff\xff" + bytes(6),
        PREFACE + frame(1, b"\x09abc", flags=0x8),
    ],
)
def test_what_is_not_understood_is_not_guessed_at(asked: bytes) -> None:
    with pytest.raises(wire.NotUnderstood):
        wire.Connection().asked(asked)


@pytest.mark.parametrize("request_", [b"\x08", b"\x0a\x09abc", b"\x0b", b"\xff" * 12])
def test_a_damaged_message_is_not_guessed_at(request_: bytes) -> None:
    with pytest.raises(wire.NotUnderstood):
        wire.fields(request_)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (wire.message("continue", 7), "an answer has no controls"),
        (wire.message("continue", wire.message(wire.message(7), "sixty", 20, "1Jy", "1Jy")), "field 2 is no number"),
        (wire.message("continue", wire.message(wire.message(7), 60, 20, 1, "1Jy")), "field 4 is no text"),
    ],
)
def test_an_answer_of_another_form_is_not_guessed_at(answer: bytes, reason: str) -> None:
    connection = wire.Connection()
    connection.asked(PREFACE + frame(1, grpc(QUESTION)))
    with pytest.raises(wire.NotUnderstood, match=reason):
        connection.answered(frame(1, grpc(answer)))


Relay = Tuple["subprocess.Popen[bytes]", Callable[[str], str]]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A running relay, and a function that returns the address in place of a viewer's."""
    fifos = [tmp_path / name for name in ("viewers", "addresses")]
    for fifo in fifos:
        os.mkfifo(fifo)
    command = [sys.executable, *module("casa_kernel.replay.relay"), *map(str, fifos)]
    with open(fifos[0], "r+b", buffering=0) as viewers, open(fifos[1], "r+b", buffering=0) as addresses:

        def address_for(viewer: str) -> str:
            viewers.write(f"{viewer}\n".encode())
            return addresses.readline().decode().strip()

        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            yield process, address_for
            process.kill()


def connected(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def received(end: socket.socket, length: int) -> bytes:
    pieces: List[bytes] = []
    while sum(map(len, pieces)) < length:
        piece = end.recv(1 << 16)
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def test_any_bytes_pass_through_in_both_directions_and_so_does_the_end(relay: Relay) -> None:
    process, address_for = relay
    data = os.urandom(3_000_000)
    with socket.create_server(("127.0.0.1", 0)) as viewer:
        address = address_for(f"127.0.0.1:{viewer.getsockname()[1]}")
        with connected(address) as casa:
            end, _ = viewer.accept()
            end.settimeout(20)
            for source, target in ((casa, end), (end, casa)):
                sending = threading.Thread(target=source.sendall, args=(data,))
                sending.start()
                assert received(target, len(data)) == data
                sending.join()
            end.close()
            assert casa.recv(1) == b""
    assert process.stdout is not None
    assert b'"failed"' in process.stdout.readline()
    # The viewer is gone, so its place is refused, too.
    with connected(address) as casa:
        assert casa.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connected(address).close()


def test_what_is_understood_is_printed_before_the_answer_is_passed_on(relay: Relay) -> None:
    process, address_for = relay
    with ExitStack() as stack:
        viewer = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        casa = stack.enter_context(connected(address_for(f"127.0.0.1:{viewer.getsockname()[1]}")))
        end, _ = viewer.accept()
        stack.enter_context(end)
        asked = PREFACE + frame(1, grpc(QUESTION))
        casa.sendall(asked)
        assert received(end, len(asked)) == asked
        answer = frame(1, grpc(ANSWER))
        end.sendall(answer)
        assert received(casa, len(answer)) == answer
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        assert b'"action": "continue"' in process.stdout.readline()
