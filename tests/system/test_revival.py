"""Whichever process of a desktop dies or is stopped: who looks at it has it back soon, or reads why not."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Callable, Set

import pytest
from playwright.sync_api import BrowserContext, expect

from casa_desktop.runtime.record import Record

from ..support.clock import Stopwatch
from ..support.lab import Jupyter, Lab
from ..support.lab_parts import names
from ..support.pages import DesktopPage

# What died is back within so many seconds.
SOON = 3.0
RESTARTED = "The desktop was restarted"

Find = Callable[[], Record]


@pytest.fixture
def page(context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]) -> DesktopPage:
    """The page of a fresh desktop."""
    return DesktopPage(context, jupyter).open()


@pytest.mark.parametrize("victim", ["x_server_pid", "supervisor_pid"])
def test_a_page_has_its_desktop_back_soon_whichever_process_was_killed(
    page: DesktopPage, record: Find, victim: str
) -> None:
    before = record()
    watch = Stopwatch()
    os.kill(getattr(before, victim), signal.SIGKILL)
    expect(page.page.get_by_text(RESTARTED)).to_be_visible()
    assert watch.seconds() < SOON
    page.wait_for_state("connected")
    after = record()
    assert after.x_server_pid != before.x_server_pid
    assert (after.supervisor_pid == before.supervisor_pid) == (victim == "x_server_pid")


def test_all_pages_of_a_lost_desktop_get_one_new_one(
    context: BrowserContext, jupyter: Jupyter, page: DesktopPage, record: Find
) -> None:
    other = DesktopPage(context, jupyter).open()
    os.kill(record().supervisor_pid, signal.SIGKILL)
    for each in (page, other):
        expect(each.page.get_by_text(RESTARTED)).to_be_visible()
        each.wait_for_state("connected")
    assert names(jupyter) == ["main"]


def test_a_page_has_its_desktop_back_whose_folder_was_removed(page: DesktopPage, record: Find) -> None:
    before = record()
    shutil.rmtree(Path(before.rfb_socket).parent)
    expect(page.page.get_by_text(RESTARTED)).to_be_visible()
    page.wait_for_state("connected")
    assert record().supervisor_pid != before.supervisor_pid


def test_a_page_starts_no_desktop_that_was_stopped(page: DesktopPage, desktop: Callable[..., str]) -> None:
    desktop("stop")
    page.wait_for_state("failed")
    expect(page.page.get_by_text("The desktop has stopped.")).to_be_visible()
    assert desktop("status").strip() == "No desktop is running."


def test_an_x_server_that_dies_again_and_again_is_given_up_and_the_page_says_so(
    page: DesktopPage, desktop: Callable[..., str]
) -> None:
    killed: Set[int] = set()
    while len(killed) < 5:
        # It waits for the one that is about to come, or tells of a dead one whose end has not been seen yet.
        x_server = json.loads(desktop("start", "--json"))["x_server_pid"]
        if x_server not in killed:
            os.kill(x_server, signal.SIGKILL)
            killed.add(x_server)
    page.wait_for_state("failed")
    expect(page.page.get_by_text("Its X server ended 5 times within 60 s")).to_be_visible()
    page.page.get_by_role("button", name="Start it again").click()
    page.wait_for_state("connected")


def test_a_stopped_x_server_is_no_more_than_a_moment_s_silence(
    page: DesktopPage, desktop: Callable[..., str], record: Find
) -> None:
    before = record()
    os.kill(before.x_server_pid, signal.SIGSTOP)
    assert "Saved" in desktop("screenshot", os.devnull)
    page.wait_for_state("connected")
    assert record() == before


def test_a_page_says_that_a_stopped_desktop_does_not_answer_and_goes_on_with_it(
    page: DesktopPage, record: Find
) -> None:
    before = record()
    processes = [before.supervisor_pid, before.x_server_pid]
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        page.wait_for_state("reconnecting")
        expect(page.page.get_by_text("no answer")).to_be_visible()
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)
    page.wait_for_state("connected")
    assert record() == before


def test_the_windows_of_a_dead_x_server_are_gone_and_the_next_call_opens_them_anew(lab: Lab, record: Find) -> None:
    cell = "viewer('dirty.image', gui=True)"
    notebook = lab.notebook(cell, cell, "%casa_snapshot viewer")
    notebook.run(0)
    lab.desktop()
    before = record()
    os.kill(before.x_server_pid, signal.SIGKILL)
    notebook.run(1)
    assert "Error" not in notebook.text(1)
    notebook.run(2)
    assert notebook.picture(2).size
    lab.desktop()
    assert record().x_server_pid != before.x_server_pid
