#!/opt/casa/bin/python
"""Ask this container's Jupyter server whether it answers: the image's health check.

A server writes its port and base URL where Jupyter's run-time files are; ``/api`` answers without a token. That of
JupyterHub's single-user server is found in the same way.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir


def main() -> str:
    """Return what is wrong, or an empty text."""
    found = sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        return f"No Jupyter server has written its address into {jupyter_runtime_dir()}."
    said = json.loads(found[-1].read_text(encoding="utf-8"))
    # Not by the container's name: a proxy or the network could stand between.
    url = f"http://127.0.0.1:{said['port']}{said['base_url']}api"
    # Proxies of the environment are not for this.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=8) as answer:
            json.load(answer)["version"]
    except (OSError, KeyError, ValueError) as error:
        return f"The Jupyter server at {url} does not answer: {error}"
    return ""


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main() or 0)
