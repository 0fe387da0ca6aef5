"""``casa-desktop jobs [list]|log|wait|stop|remove``: the jobs that ``casa-desktop run --on`` has made."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from .commands import add_command

if TYPE_CHECKING:
    from ..batch.job_folder import State
    from ..batch.jobs import Row

_EXAMPLES = """\
examples:
  casa-desktop run reduce.ipynb --on here -p vis=my.ms
      prints the id of the new job, reduce-1
  casa-desktop jobs
      lists the jobs: id, phase, cell, since when
  casa-desktop jobs log reduce-1
  casa-desktop jobs wait reduce-1 && casa-desktop run image.ipynb
      waits for its end; the exit status is that of the run
  casa-desktop jobs stop reduce-1
  casa-desktop jobs remove reduce-1
"""


def add_jobs(commands: Any) -> None:
    """Add the command ``jobs`` and its subcommands to ``casa-desktop``."""
    text = "List, wait for, stop and remove the notebooks that run without a terminal ('run --on')."
    parser = add_command(commands, "jobs", list_jobs, text, _EXAMPLES)
    _add_json(parser)
    parser.set_defaults(ids=[])
    group = parser.add_subparsers(dest="jobs_command", metavar="COMMAND")
    _add(group, "list", list_jobs, "List jobs: id, phase, cell, since when, and why.", "*")
    _add(
        group, "log", log, "Print what a job has said: its progress is in the list, its cells' output in its notebook."
    )
    _add(
        group, "wait", wait, "Wait until jobs have ended. The exit status is that of the first that was not done.", "+"
    )
    _add(group, "stop", stop, "Stop jobs: the cell is interrupted, and what there is of the notebook saved.", "+")
    _add(group, "remove", remove, "Remove the folders of jobs that have ended, and the notebooks in them.", "+")


def _add(group: Any, name: str, function: Any, text: str, number: str = "") -> None:
    parser = add_command(group, name, function, text)
    help_text = "the job's id, as 'casa-desktop jobs' lists it" if not number else "the jobs' ids"
    ids = parser.add_argument("ids", nargs=number or 1, metavar="ID", help=help_text)
    ids.completer = _ids  # type: ignore[attr-defined]
    if name == "list":
        _add_json(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    # The same option of the group must not set its default again.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print it as JSON")


def _ids(parsed_args: argparse.Namespace, **_: Any) -> List[str]:
    from ..batch import job_folder

    typed = getattr(parsed_args, "ids", None) or []
    return [each for each in job_folder.ids(job_folder.root(os.environ)) if each not in typed]


def _folders(ids: Sequence[str]) -> List[Any]:
    """Return the folders of jobs; an unknown id is an error before anything is done to another."""
    from ..batch import job_folder

    root = job_folder.root(os.environ)
    return [job_folder.find(root, each) for each in ids]


def list_jobs(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs`` and ``casa-desktop jobs list``."""
    from ..batch import job_folder, jobs

    root = job_folder.root(os.environ)
    found = jobs.rows(root, arguments.ids)
    if getattr(arguments, "json", False):
        print(json.dumps([_as_dict(each) for each in found], indent=1))
    elif not found:
        print(f"There are no jobs in {root}. 'casa-desktop run NOTEBOOK --on here' makes one.")
    else:
        print("\n".join(table(found, time.time())))
    return 0


def _as_dict(row: Row) -> Dict[str, Any]:
    job = {} if row.job is None else asdict(row.job)
    return {"id": row.folder.id, "path": str(row.folder.path), **job, **asdict(row.state)}


def table(rows: Sequence[Row], now: float) -> List[str]:
    """Return the lines of a table of jobs.

    Args:
        rows: the jobs.
        now: the time, in seconds since 1970.
    """
    cells = [("ID", "PHASE", "CELL", "SINCE", ""), *(_cells(each, now) for each in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return ["  ".join([*(word.ljust(width) for word, width in zip(row, widths)), row[4]]).rstrip() for row in cells]


def _cells(row: Row, now: float) -> Sequence[str]:
    state = row.state
    doing = "" if state.phase in ("COMPLETED", "ERROR", "ABORTED") else state.doing
    cell = f"{state.cell} of {state.cells}" if state.cells else ""
    return (row.folder.id, state.phase, cell, _since(state.since, now), state.sentence or doing)


def _since(seconds: float, now: float) -> str:
    if not seconds:
        return ""
    form = "%H:%M" if time.localtime(seconds)[:3] == time.localtime(now)[:3] else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(seconds))


def log(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs log``."""
    (folder,) = _folders(arguments.ids)
    sys.stdout.flush()
    with folder.log.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return 0


def wait(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs wait``."""
    from ..batch import jobs

    status = 0
    for folder in _folders(arguments.ids):
        state = jobs.wait(folder)
        print(_ended(folder.id, state), flush=True)
        status = status or max(state.status, int(state.phase != "COMPLETED"))
    return status


def _ended(name: str, state: State) -> str:
    return f"{name}: {state.phase}{f'. {state.sentence}' if state.sentence else ''}"


def stop(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs stop``; 1 if one cannot be stopped from here."""
    from ..batch import jobs

    status = 0
    for folder in _folders(arguments.ids):
        state = jobs.stop(folder)
        print(_ended(folder.id, state), flush=True)
        status |= state.phase == "UNKNOWN"
    return status


def remove(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs remove``."""
    from ..batch import jobs

    for folder in _folders(arguments.ids):
        jobs.remove(folder)
        print(f"Removed {folder.path}.", flush=True)
    return 0
