"""What is asked of processes that may end, and be buried or not, while they are asked.

A list of processes is old when it is read: a helper of a start, or a tool that its kernel has just told to go, has
ended meanwhile. psutil raises an error then; here such a process has no words, no variables and no name, and is not
alive.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, TypeVar

import psutil

Answer = TypeVar("Answer")


def command(process: psutil.Process) -> List[str]:
    """Return the words of a process's command line: none of one that has ended, waited for by its parent or not."""
    return _ask(process.cmdline, [])


def line_of(process: psutil.Process) -> str:
    """Return a process's command line with blanks between its words."""
    return " ".join(command(process))


def name_of(process: psutil.Process) -> str:
    """Return the name of a living process, which is its program's unless it has given itself another."""
    return _ask(process.name, "") if is_alive(process) else ""


def program(process: psutil.Process) -> str:
    """Return the path of the program that a process runs."""
    return _ask(process.exe, "")


def variables(process: psutil.Process) -> Dict[str, str]:
    """Return the environment with which a process was started."""
    return _ask(process.environ, {})


def state(process: psutil.Process) -> str:
    """Return what a process does, as one of psutil's words; one that is no longer there is a zombie, too."""
    return _ask(process.status, psutil.STATUS_ZOMBIE)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that nobody has waited for has ended."""
    return process.is_running() and state(process) != psutil.STATUS_ZOMBIE


def living(pid: Optional[int]) -> List[psutil.Process]:
    """Return the process with this id, or none if it has ended or there is no id."""
    try:
        return [each for each in [psutil.Process(pid)] if is_alive(each)] if pid else []
    except psutil.NoSuchProcess:
        return []


def below(pid: Optional[int], recursive: bool = True) -> List[psutil.Process]:
    """Return the living children of a process, and theirs; none of one that has ended."""
    try:
        return [each for each in psutil.Process(pid).children(recursive=recursive) if is_alive(each)] if pid else []
    except psutil.NoSuchProcess:
        return []


def unburied(pid: int) -> List[str]:
    """Return the names of a living process's children that have ended, and that it has not waited for."""
    return [_ask(each.name, "") for each in psutil.Process(pid).children() if state(each) == psutil.STATUS_ZOMBIE]


def family(pid: int) -> List[psutil.Process]:
    """Return a living process and all that live below it."""
    return [*living(pid), *below(pid)]


def with_word(processes: Iterable[psutil.Process], word: str) -> List[psutil.Process]:
    """Return those processes that have ``word`` somewhere in their command line."""
    return [each for each in processes if word in line_of(each)]


def with_variable(name: str, value: str) -> List[psutil.Process]:
    """Return all processes that were started with this value of an environment variable."""
    return [each for each in psutil.process_iter() if variables(each).get(name) == value]


def owner(process: psutil.Process) -> Optional[int]:
    """Return the id of the user who runs a process."""
    uids = _ask(process.uids, None)
    return uids.real if uids is not None else None


def opened(pid: int) -> List[str]:
    """Return the files, pipes and sockets that a process has open, as /proc names them; none of one that has ended."""
    found: List[str] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            # It may be closed by now.
            with suppress(FileNotFoundError):
                found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def resident(processes: Iterable[psutil.Process]) -> int:
    """Return the memory of processes in bytes; what they share counts for each."""
    found = (_ask(each.memory_info, None) for each in processes)
    return sum(each.rss for each in found if each is not None)


def proportional(processes: Iterable[psutil.Process]) -> int:
    """Return the memory of processes in bytes; of what they share with others each has its part."""
    found = (_ask(each.memory_full_info, None) for each in processes)
    return sum(each.pss for each in found if each is not None)


def seconds(process: psutil.Process) -> float:
    """Return the processor's time that a process has taken, in seconds; one that has ended counts nothing."""
    times = _ask(process.cpu_times, None)
    return float(times.user + times.system) if times is not None else 0.0


@contextmanager
def started(words: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a program for the length of a with block; it is killed at the end, and also where an assertion fails.

    ``subprocess.Popen`` itself waits there for a program that nobody has told to end, and the failure with it.
    """
    with subprocess.Popen(words, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def _ask(question: Callable[[], Answer], otherwise: Answer) -> Answer:
    try:
        return question()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # It has ended, is a zombie (an error of the former's kind), or became another user's program.
        return otherwise
