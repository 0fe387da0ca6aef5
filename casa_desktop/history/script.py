"""A script that makes a file or table again, in an empty folder beside copies of what its chain begins with.

It needs casatasks and nothing of this project. It refuses to run where something lies that it would write over, and
where an argument is not known; so it never makes something else in silence.
"""

from __future__ import annotations

import glob
import os
import textwrap
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Sequence, Set, Tuple

from ..errors import CasaDesktopError
from . import code, files, flaggings, listing, plan
from .arguments import CLEANERS, HAND
from .defaults import Defaults
from .models import Call, History

# Returns the script of the handwork in a folder; of a flagging, for the table at a path.
Export = Callable[[str, str], str]

_HEAD = '''\
#!/usr/bin/env python3
"""Makes {name} again, by the calls that made it.

{about}
"""

import glob
import os
import sys

import casatasks
{imports}
# The releases of CASA that made these calls, what they begin with, and patterns of what they make.
RELEASES = {versions}
NEEDED = {starts}
MADE = {made}
{lacking}
release = casatasks.version_string()
if RELEASES and release not in RELEASES:
    sys.stderr.write(f"This is CASA {{release}}, and the calls were of {{RELEASES}}: the results may differ.\\n")
for path in NEEDED:
    if not os.path.exists(path):
        sys.exit(f"{{path}} is not here: copy it from where it lies, as it was before these calls.")
for path in MADE:
    for there in glob.glob(path):
        sys.exit(f"{{there}} is here already: run this script in a folder of its own.")
{before}{folders}'''
_BEFORE = """
# What these calls change in place, and the time of the first of them, in seconds since 1970.
BEFORE = {before}
for path, moment in BEFORE.items():
    for place in (os.path.join(path, "HISTORY"), os.path.join(path, "logtable")):
        if os.path.exists(place):
            tool = casatools.table()
            tool.open(place)
            times = tool.getcol("TIME") if tool.nrows() else []
            tool.close()
            # casacore counts from 17 November 1858.
            if any(time - 3506716800 > moment - 1 for time in times):
                sys.exit(f"{{path}} has been changed by these calls already: copy it as it was before them.")
"""
_LACKING = """
# What is not known. Complete the calls below, then remove this.
LACKING = {lacking}
if LACKING:
    sys.exit("This script is not whole: " + " ".join(LACKING))
"""
# Another process, as the script of handwork is a program; it needs no other file.
_HAND = """\
# It was done by hand. In its place runs the script that 'casa-desktop hand export {hand}' writes.
BY_HAND = {text}
subprocess.run([sys.executable, "-c", BY_HAND], check=True)"""
_WIDTH = 118
_MOVE = """
os.makedirs({folder}, exist_ok=True)
os.chdir({folder})
"""


@dataclass(frozen=True)
class Script:
    """A script.

    Attributes:
        text: what it consists of.
        lacking: why it cannot run as it is, as sentences.
    """

    text: str
    lacking: Tuple[str, ...]


class _Places:
    """Where calls were made, and how their paths are written in the script.

    Args:
        history: of all calls.
    """

    def __init__(self, history: History) -> None:
        folders = [call.folder for call in history.calls if call.folder]
        own = os.path.dirname(history.path)
        common = os.path.commonpath([*folders, own]) if folders else own
        # "/" would take all absolute paths for its own.
        self.base = common if common != "/" else own
        self.own = own

    def folder(self, call: Call) -> str:
        """Return where a call is made in the script, relative to where it is run."""
        return os.path.relpath(call.folder or self.own, self.base)

    def path(self, absolute: str) -> str:
        """Return a path relative to where the script is run; one elsewhere stays absolute."""
        inside = absolute == self.base or absolute.startswith(f"{self.base.rstrip('/')}/")
        return os.path.relpath(absolute, self.base) if inside else absolute

    def arguments(self, call: Call, given: Mapping[str, Any]) -> Dict[str, Any]:
        """Return arguments in which paths below the base are relative: the script must not write there."""
        return {name: self._value(value, call) for name, value in given.items()}

    def _value(self, value: Any, call: Call) -> Any:
        if isinstance(value, str) and value.startswith("/") and self.path(os.path.normpath(value)) != value:
            return os.path.relpath(os.path.normpath(value), call.folder or self.own)
        if isinstance(value, (list, tuple)):
            return type(value)(self._value(each, call) for each in value)
        return value


def of(history: History, defaults: Defaults, export: Export) -> Script:
    """Return the script of a history.

    Args:
        history: what is known.
        defaults: of the tasks.
        export: returns the script of handwork; it raises CasaDesktopError where there can be none.
    """
    places = _Places(history)
    planned = plan.of(history)
    by_hand, problems = _by_hand(planned, export, places)
    lacking = [*_lacking(history, planned, defaults), *problems]
    tasks = sorted({call.task for call in planned.calls if id(call) not in by_hand})
    starts = [places.path(path) for path in (*planned.as_is, *planned.before)]
    before = {places.path(path): moment for path, moment in _changes(planned).items()}
    imports = ["import subprocess"] if by_hand else []
    imports += ["import casatools"] if before else []
    imports += [f"from casatasks import {', '.join(tasks)}"] if tasks else []
    head = _HEAD.format(
        name=os.path.basename(history.path),
        about=_safe("\n\n".join(textwrap.fill(each, _WIDTH) for each in _about(history, planned, places))),
        versions=code.text(sorted({call.casa for call in planned.calls if call.casa})),
        imports="".join(f"{line}\n" for line in imports),
        starts=code.text(starts),
        made=code.text(_made(planned, places)),
        lacking=_LACKING.format(lacking=code.text(list(lacking))) if lacking else "",
        before=_BEFORE.format(before=code.text(before)) if before else "",
        folders="\nHERE = os.getcwd()\n" if {places.folder(call) for call in planned.calls} - {"."} else "",
    )
    return Script(head + "".join(_steps(planned, defaults, places, by_hand)), tuple(lacking))


