"""Floods of text that C, and what holds the interpreter's lock, write to standard output and error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Dict

import pytest
from casa_kernel.jupyter import pipe_reader, streams

from casa_desktop.system.process import open_pid

from ...support.notebook import Notebook

# PyDLL keeps the interpreter's lock during a call, as f2py, Cython and pybind11 do; CDLL lets it go.
BEGIN = "import ctypes, os, psutil, threading\nholding, free = ctypes.PyDLL(None), ctypes.CDLL(None)\n"
PUMPS = (
    "[each for each in psutil.process_iter(['ppid', 'cmdline'])"
    " if each.info['ppid'] == os.getpid() and 'pipe_reader.py' in ' '.join(each.info['cmdline'] or ())]"
)
FLOOD = f"""{BEGIN}
flooding = True
def flood(library, number):
    while flooding:
        library.write(2, b'x' * 9999 + b'\\n', 10000)
threads = [threading.Thread(target=flood, args=(each, 2)) for each in (holding, free, free)]
for each in threads:
    each.start()
try:
    # It is interrupted as soon as this is seen, which may be before the next line.
    display({{'text/plain': 'begun'}}, raw=True)
    while True:
        holding.write(1, b'y' * 9999 + b'\\n', 10000)
finally:
    flooding = False
    for each in threads:
        each.join()
