"""The user's startup.py, and the command line of a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, Tuple

import pytest
from casa_kernel.casa import options as startup

from ...support.notebook import Notebook


@pytest.fixture
def home(tmp_path: Path, environment: Dict[str, str]) -> Tuple[Path, Dict[str, str]]:
    """A home folder with ``.casa``, and the environment of a kernel that lives there."""
    folder = tmp_path / "home"
    (folder / ".casa").mkdir(parents=True)
    return folder, {**environment, "HOME": str(folder)}


def test_an_error_in_startup_is_told_and_the_kernel_lives(home: Tuple[Path, Dict[str, str]], tmp_path: Path) -> None:
    folder, environment = home
    path = folder / ".casa" / "startup.py"
    path.write_text("before = 1\nafter = nonsense\n")
    with Notebook(tmp_path, environment) as kernel:
        said = kernel.run("print(before)").text
    assert said.startswith(f"{path}, line 2: NameError: name 'nonsense' is not defined\n")
    assert said.endswith("1\n")


def test_startup_runs_in_the_notebook_with_casa_at_hand_wherever_the_configuration_says_it_is(
    home: Tuple[Path, Dict[str, str]], tmp_path: Path
) -> None:
    folder, environment = home
    path = folder / "mine.py"
    path.write_text("print('hello', callable(tclean))\nseconds = qa.convert('1h', 's')\n")
    (folder / ".casa" / "config.py").write_text(f"startupfile = {str(path)!r}\n")
    with Notebook(tmp_path, environment) as kernel:
        first, second = kernel.run("print(seconds['value'])"), kernel.run("print('second')")
    assert first.text == "hello True\n3600.0\n"
    assert second.text == "second\n"


@pytest.fixture
def kernel_with_options(home: Tuple[Path, Dict[str, str]], tmp_path: Path) -> Iterator[Notebook]:
    """A kernel that was given options for CASA."""
    folder, environment = home
    (folder / ".casa" / "startup.py").write_text("print('not me')\n")
    (folder / ".casa" / "config.py").write_text("nogui = True\n")
    options = ["--nostartupfile", "--noconfig", "--logfile", str(tmp_path / "my.log")]
    with Notebook(tmp_path, environment, options) as kernel:
        yield kernel


def test_casa_gets_its_own_options_and_none_of_the_kernel_s(kernel_with_options: Notebook, tmp_path: Path) -> None:
    cell = kernel_with_options.run("import sys\nprint(sys.argv[1:], casalog.logfile(), casatools.config.nogui)")
    assert (
        cell.text
        == f"{['--nostartupfile', '--noconfig', '--logfile', str(tmp_path / 'my.log')]} {tmp_path}/my.log False\n"
    )


def test_without_options_casa_sees_an_empty_command_line(notebook: Notebook) -> None:
    assert notebook.run("import sys, casashell\nprint(sys.argv[1:], casashell.argv[1:])").text == "[] []\n"


def test_no_log_file_goes_before_a_log_file() -> None:
    assert startup.settings(["--logfile", "a.log", "--nologfile", "--pipeline"])["logfile"] == "/dev/null"
    assert startup.settings(["--nologger"]) == {}
