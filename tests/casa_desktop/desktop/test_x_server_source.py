from __future__ import annotations

import json
from pathlib import Path
from typing import Dict

import pytest

from casa_desktop import names
from casa_desktop.containers.container import Container
from casa_desktop.desktop import x_server_source
from casa_desktop.errors import InvalidSetting, SettingNotWritten

from ...support.programs import write_program

IMAGE = Container("podman", "localhost/casa-desktop:dev", binds=("/data",), options=("--gpus=all",))


@pytest.fixture
def environ(tmp_path: Path) -> Dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "own"), "XDG_CONFIG_DIRS": f"{tmp_path / 'a'}:{tmp_path / 'b'}"}


def test_where_nothing_was_chosen_it_is_this_machine_s_own(environ: Dict[str, str]) -> None:
    assert x_server_source.chosen(environ) == x_server_source.Choice()
    assert x_server_source.configured(environ) is None


def test_a_choice_is_kept_and_can_be_taken_back(environ: Dict[str, str], tmp_path: Path) -> None:
    path = x_server_source.configure(environ, IMAGE)
    assert path == tmp_path / "own" / "casa-desktop" / "x-server.json"
    assert x_server_source.chosen(environ) == x_server_source.Choice(IMAGE, str(path))
    x_server_source.configure(environ, None)
    assert x_server_source.chosen(environ) == x_server_source.Choice(None, str(path))
    assert [each.name for each in path.parent.iterdir()] == ["x-server.json"]


def test_the_user_s_choice_goes_before_the_administrator_s_and_the_variable_before_both(
    environ: Dict[str, str], tmp_path: Path
) -> None:
    for folder, image in (("b", "site"), ("a", "cluster")):
        file = tmp_path / folder / "casa-desktop" / "x-server.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"engine": "docker", "image": image}))
        found = x_server_source.configured(environ)
        assert found is not None
        assert found.image == image
    x_server_source.configure(environ, None)
    assert x_server_source.configured(environ) is None
    told = {**environ, names.X_SERVER: '{"engine": "bwrap"}'}
    assert x_server_source.chosen(told) == x_server_source.Choice(Container("bwrap"), "$CASA_DESKTOP_X_SERVER")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"engine": "lxc", "image": "x"}', '{"image": "x"}'])
def test_a_file_that_makes_no_sense_is_told_with_its_name(text: str, environ: Dict[str, str]) -> None:
    file = x_server_source.configure(environ, None)
    file.write_text(text)
    with pytest.raises(InvalidSetting, match=f"place in {file} is"):
        x_server_source.configured(environ)


def test_a_choice_that_cannot_be_written_is_told(environ: Dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "own").write_text("in the way")
    with pytest.raises(SettingNotWritten, match="Not a directory"):
        x_server_source.configure(environ, IMAGE)
    assert x_server_source.configured(environ) is None


def test_this_machine_s_own_x_server_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert x_server_source.own_program() is None
    program = write_program(tmp_path / "Xtigervnc")
    assert x_server_source.own_program() == str(program)
