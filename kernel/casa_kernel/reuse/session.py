"""What the calls of this session did to files, and why the last of them ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from casa_desktop.store.models import State

# What became of a call.
RAN, REUSED, FAILED = "ran", "reused", "failed"
# How many differences are told.
_TOLD = 5


@dataclass(frozen=True)
class Story:
    """One call of this session.

    Attributes:
        task, cell: its task, and the cell that called it, like ``[7]``.
        outcome: RAN, REUSED or FAILED.
        reason: why it simply ran, where too little was known to look for a result; else empty.
        unkept: why its result was not kept; empty if it was.
        parts: what its key was made of.
        before: the states of its inputs, by absolute path.
        after: the states of its outputs, by absolute path.
        first: where it was reused: the cell and the time of the call that made the result.
    """

    task: str
    cell: str
    outcome: str
    reason: str = ""
    unkept: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, State] = field(default_factory=dict)
    after: Mapping[str, State] = field(default_factory=dict)
    first: str = ""

    def outputs(self) -> List[str]:
        """Return the names of its outputs, as its key has them."""
        return [name for name in self.parts if name.startswith("output ")]


class Session:
    """The calls of one kernel.

    Args:
        columns: returns the names of what files of a table hold: columns and subtables.
    """

    def __init__(self, columns: Callable[[str, Sequence[str]], Sequence[str]]) -> None:
        self._columns = columns
        self._stories: List[Story] = []

    def add(self, story: Story) -> int:
        """Note a call; return its place."""
        self._stories.append(story)
        return len(self._stories) - 1

    def replace(self, place: int, story: Story) -> None:
        """Tell more of a call that has a place."""
        self._stories[place] = story

    def why(self, task: str = "", earlier: Callable[[Story], Optional[Story]] = lambda _story: None) -> str:
        """Return why the last call, or the last one of a task, ran or did not.

        Args:
            task: the task's name, or empty.
            earlier: returns a call of former sessions that is like a given one, if one is kept.
        """
        index = max((n for n, each in enumerate(self._stories) if not task or each.task == task), default=-1)
        if index < 0:
            return f"{f'{task} has not' if task else 'No task has'} been called with reuse on in this session."
        story = self._stories[index]
        lines = [self._explain(index, story, earlier)]
        if story.outcome == FAILED:
            lines.append("It failed, so that it will be made again.")
        if story.unkept:
            lines.append(f"Its result was not kept: {story.unkept}.")
        return "\n".join(lines)

    def _explain(self, index: int, story: Story, earlier: Callable[[Story], Optional[Story]]) -> str:
        name = f"{story.task} in cell {story.cell}"
        if story.outcome == REUSED:
            return f"{name} did not run: all that it depends on is as it was in {story.first}.\n{_basis(story)}"
        if story.reason:
            return f"{name} ran: {story.reason}."
        like = self._like(index, story)
        former = like[1] if like is not None else earlier(story)
        if former is None:
            return f"{name} ran: no call of it with these outputs is kept."
        changes = self._changes(like[0] if like is not None else -1, index, former, story)
        if not changes:
            return f"{name} ran: its former result is no longer kept, or it was to be made anew."
        told = changes[:_TOLD] + ([f"and {len(changes) - _TOLD} more"] if len(changes) > _TOLD else [])
        return f"{name} ran:\n" + "\n".join(f"  {each}" for each in told)

    def _like(self, index: int, story: Story) -> Optional[Tuple[int, Story]]:
        """Return the last call before one that had the same outputs."""
        for number in range(index - 1, -1, -1):
            each = self._stories[number]
            if each.task == story.task and each.parts and each.outputs() == story.outputs():
                return number, each
        return None

    def _changes(self, since: int, index: int, former: Story, story: Story) -> List[str]:
        """Return a sentence for each part in which two calls differ."""
        names = [*story.parts, *(name for name in former.parts if name not in story.parts)]
        told = []
        for name in names:
            was, now = former.parts.get(name), story.parts.get(name)
            if was == now:
                continue
            kind, _, what = name.partition(" ")
            if kind == "input":
                states = former.before.get(what), story.before.get(what)
                # Of what is not there, like an expression that might have been a path, the argument tells.
                if not all(each is None or each.absent for each in states):
                    told.append(self._change_of(what, since, index, *states))
            elif was is None or now is None:
                told.append(f"{what} is new" if was is None else f"{what} is no longer there")
            else:
                told.append(f"{what} was {was} and is {now}")
        return told

    def _change_of(self, path: str, since: int, index: int, was: Optional[State], now: Optional[State]) -> str:
        name = PurePath(path).name
        if was is None or now is None:
            return f"{name} is {'now' if was is None else 'no longer'} among its inputs"
        changed = sorted(each for each in {*was.files, *now.files} if was.files.get(each) != now.files.get(each))
        writer = self._writer(path, since, index)
        by = f"was written by {writer.task} in cell {writer.cell}" if writer is not None else "was changed"
        return f"{self._parts_of(path, changed)} of {name} {by}" if any(changed) else f"{name} {by}"

    def _parts_of(self, path: str, changed: Sequence[str]) -> str:
        files = f"{', '.join(changed[:_TOLD])}{', …' if len(changed) > _TOLD else ''}"
        columns = self._columns(path, changed)
        names = f"{', '.join(columns[:_TOLD])}{', …' if len(columns) > _TOLD else ''}"
        return f"{names} ({files})" if columns else files

    def _writer(self, path: str, since: int, index: int) -> Optional[Story]:
        """Return the last call between two that changed a path."""
        for number in range(index - 1, since - 1, -1):
            each = self._stories[number] if number >= 0 else None
            if each is not None and path in each.after and each.after[path] != each.before.get(path):
                return each
        return None

    def reused(self) -> int:
        """Return how many calls were reused."""
        return sum(each.outcome == REUSED for each in self._stories)


def _basis(story: Story) -> str:
    """Return what a call depends on: a line for each input, for its arguments, and for all else."""
    named: Dict[str, List[str]] = {}
    for kind, _, what in (name.partition(" ") for name in story.parts):
        named.setdefault(kind, []).append(what)
    there = {path: path in story.before and not story.before[path].absent for path in named.get("input", ())}
    lines = [f"{'the contents of' if there[path] else 'that there is no'} {PurePath(path).name}" for path in there]
    lines.append(f"the values of its {len(named.get('argument', ()))} parameters")
    lines.append(", ".join(named.get("surroundings", ())))
    return "\n".join(f"  {line}" for line in lines if line)
