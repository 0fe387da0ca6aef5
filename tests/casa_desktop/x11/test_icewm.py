from __future__ import annotations

from casa_desktop.x11.icewm import MenuEntry, menu, preferences, toolbar


def test_the_menu_names_each_tool_and_then_the_rest() -> None:
    text = menu([MenuEntry("Viewer", "-", ("/py", "run", "casaviewer"))], [MenuEntry("Terminal", "t", ("xterm",))])
    assert text.splitlines() == ['prog "Viewer" - /py run casaviewer', "separator", 'prog "Terminal" t xterm']


def test_a_path_with_a_space_and_a_quote_stays_one_word() -> None:
    assert toolbar([MenuEntry("A", "-", ('/my "py"/python', "-m"))]) == 'prog "A" - "/my \\"py\\"/python" -m\n'


def test_the_preferences_offer_no_way_to_log_out_of_the_desktop() -> None:
    lines = preferences().splitlines()
    assert "ShowLogoutMenu=0" in lines
    assert 'KeySysLogout=""' in lines
