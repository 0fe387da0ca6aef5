"""The start of a kernel with reuse on and with reuse off: until it answers, and until its first task is done.

What reuse costs a kernel that has it off is what is imported for it nevertheless, by Python's own count.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Callable, Dict, Mapping

from .figures import OURS, Figure
from .stage import Stage

FIGURES = {
    "ready": Figure("kernel start to its first answer", 10.0, "ms", target="difference"),
    "first": Figure("kernel start to the first listobs, which runs", None, "ms"),
    "imports": Figure("imports of a kernel with reuse off for reuse", 1.0, "ms", target="ours"),
}
# The time of a module itself, in microseconds.
_IMPORT = re.compile(r"import time: +(\d+) \| .*(?:casa_kernel\.reuse|magics\.reuse|casa_desktop\.store)", re.MULTILINE)


def _imports() -> float:
    """Return the milliseconds, the least of several times: a moment without the processor counts for any module."""
    argv = [sys.executable, "-X", "importtime", "-c", "import casa_kernel.jupyter.kernel"]
    told = [subprocess.run(argv, capture_output=True, text=True, check=True).stderr for _ in range(7)]
    return min(sum(map(int, _IMPORT.findall(each))) for each in told) / 1000


def _side(reuse: bool) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, _: str) -> Mapping[str, float]:
        found: Dict[str, float] = {"imports": _imports()} if reuse else {}
        with stage.ours(CASA_DESKTOP_REUSE="on" if reuse else "off") as kernel:
            found["ready"] = 1000 * kernel.seconds
            kernel.run("listobs('sim.ms')")
            found["first"] = 1000 * kernel.seconds
            kernel.run("%casa_reuse forget listobs")
        return found

    return measure


SIDES = {OURS: _side(True), "reuse off": _side(False)}
ROUNDS = 9
SECONDS = 10