"""


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_flood_by_what_holds_the_interpreter_s_lock_is_printed_whole_under_its_cell(
    notebook: Notebook, descriptor: int
) -> None:
    cell = notebook.run(f"{BEGIN}holding.write({descriptor}, b'all of it\\n' * 100000, 1000000)\nNone")
    assert cell.text == "all of it\n" * 100000


def test_what_c_writes_is_printed_as_it_is(notebook: Notebook) -> None:
    mark = streams._MARK
    pieces = [b"\0", "Ångström ".encode(), mark[:-1], b"\0\0"]
    cell = notebook.run(f"{BEGIN}for each in {pieces!r}: os.write(1, each)")
    assert cell.text.encode() == b"".join(pieces)


def test_a_flood_from_several_threads_does_not_lose_the_interrupt(notebook: Notebook) -> None:
    cell = notebook.run(FLOOD, meanwhile=lambda: os.kill(notebook.pid, signal.SIGINT))
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert "2\n" in notebook.run("print(1 + 1)").text


def test_what_reads_the_streams_comes_back_when_it_is_killed(notebook: Notebook) -> None:
    notebook.run(f"{BEGIN}[pump] = {PUMPS}\npump.kill()")
    assert "still here" in notebook.run("os.write(2, b'still here\\n')").text
    assert f"{True}" in notebook.run(f"[other] = {PUMPS}\nprint(other.pid != pump.pid)").text


class _Stream(streams.NativeStream):
    """One that writes to a pipe, and keeps what it would print."""

    def __init__(self, reader: int, writer: int) -> None:
        self._fid, self._original_stdstream_fd, self._original_stdstream_copy = reader, writer, writer
        self._should_watch, self.pipes, self.text = True, [streams._pipe(writer)], ""

    def write(self, string: str) -> int:
        self.text += string
        return len(string)


def test_cells_wait_for_their_text_again_after_a_mark_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    stream = _Stream(reader, writer)
    # Of what a full or a killed pump holds, nothing arrives.
    monkeypatch.setattr(streams, "_SETTLED", 0)
    stream.settle()
    assert os.read(reader, 1000).startswith(streams._MARK)
    os.write(writer, b"first ")
    monkeypatch.setattr(streams, "_SETTLED_NEXT", 0)
    stream.settle()
    monkeypatch.setattr(streams, "_SETTLED_NEXT", 60)
    os.write(writer, b"next")
    # The copy for Jupyter's log would come back.
    stream._original_stdstream_copy = os.open(os.devnull, os.O_WRONLY)
    watch = threading.Thread(target=stream._watch_pipe_fd)
    watch.start()
    stream.settle()
    assert stream.text == "first next"
    os.close(writer)
    watch.join()
    for each in (reader, stream._original_stdstream_copy):
        os.close(each)


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_a_mark_that_comes_in_pieces_is_no_text(size: int) -> None:
    whole = b"before" + streams._MARK + b"0000000012" + b"after"
    held, text, numbers = b"", b"", []
    for start in range(0, len(whole), size):
        *parts, held = streams._NUMBERED.split(held + whole[start : start + size])
        held, rest = streams._split_beginning(held)
        text += b"".join(parts[::2]) + rest
        numbers += parts[1::2]
    assert (text + held, numbers) == (b"beforeafter", [b"0000000012"])


def test_plotms_draws_while_grpc_tells_all_that_it_does(observation: Path, kernel_environment: Dict[str, str]) -> None:
    talkative = {"GRPC_VERBOSITY": "debug", "GRPC_TRACE": "all"}
    with Notebook(observation, {**kernel_environment, **talkative}) as kernel:
        for _ in range(2):
            cell = kernel.run("plotms('sim.ms')")
            assert cell.error is None
            assert "image/png" in cell.displayed[-1]


def test_an_output_of_jupyter_s_that_nobody_reads_keeps_nobody_waiting() -> None:
    reader, writer = os.pipe()
    copy = streams._Copy(writer)
    for _ in range(10):
        copy.write(bytes(100_000))
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert 0 < len(pipe.read()) < 1_000_000


def test_a_pump_takes_all_at_once_and_says_what_it_leaves_out() -> None:
    source, sink = os.pipe()
    reader, target = os.pipe()
    argv = [sys.executable, pipe_reader.__file__, f"{source}:{target}"]
    with subprocess.Popen(argv, pass_fds=[source, target]) as process:
        os.close(source)
        os.close(target)
        for _ in range(70):
            os.write(sink, bytes(1 << 20))
        os.close(sink)
        with os.fdopen(reader, "rb") as pipe:
            text = pipe.read()
        assert process.wait(20) == 0
    said = text.lstrip(b"\0").strip(b"\0\n").decode()
    assert said.endswith(" bytes came too fast and are left out here]")
    assert len(text.strip(b"\0\n[")) < len(text)
    left_out = int(said.lstrip("[").split()[0])
    assert text.count(b"\0") + left_out == 70 << 20


def test_a_pump_ends_with_its_reader() -> None:
    source, sink = os.pipe()
    reader, target = os.pipe()
    argv = [sys.executable, pipe_reader.__file__, f"{source}:{target}"]
    with subprocess.Popen(argv, pass_fds=[source, target]) as process:
        for each in (source, target, reader):
            os.close(each)
        assert process.wait(20) == 0
        with pytest.raises(BrokenPipeError):
            os.write(sink, b"x")
    os.close(sink)


def test_a_pump_ends_with_the_kernel_though_what_native_code_has_forked_holds_both_ends() -> None:
    source, sink = os.pipe()
    reader, target = os.pipe()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as kernel:
        life = open_pid(kernel.pid)
        assert life is not None
        argv = [sys.executable, pipe_reader.__file__, str(life), f"{source}:{target}"]
        with subprocess.Popen(argv, pass_fds=[life, source, target]) as process:
            os.write(sink, b"x")
            assert os.read(reader, 1) == b"x"
            kernel.kill()
            assert process.wait(20) == 0
    for each in (source, sink, reader, target, life):
        os.close(each)


def test_a_file_that_a_cell_puts_in_the_place_of_standard_output_gets_nothing_of_ours(
    notebook: Notebook, tmp_path: Path
) -> None:
    notebook.run(
        f"import os; kept = os.dup(1); file = os.open({str(tmp_path / 'said')!r}, os.O_WRONLY | os.O_CREAT)\n"
        "os.dup2(file, 1); os.system('echo mine')"
    )
    notebook.run("os.system('echo mine, too')")
    notebook.run("os.dup2(kept, 1)")
    assert (tmp_path / "said").read_text() == "mine\nmine, too\n"
    assert "back" in notebook.run("os.system('echo back')").text
