"""Detect a task's failure: raise an exception where the task raises none, and find the reason in CASA's log.

Nearly all tasks of CASA 6.4 to 6.7 raise an exception when they fail. The tasks in the table below write into the log
and return as if nothing had happened. They were found by giving each task wrong paths and selections, and by looking
for ``return`` in ``finally`` in their sources. An error in the log alone is no failure: successful tasks also log
errors, for instance about old leap seconds or a grid without data.
"""

from __future__ import annotations

import functools
import inspect
import os
import signal
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from casa_desktop.errors import Shortage
from casa_desktop.system import signals

from ..checks import arguments, plain_values
from ..errors import TaskFailed
from . import parser, query
from .file import LogFile
from .parser import SEVERE, WARN

# Makes a call, or returns the result of a former one: ``reuse.switch.Switch.perform``.
Perform = Callable[[str, Optional[Mapping[str, Any]], Any, Callable[[], Any]], Any]

# The tasks that ask for masks, which ``hand`` can replay.
ASK_FOR_MASKS = ("tclean", "deconvolve", "sdintimaging")
_HAND = "hand"

# The priorities that mean failure in the log, if the task returns None, False or an empty dictionary.
_SILENT: Mapping[str, Tuple[str, ...]] = {
    # Their checks of parameters log a warning and return None or False.
    "tclean": (WARN, SEVERE),
    "sdintimaging": (WARN, SEVERE),
    # These return in "finally", which swallows every exception.
    "bandpass": (SEVERE,),
    "specfit": (SEVERE,),
    "spxfit": (SEVERE,),
    # These ignore the result of the tool underneath.
    "asdmsummary": (SEVERE,),
    "flagcmd": (SEVERE,),
    "ft": (SEVERE,),
    "listfits": (SEVERE,),
    "partition": (SEVERE,),
    "setjy": (SEVERE,),
}

# Fills its dictionary in any case (from 6.5 on).
_ANY_RESULT = ("bandpass",)

# These have an empty one where there is nothing to tell: without a residual, and in CASA 6.4 always.
_MAY_BE_EMPTY = ("tclean", "sdintimaging")

# These return in "finally", which swallows interrupts too.
_SWALLOW = ("bandpass", "specfit", "spxfit")

# Error messages that mean no failure.
_HARMLESS = ("Leap second table",)

# Prefixes of lines in which CASA repeats the exception itself.
_REPEATED = ("Caught exception: ", "Exception Reported: ", "Exception: ", "Error: ", "*** Error *** ")


class Call:
    """One call of a task, and its messages in the log.

    The log is the file that this process has open, even if it is renamed or removed meanwhile.
    """

    def __init__(self, task: str, logfile: Callable[[], Path]) -> None:
        self.task, self._logfile = task, logfile
        # For all other tasks the log is read only if they return False.
        self._file = LogFile.opened_by(os.getpid(), logfile()) if task in _SILENT else None

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def messages(self) -> List[parser.Message]:
        """Return all messages of the call; can be called only once."""
        if self._file is None:
            return _since_begin(self._logfile(), self.task)
        return list(parser.messages(line for piece in self._file.pieces() for line in piece))


def _since_begin(logfile: Path, task: str) -> List[parser.Message]:
    """Return the messages of the log since ``task`` last began."""
    entries = list(parser.messages(query.tail(logfile, 2000).encode().split(b"\n")))
    begin = f"##### Begin Task: {task} "
    start = max((index for index, entry in enumerate(entries) if entry.text.startswith(begin)), default=0)
    return entries[start:]


def _serious(entries: Iterable[parser.Message], priority: str) -> List[str]:
    """Return the texts of the messages of one priority, without the harmless ones."""
    found = [entry.text for entry in entries if entry.priority == priority]
    return [clean(each) for each in found if not each.startswith(_HARMLESS)]


def clean(said: str) -> str:
    """Return a message of CASA without the lines that name a place in its C++."""
    lines = [line for line in said.split("\n") if not line.lstrip().startswith("... thrown by")]
    text = "\n".join(lines).strip()
    for words in _REPEATED:
        if text.startswith(words):
            text = text[len(words) :]
    return text


