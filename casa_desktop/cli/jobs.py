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
from .job_table import counts, of_array, overview, table

if TYPE_CHECKING:
    from ..batch.job_folder import Folder
    from ..batch.job_state import State
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
  casa-desktop jobs list reduce-2
      of an array ('run -p vis=@list.txt'): a table of its jobs; all commands take its name, or a job's, reduce-2.7
"""


def add_jobs(commands: Any) -> None:
    """Add the command ``jobs`` and its subcommands to ``casa-desktop``."""
    text = "List, wait for, stop and remove the notebooks that run without a terminal ('run --on')."
    parser = add_command(commands, "jobs", list_jobs, text, _EXAMPLES)
    _add_json(parser)
    parser.set_defaults(ids=[])
    group = parser.add_subparsers(dest="jobs_command", metavar="COMMAND")
    _add(group, "list", list_jobs, "List jobs: id, phase, cell, since when, and why; or the jobs of an array.", "*")
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
    help_text = "the id of a job or array, as 'casa-desktop jobs' lists it" if not number else "ids of jobs or arrays"
    ids = parser.add_argument("ids", nargs=number or 1, metavar="ID", help=help_text)
    ids.completer = _ids  # type: ignore[attr-defined]
    if name == "list":
        _add_json(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    # The same option of the group must not set its default again.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print it as JSON")


def _ids(parsed_args: argparse.Namespace, **_: Any) -> List[str]:
    from ..batch import job_root

    typed, root = getattr(parsed_args, "ids", None) or [], job_root.root(os.environ)
    return [each for each in dict.fromkeys(_name(each) for each in job_root.ids(root)) if each not in typed]


def _name(job: str) -> str:
    """Return what a list of all jobs calls a job: by the array that it is part of, or by its id."""
    from ..batch.arrays import name_of

    return name_of(job) or job


def _found(ids: Sequence[str]) -> Dict[str, List[Folder]]:
    """Return the folders of jobs and arrays; an unknown id is an error before anything is done to another."""
    from ..batch import arrays, job_root

    return arrays.found(job_root.root(os.environ), ids)


def _is_array(name: str, folders: Sequence[Folder]) -> bool:
    return [folder.id for folder in folders] != [name]


def list_jobs(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs`` and ``casa-desktop jobs list``."""
    from ..batch import job_root, jobs

    root = job_root.root(os.environ)
    groups = _found(arguments.ids)
    wanted = [folder.id for folders in groups.values() for folder in folders]
    found = jobs.rows(root, wanted) if wanted or not arguments.ids else []
    if getattr(arguments, "json", False):
        print(json.dumps([_as_dict(each) for each in found], indent=1))
    elif not found:
        print(f"There are no jobs in {root}. 'casa-desktop run NOTEBOOK --on here' makes one.")
    elif not groups:
        print("\n".join(overview(found, time.time())))
    else:
        print("\n".join(_tables(groups, found)))
    return 0


def _tables(groups: Dict[str, List[Folder]], rows: Sequence[Row]) -> List[str]:
    """Return the lines of a table of the single jobs, and of one for each array."""
    arrays = {name: {folder.id for folder in folders} for name, folders in groups.items() if _is_array(name, folders)}
    single, now = [row for row in rows if row.folder.id in groups], time.time()
    lines = table(single, now) if single else []
    for ids in arrays.values():
        lines += [""] * bool(lines) + of_array([row for row in rows if row.folder.id in ids], now)
    return lines


def _as_dict(row: Row) -> Dict[str, Any]:
    job = {} if row.job is None else asdict(row.job)
    return {"id": row.folder.id, "path": str(row.folder.path), **job, **asdict(row.state)}


def log(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs log``."""
    ((name, folders),) = _found(arguments.ids).items()
    for folder in folders:
        if _is_array(name, folders):
            print(f"==> {folder.id} <==")
        sys.stdout.flush()
        with folder.log.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    return 0


def wait(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs wait``."""
    from ..batch import jobs

    status = 0
    for name, folders in _found(arguments.ids).items():
        states = [jobs.wait(folder) for folder in folders]
        _print_ended(name, folders, states)
        for state in states:
            status = status or max(state.status, int(state.phase != "COMPLETED"))
    return status


def _print_ended(name: str, folders: Sequence[Folder], states: Sequence[State]) -> None:
    """Print how a job has ended, or the table of an array's."""
    from ..batch import jobs

    if not _is_array(name, folders):
        (state,) = states
        print(f"{name}: {state.phase}{f'. {state.sentence}' if state.sentence else ''}", flush=True)
        return
    rows = jobs.rows(folders[0].path.parent, [folder.id for folder in folders])
    print("\n".join([*of_array(rows, time.time()), f"{name}: {counts(states)}"]), flush=True)


def stop(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs stop``; 1 if one cannot be stopped from here."""
    from ..batch import jobs

    status = 0
    for name, folders in _found(arguments.ids).items():
        # Those that wait first, so that none begins when another ends.
        for folder in reversed(folders):
            jobs.ask_to_stop(folder)
        states = [jobs.wait(folder) for folder in folders]
        _print_ended(name, folders, states)
        status |= any(state.phase == "UNKNOWN" for state in states)
    return status


def remove(arguments: argparse.Namespace) -> int:
    """``casa-desktop jobs remove``."""
    from ..batch import jobs

    for name, folders in _found(arguments.ids).items():
        if _is_array(name, folders):
            # All or none.
            for folder in folders:
                jobs.check_removable(folder)
        for folder in folders:
            jobs.remove(folder)
            print(f"Removed {folder.path}.", flush=True)
    return 0
