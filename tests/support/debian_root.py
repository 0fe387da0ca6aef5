"""A root of another release of Debian than this machine's: made of its packages, and entered by programs.

A program in it sees that release's ``/usr``, ``/etc`` and ``/var``; everything else is this machine's.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import List, Sequence

# What belongs to the root; all other folders are this machine's.
OWN = ("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "mnt", "sbin", "usr", "var")
# Files that this machine and the root have in common: names, the way to the packages, and users.
COMMON = (
    "hosts",
    "hostname",
    "localtime",
    "resolv.conf",
    "passwd",
    "group",
    "pip.conf",
    "ssl/certs/ca-certificates.crt",
)
# On a busy disk dpkg waits for minutes until each file is safe from a loss of power.
QUICKLY = ("--dpkgopt=force-unsafe-io",)
# By pivot_root, because Linux forbids user namespaces in a chroot.
_ENTER = """\
set -eu
here=$PWD
mount --bind "$1" "$1"
for each in dev $2; do mount --rbind "/$each" "$1/$each"; done
mount --rbind /var/tmp "$1/var/tmp"
for each in $3; do mount --bind "/etc/$each" "$1/etc/$each"; done
cd "$1"
/usr/sbin/pivot_root . mnt
umount -l /mnt
cd "$here"
shift 3
exec "$@"
"""


def make(root: Path, suite: str, packages: Sequence[str], *options: str) -> Path:
    """Return the root of a release with packages, made by root if it is not there.

    Args:
        root: its folder.
        suite: the release's name.
        packages: what it has beside the least that a Debian is.
        options: more of mmdebstrap's.
    """
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        words = ("--quiet", *QUICKLY, "--variant=minbase", *options, f"--include={','.join(packages)}")
        with tempfile.TemporaryDirectory(dir=root.parent) as partial:
            target = Path(partial, "root")
            subprocess.run(["mmdebstrap", *words, suite, str(target)], check=True, timeout=1200)
            target.chmod(0o755)
            target.rename(root)
    return root


def shared(root: Path) -> List[str]:
    """Return the names of this machine's folders below ``/`` that the root has, too; it has a place for each."""
    names = sorted(each.name for each in Path("/").iterdir() if each.is_dir() and each.name not in OWN)
    for name in names:
        (root / name).mkdir(exist_ok=True)
    return names


def common(root: Path, names: Sequence[str] = COMMON) -> List[str]:
    """Return the names of this machine's files below ``/etc`` that the root has, too; it has a place for each."""
    found = [name for name in names if Path("/etc", name).exists()]
    for name in found:
        (root / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "etc" / name).touch()
    return found


def within(root: Path) -> List[str]:
    """Return the words that have root run a program in a root, in a namespace of mounts that ends with it."""
    own = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh")
    return [*own, str(root), " ".join(shared(root)), " ".join(common(root))]
