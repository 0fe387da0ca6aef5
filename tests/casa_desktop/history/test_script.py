"""Scripts of histories that have handwork in them, or are not whole."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from casa_desktop.errors import HandworkMissing
from casa_desktop.handwork.exports import export
from casa_desktop.history import plan, script
from casa_desktop.history.defaults import Defaults
from casa_desktop.history.models import Call, History, Unknown

from ...support.handwork import record


def split(folder: Path, moment: float, source: str, made: str, **arguments: Any) -> Call:
    """Return a call of split."""
    given = {"vis": source, "outputvis": made, **arguments}
    return Call("split", given, moment, inputs={f"{folder}/{source}": ""}, outputs={f"{folder}/{made}": ""})


def flagdata(folder: Path, moment: float, path: str) -> Call:
    """Return a call of flagdata."""
    there = f"{folder}/{path}"
    return Call("flagdata", {"vis": path}, moment, inputs={there: ""}, outputs={there: ""}, changed=[there])


def of(history: History) -> script.Script:
    return script.of(history, Defaults.here(), lambda folder, vis: export(Path(folder), vis))


@pytest.fixture
def by_hand(tmp_path: Path) -> History:
    """An image that was cleaned by hand, of a MeasurementSet that is there."""
    (tmp_path / "my.ms").mkdir()
    clean = Call("tclean", {"vis": "my.ms", "imagename": "first", "interactive": True}, 1_795_953_519.0)
    clean.inputs, clean.outputs = {str(tmp_path / "my.ms"): ""}, {str(tmp_path / "first.image"): ""}
    return History(str(tmp_path / "first.image"), calls=[clean], intact={str(tmp_path / "my.ms")})


def test_in_the_place_of_a_call_with_handwork_runs_its_export(by_hand: History, tmp_path: Path) -> None:
    folder = record(tmp_path)
    by_hand.calls[0].hand = [str(folder)]
    made = of(by_hand)
    assert made.lacking == ()
    names = {
        node.targets[0].id: node.value
        for node in ast.parse(made.text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert ast.literal_eval(names["BY_HAND"]) == export(folder)
    assert "\ntclean(" not in made.text
    # It is run: tclean itself says that this is no MeasurementSet.
    place = tmp_path / "place"
    (place / "my.ms").mkdir(parents=True)
    site = Path(__file__).parents[2] / "support" / "observation" / "siteconfig.py"
    argv = ["env", f"CASASITECONFIG={site}", sys.executable, "-c", made.text]
    ended = subprocess.run(argv, cwd=place, text=True, capture_output=True, timeout=280)
    assert ended.returncode == 1
    assert "tclean(**call)" in ended.stderr
    assert "CalledProcessError" in ended.stderr


@pytest.mark.parametrize("folder", ["", "gone.hand"])
def test_a_call_by_hand_without_a_record_is_lacking(folder: str, by_hand: History, tmp_path: Path) -> None:
    by_hand.calls[0].hand = [str(tmp_path / folder)] if folder else []
    ((sentence),) = of(by_hand).lacking
    assert "was cleaned by hand" in sentence
    assert (str(HandworkMissing(tmp_path / folder)) in sentence) is bool(folder)


def test_an_argument_that_is_not_known_is_lacking_and_the_script_refuses(tmp_path: Path) -> None:
    (tmp_path / "a.ms").mkdir()
    made = of(History(f"{tmp_path}/b.ms", calls=[split(tmp_path, 1e9, "a.ms", "b.ms", width=Unknown("?"))]))
    assert made.lacking[0].endswith(": not known is width.")
    assert "split(vis='a.ms', outputvis='b.ms', width=...)" in made.text
    assert made.text.index("if LACKING:") < made.text.index("\nsplit(")


@pytest.mark.parametrize(
    ("task", "arguments", "reason"),
    [
        ("split", {"colour": 1, "width": 2}, ": split of CASA 6.7 takes no colour."),
        ("spilt", {}, ": casatasks has no such task."),
    ],
)
def test_a_call_that_this_casa_does_not_know_is_lacking(
    task: str, arguments: Dict[str, Any], reason: str, tmp_path: Path
) -> None:
    (tmp_path / "a.ms").mkdir()
    call = dataclasses.replace(split(tmp_path, 1e9, "a.ms", "b.ms", **arguments), task=task)
    history = History(f"{tmp_path}/b.ms", calls=[call], intact={f"{tmp_path}/a.ms"})
    made = script.of(history, Defaults(Defaults.here().folder, "6.7"), lambda folder, vis: "")
    ((sentence),) = made.lacking
    assert sentence.endswith(reason)


def test_what_was_read_in_a_state_that_no_call_has_left_is_lacking(tmp_path: Path) -> None:
    (tmp_path / "a.ms").mkdir()
    first, second = flagdata(tmp_path, 1e9, "a.ms"), split(tmp_path, 2e9, "a.ms", "b.ms")
    first.outputs[f"{tmp_path}/a.ms"], second.inputs[f"{tmp_path}/a.ms"] = "flagged", "by something else"
    made = of(History(f"{tmp_path}/b.ms", calls=[first, second]))
    assert f"{tmp_path}/a.ms was read in a state that none of these calls has left." in made.lacking


@pytest.mark.parametrize(
    ("intact", "calls", "as_is", "before"),
    [
        # It is still as it was when it was read: its own calls are in it.
        (["a.ms"], ["split"], ["a.ms"], []),
        # It was changed since: it must be had as it was before all.
        ([], ["flagdata", "split"], [], ["a.ms"]),
    ],
)
def test_calls_that_changed_what_is_copied_are_made_again_only_if_need_be(
    intact: List[str], calls: List[str], as_is: List[str], before: List[str], tmp_path: Path
) -> None:
    history = History(
        f"{tmp_path}/b.ms",
        calls=[flagdata(tmp_path, 1e9, "a.ms"), split(tmp_path, 2e9, "a.ms", "b.ms")],
        intact={f"{tmp_path}/{name}" for name in intact},
    )
    planned = plan.of(history)
    assert [call.task for call in planned.calls] == calls
    assert [Path(path).name for path in planned.as_is] == as_is
    assert [Path(path).name for path in planned.before] == before
    assert ("has been changed by these calls already" in of(history).text) is bool(before)


def test_what_was_read_in_between_is_made_of_the_state_of_then(tmp_path: Path) -> None:
    middle = split(tmp_path, 2e9, "a.ms", "b.ms")
    history = History(
        f"{tmp_path}/b.ms",
        calls=[flagdata(tmp_path, 1e9, "a.ms"), middle, flagdata(tmp_path, 3e9, "a.ms")],
        intact={f"{tmp_path}/a.ms"},
    )
    planned = plan.of(history)
    # What is there now has one call more in it.
    assert planned.calls == history.calls[:2]
    assert planned.before == [f"{tmp_path}/a.ms"]


def test_paths_in_other_folders_are_made_there(tmp_path: Path) -> None:
    (tmp_path / "a.ms").mkdir()
    first = split(tmp_path, 1e9, "../a.ms", f"{tmp_path}/sub/b.ms")
    first.folder, first.inputs = f"{tmp_path}/sub", {f"{tmp_path}/a.ms": ""}
    first.outputs = {f"{tmp_path}/sub/b.ms": ""}
    second = split(tmp_path, 2e9, "sub/b.ms", "c.ms")
    second.folder = str(tmp_path)
    made = of(History(f"{tmp_path}/c.ms", calls=[first, second], intact={f"{tmp_path}/a.ms"}))
    names: Dict[str, Any] = {}
    lines = [line for line in made.text.splitlines() if line.startswith(("NEEDED", "MADE", "os.chdir", "split("))]
    exec("\n".join(lines[:2]), names)
    assert (names["NEEDED"], names["MADE"]) == (["a.ms"], ["c.ms", "sub/b.ms"])
    assert lines[2:] == [
        "os.chdir(os.path.join(HERE, 'sub'))",
        # No absolute path is left, by which the script would write over what is there.
        "split(vis='../a.ms', outputvis='b.ms')",
        "os.chdir(os.path.join(HERE, '.'))",
        "split(vis='sub/b.ms', outputvis='c.ms')",
    ]
