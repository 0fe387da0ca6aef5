"""Measure a hub of many users: ``python -m tests.town --users 20``, as root. The machine should be quiet."""

from __future__ import annotations

import argparse

from .measure import HEADING, admitted, dismissed
from .observatory import Observatory


def main() -> None:
    """Print a row for each user, and what all of them have left."""
    parser = argparse.ArgumentParser(prog="python -m tests.town", description=__doc__)
    parser.add_argument("--users", type=int, default=20, metavar="N", help="so many users (default: %(default)s)")
    users = parser.parse_args().users
    with Observatory() as hub:
        print(HEADING)
        for figures in admitted(hub, users):
            print(figures.line(), flush=True)
        left = dismissed(hub, users)
        print(f"left: {len(left)}", *left, sep="\n")


if __name__ == "__main__":
    main()
