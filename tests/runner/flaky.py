"""Runs the tests several times beside a hog of the processors, and lists what failed and how often.

``python -m tests.runner.flaky [--runs N] [PYTEST'S ARGUMENTS…]``; it fails if anything failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List
from xml.etree import ElementTree

# One for each processor, so that a test gets half of what it is used to. It ends with the process that started it.
HOG = "import ctypes; ctypes.CDLL(None).prctl(1, 9)\nwhile True: pass"


def main(words: List[str]) -> int:
    """Run, tell, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make flaky", description="The other arguments are pytest's.")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how many times (default: %(default)s)")
    options, others = parser.parse_known_args(words)
    failed: Counter[str] = Counter()
    broken = 0
    with tempfile.TemporaryDirectory(prefix="cd-flaky-") as folder, hogs():
        for number in range(1, options.runs + 1):
            print(f"run {number} of {options.runs}", flush=True)
            report = Path(folder, f"{number}.xml")
            done = subprocess.run([sys.executable, "-m", "pytest", f"--junit-xml={report}", *others], check=False)
            found = failures(report.read_text(encoding="utf-8")) if report.exists() else []
            failed.update(found)
            broken += done.returncode != 0 and not found
    print("\n".join(told(failed, options.runs, broken)))
    return 1 if failed or broken else 0


@contextmanager
def hogs() -> Iterator[None]:
    """Keep each processor busy for the length of a with block."""
    running = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def failures(report: str) -> List[str]:
    """Return the names of the tests that failed, once each, by a report in JUnit's XML; pure."""
    cases = ElementTree.fromstring(report).iter("testcase")
    bad = [each for each in cases if each.find("failure") is not None or each.find("error") is not None]
    return sorted({f"{each.get('classname')}::{each.get('name')}" for each in bad})


def told(failed: Counter[str], runs: int, broken: int) -> List[str]:
    """Return what came of so many runs, of which some ``broken`` failed without a failed test; pure."""
    lines = [f"{count} of {runs}: {name}" for name, count in failed.most_common()]
    if broken:
        lines.append(f"{broken} of {runs} runs failed without a failed test: see above")
    return lines or [f"Nothing failed in {runs} runs."]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
