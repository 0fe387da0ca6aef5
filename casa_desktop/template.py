"""The page's HTML, as both Jupyter's server and ``serve`` send it. No Jupyter here."""

from __future__ import annotations

import html
import json
from pathlib import Path

PAGE_FOLDER = Path(__file__).parent / "static" / "page"


def filled(base_url: str, name: str, *, share: str = "", lab: bool) -> str:
    """Return the page, told where it is and what it shows.

    Args:
        base_url: where the server's addresses begin; ends in a slash.
        name: the desktop.
        share: the token of the link by which it is looked at, if it is.
        lab: whether a Jupyter server is behind it, with its files and its JupyterLab.

    Raises:
        FileNotFoundError: the front end has not been built.
    """
    text = (PAGE_FOLDER / "index.html").read_text(encoding="utf-8")
    config = json.dumps({"baseUrl": base_url, "name": name, "token": "", "share": share, "lab": lab})
    # Inside <script> only '<' could end the element; JSON can say it otherwise.
    text = text.replace("{{ config }}", config.replace("<", "\\u003c"))
    return text.replace("{{ static_url }}", html.escape(f"{base_url}casa-desktop/static/"))


def not_built(error: FileNotFoundError) -> str:
    """Return the sentence for who asks for a page that has not been built."""
    return f"The page has not been built: {error.filename} is missing."
