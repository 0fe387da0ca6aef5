"""Print what to install with the CASA of ``$CASA``, from pyproject.toml: ``requirements.py pyproject.toml``.

For combinations of CASA and Python that no file in ``locks`` pins. Without ``$CASA`` it is the extra ``casa``'s own.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any, Dict, List

try:
    import tomllib
except ModuleNotFoundError:
    # pip has one of its own for Pythons before 3.11.
    from pip._vendor import tomli as tomllib  # type: ignore[no-redef]

EXTRAS = ("casa", "lab", "image")
# casatasks asks for casatools of the very same version; casashell follows them.
CASA = re.compile(r"(casatools|casatasks|casashell)==")


def requirements(project: Dict[str, Any], casa: str) -> List[str]:
    """Return the project's requirements, with another version of CASA than its own if ``casa`` names one."""
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    if not casa:
        return wanted
    others = [line for line in wanted if not CASA.match(line)]
    # What the wheels of old releases do not say; the kernel does.
    old = ["numpy<2", "matplotlib<3.8"] if tuple(map(int, casa.split(".")[:3])) < (6, 6, 5) else []
    return [*others, *(f"{name}=={casa}" for name in ("casatools", "casatasks", "casashell")), *old]


if __name__ == "__main__":
    document = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print("\n".join(requirements(document["project"], os.environ.get("CASA", ""))))
