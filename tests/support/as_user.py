"""A notebook's kernel that another user of this machine has started, driven from here.

Jupyter runs as that user in a process of its own, ``python as_user.py FOLDER CONTAINER``. It reads a cell a line, as
JSON, and writes pickles: that something was displayed, and then waits for a line; and at last the cell.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Optional

import zmq

from casa_desktop.containers.container import Container

from .apptainer import User
from .notebook import Cell, Notebook

ROOT = Path(__file__).resolve().parents[2]


class UserNotebook:
    """A kernel in a container with a client, both a user's; a context manager with ``Notebook.run``.

    Args:
        user: whose.
        sources: the project, where the user may read it.
        folder: where it works.
        container: where the kernel runs.
        more: more variables.
    """

    def __init__(self, user: User, sources: Path, folder: Path, container: Container, **more: str) -> None:
        packages = Path(zmq.__file__).parents[1]
        if ROOT in packages.parents:
            packages = sources / packages.relative_to(ROOT)
        env = {**user.environment, "PYTHONPATH": f"{sources}:{sources / 'kernel'}:{packages}", **more}
        words = [python_for_all(), "-m", "tests.support.as_user", str(folder), json.dumps(container.as_dict())]
        self._process = subprocess.Popen(
            words,
            env=env,
            cwd=sources,
            user=user.uid,
            group=user.uid,
            extra_groups=[],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pid: int = self._read()[1]

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return pickle.load(self._process.stdout)

    def _say(self, words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        self._process.stdin.flush()

    def run(self, code: str, timeout: float = 60, meanwhile: Optional[Callable[[], None]] = None) -> Cell:
        """Run a cell to its end; as ``Notebook.run``."""
        self._say([code, timeout, meanwhile is not None])
        kind, found = self._read()
        if kind == "displayed":
            assert meanwhile is not None
            meanwhile()
            self._say("on")
            kind, found = self._read()
        assert kind == "cell"
        return found  # type: ignore[no-any-return]

    def kill(self) -> None:
        """Kill Jupyter."""
        self._process.kill()

    def __enter__(self) -> UserNotebook:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def python_for_all() -> str:
    """Return a Python like this one that every user may run."""
    program = Path(sys.executable).resolve()
    open_to_all = all(each.stat().st_mode & 0o5 == 0o5 for each in (program, *program.parents))
    return str(program) if open_to_all else f"/usr/bin/python3.{sys.version_info[1]}"


def main(folder: str, container: str) -> None:
    """Run cells as they come."""
    out, sys.stdout = sys.stdout.buffer, sys.stderr
    # Jupyter's connection file, which a killed Jupyter leaves behind: nobody may take it for the kernel's, in /tmp.
    tempfile.tempdir = os.environ["HOME"]

    def write(kind: str, value: Any = None) -> None:
        pickle.dump((kind, value), out)
        out.flush()

    def displayed() -> None:
        write("displayed")
        sys.stdin.readline()

    with Notebook(Path(folder), os.environ, container=Container.from_dict(json.loads(container))) as notebook:
        write("ready", notebook.pid)
        for line in sys.stdin:
            code, timeout, waits = json.loads(line)
            write("cell", notebook.run(code, timeout, meanwhile=displayed if waits else None))


if __name__ == "__main__":
    main(*sys.argv[1:])
