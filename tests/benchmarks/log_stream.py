"""Print what the log under the cells costs: ``python tests/benchmarks/log_stream.py FOLDER_WITH_SIM_MS``.

Each cell runs many times, in turn with the log shown and with ``%casa_log off``, in one real kernel; the numbers are
the medians of the times from the request to the idle status, in milliseconds, as a front end has them.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path
from typing import Dict, List

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.kernel.notebook import Notebook

CELLS = {
    "no message": ("1 + 1", 200),
    "one message": ("casalog.post('one')", 200),
    "listobs": ("listobs('sim.ms')", 40),
    "a hundred imheads": ("for _ in range(100): imhead('dirty.image', mode='get', hdkey='shape')", 20),
    "a thousand messages": ("for number in range(1000): casalog.post('one of many')", 40),
    "a hundred thousand messages": ("for number in range(100_000): casalog.post('one of many')", 3),
}


def main() -> None:
    """Measure and print."""
    print(f"{'cell':30}{'off':>10}{'on':>10}{'cost':>10}")
    with Notebook(Path(sys.argv[1]), os.environ) as kernel:
        for name, (code, number) in CELLS.items():
            times: Dict[str, List[float]] = {"off": [], "on": []}
            for _ in range(number):
                for state, found in times.items():
                    kernel.run(f"%casa_log {state}")
                    found.append(1000 * kernel.run(code).seconds)
            off, on = (statistics.median(found) for found in times.values())
            print(f"{name:30}{off:10.1f}{on:10.1f}{on - off:10.1f}", flush=True)


if __name__ == "__main__":
    main()
