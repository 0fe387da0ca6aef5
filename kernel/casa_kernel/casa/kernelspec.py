"""Write this CASA's version into the name of the kernelspec ``casa``: ``python -m casa_kernel.casa.kernelspec``.

The wheel contains a kernelspec that is named CASA, because the version of CASA is not known when the wheel is built.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Optional


def casa_version() -> Optional[str]:
    """Return the version of the installed CASA like ``6.7.0``, without importing it; None if CASA is not installed."""
    try:
        version = metadata.version("casatasks")
    except metadata.PackageNotFoundError:
        return None
    # The fourth number counts builds.
    return ".".join(version.split(".")[:3])


def name_version(prefix: Path) -> str:
    """Write CASA's version into the kernelspec below ``prefix``; return the kernelspec's new name.

    Raises:
        OSError: there is no kernelspec, or it cannot be written.
    """
    path = prefix / "share" / "jupyter" / "kernels" / "casa" / "kernel.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    version = casa_version()
    spec["display_name"] = f"CASA {version}" if version else "CASA"
    path.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
    return str(spec["display_name"])


def main() -> int:
    """Write the version into the kernelspec of this Python; return the exit status."""
    try:
        print(name_version(Path(sys.prefix)))
    except OSError as error:
        print(f"The kernelspec was left as it is: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
