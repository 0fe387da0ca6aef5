"""``python -m casa_kernel.tools``: lists CASA's native tools, unpacks them, runs one; the desktop's menu uses it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Dict, List, Optional, Sequence

from casa_desktop.errors import CasaDesktopError
from casa_desktop.network import isolate

from . import appimages


def run(name: str, args: Sequence[str]) -> None:
    """Replace this process by the tool ``name``, on the display of this process and in a private network namespace.

    Returns only by raising CasaDesktopError.
    """
    program = appimages.ensure_extracted(appimages.find(name), _say)
    # The tool accepts connections from every user of the machine, and needs none.
    isolate.seclude(os.environ)
    os.execve(program, [str(program), *args], appimages.environment(os.environ, appimages.display_here()))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def describe() -> List[Dict[str, object]]:
    """Return the content of ``list --json``."""
    return [
        {
            "name": tool.name,
            "label": tool.name,
            "version": tool.version,
            "extracted": tool.extracted,
            "runs": appimages.runs(tool) if tool.extracted else appimages.may_run(appimages.tools_folder()),
            "excess": appimages.excess(tool),
            "folder": str(tool.folder),
        }
        for tool in appimages.installed()
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m casa_kernel.tools", description="CASA's native tools.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="run a tool on the display of this terminal or desktop")
    command.add_argument("name", choices=appimages.NAMES)
    command.add_argument("args", nargs=argparse.REMAINDER, help="passed on to the tool")
    command = commands.add_parser("list", help="list the tools that this Python has")
    command.add_argument("--json", action="store_true", help="in JSON")
    command = commands.add_parser("extract", help="unpack tools ahead of their first use")
    command.add_argument("names", nargs="*", metavar="NAME", help="which ones; all by default")
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.command == "run":
            run(options.name, options.args)
        elif options.command == "extract":
            for tool in [appimages.find(name) for name in options.names] or appimages.installed():
                print(appimages.ensure_extracted(tool, _say))
        elif options.json:
            print(json.dumps(describe()))
        else:
            for tool in appimages.installed():
                print(f"{tool.name} {tool.version}" + (f" in {tool.folder}" if tool.extracted else ""))
    except CasaDesktopError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
