"""A real Apptainer, and users of this machine who may run it, each with a uid and a home of their own.

Debian has Apptainer in unstable alone, so it runs from a root of that: in a mount namespace in which everything but
``/usr``, ``/etc`` and ``/var`` is this machine's. Nobody needs privileges for that, so a program called ``apptainer``
does it, which any user can call by PATH. ``python -m tests.support.apptainer FOLDER [USER:UID:HOME…]`` makes it at
``FOLDER/bin``, as root.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence

from . import debian_root

PACKAGES = ("apptainer", "squashfuse", "fuse2fs", "fuse-overlayfs", "squashfs-tools", "uidmap", "ca-certificates")
# Packages of unstable may come from a mirror that has stood still for a while.
OLD = ("--aptopt=Acquire::Check-Valid-Until false",)
# Where the root, and the image, are kept from one run to the next, 2 GB; by default each run makes its own.
CACHE = "CASA_DESKTOP_TEST_APPTAINER"
# Files that this machine and the root have in common, apart from the users.
COMMON = ("hosts", "hostname", "localtime", "resolv.conf")
WRAPPER = """#!/bin/sh
set -eu
if [ "${{1-}}" != --in-its-own-mounts ]; then
    # A user gets the right to mount in a namespace of his own; root has it.
    own="--user --map-current-user --keep-caps"
    [ "$(id -u)" != 0 ] || own=""
    exec unshare $own --mount --propagation private "$0" --in-its-own-mounts "$@"
fi
shift
here=$PWD
# One mount for all of it: Apptainer finds its own files by the path of its program below the mount that it is on.
mount --bind {root} /mnt
for each in {shared}; do mount --rbind "/$each" "/mnt/$each"; done
mount --rbind /var/tmp /mnt/var/tmp
for each in {common}; do mount --bind "/etc/$each" "/mnt/etc/$each"; done
for each in passwd group; do mount --bind "{folder}/$each" "/mnt/etc/$each"; done
# On some machines FUSE's device is root's alone; usually all may open it.
[ -w /dev/fuse ] || mount --bind {folder}/fuse /mnt/dev/fuse
cd /mnt
/usr/sbin/pivot_root . mnt
umount -l /mnt
cd "$here"
exec setpriv --inh-caps=-all --ambient-caps=-all /usr/bin/apptainer "$@"
"""


@dataclass(frozen=True)
class User:
    """Somebody on this machine who is not root.

    Attributes:
        name: the user's name, which Apptainer knows, and this machine need not.
        uid: the numbers of user and group.
        home: a folder of the user's own.
        programs: the folder with ``apptainer``.
        more: more variables, or others.
    """

    name: str
    uid: int
    home: Path
    programs: Path
    more: Dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Dict[str, str]:
        """The variables after a login, and no other."""
        names = {"HOME": str(self.home), "USER": self.name, "LOGNAME": self.name}
        return {**names, "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **self.more}

    def start(self, *argv: str, **options: Any) -> subprocess.Popen[str]:
        """Start a program in the user's home; ``options`` are Popen's."""
        own = {"user": self.uid, "group": self.uid, "extra_groups": [], "env": self.environment, "cwd": self.home}
        return subprocess.Popen(argv, text=True, **{**own, **options})

    def run(self, *argv: str, timeout: float = 120, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, and return how it ended and what it said."""
        with self.start(*argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            finally:
                process.kill()
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def ask(self, *argv: str, **options: Any) -> str:
        """Return what a program writes to its standard output; it must succeed."""
        done = self.run(*argv, **options)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def install(folder: Path, users: Iterable[User] = ()) -> Path:
    """Make ``folder/bin/apptainer`` for everybody, and return the folder for PATH.

    Args:
        folder: an empty folder that all can enter.
        users: whom Apptainer shall know beside this machine's own users.
    """
    # 20 s, and 300 MB.
    root = debian_root.make(Path(os.environ.get(CACHE) or folder) / "root", "sid", PACKAGES, *OLD)
    shared = ["dev", *debian_root.shared(root)]
    common = debian_root.common(root, COMMON)
    _write_users(folder, list(users))
    _make_fuse_device(folder / "fuse")
    program = folder / "bin" / "apptainer"
    program.parent.mkdir()
    text = WRAPPER.format(folder=folder, root=root, shared=" ".join(shared), common=" ".join(common))
    program.write_text(text)
    program.chmod(0o755)
    return program.parent


def _write_users(folder: Path, users: List[User]) -> None:
    """Write the files by which Apptainer knows whose uid is whose: this machine's users, and ``users``."""
    passwd = [f"{user.name}:x:{user.uid}:{user.uid}::{user.home}:/bin/bash\n" for user in users]
    groups = [f"{user.name}:x:{user.uid}:\n" for user in users]
    for name, lines in (("passwd", passwd), ("group", groups)):
        (folder / name).write_text(Path("/etc", name).read_text() + "".join(lines))


def _make_fuse_device(path: Path) -> None:
    device = Path("/dev/fuse").stat().st_rdev
    os.mknod(path, stat.S_IFCHR, device)
    path.chmod(0o666)


def main(folder: Path, words: Sequence[str]) -> None:
    """Make ``folder/bin/apptainer``, and homes for the users named."""
    folder.mkdir(mode=0o755, parents=True)
    fields = [word.split(":") for word in words]
    users = [User(name, int(uid), Path(home), folder / "bin") for name, uid, home in fields]
    print(install(folder, users))
    for user in users:
        user.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(user.home, user.uid, user.uid)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2:])
