"""A user who draws in a notebook: ``python -m tests.neighbours.works FOLDER``. Says so, and stays until told to go."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..support.notebook import Notebook

CELLS = ('viewer("dirty.image")', 'plotms("sim.ms")', 'viewer("dirty.image", gui=True)')


def main(folder: str) -> None:
    """Draw, wait for a line, and end."""
    with Notebook(Path(folder), os.environ) as notebook:
        errors = [cell.error for cell in (notebook.run(code, timeout=120) for code in CELLS)]
        print(json.dumps([str(error["evalue"]) for error in errors if error]), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
