"""Flags set by hand: what differs between two states, the record of it, and the commands that say the same."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest

from casa_desktop.__main__ import main
from casa_desktop.errors import CasaDesktopError, HandworkDamaged, HandworkMissing, HandworkOfOtherFormat
from casa_desktop.handwork import flag_records
from casa_desktop.handwork.flag_commands import Layout, commands
from casa_desktop.handwork.flag_records import BITS, FLAGS, IDENTITY, FlagRecord
from casa_desktop.handwork.flag_script import script
from casa_desktop.handwork.flags import Difference, Piece, State, difference, made, taken_back

from ...support.shortage import small_disk

# Channels and correlations of two spectral windows, whose rows take turns.
SHAPES = ((8, 2), (3, 4))
ANTENNAS, TIMES = 4, 5
PAIRS = [(one, two) for one in range(ANTENNAS) for two in range(one, ANTENNAS)]
# Of each row: TIME, ANTENNA1, ANTENNA2, DATA_DESC_ID.
ROWS = [(5e9 + 10 * time, *pair, window) for time in range(TIMES) for window in range(2) for pair in PAIRS]
LAYOUT = Layout(
    *(np.array(column) for column in zip(*ROWS)),
    windows=(0, 3),
    correlations=(("XX", "YY"), ("XX", "XY", "YX", "YY")),
    antennas=("DA01", "DA02", "DV03", "DV04"),
)
Flags = List[Any]


def some_flags() -> Flags:
    """Return the flags of each row, of which a third are set."""
    random = np.random.default_rng(7)
    return [random.random(SHAPES[row[3]]) < 0.3 for row in ROWS]


def state_of(flags: Flags, row_flags: Any = None) -> State:
    pieces = []
    for window in range(2):
        rows = np.array([number for number, row in enumerate(ROWS) if row[3] == window])
        pieces.append(Piece.of(rows, np.array([flags[row] for row in rows])))
    rows_set = np.array([each.all() for each in flags]) if row_flags is None else row_flags
    return State(len(ROWS), tuple(pieces), np.packbits(rows_set))


def changed(choose: Callable[[Tuple[float, int, int, int]], Any], value: bool = True) -> Tuple[Flags, Difference]:
    """Return the flags after all that ``choose`` selects of each row are set, and what that changed."""
    before = [np.full(SHAPES[row[3]], not value) for row in ROWS]
    after = [each.copy() for each in before]
    for row, flags in zip(ROWS, after):
        chosen = choose(row)
        if chosen is not None:
            flags[chosen] = value
    return after, difference(state_of(before), state_of(after))


def recorded(vis: Path, change: Difference, **more: Any) -> Tuple[Path, FlagRecord]:
    record = FlagRecord(
        "plotms", str(vis), "2028-11-29T12:00:00+01:00", ("FLAGGED 3 points among 9 in 0.1s",), {"casatools": "6.7"},
        len(ROWS), change.flagged, change.unflagged, len(change.row_flagged), len(change.row_unflagged), 3, "a", "b",
    )  # fmt: skip
    record = dataclasses.replace(record, **more)
    columns = (LAYOUT.time, LAYOUT.antenna1, LAYOUT.antenna2, LAYOUT.description)
    return flag_records.write(record, change, {n: c[change.rows] for n, c in zip(IDENTITY, columns)}), record


def test_a_difference_leads_from_each_state_to_the_other() -> None:
    before, after = some_flags(), some_flags()
    after[3][2, 1] ^= True
    after[12][:] = True
    after[40][1:3] ^= True
    change = difference(state_of(before), state_of(after))
    assert list(change.rows) == [3, 12, 40]
    assert change.flagged + change.unflagged == sum(int((old ^ new).sum()) for old, new in zip(before, after))
    for group in change.groups:
        old, new = (np.array([flags[row] for row in group.rows]) for flags in (before, after))
        assert (made(group, old) == new).all()
        assert (made(group, new) == new).all(), "what is so already must stay"
        back, others = taken_back(group, new)
        assert (back == old).all()
        assert not others
        assert taken_back(group, old)[1], "flags that are not as they were left were not noticed"
    assert not difference(state_of(before), state_of(before))
    assert state_of(before).digest == state_of(before).digest != state_of(after).digest


def test_flags_of_rows_are_told_apart_from_those_of_visibilities() -> None:
    flags, rows = some_flags(), np.zeros(len(ROWS), dtype=bool)
    later = rows.copy()
    later[5] = True
    change = difference(state_of(flags, rows), state_of(flags, later))
    assert (change.groups, list(change.row_flagged), list(change.row_unflagged)) == ((), [5], [])
    assert list(difference(state_of(flags, later), state_of(flags, rows)).row_unflagged) == [5]


def test_states_of_other_rows_have_no_difference() -> None:
    state = state_of(some_flags())
    fewer = dataclasses.replace(state, rows=state.rows - 1)
    with pytest.raises(ValueError, match="rows"):
        difference(state, fewer)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    _, change = changed(lambda row: np.s_[1:3] if row[1] == 0 else None)
    first, record = recorded(tmp_path / "my.ms", change)
    second, _ = recorded(tmp_path / "my.ms", change)
    assert [first.name, second.name, first.parent.name] == ["0001", "0002", "my.ms.hand"]
    assert flag_records.read(first) == record
    again, identity = flag_records.read_bits(first)
    for one, other in zip(again.groups, change.groups):
        assert all((getattr(one, name) == getattr(other, name)).all() for name in ("rows", "flagged", "unflagged"))
    assert (identity["TIME"] == LAYOUT.time[change.rows]).all()
    flag_records.mark(second, "2028-11-30")
    assert flag_records.read(second).undone == "2028-11-30"
    assert flag_records.expanded(first.parent) == flag_records.listed(tmp_path / "my.ms") == [first, second]
    assert flag_records.expanded(second) == [second]


@pytest.mark.parametrize(
    ("file", "content", "error"),
    [
        (FLAGS, None, HandworkMissing),
        (FLAGS, b"{", HandworkDamaged),
        (FLAGS, b"[]", HandworkDamaged),
        (FLAGS, b'{"format": 1}', HandworkDamaged),
        (FLAGS, b'{"format": 2}', HandworkOfOtherFormat),
        (BITS, None, HandworkDamaged),
        (BITS, b"PK", HandworkDamaged),
    ],
)
def test_what_is_no_record_is_an_error(tmp_path: Path, file: str, content: Any, error: type) -> None:
    folder, _ = recorded(tmp_path / "my.ms", changed(lambda row: 0)[1])
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(error):
        (flag_records.read if file == FLAGS else flag_records.read_bits)(folder)


@pytest.mark.parametrize(("array", "reason"), [("TIME", "a column is cut short"), ("1.rows", "rows are missing")])
def test_bits_of_fewer_rows_than_they_say_are_damaged(tmp_path: Path, array: str, reason: str) -> None:
    folder, _ = recorded(tmp_path / "my.ms", changed(lambda row: 0)[1])
    with np.load(folder / BITS) as archive:
        arrays = dict(archive)
    np.savez(folder / BITS, **{**arrays, array: arrays[array][:-1]})
    with pytest.raises(HandworkDamaged, match=reason):
        flag_records.read_bits(folder)


@pytest.mark.parametrize(
    ("flagged", "rows", "text"),
    [
        (1, 0, "1 visibility flagged in 3 baselines"),
        (0, 2, "FLAG_ROW of 2 rows changed in 3 baselines"),
        (0, 1, "FLAG_ROW of 1 row changed in 3 baselines"),
    ],
)
def test_a_record_says_what_was_done_in_a_few_words(tmp_path: Path, flagged: int, rows: int, text: str) -> None:
    _, record = recorded(tmp_path / "my.ms", changed(lambda row: 0)[1])
    record = dataclasses.replace(record, flagged=flagged, unflagged=0, row_flagged=rows, row_unflagged=0)
    assert record.text == text


def test_each_value_of_another_type_is_an_error(tmp_path: Path) -> None:
    folder, _ = recorded(tmp_path / "my.ms", changed(lambda row: 0)[1])
    right: Dict[str, Any] = json.loads((folder / FLAGS).read_text())
    for name in set(right) - {"kind"}:
        (folder / FLAGS).write_text(json.dumps({**right, name: {"x": 1} if name != "versions" else 3}))
        with pytest.raises(CasaDesktopError):
            flag_records.read(folder)


def test_on_a_full_disk_there_is_no_record_rather_than_half_of_one(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    with small_disk(tmp_path / "small", 1) as disk:
        _, change = changed(lambda row: random.random(SHAPES[row[3]]) < 0.5)
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            recorded(disk.path / "my.ms", change)
        assert [each.name for each in disk.path.iterdir()] == ["filler"]
        disk.make_room()
        folder, record = recorded(disk.path / "my.ms", change)
        assert flag_records.read(folder) == record


NAME = "it's.ms"
SAID: Dict[str, Tuple[Callable[[Any], Any], bool, List[str]]] = {
    "all of a window": (lambda row: np.s_[:] if row[3] == 0 else None, True, ["mode='manual' spw='0'"]),
    "a baseline, some channels, a correlation": (
        lambda row: np.s_[[2, 3, 6], 1] if row[1:3] == (1, 3) and row[3] == 0 else None,
        True,
        ["mode='manual' spw='0:2~3;6' correlation='YY' antenna='DA02&DV04'"],
    ),
    "an autocorrelation at some times": (
        lambda row: np.s_[:] if row[1:] == (2, 2, 1) and 5e9 + 10 <= row[0] <= 5e9 + 20 else None,
        True,
        ["mode='manual' spw='3' antenna='DV03&&&' timerange='2017/04/27/08:53:25.000000~2017/04/27/08:53:45.000000'"],
    ),
    "unflagged": (lambda row: np.s_[0] if row[3] == 1 else None, False, ["mode='unflag' spw='3:0'"]),
}


@pytest.mark.parametrize("name", SAID)
def test_a_flagging_is_said_in_commands_of_flagdata(name: str) -> None:
    choose, value, expected = SAID[name]
    _, change = changed(choose, value)
    assert commands(change, LAYOUT) == expected


def test_what_commands_cannot_say_exactly_is_not_said_in_commands() -> None:
    _, change = changed(lambda row: np.s_[1:3] if row[1] == 0 else None)
    assert commands(change, LAYOUT)
    # flagdata would take a number for an antenna, or another setup's data as well; or some rows have the same names,
    # and only one of them was flagged.
    assert not commands(change, dataclasses.replace(LAYOUT, antennas=("1", "2", "3", "4")))
    assert not commands(change, dataclasses.replace(LAYOUT, windows=(0, 0)))
    assert not commands(change, dataclasses.replace(LAYOUT, antenna1=np.zeros_like(LAYOUT.antenna1)))
    random = np.random.default_rng(3)
    _, noise = changed(lambda row: random.random(SHAPES[row[3]]) < 0.5)
    assert not commands(noise, LAYOUT), "so many commands are no easier to read"


def test_scripts_are_python_and_name_the_table_at_their_head(tmp_path: Path) -> None:
    _, change = changed(lambda row: np.s_[0])
    for said in ((), ("mode='manual' spw='0'",)):
        folder, _ = recorded(tmp_path / NAME, change, commands=said)
        text = script(folder)
        compile(text, "script", "exec")
        assert text.split("\n")[1] == f"vis = {str(tmp_path / NAME)!r}"


def test_the_command_line_exports_a_flagging(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = recorded(tmp_path / "my.ms", changed(lambda row: np.s_[0])[1])
    assert main(["hand", "export", str(folder)]) == 0
    assert capsys.readouterr().out == script(folder)


def test_the_kernel_may_import_it_without_numpy() -> None:
    modules = ("flags", "flag_records", "flag_commands", "flag_script")
    code = "import sys\n" + "".join(f"import casa_desktop.handwork.{each}\n" for each in modules)
    code += "sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
