"""Several desktops in JupyterLab: how they are opened, listed, stopped, restarted, restored and moved."""

from __future__ import annotations

import re
from typing import Callable

import pytest
from playwright.sync_api import expect

from ..support.lab import Lab
from ..support.lab_parts import names, open_another, pid, run_command, running, view, wait_for_state

STATUS = re.compile(r"CASA Desktop: connected · \d+ ms · \d+×\d+ · [\d.]+ of [\d.]+ GB")


def test_second_card_opens_a_desktop_of_another_name(lab: Lab) -> None:
    lab.open()
    open_another(lab, "m31")
    expect(lab.page.locator(".lm-TabBar-tabLabel", has_text="CASA Desktop: m31")).to_be_visible()
    assert names(lab.jupyter) == ["m31"]


def test_the_dialog_for_names_says_what_is_wrong_and_offers_those_that_run(
    lab: Lab, desktop: Callable[..., str]
) -> None:
    desktop("start", "--name", "ngc1068")
    lab.open()
    expect(lab.page.locator(".casa-desktop-StatusItem")).to_have_text("CASA Desktop ngc1068: running")
    lab.page.locator(".jp-LauncherCard[data-category=CASA]", has_text="Another").click()
    dialog = lab.page.locator(".jp-Dialog")
    assert dialog.locator("datalist option").evaluate_all("all => all.map(one => one.value)") == ["ngc1068"]
    expect(dialog.locator("input")).to_be_focused()
    for wrong in ("m 31", "-m31", "static", "m" * 33):
        dialog.locator("input").fill(wrong)
        expect(dialog.get_by_role("status")).not_to_be_empty()
        expect(dialog.locator(".jp-mod-accept")).to_be_disabled()
    # Enter closes JupyterLab's dialogs past their buttons; the name is asked for again.
    dialog.locator("input").press("Enter")
    expect(dialog.locator("input")).to_have_value("m" * 33)
    dialog.locator("input").fill("ngc1068")
    dialog.locator("input").press("Enter")
    wait_for_state(lab.page, "connected", "ngc1068")


def test_running_panel_follows_desktops_that_start_and_end_elsewhere(lab: Lab, desktop: Callable[..., str]) -> None:
    lab.open()
    items = running(lab.page)
    expect(items).to_have_count(0)
    desktop("start", "--name", "m31")
    expect(items).to_have_text([re.compile("m31")])
    desktop("start")
    expect(items).to_have_text([re.compile("m31"), re.compile("main")])
    desktop("stop", "--name", "m31")
    expect(items).to_have_text([re.compile("main")])


def test_running_panel_opens_restarts_and_stops(lab: Lab, desktop: Callable[..., str]) -> None:
    desktop("start")
    before = pid(lab.jupyter)
    lab.open()
    item = running(lab.page).first
    item.locator(".jp-RunningSessions-itemLabel").click()
    wait_for_state(lab.page, "connected")
    expect(item).to_contain_text("shown")
    item.click(button="right")
    lab.page.get_by_role("menuitem", name="Restart").click()
    with lab.page.expect_response(lambda answer: answer.request.method == "POST" and "/api/desktops" in answer.url):
        lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    # Of itself, without anybody's pressing the button that says "Start it again".
    wait_for_state(lab.page, "connected")
    assert pid(lab.jupyter) != before
    item.hover()
    item.locator(".jp-RunningSessions-itemShutdown").click()
    expect(view(lab.page).get_by_text("The desktop has stopped.")).to_be_visible()
    expect(running(lab.page)).to_have_count(0)
    assert names(lab.jupyter) == []


def test_running_panel_stops_all_desktops(lab: Lab, desktop: Callable[..., str]) -> None:
    desktop("start")
    desktop("start", "--name", "m31")
    lab.open()
    expect(running(lab.page)).to_have_count(2)
    lab.page.get_by_role("button", name="Stop All").or_(lab.page.get_by_text("Stop All")).last.click()
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(running(lab.page)).to_have_count(0)
    assert names(lab.jupyter) == []


def test_palette_stops_the_desktop_in_sight_once_that_is_confirmed(lab: Lab) -> None:
    lab.open()
    open_another(lab, "m31")
    run_command(lab.page, "CASA Desktop: m31: Stop")
    dialog = lab.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Stop the CASA Desktop “m31”?")
    dialog.locator(".jp-mod-reject").click()
    assert names(lab.jupyter) == ["m31"]
    run_command(lab.page, "CASA Desktop: m31: Stop")
    dialog.locator(".jp-mod-accept").click()
    expect(view(lab.page, "m31").get_by_text("The desktop has stopped.")).to_be_visible()


def test_status_bar_tells_state_round_trip_size_and_memory(lab: Lab) -> None:
    lab.open()
    status = lab.page.locator(".casa-desktop-StatusItem")
    expect(status).to_be_hidden()
    lab.page.locator(".jp-LauncherCard[data-category=CASA]", has_text="CASA Desktop").first.click()
    lab.desktop()
    expect(status).to_have_text(STATUS)
    lab.page.locator("#jp-main-dock-panel .lm-TabBar-addButton").first.click()
    expect(view(lab.page)).to_be_hidden()
    status.get_by_role("button").click()
    expect(view(lab.page)).to_be_visible()


def test_desktops_come_back_with_the_workspace(lab: Lab) -> None:
    lab.open()
    open_another(lab, "m31")
    lab.page.locator("#jp-main-dock-panel .lm-TabBar-addButton").first.click()
    open_another(lab, "ngc1068")
    # JupyterLab saves its layout a moment after it has changed.
    with lab.page.expect_response(lambda answer: "/api/workspaces" in answer.url and answer.request.method == "PUT"):
        lab.page.locator(".lm-TabBar-tabLabel", has_text="CASA Desktop: m31").click()
    lab.page.goto(f"{lab.jupyter.url}lab")
    wait_for_state(lab.page, "connected", "m31")
    lab.page.locator(".lm-TabBar-tabLabel", has_text="CASA Desktop: ngc1068").click()
    wait_for_state(lab.page, "connected", "ngc1068")


@pytest.mark.parametrize("way", ["toolbar", "palette"])
def test_a_tab_moves_to_the_browser_and_back(lab: Lab, way: str) -> None:
    lab.open()
    open_another(lab, "m31")
    with lab.page.context.expect_page() as opened:
        if way == "toolbar":
            view(lab.page, "m31").get_by_role("button", name="Move to a browser tab").click()
        else:
            run_command(lab.page, "CASA Desktop: m31: Move to a Browser Tab")
    page = opened.value
    expect(page.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    expect(view(lab.page, "m31")).to_have_count(0)
    with page.expect_event("close"):
        page.get_by_role("button", name="Back to JupyterLab").click()
    wait_for_state(lab.page, "connected", "m31")
