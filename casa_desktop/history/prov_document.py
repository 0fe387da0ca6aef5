"""A history as PROV-JSON of W3C, by the library ``prov``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any, Dict

from ..errors import HistoryLibraryMissing
from . import code, versions
from .models import Call, History, Unknown

_OURS = "https://github.com/casa-desktop/casa-desktop/history#"
# Where CASA's tasks are described; they have no identifiers of their own.
_CASA = "https://casadocs.readthedocs.io/en/stable/api/casatasks.html#"


def library() -> Any:
    """Return the library's model of documents.

    Raises:
        HistoryLibraryMissing: it is not installed.
    """
    try:
        from prov import model
    except ImportError as error:
        raise HistoryLibraryMissing("prov", sys.executable) from error
    return model


def of(history: History) -> str:
    """Return the document, as text.

    Files are entities, one for each state that they had; calls are activities; CASA is the agent.

    Raises:
        HistoryLibraryMissing: the library is not installed.
    """
    model = library()
    document = model.ProvDocument()
    document.add_namespace("history", _OURS)
    document.add_namespace("casa", _CASA)
    document.add_namespace("file", "file://")
    for number, step in enumerate(versions.steps(history), start=1):
        began = _time(step.call.began) if step.call.seconds is not None else None
        activity = document.activity(f"history:call-{number}", began, _time(step.call.ended), _attributes(step.call))
        for version in (*step.used, *step.made):
            _entity(document, version)
        for version in step.used:
            document.used(activity, _name(version))
        for version in step.made:
            document.wasGeneratedBy(_name(version), activity)
        for former, new in step.revised:
            document.wasRevisionOf(_name(new), _name(former))
        if step.call.casa:
            agent = f"history:CASA-{step.call.casa}"
            if not document.get_record(agent):
                document.agent(agent, {"prov:type": "prov:SoftwareAgent", "prov:label": f"CASA {step.call.casa}"})
            document.wasAssociatedWith(activity, agent)
    for start in history.starts:
        version = versions.Version(start.path, 0, start.digest)
        if not document.get_record(_name(version)):
            _entity(document, version)
    return str(document.serialize(format="json", indent=1)) + "\n"


def _entity(document: Any, version: versions.Version) -> None:
    if document.get_record(_name(version)):
        return
    attributes: Dict[str, Any] = {"prov:location": version.path}
    if version.digest:
        attributes["history:digest"] = version.digest
    document.entity(_name(version), attributes)


def _name(version: versions.Version) -> str:
    path, mark = version.name
    return f"file:{path}#{mark}"


def _attributes(call: Call) -> Dict[str, Any]:
    attributes: Dict[str, Any] = {
        "prov:type": f"casa:{call.task}",
        "prov:label": code.of(call.task, call.arguments),
        "history:source": "; ".join(call.sources),
    }
    for name, value in call.arguments.items():
        if not isinstance(value, Unknown):
            attributes[f"history:argument-{name}"] = code.text(value)
    if call.hand:
        attributes["history:handwork"] = "; ".join(call.hand)
    if call.by_hand:
        attributes["history:by-hand"] = call.by_hand
    if call.notes:
        attributes["history:doubt"] = " ".join(call.notes)
    return attributes


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
