from __future__ import annotations

from pathlib import Path

from casa_desktop.x11.icewm import MenuEntry, menu, preferences, toolbar, window_manager_command


def test_the_menu_names_each_tool_and_then_the_rest() -> None:
    text = menu([MenuEntry("Viewer", "-", ("/py", "run", "casaviewer"))], [MenuEntry("Terminal", "t", ("xterm",))])
    assert text.splitlines() == ['prog "Viewer" - /py run casaviewer', "separator", 'prog "Terminal" t xterm']


def test_a_path_with_a_space_and_a_quote_stays_one_word() -> None:
    assert toolbar([MenuEntry("A", "-", ('/my "py"/python', "-m"))]) == 'prog "A" - "/my \\"py\\"/python" -m\n'


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
