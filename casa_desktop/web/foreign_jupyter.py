"""Finds the Jupyter server of a kernel, and whether it has jupyter-server-proxy.

A Jupyter server without casa-desktop's extension tells its kernels nothing of itself. But it leaves a file about itself
in Jupyter's runtime folder, with its PID in the name, and it is the parent of its kernels or of their launchers. Two
requests tell about jupyter-server-proxy. They carry no token: the refusal tells whether an address exists. They are
OPTIONS, because a server may answer a GET of any address with the way to its login (seen in jupyter_server 2.21).
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

import psutil

# A Jupyter server on this machine answers in some milliseconds, unless the machine is busy.
_PATIENCE_SECONDS = 10.0
# Jupyter Server, and Notebook before its version 7.
_KINDS = ("jpserver", "nbserver")
# Nothing is there, or only what adds and removes slashes.
_ABSENT = (404, 405)


class Jupyter(NamedTuple):
    """The Jupyter server of a kernel.

    Attributes:
        base: its base URL, with a slash at both ends; empty if it is not known.
        has_proxy: whether it has jupyter-server-proxy; None if that is not known.
    """

    base: str
    has_proxy: Optional[bool]


def find(kernel: int, port: int, environ: Mapping[str, str]) -> Jupyter:
    """Return the Jupyter server of a kernel.

    Args:
        kernel: the kernel's PID; 0 if it is not known.
        port: a port of this machine, for which a proxy is looked for.
        environ: the variables of the kernel, or of its launcher.
    """
    for pid in _parents(kernel, environ):
        for kind in _KINDS:
            told = _read(runtime_folder(environ) / f"{kind}-{pid}.json")
            if told is not None:
                return Jupyter(_base(told.get("base_url")), has_proxy(str(told.get("url")), port))
    # A hub's server whose file cannot be found, for example because the kernel runs on another machine.
    return Jupyter(_base(environ.get("JUPYTERHUB_SERVICE_PREFIX")), None)


def _parents(kernel: int, environ: Mapping[str, str]) -> Iterator[int]:
    told = environ.get("JPY_PARENT_PID", "")
    if told.isdigit():
        yield int(told)
    if kernel:
        with suppress(psutil.Error):
            yield from (each.pid for each in psutil.Process(kernel).parents())


def runtime_folder(environ: Mapping[str, str]) -> Path:
    """Return Jupyter's runtime folder (``jupyter --runtime-dir``)."""
    if environ.get("JUPYTER_RUNTIME_DIR"):
        return Path(environ["JUPYTER_RUNTIME_DIR"])
    if environ.get("JUPYTER_DATA_DIR"):
        return Path(environ["JUPYTER_DATA_DIR"], "runtime")
    home = environ.get("HOME") or os.path.expanduser("~")
    return Path(environ.get("XDG_DATA_HOME") or Path(home, ".local", "share"), "jupyter", "runtime")


def _read(path: Path) -> Optional[Dict[str, Any]]:
    """Return a server's file; None if there is none, or if it is not this user's."""
    try:
        if path.stat().st_uid != os.getuid():
            return None
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _base(told: object) -> str:
    if not isinstance(told, str) or not told.startswith("/") or not told.isprintable():
        return ""
    # Two slashes at the beginning would be another host.
    inner = told.strip("/")
    return f"/{inner}/" if inner else "/"


def has_proxy(url: str, port: int) -> Optional[bool]:
    """Return whether a Jupyter server has jupyter-server-proxy; None if its answers do not tell."""
    asked: List[str] = [f"proxy/127.0.0.1:{port}/", f"{secrets.token_hex(8)}/127.0.0.1:{port}/"]
    try:
        wanted, nonsense = (_status(url, path) for path in asked)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return wanted not in _ABSENT if nonsense in _ABSENT else None


def _status(url: str, path: str) -> int:
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        # It listens on a unix socket.
        raise ValueError(url)
    if parts.scheme == "https":
        # No secret is sent, and the certificate is often for another name.
        context = ssl._create_unverified_context()  # noqa: S323
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=_PATIENCE_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("OPTIONS", parts.path.rstrip("/") + "/" + path)
        return connection.getresponse().status
    finally:
        connection.close()
