"""Read the arguments about the connection to Jupyter from a kernel's command line, as ipykernel does.

A Jupyter server writes a connection file and passes its path. VS Code passes ports and the other values one by one, and
the path of a file that does not exist, which the kernel must write: https://github.com/microsoft/vscode-jupyter
(``addPythonConnectionArgs``).
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

# ipykernel's short options, and their names in a connection file.
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


def split(arguments: Sequence[str]) -> Tuple[List[str], List[str]]:
    """Return the kernel's own arguments, and those for CASA after ``--``.

    VS Code appends its arguments about the connection to those of the kernelspec, and so after CASA's.
    """
    position = list(arguments).index("--") if "--" in arguments else len(arguments)
    behind = arguments[position + 1 :]
    own = [*arguments[:position], *filter(is_of_connection, behind)]
    return own, [each for each in behind if not is_of_connection(each)]


def file(arguments: Sequence[str]) -> Optional[str]:
    """Return the path of Jupyter's connection file; None if the command line has none."""
    for word, following in zip(arguments, [*arguments[1:], None]):
        if word in ("-f", "--f"):
            return following
        for prefix in ("-f=", "--f=", "--IPKernelApp.connection_file="):
            if word.startswith(prefix):
                return word[len(prefix) :]
    return None


def said(arguments: Sequence[str]) -> Dict[str, Any]:
    """Return the other arguments, by their names in a connection file; numbers as text."""
    found: Dict[str, Any] = {}
    for word in arguments:
        name, value = _parted(word)
        if name in _NAMES or name in _NAMES.values():
            # VS Code puts quotes around some values, and there is no shell that removes them.
            found[_NAMES.get(name, name)] = value.strip("\"'")
    return found


def of_session(arguments: Sequence[str]) -> List[str]:
    """Return the arguments with the key and the like, which only ipykernel understands."""
    return [word for word in arguments if word.startswith(f"--{_KEY}")]


def arguments(ports: Mapping[str, int]) -> List[str]:
    """Return the arguments that pass ports to ipykernel, by their names in a connection file."""
    return [f"--{_APPLICATION}{name}={port}" for name, port in ports.items()]


def is_of_connection(word: str) -> bool:
    """Return whether an argument is about the connection, and so cannot be an option for CASA."""
    name, value = _parted(word)
    return bool(value) and (name in _NAMES or name == "f" or word.startswith(f"--{_KEY}"))


def _parted(word: str) -> Tuple[str, str]:
    """Return the name and the value of ``--name=value``; two empty strings for anything else."""
    name, equals, value = word.partition("=")
    if not equals or not name.startswith("--"):
        return "", ""
    name = name[2:]
    return name[len(_APPLICATION) :] if name.startswith(_APPLICATION) else name, value
