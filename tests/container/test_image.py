"""Each image by itself: what it says that it has, what it has, and whom it serves."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest

import casa_desktop

from ..support.container_image import Kind, labels, superseding
from ..support.engine import Engine
from ..support.in_container import ContainedJupyter
from .conftest import STRANGER, USERS

pytestmark = pytest.mark.container

PARALLEL = """
import casampi.private.start_mpi
from casampi.MPICommandClient import MPICommandClient
from casampi.MPIEnvironment import MPIEnvironment
from casatasks import imstat, tclean

tclean(vis="/data/sim.ms", imagename="parallel", imsize=128, cell="0.4arcsec", niter=20, parallel=True)
print("processes:", MPIEnvironment.mpi_world_size, "peak:", imstat("parallel.image")["max"][0])
MPICommandClient().stop_services()
"""


def run(engine: Engine, image: str, *words: str, options: Any = STRANGER, timeout: float = 120) -> str:
    """Run a command in a new container, and return what it prints."""
    return engine.say("run", "--rm", "--network=none", *options, image, *words, timeout=timeout)


@pytest.fixture(scope="module")
def bill(engine: Engine, each_image: str) -> Dict[str, Any]:
    """The image's SBOM."""
    found: Dict[str, Any] = json.loads(run(engine, each_image, "cat", "/usr/share/casa-desktop/sbom.cdx.json"))
    return found


def test_the_labels_tell_the_version_and_where_to_ask(engine: Engine, each_image: str) -> None:
    found = labels(engine, each_image)
    assert found["org.opencontainers.image.version"] == casa_desktop.__version__
    wanted = {"title", "description", "licenses", "source", "documentation"}
    assert wanted <= {name.rpartition(".")[2] for name, value in found.items() if value}


def test_an_image_that_has_lost_its_name_to_another_goes(engine: Engine, tmp_path: Path) -> None:
    name = f"localhost/casa-desktop-test-{secrets.token_hex(4)}"
    ids = []
    for number in "12":
        (tmp_path / "number").write_text(number)
        subprocess.run(["tar", "-C", str(tmp_path), "-cf", str(tmp_path / "root.tar"), "number"], check=True)
        with superseding(engine, name):
            ids.append(engine.say("import", "--quiet", str(tmp_path / "root.tar"), name).strip())
    try:
        assert [engine.has(each) for each in ids] == [False, True]
    finally:
        engine.say("rmi", name)


def test_it_is_of_the_casa_and_the_debian_that_it_is_told_by(engine: Engine, each_image: str, kind: Kind) -> None:
    ask = "import casatools; print(casatools.version_string())"
    assert run(engine, each_image, "python", "-c", ask).strip().startswith(kind.casa)
    assert f"VERSION_CODENAME={kind.debian}\n" in run(engine, each_image, "cat", "/etc/os-release")
    specs = json.loads(run(engine, each_image, "jupyter", "kernelspec", "list", "--json"))["kernelspecs"]
    assert specs["casa"]["spec"]["display_name"] == f"CASA {kind.casa}"


def test_its_codemeta_is_that_of_the_sources(engine: Engine, each_image: str) -> None:
    ours = Path(__file__).parents[2] / "container" / "codemeta.json"
    assert run(engine, each_image, "cat", "/codemeta.json") == ours.read_text()


def test_the_sbom_is_cyclonedx_and_names_what_is_installed(
    engine: Engine, each_image: str, bill: Dict[str, Any]
) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {(one["purl"].split(":")[1].split("/")[0], one["name"], one["version"]) for one in bill["components"]}
    pip = json.loads(run(engine, each_image, "python", "-m", "pip", "list", "--format=json"))
    debian = run(engine, each_image, "dpkg-query", "-W", "-f", "${Package} ${Version}\n").splitlines()
    installed = {("pypi", one["name"], one["version"]) for one in pip}
    installed |= {("deb", *line.split(" ")) for line in debian}  # type: ignore[arg-type]
    assert installed == named


def test_astronomers_tools_import_and_their_commands_answer(engine: Engine, each_image: str) -> None:
    modules = "astropy, astroquery, vos, cadcdata, casampi, mpi4py, casatasks, casaviewer, casaplotms, jupyterhub"
    assert run(engine, each_image, "python", "-c", f"import {modules}; print('imported')").split()[-1] == "imported"
    for command in ("vls", "vcp", "cadcget", "jupyterhub-singleuser", "casa-desktop", "mpirun"):
        assert run(engine, each_image, command, "--help"), command


def test_a_task_of_casa_runs_on_two_processes(engine: Engine, each_image: str, work: Path) -> None:
    options = (*STRANGER, f"--volume={work}:/data:ro")
    said = run(engine, each_image, "mpirun", "-n", "2", "python", "-c", PARALLEL, options=options, timeout=200)
    result = next(line for line in said.splitlines() if line.startswith("processes:"))
    assert result.startswith("processes: 2 peak: 0.")


