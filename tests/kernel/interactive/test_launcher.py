"""The script that CASA starts, and its end where the kernel ends in between."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Iterator

import pytest
from casa_kernel.interactive.launcher import Launcher
from casa_kernel.tools.private_folder import PrivateFolder


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[Launcher]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folder = PrivateFolder()
    yield Launcher(folder, "editor", "address")
    folder.close()


def test_a_script_whose_kernel_has_ended_starts_nothing_and_does_not_wait(launcher: Launcher, tmp_path: Path) -> None:
    launcher.write({}, f"touch {tmp_path}/started")
    # As the guard does.
    ended = Path(f"{launcher.path.parent}-ended")
    os.rename(launcher.path.parent, ended)
    # It was about to open the FIFO, which nothing reads any more.
    script = (ended / launcher.path.name).read_text().replace(str(launcher.life), str(ended / launcher.life.name))
    done = subprocess.run(["sh", "-c", script, "editor", "--server=fifo"], timeout=20, stderr=subprocess.DEVNULL)
    assert done.returncode == 1
    assert not (tmp_path / "started").exists()
    os.rename(ended, launcher.path.parent)
