"""``casa-desktop kernel install|list|remove|check``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, List, Sequence, Tuple

from ..errors import CasaDesktopError
from . import container_options, rank_options
from .commands import add_command, add_group

if TYPE_CHECKING:
    from ..kernels.install import Wish

_INSTALL_EXAMPLES = """\
examples:
  casa-desktop kernel install
      for the CASA of this very Python, as casa-6.7.0
  casa-desktop kernel install --python /opt/casa-6.5.6/bin/python3
      for another Python or a monolithic CASA; missing packages go into a separate folder
  casa-desktop kernel install --sif /data/casa.sif --bind /lustre
  casa-desktop kernel install --image ghcr.io/observatory/casa-desktop:6.7.0 --engine-option=--gpus=all
      for an image of Apptainer, or of Podman or Docker
  casa-desktop kernel install --sandbox
      for this Python, in a private network, where nobody reaches CASA's ports
  casa-desktop kernel install --network host --name casa-host --display-name "CASA (this machine's network)"
      in this machine's network: notebooks reach this machine's servers, and others reach CASA's ports
  casa-desktop kernel install --ranks 8
      over MPI, for tclean(parallel=True), mstransform and others with multi-MeasurementSets: one process for the
      notebook, and seven servers
  casa-desktop kernel install --desktop m31 --name casa-m31 --display-name "CASA (M 31)" -- --nologfile
      with windows on the desktop m31, and with options for CASA
"""
_CHECK_EXAMPLES = """\
examples:
  casa-desktop kernel check casa-6.7.0
  casa-desktop kernel check casa-6.7.0-apptainer --timeout 300 --json
