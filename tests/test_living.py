"""What a test asks of processes is answered, whatever has become of them meanwhile."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

import psutil
import pytest

from .support import living

HERE = Path(__file__).parent
# What psutil.Process has, without arguments, and raises for a process that has ended since it was listed.
RISKY = {"cmdline", "environ", "exe", "name", "status", "uids"}


@pytest.fixture(params=["zombie", "gone"])
def former(request: pytest.FixtureRequest) -> Iterator[psutil.Process]:
    """A process that was asked for while it lived, and has ended: waited for by its parent, or not."""
    with living.started(["cat"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        assert living.is_alive(process)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        if request.param == "gone":
            child.wait()
        yield process


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (living.command, []),
        (living.line_of, ""),
        (living.name_of, ""),
        (living.program, ""),
        (living.variables, {}),
        (living.is_alive, False),
        (lambda process: living.living(process.pid), []),
        (lambda process: living.below(process.pid), []),
        (lambda process: living.family(process.pid), []),
        (lambda process: living.with_word([process], "cat"), []),
        (lambda process: living.opened(process.pid), []),
    ],
)
def test_a_process_that_has_ended_is_not_there(
    former: psutil.Process, ask: Callable[[psutil.Process], object], answer: object
) -> None:
    assert ask(former) == answer


def test_measures_of_a_process_that_has_ended_are_no_error(former: psutil.Process) -> None:
    assert living.resident([former]) == living.proportional([former]) == 0
    assert living.seconds(former) >= 0
    assert living.owner(former) in (None, os.getuid())


def test_a_process_that_lives_tells_all() -> None:
    with living.started(
        ["sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "MARK": "me"}
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (process,) = (each for each in living.below(os.getpid()) if each.pid == child.pid)
        assert living.variables(process)["MARK"] == "me"
        assert living.owner(process) == os.getuid()
        assert living.living(child.pid) == living.family(child.pid) == [process]
        assert living.resident([process]) > 0
        assert any(each.startswith("pipe:") for each in living.opened(child.pid))
    own = psutil.Process()
    assert living.command(own)[0] == sys.executable or living.program(own) == os.path.realpath(sys.executable)
    assert living.with_word([own], living.command(own)[0]) == [own]
    assert living.with_word([own], "a word that is not there") == []


def test_a_program_ends_with_its_block_though_an_assertion_fails_there() -> None:
    with pytest.raises(AssertionError), living.started(["sleep", "1000"]) as program:
        raise AssertionError
    assert program.returncode == -signal.SIGKILL


def test_no_test_asks_in_another_way() -> None:
    found = [
        f"{path.relative_to(HERE)}:{node.lineno}: {ast.unparse(node) if sys.version_info >= (3, 9) else node.func.attr}"
        for path in HERE.rglob("*.py")
        if path.name != "living.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if (node.func.attr in RISKY and not node.args) or node.func.attr == "children"
    ]
    assert found == [], "it may have ended: use name_of, below and the like of tests/support/living.py"
