"""``casa-desktop x-server``: shows or changes where desktops get their X server from."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from . import container_options
from .commands import add_command

_EXAMPLES = """\
examples:
  casa-desktop x-server
      show where it comes from
  casa-desktop x-server --sif /data/casa.sif
  casa-desktop x-server --image localhost/casa-desktop:latest --engine podman
      from now on from an image, even if this machine has an X server
  casa-desktop x-server --own
      from this machine again
"""


def add_x_server(commands: Any) -> None:
    """Add the command ``x-server`` to ``casa-desktop``."""
    text = "Show or choose where desktops get their X server from: this machine, or an image."
    parser = add_command(commands, "x-server", x_server, text, _EXAMPLES)
    group = container_options.add_images(parser)
    group.add_argument("--own", action="store_true", help="this machine's own Xvnc")
    container_options.add_options(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def x_server(arguments: argparse.Namespace) -> int:
    """``casa-desktop x-server``; 1 if there is no X server, or none that can be started."""
    from .. import findings
    from ..containers import images
    from ..desktop import x_server_source
    from ..kernels import image_probe

    container = container_options.container_of(arguments)
    if container is not None:
        images.fetch(container)
        image_probe.look_for_x_server(container, os.environ)
    if container is not None or arguments.own:
        x_server_source.configure(os.environ, container)
    finding = x_server_source.as_finding(os.environ)
    if arguments.json:
        choice = x_server_source.chosen(os.environ)
        described = {
            "container": choice.container.as_dict() if choice.container else None,
            "own": x_server_source.own_program(),
            "source": choice.source or None,
        }
        print(json.dumps({**finding.as_dict(), **described}, indent=1))
    else:
        print("\n".join(findings.lines([finding])))
    return int(finding.state == "missing")
