"""JupyterLab in a container, with the hands that ``tests/system`` has for one on this machine."""

from __future__ import annotations

import itertools
import json
import re
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from .engine import Engine
from .lab import Jupyter
from .screen import Screen

# X numbers that no X server of this machine takes by itself.
_FIRST_DISPLAY = 7000
_SOCKETS = Path("/tmp/.X11-unix")


def link_display(socket: Path) -> Tuple[int, Path]:
    """Link to an X server's socket where Xlib looks; return the number by which it is found there, and the link."""
    for number in itertools.count(_FIRST_DISPLAY):
        link = _SOCKETS / f"X{number}"
        # Another run has a link there, or has left it when it was killed.
        with suppress(FileExistsError):
            link.symlink_to(socket)
            return number, link
    raise AssertionError("there is no end of numbers")


class ContainedJupyter(Jupyter):
    """The image's own command, JupyterLab, in a container; a context manager.

    Args:
        engine: runs it.
        image: its image.
        root: the folder that is mounted as its working folder, at /work.
        options: more of the engine's command line.
    """

    ready = "?token="

    def __init__(self, engine: Engine, image: str, root: Path, options: Sequence[str]) -> None:
        super().__init__(root, engine.environment)
        self.engine, self.image, self.options = engine, image, options
        self.name = f"casa-desktop-test-{secrets.token_hex(4)}"

    def start(self) -> None:
        """Start the container, and return when the server in it answers; its token is read where a user reads it."""
        super().start()
        found = re.search(r"/lab\S*\?token=(\w+)", "".join(self.log))
        assert found, "JupyterLab has printed no address of its own with a token:\n" + "".join(self.log)
        self.token = found[1]

    def _command(self) -> List[str]:
        return self.engine.command(
            *("run", "--rm", f"--name={self.name}", f"--publish=127.0.0.1:{self.port}:8888"),
            *(f"--volume={self.root}:/work", "--workdir=/work", *self.options, self.image),
        )

    def run(self, *words: str, timeout: float = 120) -> str:
        """Run a command in the container, and return what it prints."""
        return self.engine.say("exec", self.name, "casa-entrypoint", *words, timeout=timeout)

    @contextmanager
    def screen(self) -> Iterator[Screen]:
        """Connect to the X server of the running desktop in the container.

        Its socket is reached through /proc, where the container's files are seen, and a link where Xlib looks.
        """
        record: Dict[str, Any] = json.loads(self.run("casa-desktop", "status", "--json"))[0]
        inside = Path("/proc", self.engine.say("inspect", "--format={{.State.Pid}}", self.name).strip(), "root")
        _SOCKETS.mkdir(mode=0o1777, exist_ok=True)
        number, link = link_display(inside / f"tmp/.X11-unix/X{record['display'][1:]}")
        authority = inside / record["xauthority"].lstrip("/")
        try:
            with Screen({"display": f":{number}", "xauthority": str(authority)}) as screen:
                yield screen
        finally:
            link.unlink()
