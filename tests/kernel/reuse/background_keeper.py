"""Tests of what is kept in the background; ``test_keeper_on_disks`` has them run where a stat shows each change."""

from __future__ import annotations

from pathlib import Path

import pytest

from casa_desktop.store.room import Room

from ...support.reuse import flag
from .test_keeper import Kernel


def test_the_user_goes_on_while_a_result_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    assert kernel.in_background
    with Room(kernel.store.folder).alone():
        kernel.keep()
        # A kernel that ends waits no longer than this.
        kernel.keeper.settle(0.01)
        assert "it is being kept" in kernel.session.why()
    assert kernel.kept() is not None
    assert "not kept" not in kernel.session.why()


def test_what_is_changed_while_it_is_kept_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel(tmp_path)
    assert kernel.in_background
    with Room(kernel.store.folder).alone():
        kernel.keep()
        flag(kernel.table)
    assert kernel.kept() is None
    assert "Its result was not kept: " in kernel.session.why()
