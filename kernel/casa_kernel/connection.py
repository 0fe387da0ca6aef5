"""What a kernel's command line says of its connection to Jupyter, as ipykernel understands it.

A Jupyter server writes a connection file and names it. VS Code names ports and the rest one by one, and a file that is
not there; the kernel is to write it: https://github.com/microsoft/vscode-jupyter (``addPythonConnectionArgs``).
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

# ipykernel's short options, and what a connection file calls the same.
_NAMES = {
    "ip": "ip",
    "transport": "transport",
    "shell": "shell_port",
    "iopub": "iopub_port",
    "stdin": "stdin_port",
    "control": "control_port",
    "hb": "hb_port",
}
_KEY = "Session."
_APPLICATION = "IPKernelApp."


def file(arguments: Sequence[str]) -> Optional[str]:
    """Return the path of Jupyter's connection file; None if none is named."""
    for word, following in zip(arguments, [*arguments[1:], None]):
        if word in ("-f", "--f"):
            return following
        for prefix in ("-f=", "--f=", "--IPKernelApp.connection_file="):
            if word.startswith(prefix):
                return word[len(prefix) :]
    return None


def said(arguments: Sequence[str]) -> Dict[str, Any]:
    """Return what else they say, by its name in a connection file; numbers as text."""
    found: Dict[str, Any] = {}
    for word in arguments:
        name, value = _parted(word)
        if name in _NAMES or name in _NAMES.values():
            # VS Code puts quotes around some, which no shell takes away.
            found[_NAMES.get(name, name)] = value.strip("\"'")
    return found


def arguments(ports: Mapping[str, int]) -> List[str]:
    """Return what tells ipykernel ports by their names in a connection file."""
    return [f"--{_APPLICATION}{name}={port}" for name, port in ports.items()]


def is_of_connection(word: str) -> bool:
    """Return whether an argument is of a connection, and so cannot be an option for CASA."""
    name, value = _parted(word)
    return bool(value) and (name in _NAMES or name == "f" or word.startswith(f"--{_KEY}"))


def _parted(word: str) -> Tuple[str, str]:
    """Return the name and the value of ``--name=value``; empty ones for anything else."""
    name, equals, value = word.partition("=")
    if not equals or not name.startswith("--"):
        return "", ""
    name = name[2:]
    return name[len(_APPLICATION) :] if name.startswith(_APPLICATION) else name, value
