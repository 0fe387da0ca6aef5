"""Print what this image has, in JSON: its Python distributions and its Debian packages, with versions and licences."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from typing import Dict, List

# Debian's fields, one package a line.
FORMAT = "${binary:Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n"


def python_packages() -> List[Dict[str, str]]:
    """Return the distributions that this Python finds."""
    found = {}
    for one in metadata.distributions():
        fields = one.metadata
        licence = fields.get("License-Expression") or fields.get("License") or ""
        # Some put the whole text there.
        licence = licence.strip().split("\n")[0][:80]
        found[fields["Name"]] = {"name": fields["Name"], "version": one.version, "licence": licence}
    return [found[name] for name in sorted(found, key=str.lower)]


def debian_packages() -> List[Dict[str, str]]:
    """Return the installed Debian packages."""
    text = subprocess.run(["dpkg-query", "-W", "-f", FORMAT], stdout=subprocess.PIPE, check=True).stdout.decode()
    rows = [line.split("\t") for line in text.splitlines()]
    return [
        {"name": name.partition(":")[0], "version": version, "architecture": architecture}
        for name, version, architecture, status in rows
        if status == "installed"
    ]


def system() -> Dict[str, str]:
    """Return what /etc/os-release says."""
    with open("/etc/os-release", encoding="utf-8") as file:
        pairs = [line.rstrip("\n").split("=", 1) for line in file if "=" in line]
    return {name: value.strip('"') for name, value in pairs}


if __name__ == "__main__":
    json.dump(
        {
            "python": sys.version.split()[0],
            "system": system(),
            "distributions": python_packages(),
            "packages": debian_packages(),
        },
        sys.stdout,
        indent=1,
    )