def _changes(planned: plan.Plan) -> Dict[str, float]:
    """Return what the script changes in place, with the time of the first call that did."""
    changed: Dict[str, float] = {}
    for call in planned.calls:
        for path in call.changed:
            if path in planned.before:
                changed.setdefault(path, call.began)
    return changed


def _about(history: History, planned: plan.Plan, places: _Places) -> List[str]:
    """Return what is said at the beginning of a script."""
    needed = [f"{places.path(path)} as it is now" for path in planned.as_is]
    needed += [f"{places.path(path)} as it was before these calls" for path in planned.before]
    found = [
        f'Written by "casa-desktop history" on {files.moment(time.time())}. Run it by a Python that has casatasks, in '
        f"an empty folder, beside copies of: {', '.join(needed) or 'nothing'}."
    ]
    if planned.contained:
        calls = "; ".join(f"{call.task} on {files.moment(call.ended)}" for call in planned.contained)
        found.append(f"In what is copied, or not needed for it, are these calls: {calls}.")
    found += [listing.beginning(start) for start in history.starts if start.notes]
    return found + list(history.notes)


def _made(planned: plan.Plan, places: _Places) -> List[str]:
    """Return patterns of what must not be there: a cleaning would go on with any of its images."""
    paths = {path for call in planned.calls for path in call.outputs if path not in call.changed}
    made = {glob.escape(places.path(path)) for path in paths}
    for call in planned.calls:
        image = call.arguments.get("imagename")
        if call.task in CLEANERS and isinstance(image, str):
            start = glob.escape(places.path(os.path.normpath(os.path.join(call.folder or places.own, image))))
            made = {each for each in made if not each.startswith(f"{start}.")} | {f"{start}.*"}
    return sorted(made)


def _safe(text: str) -> str:
    return text.replace("\\", "/").replace('"""', "'''")


def _steps(planned: plan.Plan, defaults: Defaults, places: _Places, by_hand: Mapping[int, str]) -> Sequence[str]:
    steps, here = [], "."
    for call in planned.calls:
        folder = places.folder(call)
        if folder != here:
            steps.append(_MOVE.format(folder=f"os.path.join(HERE, {folder!r})"))
            here = folder
        arguments = places.arguments(call, code.given(call, defaults))
        comments = "".join(f"# {line}\n" for line in [listing.facts(call), *listing.notes(call, defaults)])
        text = by_hand.get(id(call))
        python = (
            code.of(call.task, arguments) if text is None else _HAND.format(hand=call.hand[0], text=code.text(text))
        )
        steps.append(f"\n{comments}{python}\n")
    return steps


def _lacking(history: History, planned: plan.Plan, defaults: Defaults) -> List[str]:
    """Return why a script of a history would not make the same, as sentences."""
    lacking = []
    if not planned.calls:
        lacking.append(f"Nothing tells which call made {os.path.basename(history.path)}.")
    for call in planned.calls:
        lacking += _lacking_of(call, defaults)
    for path in planned.strange:
        lacking.append(f"{path} was read in a state that none of these calls has left.")
    for path in planned.as_is + planned.before:
        if not os.path.exists(path):
            lacking.append(f"{path} is not there.")
    return lacking + [sentence for sentence in history.notes if sentence.startswith("Contradiction")]


def _lacking_of(call: Call, defaults: Defaults) -> List[str]:
    when = f"{call.task} on {files.moment(call.ended)}"
    known = defaults.of(call.task)
    lacking = []
    if call.by_hand:
        return []
    if defaults.version and known is None:
        lacking.append(f"{when}: casatasks has no such task.")
    elif call.unknown:
        lacking.append(f"{when}: not known is {', '.join(call.unknown)}.")
    elif known is not None and _strange(call, known):
        strange = ", ".join(sorted(_strange(call, known)))
        lacking.append(f"{when}: {call.task} of CASA {defaults.version} takes no {strange}.")
    return lacking


def _strange(call: Call, known: Mapping[str, Any]) -> Set[str]:
    """Return the arguments of a call that its task does not take. In the place of ``hand`` stands the handwork."""
    return set(call.arguments) - set(known) - ({HAND} if call.hand else set())


def _by_hand(planned: plan.Plan, export: Export, places: _Places) -> Tuple[Dict[int, str], List[str]]:
    """Return the scripts of the calls that were done by hand, by their ids, and why there is none of others."""
    found: Dict[int, str] = {}
    problems = []
    for call in planned.calls:
        if call.by_hand:
            when = f"{call.task} on {files.moment(call.ended)} was done by hand"
            if call.task == flaggings.UNDO:
                problems.append(f"{when}: it has {call.by_hand}, after another call had used the flags.")
                continue
            table = os.path.relpath(call.changed[0], os.path.join(places.base, places.folder(call)))
            try:
                found[id(call)] = export(call.hand[0], table)
            except CasaDesktopError as error:
                problems.append(f"{when}. {error}")
        elif call.task in CLEANERS and call.arguments.get("interactive"):
            when = f"{call.task} on {files.moment(call.ended)} was cleaned by hand"
            if not call.hand:
                problems.append(f"{when}, and no record of the masks is there.")
                continue
            try:
                found[id(call)] = export(call.hand[0], "")
            except CasaDesktopError as error:
                problems.append(f"{when}. {error}")
    return found, problems
