"""The rounds as tests, one each; the arena that all share, and the table after them."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from .arena import Arena
from .ledger import Outcome, summary
from .plan import SEEDS, fresh, one, planned

_OUTCOMES = pytest.StashKey[List[Outcome]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the test that takes a round those of the plan, or the one that was asked for."""
    if "round_" not in metafunc.fixturenames:
        return
    seed, number = metafunc.config.getoption("--chaos-seed"), metafunc.config.getoption("--chaos-round")
    first, count = metafunc.config.getoption("--chaos-fresh"), metafunc.config.getoption("--rounds")
    rounds = planned(count, SEEDS if first is None else fresh(first)) if seed is None else [one(seed, number)]
    metafunc.parametrize("round_", rounds, ids=[f"{each.seed}-{each.number}" for each in rounds])


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> List[Outcome]:
    """What came of the rounds so far."""
    return request.config.stash.setdefault(_OUTCOMES, [])


@pytest.fixture(scope="module")
def arena(place: Path, environment: Dict[str, str], untouched: Path) -> Iterator[Arena]:
    """Everything that takes part, running. It ends with the module's last test."""
    arena = Arena(place / "chaos", environment, untouched)
    try:
        arena.warm_up()
        yield arena
    finally:
        arena.close()
        arena.inotify.close()
        arena.data.close()
        arena.runtime.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table of all rounds."""
    lines = summary(config.stash[_OUTCOMES]) if _OUTCOMES in config.stash else []
    if lines:
        terminalreporter.section("chaos")
        for line in lines:
            terminalreporter.write_line(line)
