from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from casa_desktop import __version__
from casa_desktop.errors import CasaNotInstalled, PythonTooOld, UnusablePython
from casa_desktop.kernels import other_python

from ...support import other_pythons


def test_this_python_has_casa_and_lacks_nothing() -> None:
    found = other_python.examine([sys.executable], other_python.neutral(os.environ))
    assert found.version == sys.version_info[:3]
    assert found.versions["casa-desktop"] == __version__
    assert found.casa.count(".") == 2
    assert found.has_ours
    assert found.debugger
    assert found.lacking() == []
    assert str(other_pythons.PACKAGES) in found.folders
    assert other_python.checked_casa(found, "this") is found


def test_a_python_without_packages_lacks_all_that_a_kernel_needs(tmp_path: Path) -> None:
    python = str(other_pythons.bare(tmp_path / "venv"))
    found = other_python.examine([python], other_python.neutral(os.environ))
    assert sorted(found.lacking()) == sorted(other_python.requirements())
    assert any(each.startswith("ipykernel") for each in found.lacking())
    assert not any("server" in each or "argcomplete" in each for each in found.lacking())
    assert not found.has_ours
    with pytest.raises(CasaNotInstalled, match=f"'{python} -m pip install casatools casatasks casadata six'"):
        other_python.checked_casa(found, python)


def test_a_package_that_is_too_old_is_lacking() -> None:
    versions = {"ipykernel": "5.5.6", "psutil": "7.0", "jupyter-client": "8.6.3"}
    found = other_python.Python((3, 8, 10), versions, True, True, True, "", ())
    lacking = {each.partition("!")[0].partition(">")[0] for each in found.lacking()}
    assert lacking == {"inotify-simple", "ipykernel", "packaging", "pillow", "python-xlib", "pyvirtualdisplay"}


def test_metadata_without_packages_are_no_casa_desktop() -> None:
    # As where a .pth file leads to the site-packages of an editable installation, whose own .pth is not followed.
    found = other_python.Python((3, 11, 2), {"casa-desktop": __version__}, False, True, True, "", ())
    assert not found.has_ours


def test_what_a_python_is_given_for_itself_does_not_reach_another_one(tmp_path: Path) -> None:
    python = str(other_pythons.bare(tmp_path / "venv"))
    environ = other_python.neutral({**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere"})
    assert str(tmp_path) not in other_python.examine([python], environ).folders


def test_a_python_may_be_a_script_and_is_named_by_its_folder_too(tmp_path: Path) -> None:
    script = other_pythons.monolithic(tmp_path / "casa-6.5", other_pythons.with_casa(tmp_path / "venv"))
    assert other_python.program(str(tmp_path / "casa-6.5")) == str(script)
    assert other_python.examine([str(script)], other_python.neutral(os.environ)).casa


def test_a_link_to_a_python_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "casapy").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert other_python.program("casapy") == str(tmp_path / "casapy")
    monkeypatch.chdir(tmp_path)
    assert other_python.program("./casapy") == str(tmp_path / "casapy")


@pytest.mark.parametrize(
    ("python", "reason"),
    [("python9.9", "no such program is on PATH"), ("/nowhere/python3", "there is no such file")],
)
def test_a_python_that_is_not_there_is_told(python: str, reason: str) -> None:
    with pytest.raises(UnusablePython, match=reason):
        other_python.program(python)


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("print('hello')", 0o644, "it cannot be run: Permission denied"),
        ("print('hello')", 0o755, "it cannot be run: Exec format error"),
        ("#!/bin/sh\nexit 0", 0o755, "asked for its version, it ended with status 0."),
        ("#!/bin/sh\necho no licence >&2\nexit 3", 0o755, "it ended with status 3: no licence"),
        (
            "#!/bin/sh\nprintf '\\033[31mFATAL:   no licence\\033[0m\\n\\033[0m\\n' >&2; exit 1",
            0o755,
            "1: FATAL:   no licence",
        ),
        (
            "#!/bin/sh\necho Error: no such flag, See --help | tr , '\\n' >&2; exit 125",
            0o755,
            "status 125: Error: no such flag",
        ),
        ("#!/bin/sh\nkill -9 $$", 0o755, "it ended by signal 9"),
    ],
)
def test_something_that_is_no_python_is_told_with_its_last_words(
    text: str, mode: int, reason: str, tmp_path: Path
) -> None:
    program = tmp_path / "python3"
    program.write_text(text)
    program.chmod(mode)
    with pytest.raises(UnusablePython, match=reason):
        other_python.examine([str(program)], os.environ)


def test_a_python_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\nexec sleep 100")
    program.chmod(0o755)
    with pytest.raises(UnusablePython, match=r"not answered within 0\.2 s"):
        other_python.examine([str(program)], os.environ, timeout=0.2)


def test_a_python_that_is_too_old_is_told_with_its_version() -> None:
    pythons = other_pythons.older_than_the_kernel()
    if not pythons:
        pytest.skip("there is no Python 3.6 or 3.7 in pyenv's folder")
    for python in pythons:
        with pytest.raises(PythonTooOld) as caught:
            other_python.examine([str(python)], other_python.neutral(os.environ))
        assert caught.value.version[:2] < other_python.OLDEST
