"""The options of ``casa-desktop run`` for a kernel of its own: over MPI, or in a container."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Optional

from ..errors import InvalidSetting
from . import container_options, rank_options

if TYPE_CHECKING:
    from ..containers.container import Container
    from ..kernels.unwritten import Draft

# The names of the options, as argparse keeps them.
OPTIONS = (
    "ranks",
    "hosts",
    "oversubscribe",
    "image",
    "sif",
    "sandbox",
    "engine",
    "bind",
    "network",
    "engine_option",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options, with the words that ``kernel install`` has for them."""
    group = parser.add_argument_group(
        "a kernel of its own", "made for this run, as 'casa-desktop kernel install' makes them to stay"
    )
    rank_options.add(group, "run CASA over MPI, in N processes, the kernel included")
    home = container_options.add_images(group)
    home.add_argument("--sandbox", action="store_true", help="this machine's files, in a private network (bubblewrap)")
    container_options.add_options(group)


def draft_of(arguments: argparse.Namespace) -> Optional[Draft]:
    """Return the kernel that is made for the run; None for an installed one.

    Raises:
        InvalidSetting: the options do not go together.
        EngineMissing, InvalidContainer: the container cannot be had.
    """
    # Not even imports cost time then.
    if arguments.ranks is None and not any(getattr(arguments, option) for option in OPTIONS):
        return None
    container = _container_of(arguments)
    ranks = rank_options.ranks_of(arguments, bool(container))
    if container is None and ranks is None:
        return None
    if arguments.kernel:
        raise InvalidSetting("--kernel", arguments.kernel, "left out with --ranks, --image, --sif or --sandbox")
    from ..kernels.unwritten import Draft

    return Draft(ranks, container, "" if container else arguments.network, arguments.on == "slurm")


def _container_of(arguments: argparse.Namespace) -> Optional[Container]:
    from ..network import namespace

    # Without a container, the network is that of the kernel over MPI.
    networks = namespace.CHOICES if arguments.ranks is not None else ()
    return container_options.container_of(arguments, sandbox=arguments.sandbox, networks=networks)
