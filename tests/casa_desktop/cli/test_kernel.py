from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import casa_desktop
from casa_desktop.__main__ import main
from casa_desktop.kernels import store

from ...support import other_pythons
from ...support.programs import write_program
from ...support.ranks import WITH_MPI

pytestmark = pytest.mark.usefixtures("jupyter_data")


def test_install_list_remove(jupyter_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernel", "install", "--name", "X", "--display-name", "Mine", "--desktop", "m31", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert (written["name"], written["display_name"], written["desktop"]) == ("x", "Mine", "m31")
    assert main(["kernel", "list", "--json"]) == 0
    assert written in json.loads(capsys.readouterr().out)
    assert main(["kernel", "list"]) == 0
    assert f"✓ x: Mine, {sys.executable}\n" in capsys.readouterr().out
    assert main(["kernel", "install", "--name", "x"]) == 1
    assert "A kernel 'x' exists already" in capsys.readouterr().err
    assert main(["kernel", "remove", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["x"]
    assert not (jupyter_data / "kernels" / "x").exists()


def test_where_there_is_no_kernel_the_list_says_how_to_get_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "installed", list)
    assert main(["kernel", "list"]) == 0
    assert capsys.readouterr().out == "There is no CASA kernel; 'casa-desktop kernel install' writes one.\n"


def test_install_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernel", "install", "--name", "x", "--", "--nologfile", "--nostartupfile"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Wrote the kernel x (CASA ")
    assert said.endswith("Try it with: casa-desktop kernel check x\n")
    spec = json.loads(Path(os.environ["JUPYTER_DATA_DIR"], "kernels", "x", "kernel.json").read_text())
    assert spec["argv"][-3:] == ["--", "--nologfile", "--nostartupfile"]


def test_a_kernel_can_be_written_for_a_prefix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernel", "install", "--prefix", str(tmp_path / "usr"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"].startswith(str(tmp_path / "usr" / "share" / "jupyter"))


@pytest.mark.parametrize(("words", "env"), [([], {}), (["--network", "host"], {"CASA_DESKTOP_NETWORK": "host"})])
def test_a_user_s_kernel_is_for_any_jupyter_and_may_have_the_machine_s_network(
    words: list[str], env: dict[str, str], jupyter_data: Path
) -> None:
    assert main(["kernel", "install", "--name", "x", *words]) == 0
    spec = json.loads((jupyter_data / "kernels" / "x" / "kernel.json").read_text())
    assert spec["env"] == env
    assert "kernel_provisioner" not in spec["metadata"]


def test_a_kernel_in_trouble_is_listed_with_the_remedy(jupyter_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernel", "install", "--name", "x"]) == 0
    path = jupyter_data / "kernels" / "x" / "kernel.json"
    path.write_text(path.read_text().replace(sys.executable, "/gone/python"))
    assert main(["kernel", "list"]) == 0
    said = capsys.readouterr().out
    assert "✗ x: CASA" in said
    assert "    ! there is no program /gone/python\n    → write it again with casa-desktop kernel install" in said


def test_those_that_can_be_removed_are_removed_and_the_others_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernel", "install", "--name", "x"]) == 0
    assert main(["kernel", "remove", "nobody", "x", "casa"]) == 1
    said = capsys.readouterr()
    assert said.out.endswith("Removed: x.\n")
    assert "casa-desktop: There is no kernel 'nobody'; there are: casa, x." in said.err
    assert "casa-desktop: The kernel 'casa' in" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["install", "--name", "a b"], "'a b' is no name for a kernel"),
        (["install", "--desktop", "../x"], "'../x' is no name for a desktop"),
        (["install", "--python", "/nowhere"], "there is no such file"),
        (["install", "--bind", "/data"], "--bind is ['/data'], but should be given together with a container"),
        (["check", "nobody"], "There is no kernel 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_one_line_on_standard_error(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kernel", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("casa-desktop: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


@pytest.mark.parametrize("words", [[], ["install", "--image", "a", "--sif", "b"], ["remove"], ["check"], ["nonsense"]])
def test_a_wrong_command_line_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["kernel", *words])
    assert ended.value.code == 2
    assert "usage: casa-desktop kernel" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "known"), [("remove", ["x"]), ("check", ["casa", "x"])])
