"""What the store of results keeps: the state of a file, folder or table, and the record of one call of a task."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Dict, Mapping, Sequence

# Digests are blake2b with 256 bits, in hexadecimal; these words take the place of one.
ABSENT = "absent"  # nothing is there
FOLDER = "folder"  # an empty folder
LINK = "link:"  # a symbolic link, with its target as it is written behind the colon

# Changed whenever the same contents would get another digest, so that old records are not compared with new ones.
_SCHEMA = "casa-desktop state 1"


@dataclass(frozen=True)
class State:
    """A file, a folder or a table as it is at one moment; states with equal digests have equal contents.

    Owner, permissions and times do not count, nor does ``table.lock``, which CASA rewrites when it only reads.

    Attributes:
        files: path below the folder, with ``/`` between names ("" for a file itself, and for an empty folder), to the
            digest of its contents, ``link:TARGET`` or ``folder``.
        beside: absolute path of what it refers to outside of itself (columns and subtables that lie elsewhere, parents
            of a reference table, targets of symbolic links), to the digest of that one's state.
        digest: of all this; ``absent`` if nothing is there.
    """

    files: Mapping[str, str]
    beside: Mapping[str, str]
    digest: str

    @classmethod
    def of(cls, files: Mapping[str, str], beside: Mapping[str, str]) -> State:
        """Make the state of something that is there."""
        # No name and no link's target has a NUL in it, so no two states give the same text. A name that is no UTF-8
        # has surrogates, as Python's file functions return it.
        pairs = [*sorted(files.items()), *sorted(beside.items())]
        text = "\0".join([_SCHEMA, str(len(files)), *chain.from_iterable(pairs)])
        return cls(files, beside, hashlib.blake2b(os.fsencode(text), digest_size=32).hexdigest())

    @property
    def absent(self) -> bool:
        """Whether nothing was there."""
        return self.digest == ABSENT

    def as_json(self) -> Dict[str, Any]:
        """Return it as JSON takes it."""
        return {"files": dict(self.files), "beside": dict(self.beside), "digest": self.digest}

    @classmethod
    def from_json(cls, value: Any) -> State:
        """Make it of what ``as_json`` returned; ValueError if that was something else."""
        try:
            return cls(_checked(value["files"], str), _checked(value["beside"], str), _text(value["digest"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no state: {error}") from error


NOTHING = State({}, {}, ABSENT)


@dataclass(frozen=True)
class Record:
    """One call of a task, with all that is needed to give its result again.

    Attributes:
        key: the digest of all that the call was made of.
        task: the task's name.
        made: when it was called, in seconds since 1970.
        seconds: how long it took.
        cell: the cell that called it, for example ``[7]``; empty outside of a notebook.
        value: what it returned, encoded for JSON by ``values``.
        shown: what it showed, as MIME bundles ``{"data": ..., "metadata": ...}``: pictures, and the log's table.
        before: absolute path of each input, including what it changed in place, to its state before.
        after: absolute path of each output to its state after; ``absent`` where the task removed it.
        parts: names of arguments, versions and the like to their digests or values, to explain why a call ran.
        arguments: all arguments by name, with defaults, each encoded as ``value``; empty in records of before.
        folder: the working folder; empty in records of before.
        rows: absolute path of each output to what ``row_counts`` tells of the tables in it, where that is known.
    """

    key: str
    task: str
    made: float
    seconds: float
    cell: str
    value: Any
    shown: Sequence[Mapping[str, Any]]
    before: Mapping[str, State]
    after: Mapping[str, State]
    parts: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> Dict[str, Any]:
        """Return it as JSON takes it."""
        before, after = (
            {path: each.as_json() for path, each in states.items()} for states in (self.before, self.after)
        )
        plain = {"shown": list(self.shown), "parts": dict(self.parts), "arguments": dict(self.arguments)}
        plain["rows"] = {path: dict(each) for path, each in self.rows.items()}
        return {**vars(self), **plain, "before": before, "after": after}

    @classmethod
    def from_json(cls, value: Any) -> Record:
        """Make it of what ``as_json`` returned; ValueError if that was something else."""
        try:
            return cls(
                **{name: _text(value[name]) for name in ("key", "task", "cell")},
                made=float(value["made"]),
                seconds=float(value["seconds"]),
                value=value["value"],
                shown=list(_checked({"": value["shown"]}, list)[""]),
                before={path: State.from_json(each) for path, each in _checked(value["before"], dict).items()},
                after={path: State.from_json(each) for path, each in _checked(value["after"], dict).items()},
                parts=_checked(value["parts"], str),
                arguments=_checked(value.get("arguments", {}), object),
                folder=_text(value.get("folder", "")),
                rows={path: _checked(each, str) for path, each in _checked(value.get("rows", {}), dict).items()},
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no record: {error}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _checked(names: Any, kind: type) -> Dict[str, Any]:
    """Return a mapping all of whose values are of one type."""
    if not isinstance(names, dict) or not all(isinstance(each, kind) for each in names.values()):
        raise TypeError(f"not a mapping of text to {kind.__name__}")
    return dict(names)
