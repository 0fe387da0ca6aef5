"""What happens in each round, by its seed and number alone: a plan can be read, counted and repeated.

A seed deals a hundred rounds from a deck, in which each victim and action has as many cards as it is worth in time;
the next seed deals the next hundred. All else about a round is drawn from its seed and its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import islice
from random import Random
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

# Fixed, so that two runs of so many rounds do the same. They mean nothing.
SEEDS = (1937, 1861, 1931, 1932, 1946, 1951, 1967, 1974, 1980, 2013)


class Work(Enum):
    """What a notebook, or somebody at the REST interface, is about."""

    LISTOBS = "listobs"
    IMVIEW = "headless imview"
    PLOTMS = "headless plotms"
    LIVE_VIEWER = "live viewer"
    LIVE_PLOTMS = "live plotms"
    CLEAN = "tclean"
    INTERACTIVE = "waiting tclean"
    LOGGER = "casalogger"
    SCREENSHOT = "screenshot"


class Victim(Enum):
    """Who is hit; DISK and FILE are no processes."""

    X_SERVER = "Xvnc"
    WINDOW_MANAGER = "window manager"
    SUPERVISOR = "supervisor"
    CARETAKER = "caretaker"
    VIEWER = "casaviewer"
    PLOTMS = "casaplotms"
    LOGGER = "casalogger"
    KERNEL = "kernel"
    STARTER = "starter"
    PORTER = "kernel's porter"
    WAY_OUT = "kernel's way out"
    SERVER = "Jupyter server"
    VIEW = "view"
    DISK = "disk"
    FILE = "file"


class Action(Enum):
    """What is done to it."""

    KILL = "kill"
    STOP = "stop"
    FREEZE = "stop its windows' thread"
    FILES = "no descriptors"
    MEMORY = "no memory"
    FILL = "fill"
    REMOVE = "remove"
    FORK = "kill, a cell's daemon lives on"
    BLIND = "kill, no inotify instance left"


class Moment(Enum):
    """When."""

    BEFORE = "before it begins"
    FIRST_LOG = "at its first words"
    WINDOW = "when its window is up"
    MASK = "when the mask editor waits"
    FRACTION = "in the middle"


DESKTOP = (Victim.X_SERVER, Victim.WINDOW_MANAGER, Victim.SUPERVISOR, Victim.CARETAKER)
# In the desktop's folder.
FILES = ("record.json", "rfb.sock", "Xauthority")
TOOLS = (Victim.VIEWER, Victim.PLOTMS, Victim.LOGGER)
# What ends its victims.
ENDS = (Action.KILL, Action.FORK, Action.BLIND)
# A hundred cards.
DECK: Mapping[Victim, Mapping[Action, int]] = {
    Victim.X_SERVER: {Action.KILL: 4, Action.STOP: 3, Action.FILES: 2, Action.MEMORY: 2},
    Victim.WINDOW_MANAGER: {Action.KILL: 4, Action.STOP: 3, Action.FILES: 1, Action.MEMORY: 1},
    Victim.SUPERVISOR: {Action.KILL: 4, Action.STOP: 3, Action.FILES: 2, Action.MEMORY: 1, Action.BLIND: 1},
    Victim.CARETAKER: {Action.KILL: 2, Action.STOP: 2, Action.FILES: 1, Action.MEMORY: 1, Action.BLIND: 1},
    Victim.VIEWER: {Action.KILL: 4, Action.STOP: 3, Action.FREEZE: 2, Action.FILES: 1, Action.MEMORY: 2},
    Victim.PLOTMS: {Action.KILL: 2, Action.STOP: 2, Action.FREEZE: 2, Action.FILES: 1, Action.MEMORY: 1},
    Victim.LOGGER: {Action.KILL: 2, Action.STOP: 1, Action.FILES: 1, Action.MEMORY: 1},
    Victim.KERNEL: {Action.KILL: 3, Action.STOP: 2, Action.FILES: 1, Action.MEMORY: 1, Action.FORK: 2, Action.BLIND: 1},
    Victim.STARTER: {Action.KILL: 2},
    Victim.PORTER: {Action.KILL: 1, Action.STOP: 1, Action.FILES: 1, Action.MEMORY: 1},
    Victim.WAY_OUT: {Action.KILL: 1},
    # All else must be started again after it.
    Victim.SERVER: {Action.KILL: 1, Action.STOP: 2, Action.FILES: 2, Action.MEMORY: 1, Action.FORK: 1},
    Victim.VIEW: {Action.KILL: 3, Action.STOP: 3},
    Victim.DISK: {Action.FILL: 4},
    Victim.FILE: {Action.REMOVE: 3},
}
HAND = 100

# In which works a victim has a part, where not in all; a waiting tclean is there twice, for what is promised of it.
_ALL = (*Work, Work.INTERACTIVE)
_WORKS: Mapping[Victim, Tuple[Work, ...]] = {
    Victim.VIEWER: (Work.IMVIEW, Work.LIVE_VIEWER, Work.INTERACTIVE),
    Victim.PLOTMS: (Work.PLOTMS, Work.LIVE_PLOTMS),
    Victim.LOGGER: (Work.LOGGER,),
    Victim.STARTER: (Work.LIVE_VIEWER, Work.LIVE_PLOTMS, Work.LOGGER, Work.IMVIEW, Work.SCREENSHOT),
    Victim.VIEW: (Work.LIVE_VIEWER, Work.LIVE_PLOTMS, Work.INTERACTIVE, Work.SCREENSHOT),
}
_MOMENTS: Mapping[Work, Tuple[Moment, ...]] = {
    Work.LISTOBS: (Moment.BEFORE, Moment.FRACTION, Moment.FIRST_LOG),
    Work.CLEAN: (Moment.BEFORE, Moment.FRACTION, Moment.FIRST_LOG),
    Work.LIVE_VIEWER: (Moment.BEFORE, Moment.FRACTION, Moment.WINDOW),
    Work.LIVE_PLOTMS: (Moment.BEFORE, Moment.FRACTION, Moment.WINDOW),
    Work.LOGGER: (Moment.BEFORE, Moment.FRACTION, Moment.WINDOW),
    Work.INTERACTIVE: (Moment.FIRST_LOG, Moment.FRACTION, Moment.MASK, Moment.MASK),
}
# What the other notebook does meanwhile needs no desktop.
_BYSTANDERS = (Work.LISTOBS, Work.LISTOBS, Work.IMVIEW, Work.PLOTMS, Work.CLEAN)
# What is done for some time, which is drawn.
HELD = (Action.STOP, Action.FREEZE)
# For how long something is stopped, in seconds.
_PAUSES = (0.2, 0.5, 1.0, 2.0)
# For so long at most that the work has to end without it: a tool is given up when it has not answered for 12 s, and one
# whose window has not when it has done nothing for 20 s.
FOR_GOOD = 35.0
# One that is about to be given up goes on.
_LONG_PAUSES = (2.0, 20.0, FOR_GOOD)


# What the command line takes to start a desktop.
_START_SECONDS = 1.0


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes:
        seed, number: what it is drawn from; ``number`` counts a seed's rounds from 0.
        work: what the first notebook does.
        bystander: what the second one does meanwhile.
        victim, action, moment: who is hit, how, and when.
        fraction: how far into the work's usual time, where that is the moment.
        pause: for how long the victim is stopped, in seconds.
        in_runtime: the disk that becomes full is the one of the runtime directory, not the one with the data.
        goes_on: a tclean that still waits is given a mask and goes on; else it is interrupted.
        file: what is removed of the desktop's folder, where the victim is a file.
        start: for how many seconds a starter lives.
    """

    seed: int
    number: int
    work: Work
    bystander: Work
    victim: Victim
    action: Action
    moment: Moment
    fraction: float
    pause: float
    in_runtime: bool
    goes_on: bool
    file: str = FILES[0]
    start: float = 0.0

    def __str__(self) -> str:
        disk = (" of the runtime directory" if self.in_runtime else " with the data") * (self.victim is Victim.DISK)
        part = f" {self.file}" * (self.victim is Victim.FILE) + f" after {self.start:.2f} s" * (
            self.victim is Victim.STARTER
        )
        middle = f" ({self.fraction:.0%})" * (self.moment is Moment.FRACTION)
        pause = (" for good" if self.pause == FOR_GOOD else f" for {self.pause} s") * (self.action in HELD)
        return (
            f"seed {self.seed}, round {self.number}: {self.victim.value}{disk}{part}, {self.action.value}{pause}, "
            f"{self.work.value} {self.moment.value}{middle}; beside it {self.bystander.value}"
        )


