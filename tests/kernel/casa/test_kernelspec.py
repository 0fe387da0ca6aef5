from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest
from casa_kernel.casa import kernelspec

SHIPPED = Path(__file__).resolve().parents[3] / "jupyter_config" / "kernels" / "casa" / "kernel.json"


def test_the_kernel_s_name_bears_the_version_of_the_installed_casa(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "jupyter" / "kernels" / "casa"
    folder.mkdir(parents=True)
    shutil.copy(SHIPPED, folder)
    expected = "CASA " + ".".join(metadata.version("casatasks").split(".")[:3])
    assert kernelspec.name_version(tmp_path) == expected
    spec, shipped = json.loads((folder / "kernel.json").read_text()), json.loads(SHIPPED.read_text())
    assert spec == {**shipped, "display_name": expected}


def test_without_a_kernelspec_it_says_so_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert kernelspec.main() == 1
    assert "left as it is" in capsys.readouterr().err
