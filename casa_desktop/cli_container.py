"""What ``casa-desktop kernel install`` and ``casa-desktop x-server`` have in common: how a container is asked for."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple

from .errors import InvalidSetting

if TYPE_CHECKING:
    from .containers import Container


def add_images(parser: argparse.ArgumentParser) -> Any:
    """Add the two kinds of images; return the group of what excludes each other."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--image", default="", metavar="NAME", help="an image of Podman or Docker; pulled if it is not there"
    )
    group.add_argument("--sif", default="", metavar="FILE", help="an image of Apptainer")
    return group


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what there is to choose about a container."""
    engine = "what runs the image: podman or docker, apptainer or singularity (default: the first that is there)"
    parser.add_argument("--engine", default="", metavar="PROGRAM", help=engine)
    parser.add_argument(
        "--bind", action="append", default=[], metavar="SRC[:DST[:ro]]", help="one more folder that is seen inside"
    )
    parser.add_argument(
        "--network", default="", metavar="NETWORK", help="host, none, or one that the engine knows (default: its own)"
    )
    option = "one more word for the engine, like --engine-option=--gpus=all"
    parser.add_argument("--engine-option", action="append", default=[], metavar="WORD", help=option)


def container_of(
    arguments: argparse.Namespace, python: str = "", *, sandbox: bool = False, networks: Sequence[str] = ()
) -> Optional[Container]:
    """Return the container that a command line asks for; None for this machine itself.

    Args:
        arguments: with what ``add_images`` and ``add_options`` have added.
        python: the Python inside; by default the image's ``python``, and in a sandbox this one.
        sandbox: whether a sandbox is asked for.
        networks: what may be said of the network without a container.

    Raises:
        EngineMissing: nothing on PATH can run it.
        InvalidContainer, InvalidSetting, UnusablePython: something in it makes no sense.
    """
    # The other commands, and the start of this one, go without.
    from . import containers, foreign, images

    image, kind = _chosen(arguments, sandbox)
    if not kind:
        _refuse_options(arguments, networks)
        return None
    if arguments.engine and arguments.engine not in kind:
        raise InvalidSetting("--engine", arguments.engine, f"{' or '.join(kind)} for this kind of container")
    return containers.Container(
        images.engine_for(image, kind, arguments.engine),
        image,
        binds=tuple(_bind(each) for each in arguments.bind),
        network=arguments.network,
        options=tuple(arguments.engine_option),
        python=foreign.program(python or sys.executable) if sandbox else python or "python",
    )


def _chosen(arguments: argparse.Namespace, sandbox: bool) -> Tuple[str, Tuple[str, ...]]:
    """Return the image, and which engines there are for it; neither for this machine itself."""
    from . import images

    if arguments.image:
        return arguments.image, images.OCI
    if arguments.sif:
        return os.path.abspath(os.path.expanduser(arguments.sif)), images.SIF
    return "", images.SANDBOX if sandbox else ()


def _refuse_options(arguments: argparse.Namespace, networks: Sequence[str]) -> None:
    given = {
        "--engine": arguments.engine,
        "--bind": arguments.bind,
        "--network": arguments.network if arguments.network not in networks else "",
        "--engine-option": arguments.engine_option,
    }
    for option, value in given.items():
        if value:
            raise InvalidSetting(option, value, "given together with a container: --image or --sif")


def _bind(text: str) -> str:
    """Make the path outside absolute, and see whether it is there: Docker would make a folder of root's."""
    source, colon, rest = text.partition(":")
    path = os.path.abspath(os.path.expanduser(source))
    if not os.path.exists(path):
        raise InvalidSetting("--bind", text, "SRC, SRC:DST or SRC:DST:ro with an SRC that exists")
    return f"{path}{colon}{rest}"
