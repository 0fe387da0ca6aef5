"""What is known of how a file or table was made: its calls, in order, and what cannot be known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

# Where a call is known from, in words: a record of the store has no path.
RECORD = "record of a kept result"


@dataclass(frozen=True)
class Unknown:
    """The value of an argument that cannot be read back.

    Attributes:
        text: what CASA wrote, or why nothing is known.
    """

    text: str


class Row(NamedTuple):
    """A line of what CASA has written into a table about its making.

    Attributes:
        time: in seconds since 1970.
        origin: the task or program that wrote it.
        message: the line.
    """

    time: float
    origin: str
    message: str


@dataclass(frozen=True)
class Written:
    """What CASA has written into a table or FITS file about its making.

    Attributes:
        where: HISTORY, logtable or FITS header; empty if it has no place for it.
        rows: in the order in which they were written.
        keywords: of a calibration table: MSName, VisCal and CASA_Version, as far as they are there; of a FITS file
            DATE and ORIGIN.
        problem: why it could not be read, as a clause; empty if it was.
    """

    where: str
    rows: Tuple[Row, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass
class Call:
    """One call of a task.

    Attributes:
        task: the task's name.
        arguments: by name; all that are known, defaults too. A value may be ``Unknown``.
        ended: when it had done its work, in seconds since 1970.
        seconds: how long it took; None if that is not known.
        casa: the version of CASA, like ``6.7.0.31``; empty if it is not known.
        sources: where it is known from: ``RECORD``, or like ``HISTORY of my.ms``.
        folder: where it was made; empty if that is not known.
        cell: the cell of the notebook, like ``[7]``; empty if that is not known.
        inputs: absolute path of what it read, to the digest of its state then; empty if that is not known.
        outputs: absolute path of what it made or changed, likewise.
        changed: the outputs that were there before.
        hand: folders with the handwork of this call.
        by_hand: what was flagged by hand in its window; empty if nothing was.
        notes: what is not known of it, and contradictions, as sentences.
        proved: whether the states of its files prove that it made what is there, or was read.
    """

    task: str
    arguments: Dict[str, Any]
    ended: float
    seconds: Optional[float] = None
    casa: str = ""
    sources: List[str] = field(default_factory=list)
    folder: str = ""
    cell: str = ""
    inputs: Dict[str, str] = field(default_factory=dict)
    outputs: Dict[str, str] = field(default_factory=dict)
    changed: List[str] = field(default_factory=list)
    hand: List[str] = field(default_factory=list)
    by_hand: str = ""
    notes: List[str] = field(default_factory=list)
    proved: bool = False

    @property
    def began(self) -> float:
        """When it began; when it ended, if it is not known how long it took."""
        return self.ended - (self.seconds or 0.0)

    @property
    def unknown(self) -> List[str]:
        """The names of the arguments whose values cannot be read back."""
        return [name for name, value in self.arguments.items() if isinstance(value, Unknown)]

    def note(self, sentence: str) -> None:
        """Add a sentence, unless it is there."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass
class Start:
    """A file or table at which a chain begins: no call is known that made it.

    Attributes:
        path: absolute.
        exists: whether it is there now.
        digest: of its state when it was first read; empty if that is not known.
        notes: what is known of it, as sentences.
    """

    path: str
    exists: bool
    digest: str = ""
    notes: List[str] = field(default_factory=list)


@dataclass
class History:
    """How a file or table was made.

    Attributes:
        path: absolute.
        digest: of its state now; empty if that is not known.
        calls: in the order in which they were made.
        starts: what the chain begins with.
        notes: what cannot be known, and contradictions, that belong to no single call.
        remarks: lines of no call in what CASA has written, each with its place.
        intact: the paths that are now as they were when they were last read here.
    """

    path: str
    digest: str = ""
    calls: List[Call] = field(default_factory=list)
    starts: List[Start] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    remarks: Sequence[Tuple[str, Row]] = ()
    intact: Set[str] = field(default_factory=set)
