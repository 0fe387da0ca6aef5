from __future__ import annotations

from pathlib import Path

import pytest

from casa_desktop.errors import InvalidSetting
from casa_desktop.runtime.settings import Settings
from casa_desktop.x11.xvnc import x_server_command


def _x_server(env: dict[str, str] | None = None, **choices: object) -> tuple[tuple[str, ...], dict[str, str]]:
    command = x_server_command(
        "/usr/bin/Xvnc",
        Settings(**choices),  # type: ignore[arg-type]
        title="CASA Desktop main",
        xauthority=Path("/run/main/Xauthority"),
        rfb_socket=Path("/run/main/rfb.sock"),
        display_fd=9,
        env=env or {},
    )
    return command.argv, dict(command.env)


def _value(argv: tuple[str, ...], option: str) -> str:
    return argv[argv.index(option) + 1]


def test_the_x_server_listens_on_a_private_unix_socket_and_on_no_port() -> None:
    argv, _ = _x_server()
    assert _value(argv, "-rfbunixpath") == "/run/main/rfb.sock"
    assert _value(argv, "-rfbunixmode") == "0600"
    assert _value(argv, "-rfbport") == "-1"
    assert _value(argv, "-nolisten") == "tcp"


def test_the_x_server_asks_for_a_cookie_and_picks_its_own_display() -> None:
    argv, _ = _x_server()
    assert _value(argv, "-auth") == "/run/main/Xauthority"
    assert _value(argv, "-displayfd") == "9"
    assert not any(word.startswith(":") for word in argv)


def test_settings_reach_the_command_line() -> None:
    argv, _ = _x_server(geometry="1280x720", frame_rate=30, dpi=144)
    assert _value(argv, "-geometry") == "1280x720"
    assert _value(argv, "-FrameRate") == "30"
    assert _value(argv, "-dpi") == "144"


def test_opengl_costs_memory_only_where_it_is_wanted() -> None:
    assert _value(_x_server()[0], "-extension") == "GLX"
    assert "GLX" not in _x_server(opengl=True)[0]


def test_another_display_in_the_environment_does_not_reach_the_desktop() -> None:
    _, env = _x_server({"DISPLAY": ":0", "XAUTHORITY": "/x", "QT_QPA_PLATFORM": "offscreen", "LANG": "C"})
    assert env == {"LANG": "C"}


def test_the_x_server_takes_the_display_that_it_is_told_and_still_says_when_it_is_ready() -> None:
    argv, _ = _x_server(display=1000)
    assert argv[1] == ":1000"
    assert _value(argv, "-displayfd") == "9"
    with pytest.raises(InvalidSetting, match="from 0 to 59535"):
        Settings(display=60_000)
