"""Several outputs of one call, of which all are put back or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from casa_desktop.store import exchange
from casa_desktop.store.store import Store

from ...support.reuse import SECONDS, call, flag, state, table


@pytest.mark.parametrize("is_late", [False, True], ids=["before the second", "after it"])
def test_outputs_are_as_they_were_if_the_user_interrupts_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool, is_late: bool
) -> None:
    store, tables = Store.of(tmp_path, {}), [tmp_path / "a.ms", tmp_path / "b.ms", tmp_path / "c.ms"]
    record = call(store, lambda: [table(each) for each in tables], tables)
    store.keep(record, SECONDS)
    for each in tables:
        flag(each)
    found, names = [state(each) for each in tables], sorted(os.listdir(tmp_path))
    put_back, calls = exchange.put_back, [0]

    def interrupted(target: Path, new: Path, **more: bool) -> None:
        calls[0] += 1
        # Later calls put back what was there.
        if calls[0] != 2 or is_late:
            put_back(target, new, **more)
        if calls[0] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(exchange, "put_back", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put_back(record)
    assert [state(each) for each in tables] == found
    assert sorted(os.listdir(tmp_path)) == names
    monkeypatch.undo()
    assert store.put_back(record) == "put back"
    assert [state(each) for each in tables] != found
