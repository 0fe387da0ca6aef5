from __future__ import annotations

import fcntl
import io
import os
import struct
import termios

import pytest

from casa_desktop.batch.models import Progress
from casa_desktop.cli.run_display import Display
from casa_desktop.system.descriptors import readable

STARTED = 0.0


def _show() -> None:
    with Display() as display:
        display.show(Progress(0, 23, "starting the kernel", STARTED))
        display.show(Progress(7, 23, "tclean(vis=vis, imagename='first', imsize=1024)", STARTED))
        display.say("The disk is full.")


def _seen(lines: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a terminal with so many lines of 60 signs is sent."""
    terminal, end = os.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 60, 0, 0))
    with open(end, "w", encoding="utf-8") as output, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", output)
        patch.setattr("sys.stderr", output)
        _show()
        seen = b""
        # A sign of our own behind it, because it comes in pieces.
        output.write("\0")
        output.flush()
        while not seen.endswith(b"\0"):
            assert readable([terminal], 60)
            seen += os.read(terminal, 65536)
    os.close(terminal)
    return seen[:-1].decode()


def test_a_terminal_has_a_bar_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = _seen(24, monkeypatch).split("\r")
    [line, *_] = [each for each in parts if each.startswith("Cell 7 of 23 |█")]
    assert ", tclean(vis" in line
    assert len(line) <= 60
    assert "The disk is full." in [each.strip() for each in parts]
    assert not parts[-1].strip()


def test_a_terminal_without_a_size_has_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _seen(0, monkeypatch).splitlines()
    assert lines == ["Cell 7 of 23: tclean(vis=vis, imagename='first', imsize=1024)", "The disk is full."]


def test_a_file_has_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout", output := io.StringIO())
    _show()
    assert output.getvalue() == "Cell 7 of 23: tclean(vis=vis, imagename='first', imsize=1024)\n"
    assert capsys.readouterr().err == "The disk is full.\n"
