"""The JSON: what was written can be read again."""

from __future__ import annotations

import json

import pytest

from . import report
from .rows import FRAMES, PEER, row


def test_rows_come_back_from_json_as_they_were() -> None:
    rows = [row([4, 5], [10, 11], disturbed="load"), row([60, 60], [20, 30], FRAMES, name="rate")]
    again = report.rows_of(json.loads(json.dumps(report.as_dict(rows, {"notes": []}))))
    assert again == rows


def test_row_in_json_has_its_runs_spreads_ratios_and_verdict() -> None:
    (found,) = report.as_dict([row([4, 5, 6], [10, 10, 10])], {})["rows"]
    assert found["key"] == "latency/near/p50"
    assert found["runs"][PEER] == [10, 10, 10]
    assert found["ratios"] == {PEER: {"low": 0.45, "median": 0.5, "high": pytest.approx(0.55)}}
    assert found["verdict"] == "met"


def test_of_several_reports_the_last_that_has_a_figure_counts() -> None:
    about = {"when": "2026-11-26T13:19:49+00:00", "notes": ["Xpra is not installed."]}
    first = report.as_dict([row([4], [10]), row([6], [10], name="p95")], about)
    last = report.as_dict([row([5], [10])], {"when": "2026-11-27T09:00:00+00:00", "notes": []})
    both = report.together([first, last])
    assert both["when"] == last["when"]
    assert {each["name"]: each["ratios"][PEER]["median"] for each in both["rows"]} == {"p50": 0.5, "p95": 0.6}
    assert both["notes"] == ["Of the run of 2026-11-26 at 13:19: latency.", "Xpra is not installed."]
    assert report.together([last]) == last


def test_json_of_another_form_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="schema None"):
        report.rows_of({"rows": []})
