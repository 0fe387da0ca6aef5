"""Measure a hub, as root, on a machine that should be quiet: many users, or one who works for an hour.

``python -m tests.town --users 20``, ``python -m tests.town --users 10 --at-once``, and
``python -m tests.town --minutes 60``.
"""

from __future__ import annotations

import argparse
from typing import List

from . import measure, stay
from .observatory import Observatory


def main() -> None:
    """Print a row for each user or each round, and what is left."""
    parser = argparse.ArgumentParser(prog="python -m tests.town", description=__doc__)
    parser.add_argument("--users", type=int, default=20, metavar="N", help="so many users (default: %(default)s)")
    parser.add_argument("--at-once", action="store_true", help="all of them at the same moment")
    parser.add_argument("--minutes", type=float, metavar="M", help="instead, one who works for so long")
    options = parser.parse_args()
    with Observatory() as hub:
        if options.minutes:
            left = _one(hub, options.minutes)
        else:
            left = _many(hub, measure.observers(options.users), options.at_once)
        print(f"left: {len(left)}", *left, sep="\n")


def _many(hub: Observatory, users: List[str], at_once: bool) -> List[str]:
    print(measure.HEADING)
    for figures in (measure.rushed if at_once else measure.admitted)(hub, users):
        print(figures.line(), flush=True)
    return measure.dismissed(hub, users)


def _one(hub: Observatory, minutes: float) -> List[str]:
    print(stay.HEADING)
    rounds = []
    for each in stay.stayed(hub, "--minutes", str(minutes)):
        print(each.line(), flush=True)
        rounds.append(each)
    print(f"rounds: {len(rounds)}, failures: {sum(bool(each.failure) for each in rounds)}")
    return stay.gone(hub)


if __name__ == "__main__":
    main()
