from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from casa_desktop.__main__ import main
from casa_desktop.containers.container import Container
from casa_desktop.desktop import x_server_source

from ...support.programs import write_program

pytestmark = pytest.mark.usefixtures("jupyter_data")
IMAGE = Container("podman", "casa")


def test_it_tells_this_machine_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x-server"]) == 0
    assert capsys.readouterr().out == f"✓ X server: {x_server_source.own_program()}\n"


def test_a_choice_is_told_and_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    path = x_server_source.configure(os.environ, IMAGE)
    main(["x-server", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["container"], told["source"]) == (IMAGE.as_dict(), str(path))
    assert main(["x-server", "--own"]) == 0
    assert x_server_source.chosen(os.environ) == (None, str(path))


def test_without_an_engine_or_an_image_nothing_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["x-server", "--image", "casa"]) == 1
    assert "No container engine was found: looked on PATH for podman and docker." in capsys.readouterr().err
    write_program(tmp_path / "apptainer")
    assert main(["x-server", "--sif", "/no.sif"]) == 1
    assert "The container of apptainer (/no.sif) cannot be used: there is no such file." in capsys.readouterr().err
    assert x_server_source.chosen(os.environ) == (None, "")
    assert main(["x-server"]) == 1
    assert "✗ X server: no Xvnc or Xtigervnc on PATH" in capsys.readouterr().out
