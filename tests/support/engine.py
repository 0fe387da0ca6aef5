"""Podman as the tests use it: configured for wherever they run, and asked in words."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Dict

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
    """A container engine.

    Args:
        folder: where its configuration is written, unless ``CONTAINERS_CONF`` names one.
    """

    def __init__(self, folder: Path) -> None:
        program = shutil.which("podman")
        assert program, "podman is not on PATH: apt-get install podman, or 'make test-image'"
        self.program = program
        self.environment: Dict[str, str] = dict(os.environ)
        if "CONTAINERS_CONF" not in os.environ:
            path = folder / "containers.conf"
            path.write_text(configuration())
            self.environment["CONTAINERS_CONF"] = str(path)

    def command(self, *words: str) -> list[str]:
        """Return the command line with these words."""
        return [self.program, *words]

    def say(self, *words: str, timeout: float = 120) -> str:
        """Run a command, and return what it prints; raise CalledProcessError if it fails."""
        done = subprocess.run(
            self.command(*words),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        # A CalledProcessError would not show what the engine said.
        assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

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
