"""The options for a container that ``casa-desktop kernel install``, ``run`` and ``x-server`` share."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple

from ..errors import InvalidSetting

if TYPE_CHECKING:
    from ..containers.container import Container


def add_images(parser: Any) -> Any:
    """Add the options for the two kinds of images; return their group of mutually exclusive options.

    Args:
        parser: a parser, or a group of its arguments.
    """
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--image", default="", metavar="NAME", help="an image of Podman or Docker; pulled if it is missing"
    )
    group.add_argument("--sif", default="", metavar="FILE", help="an image of Apptainer")
    return group


def add_options(parser: Any) -> None:
    """Add the options for a container.

    Args:
        parser: a parser, or a group of its arguments.
    """
    engine = (
        "the program that runs the image: podman or docker, apptainer or singularity (default: the first one found)"
    )
    parser.add_argument("--engine", default="", metavar="PROGRAM", help=engine)
    parser.add_argument(
        "--bind", action="append", default=[], metavar="SRC[:DST[:ro]]", help="another folder to mount inside"
    )
    parser.add_argument(
        "--network",
        default="",
        metavar="NETWORK",
        help="host, none, or a network of the engine (default: the engine's default)",
    )
    option = "another option for the engine, like --engine-option=--gpus=all"
    parser.add_argument("--engine-option", action="append", default=[], metavar="WORD", help=option)


def container_of(
    arguments: argparse.Namespace, python: str = "", *, sandbox: bool = False, networks: Sequence[str] = ()
) -> Optional[Container]:
    """Return the container that the options describe; None for this machine itself.

    Args:
        arguments: the parsed options of ``add_images`` and ``add_options``.
        python: the Python inside; by default the image's ``python``, and in a sandbox this one.
        sandbox: whether the container is a sandbox.
        networks: the values of ``--network`` that are allowed without a container.

    Raises:
        EngineMissing: no suitable engine is on PATH.
        InvalidContainer, InvalidSetting, UnusablePython: an option's value is invalid.
    """
    # Import late: the other commands and the parser do not need them.
    from ..containers import container, images
    from ..kernels import other_python

    image, kind = _chosen(arguments, sandbox)
    if not kind:
        _refuse_options(arguments, networks)
        return None
    if arguments.engine and arguments.engine not in kind:
        raise InvalidSetting("--engine", arguments.engine, f"{' or '.join(kind)} for this kind of container")
    return container.Container(
        images.engine_for(image, kind, arguments.engine),
        image,
        binds=tuple(_bind(each) for each in arguments.bind),
        network=arguments.network,
        options=tuple(arguments.engine_option),
        python=other_python.program(python or sys.executable) if sandbox else python or "python",
    )


def _chosen(arguments: argparse.Namespace, sandbox: bool) -> Tuple[str, Tuple[str, ...]]:
    """Return the image and the engines that can run it; both empty for this machine itself."""
    from ..containers import images

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
    """Make the outer path absolute, and check that it exists: Docker would create a folder that belongs to root."""
    source, colon, rest = text.partition(":")
    path = os.path.abspath(os.path.expanduser(source))
    if not os.path.exists(path):
        raise InvalidSetting("--bind", text, "SRC, SRC:DST or SRC:DST:ro with an SRC that exists")
    return f"{path}{colon}{rest}"
