"""Connect a private network namespace with the outside: command lines of pasta (of passt) and slirp4netns.

Both programs forward outgoing connections, as if they made these connections themselves, and accept no incoming ones.
Rootless Podman uses the same programs. This module does not run them.
"""

from __future__ import annotations

import os
import shutil
from typing import List, Mapping, Optional, Tuple

PROGRAMS = ("pasta", "slirp4netns")
PACKAGE = "passt"
# Both programs open this device. Unless udev or the like has opened it to users, only root can.
TUN = "/dev/net/tun"
# Addresses that no network uses (RFC 7335), so that they hide none: inside, the gateway, and the name server.
_INSIDE, _GATEWAY, _RESOLVER, _PREFIX = "192.0.0.2", "192.0.0.1", "192.0.0.3", "29"


def find(environ: Mapping[str, str]) -> Optional[str]:
    """Return the path of the first program of ``PROGRAMS`` on PATH; None if there is none, or it could not work."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        return None
    # Some distributions install them in folders that are only on root's PATH.
    path = os.pathsep.join([environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return next(filter(None, (shutil.which(name, path=path) for name in PROGRAMS)), None)


def missing() -> Tuple[str, str]:
    """Return what is missing, and the remedy, if ``find`` returns None."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        return f"{TUN} cannot be opened by this user", f"sudo chmod 666 {TUN}"
    return "neither pasta nor slirp4netns is on PATH", f"apt install {PACKAGE}"


def command(program: str, network: int, user: Optional[int], *, root: bool) -> Tuple[str, ...]:
    """Return the command line that connects a network namespace with the outside.

    Args:
        program: path of one of ``PROGRAMS``.
        network: descriptor of the network namespace.
        user: descriptor of the user namespace that it belongs to; None if that is the machine's.
        root: this process runs as root. pasta would then switch to the user nobody, who may not join the namespace.
    """
    build = _pasta if os.path.basename(program).startswith("pasta") else _slirp
    return (program, *build(f"/proc/self/fd/{network}", f"/proc/self/fd/{user}" if user is not None else "", root))


def _pasta(network: str, user: str, root: bool) -> List[str]:
    words = ["--foreground", "--quiet", *(["--runas", "0"] if root else []), "--config-net"]
    # By default pasta makes ports that are open inside reachable from the machine, and the machine's loopback from
    # inside.
    words += ["--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none", "--no-map-gw"]
    # If the namespace had the machine's own address, programs on the machine could not be reached by that address.
    words += ["--address", _INSIDE, "--netmask", _PREFIX, "--gateway", _GATEWAY, "--dns-forward", _RESOLVER]
    return [*words, *(["--userns", user] if user else ["--netns-only"]), "--netns", network]


def _slirp(network: str, user: str, _root: bool) -> List[str]:
    words = ["--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path"]
    return [*words, *([f"--userns-path={user}"] if user else []), network, "tap0"]


def resolver(program: str) -> str:
    """Return the address inside at which the machine's own name server answers."""
    return _RESOLVER if os.path.basename(program).startswith("pasta") else "10.0.2.3"
