"""UWS documents, parsed by a stranger's models."""

from __future__ import annotations

from typing import Any

import pytest

from casa_desktop.web import uws_documents as documents
from casa_desktop.web.uws_documents import JobView, Result

from .test_uws import Given, JobSummary


def _view(**more: Any) -> JobView:
    return JobView(**{"id": "a-1", "href": "http://h/a-1", "phase": "ERROR", "owner": "ada", "created": 0.0, **more})


def test_an_error_is_told_whatever_its_characters() -> None:
    text = "bad \x1b[31m<field> & \ud800 \x00 ü"
    job = JobSummary[Given].from_xml(documents.one_job(_view(error=text, may_go_on=True)))
    assert job.error_summary is not None
    assert job.error_summary.message == "bad \N{REPLACEMENT CHARACTER}[31m<field> & {0} {0} ü".replace(
        "{0}", "\N{REPLACEMENT CHARACTER}"
    )
    assert job.error_summary.type == "transient"


def test_what_is_not_known_is_nil() -> None:
    job = JobSummary[Given].from_xml(documents.one_job(_view(started=1.0)))
    assert (job.quote, job.end_time, job.destruction, job.error_summary) == (None, None, None, None)
    assert job.start_time is not None
    assert job.start_time.timestamp() == 1.0


def test_results_have_their_addresses() -> None:
    view = _view(results=[Result("output", "http://h/a?b=c&d", "text/plain", 7)])
    job = JobSummary[Given].from_xml(documents.one_job(view))
    assert job.results is not None
    assert job.results.results is not None
    (result,) = job.results.results
    assert (result.href, result.size, result.mime_type) == ("http://h/a?b=c&d", 7, "text/plain")


def test_parameters_keep_their_texts() -> None:

    document = documents.parameters(_view(parameters={"vis": " <a>\n", "robust": "0.5"}))
    assert b'<uws:parameter id="vis"> &lt;a&gt;\n</uws:parameter>' in document
    assert b'<uws:parameter id="robust">0.5</uws:parameter>' in document


@pytest.mark.parametrize("text", ["1970-01-01T00:00:10", "1970-01-01T00:00:10Z", "1970-01-01 01:00:10+01:00"])
def test_dates_without_a_zone_are_utc(text: str) -> None:
    assert documents.iso(documents.from_iso(text)) == "1970-01-01T00:00:10.000Z"
