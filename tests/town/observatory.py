"""A machine of many users with the JupyterHub that is shipped: PAM, servers under the users' own ids, a real proxy.

The machine is a ``Town`` with an ``/etc`` and a ``/run`` of its own, so that its users are made by ``useradd``. The
project and its Python lie at their own paths, where all users may read them.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import List, Sequence
from urllib.parse import quote

import psutil

from ..neighbours.town import ROOT, Person, Town
from ..support.hub import TOKEN, RunningHub, proxy_command
from ..support.living import line_of
from ..support.ports import free_ports

SHIPPED = ROOT / "jupyter_config" / "hub" / "jupyterhub_config.py"
PASSWORD = "sesame"
# A path below a folder that only root may enter, such as root's home, is bound anew below an open one.
AS_IT_IS = """
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
mount -t tmpfs -o mode=755 town /run
mount -t tmpfs -o mode=755 town /usr/local/share
mkdir -m 700 /mnt/hub
if [ -d {prefix} ]; then mkdir /mnt/prefix; mount --bind {prefix} /mnt/prefix; fi
number=0
for path in {others}; do
  number=$((number + 1)); mkdir /mnt/other-$number; mount --bind "$path" /mnt/other-$number
done
for path in {project} {prefix} {base} {others}; do
  top=/$(echo "$path" | cut -d/ -f2)
  case $(stat -c %A "$top") in *x|*t) ;; *) mount -t tmpfs -o mode=755 town "$top" ;; esac
done
again() {{ [ -e "$2/$3" ] || {{ mkdir -p "$2"; mount --bind "$1" "$2"; }}; }}
again /mnt/project {project} pyproject.toml
again /mnt/prefix {prefix} bin
again /mnt/python {base} bin
number=0
for path in {others}; do number=$((number + 1)); again /mnt/other-$number "$path" bin; done
"""
# A system's own tools refuse some names that a directory service has.
NEW_USER = """
useradd --uid {uid} --home-dir {home} --shell /bin/sh {name} 2>/dev/null || {{
  printf '%s\\n' {name}:x:{uid}:{uid}::{home}:/bin/sh >> /etc/passwd
  printf '%s\\n' {name}:'!':20000:0:99999:7::: >> /etc/shadow
}}
printf '%s\\n' {name}:{password} | chpasswd
[ -d {home} ] || install -d -m 755 -o {uid} -g {uid} {home}
"""
CONFIG = """
load_subconfig({shipped!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{public}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.db_url = "sqlite:////mnt/hub/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/mnt/hub/secret"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.pid_file = "/mnt/hub/proxy.pid"
c.JupyterHub.services += [{{"name": "tests", "api_token": {token!r}, "admin": True}}]
"""


class Observatory(RunningHub):
    """The machine and its hub; a context manager. At its end all processes of its users are gone.

    Args:
        more: more of the hub's configuration.
        pythons: the folders of other Pythons, which all users may read there, too.
    """

    def __init__(self, more: str = "", pythons: Sequence[Path] = ()) -> None:
        self.town = Town()
        places = {"project": [ROOT], "prefix": [sys.prefix], "base": [sys.base_prefix], "others": pythons}
        self.town.as_root(AS_IT_IS.format_map({name: shlex.join(map(str, paths)) for name, paths in places.items()}))
        public, hub, api = free_ports(3)
        own = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "CONFIGPROXY_AUTH_TOKEN": TOKEN,
        }
        # As the service manager starts it.
        command = [*self.town.entry, "sh", "-c", 'cd /mnt/hub && exec "$@"', "sh", sys.executable, "-m", "jupyterhub"]
        super().__init__(f"http://127.0.0.1:{public}/", command, Path("/"), own)
        config = CONFIG.format(
            shipped=str(SHIPPED),
            public=public,
            hub=hub,
            api=api,
            proxy=proxy_command(os.environ["PATH"]),
            token=TOKEN,
        )
        (self.town.root / "mnt/hub/jupyterhub_config.py").write_text(config + more)

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            # Servers outlive the hub.
            self.town.__exit__()
            super().__exit__()

    def new_user(self, name: str, home: str = "", uid: int = 0) -> Person:
        """Return a new user of the system, by default with a home and a user id of his own."""
        person = Person(self.town, uid or self.town.first_uid + len(self.town.people))
        person.name, person.home = name, home or f"/mnt/home/{name}"
        self.town.people.append(person)
        words = {"name": name, "home": person.home, "uid": str(person.uid), "password": PASSWORD}
        self.town.as_root(NEW_USER.format_map({key: shlex.quote(word) for key, word in words.items()}))
        self.ask(f"users/{quote(name)}", "POST", {})
        return person

    def await_end(self, user: str, name: str = "") -> None:
        """Wait until the hub has no server of a user's any more, and has done what follows its end."""
        while name in self.ask(f"users/{quote(user)}")["servers"]:
            pass

    def left(self, person: Person) -> List[str]:
        """Return what there is of a user outside of the home: processes once those that end have ended, and files."""
        _, alive = psutil.wait_procs(person.processes(), timeout=60)
        files = self.town.as_root(f"find /tmp /run /dev/shm /var/tmp -uid {person.uid}").splitlines()
        return [*map(line_of, alive), *files]
