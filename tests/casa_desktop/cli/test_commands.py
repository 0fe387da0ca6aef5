"""Commands are added to the command line in one way."""

from __future__ import annotations

import argparse

import pytest

from casa_desktop.cli.commands import add_command, add_group

LONG = "Show what is kept. " * 20
EXAMPLES = "examples:\n  one\n      two"


def parser(examples: str) -> argparse.ArgumentParser:
    commands = argparse.ArgumentParser("program").add_subparsers()
    return add_command(commands, "show", lambda _: 7, LONG, examples)


def test_a_command_names_its_function() -> None:
    arguments = parser("").parse_args([])
    assert arguments.function(arguments) == 7


def test_a_sentence_is_broken_and_examples_keep_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, parser("").format_help().splitlines())) < 80
    assert EXAMPLES in parser(EXAMPLES).format_help()


def test_a_group_without_a_command_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    top = argparse.ArgumentParser("program")
    add_command(add_group(top.add_subparsers(), "kept", LONG, "show or clear"), "show", lambda _: 0, LONG)
    arguments = top.parse_args(["kept"])
    with pytest.raises(SystemExit):
        arguments.function(arguments)
    assert "choose a command: show or clear" in capsys.readouterr().err
