"""The app for Open OnDemand: rendered by ERB, its script run by a real Slurm, its button pressed in a browser.

Open OnDemand itself is in none of the places from which the tests install. What it does around the files of an app is
written down here, after what its template "basic" does (ood_core 0.31): ``WRAPPER``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import psutil
import pytest
import yaml
from playwright.sync_api import Browser, expect

from casa_desktop.system.descriptors import readable

from ..support import living, slurm

APP = Path(__file__).resolve().parents[2] / "jupyter_config" / "ondemand"
# How long a start or an end may take on a busy machine, in seconds; it is waited for.
PATIENCE = 150.0
RENDER = """
require "erb"; require "json"; require "ostruct"
values = JSON.parse(ARGV[1])
context = OpenStruct.new(values)
scope = binding
values.each { |name, value| scope.local_variable_set(name, value) }
print ERB.new(File.read(ARGV[0]), trim_mode: "-").result(scope)
"""
WRAPPER = """\
#!/bin/bash
cd '{folder}'
export HOME='{folder}' JUPYTER_CONFIG_DIR='{folder}'
export host port
host=127.0.0.1
source before.sh
./script.sh > output.log 2>&1 &
SCRIPT_PID=$!
source after.sh
(umask 077; echo -e "host: $host\\nport: $port\\npassword: $password" > connection.yml)
wait $SCRIPT_PID
"""


def render(name: str, **values: Any) -> str:
    """Return a file of the app as Open OnDemand renders it."""
    words = ["ruby", "-e", RENDER, str(APP / name), json.dumps(values)]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


class Session:
    """A session of the app, whose JupyterLab answers.

    Attributes:
        folder: what the job writes, the user's home among it.
        number: the job's.
        connection: what Open OnDemand knows of it: host, port, password.
    """

    def __init__(self, folder: Path, cluster: slurm.Slurm, environment: Dict[str, str]) -> None:
        self.folder, self._cluster = folder, cluster
        values = {"casa": sys.prefix, "processors": "2", "memory": "3"}
        for name in ("before.sh", "script.sh", "after.sh"):
            (folder / name).write_text(render(f"template/{name}.erb", **values))
            (folder / name).chmod(0o755)
        # The tests' user may be root, whom JupyterLab asks for more.
        (folder / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
        (folder / "job.sh").write_text(WRAPPER.format(folder=folder))
        os.mkfifo(folder / "connection.yml")
        told = os.open(folder / "connection.yml", os.O_RDONLY | os.O_NONBLOCK)
        native: List[str] = yaml.safe_load(render("submit.yml.erb", **values))["script"]["native"]
        words = ["sbatch", "--parsable", "--chdir", str(folder), *native, str(folder / "job.sh")]
        variables = {**environment, **cluster.environment}
        self.number = subprocess.run(words, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        assert readable([told], PATIENCE)
        os.set_blocking(told, True)
        with open(told) as file:
            self.connection: Dict[str, Any] = yaml.safe_load(file)

    def processes(self) -> List[psutil.Process]:
        """Return all processes of the job that live."""
        return living.with_variable("HOME", str(self.folder))


@pytest.fixture(scope="module")
def session(place: Path, environment: Dict[str, str]) -> Iterator[Session]:
    folder = place / "ondemand"
    folder.mkdir()
    with slurm.started(place / "slurm-ood", kill_wait=5) as cluster:
        session = Session(folder, cluster, environment)
        yield session
        processes = session.processes()
        cluster.run("scancel", session.number)
        psutil.wait_procs(processes, timeout=PATIENCE)
        assert [living.line_of(each) for each in session.processes()] == []


def test_the_button_opens_jupyterlab_and_the_desktop(session: Session, browser: Browser) -> None:
    button = render("view.html.erb", **session.connection)
    origin = "http://{host}:{port}".format(**session.connection)
    with browser.new_context() as context:
        page = context.new_page()
        # Open OnDemand's page has the same origin, since its proxy passes the node's on.
        page.route(f"{origin}/ondemand", lambda route: route.fulfill(content_type="text/html", body=button))
        page.goto(f"{origin}/ondemand")
        with context.expect_page() as opened:
            page.get_by_role("button", name="Open JupyterLab with CASA").click()
        lab = opened.value
        lab.get_by_role("button", name="CASA Desktop", exact=True).click()
        expect(lab.get_by_role("button", name="CASA Desktop: connected")).to_be_visible()


def test_without_the_secret_nobody_gets_in(session: Session, browser: Browser) -> None:
    address = "http://{host}:{port}/node/{host}/{port}/".format(**session.connection)
    with browser.new_context() as context:
        for path in ("api/kernels", "casa-desktop/"):
            assert context.request.get(f"{address}{path}", max_redirects=0).status in (302, 403)


def test_the_secret_is_in_no_command_line(session: Session) -> None:
    secret = str(session.connection["password"])
    assert not [each for each in psutil.process_iter() if secret in living.line_of(each)]
