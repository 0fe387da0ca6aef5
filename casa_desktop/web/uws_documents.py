"""The XML documents of IVOA's Universal Worker Service (UWS 1.1): a list of jobs, a job, and its parts. Pure.

Elements come in the order of the standard's schema, which is a sequence. The namespace of 1.1 is still that of 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Iterable, Mapping, Optional, Sequence
from xml.etree import ElementTree

UWS = "http://www.ivoa.net/xml/UWS/v1.0"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
VERSION = "1.1"

ElementTree.register_namespace("uws", UWS)
ElementTree.register_namespace("xlink", XLINK)
ElementTree.register_namespace("xsi", XSI)


@dataclass(frozen=True)
class Result:
    """One result of a job.

    Attributes:
        id: its name below ``results/``.
        href: its address.
        size: in bytes.
    """

    id: str
    href: str
    mime_type: str
    size: int


@dataclass(frozen=True)
class JobView:
    """What UWS tells of a job; times in seconds since 1970.

    Attributes:
        duration: how long it may run, in seconds; 0 for as long as it likes.
        destruction: when it is removed; None for never.
        error: what went wrong, in one sentence; None unless the phase is ERROR.
        may_go_on: whether the error is transient in UWS's sense: the same job may succeed when it is run again.
    """

    id: str
    href: str
    phase: str
    owner: str
    created: float
    run_id: str = ""
    started: Optional[float] = None
    ended: Optional[float] = None
    duration: int = 0
    destruction: Optional[float] = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    results: Sequence[Result] = ()
    error: Optional[str] = None
    may_go_on: bool = False


def job_list(jobs: Iterable[JobView]) -> bytes:
    """Return the document of a list of jobs, in the order given."""
    root = _root("jobs")
    for job in jobs:
        reference = _add(root, "jobref")
        reference.set("id", job.id)
        _refer(reference, job.href)
        _add(reference, "phase", job.phase)
        if job.run_id:
            _add(reference, "runId", job.run_id)
        _add(reference, "ownerId", job.owner)
        _add(reference, "creationTime", iso(job.created))
    return _document(root)


def one_job(job: JobView) -> bytes:
    """Return the document of one job."""
    root = _root("job")
    _add(root, "jobId", job.id)
    if job.run_id:
        _add(root, "runId", job.run_id)
    _add(root, "ownerId", job.owner)
    _add(root, "phase", job.phase)
    # Nobody can tell when a reduction ends.
    _add_time(root, "quote", None)
    _add(root, "creationTime", iso(job.created))
    _add_time(root, "startTime", job.started)
    _add_time(root, "endTime", job.ended)
    _add(root, "executionDuration", str(job.duration))
    _add_time(root, "destruction", job.destruction)
    _add_parameters(_add(root, "parameters"), job)
    _add_results(_add(root, "results"), job)
    if job.error is not None:
        summary = _add(root, "errorSummary")
        summary.set("type", "transient" if job.may_go_on else "fatal")
        summary.set("hasDetail", "true")
        _add(summary, "message", job.error)
    return _document(root)


def parameters(job: JobView) -> bytes:
    """Return the document of a job's parameters."""
    root = _root("parameters", versioned=False)
    _add_parameters(root, job)
    return _document(root)


def results(job: JobView) -> bytes:
    """Return the document of a job's results."""
    root = _root("results", versioned=False)
    _add_results(root, job)
    return _document(root)


def iso(seconds: float) -> str:
    """Return a time as the IVOA writes it: UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """Return the time that an ISO 8601 date tells, in seconds since 1970; without a time zone it is UTC.

    Raises:
        ValueError: it is no date.
    """
    time = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()


def _root(name: str, *, versioned: bool = True) -> ElementTree.Element:
    return ElementTree.Element(f"{{{UWS}}}{name}", {"version": VERSION} if versioned else {})


def _add(parent: ElementTree.Element, name: str, text: Optional[str] = None) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{UWS}}}{name}")
    element.text = text if text is None else _allowed(text)
    return element


def _add_time(parent: ElementTree.Element, name: str, seconds: Optional[float]) -> None:
    element = _add(parent, name, None if seconds is None else iso(seconds))
    if seconds is None:
        element.set(f"{{{XSI}}}nil", "true")


def _add_parameters(parent: ElementTree.Element, job: JobView) -> None:
    for name, value in job.parameters.items():
        _add(parent, "parameter", value).set("id", _allowed(name))


def _add_results(parent: ElementTree.Element, job: JobView) -> None:
    for result in job.results:
        element = _add(parent, "result")
        element.set("id", result.id)
        _refer(element, result.href)
        element.set("size", str(result.size))
        element.set("mime-type", result.mime_type)


def _refer(element: ElementTree.Element, href: str) -> None:
    element.set(f"{{{XLINK}}}type", "simple")
    element.set(f"{{{XLINK}}}href", href)


def _allowed(text: str) -> str:
    """Return a text without the characters that no XML document may hold, such as those that colour a terminal."""
    return "".join(each if _may_stand(ord(each)) else "\N{REPLACEMENT CHARACTER}" for each in text)


def _may_stand(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _document(root: ElementTree.Element) -> bytes:
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
