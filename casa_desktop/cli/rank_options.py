"""The options for a kernel over MPI that ``casa-desktop kernel install`` and ``casa-desktop run`` share."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, Optional

from ..errors import InvalidSetting

if TYPE_CHECKING:
    from ..system.mpi import Ranks


def add(parser: Any, text: str) -> None:
    """Add the options for a kernel over MPI.

    Args:
        parser: a parser, or a group of its arguments.
        text: what the number is.
    """
    parser.add_argument("--ranks", type=int, metavar="N", help=text)
    hosts = "with --ranks: Open MPI's file of machines, this one first; needs --network host"
    parser.add_argument("--hosts", default="", metavar="FILE", help=hosts)
    share = "with --ranks: allow more processes than processors"
    parser.add_argument("--oversubscribe", action="store_true", help=share)


def ranks_of(arguments: argparse.Namespace, contained: bool) -> Optional[Ranks]:
    """Return the ranks that the options describe; None for one process.

    Args:
        arguments: the parsed options of ``add``.
        contained: whether the kernel runs in a container or sandbox.

    Raises:
        InvalidSetting: they do not go together.
    """
    from ..system.mpi import Ranks

    if arguments.ranks is None:
        if arguments.hosts or arguments.oversubscribe:
            raise InvalidSetting("--ranks", None, "a number, because --hosts or --oversubscribe is given")
        return None
    if contained:
        raise InvalidSetting("--ranks", arguments.ranks, "left out for a kernel in a container or sandbox")
    hosts = os.path.abspath(os.path.expanduser(arguments.hosts)) if arguments.hosts else ""
    return Ranks(arguments.ranks, hosts, arguments.oversubscribe)
