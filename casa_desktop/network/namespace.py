"""Move this process and its later children into a private network namespace.

CASA's tasks and tools listen on TCP ports of all interfaces, without any authentication. In a private network namespace
only they can reach these ports. The process that calls ``enter`` keeps its process id, parent, group, files, mounts and
limits. No process wraps it, and the call takes about a millisecond.

A user without privileges makes a user namespace for that, and keeps the own user id in it. Other users' files appear
there as files of the user nobody, and programs like sudo do not get their rights. If only bubblewrap may make a user
namespace (AppArmor, on Ubuntu since 23.10), the process joins bubblewrap's. Root has the right and needs none.

``python -m casa_desktop.network.namespace`` tries it, and prints the result (``State``).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Callable, List, Mapping

from ..errors import InvalidSetting, NetworkShared
from ..names import NETWORK

CHOICES = ("private", "host")
_libc = ctypes.CDLL(None, use_errno=True)
# unshare(2), setns(2), mount(2)
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000
# netdevice(7): struct ifreq with the flags alone
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_IFREQ = struct.Struct("16sh22x")
# capset(2), with its version 3
_CAP_HEADER, _CAP_DATA = struct.pack("Ii", 0x20080522, 0), bytes(24)
_RESOLV_CONF = Path("/etc/resolv.conf")
_INTERFACES = Path("/sys/class/net")
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_CONTAINER_VARIABLES = ("KUBERNETES_SERVICE_HOST", "container")
# These engines share the machine's network by default, and set some of the marks as well.
_SHARING = ("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER")


class State(Enum):
    """The network that a kernel gets on this machine.

    Attributes:
        OWN: a private one.
        CONTAINER: that of its container, which is private already.
        HOST: the machine's, because ``CASA_DESKTOP_NETWORK`` requests it.
        SHARED: the machine's, because this machine allows no private one.
    """

    OWN = "own"
    CONTAINER = "container"
    HOST = "host"
    SHARED = "shared"


def wanted(environ: Mapping[str, str]) -> bool:
    """Return whether ``CASA_DESKTOP_NETWORK`` is ``private``, the default, and not ``host``.

    Raises:
        InvalidSetting: the variable has another value.
    """
    said = environ.get(NETWORK) or "private"
    if said not in CHOICES:
        raise InvalidSetting(NETWORK, said, "'private' or 'host'")
    return said == "private"


def is_private(environ: Mapping[str, str]) -> bool:
    """Return whether this process already has a network that is not the machine's.

    This is so if the loopback is the only interface, or if the process is in a container and no interface is a device:
    the interfaces of Docker, Podman and Kubernetes are ends of virtual cables.
    """
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    return not names or (_is_contained(environ) and not any(map(_is_device, names)))


def _is_contained(environ: Mapping[str, str]) -> bool:
    if any(environ.get(name) for name in _SHARING):
        return False
    return any(map(os.path.exists, _CONTAINER_MARKS)) or any(environ.get(name) for name in _CONTAINER_VARIABLES)


def _is_device(name: str) -> bool:
    return (_INTERFACES / name / "device").exists()


def asks_loopback(resolv_conf: str) -> bool:
    """Return whether all name servers have loopback addresses, as with systemd-resolved. Pure."""
    lines = (line.split() for line in resolv_conf.splitlines())
    servers = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
    return bool(servers) and all(each.startswith("127.") or each == "::1" for each in servers)


def other_resolver(resolv_conf: str, address: str) -> str:
    """Return the text of a resolv.conf(5) with ``address`` as the only name server, otherwise unchanged. Pure."""
    kept = [line for line in resolv_conf.splitlines() if line.split()[:1] != ["nameserver"]]
    return "\n".join([f"nameserver {address}", *kept]) + "\n"


def enter(resolver: str = "") -> None:
    """Enter a private network namespace, which has only a loopback interface. The process must not have threads.

    Args:
        resolver: address of a name server inside, used if the machine's name server has a loopback address. The process
            then also gets a private mount namespace, which follows the machine's mounts, with another resolv.conf(5).

    Raises:
        NetworkShared: this machine does not allow it; the process is unchanged.
    """
    names = _names(resolver)
    try:
        if not any(_succeeds(join, names) for join in (_join_own, _join_that_of_bubblewrap)):
            raise NetworkShared()
    finally:
        if names:
            # A mounted file stays accessible where it is mounted.
            os.unlink(names)


def _names(resolver: str) -> str:
    """Return the path of another resolv.conf; empty if none is needed."""
    with suppress(OSError, UnicodeDecodeError):
        found = _RESOLV_CONF.read_text()
        if resolver and asks_loopback(found):
            descriptor, path = tempfile.mkstemp(prefix="resolv-")
            with os.fdopen(descriptor, "w") as file:
                file.write(other_resolver(found, resolver))
            return path
    return ""


def _succeeds(join: Callable[[str], None], names: str) -> bool:
    try:
        join(names)
    except OSError:
        return False
    return True


def _join_own(names: str) -> None:
    """Join namespaces that a child of this process has made.

    A child makes them, because this process could not undo a failure halfway. Ubuntu's AppArmor lets every process
    unshare a user namespace, but then no process write its uid_map. To try it in a child first, and then to do it here,
    would take longer: the end of a network namespace holds the lock that the next one waits for.

    Raises:
        OSError: the system forbids it.
    """
    ready, made = os.pipe()
    joined, done = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(done)
            _make(names)
            os.write(made, b"1")
            # Wait until the parent has joined, or has ended.
            os.read(joined, 1)
        finally:
            os._exit(0)
    os.close(made)
    os.close(joined)
    try:
        if not os.read(ready, 1):
            raise PermissionError("unshare")
        _join(child, names)
    finally:
        os.close(ready)
        os.close(done)
        os.waitpid(child, 0)


def _make(names: str) -> None:
    """Make the namespaces.

    Raises:
        OSError: the system forbids it.
    """
    uid, gid = os.geteuid(), os.getegid()
    flags = _CLONE_NEWNET | (_CLONE_NEWNS if names else 0)
    # In a user namespace with a single user, root could no longer access other users' files.
    _checked(_libc.unshare(flags | (_CLONE_NEWUSER if uid else 0)))
    if uid:
        # user_namespaces(7): a process may map a group only if it cannot drop groups.
        for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(line, encoding="ascii")
    _bring_up_loopback()
    if names:
        _checked(_libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None))
        _checked(_libc.mount(os.fsencode(names), os.fsencode(_RESOLV_CONF), None, _MS_BIND, None))


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _IFREQ.pack(b"lo", _IFF_UP))


def bubblewrap_command(program: str, names: str = "") -> List[str]:
    """Return the command line of a bubblewrap that makes the namespaces, and ends when its standard input closes."""
    # The shell reports when everything is ready. Its process id is valid outside, too: there is no pid namespace.
    script = "echo $$; read -r _"
    words = [program, "--unshare-user", "--unshare-net", "--dev-bind", "/", "/", "--die-with-parent"]
    words += ["--ro-bind", names, os.path.realpath(_RESOLV_CONF)] if names else []
    return [*words, "--", "/bin/sh", "-c", script]


def _join_that_of_bubblewrap(names: str) -> None:
    """Join namespaces that bubblewrap has made.

    Raises:
        OSError: bubblewrap is missing, or may not make namespaces, or they cannot be joined.
    """
    program = shutil.which("bwrap")
    if program is None or os.geteuid() == 0:
        raise FileNotFoundError("bwrap")
    pipe = subprocess.PIPE
    command = bubblewrap_command(program, names)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, cwd="/") as maker:
        assert maker.stdout is not None
        number = maker.stdout.readline().strip().decode()
        if not number:
            raise PermissionError("bwrap")
        _join(int(number), names)
        # The with statement closes bubblewrap's standard input, and bubblewrap ends.


def _join(maker: int, names: str) -> None:
    """Join the namespaces of a process, and drop all capabilities in them, so that no process has any."""
    is_user = os.geteuid() != 0
    kinds = [*(["user"] if is_user else []), "net", *(["mnt"] if names else [])]
    namespaces = [os.open(f"/proc/{maker}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
    folder = os.getcwd() if names else ""
    for namespace in namespaces:
        _checked(_libc.setns(namespace, 0))
        os.close(namespace)
    if folder:
        # A process that joins a mount namespace gets the root folder as its working folder.
        os.chdir(folder)
    if is_user:
        _checked(_libc.capset(_CAP_HEADER, _CAP_DATA))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def state(environ: Mapping[str, str]) -> State:
    """Determine which network a kernel gets here, by entering it. Call this only in a process that ends soon.

    Raises:
        InvalidSetting: as ``wanted``.
    """
    if not wanted(environ):
        return State.HOST
    if is_private(environ):
        return State.CONTAINER
    try:
        enter()
    except NetworkShared:
        return State.SHARED
    return State.OWN


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(os.environ).value) + "\n")
