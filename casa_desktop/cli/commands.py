"""Add a command, or a group of them, to the command line: the same way for each."""

from __future__ import annotations

import argparse
from typing import Any, Callable

Function = Callable[[argparse.Namespace], int]


def add_command(commands: Any, name: str, function: Function, text: str, examples: str = "") -> argparse.ArgumentParser:
    """Add a command; return its parser.

    Args:
        commands: what ``add_subparsers`` or ``add_group`` returned.
        name: the word that the user types.
        function: called with the arguments; returns the exit status.
        text: what the command does, in a sentence.
        examples: shown after the options, with their line breaks.
    """
    # The formatter that keeps the line breaks would not break the sentence.
    formatter = argparse.RawDescriptionHelpFormatter if examples else argparse.HelpFormatter
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, epilog=examples, formatter_class=formatter
    )
    parser.set_defaults(function=function)
    return parser


def add_group(commands: Any, name: str, text: str, choices: str) -> Any:
    """Add a command that only has further commands, which are added to the result.

    Args:
        commands, name, text: as for ``add_command``.
        choices: the further commands, in words, for users who type none.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(function=lambda _arguments: parser.error(f"choose a command: {choices}"))
    return parser.add_subparsers(dest=f"{name}_command", metavar="COMMAND")
