"""The first process of a container: real programs, in a mount namespace, which is what a container is here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List

import psutil
import pytest

from casa_desktop.desktop import registry

from ...support import traces
from ...support.living import below, name_of, started
from ...support.processes import ended

# A mount namespace as Apptainer's users have one; its processes are the machine's.
IN_A_CONTAINER = ("unshare", "--user", "--map-current-user", "--mount")
STEWARD = (*IN_A_CONTAINER, sys.executable, "-m", "casa_desktop.launchers.apptainer_init")
# Says when all three are there; two of them outlive the program, one in a session of its own.
FAMILY = "setsid sleep 1000 & sleep 1000 & echo there; exec sleep 1000"


@pytest.fixture
def contained() -> Iterator[List[subprocess.Popen[str]]]:
    """Stewards; whatever is left of their containers is killed afterwards."""
    started: List[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _start(contained: List[subprocess.Popen[str]], *argv: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "APPTAINER_CONTAINER": "here"}
    process = subprocess.Popen([*STEWARD, *argv], stdout=subprocess.PIPE, text=True, env=environ)
    contained.append(process)
    return process


def _inhabitants(process: subprocess.Popen[str]) -> List[psutil.Process]:
    """Return the processes in a steward's container but for itself."""
    own = os.readlink(f"/proc/{process.pid}/ns/mnt")
    return [each for each in psutil.process_iter() if each.pid != process.pid and _mounts(each.pid) == own]


def _mounts(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return ""


@pytest.mark.parametrize(("program", "status"), [(["sh", "-c", "exit 4"], 4), (["sh", "-c", "kill -TERM $$"], 143)])
def test_its_status_is_the_program_s(program: List[str], status: int) -> None:
    assert subprocess.run([*STEWARD, *program], check=False).returncode == status


def test_a_program_that_is_not_there_is_said_in_one_line() -> None:
    done = subprocess.run([*STEWARD, "nonesuch"], check=False, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (127, "nonesuch: No such file or directory\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_program_and_everything_else_ends_after_it(
    contained: List[subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = _start(contained, "sh", "-c", FAMILY)
    assert process.stdout is not None
    process.stdout.readline()
    everybody = _inhabitants(process)
    assert len(everybody) == 4, "the three of the family, and the heir"
    process.send_signal(number)
    assert process.wait(20) == 128 + number
    assert ended(everybody)


def test_the_program_has_the_terminal_and_who_comes_after_it_has_it_again() -> None:
    steward = f"{sys.executable} -m casa_desktop.launchers.apptainer_init"
    script = f"{steward} sh -c 'read line; echo first $line'; read line; echo then $line"
    # On a terminal of its own.
    done = subprocess.run(
        ["script", "--quiet", "--return", "--command", f'sh -c "{script}"'.replace("$", "\\$"), "/dev/null"],
        input="one\ntwo\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=30,
    )
    assert "first one" in done.stdout
    assert "then two" in done.stdout


def test_everything_ends_when_it_is_killed(contained: List[subprocess.Popen[str]]) -> None:
    process = _start(contained, "sh", "-c", FAMILY)
    assert process.stdout is not None
    process.stdout.readline()
    everybody = _inhabitants(process)
    process.kill()
    assert ended(everybody)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_desktop_ends_with_its_container_and_leaves_no_file(
    contained: List[subprocess.Popen[str]], root: Path, number: signal.Signals
) -> None:
    process = _start(contained, "sh", "-c", f"{sys.executable} -m casa_desktop start >&2; echo there; exec sleep 1000")
    assert process.stdout is not None
    process.stdout.readline()
    record = registry.running()
    everybody = _inhabitants(process)
    assert record.x_server_pid in {each.pid for each in everybody}
    process.send_signal(number)
    assert ended(everybody)
    assert not root.exists()
    assert traces.of_display(record.display) == []


def test_without_a_container_it_appoints_nobody_who_could_end_what_is_not_its_own() -> None:
    with started(
        [sys.executable, "-m", "casa_desktop.launchers.apptainer_init", "sh", "-c", "echo $PPID; read x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert list(map(name_of, below(process.pid))) == ["sh"]
        process.communicate("\n")
