"""What the tests of JupyterLab's parts share: the palette, the places where desktops are told of, and their tabs."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from .lab import Canvas, Jupyter, Lab


def view(page: Page, name: str = "main") -> Locator:
    """Return the view in the tab of a desktop."""
    return page.locator(f"#casa-desktop-{name} .casa-desktop-View")


def canvas(page: Page, name: str = "main") -> Canvas:
    """Return a desktop's canvas in its tab, once it is connected."""
    wait_for_state(page, "connected", name)
    return Canvas(page, view(page, name).locator("canvas"))


def wait_for_state(page: Page, state: str, name: str = "main") -> None:
    """Wait until the tab of a desktop shows a state."""
    expect(view(page, name)).to_have_attribute("data-state", state, timeout=30_000)


def run_command(page: Page, label: str) -> None:
    """Run the command of the palette with this label."""
    assert any(_choose_in_palette(page, label) for _ in range(3)), f"The palette does not offer {label!r}."


def _choose_in_palette(page: Page, label: str) -> bool:
    """Open the palette, and click on the command with this label; return False if the palette closed before that.

    It closes, and forgets what was in its field, when something that is still being opened takes the focus. A click
    needs the command to be there, while a key would go wherever the focus is.
    """
    # By the menu: where the desktop has the keyboard, the shortcut would go to it.
    page.locator("#jp-MainMenu, .lm-MenuBar").first.get_by_text("View", exact=True).click()
    page.locator(".lm-Menu-item[data-command='apputils:activate-command-palette']").click()
    chosen = page.locator(".lm-CommandPalette-item.lm-mod-active")
    try:
        page.locator(".lm-CommandPalette-input").last.fill(label, timeout=10_000)
        expect(chosen).to_have_text(re.compile(f"^{re.escape(label)}"), timeout=10_000)
        chosen.click(timeout=10_000)
    except (AssertionError, TooLate):
        page.keyboard.press("Escape")
        return False
    return True


def open_another(lab: Lab, name: str) -> None:
    """Press the launcher's second card, and give a name."""
    lab.page.locator(".jp-LauncherCard[data-category=CASA]", has_text="Another CASA Desktop").click()
    lab.page.locator(".jp-Dialog input").fill(name)
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    wait_for_state(lab.page, "connected", name)


def running(page: Page) -> Locator:
    """Open the Running panel, and return the desktops in it."""
    items = page.locator(".casa-desktop-RunningItem")
    if not page.locator(".jp-RunningSessions").is_visible():
        page.locator(".jp-SideBar .lm-TabBar-tab[data-id='jp-running-sessions']").click()
    return items


def names(jupyter: Jupyter) -> list[str]:
    """Return the names of the desktops that run."""
    return sorted(each["name"] for each in jupyter.ask("casa-desktop/api/desktops")["desktops"])


def pid(jupyter: Jupyter, name: str = "main") -> Any:
    """Return the process of a desktop: another one, another start of it."""
    return jupyter.ask(f"casa-desktop/api/desktops/{name}")["pid"]


def mode_switch(page: Page) -> Locator:
    """Return the switch in the toolbar of the notebook in front."""
    return page.get_by_label("CASA mode")


def state_button(page: Page, name: str = "main") -> Locator:
    """Return the button beside it, which tells of the notebook's desktop."""
    return page.get_by_role("button", name=f"CASA Desktop {name}: ")
