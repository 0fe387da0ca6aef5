"""The command line: ``casa-desktop start|stop|restart|status|serve|screenshot|doctor|kernel|run|x-server|...``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, List, Optional, Sequence

import argcomplete

from . import __version__
from .cli.commands import add_command
from .cli.hand import add_hand
from .cli.history import add_history
from .cli.jobs import add_jobs
from .cli.kernel import add_kernel
from .cli.reuse import add_reuse
from .cli.run import add_run, split_options
from .cli.x_server import add_x_server
from .desktop import lifecycle, registry, usage
from .errors import CasaDesktopError, NotRunning, ServingUnavailable
from .runtime.exit_reason import all_last_words
from .runtime.record import Record
from .runtime.settings import Settings, settings_from
from .x11 import screenshots


def build_parser() -> argparse.ArgumentParser:
    """Return the parser for the whole command line."""
    parser = argparse.ArgumentParser(
        prog="casa-desktop", description="Desktops for CASA's native tools, and kernels for CASA."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_start(commands)
    _add_stop(commands)
    _add_restart(commands)
    _add_status(commands)
    _add_serve(commands)
    _add_screenshot(commands)
    _add_doctor(commands)
    add_run(commands)
    add_kernel(commands)
    add_x_server(commands)
    add_reuse(commands)
    add_hand(commands)
    add_history(commands)
    add_jobs(commands)
    return parser


def _add(commands: Any, name: str, function: Any, text: str, *, desktop: bool = True) -> argparse.ArgumentParser:
    parser = add_command(commands, name, function, text)
    if desktop:
        named = parser.add_argument("--name", default=registry.DEFAULT_NAME, help="the desktop (default: %(default)s)")
        named.completer = _running_names  # type: ignore[attr-defined]
    return parser


def _running_names(**_: Any) -> List[str]:
    return [record.name for record in registry.list_desktops()]


def _add_start(commands: Any) -> None:
    _add_starting(commands, "start", start, "Start a desktop, unless it is running, and show its display.")


def _add_starting(commands: Any, name: str, function: Any, text: str) -> None:
    parser = _add(commands, name, function, text)
    _add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print the record as JSON")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options for a desktop that is started."""
    parser.add_argument("--geometry", default=Settings.geometry, help="its size in pixels (default: %(default)s)")
    parser.add_argument(
        "--idle",
        type=float,
        metavar="MINUTES",
        help="stop it after this many minutes without a browser, input or work (default: $CASA_DESKTOP_IDLE_MINUTES, "
        "else 0: never)",
    )
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds to wait for it (default: %(default)g)")


def _add_restart(commands: Any) -> None:
    _add_starting(commands, "restart", restart, "Stop a desktop, if it is running, and start a new one.")


def _add_serve(commands: Any) -> None:
    text = "Show a desktop in a browser without Jupyter, on this machine's loopback address, through a one-time link."
    parser = _add(commands, "serve", serve, text)
    _add_settings(parser)
    parser.add_argument("--port", type=int, default=0, help="where to listen (default: any free port)")
    parser.add_argument("--no-browser", action="store_true", help="print the link, but open no browser")


def _add_stop(commands: Any) -> None:
    parser = _add(commands, "stop", stop, "Stop a desktop and everything that runs on it.")
    parser.add_argument("--all", action="store_true", help="stop all desktops")
    parser.add_argument("--json", action="store_true", help="print the names of the stopped desktops as JSON")


def _add_status(commands: Any) -> None:
    parser = _add(commands, "status", status, "List the running desktops.", desktop=False)
    parser.add_argument("--json", action="store_true", help="print a list of records as JSON")


def _add_screenshot(commands: Any) -> None:
    parser = _add(commands, "screenshot", screenshot, "Save a picture of a desktop, or of one window, as PNG.")
    parser.add_argument(
        "--window",
        default="",
        metavar="WORDS",
        help="only the topmost window with these words in its title (default: the whole desktop)",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=Path("casa-desktop.png"),
        help="the PNG file to write (default: %(default)s; - for stdout)",
    )


def _add_doctor(commands: Any) -> None:
    text = "List what is installed, what is missing, and how to fix it."
    parser = _add(commands, "doctor", doctor, text, desktop=False)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def start(arguments: argparse.Namespace) -> int:
    """``casa-desktop start``."""
    record = lifecycle.ensure(arguments.name, settings=_settings(arguments), timeout=arguments.timeout)
    _tell([record], arguments.json, single=True)
    return 0


