"""The flags of a table, bit by bit: two states, what differs between them, and how a difference is made again.

Flags of one shape are an array of rows x channels x correlations. numpy is imported when it is used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Piece:
    """The flags of some rows that have the same shape.

    Attributes:
        rows: their numbers, ascending, from 0.
        shape: the number of channels and of correlations.
        bits: the flags, packed: eight to a byte, the correlation fastest, then the channel, then the row.
    """

    rows: Array
    shape: Tuple[int, int]
    bits: Array

    @classmethod
    def of(cls, rows: Array, flags: Array) -> Piece:
        """Pack flags, an array of rows x channels x correlations."""
        import numpy

        return cls(rows, (int(flags.shape[1]), int(flags.shape[2])), numpy.packbits(flags.ravel()))


@dataclass(frozen=True)
class State:
    """All flags of a table.

    Attributes:
        rows: how many rows it has.
        pieces: the flags, in an order that depends on nothing but the table's rows.
        row_flags: the column FLAG_ROW, packed; None if the table has none.
    """

    rows: int
    pieces: Tuple[Piece, ...]
    row_flags: Optional[Array]

    @property
    def digest(self) -> str:
        """What tells this state from others, in hexadecimal."""
        digest = hashlib.blake2b(digest_size=16)
        for piece in self.pieces:
            digest.update(f"{len(piece.rows)} {piece.shape}".encode())
            digest.update(piece.bits.tobytes())
        if self.row_flags is not None:
            digest.update(self.row_flags.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Group:
    """What changed in some rows that have the same shape.

    Attributes:
        rows: their numbers.
        flagged: which of their flags were set, rows x channels x correlations.
        unflagged: which were cleared.
    """

    rows: Array
    flagged: Array
    unflagged: Array


@dataclass(frozen=True)
class Difference:
    """What differs between two states of a table's flags.

    Attributes:
        groups: the rows in which something differs in FLAG, by their shapes.
        row_flagged: the numbers of the rows whose FLAG_ROW was set.
        row_unflagged: the numbers of those whose FLAG_ROW was cleared.
    """

    groups: Tuple[Group, ...]
    row_flagged: Array
    row_unflagged: Array

    @property
    def flagged(self) -> int:
        """How many visibilities were flagged."""
        return sum(int(group.flagged.sum()) for group in self.groups)

    @property
    def unflagged(self) -> int:
        """How many visibilities were unflagged."""
        return sum(int(group.unflagged.sum()) for group in self.groups)

    @property
    def rows(self) -> Array:
        """The numbers of all rows in which something differs, ascending."""
        import numpy

        every = [*(group.rows for group in self.groups), self.row_flagged, self.row_unflagged]
        return numpy.unique(numpy.concatenate(every))

    def __bool__(self) -> bool:
        return bool(self.groups) or bool(len(self.row_flagged) or len(self.row_unflagged))


def difference(before: State, after: State) -> Difference:
    """Return what changed from one state to another.

    Raises:
        ValueError: they are states of tables with other rows or shapes.
    """
    import numpy

    shapes = [[(len(each.rows), each.shape) for each in state.pieces] for state in (before, after)]
    if before.rows != after.rows or shapes[0] != shapes[1]:
        raise ValueError("rows were added or removed")
    groups = [each for pair in zip(before.pieces, after.pieces) for each in _changed(*pair)]
    empty = numpy.zeros(0, dtype=numpy.int64)
    if before.row_flags is None or after.row_flags is None:
        return Difference(tuple(groups), empty, empty)
    old, new = (numpy.unpackbits(each)[: before.rows] for each in (before.row_flags, after.row_flags))
    return Difference(tuple(groups), numpy.flatnonzero(new & ~old), numpy.flatnonzero(old & ~new))


def _changed(before: Piece, after: Piece) -> List[Group]:
    import numpy

    if (before.bits == after.bits).all():
        return []
    shape = (len(before.rows), *before.shape)
    count = shape[0] * shape[1] * shape[2]
    old, new = (numpy.unpackbits(each.bits)[:count].reshape(shape).astype(bool) for each in (before, after))
    where = numpy.flatnonzero((old ^ new).any(axis=(1, 2)))
    old, new = old[where], new[where]
    return [Group(before.rows[where], new & ~old, old & ~new)]


def made(group: Group, flags: Array) -> Array:
    """Return the flags of a group's rows as the change leaves them, whatever they are now."""
    result: Array = (flags | group.flagged) & ~group.unflagged
    return result


def taken_back(group: Group, flags: Array) -> Tuple[Array, int]:
    """Return the flags of a group's rows as they were before the change.

    Returns:
        The flags, and how many of them no longer are as the change left them, so that they should not be taken back.
    """
    others = int((group.flagged & ~flags).sum() + (group.unflagged & flags).sum())
    return flags ^ (group.flagged | group.unflagged), others
