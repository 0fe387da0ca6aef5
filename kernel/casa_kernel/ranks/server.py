"""A server of a kernel over MPI: ``python -m casa_kernel.ranks.server [-- CASA'S OPTIONS]``, started by mpirun.

CASA's own import makes it a server, which never returns: it does what the kernel's tasks send it until it is ended.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Optional

from casa_desktop.network import connection_arguments
from casa_desktop.system import descriptors
from casa_desktop.system.messages import Word

from ..casa import imports, servers
from ..errors import CasaMissing
from .link import Link, joined


def main() -> int:
    """Run the server; return the exit status if it could not become one."""
    link = joined(os.environ)
    # Only the kernel is interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if link is not None:
        # Before the slow imports, so that its end is noticed from now on.
        link.watch(on_word=_take)
    imports.prepare(os.environ)
    descriptors.raise_limit()
    _, sys.argv[1:] = connection_arguments.split(sys.argv[1:])
    servers.prepare()
    try:
        # The kernel tells the servers its own log when they begin to work.
        imports.serve({"logfile": os.devnull}, lambda: _say(link, "loaded"))
        reason = "CASA has not made this process a server: casampi found no MPI."
    except CasaMissing as error:
        reason = str(error)
    _say(link, "failed", reason)
    print(f"casa-desktop: {reason}", file=sys.stderr)
    return 1


def _say(link: Optional[Link], kind: str, value: Optional[str] = None) -> None:
    if link is not None:
        link.say(kind, value)


def _take(word: Word) -> None:
    """Import the tasks when the kernel has done so: until then it needs the processors itself."""
    if word.kind == "imported":
        imports.load_tasks_early()


if __name__ == "__main__":
    sys.exit(main())
