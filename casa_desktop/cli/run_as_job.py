"""``casa-desktop run --on``, ``run --retry``: hands notebooks to engines, as jobs and arrays of jobs."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..errors import InvalidSetting
from . import run_kernel

if TYPE_CHECKING:
    from ..batch.planning import Wish


def check_options(arguments: argparse.Namespace) -> None:
    """Check the options that go with jobs.

    Raises:
        InvalidSetting: they do not go together.
        InvalidParameter: a parameter is not of the form ``name=value``.
    """
    from ..batch import lists, values

    if arguments.options and arguments.on != "slurm":
        raise InvalidSetting("What is behind --", " ".join(arguments.options), "left out, unless with --on slurm")
    files = lists.named([values.split(word) for word in arguments.parameter])
    for name, path in files.items():
        if arguments.on is None:
            remedy = f"one value, unless with --on here or --on slurm; -r {name}=@… gives a text that begins with @"
            raise InvalidSetting(f"The parameter {name}", f"@{path}", remedy)
    if arguments.at_most is not None and (arguments.on != "here" or not files):
        raise InvalidSetting(
            "--at-most", arguments.at_most, "left out, unless with --on here and a list (-p NAME=@FILE)"
        )
    if arguments.at_most is not None and arguments.at_most < 1:
        raise InvalidSetting("--at-most", arguments.at_most, "1 or more")
    if arguments.output is not None and files:
        raise InvalidSetting("--output", str(arguments.output), "left out: each job of an array writes into its folder")


def start(arguments: argparse.Namespace, wanted: Wish) -> int:
    """Make a job, or an array of them; returns the exit status."""
    from ..batch import jobs, lists

    if lists.named(wanted.given):
        return _as_array(arguments, wanted)
    folder = jobs.submit(wanted, arguments.on, arguments.options, os.environ)
    print(f"{folder.id} was started, and writes {folder.job().output}. 'casa-desktop jobs' tells how far it is.")
    return 0


def _as_array(arguments: argparse.Namespace, wanted: Wish) -> int:
    from ..batch import arrays, lists

    rows = lists.rows(wanted.given)
    at_most = arguments.at_most or arrays.usual_limit()
    name = arrays.submit(wanted, rows, arguments.on, arguments.options, os.environ, at_most)
    number = f"{len(rows)} job{'s' if len(rows) != 1 else ''}"
    limit = f", at most {at_most} at a time" if arguments.on == "here" else ""
    print(f"{name} was started: {number}{limit}. 'casa-desktop jobs list {name}' tells how far they are.")
    return 0


# What a job that runs again has from its first time.
_FIXED = ("parameter", "raw", "output", "kernel", "folder", "no_reuse", "allow_errors", "on", "at_most")


def again(arguments: argparse.Namespace) -> int:
    """Run jobs again; returns the exit status."""
    from ..batch import again, job_root

    for option in (*_FIXED, *run_kernel.OPTIONS):
        if getattr(arguments, option):
            word = f"--{option.replace('_', '-')}"
            raise InvalidSetting(f"With --retry, {word}", getattr(arguments, option), "left out: a job keeps its own")
    name, root = str(arguments.notebook), job_root.root(os.environ)
    folders = again.retry(root, name, arguments.retry, arguments.options, os.environ)
    if not folders:
        print(f"No job of {name} {'has failed' if arguments.retry == 'failed' else 'was stopped'}.")
    else:
        print(f"{name} was started again: {', '.join(folder.id for folder in folders)}.")
    return 0
