"""A machine for many users: real uids, a home each, and a /tmp that all of them share and nobody else sees.

It is a mount namespace, held by a process that waits for us to go; programs enter it and become a user. The project,
its Python and its packages are bound where everybody may read them, wherever they lie.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Dict, List

import psutil

from ..support.uids import free_block

ROOT = Path(__file__).resolve().parents[2]
# What a set-up that runs as root in the new namespace does: arguments are the project, its packages, Python.
SET_UP = """
set -eu
mount -t tmpfs -o mode=755 town /mnt
mkdir /mnt/project /mnt/packages /mnt/python /mnt/home
mount --bind "$1" /mnt/project
mount --bind "$2" /mnt/packages
mount --bind "$3" /mnt/python
# After what may lie there has been bound.
mount -t tmpfs -o mode=1777 town /tmp
# As a system does when it starts.
mkdir -m 1777 /tmp/.X11-unix
echo ready
read -r _
"""
MODULES = "/mnt/project:/mnt/project/kernel:/mnt/packages"


def lack() -> str:
    """Return why there can be no town here; empty if there can."""
    if os.getuid() != 0:
        return "only root can be several users"
    done = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.PIPE, text=True, check=False)
    return f"no mount namespace: {done.stderr.strip()}" if done.returncode else ""


class Town:
    """The machine; a context manager. At its end everybody's processes are gone, and so is all that they wrote."""

    def __init__(self) -> None:
        self._block, self.first_uid = free_block()
        words = [ROOT, sysconfig.get_path("purelib"), sys.base_prefix]
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", SET_UP, "town", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.people: List[Person] = []
        self.started: List[subprocess.Popen[str]] = []
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            self.__exit__()
            raise AssertionError("the town could not be set up")

    @property
    def entry(self) -> List[str]:
        """The command that runs the one behind it in the town, as root."""
        return ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", "--"]

    @property
    def root(self) -> Path:
        """Where the town's files are seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root")

    def as_root(self, script: str) -> str:
        """Run a shell's words as root, and return what they print."""
        return subprocess.run([*self.entry, "sh", "-euc", script], stdout=subprocess.PIPE, text=True, check=True).stdout

    def newcomer(self) -> Person:
        """Return somebody new."""
        person = Person(self, self.first_uid + len(self.people))
        # Homes that others may look into are the more usual ones on shared machines.
        self.as_root(f"install -d -m 755 -o {person.uid} -g {person.uid} {person.home}")
        self.people.append(person)
        return person

    def __enter__(self) -> Town:
        return self

    def __exit__(self, *_: object) -> None:
        for person in self.people:
            for process in person.processes():
                process.kill()
        for started in self.started:
            for stream in (started.stdin, started.stdout, started.stderr):
                if stream is not None:
                    stream.close()
            started.wait()
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()
        self._block.close()


class Person:
    """A user of the town.

    Attributes:
        uid: the numbers of user and group.
        home: a folder of the user's own.
        environment: the variables after a login.
    """

    def __init__(self, town: Town, uid: int) -> None:
        self._town, self.uid, self.home = town, uid, f"/mnt/home/{uid}"
        self.environment: Dict[str, str] = {
            "HOME": self.home,
            "USER": f"user{uid}",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": MODULES,
            # Python knows its own library by a path that this user may not enter.
            "LD_LIBRARY_PATH": "/mnt/python/lib",
            "PYTHONDONTWRITEBYTECODE": "1",
            # As in a Jupyter that shows desktops.
            "CASA_DESKTOP_URL": "/casa-desktop/",
        }

    def start(self, *argv: str, **more: str) -> subprocess.Popen[str]:
        """Start a program in the user's home; ``more`` are variables."""
        become = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--no-new-privs"]
        process = subprocess.Popen(
            [*self._town.entry, *become, "sh", "-c", 'cd && exec "$@"', "sh", *argv],
            env={**self.environment, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._town.started.append(process)
        return process

    def python(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start Python with these words."""
        return self.start(f"/mnt/python/bin/python3.{sys.version_info[1]}", *words, **more)

    def ask(self, code: str, *words: str, **more: str) -> Any:
        """Run Python's code to its end, and return what it prints, in JSON."""
        return answer_of(self.python("-c", code, *words, **more))

    def processes(self) -> List[psutil.Process]:
        """Return the user's living processes."""
        found = []
        for each in psutil.process_iter(["uids", "status"]):
            uids, status = each.info["uids"], each.info["status"]
            if uids is not None and uids.real == self.uid and status != psutil.STATUS_ZOMBIE:
                found.append(each)
        return found


def answer_of(process: subprocess.Popen[str], said: str = "", timeout: float = 120) -> Any:
    """Wait for the end of a program, and return what it printed, in JSON."""
    out, err = process.communicate(said, timeout=timeout)
    assert process.returncode == 0, f"it ended with {process.returncode}: {err}"
    return json.loads(out)
