"""Proxies, and CASA's tools, which are on this machine.

The tools name their addresses as ``0.0.0.0:PORT``. gRPC takes such an address to the proxy that ``grpc_proxy``,
``https_proxy`` or ``http_proxy`` names, also where ``no_proxy`` has ``localhost`` and ``127.0.0.1``: it compares texts.
Python's gRPC reads ``no_grpc_proxy`` and then ``no_proxy``, that of CASA's C++ only ``no_proxy`` (grpc 1.85, casatools
6.7.0), each time that it makes a channel. Capitals are not read. What users fetch goes through their proxies as ever.
"""

from __future__ import annotations

from typing import List, MutableMapping

_TOOLS = "0.0.0.0"  # noqa: S104
_READ_BY_GRPC = ("grpc_proxy", "https_proxy", "http_proxy")


def spare_tools(environ: MutableMapping[str, str]) -> None:
    """Have gRPC reach the tools without a proxy, whatever the user has set; called before each call that needs one."""
    # Where only capitals are set, others would find ours in their place: small letters go before capitals.
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if listed.strip() == "*":
        # No proxy for anything. It means that only while it stands alone, and gRPC does not know it.
        for name in _READ_BY_GRPC:
            environ.pop(name, None)
        return
    environ["no_proxy"] = _with_tools(listed)
    if environ.get("no_grpc_proxy"):
        environ["no_grpc_proxy"] = _with_tools(environ["no_grpc_proxy"])


def _with_tools(listed: str) -> str:
    hosts: List[str] = [each.strip() for each in listed.split(",") if each.strip()]
    return listed if _TOOLS in hosts else ",".join([*hosts, _TOOLS])
