from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop import names
from casa_desktop.__main__ import main
from casa_desktop.cli import doctor
from casa_desktop.containers.container import Container
from casa_desktop.desktop import lifecycle
from casa_desktop.findings import Finding

from ...support.living import started
from ...support.programs import write_program
from ...support.ranks import WITH_MPI
from ...support.shortage import small_disk

# The developer's own kernels need not be in order.
pytestmark = pytest.mark.usefixtures("jupyter_data")


def _by_subject() -> dict[str, Finding]:
    return {finding.subject: finding for finding in doctor.examine()}


def test_a_complete_machine_is_found_complete(
    root: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Homes of tests have long paths.
    monkeypatch.setenv("CASA_DESKTOP_TOOLS", str(place / "tools"))
    found = _by_subject()
    for subject in ("X server", "window manager", "runtime directory", "page", "casatools", "measures data"):
        assert found[subject].state == "ok", found[subject]
    assert main(["doctor", "--json"]) == 0
    assert {"subject", "state", "found", "remedy"} == set(json.loads(capsys.readouterr().out)[0])


def test_each_missing_program_comes_with_its_remedy(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = _by_subject()
    assert found["X server"].state == "missing"
    assert found["X server"].remedy.startswith("apt install tigervnc-standalone-server, or take an image's: ")
    # A Jupyter server starts it with the server's own Python.
    assert found["kernel casa"].state == "ok"
    assert found["window manager"].remedy == "apt install icewm"
    assert main(["doctor"]) == 1
    assert "✗ X server" in capsys.readouterr().out


def test_folders_where_no_program_may_be_run_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(tmp_path / "disk", 1, "noexec") as disk:
        monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(disk.path))
        monkeypatch.setenv("CASA_DESKTOP_TOOLS", str(disk.path / "tools"))
        found = _by_subject()
        assert (found["runtime directory"].state, "noexec" in found["runtime directory"].found) == ("note", True)
        assert found["casaviewer, unpacked"].state == "missing"
        assert "CASA_DESKTOP_TOOLS" in found["casaviewer, unpacked"].remedy


def test_a_folder_in_which_the_viewer_would_draw_no_labels_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_TOOLS", str(tmp_path / ("x" * 100)))
    found = _by_subject()
    assert found["casaviewer, unpacked"].state == "missing"
    assert "characters too many" in found["casaviewer, unpacked"].found
    assert "CASA_DESKTOP_TOOLS" in found["casaviewer, unpacked"].remedy
    assert found["casaplotms, unpacked"].state == "note"


def test_a_kernel_whose_python_has_gone_is_told(jupyter_data: Path) -> None:
    assert main(["kernel", "install", "--name", "x"]) == 0
    assert _by_subject()["kernel x"].found.endswith(sys.executable)
    path = jupyter_data / "kernels" / "x" / "kernel.json"
    path.write_text(path.read_text().replace(sys.executable, "/gone/python"))
    found = _by_subject()["kernel x"]
    assert found.state == "missing"
    assert found.found.endswith("/gone/python: there is no program /gone/python")
    assert found.remedy.endswith("remove it with casa-desktop kernel remove x")
    assert _by_subject()["kernel casa"].state == "ok"


def test_an_image_s_x_server_is_none_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_program(tmp_path / "podman")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(names.X_SERVER, json.dumps(Container("podman", "casa").as_dict()))
    found = _by_subject()
    assert found["X server"].state == "ok"
    assert found["X server"].found == "that of podman (casa), chosen in $CASA_DESKTOP_X_SERVER"
    assert "window manager" not in found
    program.unlink()
    assert _by_subject()["X server"].found.endswith("; there is no podman on PATH")
    monkeypatch.setenv(names.X_SERVER, "nonsense")
    assert "should be a container in JSON" in _by_subject()["X server"].found
    assert _by_subject()["window manager"].state == "missing"


def test_a_running_desktop_is_told(root: Path) -> None:
    record = lifecycle.ensure()
    assert record.display in _by_subject()["desktop main"].found


def test_a_port_that_others_can_reach_is_told_and_one_on_loopback_is_not(tmp_path: Path) -> None:
    program = tmp_path / "casaviewer-lookalike"
    program.symlink_to(sys.executable)
    code = (
        "import socket, sys\n"
        "a, b = socket.socket(), socket.socket()\n"
        "a.bind(('0.0.0.0', 0)); b.bind(('127.0.0.1', 0)); a.listen(); b.listen()\n"
        "print(a.getsockname()[1], b.getsockname()[1], flush=True); sys.stdin.read()\n"
    )
    with started([str(program), "-I", "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        wide, narrow = map(int, child.stdout.readline().split())
        told = [port for _, _, port in doctor._listening()]
        child.kill()
    assert wide in told
    assert narrow not in told


@WITH_MPI
def test_two_ranks_of_a_kernel_over_mpi_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["kernel", "install", "--name", "many", "--ranks", "2", "--oversubscribe"]) == 0
    (tried,) = doctor._ranks()
    assert (tried.subject, tried.state) == ("ranks of kernel many", "ok")
    assert tried.found.startswith("two have met; Open MPI v")
    write_program(tmp_path / "mpirun", "echo no slots are left >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tried,) = doctor._ranks()
    assert (tried.state, tried.found) == ("missing", "no slots are left")
    (tmp_path / "mpirun").unlink()
    (tried,) = doctor._ranks()
    assert "apt install openmpi-bin" in tried.found
