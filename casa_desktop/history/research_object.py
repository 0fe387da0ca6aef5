"""A history as RO-Crate, by the library ``rocrate``: a folder with the script, the listing, and a description.

The data themselves are described where they lie, and not copied: they are large.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Sequence

from ..errors import HistoryLibraryMissing, HistoryNotWritten
from . import code, listing, versions
from .defaults import Defaults
from .models import Call, History

SCRIPT, LISTING = "again.py", "history.py"


def library() -> Any:
    """Return the library.

    Raises:
        HistoryLibraryMissing: it is not installed.
    """
    try:
        import rocrate.model.contextentity
        import rocrate.rocrate
    except ImportError as error:
        raise HistoryLibraryMissing("rocrate", sys.executable) from error
    return rocrate


def write(folder: Path, history: History, defaults: Defaults, script: str) -> None:
    """Make a crate.

    Args:
        folder: of the crate; it must not exist.
        history: what is known.
        defaults: of the tasks.
        script: that makes it again.

    Raises:
        HistoryLibraryMissing: the library is not installed.
        HistoryNotWritten: there is no room, or the like.
    """
    rocrate = library()
    with tempfile.TemporaryDirectory() as place:
        listed = "\n".join(listing.lines(history, defaults, whole=True)) + "\n"
        texts = {SCRIPT: script, LISTING: listed}
        for name, text in texts.items():
            Path(place, name).write_text(text, encoding="utf-8")
        crate = rocrate.rocrate.ROCrate()
        name = os.path.basename(history.path)
        crate.name = f"How {name} was made"
        crate.description = " ".join([listing.title(history), *listing.sentences(history, defaults, whole=True)])
        files = {SCRIPT: f"Makes {name} again", LISTING: f"The calls that made {name}, with what is not known of them"}
        for file, text in files.items():
            crate.add_file(str(Path(place, file)), file, properties={"name": text, "encodingFormat": "text/x-python"})
        _describe(crate, rocrate.model.contextentity.ContextEntity, history)
        try:
            crate.write(str(folder))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise HistoryNotWritten(folder, error.strerror or str(error)) from error


def _describe(crate: Any, entity: Any, history: History) -> None:
    def add(name: str, properties: Dict[str, Any]) -> Any:
        return crate.dereference(name) or crate.add(entity(crate, name, properties=properties))

    def data(found: Sequence[versions.Version]) -> List[Any]:
        return [add(_name(version), _data(version)) for version in found]

    actions = []
    for number, step in enumerate(versions.steps(history), start=1):
        action = {"@type": "CreateAction" if step.made else "Action", **_action(step.call)}
        made = add(f"#call-{number}", action)
        used, results = data(step.used), data(step.made)
        if used:
            made["object"] = used
        if results:
            made["result"] = results
        casa = step.call.casa or "of unknown version"
        software = {
            "@type": "SoftwareApplication",
            "name": "CASA",
            "softwareVersion": casa,
            "url": "https://casa.nrao.edu",
        }
        made["instrument"] = add(f"#CASA-{casa.replace(' ', '-')}", software)
        actions.append(made)
    if actions:
        crate.root_dataset["mentions"] = actions


def _name(version: versions.Version) -> str:
    path, mark = version.name
    return f"#{path}-{mark}"


def _data(version: versions.Version) -> Dict[str, Any]:
    state = f"in the state {version.digest}" if version.digest else "in a state that is not known"
    return {"@type": "CreativeWork", "name": version.path, "description": f"{version.path} {state}"}


def _action(call: Call) -> Dict[str, Any]:
    properties = {
        "name": call.task,
        "description": " ".join([code.of(call.task, call.arguments), *listing.handwork(call), *call.notes]),
        "endTime": _time(call.ended),
    }
    if call.seconds is not None:
        properties["startTime"] = _time(call.began)
    return properties


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
