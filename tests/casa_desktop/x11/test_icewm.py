from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from Xlib import XK, X
from Xlib.ext import xtest

from casa_desktop.desktop import lifecycle
from casa_desktop.runtime.directory import Places
from casa_desktop.system.process import read_line
from casa_desktop.x11.icewm import (
    TIMER_SLACK,
    MenuEntry,
    menu,
    preferences,
    toolbar,
    window_manager_command,
    write_files,
)

from ...support.living import below, name_of
from ...support.programs import write_program
from ...support.screen import Screen, XHand


def test_the_menu_names_each_tool_and_then_the_rest() -> None:
    text = menu([MenuEntry("Viewer", "-", ("/py", "run", "casaviewer"))], [MenuEntry("Terminal", "t", ("xterm",))])
    assert text.splitlines() == ['prog "Viewer" - /py run casaviewer', "separator", 'prog "Terminal" t xterm']


def test_a_path_with_a_space_and_a_quote_stays_one_word() -> None:
    assert toolbar([MenuEntry("A", "-", ('/my "py"/python', "-m"))]) == 'prog "A" - "/my \\"py\\"/python" -m\n'


def test_the_icons_of_menu_and_toolbar_come_with_the_window_manager(tmp_path: Path) -> None:
    at = Places(tmp_path)
    at.icewm.mkdir()
    write_files(at, "")
    entries = (at.icewm / "menu").read_text() + (at.icewm / "toolbar").read_text()
    icons = set(re.findall(r'^prog "[^"]*" (\S+) ', entries, re.MULTILINE)) - {"-"}
    told = subprocess.run(["icewm", "--directories"], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    [shared] = re.findall(r"^LIBDIR=(.+)", told, re.MULTILINE)
    there = {path.name.partition("_")[0] for path in Path(shared, "icons").iterdir()}
    assert icons
    assert icons <= there


def test_the_preferences_offer_no_way_to_log_out_of_the_desktop() -> None:
    lines = preferences().splitlines()
    assert "ShowLogoutMenu=0" in lines
    assert 'KeySysLogout=""' in lines


def test_the_window_manager_gets_the_display_the_cookie_and_its_files() -> None:
    command = window_manager_command(
        "/usr/bin/icewm",
        config=Path("/run/main/icewm"),
        display=":7",
        xauthority=Path("/run/main/Xauthority"),
        env={"DISPLAY": ":0"},
    )
    assert command.env == {
        "DISPLAY": ":7",
        "XAUTHORITY": "/run/main/Xauthority",
        "ICEWM_PRIVCFG": "/run/main/icewm",
    }


def _press(screen: Screen, *names: str) -> None:
    """Press keys together, and let them go."""
    codes = [screen.display.keysym_to_keycode(XK.string_to_keysym(name)) for name in names]
    for kind, those in ((X.KeyPress, codes), (X.KeyRelease, codes[::-1])):
        for code in those:
            xtest.fake_input(screen.display, kind, code)
    screen.display.sync()


def test_what_the_window_manager_starts_by_its_menu_or_a_key_does_not_have_its_late_timers(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the place of the programs behind the menu's entry and behind the key.
    for name in ("xterm", "x-terminal-emulator"):
        write_program(tmp_path / name, f"cat /proc/self/timerslack_ns >{tmp_path}/slack")
    os.mkfifo(tmp_path / "slack")
    # For both ways, so that it has a writer from the beginning and no end before the programs have written.
    told = os.open(tmp_path / "slack", os.O_RDWR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    record = lifecycle.ensure()
    [icewm] = [each for each in below(record.supervisor_pid, recursive=False) if name_of(each) == "icewm"]
    usual = Path("/proc/self/timerslack_ns").read_bytes().strip()
    # Others than root may read their own only.
    if os.geteuid() == 0:
        assert int(Path(f"/proc/{icewm.pid}/timerslack_ns").read_text()) == TIMER_SLACK * 1e9
    with Screen({"display": record.display, "xauthority": record.xauthority}) as screen:
        screen.wait_until_still()
        _press(screen, "Control_L", "Alt_L", "t")
        assert read_line(told, time.monotonic() + 30) == usual
        XHand(screen).click((20, screen.size()[1] - 12))
        screen.wait_until_still()
        # Above the window list, which is the last entry.
        XHand(screen).click((50, screen.size()[1] - 67))
        assert read_line(told, time.monotonic() + 30) == usual
    os.close(told)
