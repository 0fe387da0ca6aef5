"""gRPC calls that get no answer, from a real server on a unix socket."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import grpc
import pytest
from casa_kernel.tools import grpc_calls

# A process that has no memory for gRPC's threads when it first calls a tool, and has it afterwards.
WITHOUT_MEMORY = """
import resource, sys
import grpc
from casa_desktop.errors import Shortage
from casa_kernel.tools.grpc_calls import Line

def limited(call):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), resource.RLIM_INFINITY))
    try:
        call()
    except Shortage as error:
        print(str(error).partition(".")[0])
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

def ask():
    try:
        line.unary_unary("/tool/do")(b"this", timeout=20)
    except grpc.RpcError as error:
        print(error.code().name)

limited(lambda: Line(grpc, sys.argv[1]))
line = Line(grpc, sys.argv[1])
limited(ask)
ask()
"""


class _Waits(grpc.GenericRpcHandler):
    """Answers a call when it is told to, and not before."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        self.asked.set()
        self.may_answer.wait()
        return request


@pytest.fixture
def tool() -> _Waits:
    return _Waits()


@pytest.fixture
def line(tool: _Waits, place: Path) -> Iterator[grpc_calls.Line]:
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool, [tool])
        address = f"unix:{place / 'tool.sock'}"
        server.add_insecure_port(address)
        server.start()
        found = grpc_calls.Line(grpc, address)
        yield found
        found.hang_up()
        tool.may_answer.set()
        server.stop(None).wait()


def test_call_that_no_watchdog_looks_after_ends_at_its_limit(
    line: grpc_calls.Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_calls, "LIMIT", 0.2)
    with pytest.raises(grpc.RpcError) as found:
        line.unary_unary("/tool/do")(b"this")
    assert found.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert line.waiting == 0


def test_call_that_a_watchdog_looks_after_has_no_limit_and_ends_when_it_hangs_up(
    line: grpc_calls.Line, tool: _Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_calls, "LIMIT", 0.0)
    line.watched = True
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(line.unary_unary("/tool/do"), b"this")
        tool.asked.wait()
        assert line.waiting == 1
        line.hang_up()
        with pytest.raises(grpc.RpcError) as found:
            call.result()
    assert found.value.code() is grpc.StatusCode.CANCELLED
    assert line.over


def test_answer_comes_as_it_is_and_each_call_has_a_number_of_its_own(line: grpc_calls.Line, tool: _Waits) -> None:
    tool.may_answer.set()
    ask = line.unary_unary("/tool/do")
    assert [ask(b"this"), ask(b"that")] == [b"this", b"that"]


def test_a_shortage_of_memory_ends_a_call_and_not_the_calls_after_it(place: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_MEMORY, f"unix:{place / 'nobody.sock'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    # The last call reaches gRPC, which finds nobody there.
    said = ["No memory is left", "No memory is left", "UNAVAILABLE", ""]
    assert (done.stdout.split("\n"), done.returncode) == (said, 0), done.stderr
