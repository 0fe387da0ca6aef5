"""``casa-desktop hand show|export``: what hands did in an interactive task, as a page and as a script."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Callable

from ..errors import NumpyMissing
from .commands import add_command, add_group

_EXPORT_EXAMPLES = """\
examples:
  casa-desktop hand export first.hand > first.py
      then, with any Python that has CASA, in the folder in which the call ran:
  python first.py
      makes the images again, if first.* has been removed
  python first.py again
      makes them as again.psf, again.image and so on
"""
_SHOW_EXAMPLES = """\
examples:
  casa-desktop hand show first.hand
      writes first.html
  casa-desktop hand show first.hand -o - > page.html
"""


def add_hand(commands: Any) -> None:
    """Add the command ``hand`` and its subcommands to ``casa-desktop``."""
    text = "Show what was done by hand in an interactive task, or write it as a script."
    group = add_group(commands, "hand", text, "show or export")
    text = "Write a page that shows each cycle: the residual with its mask, the numbers typed, peak and flux."
    _add(
        group, "show", show, text, _SHOW_EXAMPLES, "the page to write (default: beside FOLDER, as .html; - for stdout)"
    )
    text = "Write a Python script that repeats the cleaning exactly, with CASA's own tasks and numpy alone."
    _add(group, "export", export, text, _EXPORT_EXAMPLES, "the script to write (default: stdout)")


def _add(group: Any, name: str, function: Any, text: str, examples: str, output: str) -> None:
    parser = add_command(group, name, function, text, examples)
    folder = parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of the handwork: NAME.hand")
    folder.completer = _folders  # type: ignore[attr-defined]
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=output)


def _folders(prefix: str, **_: Any) -> Any:
    from argcomplete.completers import DirectoriesCompleter

    return DirectoriesCompleter()(prefix)


def show(arguments: argparse.Namespace) -> int:
    """``casa-desktop hand show``."""
    from ..handwork.page import page

    folder = arguments.folder
    return _write(with_numpy(page, folder), arguments.output or folder.with_suffix(".html"))


def export(arguments: argparse.Namespace) -> int:
    """``casa-desktop hand export``."""
    from ..handwork.exports import export as make

    return _write(with_numpy(make, arguments.folder), arguments.output or Path("-"))


def with_numpy(make: Callable[[Path], str], folder: Path) -> str:
    """Make a text of a record.

    Raises:
        NumpyMissing: this Python has none.
        HandworkMissing, HandworkOfOtherFormat, HandworkDamaged, HandworkNotExportable: of the record.
    """
    try:
        return make(folder)
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise NumpyMissing(sys.executable) from None


def _write(text: str, output: Path) -> int:
    if str(output) == "-":
        # Names may have any characters, whatever the terminal's encoding is.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return 0
    output.write_text(text, encoding="utf-8")
    print(f"Saved {output} ({len(text.encode()):,} bytes).")
    return 0
