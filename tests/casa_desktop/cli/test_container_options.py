from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Optional, Sequence

import pytest

from casa_desktop.cli import container_options
from casa_desktop.containers.container import Container
from casa_desktop.errors import EngineMissing, InvalidSetting

from ...support.programs import write_program


def _container(
    *words: str, python: str = "", sandbox: bool = False, networks: Sequence[str] = ()
) -> Optional[Container]:
    parser = argparse.ArgumentParser()
    container_options.add_images(parser)
    container_options.add_options(parser)
    return container_options.container_of(parser.parse_args(words), python, sandbox=sandbox, networks=networks)


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with engines that have no image and say so."""
    for name in ("podman", "docker", "singularity", "bwrap"):
        write_program(tmp_path / name, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("engines")
def test_without_an_image_it_is_this_machine() -> None:
    assert _container() is None


@pytest.mark.usefixtures("engines")
def test_a_kernel_of_this_machine_may_have_a_word_for_its_network() -> None:
    assert _container("--network", "host", networks=("host",)) is None
    with pytest.raises(InvalidSetting, match="together with a container"):
        _container("--network", "none", networks=("host",))


@pytest.mark.usefixtures("engines")
def test_all_that_is_said_is_in_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = _container(
        *("--image", "casa:6.7", "--engine", "docker", "--network", "none"),
        *("--bind", "docker:/data:ro", "--bind", "/tmp", "--engine-option=--gpus=all"),
        python="/opt/casa/bin/python",
    )
    assert found == Container(
        "docker",
        "casa:6.7",
        binds=(f"{tmp_path}/docker:/data:ro", "/tmp"),
        network="none",
        options=("--gpus=all",),
        python="/opt/casa/bin/python",
    )


@pytest.mark.usefixtures("engines")
def test_the_first_engine_on_path_is_taken(tmp_path: Path) -> None:
    assert _container("--image", "casa") == Container("podman", "casa")
    assert _container("--sif", f"{tmp_path}/../x.sif") == Container("singularity", str(tmp_path.parent / "x.sif"))
    assert _container(sandbox=True) == Container("bwrap", python=sys.executable)


def test_an_engine_that_has_the_image_goes_before_one_that_has_not(engines: Path) -> None:
    (engines / "docker").write_text("#!/bin/sh\nexit 0\n")
    assert _container("--image", "casa") == Container("docker", "casa")


@pytest.mark.parametrize(
    ("words", "looked_for"),
    [
        (["--image", "casa"], "podman and docker"),
        (["--sif", "x.sif"], "apptainer and singularity"),
        (["--image", "casa", "--engine", "docker"], "on PATH for docker."),
    ],
)
def test_an_engine_that_is_not_there_is_told(
    words: list[str], looked_for: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissing, match=looked_for):
        _container(*words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--image", "casa", "--engine", "apptainer"], "podman or docker"),
        (["--sif", "x.sif", "--engine", "podman"], "apptainer or singularity"),
        (["--image", "casa", "--bind", "/nowhere/data:/data"], "with an SRC that exists"),
        (["--network", "host"], "together with a container"),
        (["--engine", "podman"], "together with a container"),
    ],
)
@pytest.mark.usefixtures("engines")
def test_what_makes_no_sense_is_told(words: list[str], expected: str) -> None:
    with pytest.raises(InvalidSetting, match=expected):
        _container(*words)
