"""JupyterHub for CASA's desktop: the users of one machine, each with servers, kernels and desktops of their own.

Include it in the hub's own configuration, and write below it what is different on your machine::

    load_subconfig("/opt/hub/share/casa-desktop/hub/jupyterhub_config.py")
    c.JupyterHub.bind_url = "https://:443/"

The hub runs as root, and casa-desktop, JupyterLab and jupyterhub-idle-culler are installed in its Python. docs/hub.md
explains the settings.
"""

import asyncio
import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import wait_for_server
from tornado.web import HTTPError

from casa_desktop.system.process import open_pid

c = get_config()  # noqa: F821

# Servers and kernels without activity for so long are ended. Activity is what a user types or points at, on a desktop
# too, and a cell that runs.
IDLE_SECONDS = 8 * 3600
# A desktop's sockets and the files of a running server: one folder for each server, which belongs to its user.
PLACE = Path("/run/casa-desktop")
STOP_SECONDS = 60
ENDED = (
    "Your server has ended before it answered (exit status {status}). What it said is in the hub's log, which its "
    "administrator can read. The usual reason is a mistake in a configuration file of your own, in ~/.jupyter or "
    "~/.ipython."
)
# Without its third line it would outlive a hub that is killed, beside the culler of the next one.
CULLER = """
import os, runpy
from casa_desktop.system.process import die_with
die_with(os.getppid())
runpy.run_module("jupyterhub_idle_culler", run_name="__main__", alter_sys=True)
"""


class LocalServer(LocalProcessSpawner):
    """A server as a process under its user's id. The hub would wait minutes for one that has ended at its start."""

    async def start(self):
        """Start the server; return its address once it listens there.

        Raises:
            HTTPError: it has ended.
        """
        address = await super().start()
        # As the hub does when this returns: should it be restarted meanwhile, it knows the server.
        self.server.ip, self.server.port = address
        self.orm_spawner.state = self.get_state()
        self.db.commit()
        listening = asyncio.ensure_future(wait_for_server(*address, timeout=self.start_timeout))
        ended = asyncio.ensure_future(self.ended())
        try:
            await asyncio.wait([listening, ended], return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                error = HTTPError(500, "the server has ended")
                error.jupyterhub_message = ENDED.format(status=await self.poll())
                raise error
        finally:
            listening.cancel()
            ended.cancel()
        return address

    async def ended(self):
        """Wait for the end of the server's process; for ever before Linux 5.3, which cannot tell of it."""
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        process = open_pid(self.pid)
        if process is None:
            await end.wait()
        try:
            loop.add_reader(process, end.set)
            await end.wait()
        finally:
            loop.remove_reader(process)
            os.close(process)


def folder_of(spawner):
    """Return the runtime folder of a user's server. Its path is short: a unix socket's path is limited to 107 bytes."""
    user = pwd.getpwnam(spawner.user.name)
    digest = hashlib.sha256(f"{spawner.user.name}/{spawner.name}".encode()).hexdigest()
    return PLACE / f"{user.pw_uid}-{digest[:12]}"


def make_folder(spawner):
    """Make the runtime folder; it stays as it is if the desktops of an earlier server still run in it."""
    user, folder = pwd.getpwnam(spawner.user.name), folder_of(spawner)
    # Only root can write here, so no user can take the name of another one's folder.
    PLACE.mkdir(mode=0o755, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)


async def stop_desktops(spawner):
    """End the desktops of a server that has ended, stopped by the hub or not, and remove its runtime folder.

    Where desktops shall outlive the server, write ``c.Spawner.post_stop_hook = None`` below.
    """
    folder = folder_of(spawner)
    if not folder.exists():
        return
    user = pwd.getpwnam(spawner.user.name)
    variables = {
        "HOME": user.pw_dir,
        "PATH": os.environ.get("PATH", os.defpath),
        "CASA_DESKTOP_RUNTIME_DIR": str(folder),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "casa_desktop", "stop", "--all"),
        cwd="/",
        env=variables,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, stderr = await asyncio.wait_for(process.communicate(), STOP_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        stderr = f"no answer within {STOP_SECONDS} s".encode()
    if process.returncode:
        words = stderr.decode(errors="replace").strip()
        spawner.log.error("The desktops in %s could not be stopped: %s", folder, words)
    else:
        shutil.rmtree(folder, ignore_errors=True)


# Users of the machine log in with their passwords, and their servers run under their own user ids.
c.JupyterHub.authenticator_class = "pam"
c.JupyterHub.spawner_class = LocalServer
c.Authenticator.allow_all = True
c.Authenticator.blocked_users = {"root"}
c.PAMAuthenticator.open_sessions = False

# Servers and desktops survive a restart of the hub. Under systemd this also needs KillMode=process.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = 3

c.Spawner.cmd = [str(Path(sys.executable).parent / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
# Many users who come at once wait longer than JupyterHub's half minute, which would end their servers.
c.Spawner.http_timeout = 180
c.Spawner.start_timeout = 180
c.Spawner.environment = {
    # Each server has desktops of its own. The files of a running server lie there, too: it starts with a full home.
    "CASA_DESKTOP_RUNTIME_DIR": lambda spawner: str(folder_of(spawner)),
    "JUPYTER_RUNTIME_DIR": lambda spawner: str(folder_of(spawner) / "jupyter"),
}
c.Spawner.pre_spawn_hook = make_folder
c.Spawner.post_stop_hook = stop_desktops
c.Spawner.args = [
    # Guests see the desktops that are shared with them, and nothing else.
    "--ServerApp.authorizer_class=casa_desktop.web.guests.GuestsLook",
    f"--MappingKernelManager.cull_idle_timeout={IDLE_SECONDS}",
    "--MappingKernelManager.cull_interval=300",
    # Also a kernel whose notebook is open in a browser that its user has left.
    "--MappingKernelManager.cull_connected=True",
]

# The servers report their activity themselves. The proxy counts every byte that a page sends as activity, so a page
# that is left open would keep its server for ever.
c.JupyterHub.last_activity_interval = 0
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-c", CULLER, f"--timeout={IDLE_SECONDS}", "--cull-every=300"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
    # Users may let each other into their servers, as guests.
    {"name": "user", "scopes": ["self", "shares!user", "read:users:name", "read:groups:name"]},
]
