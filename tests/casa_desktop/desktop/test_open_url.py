"""Links out of a real desktop: what programs on it find, and what reaches the servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop.desktop import lifecycle, open_url, usage
from casa_desktop.errors import LinkRefused
from casa_desktop.runtime import directory
from casa_desktop.runtime.directory import Places
from casa_desktop.runtime.record import Record

from ...support.living import below, name_of, variables


@pytest.fixture
def desktop(root: Path) -> Record:
    return lifecycle.ensure()


@pytest.fixture
def at(desktop: Record) -> Places:
    return directory.places(desktop.name)


def _run(desktop: Record, *argv: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **lifecycle.environment(desktop)}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("program", open_url.NAMES)
def test_programs_that_open_addresses_hand_them_to_who_looks(desktop: Record, at: Places, program: str) -> None:
    watching = usage.watch(desktop)
    done = _run(desktop, program, "https://casa.nrao.edu/?a=1&b=%20")
    os.close(watching)
    assert (done.returncode, done.stderr) == (0, "")
    assert open_url.take(at) == ["https://casa.nrao.edu/?a=1&b=%20"]
    assert open_url.take(at) == []


def test_python_s_webbrowser_does_as_well(desktop: Record, at: Places) -> None:
    watching = usage.watch(desktop)
    done = _run(desktop, sys.executable, "-m", "webbrowser", "https://casa.nrao.edu")
    os.close(watching)
    assert (done.returncode, open_url.take(at)) == (0, ["https://casa.nrao.edu"])


def test_what_lies_in_the_caller_s_folder_does_not_matter(desktop: Record, at: Places, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    watching = usage.watch(desktop)
    env = {**os.environ, **lifecycle.environment(desktop)}
    done = subprocess.run(["xdg-open", "https://casa.nrao.edu"], env=env, cwd=tmp_path, check=False)
    os.close(watching)
    assert (done.returncode, open_url.take(at)) == (0, ["https://casa.nrao.edu"])


def test_what_the_desktop_s_menu_starts_finds_them_first(desktop: Record, at: Places) -> None:
    manager = _window_manager(desktop)
    assert manager["PATH"].split(":")[0] == str(at.browsers)
    assert manager["BROWSER"] == str(at.browsers / "xdg-open")
    assert at.browsers.stat().st_mode & 0o777 == 0o700


def _window_manager(desktop: Record) -> dict[str, str]:
    children = below(desktop.supervisor_pid, recursive=False)
    return next(variables(each) for each in children if name_of(each) == "icewm")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--help",),
        ("https://a.org", "https://b.org"),
        ("file:///etc/passwd",),
        ("/etc/passwd",),
        ("javascript:alert(1)",),
        ("https://",),
        ("mailto:",),
        ("https://a b",),
        ("https://a.org/\n",),
        ("https://a.org/\u202e",),
        ("https://[",),
        ("https://a.org/" + "x" * 2000,),
    ],
)
def test_everything_else_goes_nowhere_and_says_so(desktop: Record, at: Places, arguments: tuple[str, ...]) -> None:
    watching = usage.watch(desktop)
    done = _run(desktop, "xdg-open", *arguments)
    os.close(watching)
    assert done.returncode == 1
    assert done.stderr.startswith("casa-desktop: ")
    assert done.stderr.endswith(".\n")
    assert open_url.take(at) == []


def test_nothing_is_kept_for_later_where_nobody_looks(desktop: Record, at: Places) -> None:
    with pytest.raises(LinkRefused, match="nobody looks"):
        open_url.hand_over(at, "https://casa.nrao.edu")
    assert open_url.take(at) == []


def test_a_desktop_that_has_ended_opens_nothing(desktop: Record, at: Places) -> None:
    env = {**os.environ, **lifecycle.environment(desktop)}
    lifecycle.stop()
    done = subprocess.run(
        [sys.executable, "-m", "casa_desktop.desktop.open_url", str(at.folder), "https://casa.nrao.edu"],
        env=env, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert not at.folder.exists()


def test_links_are_taken_in_their_order_and_by_one_server_each(desktop: Record, at: Places) -> None:
    watching = usage.watch(desktop)
    for number in range(3):
        open_url.hand_over(at, f"https://casa.nrao.edu/{number}")
        os.utime(max(at.links.iterdir(), key=lambda path: path.stat().st_mtime_ns), (number + 1e9, number + 1e9))
    os.close(watching)
    assert open_url.take(at) == [f"https://casa.nrao.edu/{number}" for number in range(3)]
    assert list(at.links.iterdir()) == []


@pytest.mark.parametrize("text", ["", "7", "null", '"file:///etc/passwd"', "{}"])
def test_a_server_takes_no_program_s_word_for_what_is_a_link(desktop: Record, at: Places, text: str) -> None:
    (at.links / "x.json").write_text(text)
    assert open_url.take(at) == []
    assert list(at.links.iterdir()) == []


def test_the_folder_is_put_on_the_path_once(at: Places) -> None:
    once = open_url.environment(at, {"PATH": "/usr/bin"})
    assert once["PATH"] == f"{at.browsers}:/usr/bin"
    assert open_url.environment(at, once) == once
