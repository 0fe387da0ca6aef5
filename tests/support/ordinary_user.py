"""Programs as an ordinary user runs them, also where the tests are root's; and with user namespaces forbidden."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import zmq

ROOT = Path(__file__).resolve().parents[2]
UID = os.getuid() or 23_457
# Within a user namespace that allows no further one, and without rights in it.
FORBIDDEN = (
    *("unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c"),
    "echo 0 > /proc/sys/user/max_user_namespaces && "
    'exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"',
    "sh",
)


def python() -> str:
    """Return a Python like this one that every user may run."""
    program = Path(sys.executable).resolve()
    open_to_all = all(each.stat().st_mode & 0o5 == 0o5 for each in (program, *program.parents))
    return sys.executable if os.getuid() or open_to_all else f"/usr/bin/python3.{sys.version_info[1]}"


def environment(**more: str) -> Dict[str, str]:
    """Return variables by which that Python finds this project and its packages."""
    packages = Path(zmq.__file__).parents[1]
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/tmp",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'kernel'}:{packages}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


def as_ordinary_user() -> Dict[str, Any]:
    """Return arguments of ``subprocess`` that make root an ordinary user."""
    return {"user": UID, "group": UID, "extra_groups": []} if os.getuid() == 0 else {}


def start(words: List[str], *, env: Dict[str, str], user: bool = True, **options: Any) -> subprocess.Popen[str]:
    """Start a program, as an ordinary user or as whoever runs the tests, that talks over its standard streams."""
    chosen = as_ordinary_user() if user else {}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=env, cwd="/", stdin=pipe, stdout=pipe, text=True, **chosen, **options)


def said(words: List[str], *, env: Dict[str, str], user: bool = True) -> str:
    """Run a program to its end and return what it printed."""
    with start(words, env=env, user=user) as process:
        return process.communicate(timeout=30)[0]
