"""``casa-desktop run`` of a notebook with twenty short cells, beside nbclient with the same kernel.

Each is a program of its own, from its start to its end: it reads the notebook, starts the kernel, runs the cells, ends
the kernel and writes the notebook. nbclient's is the shortest that does that.
"""

from __future__ import annotations

import time
from typing import Mapping, Sequence

from .figures import OURS, Figure
from .stage import Stage

CELLS = 20
# What the start may take in any case, in seconds.
ALLOWED = 0.3
FIGURES = {
    "run": Figure(f"notebook with {CELLS} short cells, less 0.3 s", 1.1),
    "whole": Figure(f"notebook with {CELLS} short cells"),
}
_NBCLIENT = """
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read("short.ipynb", as_version=4)
NotebookClient(notebook, kernel_name="casa", timeout=None).execute()
nbformat.write(notebook, "short.nbclient.ipynb")
"""


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    # A plain nbclient knows nothing of reuse.
    seconds = _seconds(stage, "-m", "casa_desktop", "run", "short.ipynb", "--no-reuse")
    return {"run": seconds - ALLOWED, "whole": seconds}


def nbclient(stage: Stage, _: str = "") -> Mapping[str, float]:
    seconds = _seconds(stage, "-c", _NBCLIENT)
    return {"run": seconds, "whole": seconds}


def _seconds(stage: Stage, *words: str) -> float:
    _write(stage)
    started = time.perf_counter()
    stage.python(*words)
    return time.perf_counter() - started


def _write(stage: Stage) -> None:
    from nbformat import v4, writes

    path = stage.folder / "short.ipynb"
    if not path.exists():
        cells: Sequence[object] = [v4.new_code_cell(f"{number} ** 2") for number in range(CELLS)]
        path.write_text(writes(v4.new_notebook(cells=cells)))


SIDES = {OURS: ours, "nbclient": nbclient}
ROUNDS = 5
SECONDS = 14