def explaining(logfile: Path, task: str, said: str) -> List[str]:
    """Return at most three messages of the log that add to the exception's own message ``said``.

    The first error is most often the cause of those after it; among warnings the last is the nearest.
    """

    entries = _since_begin(logfile, task)

    def news(priority: str) -> List[str]:
        found = dict.fromkeys(_serious(entries, priority))
        echo = f"Task {task} raised an exception"
        return [text for text in found if text and not (text in said or said in text or text.startswith(echo))]

    errors = news(SEVERE)[:3]
    return [*errors, *news(WARN)[len(errors) - 3 :]] if len(errors) < 3 else errors


def check_result(call: Call, result: Any) -> None:
    """Check whether a task that raised no exception has failed nevertheless.

    Raises:
        TaskFailed: it has.
    """
    task = call.task
    is_empty = isinstance(result, dict) and not result and task not in _MAY_BE_EMPTY
    nothing = result is None or result is False or is_empty
    if not nothing and task not in _ANY_RESULT:
        return
    priorities = (WARN, SEVERE) if result is False else _SILENT.get(task)
    if priorities is None:
        return
    # The first error is most often the cause of those after it.
    entries = call.messages()
    said = [each for priority in reversed(priorities) for each in _serious(entries, priority)]
    if said:
        raise TaskFailed(task, said[0], said)


@contextmanager
def heard_interrupts() -> Iterator[List[int]]:
    """Yield a list that records the interrupts within a with block, even if their KeyboardInterrupt is swallowed."""
    heard: List[int] = []

    def hear(former: signals.Handler) -> signals.Handler:
        def handle(number: int, frame: Optional[FrameType]) -> None:
            heard.append(number)
            former(number, frame)

        return handle

    # Other threads get no signals.
    with signals.replaced(signal.SIGINT, hear):
        yield heard


def guard(
    name: str,
    task: Callable[..., Any],
    logfile: Callable[[], Path],
    prepare: Callable[[str, Tuple[Any, ...], Dict[str, Any]], Dict[str, Any]],
    perform: Perform,
) -> Callable[..., Any]:
    """Return ``task`` for users: when it fails, it raises an exception.

    Besides its own parameters it takes ``reuse``, and where it asks for masks ``hand``, which goes on to the task. Its
    signature does not show them: that is CASA's.

    Args:
        task: CASA's task, or ours around it.
        logfile: returns the path of CASA's log.
        prepare: called with the name and the arguments of each call; returns further arguments.
        perform: called with the name, all arguments, the call's own ``reuse``, and a function that makes the call;
            returns the result, which may be a former one.
    """

    signature = inspect.signature(task)

    def ask(*args: Any, **kwargs: Any) -> Any:
        # Tracebacks show only the user's code and CASA's.
        __tracebackhide__ = True
        asked = kwargs.pop("reuse", None)
        hand = {_HAND: kwargs.pop(_HAND)} if name in ASK_FOR_MASKS and kwargs.get(_HAND) is not None else {}
        args, kwargs = plain_values.arguments(args, kwargs)
        kwargs = {**kwargs, **plain_values.arguments((), prepare(name, args, kwargs))[1]}
        args, kwargs = arguments.prepared(name, signature, args, kwargs)
        complete = arguments.complete(signature, args, kwargs)
        whole = {**complete, **hand} if complete is not None else None
        return perform(name, whole, asked, functools.partial(call, args, {**kwargs, **hand}))

    # ``jupyter.tracebacks`` knows it by its name.
    def call(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        __tracebackhide__ = True
        with Call(name, logfile) as running:
            with heard_interrupts() if name in _SWALLOW else nullcontext() as heard:
                try:
                    result = task(*args, **kwargs)
                except AssertionError as error:
                    arguments.explain(error)
                    raise
                except OSError as error:
                    shortage = Shortage.of(error)
                    if shortage is None or shortage is error:
                        raise
                    raise shortage from error
            if heard:
                raise KeyboardInterrupt
            check_result(running, result)
            return result

    ask.__name__ = ask.__qualname__ = name
    ask.__module__ = getattr(task, "__module__", __name__)
    ask.__doc__ = task.__doc__ if inspect.isfunction(task) else type(task).__doc__
    ask.__signature__ = signature  # type: ignore[attr-defined]
    # "tclean??" shows this: the function that does the work. CASA's own object only checks its arguments.
    ask.__wrapped__ = _work_of(name, task)  # type: ignore[attr-defined]
    return ask


def _work_of(name: str, task: Any) -> Any:
    inner = inspect.unwrap(task)
    words = getattr(type(inner).__call__, "__globals__", {})
    return words.get(f"_{name}_t", task)
