"""What the image is built from: its metadata, its lock files, and what is sent to the build."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

import casa_desktop

ROOT = Path(__file__).resolve().parents[2]
CONTAINER = ROOT / "container"
LOCKS = sorted((CONTAINER / "locks").glob("*.txt"))
WORDS = [path for path in CONTAINER.iterdir() if path.is_file()] + [*ROOT.glob("docs/*.md"), ROOT / "SECURITY.md"]


def test_codemeta_has_the_package_s_version() -> None:
    assert json.loads((CONTAINER / "codemeta.json").read_text())["version"] == casa_desktop.__version__


def test_the_label_s_default_is_the_package_s_version() -> None:
    found = re.search(r"^ARG VERSION=(\S+)$", (CONTAINER / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    assert found[1] == casa_desktop.__version__


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_file_pins_everything_by_hash_and_names_no_host(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 10
    assert [
        entry for entry in entries if not re.match(r"[a-z0-9-]+==\S+.*--hash=sha256:[0-9a-f]{64}", entry, re.S)
    ] == []
    assert "://" not in text


@pytest.mark.parametrize("lock", [path for path in LOCKS if path.name.startswith("casa-")], ids=lambda path: path.stem)
def test_a_lock_file_is_named_after_its_casa(lock: Path) -> None:
    casa = lock.stem.split("-")[1]
    assert f"\ncasatools=={casa} " in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_file_brings_no_grammar_of_addresses(lock: Path) -> None:
    # Each server and each job would spend a second of a processor on it before it does anything.
    assert re.findall(r"^(?:lark|rfc3987-syntax)==", lock.read_text(), re.MULTILINE) == []


@pytest.mark.parametrize("name", ["Dockerfile", "install.sh"])
def test_nothing_is_looked_for_beside_a_lock_file(name: str) -> None:
    # Debian 12's pip would, and fail, where an older version than the newest is pinned and is asked for with an extra.
    installs = re.findall(r"pip.* install .*--require-hashes.*", (CONTAINER / name).read_text())
    assert len(installs) == 1
    assert "--no-deps" in installs[0]


@pytest.mark.parametrize(("casa", "tools"), [("", ""), ("6.6.5.31", "6.6.5.31"), ("6.4.4.31", "6.4.4.31")])
def test_another_casa_takes_the_place_of_the_extra_s_own(casa: str, tools: str) -> None:
    argv = [sys.executable, str(CONTAINER / "requirements.py"), str(ROOT / "pyproject.toml")]
    lines = subprocess.check_output(argv, env={**os.environ, "CASA": casa}, text=True).splitlines()
    found = {line for line in lines if line.startswith(("casatools", "casatasks", "casashell"))}
    if tools:
        assert found == {f"casatools=={tools}", f"casatasks=={tools}", f"casashell=={tools}"}
    else:
        assert all("python_version" in line for line in found)
    assert ("numpy<2" in lines) == (casa == "6.4.4.31")
    assert any(line.startswith("jupyterlab") for line in lines)


def test_docker_and_podman_are_sent_the_same_files() -> None:
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


def test_nothing_that_a_build_of_the_front_end_has_made_is_sent() -> None:
    # A compiler that finds its notes of a former run, and not what it made then, makes nothing.
    sent = (ROOT / ".containerignore").read_text().splitlines()
    front_end = Path("casa_desktop", "labextension")
    made = (ROOT / front_end / ".gitignore").read_text().split()
    assert [each for each in made if not {f"**/{each.rstrip('/')}", str(front_end / each.rstrip("/"))} & {*sent}] == []


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.name)
def test_a_module_of_ours_that_is_named_exists(path: Path) -> None:
    # In a shell's words and in documents, where nothing else would tell that it has moved.
    named = re.findall(r"(?<!tests/)\bcasa_(?:kernel|desktop)(?:[./]\w+)+", path.read_text())
    assert [each for each in named if not _exists(re.split("[./]", each))] == []


def _exists(words: List[str]) -> bool:
    """Tell whether there is a file or a module of that name, or whether a module has such a name in it."""
    *folders, last = words
    folder = (ROOT / "kernel" if words[0] == "casa_kernel" else ROOT).joinpath(*folders)
    module = folder.with_suffix(".py")
    if last == "py":
        return module.exists()
    if last.startswith("__") or (folder / last).exists() or (folder / f"{last}.py").exists():
        return True
    return module.exists() and re.search(rf"\b{last}\b", module.read_text()) is not None