def restart(arguments: argparse.Namespace) -> int:
    """``casa-desktop restart``."""
    settings = _settings(arguments)
    lifecycle.stop(arguments.name)
    record = lifecycle.ensure(arguments.name, settings=settings, timeout=arguments.timeout)
    _tell([record], arguments.json, single=True)
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    told = settings_from(os.environ)
    idle = told.idle_minutes if arguments.idle is None else arguments.idle
    return replace(told, geometry=arguments.geometry, idle_minutes=idle)


def serve(arguments: argparse.Namespace) -> int:
    """``casa-desktop serve``."""
    try:
        # websockify needs a newer Python than the other commands do.
        from .web.serve import serve as run
    except ImportError as error:
        raise ServingUnavailable(str(error)) from error
    return run(arguments.name, _settings(arguments), arguments.port, open_browser=not arguments.no_browser)


def stop(arguments: argparse.Namespace) -> int:
    """``casa-desktop stop``; 1 if the named desktop was not running."""
    names = _running_names() if arguments.all else [arguments.name]
    stopped = [name for name in names if lifecycle.stop(name)]
    if arguments.json:
        print(json.dumps(stopped))
    elif stopped:
        print(f"Stopped: {', '.join(stopped)}.")
    if not stopped and not arguments.all:
        raise NotRunning(arguments.name)
    return 0


def status(arguments: argparse.Namespace) -> int:
    """``casa-desktop status``."""
    _tell(registry.list_desktops(), arguments.json)
    if not arguments.json:
        for name, words in all_last_words().items():
            if registry.find(name) is None:
                print(f"{name}: not running. {words.words}")
    return 0


def _tell(records: List[Record], as_json: bool, *, single: bool = False) -> None:
    if as_json:
        found = [_as_dict(record) for record in records]
        print(json.dumps(found[0] if single else found, indent=1))
    elif not records:
        print("No desktop is running.")
    for record in [] if as_json else records:
        since = datetime.fromtimestamp(record.started).strftime("%Y-%m-%d %H:%M:%S")
        print(
            f"{record.name}: display {record.display}, since {since}, supervisor {record.supervisor_pid}{_use(record)}"
        )
        print(f"  to put a program on it: export DISPLAY={record.display} XAUTHORITY={record.xauthority}")


def _use(record: Record) -> str:
    """Return the desktop's use as text to append to its line."""
    said = [
        ", shown in a browser" if usage.is_watched(record) else "",
        ", at work" if usage.is_working(record) else "",
        f", stopped after {record.idle_minutes:g} minutes without use" if record.idle_minutes else "",
        f", ended at {datetime.fromtimestamp(record.ends).strftime('%Y-%m-%d %H:%M:%S')}" if record.ends else "",
    ]
    return "".join(said)


def _as_dict(record: Record) -> dict[str, Any]:
    started = datetime.fromtimestamp(record.started, timezone.utc).isoformat()
    return {**vars(record), "started": started, "state": "running"}


def screenshot(arguments: argparse.Namespace) -> int:
    """``casa-desktop screenshot``."""
    picture = screenshots.screenshot(registry.running(arguments.name), arguments.window)
    if str(arguments.file) == "-":
        sys.stdout.buffer.write(picture)
        return 0
    arguments.file.write_bytes(picture)
    print(f"Saved {arguments.file} ({len(picture)} bytes).")
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """``casa-desktop doctor``; 1 if something is missing."""
    # Import late: only this command needs them, and psutil takes a moment to scan all processes.
    from . import findings
    from .cli.doctor import examine

    found = examine()
    print(findings.as_json(found) if arguments.json else "\n".join(findings.lines(found)))
    return int(any(finding.state == "missing" for finding in found))


def _refuse_empty(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Exit with a usage error if an argument is empty, as with a script's unset variable: ``--image "$I"``.

    An empty value would count as an option that was not given, so the command would do something else than intended.
    """
    own = list(words)[: list(words).index("--")] if "--" in words else list(words)
    for before, word in zip(["", *own], own):
        name, equals, value = word.partition("=")
        if not word:
            parser.error(f"argument {before} is followed by nothing" if before.startswith("-") else "an empty argument")
        if equals and not value and name.startswith("--"):
            parser.error(f"argument {name} is followed by nothing")


def main(argv: Optional[List[str]] = None) -> int:
    """Run one command; return the exit status: 0 done, 1 not done, 2 wrong arguments."""
    parser = build_parser()
    argcomplete.autocomplete(parser)
    _refuse_empty(parser, sys.argv[1:] if argv is None else argv)
    own, options = split_options(sys.argv[1:] if argv is None else argv)
    arguments = parser.parse_args(own)
    if options:
        arguments.options = options
    try:
        status: int = arguments.function(arguments)
    except (CasaDesktopError, OSError) as error:
        print(f"casa-desktop: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
