"""The command line, without measuring anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import catalogue, report
from .__main__ import listing, main
from .rows import row

ABOUT = {
    "when": "2026-11-24T12:00:00+00:00",
    "machine": {"cores": 2, "model": "a processor", "memory": 2**33, "system": "Debian", "kernel": "6", "load": [0.1]},
    "notes": ["Xpra is not installed."],
}


@pytest.mark.parametrize("name", catalogue.BENCHMARKS)
def test_each_benchmark_has_what_a_run_needs(name: str) -> None:
    module = catalogue.load(name)
    assert module.FIGURES
    assert next(iter(module.SIDES)) == "casa-desktop"
    assert set(module.QUICK) <= set(module.CASES)
    assert catalogue.heading(name).endswith(".")


def test_list_tells_how_long_everything_takes() -> None:
    assert listing(catalogue.BENCHMARKS, None, False).splitlines()[-1].startswith("About ")
    assert "3 ×" in listing(["imview"], 3, False)


def test_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["imvieww"]) == 2
    assert "imvieww" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--size", "1"], ["--rounds", "0"]])
def test_number_that_is_too_small_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reuse_hit", *words]) == 2
    assert "at least" in capsys.readouterr().err


def test_report_that_was_written_is_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(report.as_dict([row([20, 20], [10, 10])], ABOUT)))
    assert main(["--from", str(path)]) == 0
    text = capsys.readouterr().out
    assert "2 cores of a processor" in text
    assert "other does better: click to pixel, near, ×2" in text
    assert "Xpra is not installed." in text
