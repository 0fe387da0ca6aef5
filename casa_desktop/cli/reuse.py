"""``casa-desktop reuse status|check|clear|limit``: looks at stores of results, also without a kernel."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from ..errors import InvalidSetting
from .commands import add_command, add_group

if TYPE_CHECKING:
    from ..store.store import Store, Usage

_LIMIT_EXAMPLES = """\
examples:
  casa-desktop reuse limit
      show it
  casa-desktop reuse limit 200 GB
  casa-desktop reuse limit 1.5TB /data/m31
      of the store for the data in /data/m31
"""


def add_reuse(commands: Any) -> None:
    """Add the command ``reuse`` and its subcommands to ``casa-desktop``."""
    text = "Show, check, clear and limit the results of tasks that %%casa_reuse keeps beside the data."
    group = add_group(commands, "reuse", text, "status, check, clear or limit")
    _add(group, "status", status, "Show what is kept, how much room it takes, and the time that it has saved.")
    _add(group, "check", check, "Read all that is kept, and remove what is damaged.")
    _add(group, "clear", clear, "Remove all that is kept; the data themselves stay.")
    _add_limit(group)


def _add(group: Any, name: str, function: Any, text: str) -> None:
    parser = add_command(group, name, function, text)
    _complete_folders(
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            metavar="FOLDER",
            help="the folder of the data (default: $CASA_DESKTOP_STORE, else this folder)",
        )
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _add_limit(group: Any) -> None:
    text = "Show or change how much room may be taken; what was not used for the longest time gives way."
    parser = add_command(group, "limit", limit, text, _LIMIT_EXAMPLES)
    words = "a size like 200 GB (default: show the limit), and the folder of the data (default: as for status)"
    _complete_folders(parser.add_argument("words", nargs="*", metavar="SIZE [FOLDER]", help=words))
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _complete_folders(argument: Any) -> None:
    argument.completer = _folders


def _folders(prefix: str, **_: Any) -> Any:
    from argcomplete.completers import DirectoriesCompleter

    return DirectoriesCompleter()(prefix)


def _store(folder: Optional[Path]) -> Store:
    """Return the store for the data in a folder; the folder of a store itself will do, too.

    Raises:
        StoreUnusable: other users could change it.
        InvalidSetting: there is no such folder, or CASA_DESKTOP_STORE is no absolute path.
    """
    from ..store.room import NAME
    from ..store.store import Store

    if folder is None:
        return Store.of(Path.cwd(), os.environ)
    if not folder.is_dir():
        raise InvalidSetting("FOLDER", str(folder), "a folder that exists")
    return Store(folder.absolute() if folder.name == NAME else folder.absolute() / NAME)


def status(arguments: argparse.Namespace) -> int:
    """``casa-desktop reuse status``."""
    usage = _store(arguments.folder).usage()
    if arguments.json:
        print(json.dumps(_as_dict(usage), indent=1))
    elif not usage.exists:
        print(f"No results are kept in {usage.folder}.")
    else:
        print("\n".join(_lines(usage)))
    return 0


def _as_dict(usage: Usage) -> Dict[str, Any]:
    return {**vars(usage), "folder": str(usage.folder)}


def _lines(usage: Usage) -> List[str]:
    from ..store import sizes
    from ..system import durations

    tasks = ", ".join(f"{name} {count}" if count > 1 else name for name, count in sorted(usage.tasks.items()))
    room = f"{sizes.shown(usage.taken)} of at most {sizes.shown(usage.limit)}, in {_count(usage.objects, 'file')}"
    return [
        f"{usage.folder}: {_count(usage.records, 'result')}{f' ({tasks})' if tasks else ''}",
        f"  takes {room}; {sizes.shown(usage.free)} are free on its disk",
        f"  has saved {durations.shown(usage.saved, digits=3)} of computing",
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def check(arguments: argparse.Namespace) -> int:
    """``casa-desktop reuse check``; 1 if something was damaged."""
    from ..store import sizes

    store = _store(arguments.folder)
    report = store.check()
    if arguments.json:
        print(json.dumps({**vars(report), "folder": str(store.folder)}, indent=1))
        return int(bool(report.damaged))
    for clause in report.damaged:
        print(f"✗ {clause}; it was removed")
    print(
        f"{'✗' if report.damaged else '✓'} {store.folder}: {_count(report.records, 'result')} in "
        f"{_count(report.objects, 'file')} ({sizes.shown(report.taken)}) "
        f"{'are' if report.records != 1 else 'is'} whole{', the others were removed' if report.damaged else ''}"
    )
    return int(bool(report.damaged))


def clear(arguments: argparse.Namespace) -> int:
    """``casa-desktop reuse clear``."""
    from ..store import sizes

    store = _store(arguments.folder)
    before = store.usage().records
    freed = store.clear()
    if arguments.json:
        print(json.dumps({"folder": str(store.folder), "records": before, "freed": freed}, indent=1))
    else:
        print(f"Removed {_count(before, 'result')} from {store.folder}: {sizes.shown(freed)}.")
    return 0


def limit(arguments: argparse.Namespace) -> int:
    """``casa-desktop reuse limit``."""
    from ..store import sizes

    size, folder = _size_and_folder(arguments.words)
    store = _store(folder)
    if size:
        store.set_limit(size)
    if arguments.json:
        print(json.dumps({"folder": str(store.folder), "limit": store.limit}, indent=1))
    else:
        print(f"The results in {store.folder} take at most {sizes.shown(store.limit)}.")
    return 0


def _size_and_folder(words: Sequence[str]) -> Tuple[str, Optional[Path]]:
    """Tell a size, which may be two words, from the folder behind it; either may be missing."""
    from ..store import sizes

    try:
        sizes.parsed(" ".join(words))
    except InvalidSetting:
        if words and Path(words[-1]).is_dir():
            return " ".join(words[:-1]), Path(words[-1])
    return " ".join(words), None
