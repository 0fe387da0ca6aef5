"""``casa-desktop run``: runs a notebook or script with the CASA kernel, without hands."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Sequence, Tuple

from ..errors import CasaDesktopError
from . import run_kernel
from .commands import add_command

if TYPE_CHECKING:
    from ..batch.planning import Wish

ENGINES = ("here", "slurm")
# By the exit status.
_ENDS = {0: "Done", 1: "Failed", 75: "Stopped", 137: "Lost"}
_EXAMPLES = """\
examples:
  casa-desktop run reduce.ipynb
      writes reduce.out.ipynb, which JupyterLab shows while the run goes on
  casa-desktop run reduce.ipynb -p vis=my.ms -p robust=0.5 -o my.ipynb
      with parameters: what a cell with the tag 'parameters' sets, is set anew behind it
  casa-desktop run reduce.py --kernel casa-6.5.6
      a script, with another CASA; '# %%' begins a cell
  casa-desktop run reduce.ipynb --ranks 8
      over MPI: tclean(parallel=True) and others use eight processes
  casa-desktop run reduce.ipynb --sif /data/casa.sif --bind /lustre
      with the CASA of an image; --image takes one of Podman or Docker
  casa-desktop run reduce.ipynb --on here
      as a job, which goes on when you log out; 'casa-desktop jobs' lists it
  casa-desktop run reduce.ipynb --on slurm -- --time=4:00:00 -c 16 --mem=64G
      as a job of Slurm; what is behind -- is for sbatch
  casa-desktop run reduce.ipynb -p vis=@list.txt --on here
      as an array: a job for each line of list.txt, some at a time; 'casa-desktop jobs list reduce-2' is the table
  casa-desktop run --retry failed reduce-2
      runs those of its jobs again that have failed

exit status:
  0 done, 1 a cell failed, 2 nothing was started, 75 stopped by a signal and saved, 137 the kernel was lost
"""


def add_run(commands: Any) -> None:
    """Add the command ``run`` to ``casa-desktop``."""
    text = "Run a notebook or a Python script with CASA, without hands, and write a notebook with all that it shows."
    parser = add_command(commands, "run", run, text, _EXAMPLES)
    _complete(
        parser.add_argument(
            "notebook",
            type=Path,
            metavar="NOTEBOOK",
            help="a notebook .ipynb, or a script .py; with --retry a job or array",
        ),
        _notebooks,
    )
    parameter = parser.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the notebook; with --on, NAME=@FILE makes a job for each line of the file",
    )
    _complete(parameter, _parameters)
    raw = parser.add_argument(
        "-r",
        "--raw",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="the same, for a text that looks like a number, or begins with @",
    )
    _complete(raw, _parameters)
    _complete(
        parser.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help="the notebook to write (default: NAME.out.ipynb, here)"
        ),
        _notebooks,
    )
    kernel = "a kernel's name (default: the notebook's, if that is one of CASA; else casa)"
    _complete(parser.add_argument("-k", "--kernel", default="", metavar="NAME", help=kernel), _kernels)
    _complete(
        parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where it works (default: this folder)"),
        _folders,
    )
    parser.add_argument(
        "--no-reuse", action="store_true", help="make all results anew, also those that lie beside the data"
    )
    parser.add_argument("--allow-errors", action="store_true", help="run the cells behind a failed one, too")
    parser.add_argument(
        "--on",
        choices=ENGINES,
        metavar="ENGINE",
        help="run it as a job, which 'casa-desktop jobs' shows: 'here' goes on when you log out; 'slurm' submits it, "
        "with the options for sbatch behind --",
    )
    limit = "how many jobs of an array run at the same time with --on here (default: half of the processors)"
    parser.add_argument("--at-most", type=int, metavar="N", help=limit)
    parser.add_argument(
        "--retry",
        choices=("failed", "stopped"),
        help="run a job again in its place, or those of an array, that have failed or that you have stopped; what is "
        "done already is put back. Options behind -- take the place of those of the first time",
    )
    run_kernel.add_options(parser)
    parser.set_defaults(options=[])


def split_options(words: Sequence[str]) -> Tuple[List[str], List[str]]:
    """Take what is behind ``--`` of ``casa-desktop run``, which is the engine's, from the words of a command line."""
    own = list(words)
    if own[:1] != ["run"] or "--" not in own:
        return own, []
    place = own.index("--")
    return own[:place], own[place + 1 :]


def _complete(argument: Any, completer: Any) -> None:
    argument.completer = completer


def _notebooks(prefix: str, **_: Any) -> Any:
    from argcomplete.completers import FilesCompleter

    return FilesCompleter(["ipynb", "py"])(prefix)


def _folders(prefix: str, **_: Any) -> Any:
    from argcomplete.completers import DirectoriesCompleter

    return DirectoriesCompleter()(prefix)


def _kernels(**_: Any) -> List[str]:
    from ..kernels import store

    return [kernel.name for kernel in store.installed()]


def _parameters(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> List[str]:
    from ..batch import parameters, source

    path = getattr(parsed_args, "notebook", None)
    if path is None or "=" in prefix:
        return []
    try:
        return [f"{name}=" for name in parameters.defaults(source.read(path), path)]
    except CasaDesktopError:
        return []


def run(arguments: argparse.Namespace) -> int:
    """``casa-desktop run``; returns a ``batch.models.Status``."""
    from ..batch import execution, planning
    from ..batch.models import Status
    from ..system import durations
    from . import run_as_job
    from .run_display import Display

    try:
        if arguments.retry is not None:
            return run_as_job.again(arguments)
        run_as_job.check_options(arguments)
        if arguments.on is not None:
            return run_as_job.start(arguments, wish(arguments))
        started, plan = time.time(), planning.plan(wish(arguments))
        print(f"Runs {plan.notebook} in {plan.folder} with the kernel {plan.kernel}; writes {plan.output}.", flush=True)
        with Display() as display:
            status = execution.execute(plan, display.show, display.say)
        print(f"{_ENDS[status]}, in {durations.shown(time.time() - started, 2)}: {plan.output}", flush=True)
        return status
    except CasaDesktopError as error:
        print(f"casa-desktop: {error}", file=sys.stderr)
        return int(Status.USAGE)


def wish(arguments: argparse.Namespace) -> Wish:
    """Return what the command line asks for.

    Raises:
        InvalidParameter: a parameter is not of the form ``name=value``.
        CasaDesktopError: there cannot be a kernel as wished, as ``run_kernel.draft_of`` raises it.
    """
    from ..batch import values
    from ..batch.planning import Wish

    return Wish(
        arguments.notebook,
        arguments.output,
        [values.split(word) for word in arguments.parameter],
        [values.split(word) for word in arguments.raw],
        arguments.kernel,
        run_kernel.draft_of(arguments),
        arguments.folder,
        not arguments.no_reuse,
        arguments.allow_errors,
    )
