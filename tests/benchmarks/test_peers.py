"""What is told of the peers."""

from __future__ import annotations

from .peers import told_version


def test_version_is_the_line_that_has_one_wherever_a_program_says_it() -> None:
    assert told_version("", "\nXvnc TigerVNC 1.12.0\nCopyright\n") == "Xvnc TigerVNC 1.12.0"
    assert told_version("Chromium 156.0.1\n", "line 9: [: 12: unexpected operator\n") == "Chromium 156.0.1"
    assert told_version("", "no such option\n") == ""
