"""``python -m tests.benchmarks [name…]``: print how casa-desktop compares with what people would use instead."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from typing import Any, Dict, List

from . import harness
from .stage import Stage

KERNEL = ("first_task", "imview", "plotms", "live", "overhead", "memory")
DESKTOP = ("desktop_start", "desktop_latency", "desktop_film", "desktop_reader", "desktop_idle")
BENCHMARKS = KERNEL + DESKTOP


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Compares the CASA kernel with stock CASA, and the desktop with jupyter-remote-desktop-proxy, on "
        "this machine, in pairs of runs. Stock's native tools need FUSE: 'apt-get install fuse', and /dev/fuse in a "
        "container; without it their benchmarks are left out. The other desktop is installed on first use.",
        epilog="\n".join(f"{name:<15} {_summary(name)}" for name in BENCHMARKS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("names", nargs="*", metavar="NAME", help="what to measure, see below (default: everything)")
    found.add_argument("-n", "--repeats", type=int, default=5, help="pairs of runs (default: 5)")
    found.add_argument("--json", metavar="FILE", help="also write all runs into FILE; - for the standard output")
    return found


def _summary(name: str) -> str:
    return str(importlib.import_module(f".{name}", __package__).__doc__).partition("\n")[0]


def main() -> int:
    """Run the command line; return the exit status."""
    options = parser().parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown or options.repeats < 1:
        print(f"Not a benchmark: {', '.join(unknown)}" if unknown else "--repeats is at least 1.", file=sys.stderr)
        return 2
    with Stage() as stage:
        results = measure(options.names or BENCHMARKS, stage, options.repeats)
    machine: Dict[str, Any] = {"processors": os.cpu_count(), "load": os.getloadavg()[0], "system": platform.platform()}
    if options.json:
        text = json.dumps({"machine": machine, "results": [result.as_dict() for result in results]}, indent=1)
        if options.json == "-":
            print(text)
            return 0
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(text)
    print(f"{machine['processors']} processors, load {machine['load']:.1f}; median (minimum–maximum)\n")
    print(harness.tables(results))
    return 0


def measure(names: List[str], stage: Stage, repeats: int) -> List[harness.Result]:
    """Run the named benchmarks; tell on the standard error what happens."""
    results: List[harness.Result] = []
    for name in names:
        benchmark: Any = importlib.import_module(f".{name}", __package__)
        if getattr(benchmark, "NEEDS_TOOLS", False) and not stage.can_mount:
            print(f"{name} is left out: stock CASA's tools need fusermount and /dev/fuse.", file=sys.stderr)
            continue
        results += harness.run(name, benchmark, stage, repeats, lambda text: print(text, file=sys.stderr, flush=True))
    return results


if __name__ == "__main__":
    sys.exit(main())
