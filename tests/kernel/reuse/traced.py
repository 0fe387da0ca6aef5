"""Program: makes the calls of a module, each in a process of its own, and writes down what their rows say of them.

It is run under strace, in a folder with what ``observation`` and ``spectral_line`` make. Its arguments are the module's
name, and the folder for what it writes down.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

from casa_kernel.reuse import table
from casa_kernel.reuse.rows import ROWS, Row

# A look at a path below it says which call a process makes.
MARK = "/casa-desktop-call"

Call = Tuple[str, Dict[str, Any]]


class Calls:
    """Takes the calls that a module makes of it, as a list."""

    def __init__(self) -> None:
        self.all: List[Call] = []

    def __getattr__(self, task: str) -> Callable[..., None]:
        return lambda **arguments: self.all.append((task, arguments))


def calls_of(module: Any) -> List[Call]:
    """Return the calls of a module, each the task's name with its arguments."""
    calls = Calls()
    module.make(calls)
    return calls.all


def without(row: Row) -> Iterator[Tuple[str, Row]]:
    """Return a row without each of the things that it says, by what is left out."""
    for name in ("reads", "lists", "also", "outputs"):
        said = getattr(row, name)
        for number in range(len(said)):
            # Two outputs may have one path.
            word = f"{number}: {said[number].path}" if name == "outputs" else said[number]
            yield f"{name} {word}", dataclasses.replace(row, **{name: said[:number] + said[number + 1 :]})
    if row.lists_folder:
        yield "lists_folder", dataclasses.replace(row, lists_folder="")


def _make(number: int, task: str, given: Dict[str, Any], notes: Path) -> None:
    """Make a call in a child: in a process that has made others a table may be open still, and is not read anew.

    What it leaves unwritten is written when it ends.
    """
    note = _note(task, given)
    result = notes / f"{number}.result"

    def call() -> None:
        os.path.lexists(f"{MARK}/{number}")
        result.write_text(_run(task, given))

    if "declared" in note:
        child = _in_child(call)
        note.update(process=child, error=result.read_text() if result.exists() else "it ended")
    (notes / f"{number}.json").write_text(json.dumps(note))


def _in_child(do: Callable[[], None]) -> int:
    """Do something in a process of its own, and return its id."""
    child = os.fork()
    if not child:
        try:
            do()
        finally:
            # The threads of casatools are the parent's; an ordinary exit waits for them without end.
            os._exit(0)
    os.waitpid(child, 0)
    return child


def _note(task: str, given: Dict[str, Any]) -> Dict[str, Any]:
    """Return what the task's row says of a call, and what it would say without each of its parts."""
    import casatasks

    made = getattr(casatasks, task, None)
    if made is None:
        return {"lacks": f"this release of CASA has no {task}"}
    parameters = inspect.signature(made.__call__).parameters
    unknown = sorted(set(given) - set(parameters))
    if unknown:
        return {"lacks": f"{task} of this release of CASA has no {unknown[0]}"}
    arguments = {**{name: each.default for name, each in parameters.items()}, **given}
    declared = table.files(task, arguments, os.getcwd())
    if isinstance(declared, table.SimplyRun):
        return {"lacks": declared.reason}
    row = next(row for row in ROWS if row.task == task)
    return {
        "declared": dataclasses.asdict(declared),
        "strict": _strict(row, arguments),
        "without": {said: _strict(other, arguments) for said, other in without(row)},
    }


def _strict(row: Row, arguments: Dict[str, Any]) -> Dict[str, Any]:
    files = table.files_of(row, arguments, os.getcwd(), row.reads)
    return {**dataclasses.asdict(files), "lists_folder": row.lists_folder}


def _run(task: str, given: Dict[str, Any]) -> str:
    """Run a task; return what went wrong."""
    import casatasks

    try:
        result = getattr(casatasks, task)(**given)
    except BaseException:  # noqa: BLE001 (whatever it is, the test tells of it)
        return traceback.format_exc()
    _flush()
    return "it returned False" if result is False else ""


def _flush() -> None:
    """Write what this process has not yet written of tables that a task left open."""
    from casatools import table as table_tool

    descriptors = os.listdir("/proc/self/fd")
    paths = {os.path.realpath(f"/proc/self/fd/{descriptor}") for descriptor in descriptors}
    for path in paths:
        if path.endswith("/table.lock") and path.startswith(os.getcwd()):
            tool = table_tool()
            tool.open(os.path.dirname(path), nomodify=False)
            tool.flush()
            tool.close()


if __name__ == "__main__":
    module = importlib.import_module(sys.argv[1])
    import casatasks  # noqa: F401 (once, and not in each child)

    # What it leaves in CASA's memory is of no call.
    _in_child(module.prepare)
    for index, (name, settings) in enumerate(calls_of(module)):
        _make(index, name, settings, Path(sys.argv[2]))
