"""What CASA writes into its tables, as casatasks 6.7.0 writes it, read back as calls."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Tuple

import pytest

from casa_desktop.history import blocks, code
from casa_desktop.history.models import Row, Unknown

VERSION = "version: 6.7.0-31 CASAtools:v1.0.0"


def block(task: str, *lines: str, time: float = 100.0) -> List[Row]:
    """Return the rows of a task that writes a line for each argument."""
    return [Row(time, task, message) for message in (f"taskname={task}", VERSION, *lines)]


def whole(task: str, line: str, time: float = 100.0) -> List[Row]:
    """Return the rows of a task that writes its call in one line."""
    return [Row(time, task, VERSION), Row(time, task, line)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('vis         = "my.ms"', "my.ms"),
        ('antenna     = ""', ""),
        ('field       = "a "b" c"', 'a "b" c'),
        ("field       = \"a\\b 'c'\"", "a\\b 'c'"),
        ('reason      = "two\nlines"', "two\nlines"),
        ("niter       = -1", -1),
        ("gain        = 0.1", 0.1),
        ("pbcor       = False", False),
        ("gaintable   = ['g.cal', 'b.cal']", ["g.cal", "b.cal"]),
        ("visweightscale = [np.float64(1.0), np.float64(2.0)]", [1.0, 2.0]),
        ("scales      = array([0, 3])", [0, 3]),
        ("spwmap      = [[], [0, 1]]", [[], [0, 1]]),
        ("fluxdict    = {'0': {'fluxd': np.float64(1.5)}}", {"0": {"fluxd": 1.5}}),
        ("mask        = None", None),
    ],
)
def test_an_argument_in_a_line_of_its_own_is_read_back(written: str, value: Any) -> None:
    ((call,), remarks) = blocks.calls(block("split", written), "HISTORY of my.ms")
    assert (list(call.arguments.values()), remarks) == ([value], [])
    assert (call.casa, call.ended, call.sources) == ("6.7.0.31", 100.0, ["HISTORY of my.ms"])


@pytest.mark.parametrize(
    "written", ["array([0., 1., ..., 9.])", "<object at 0x7f>", "nan", "[1, 2", "f(1)", "array([1], dtype=int)"]
)
def test_an_argument_that_cannot_be_read_back_is_not_known(written: str) -> None:
    ((call,), _) = blocks.calls(block("split", f"width       = {written}"), "")
    assert call.arguments == {"width": Unknown(written)}
    assert code.of("split", call.arguments) == "split(width=...)"


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (
            'imsubimage(imagename="im.image", box="1,1,3,3", dropdeg=False)',
            {"imagename": "im.image", "box": "1,1,3,3", "dropdeg": False},
        ),
        ("immath(imagename=['a', 'b'], expr=\"IM0-IM1\")", {"imagename": ["a", "b"], "expr": "IM0-IM1"}),
        ('imrebin(imagename="x", factor=[2, 2])', {"imagename": "x", "factor": [2, 2]}),
    ],
)
def test_a_call_in_one_line_is_read_back(line: str, arguments: Dict[str, Any]) -> None:
    task = line.partition("(")[0]
    ((call,), remarks) = blocks.calls(whole(task, line), "")
    assert (call.task, call.arguments, call.casa, remarks) == (task, arguments, "6.7.0.31", [])


def test_what_a_line_does_not_hold_is_not_known_and_the_rest_is() -> None:
    ((call,), _) = blocks.calls(whole("immath", 'immath(outfile="x", expr=..., stretch=False)'), "")
    assert call.unknown == ["expr"]
    assert call.arguments["outfile"] == "x"


@pytest.mark.parametrize(
    "line",
    [
        # A quotation mark within a text: Python would join the two halves.
        'immath(expr="a" "b", outfile="x")',
        'immath(expr=""a" + "b"", outfile="x")',
        # Also where another argument was cut.
        'immath(expr="a" "b", outfile=...)',
        # CASA escapes nothing: for Python this would be a tabulator.
        'immath(outfile="a\\tb")',
        'immath("x")',
        "immath(**x)",
        "immath(outfile=)",
    ],
)
def test_a_line_that_can_be_read_in_two_ways_is_not_read(line: str) -> None:
    (call,), _ = blocks.calls(whole("immath", line), "")
    assert call.unknown == ["arguments"]


def test_rows_of_other_programs_are_no_calls() -> None:
    rows = [Row(1, "ms", "AIPS WTSCAL = 1.0"), *block("split", 'vis         = "a"'), Row(2, "someone", "x = 1")]
    found, remarks = blocks.calls(rows, "")
    assert [call.arguments for call in found] == [{"vis": "a"}]
    assert [row.message for row in remarks] == ["AIPS WTSCAL = 1.0", "x = 1"]


@pytest.mark.parametrize(("times", "said"), [((9.0, 8.5), False), ((9.0, 3.0), True)])
def test_rows_hold_their_order_against_their_times(times: Tuple[float, float], said: bool) -> None:
    rows = [*block("split", "width = 1", time=times[0]), *block("flagdata", "width = 1", time=times[1])]
    found, _ = blocks.calls(rows, "HISTORY of my.ms")
    assert found[0].ended <= found[1].ended == times[1]
    assert bool(found[0].notes) == said
    assert not said or found[0].notes[0].startswith("Contradiction: HISTORY of my.ms has this call before the next one")


@pytest.mark.parametrize(
    "value",
    [
        "it's",
        'a "b"',
        "two\nlines",
        "\\",
        1.5,
        True,
        None,
        [1, ("a",)],
        {"a": [1.0]},
        float("inf"),
        b"x",
        1 + 2j,
        "x" * 300,
    ],
)
def test_values_are_written_as_python(value: Any) -> None:
    call = ast.parse(code.of("task", {"given": value, "other": 1}), mode="eval").body
    assert isinstance(call, ast.Call)
    again = eval(compile(ast.Expression(call.keywords[0].value), "", "eval"))
    assert again == value
    assert type(again) is type(value)
