"""Podman as the tests use it: configured for wherever they run, with a storage of its own, and asked in words."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Dict, Set

# Podman asks for more open files and processes than a machine that is itself a container may give; and it cannot hand
# on all that it finds (4.3 lowers its own limit of processes to some 32,000).
_ENOUGH = 30_000
_CONFIGURATION = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
events_logger = "file"
"""
# Where no systemd runs, nobody delegates control groups; and crun wants their second version.
_WITHOUT_SYSTEMD = 'cgroup_manager = "cgroupfs"\n'
_WITHOUT_CGROUPS_2 = 'runtime = "runc"\n'


class Engine:
    """A container engine whose images, containers and volumes are in one folder: it knows of no others.

    Args:
        folder: where they are, and its configuration, unless ``CONTAINERS_CONF`` names one. A short path: Podman
            wants no more than 50 characters for what it keeps of running containers.
    """

    def __init__(self, folder: Path) -> None:
        program = shutil.which("podman")
        assert program, "podman is not on PATH: apt-get install podman, or 'make test-image'"
        self.program = program
        self.folder = folder
        # What it takes to have any Podman be this one.
        self.configuration = {name: os.environ[name] for name in ("CONTAINERS_CONF",) if name in os.environ}
        if not self.configuration:
            path = folder / "containers.conf"
            path.write_text(configuration())
            self.configuration["CONTAINERS_CONF"] = str(path)
        # The machine's own storage, from which an image may be taken.
        self._machine: Dict[str, str] = {**os.environ, **self.configuration}
        driver, usual = self._ask(
            self._machine, "info", "--format={{.Store.GraphDriverName}} {{.Store.ConfigFile}}"
        ).split()
        storage = folder / "storage.conf"
        storage.write_text(storage_configuration(folder, driver, Path(usual)))
        self.configuration["CONTAINERS_STORAGE_CONF"] = str(storage)
        # Of a build that was killed something may be there.
        temporary = folder / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        self.environment: Dict[str, str] = {**self._machine, **self.configuration, "TMPDIR": str(temporary)}
        self._taken: Set[str] = set()

    def command(self, *words: str) -> list[str]:
        """Return the command line with these words."""
        return [self.program, *words]

    def say(self, *words: str, timeout: float = 120) -> str:
        """Run a command, and return what it prints; an AssertionError tells what it said if it fails."""
        return self._ask(self.environment, *words, timeout=timeout)

    def _ask(self, environment: Dict[str, str], *words: str, timeout: float = 120) -> str:
        done = subprocess.run(
            self.command(*words),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        # A CalledProcessError would not show what the engine said.
        assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def take(self, image: str) -> str:
        """Copy an image of the machine's own storage, once; return its name."""
        if image not in self._taken:
            archive = self.folder / "taken.tar"
            self._ask(self._machine, "save", f"--output={archive}", image, timeout=900)
            self.say("load", f"--input={archive}", timeout=900)
            archive.unlink()
            self._taken.add(image)
        return image

    def remove_containers(self) -> None:
        """End and remove all containers and pods, and the containers in which a build that was killed has worked."""
        self.say("pod", "rm", "--all", "--force")
        self.say("rm", "--all", "--force", "--time=0")
        working = self.say("ps", "--all", "--external", "--quiet").split()
        if working:
            self.say("rm", "--force", *working)

    def has(self, image: str) -> bool:
        """Say whether an image is on this machine, without asking a registry."""
        argv = self.command("image", "exists", image)
        return subprocess.run(argv, env=self.environment, check=False).returncode == 0


def configuration() -> str:
    """Return the configuration that fits this machine."""
    limits = {}
    for name, kind in (("files", resource.RLIMIT_NOFILE), ("processes", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(kind)[1]
        limits[name] = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    text = _CONFIGURATION.format(**limits)
    if not Path("/run/systemd/system").is_dir():
        text += _WITHOUT_SYSTEMD
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        text += _WITHOUT_CGROUPS_2
    return text


def storage_configuration(folder: Path, driver: str, usual: Path) -> str:
    """Return the configuration of a storage in a folder: otherwise as the machine's.

    Args:
        folder: where it is to be.
        driver: how it mounts layers.
        usual: the machine's own configuration, which need not exist.
    """
    text = usual.read_text() if usual.exists() else ""
    own = re.compile(r"\s*(driver|graphroot|runroot|rootless_storage_path|\[storage\])\s*(=.*)?")
    rest = [line for line in text.splitlines() if not own.fullmatch(line)]
    first = ["[storage]", f'driver = "{driver}"', f'graphroot = "{folder}/root"', f'runroot = "{folder}/run"']
    return "\n".join([*first, *rest, ""])
