"""Keep gRPC from using the user's proxy for CASA's tools, which run on this machine.

The tools name their addresses as ``0.0.0.0:PORT``. gRPC connects to such an address through the proxy in
``grpc_proxy``, ``https_proxy`` or ``http_proxy``, even if ``no_proxy`` contains ``localhost`` and ``127.0.0.1``,
because it compares texts. Python's gRPC reads ``no_grpc_proxy`` and then ``no_proxy``, that of CASA's C++ only
``no_proxy`` (grpc 1.85, casatools 6.7.0), each time that it makes a channel. It does not read variables in capitals.
The user's downloads still go through the proxies.
"""

from __future__ import annotations

from typing import List, MutableMapping

_TOOLS = "0.0.0.0"  # noqa: S104
_READ_BY_GRPC = ("grpc_proxy", "https_proxy", "http_proxy")


def spare_tools(environ: MutableMapping[str, str]) -> None:
    """Make gRPC reach the tools without a proxy, whatever the user has set; called before each use of a tool."""
    # If only capitals are set, copy them: other programs would read only our small letters, which take precedence.
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if listed.strip() == "*":
        # No proxy for anything. The asterisk means that only if it stands alone, and gRPC does not know it.
        for name in _READ_BY_GRPC:
            environ.pop(name, None)
        return
    environ["no_proxy"] = _with_tools(listed)
    if environ.get("no_grpc_proxy"):
        environ["no_grpc_proxy"] = _with_tools(environ["no_grpc_proxy"])


def _with_tools(listed: str) -> str:
    hosts: List[str] = [each.strip() for each in listed.split(",") if each.strip()]
    return listed if _TOOLS in hosts else ",".join([*hosts, _TOOLS])
