"""The way out of a network of its own: command lines of pasta (of passt) and slirp4netns. Nothing here runs them.

Both carry what programs inside send, as if they sent it themselves, and let nobody in. They are the same that
rootless Podman uses.
"""

from __future__ import annotations

import os
import shutil
from typing import List, Mapping, Optional, Tuple

PROGRAMS = ("pasta", "slirp4netns")
PACKAGE = "passt"
# Both make their end of it here. Where nothing like udev has opened it to users, only root can.
TUN = "/dev/net/tun"
# Addresses that no network has (RFC 7335), so that none is hidden: inside, the gateway, and where names are asked for.
_INSIDE, _GATEWAY, _RESOLVER, _PREFIX = "192.0.0.2", "192.0.0.1", "192.0.0.3", "29"


def find(environ: Mapping[str, str]) -> Optional[str]:
    """Return the path of the first of the programs that is on PATH; None where there is none that could do its work."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        return None
    # Some distributions keep them where only root looks.
    path = os.pathsep.join([environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return next(filter(None, (shutil.which(name, path=path) for name in PROGRAMS)), None)


def missing() -> Tuple[str, str]:
    """Return, where ``find`` finds nothing, what is missing, and the remedy."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        return f"{TUN} cannot be opened by this user", f"sudo chmod 666 {TUN}"
    return "neither pasta nor slirp4netns is on PATH", f"apt install {PACKAGE}"


def command(program: str, network: int, user: Optional[int], *, root: bool) -> Tuple[str, ...]:
    """Return the command line that gives a network namespace a way out.

    Args:
        program: the path of one of ``PROGRAMS``.
        network: the descriptor of the namespace.
        user: that of the user namespace that it belongs to; None where that is the machine's.
        root: we are root; then pasta would become nobody, who may not join it.
    """
    build = _pasta if os.path.basename(program).startswith("pasta") else _slirp
    return (program, *build(f"/proc/self/fd/{network}", f"/proc/self/fd/{user}" if user is not None else "", root))


def _pasta(network: str, user: str, root: bool) -> List[str]:
    words = ["--foreground", "--quiet", *(["--runas", "0"] if root else []), "--config-net"]
    # By itself it opens on the machine's side whatever is open inside, and the machine's loopback inside.
    words += ["--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none", "--no-map-gw"]
    # With the machine's own address inside, programs of the machine could not be reached by it.
    words += ["--address", _INSIDE, "--netmask", _PREFIX, "--gateway", _GATEWAY, "--dns-forward", _RESOLVER]
    return [*words, *(["--userns", user] if user else ["--netns-only"]), "--netns", network]


def _slirp(network: str, user: str, _root: bool) -> List[str]:
    words = ["--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path"]
    return [*words, *([f"--userns-path={user}"] if user else []), network, "tap0"]


def resolver(program: str) -> str:
    """Return the address, inside, where the machine's own resolver of names answers."""
    return _RESOLVER if os.path.basename(program).startswith("pasta") else "10.0.2.3"
