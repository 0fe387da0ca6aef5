"""The launcher by itself: what it shares, and how it says that a container cannot be had."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import pytest

from casa_desktop.containers.container import Container, kernel_argv
from casa_desktop.errors import InvalidContainer
from casa_desktop.launchers import kernel
from casa_desktop.runtime.settings import Settings
from casa_desktop.system.messages import Word

from ...support.clock import own_time

CONNECTION: Dict[str, Any] = {"transport": "ipc", "ip": "/nowhere/k", "key": "secret", "shell_port": 1}


def launch(
    root: Path,
    container: Container,
    env: Optional[Dict[str, str]] = None,
    connection: Mapping[str, Any] = CONNECTION,
) -> subprocess.CompletedProcess[str]:
    """Run the launcher as Jupyter would; it is expected to end by itself."""
    file = root.parent / f"{root.name}-connection.json"
    file.write_text(json.dumps(connection))
    argv = [each.replace("{connection_file}", str(file)) for each in kernel_argv(sys.executable, container)]
    try:
        return subprocess.run(
            argv, env={**os.environ, **(env or {})}, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("container", "sentence"),
    [
        (Container("apptainer", "/no/such.sif"), "apptainer is not on PATH"),
        (
            Container("bwrap", options=("--no-such-option",)),
            "bwrap ended with status 1 and said: bwrap: Unknown option",
        ),
        (Container("bwrap", python="/no/such/python"), "No such file or directory"),
        (Container("bwrap", python="/usr/bin/python3"), "No module named 'casa_desktop'"),
    ],
)
def test_a_container_that_cannot_be_had_is_one_sentence_at_once_and_leaves_nothing(
    root: Path, tmp_path: Path, container: Container, sentence: str
) -> None:
    for program in ("bwrap", "python3"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    started = own_time()
    done = launch(root, container, {"PATH": str(tmp_path)})
    assert done.returncode != 0
    assert own_time() - started < 10
    assert done.stderr.startswith(f"casa-desktop: The container of {container.label} did not start: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not root.exists() or list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("ports", "reason"),
    [
        ({"shell_port": 70_000}, "bind(): port must be 0-65535."),
        ({"shell_port": "x"}, "invalid literal for int() with base 10: 'x'."),
        ({"shell_port": [5]}, "int() argument must be a string"),
        ({"ip": "192.0.2.1"}, "Cannot assign requested address."),
    ],
    ids=str,
)
def test_ports_that_cannot_be_had_are_one_sentence_and_leave_nothing(
    root: Path, tmp_path: Path, ports: Dict[str, Any], reason: str
) -> None:
    done = launch(root, Container("bwrap"), connection={**CONNECTION, "transport": "tcp", "ip": "127.0.0.1", **ports})
    assert done.returncode == 1
    assert done.stderr.startswith("casa-desktop: The container of bwrap did not start: the ports that ")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not root.exists() or list(root.iterdir()) == []


def test_a_port_that_another_program_has_is_one_sentence(root: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        connection = {"transport": "tcp", "ip": "127.0.0.1", "control_port": other.getsockname()[1]}
        done = launch(root, Container("bwrap"), connection=connection)
    assert done.stderr.endswith("cannot be used: Address already in use. Start the kernel again.\n")


def test_a_description_that_is_none_is_one_sentence(root: Path) -> None:
    words = [sys.executable, "-m", "casa_desktop.launchers.kernel", "-f", "x.json", "--container", "{"]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "casa-desktop: A container's description is '{', but should be JSON.\n"
    with pytest.raises(InvalidContainer):
        kernel.parsed_container('{"engine": "lxc"}')


def test_folders_of_the_system_are_the_images_own(tmp_path: Path) -> None:
    assert kernel.bindable(str(tmp_path))
    for folder in ("/", "/usr", "/usr/lib", "/etc", "/opt", "/run", "/no/such/folder", ""):
        assert not kernel.bindable(folder)


def test_a_place_is_home_working_folder_and_runtime_directory(root: Path, tmp_path: Path) -> None:
    place = kernel.place_of(str(tmp_path), {"HOME": str(root)})
    assert place.folders[:3] == (str(root), str(tmp_path), str(root))
    assert (place.cwd, place.home, place.uid) == (str(tmp_path), str(root), os.getuid())
    assert kernel.place_of("/", {"HOME": str(root)}).cwd == str(root)
    assert kernel.place_of("/", {"HOME": str(root / "nowhere")}).cwd == "/"


@pytest.mark.parametrize(
    ("word", "kind", "value"),
    [
        (Word("dance"), "LinkFailed", None),
        (Word("ensure", None), "TypeError", None),
        (Word("ensure", {"name": "main"}), "KeyError", None),
        (Word("ensure", {"name": "../x", "settings": vars(Settings()), "timeout": 1}), "InvalidName", ("name", "../x")),
        (Word("ensure", {"name": "x", "settings": {"dpi": 1}, "timeout": 1}), "InvalidSetting", ("setting", "dpi")),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_an_error(
    root: Path, word: Word, kind: str, value: Optional[Tuple[str, str]]
) -> None:
    answer = kernel.answer(word, Container("bwrap"))
    assert (answer.kind, answer.value["kind"]) == ("failed", kind)
    assert value is None or value in answer.value["values"].items()
