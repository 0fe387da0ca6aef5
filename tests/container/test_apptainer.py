"""The image with a real Apptainer: unprivileged, two users at once, on a machine whose /tmp and processes it shares."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import psutil
import pytest

from ..support.living import name_of
from ..support.processes import ended
from ..support.sif import ApptainerJupyter, Sif, files_of, home_of_the_maker, processes_of

Record = Dict[str, Any]
pytestmark = pytest.mark.container

# What a user's other software may have set, which must not reach the Python in the image.
POISON = {"PYTHONPATH": "/nonsense", "PYTHONHOME": "/nonsense", "LD_LIBRARY_PATH": "/nonsense"}
# Tries to open a file, a folder or a socket of somebody else's.
OPEN = """
import os, socket, stat, sys
path = sys.argv[1]
try:
    if path.endswith(".sock"):
        socket.socket(socket.AF_UNIX).connect(path)
    else:
        os.listdir(path) if os.path.isdir(path) else open(path)
except PermissionError:
    print("refused")
"""
# Tries to see somebody else's display, with one's own cookie or with none.
LOOK = """
import sys
from PIL import ImageGrab
try:
    ImageGrab.grab(xdisplay=sys.argv[1])
except OSError as error:
    print("refused:", error)
"""


def test_it_tells_what_it_is_and_how_to_use_it(ada: Sif) -> None:
    labels = ada.user.ask("apptainer", "inspect", "--labels", str(ada.path))
    assert "org.opencontainers.image.title: casa-desktop" in labels
    assert "BSD-3-Clause" in labels
    assert "apptainer run casa.sif" in ada.user.ask("apptainer", "run-help", str(ada.path))


def test_nothing_of_its_making_stays_in_the_home(ada: Sif) -> None:
    home = home_of_the_maker(ada.user)
    if not home.exists():
        pytest.skip("CASA_DESKTOP_TEST_SIF names one that was there")
    # Apptainer keeps layers for the next image that has them: 1.3 GB for each of ours, which no other asks for.
    assert [path for path in home.rglob("*") if not path.is_dir()] == []


def test_its_own_test_passes_for_a_user_without_privileges(ada: Sif) -> None:
    told = ada.user.ask("apptainer", "--quiet", "test", str(ada.path))
    assert "Saved desktop.png" in told
    assert "✓ picture" in told
    assert files_of(ada.user) == []


def test_it_cannot_be_written_and_need_not(ada: Sif) -> None:
    done = ada.user.run(*ada.command("touch", "/opt/casa/mark"))
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="home-and-tmp-of-the-machine"),
        pytest.param(["--no-home"], id="no-home"),
        pytest.param(["--contain"], id="nothing-of-the-machine"),
        pytest.param(["--containall", "--cleanenv"], id="not-even-its-processes"),
        pytest.param(["--writable-tmpfs"], id="a-root-that-takes-changes"),
    ],
)
def test_kernel_tools_and_desktop_work(ada: Sif, options: List[str]) -> None:
    folder = ada.user.home if "--no-home" not in options else Path("/")
    told = ada.say("casa-desktop", "kernel", "check", "casa", options=options, cwd=folder)
    assert "✓ picture" in told
    told = ada.say(
        "sh",
        "-c",
        "casa-desktop start && casa-desktop screenshot /tmp/x.png && rm /tmp/x.png",
        options=options,
        cwd=folder,
    )
    assert "Saved /tmp/x.png" in told
    assert processes_of(ada.user) == []


def test_python_settings_of_the_machine_do_not_reach_it(ada: Sif) -> None:
    told = ada.say("python", "-c", "import casatasks, sys; print(sys.prefix)", env={**ada.user.environment, **POISON})
    assert told.endswith("/opt/casa\n")


def test_a_machine_that_has_never_seen_x_will_do(ada: Sif) -> None:
    uid = str(ada.user.uid)
    become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
    # The machine's /tmp is empty for this one.
    hidden = ["unshare", "--mount", "--propagation=private", "sh", "-c", 'mount -t tmpfs none /tmp && exec "$@"', "-"]
    program = [
        "sh",
        "-c",
        "ls -A /tmp; casa-desktop start; casa-desktop screenshot desktop.png; stat -c %a /tmp/.X11-unix",
    ]
    done = subprocess.run(
        [*hidden, *become, *ada.command(*program)],
        env=ada.user.environment,
        cwd=ada.user.home,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Saved desktop.png" in done.stdout
    assert done.stdout.endswith("1777\n")


def test_jupyterlab_is_seen_from_this_machine_alone(ada: Sif) -> None:
    with ApptainerJupyter(ada, ada.user.home) as server:
        # It listens a moment after it has said so.
        server.run("casa-health")
        names = [each["name"] for each in server.ask("api/contents")["content"]]
        listening = {
            each.laddr.ip
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN and each.laddr.port == server.port
        }
    assert listening == {"127.0.0.1"}
    assert "first-light.ipynb" in names, "the demo is not there"


def test_two_users_have_desktops_at_once_and_cannot_reach_each_other_s(ada: Sif, ben: Sif) -> None:
    with ada.desktop() as (hers, _), ben.desktop() as (his, _):
        assert hers["display"] != his["display"]
        _look_at_own_and_try_foreign(ada, hers, ben, his)
        _look_at_own_and_try_foreign(ben, his, ada, hers)


def _look_at_own_and_try_foreign(one: Sif, own: Record, other: Sif, foreign: Record) -> None:
    assert one.say("python", "-c", LOOK, own["display"], env=_with_cookie(one, own["xauthority"])) == ""
    for cookie in (own["xauthority"], "/dev/null"):
        assert "refused:" in one.say("python", "-c", LOOK, foreign["display"], env=_with_cookie(one, cookie))
    folder = Path(foreign["rfb_socket"]).parent
    assert folder == Path(f"/tmp/casa-desktop-{other.user.uid}/main")
    for path in (folder.parent, folder / "record.json", foreign["xauthority"], foreign["rfb_socket"]):
        assert one.say("python", "-c", OPEN, str(path)) == "refused\n", path


def _with_cookie(sif: Sif, path: str) -> Dict[str, str]:
    return {**sif.user.environment, "XAUTHORITY": path}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_when_apptainer_is_killed_nothing_is_left(ada: Sif, number: signal.Signals) -> None:
    with ada.desktop() as (_, container):
        everybody = processes_of(ada.user)
        assert {"Xvnc", "squashfuse_ll"} <= set(map(name_of, everybody))
        container.send_signal(number)
        container.wait(20)
        assert ended(everybody)
    assert processes_of(ada.user) == []
    assert files_of(ada.user) == []
    assert str(ada.path) not in Path("/proc/mounts").read_text()


def test_an_instance_keeps_its_desktops_until_it_is_stopped(ada: Sif) -> None:
    told = ada.user.home / "told"
    os.mkfifo(told, 0o666)
    os.chown(told, ada.user.uid, ada.user.uid)
    script = f"casa-desktop start > {told}; exec sleep 1000"
    words = ("apptainer", "--quiet", "instance")
    # It goes into the background, and would keep our pipes open there.
    ada.user.start(*words, "run", str(ada.path), "night", "sh", "-c", script, stderr=subprocess.DEVNULL).wait(60)
    assert "main: display" in told.read_text()
    everybody = processes_of(ada.user)
    assert "Xvnc" in map(name_of, everybody)
    ada.user.start(*words, "stop", "night", stderr=subprocess.DEVNULL).wait(60)
    assert ended(everybody)
    assert processes_of(ada.user) == []
    assert files_of(ada.user) == []
