"""What is told of the rounds: enough to see what happened and to play one again."""

from __future__ import annotations

from .ledger import BY_ITSELF, RESULT, Outcome, summary, table
from .plan import Action, Moment, Round, Victim, Work


def outcome(number: int, back: float, *, work: Work = Work.CLEAN, broken: str = "", ended: str = RESULT) -> Outcome:
    drawn = Round(1, number, work, Work.LISTOBS, Victim.X_SERVER, Action.KILL, Moment.FRACTION, 0.25, 1.0, True, False)
    return Outcome(drawn, ended, "", 0.5, BY_ITSELF, back, "", [broken] if broken else [], 2.0)


def test_an_outcome_says_what_was_done_and_what_came_of_it() -> None:
    said = str(outcome(7, 1.25, broken="Xvnc did not come back by itself"))
    for words in ("seed 1, round 7", "Xvnc, kill, tclean in the middle (25%)", "with result", "by itself (1.2 s)"):
        assert words in said
    assert said.endswith("BROKEN: Xvnc did not come back by itself")


def test_table_has_count_median_and_maximum_of_each_victim_and_action() -> None:
    _, row = table([outcome(0, 1.0), outcome(1, 2.0), outcome(2, 6.0, broken="late", ended="ToolLost")])
    assert row.split() == ["Xvnc", "kill", "3", "1", "2.0", "6.0", "result", "2,", "ToolLost", "1"]


def test_summary_counts_rounds_and_broken_promises_and_how_a_waiting_tclean_ended() -> None:
    lines = summary([outcome(0, 1.0), outcome(1, 1.0, work=Work.INTERACTIVE, ended="ViewerLost", broken="late")])
    assert lines[0] == "2 rounds in 4 s, 1 with a broken promise"
    assert lines[-2:] == ["victims came back: by itself 2", "waiting tclean ended with: ViewerLost 1"]


def test_nothing_is_told_of_no_rounds() -> None:
    assert summary([]) == []
