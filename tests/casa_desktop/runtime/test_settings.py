from __future__ import annotations

import pytest

from casa_desktop.errors import InvalidSetting
from casa_desktop.runtime.settings import Settings, settings_from


@pytest.mark.parametrize("minutes", [-1, 1e9, float("nan"), float("inf")])
def test_an_idle_limit_is_a_number_of_minutes(minutes: float) -> None:
    with pytest.raises(InvalidSetting, match="idle_minutes"):
        Settings(idle_minutes=minutes)


def test_the_environment_sets_the_idle_limit_of_what_a_kernel_starts() -> None:
    assert settings_from({}).idle_minutes == 0
    assert settings_from({"CASA_DESKTOP_IDLE_MINUTES": "0.5"}).idle_minutes == 0.5
    with pytest.raises(InvalidSetting, match="CASA_DESKTOP_IDLE_MINUTES is 'soon'"):
        settings_from({"CASA_DESKTOP_IDLE_MINUTES": "soon"})


@pytest.mark.parametrize(
    ("variable", "value", "setting", "wrong"),
    [
        ("CASA_DESKTOP_LIFETIME_MINUTES", "0.5", "lifetime_minutes", ("soon", "-1", "nan", "1e9")),
        ("CASA_DESKTOP_MOST_DESKTOPS", "3", "most_desktops", ("few", "-1", "2.5")),
    ],
)
def test_the_environment_sets_the_limits_of_what_a_kernel_starts(
    variable: str, value: str, setting: str, wrong: tuple[str, ...]
) -> None:
    assert getattr(settings_from({}), setting) == 0
    assert getattr(settings_from({variable: value}), setting) == float(value)
    for each in wrong:
        with pytest.raises(InvalidSetting, match=rf"({variable}|{setting}) is .*, but should be a number"):
            settings_from({variable: each})


@pytest.mark.parametrize("geometry", ["", "1600", "1600x", "x900", "1600x900; reboot", "01600x900", "9x9", "1600×900"])
def test_a_malformed_geometry_is_refused(geometry: str) -> None:
    with pytest.raises(InvalidSetting, match="geometry"):
        Settings(geometry=geometry)


@pytest.mark.parametrize("choice", [{"frame_rate": 0}, {"frame_rate": 1001}, {"dpi": 29}, {"dpi": 601}])
def test_a_number_out_of_range_is_refused(choice: dict[str, int]) -> None:
    with pytest.raises(InvalidSetting):
        Settings(**choice)  # type: ignore[arg-type]
