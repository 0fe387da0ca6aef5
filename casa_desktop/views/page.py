"""The HTML of the page, for Jupyter's server and for ``serve``. Does not import Jupyter."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any, Dict, Optional

PAGE_FOLDER = Path(__file__).parents[1] / "static" / "page"


def filled(
    base_url: str,
    name: str,
    *,
    share: str = "",
    remedy: str = "",
    lab: bool,
    desktop: Optional[Dict[str, Any]] = None,
    websocket: str = "",
) -> str:
    """Return the page's HTML with its configuration filled in.

    Args:
        base_url: the server's base URL; ends in a slash.
        name: the desktop's name.
        share: the token of the share link; empty for the desktop's owner.
        remedy: sentences for users who have lost the server: where they find the next one; empty for a Jupyter server.
        lab: whether the server is a Jupyter server, with its files and its JupyterLab.
        desktop: the model of the desktop, if it is running already.
        websocket: the path of the desktop's websocket, which the page opens first of all; empty where the page's script
            asks for the desktop before.

    Raises:
        FileNotFoundError: the front end has not been built.
    """
    text = (PAGE_FOLDER / "index.html").read_text(encoding="utf-8")
    words: Dict[str, Any] = {"baseUrl": base_url, "name": name, "token": "", "share": share, "lab": lab}
    if remedy:
        words["remedy"] = remedy
    if desktop:
        words["desktop"] = desktop
    if websocket:
        words["websocket"] = websocket
    config = json.dumps(words)
    # Inside <script>, only '<' can end the element. JSON allows an escape for it.
    text = text.replace("{{ config }}", config.replace("<", "\\u003c"))
    return text.replace("{{ static_url }}", html.escape(f"{base_url}casa-desktop/static/"))


def not_built(error: FileNotFoundError) -> str:
    """Return the message for a page that has not been built."""
    return f"The page has not been built: {error.filename} is missing."