@pytest.mark.parametrize("options", USERS.values(), ids=USERS.keys())
def test_any_user_is_at_home(engine: Engine, each_image: str, options: List[str]) -> None:
    script = (
        'touch "$HOME/x" && cd && pwd && echo "$USER $LOGNAME" && python -c "import getpass; print(getpass.getuser())"'
    )
    home, names, name = run(engine, each_image, "sh", "-c", script, options=options).splitlines()
    assert home.startswith(("/root", "/tmp/home-12345"))
    assert names == f"{name} {name}"


def test_its_own_user_is_not_root_and_has_a_private_runtime_directory(engine: Engine, each_image: str) -> None:
    script = "id -u; casa-desktop start >/dev/null; stat -c '%a %U %n' /tmp/casa-desktop-1000; casa-desktop stop"
    said = run(engine, each_image, "sh", "-c", script, options=()).splitlines()
    assert said[:2] == ["1000", "700 casa /tmp/casa-desktop-1000"]


def test_a_user_without_any_place_to_write_is_told_so(engine: Engine, each_image: str) -> None:
    options = ["run", "--rm", "--read-only", "--read-only-tmpfs=false", "--user=12345:0", "--network=none"]
    done = subprocess.run(
        engine.command(*options, each_image, "true"),
        env=engine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "can be written by user 12345: mount a folder of this user, or a tmpfs at /tmp" in done.stderr


def test_nothing_that_was_installed_is_changed_by_use_not_even_by_root(engine: Engine, each_image: str) -> None:
    name = f"casa-desktop-test-{secrets.token_hex(4)}"
    script = "casa-desktop start && python -c 'import casatasks, astropy, matplotlib.pyplot' && casa-desktop stop"
    engine.say("run", f"--name={name}", "--network=none", "--user=root", each_image, "sh", "-c", script)
    try:
        changed = [line.split(" ", 1)[1] for line in engine.say("diff", name).splitlines()]
    finally:
        engine.say("rm", name)
    # CASA locks its tables even to read them, where it may.
    installed = [path for path in changed if path.startswith(("/opt", "/usr")) and not path.endswith("table.lock")]
    assert installed == []


def test_the_health_check_asks_jupyter(jupyter: ContainedJupyter) -> None:
    jupyter.engine.say("healthcheck", "run", jupyter.name)
    state = "{{.State.Healthcheck.Status}}"
    assert jupyter.engine.say("inspect", f"--format={state}", jupyter.name).strip() == "healthy"
    assert "healthy" in jupyter.engine.say("ps", "--filter", f"name={jupyter.name}", "--format={{.Status}}")


def test_the_health_check_of_a_container_without_a_server_fails_with_the_reason(
    engine: Engine, each_image: str
) -> None:
    done = subprocess.run(
        engine.command("run", "--rm", "--network=none", each_image, "casa-health"),
        env=engine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No Jupyter server has written its address into /home/casa/.local/share/jupyter/runtime" in done.stderr


def test_a_hub_s_single_user_server_runs_with_the_desktop_and_asks_its_hub(engine: Engine, each_image: str) -> None:
    """There is no hub at the address that it is given, and it says so after the desktop's part has been loaded."""
    variables = {
        "JUPYTERHUB_API_TOKEN": "of-the-tests",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
        "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/ada/",
        "JUPYTERHUB_USER": "ada",
    }
    environment = [f"--env={key}={value}" for key, value in variables.items()]
    name = f"casa-desktop-test-{secrets.token_hex(4)}"
    words = ("run", "--rm", f"--name={name}", "--network=none", *STRANGER, *environment, each_image)
    log: List[str] = []
    with subprocess.Popen(
        engine.command(*words, "jupyterhub-singleuser"), env=engine.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(line)
            if "Failed to connect to my Hub" in line:
                # It is still writing, and a SIGTERM that meets it then is lost: its handler writes, too.
                engine.say("kill", name)
                break
    assert any("the CASA Desktop is at /user/ada/casa-desktop/" in line for line in log), "".join(log)
    assert any("Failed to connect to my Hub at http://127.0.0.1:1/hub/api" in line for line in log), "".join(log)


def test_a_mounted_data_folder_is_seen_beside_the_demo(engine: Engine, each_image: str, work: Path) -> None:
    """JupyterLab's command line is asked for its paths here, in the place of serving."""
    options = (*STRANGER, f"--volume={work}:/data:ro")
    script = "casa-entrypoint --version >/dev/null; ls ~ ~/data/"
    listed = run(engine, each_image, "sh", "-c", script, options=options).split()
    assert {"first-light.ipynb", "data", "sim.ms"} <= set(listed)


def test_a_notebook_of_the_user_s_is_not_written_over(engine: Engine, each_image: str) -> None:
    script = "echo mine > first-light.ipynb; casa-entrypoint --version >/dev/null; cat first-light.ipynb"
    assert run(engine, each_image, "sh", "-c", script) == "mine\n"