"""


def add_kernel(commands: Any) -> None:
    """Add the command ``kernel`` and its subcommands to ``casa-desktop``."""
    text = "Write, list, check and remove the kernels by which JupyterLab starts CASA."
    group = add_group(commands, "kernel", text, "install, list, remove or check")
    _add_install(group)
    _add_list(group)
    _add_remove(group)
    _add_check(group)


def _add_install(group: Any) -> None:
    text = "Write the kernelspec of another CASA, which JupyterLab's launcher then shows."
    parser = add_command(group, "install", install, text, _INSTALL_EXAMPLES)
    python = "a Python with CASA, or a monolithic CASA (default: this Python; in an image, its 'python')"
    parser.add_argument("--python", default="", metavar="PATH", help=python)
    home = container_options.add_images(parser)
    home.add_argument("--sandbox", action="store_true", help="this machine's files, in a private network (bubblewrap)")
    container_options.add_options(parser)
    ranks = "run CASA over MPI, in N processes, the kernel included (default: one process, without MPI)"
    rank_options.add(parser, ranks)
    parser.add_argument(
        "--name", default="", metavar="NAME", help="the kernel's name (default: casa-VERSION, and the engine)"
    )
    parser.add_argument("--display-name", default="", metavar="TEXT", help="what the launcher shows")
    parser.add_argument(
        "--desktop", default="", metavar="NAME", help="open its windows on this desktop (default: main)"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="for yourself, in all your Jupyters (the default)")
    where.add_argument("--sys-prefix", action="store_true", help="for this Python's Jupyter only")
    where.add_argument(
        "--prefix", metavar="DIR", help="for all Jupyters that search DIR/share/jupyter, like /usr/local"
    )
    parser.add_argument("--replace", action="store_true", help="replace a kernel of that name")
    parser.add_argument("--json", action="store_true", help="print the new kernel as JSON")
    parser.add_argument("options", nargs="*", metavar="OPTION", help="after --: options for CASA, like --nologfile")


def _add_list(group: Any) -> None:
    parser = add_command(group, "list", list_kernels, "List the CASA kernels, and check whether they can still start.")
    parser.add_argument("--json", action="store_true", help="print a list of them as JSON")


def _add_remove(group: Any) -> None:
    parser = add_command(group, "remove", remove, "Remove kernels that 'kernel install' wrote.")
    named = parser.add_argument("names", nargs="+", metavar="NAME", help="a kernel's name")
    named.completer = _removable  # type: ignore[attr-defined]
    parser.add_argument("--json", action="store_true", help="print the names of the removed kernels as JSON")


def _add_check(group: Any) -> None:
    text = "Start a kernel, run a task and draw a picture in it, and list what is missing."
    parser = add_command(group, "check", check, text, _CHECK_EXAMPLES)
    named = parser.add_argument("name", metavar="NAME", help="a kernel's name")
    named.completer = _names  # type: ignore[attr-defined]
    parser.add_argument("--timeout", type=float, default=120.0, help="time limit in seconds (default: %(default)g)")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def _names(**_: Any) -> List[str]:
    from ..kernels import store

    return [kernel.name for kernel in store.installed()]


def _removable(**_: Any) -> List[str]:
    from ..kernels import store

    return [kernel.name for kernel in store.installed() if kernel.about is not None]


def install(arguments: argparse.Namespace) -> int:
    """``casa-desktop kernel install``."""
    from ..kernels import install as installing

    kernel, said = installing.install(_wish(arguments), os.environ)
    if arguments.json:
        print(json.dumps(kernel.as_dict(), indent=1))
        return 0
    print(f"Wrote the kernel {kernel.name} ({kernel.display_name}) into {kernel.folder}.")
    for line in said:
        print(line)
    print(f"Try it with: casa-desktop kernel check {kernel.name}")
    return 0


def _wish(arguments: argparse.Namespace) -> Wish:
    from ..kernels.install import Wish
    from ..kernels.store import Place
    from ..network import namespace

    container = container_options.container_of(
        arguments, arguments.python, sandbox=arguments.sandbox, networks=namespace.CHOICES
    )
    return Wish(
        Place(sys.prefix if arguments.sys_prefix else arguments.prefix),
        python=arguments.python,
        container=container,
        network="" if container else arguments.network,
        ranks=rank_options.ranks_of(arguments, bool(container)),
        name=arguments.name,
        display_name=arguments.display_name,
        desktop=arguments.desktop,
        options=tuple(arguments.options),
        replace=arguments.replace,
    )


def list_kernels(arguments: argparse.Namespace) -> int:
    """``casa-desktop kernel list``."""
    from ..kernels import store
    from ..kernels.spec import trouble

    found = store.installed()
    if arguments.json:
        print(json.dumps([kernel.as_dict() for kernel in found], indent=1))
    elif not found:
        print("There is no CASA kernel; 'casa-desktop kernel install' writes one.")
    for kernel in [] if arguments.json else found:
        wrong, remedy = trouble(kernel)
        print(f"{'✗' if wrong else '✓'} {kernel.name}: {kernel.display_name}, {kernel.where}")
        print("".join(f"    {mark} {line}\n" for mark, line in (("!", wrong), ("→", remedy)) if line), end="")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """``casa-desktop kernel remove``; removes as many as it can, and returns 1 if one of them was not removed."""
    from ..kernels import store

    removed, failed = _attempt_all(store.remove, arguments.names)
    if arguments.json:
        print(json.dumps(removed))
    elif removed:
        print(f"Removed: {', '.join(removed)}.")
    for error in failed:
        print(f"casa-desktop: {error}", file=sys.stderr)
    return int(bool(failed))


def _attempt_all(function: Callable[[str], object], names: Sequence[str]) -> Tuple[List[str], List[CasaDesktopError]]:
    done: List[str] = []
    failed: List[CasaDesktopError] = []
    for name in names:
        try:
            function(name)
            done.append(name)
        except CasaDesktopError as error:
            failed.append(error)
    return done, failed


def check(arguments: argparse.Namespace) -> int:
    """``casa-desktop kernel check``; 1 if something is missing."""
    from .. import findings
    from ..kernels import check as kernelcheck

    report = kernelcheck.check(arguments.name, timeout=arguments.timeout)
    print(json.dumps(report.as_dict(), indent=1) if arguments.json else "\n".join(findings.lines(report.findings)))
    return int(not report.ok)
