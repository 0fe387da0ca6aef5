"""``python -m tests.benchmarks [name…]``: print how casa-desktop compares with what people would use instead."""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from . import catalogue, chart, disks, guard, harness, machine, peers, plan, report, sides, table
from .figures import Row
from .stage import Stage

PROGRAMS = {
    "Xvnc": ("Xvnc", "-version"),
    "Xpra": ("xpra", "--version"),
    "icewm": ("icewm", "--version"),
    "Chromium": ("chromium", "--version"),
}


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Compares the CASA kernel with stock CASA, and the desktop with jupyter-remote-desktop-proxy, with "
        "Selkies, with websockify and with Xpra, on this machine, side after side in turn. Stock CASA's tools need "
        "libfuse2, fusermount and /dev/fuse; without them their benchmarks are left out, as are Selkies and Xpra where "
        "they cannot be had. "
        "Peers are installed at their first use, below the user's cache. Keep the machine quiet: "
        "runs that others disturb are marked. docs/benchmarks.md tells the method.",
    )
    found.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="what to measure, see --list; also 'kernel', 'desktop' and 'reuse' (default: all)",
    )
    found.add_argument(
        "-n", "--rounds", type=int, help="rounds of each benchmark (default: its own number, see --list)"
    )
    found.add_argument("--quick", action="store_true", help="one round, fewer cases and samples: to see that it works")
    found.add_argument(
        "--size",
        type=int,
        default=100,
        metavar="MB",
        help="of the MeasurementSet whose results are reused (default: %(default)s; the targets are about 1000)",
    )
    found.add_argument(
        "--case",
        action="append",
        default=[],
        metavar="TEXT",
        help="only the cases whose names contain this, like 'noise of 800 x 800, none'; may be given again",
    )
    found.add_argument(
        "--side", action="append", default=[], metavar="TEXT", help="only the sides whose names contain this, likewise"
    )
    found.add_argument(
        "--list", action="store_true", help="tell what there is, how often and how long it runs, and stop"
    )
    found.add_argument("--json", metavar="FILE", help="also write all runs into FILE; - for the standard output alone")
    found.add_argument("--plot", metavar="FILE", help="also draw the ratios into FILE, an .svg or .png")
    found.add_argument(
        "--from",
        dest="read",
        metavar="FILE",
        nargs="+",
        help="measure nothing, and take what --json wrote to FILE; of several, the last that has a figure counts",
    )
    return found


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line; return the exit status."""
    options = parser().parse_args(argv)
    names = [name for given in options.names or catalogue.ALL for name in catalogue.group(given)]
    unknown = [name for name in names if name not in catalogue.BENCHMARKS]
    if unknown or (options.rounds is not None and options.rounds < 1) or options.size < 10:
        wrong = "--rounds is at least 1, and --size at least 10."
        print(f"Not a benchmark: {', '.join(unknown)}" if unknown else wrong, file=sys.stderr)
        return 2
    if options.list:
        print(listing(names, options.rounds, options.quick))
        return 0
    told = kept(options.read) if options.read else measured(names, options)
    tell(told, options)
    return 0


def _end_in_order() -> None:
    """Have signals that end programs end the desktops and kernels, too; a shell's background would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def listing(names: Sequence[str], asked: Optional[int], quick: bool) -> str:
    """Return a line for each benchmark, and how long all of them take."""
    lines, total = [], 0.0
    for name in names:
        found: Any = catalogue.load(name)
        rounds = plan.rounds_of(found.ROUNDS, asked, quick)
        share = len(found.QUICK) / len(found.CASES) if quick else 1.0
        minutes = plan.minutes(found.SECONDS * share, rounds)
        total += minutes
        lines.append(f"{name:<16} {rounds} × {found.SECONDS * share:3.0f} s  {catalogue.heading(name)}")
    return "\n".join([*lines, f"About {total:.0f} minutes on two quiet cores."])


def kept(paths: Sequence[str]) -> Dict[str, Any]:
    """Return the reports of former runs as one."""
    return report.together([json.loads(Path(path).read_text(encoding="utf-8")) for path in paths])


def measured(names: Sequence[str], options: argparse.Namespace) -> Dict[str, Any]:
    """Measure, and return the report."""
    _end_in_order()
    before, watch, rows, notes = machine.describe(), machine.Watch(), [], list(sides.absent())
    if set(names) & set(catalogue.REUSE):
        notes += [f"Results that are reused are those of a MeasurementSet of {options.size} MB.", *disks.all_absent()]
    choice = harness.Choice(options.case, options.side)
    with Stage(options.quick, options.size) as stage:
        for name in names:
            found: Any = catalogue.load(name)
            if found.NEEDS_TOOLS and not stage.can_mount:
                notes.append(f"{name} is left out: stock CASA's tools need libfuse2, fusermount and /dev/fuse.")
                continue
            rounds = plan.rounds_of(found.ROUNDS, options.rounds, options.quick)
            _say(f"{name}: {catalogue.heading(name)}")
            try:
                # What was measured before it fails is kept.
                for row in harness.run(name, found, stage, rounds, watch, _say, choice):
                    rows.append(row)
            except Exception as error:  # noqa: BLE001 - one that cannot be measured must not cost the others' half hour.
                notes.append(f"{name} ended early: {type(error).__name__}: {error}".strip())
                _say("".join(traceback.format_exception(error)) + notes[-1])
    notes += sides.lacks(dict.fromkeys(side for name in names for side in catalogue.load(name).SIDES))
    return report.as_dict(
        rows,
        {
            "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "quick": options.quick,
            "machine": {**before, "load after": machine.describe()["load"], **watch.told()},
            "versions": peers.versions(PROGRAMS),
            "notes": notes,
        },
    )


def _say(text: str) -> None:
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def tell(told: Dict[str, Any], options: argparse.Namespace) -> None:
    """Write the report as the options have it."""
    text, rows = json.dumps(told, indent=1), report.rows_of(told)
    if options.json == "-":
        print(text)
        return
    if options.json:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    if options.plot:
        chart.draw(rows, Path(options.plot), caption(told))
    print("\n".join([caption(told), "", *pages(rows, told["notes"])]))


def caption(told: Dict[str, Any]) -> str:
    """Return the machine, its load and the day in a line."""
    found = told["machine"]
    return (
        f"{found['cores']} cores of {found['model']}, {found['memory'] / 2**30:.0f} GiB, {found['system']}, Linux "
        f"{found['kernel']}; load {found['load'][0]:.1f} before; {told['when'][:10]}"
    )


def pages(rows: Sequence[Row], notes: Sequence[str]) -> List[str]:
    """Return the parts of what is printed."""
    parts = ["median (quartiles); → ×r: casa-desktop takes r of what the peer takes, with its quartiles\n"]
    parts.append(table.tables(rows, catalogue.headings(row.benchmark for row in rows)))
    for heading, lines in (
        ("Where a peer does better", table.lost(rows)),
        ("Worse than recorded", guard.warnings(rows, guard.recorded())),
        ("Notes", notes),
    ):
        if lines:
            parts.append("\n".join([f"\n{heading}:", *(f"  {line}" for line in lines)]))
    return parts


if __name__ == "__main__":
    sys.exit(main())
