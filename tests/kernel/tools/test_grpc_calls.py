"""gRPC calls that get no answer, from a real server on a unix socket."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import grpc
import pytest
from casa_kernel.tools import grpc_calls


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
