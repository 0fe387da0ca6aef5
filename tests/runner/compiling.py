"""Who compiles the tests of a fresh clone: each worker a share, and not each worker all of them.

pytest writes its assertions anew before it compiles a module, which takes longer than all the rest of the collection,
and keeps what comes of it beside the module. Workers collect the same files in the same order, and so would all be at
the same one at the same time.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from pathlib import Path
from typing import Iterable, List, Mapping, Sequence

import pytest

from . import plan


def compile_share(config: pytest.Config, worker: Mapping[str, object]) -> None:
    """Import those modules of tests that are a worker's to compile; what does not import is left to the collection.

    Args:
        worker: what pytest-xdist has told it.
    """
    name, count = str(worker["workerid"]), int(str(worker["workercount"]))
    number = int(name[2:]) if name.startswith("gw") else count - 1
    for path in share(list(_asked_for(config)), number, count):
        if not is_compiled(path):
            module = ".".join(path.relative_to(config.rootpath).with_suffix("").parts)
            with suppress(Exception, pytest.skip.Exception):
                importlib.import_module(module)


def share(paths: Sequence[Path], number: int, count: int) -> List[Path]:
    """Return one of so many shares of files, which take about equally long: the largest are dealt out first."""
    return sorted(paths, key=lambda path: (-path.stat().st_size, path))[number::count]


def _asked_for(config: pytest.Config) -> Iterable[Path]:
    for argument in config.args:
        given = config.invocation_params.dir / argument
        for path in given.rglob("test_*.py") if given.is_dir() else ():
            if not config.option.quick or not plan.is_slow(path.relative_to(config.rootpath).as_posix()):
                yield path


def is_compiled(path: Path) -> bool:
    """Tell whether pytest has compiled a module since it was changed; its own releases are part of the name it uses."""
    written = path.stat().st_mtime
    found = (path.parent / "__pycache__").glob(f"{path.stem}.*-pytest-{pytest.__version__}.pyc")
    return any(each.stat().st_mtime >= written for each in found)
