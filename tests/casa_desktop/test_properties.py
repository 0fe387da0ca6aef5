"""What holds for whatever name, path or variable somebody may choose: none reaches a shell or leaves its folder."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casa_desktop.desktop import open_url
from casa_desktop.errors import InvalidName, InvalidSetting, LinkRefused
from casa_desktop.runtime import directory
from casa_desktop.runtime.settings import Settings
from casa_desktop.x11.icewm import MenuEntry, menu
from casa_desktop.x11.xvnc import x_server_command

from ..support.examples import SHARED, percent
from ..support.programs import write_program

# What the operating system takes for a word of a command line or a path's part.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
awkward = st.text(st.sampled_from("ab ./\\'\"`$(){};&|<>*?!~#%\n\t-é"), min_size=1, max_size=20)


@given(words | awkward | st.text())
@example("..")
@example("%2e%2e")
@example("main\n")
def test_a_name_stays_in_its_folder_and_in_its_part_of_a_url_or_is_none(name: str) -> None:
    try:
        directory.checked_name(name)
    except InvalidName:
        return
    assert os.path.normpath(f"/root/{name}") == f"/root/{name}"
    assert quote(name, safe="") == name == unquote(name) == shlex.quote(name)
    assert not name.startswith((".", "-"))


@given(title=words, folder=words | awkward, env=st.dictionaries(words, words, max_size=3))
def test_whatever_a_path_or_a_title_holds_is_one_word_of_the_x_server_s_command(
    title: str, folder: str, env: dict[str, str]
) -> None:
    at = Path("/run") / folder
    command = x_server_command(
        "/usr/bin/Xvnc", Settings(), title=title, xauthority=at / "X", rfb_socket=at / "rfb", display_fd=3, env=env
    )
    plain = x_server_command(
        "/usr/bin/Xvnc", Settings(), title="t", xauthority=Path("X"), rfb_socket=Path("r"), display_fd=3, env={}
    )
    assert len(command.argv) == len(plain.argv)
    assert {title, str(at / "X"), str(at / "rfb")} <= set(command.argv)
    assert command.env.items() <= env.items()


@given(st.text())
def test_a_geometry_is_two_numbers_or_refused(text: str) -> None:
    try:
        geometry = Settings(geometry=text).geometry
    except InvalidSetting:
        return
    assert all(number.isascii() and number.isdigit() for number in geometry.split("x"))


@settings(SHARED, max_examples=percent(60))
@given(python=words | awkward, address=words | awkward)
@example(python="a'b", address="$(touch here)")
def test_what_a_shell_reads_hands_on_every_word_as_it_is(tmp_path: Path, python: str, address: str) -> None:
    at = directory.Places(tmp_path / "m")
    at.folder.mkdir(exist_ok=True)
    # A program with that name, whatever it is, which prints what it is called with.
    program = write_program(tmp_path / (python.replace("/", "_").strip(".") or "python"), 'printf "%s\\0" "$@"')
    open_url.install(at, str(program))
    said = subprocess.run([str(at.browsers / "xdg-open"), address], stdout=subprocess.PIPE, check=True).stdout
    program.unlink()
    assert said.split(b"\0")[:-1] == [
        os.fsencode(each) for each in ("-m", "casa_desktop.desktop.open_url", str(at.folder), address)
    ]


@given(awkward | words)
def test_the_python_of_the_menu_s_tools_stays_on_its_line_or_is_refused(python: str) -> None:
    try:
        chosen = Settings(tools_python=python).tools_python
    except InvalidSetting:
        return
    first, second = menu([MenuEntry("Viewer", "-", (chosen, "-m"))], []).splitlines()
    assert first.startswith('prog "Viewer" - ')
    assert first.endswith(" -m")
    assert second == "separator"


@given(st.text() | st.from_regex(r"(https?|mailto|file|javascript):.*", fullmatch=True))
@example("https://[")
@example("javascript:alert(1)//http://x")
def test_an_address_that_may_be_opened_leads_to_the_web_or_to_a_mailbox(address: str) -> None:
    try:
        open_url.checked(address)
    except LinkRefused:
        return
    assert address.split(":")[0].lower() in ("http", "https", "mailto")
    assert address.isprintable()
    assert " " not in address


@pytest.mark.parametrize("name", ["main", "m31"])
def test_a_usual_name_is_among_those_that_are_let_through(name: str) -> None:
    assert directory.checked_name(name) == name
