"""Runs the tests several times beside a hog of the processors, and lists what failed and how often.

``python -m tests.runner.flaky [--runs N] [--reports FOLDER] [PYTEST'S ARGUMENTS…]``; it fails if
anything failed.
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
from typing import Dict, Iterator, List, Tuple
from xml.etree import ElementTree

# One for each processor, so that a test gets half of what it is used to. It ends with the process that started it.
HOG = "import ctypes; ctypes.CDLL(None).prctl(1, 9)\nwhile True: pass"


def main(words: List[str]) -> int:
    """Run, tell, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make flaky", description="The other arguments are pytest's.")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how many times (default: %(default)s)")
    kept = "keep the reports there, and count those of earlier runs too: so that the suite can be run in parts"
    parser.add_argument("--reports", type=Path, metavar="FOLDER", help=kept)
    options, others = parser.parse_known_args(words)
    with tempfile.TemporaryDirectory(prefix="cd-flaky-") as own, hogs():
        folder = options.reports or Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        former = max((int(each.stem) for each in folder.iterdir()), default=0)
        for number in range(1, options.runs + 1):
            print(f"run {number} of {options.runs}", flush=True)
            report = folder / f"{former + number}.xml"
            done = subprocess.run([sys.executable, "-m", "pytest", f"--junit-xml={report}", *others], check=False)
            if done.returncode and not (report.exists() and any(outcomes(report.read_text(encoding="utf-8")).values())):
                report.with_suffix(".broken").touch()
        failed, ran = tally(folder)
        broken = len(list(folder.glob("*.broken")))
    print("\n".join(told(failed, ran, broken)))
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


def outcomes(report: str) -> Dict[str, bool]:
    """Return for each test whether it failed, by a report in JUnit's XML; pure."""
    found: Dict[str, bool] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        # One that cannot be tidied up after stands there twice.
        found[name] = found.get(name, False) or any(case.find(kind) is not None for kind in ("failure", "error"))
    return found


def tally(folder: Path) -> Tuple[Counter[str], Counter[str]]:
    """Return how often each test has failed, and how often it was run, by the reports in a folder."""
    reports = [outcomes(each.read_text(encoding="utf-8")) for each in folder.glob("*.xml")]
    ran = Counter(name for each in reports for name in each)
    return Counter(name for each in reports for name, failed in each.items() if failed), ran


def told(failed: Counter[str], ran: Counter[str], broken: int) -> List[str]:
    """Return what came of the runs, of which some ``broken`` failed without a failed test; pure."""
    lines = [f"{count} of {ran[name]}: {name}" for name, count in failed.most_common()]
    if broken:
        lines.append(f"{broken} {'run' if broken == 1 else 'runs'} failed without a failed test: see above")
    return lines or [f"Nothing failed of {len(ran)} tests, run {sum(ran.values())} times in all."]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
