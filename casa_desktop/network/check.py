"""Check which network can reach CASA's ports, for ``casa-desktop doctor``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Iterator, Mapping, Optional
from urllib.parse import urlsplit

from .. import names
from ..errors import InvalidSetting, NetworkShared
from ..findings import Finding
from ..system.pythonpath import module
from . import uplink
from .namespace import State, wanted

_SUBJECT = "network of kernels"
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")


def examine(environ: Mapping[str, str]) -> Finding:
    """Determine which network a kernel gets, by trying it in a separate process."""
    if names.HOST_HELPER in environ:
        return Finding(_SUBJECT, "ok", "this kernel has a private network")
    try:
        wanted(environ)
    except InvalidSetting as error:
        return Finding(_SUBJECT, "missing", str(error), f"unset {names.NETWORK}")
    argv = [sys.executable, *module(names.NETWORK_PROGRAM)]
    try:
        done = subprocess.run(argv, env=dict(environ), capture_output=True, text=True, timeout=20, check=True)
        state = State(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return Finding(_SUBJECT, "note", f"it could not be tried: {error}")
    return finding(state, uplink.find(environ))


def finding(state: State, way_out: Optional[str]) -> Finding:
    """Return the finding for a state.

    Args:
        state: the result of the trial.
        way_out: path of the program for outgoing connections; None if there is none.
    """
    if state is State.CONTAINER:
        return Finding(_SUBJECT, "ok", "this container's, which is not the machine's")
    if state is State.HOST:
        remedy = (
            "unset CASA_DESKTOP_NETWORK, unless notebooks need this machine's servers, or this machine needs theirs"
        )
        return Finding(_SUBJECT, "note", "the machine's, as CASA_DESKTOP_NETWORK says: CASA's ports are open", remedy)
    if state is State.SHARED:
        found = "the machine's, because it allows no other: CASA's ports are open to all that reach it"
        return Finding(_SUBJECT, "note", found, NetworkShared.remedy)
    if way_out is None:
        reason, remedy = uplink.missing()
        return Finding(_SUBJECT, "note", f"each has its own, without a way out: {reason}", remedy)
    return Finding(_SUBJECT, "ok", f"each has its own, where nobody reaches CASA's ports; out by {way_out}")


def proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each proxy on this machine's loopback, which a private network namespace cannot reach."""
    try:
        if not wanted(environ):
            return
    except InvalidSetting:
        # Reported by ``examine`` already.
        return
    for name, value in sorted(environ.items()):
        if name.lower() in _PROXIES and _is_loopback(value):
            yield Finding(
                "proxy of kernels",
                "note",
                f"{name}={value} is on this machine's loopback, which a kernel's own network does not reach",
                f"{names.NETWORK}=host, or the proxy's name in the machine's network",
            )


def _is_loopback(proxy: str) -> bool:
    try:
        host = urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname or ""
    except ValueError:
        return False
    return host == "localhost" or host == "::1" or host.startswith("127.")