def dealt(seed: int) -> Iterator[Round]:
    """Yield the rounds of a seed, without end."""
    dealer = Random(seed)
    number = 0
    while True:
        deck = [(victim, action) for victim, row in DECK.items() for action, count in row.items() for _ in range(count)]
        dealer.shuffle(deck)
        for victim, action in deck:
            yield _drawn(seed, number, victim, action)
            number += 1


def _drawn(seed: int, number: int, victim: Victim, action: Action) -> Round:
    chance = Random(f"{seed}/{number}")
    work = chance.choice(_WORKS.get(victim, _ALL))
    # Those without which a work may wait for ever.
    pauses = (*_PAUSES, FOR_GOOD) if victim in (*TOOLS, Victim.X_SERVER) else _PAUSES
    if action is Action.FREEZE:
        pauses = _LONG_PAUSES
    return Round(
        seed=seed,
        number=number,
        work=work,
        bystander=chance.choice(_BYSTANDERS),
        victim=victim,
        action=action,
        moment=chance.choice(_MOMENTS.get(work, (Moment.BEFORE, Moment.FRACTION))),
        fraction=chance.random(),
        pause=chance.choice(pauses),
        in_runtime=chance.random() < 0.5,
        goes_on=chance.random() < 0.5,
        file=chance.choice(FILES),
        start=chance.random() * _START_SECONDS,
    )


def one(seed: int, number: int) -> Round:
    """Return one round of a seed."""
    return next(islice(dealt(seed), number, None))


def fresh(first: int) -> Tuple[int, ...]:
    """Return as many seeds as there are ``SEEDS``: ``first`` and those after it."""
    return tuple(range(first, first + len(SEEDS)))


def planned(count: int, seeds: Sequence[int] = SEEDS) -> List[Round]:
    """Return the first ``count`` rounds: a hundred by each seed, and from the first seed again when all have dealt."""
    hands: Dict[int, Iterator[Round]] = {seed: dealt(seed) for seed in seeds}
    rounds: List[Round] = []
    while len(rounds) < count:
        for hand in hands.values():
            rounds.extend(islice(hand, min(HAND, count - len(rounds))))
    return rounds
