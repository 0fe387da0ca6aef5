"""The image as science platforms run it: by Zero to JupyterHub's values on Kubernetes, and in a session of CANFAR's.

There is no cluster here. Podman plays the pod that KubeSpawner makes of the values, and is given what skaha, CANFAR's
service for sessions, gives a container.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Dict, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from urllib3 import PoolManager, Retry

from ..support import kubernetes
from ..support.engine import Engine
from ..support.hub import Hub
from ..support.ports import free_ports

pytestmark = pytest.mark.container

# The user's number and home, whom the image does not know.
UID = 54_321
HOME = "/arc/home/ada"
# What skaha has its notebook sessions run.
START = """\
#!/bin/bash
mkdir -p ${HOME}
cd ${HOME}
jupyter lab --ServerApp.base_url=session/notebook/"$1" --ServerApp.root_dir=/ --ServerApp.ip=0.0.0.0 \\
    --ServerApp.port=8888 --ServerApp.allow_origin="*" --no-browser ${JUPYTERLAB_ARGS}
"""


@pytest.fixture
def hub(place: Path, environment: Dict[str, str], engine: Engine, image: str) -> Iterator[Hub]:
    """A hub whose users' servers are pods, by the shipped values."""
    folder = place / "pods"
    folder.mkdir()
    (port,) = free_ports(1)
    own = {**kubernetes.settings(image), "port": port, "image_pull_policy": "Never", "env_keep": [], "args": []}
    lines = "\n".join(f"c.KubeSpawner.{name} = {json.loads(json.dumps(value))!r}" for name, value in own.items())
    (folder / "kubeconfig").write_text(kubernetes.NO_CLUSTER)
    variables = {**environment, **engine.environment, "KUBECONFIG": str(folder / "kubeconfig")}
    spawner = kubernetes.SPAWNER + lines.replace("{", "{{").replace("}", "}}") + "\n"
    # The home's volume, which a cluster would give to the pod's user.
    engine.say("volume", "create", "--opt=type=tmpfs", "--opt=device=tmpfs", "--opt=o=uid=1000,gid=1000", "claim-ada")
    with Hub(folder, variables, spawner=spawner) as running:
        yield running
    engine.say("volume", "rm", "--force", "claim-ada")


def see_the_desktop(page: Page, address: str) -> None:
    """Open the desktop's page, and wait until it is shown."""
    page.goto(f"{address}casa-desktop/")
    expect(page.locator("body[data-state=connected]")).to_be_attached(timeout=120_000)


def test_the_pod_of_the_values_has_the_desktop(hub: Hub, browser: Browser, engine: Engine) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        hub.log_in(page, "ada")
        address = hub.start_server("ada")
        pod = json.loads((hub.folder / "pod.json").read_text())["spec"]["containers"][0]
        assert pod["securityContext"]["readOnlyRootFilesystem"] is True
        see_the_desktop(page, address)
    hub.ask("users/ada/server", "DELETE")


def test_a_notebook_session_of_canfar_s_has_the_desktop(
    engine: Engine, image: str, place: Path, browser: Browser
) -> None:
    folder = place / "skaha"
    (folder / "home").mkdir(parents=True)
    (folder / "home").chmod(0o777)
    (folder / "start").write_text(START)
    (folder / "start").chmod(0o755)
    (folder / "passwd").write_text(f"root:x:0:0:root:/root:/bin/bash\nada:x:{UID}:{UID}::{HOME}:/bin/bash\n")
    session, name = secrets.token_hex(4), f"casa-desktop-skaha-{secrets.token_hex(4)}"
    (port,) = free_ports(1)
    variables = {
        "skaha_sessionid": session,
        "JUPYTER_TOKEN": session,
        "JUPYTER_CONFIG_DIR": f"{HOME}/.jupyter/",
        "JUPYTER_DATA_DIR": f"{HOME}/.local/share/jupyter/",
        "JUPYTER_RUNTIME_DIR": f"{HOME}/.local/share/jupyter/runtime/",
        "JUPYTER_PATH": f"{HOME}/.jupyter/",
        "HOME": HOME,
        "XDG_CACHE_HOME": HOME,
        "OMP_NUM_THREADS": "2",
    }
    engine.say(
        *("run", "--rm", "--detach", f"--name={name}", f"--publish=127.0.0.1:{port}:8888", f"--user={UID}:{UID}"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges", f"--volume={folder}/home:{HOME}"),
        *(f"--volume={folder}/passwd:/etc/passwd:ro", f"--volume={folder}/start:/skaha-system/start-jupyterlab.sh:ro"),
        *(f"--env={variable}={value}" for variable, value in variables.items()),
        *("--entrypoint=/skaha-system/start-jupyterlab.sh", image, session),
    )
    try:
        with browser.new_context() as context:
            page = context.new_page()
            address = f"http://127.0.0.1:{port}/session/notebook/{session}/"
            _wait(f"{address}api")
            page.goto(f"{address}lab?token={session}")
            see_the_desktop(page, address)
    finally:
        engine.say("rm", "--force", name)


def _wait(address: str) -> None:
    """Wait until a server answers; a container's has no event for that."""
    with PoolManager(retries=Retry(total=100, backoff_factor=0.1, backoff_max=2)) as http:
        http.request("GET", address)