def test_the_names_of_kernels_are_completed(command: str, known: list[str], tmp_path: Path) -> None:
    assert main(["kernel", "install", "--name", "x"]) == 0
    line = f"casa-desktop kernel {command} "
    told = tmp_path / "told"
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(told),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run([sys.executable, "-m", "casa_desktop"], env={**os.environ, **variables}, check=True)
    assert [each.strip() for each in told.read_text().split("\n") if not each.startswith("-")] == known


def test_sources_that_nobody_has_installed_are_told() -> None:
    roots = [str(Path(casa_desktop.__file__).parents[2])]
    code = f"import sys; sys.path[:0] = {roots!r}\nfrom casa_desktop import errors\n"
    code += "from casa_desktop.kernels import other_python\n"
    code += "try:\n    other_python.requirements()\nexcept errors.NotInstalled as error:\n    print(error)"
    said = subprocess.check_output([sys.executable, "-S", "-c", code], text=True)
    assert said.startswith(f"casa-desktop is not installed in {sys.executable}, but runs from its sources")


def test_the_other_commands_do_without_jupyter_s_client() -> None:
    code = (
        "import sys; from casa_desktop.__main__ import main; main(['status'])\n"
        "print([name for name in sys.modules if name.startswith(('jupyter', 'zmq', 'packaging', 'psutil'))])"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.endswith("\n[]\n")


@WITH_MPI
def test_a_kernel_over_mpi_has_a_launcher_that_tells_why_it_does_not_start(
    jupyter_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kernel", "install", "--ranks", "3", "--oversubscribe", "--json", "--", "--nologfile"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["name"].endswith("-3-ranks")
    assert written["display_name"].endswith(" (3 ranks)")
    assert written["ranks"] == 3
    spec = json.loads((jupyter_data / "kernels" / written["name"] / "kernel.json").read_text())
    assert spec["argv"][3:] == [
        "casa_kernel.ranks.launcher", "--ranks", "3", "--oversubscribe", "-f", "{connection_file}", "--", "--nologfile",
    ]  # fmt: skip
    assert "kernel_provisioner" not in spec["metadata"]


@WITH_MPI
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ranks", "0"], "--ranks is 0, but should be"),
        (["--ranks", "1"], "--ranks is 1, but should be"),
        (["--ranks", "100000", "--oversubscribe"], "--ranks is 100000, but should be 2 to "),
        (
            ["--ranks", "2", "--oversubscribe", "--hosts", "/gone/hosts"],
            "The hosts file /gone/hosts cannot be used",
        ),
        (["--ranks", "2", "--oversubscribe", "--sandbox"], "left out for a kernel in a container or sandbox"),
        (["--hosts", "/gone/hosts"], "--ranks is None, but should be a number, because --hosts or"),
        (["--oversubscribe"], "--ranks is None, but should be a number"),
    ],
)
def test_what_ranks_cannot_be_is_told_in_a_sentence_and_nothing_is_written(
    words: list[str], said: str, jupyter_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kernel", "install", *words]) == 1
    assert said in capsys.readouterr().err
    assert not [each for each in jupyter_data.rglob("*") if each.is_file()]


@WITH_MPI
def test_ranks_on_several_machines_need_the_machine_s_network(
    tmp_path: Path, jupyter_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("localhost slots=4\n")
    words = ["kernel", "install", "--ranks", "4", "--hosts", str(hosts), "--name", "x"]
    monkeypatch.delenv("CASA_DESKTOP_NETWORK", raising=False)
    assert main(words) == 1
    assert "It needs '--network host'; others on this network" in capsys.readouterr().err
    assert main([*words, "--network", "host"]) == 0
    hosts.unlink()
    assert main(["kernel", "list"]) == 0
    assert f"there is no hosts file {hosts}" in capsys.readouterr().out


def test_no_mpirun_and_no_casampi_are_told_with_what_to_install(
    tmp_path: Path, jupyter_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = str(other_pythons.with_casa(tmp_path / "venv", but=("casampi", "mpi4py")))
    (tmp_path / "bin").mkdir()
    write_program(tmp_path / "bin" / "mpirun")
    words = ["kernel", "install", "--ranks", "2", "--oversubscribe", "--python", python]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(words) == 1
    assert "apt install openmpi-bin" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert main(words) == 1
    assert f"{python} -m pip install casampi mpi4py" in capsys.readouterr().err
