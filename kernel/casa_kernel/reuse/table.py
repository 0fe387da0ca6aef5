"""What a call reads and writes: the rows of ``rows``, applied to a task's arguments. Imports nothing of CASA."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from typing import Any, Collection, Dict, Iterator, List, Mapping, Set, Tuple, Union

from .rows import BESIDE, HAND, NEW, ROWS, Output, Row

_BY_NAME: Dict[str, Row] = {row.task: row for row in ROWS}
# What stands between the names in lists and ranges, and in expressions of images. A path too many costs a hit; one too
# few makes a result stale. So each piece is looked for, however it was cut.
_CUTS = (r"[\s'\"\[\](){},;]+", r"[\s'\"\[\](){},;=<>!&|*+^%:]+")
_EXPRESSION_CUT = r"[\s'\"\[\](){},;=<>!&|*+^%:/-]+"
_EXPRESSIONS = ("expr", "mask")
_PLACE = re.compile(r"\{(\w+)(?::(name|again))?\}")
_FLAGS = ".flagversions"
# In bytes. Lists of commands and calibration libraries are short.
_LONGEST_LIST = 1 << 20


@dataclass(frozen=True)
class Files:
    """What a call reads and writes; paths are absolute.

    Attributes:
        inputs: what it reads, with what it changes in place. An input need not exist: that it is not there counts.
        in_place: what exists and is changed.
        new: what it makes, or replaces.
        perhaps: patterns in the syntax of ``glob`` of what it makes or changes, depending on the data.
        beside: such patterns of the histories of what it neither reads nor makes, to which it adds a line.
        hidden: state of the process on which its result depends.
    """

    inputs: Tuple[str, ...]
    in_place: Tuple[str, ...]
    new: Tuple[str, ...]
    perhaps: Tuple[str, ...]
    beside: Tuple[str, ...]
    hidden: Tuple[str, ...]

    def vacant(self) -> Tuple[str, ...]:
        """Return what must not be there when it makes something new: the flags of a MeasurementSet of that name.

        A call that succeeds has found none and left none. That there are some now, of the MeasurementSet that it once
        made and others have flagged since, makes it no other call.
        """
        return tuple(each for each in self.inputs if each.endswith(_FLAGS) and each[: -len(_FLAGS)] in self.new)


@dataclass(frozen=True)
class SimplyRun:
    """A call of which too little is known: it is made.

    Attributes:
        reason: why, as a sentence without its full stop.
    """

    reason: str


def files(task: str, arguments: Mapping[str, Any], folder: str) -> Union[Files, SimplyRun]:
    """Return what a call reads and writes, or why it simply runs.

    Args:
        task: the task's name.
        arguments: all its parameters by name, with defaults.
        folder: the working folder, absolute.
    """
    row = _BY_NAME.get(task)
    if row is None:
        return SimplyRun(f"it is not known what {task} reads and writes")
    missing = parameters(row) - set(arguments)
    if missing:
        return SimplyRun(f"{task} of this release of CASA has no parameter {min(missing)}")
    for run in row.runs:
        is_told = run.parameter == "interactive" and arguments.get(HAND) is not None
        if _is(arguments[run.parameter], run.values) and not is_told:
            return SimplyRun(run.reason)
    if any("\\" in text for text in _strings(arguments)):
        return SimplyRun("an argument has a backslash, and may name files in ways that are not read here")
    return files_of(row, arguments, folder, arguments)


def parameters(row: Row) -> Set[str]:
    """Return the names of the parameters that a row speaks of."""
    names = {*row.reads, *row.lists, *(run.parameter for run in row.runs)}
    for path in row.also:
        names |= {name for name, _ in _PLACE.findall(path)}
    for output in row.outputs:
        names |= {_PLACE.findall(output.path)[0][0], *output.where, *output.unless}
    return names


def files_of(row: Row, arguments: Mapping[str, Any], folder: str, names: Collection[str]) -> Files:
    """Return what a call reads and writes by a row.

    Args:
        row: the task's.
        arguments: all its parameters by name, with defaults.
        folder: the working folder, absolute.
        names: the parameters among which inputs are looked for: all, or no more than the row names, which is how
            the tests see whether it names enough.
    """
    inputs = _inputs(row, arguments, folder, names)
    outputs: Dict[str, Set[str]] = {"in_place": set(), "new": set(), "perhaps": set(), "beside": set()}
    for output in row.outputs:
        for pattern in _paths(output.path, arguments, folder) if _applies(output, arguments) else ():
            if output.kind == BESIDE:
                outputs["beside"].add(pattern)
            else:
                _add(output, pattern, inputs, outputs)
    inputs = _without_folders(inputs, [path for paths in outputs.values() for path in paths])
    made = {kind: tuple(sorted(paths)) for kind, paths in outputs.items()}
    return Files(inputs=tuple(sorted(inputs)), hidden=row.hidden, **made)


def _add(output: Output, pattern: str, inputs: Set[str], outputs: Dict[str, Set[str]]) -> None:
    there = _there(pattern, output)
    if output.kind != NEW:
        outputs["in_place"] |= there
        # That a file is not there counts, too.
        inputs |= there if "*" in output.path else {pattern}
    if output.optional:
        outputs["perhaps"].add(pattern if "*" in output.path else glob.escape(pattern))
    elif output.kind == NEW or not there:
        outputs["new"].add(pattern)


def _there(pattern: str, output: Output) -> Set[str]:
    if "*" in output.path:
        return set(glob.glob(pattern))
    return {pattern} if os.path.lexists(pattern) else set()


def _without_folders(inputs: Set[str], outputs: List[str]) -> Set[str]:
    """Return the inputs without the folders, not tables, that others or outputs lie in: their names are no more."""
    holders = {os.path.dirname(path) for path in (*inputs, *outputs)}
    for holder in list(holders):
        while holder != "/":
            holder = os.path.dirname(holder)
            holders.add(holder)
    return {path for path in inputs if path not in holders or os.path.exists(os.path.join(path, "table.dat"))}


def _applies(output: Output, arguments: Mapping[str, Any]) -> bool:
    wanted = all(_is(arguments[name], values) for name, values in output.where.items())
    return wanted and not any(_is(arguments[name], values) for name, values in output.unless.items())


def _is(value: Any, values: Tuple[Any, ...]) -> bool:
    """Return whether a value is among some, or, where there are none, whether it is set."""
    if values:
        return any(type(each) is type(value) and each == value for each in values)
    try:
        return bool(value)
    except ValueError:
        # An array of numpy's.
        return True


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, (str, os.PathLike)):
        yield os.fspath(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, (list, tuple, set)):
        for each in value:
            yield from _strings(each)


def absolute(path: str, folder: str) -> str:
    """Return a path as casacore understands it: ``~`` and variables are expanded, links of its folder followed."""
    path = _expanded(path, folder)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _expanded(path: str, folder: str) -> str:
    return os.path.join(folder, os.path.expanduser(os.path.expandvars(path))).rstrip("/")


def _paths(path: str, arguments: Mapping[str, Any], folder: str) -> List[str]:
    """Return the paths that one in a row stands for: patterns if it has a ``*``, several if its parameter is a list."""
    place = _PLACE.match(path)
    if place is None:
        return [absolute(path, folder)]
    made = []
    for value in _strings(arguments[place[1]]):
        value = value.rstrip("/")
        if value:
            if place[2] == "name":
                value = os.path.basename(value)
            elif place[2] == "again":
                value = os.path.join(os.path.dirname(value), value.lstrip("/"))
            base = absolute(value, folder)
            made.append((glob.escape(base) if "*" in path else base) + path[place.end() :])
    return made


def _inputs(row: Row, arguments: Mapping[str, Any], folder: str, names: Collection[str]) -> Set[str]:
    """Return the paths that parameters name for inputs, and all that exist among the words of the others."""
    outputs = {_PLACE.findall(output.path)[0][0] for output in row.outputs if output.kind == NEW} - set(row.reads)
    found: Set[str] = set()
    for path in row.also:
        for pattern in _paths(path, arguments, folder):
            found |= set(glob.glob(pattern)) if "*" in path else {pattern}
    for name in names:
        for text in _strings(arguments[name]) if name not in outputs else ():
            named = _named(text, folder, name in _EXPRESSIONS)
            if name in row.lists:
                found |= {path for source in named for path in _listed(source, folder)}
            found |= named
            if name in row.reads and text and len(os.path.basename(text)) < 256 and "\0" not in text:
                # It may be there another time.
                found.add(absolute(text, folder))
    return found


def _named(text: str, folder: str, is_expression: bool = False) -> Set[str]:
    """Return the existing files and folders that a text names: as a whole, or by one of its words."""
    cuts = (*_CUTS, _EXPRESSION_CUT) if is_expression else _CUTS
    words = {text, *(word for cut in cuts for word in re.split(cut, text))}
    # The working folder itself is named by every "." and "~", and holds all the rest.
    words = {word for word in words if word.strip("./~") and "\0" not in word}
    return {absolute(word, folder) for word in words if os.path.lexists(_expanded(word, folder))}


def _listed(path: str, folder: str) -> Set[str]:
    """Return the existing paths that a short text file names."""
    if not os.path.isfile(path) or os.path.getsize(path) > _LONGEST_LIST:
        return set()
    with open(path, encoding="utf-8", errors="replace") as lines:
        return {each for line in lines for each in _named(line.strip(), folder)}
