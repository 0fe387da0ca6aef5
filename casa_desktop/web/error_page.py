"""Error pages of one sentence. Jupyter's own error page contains the token of the server's owner."""

from __future__ import annotations

import html
from contextlib import suppress
from http.client import responses
from typing import Any

_PAGE = '<!doctype html><meta charset="utf-8"><title>CASA Desktop</title><p>{}</p>\n'


def error_page(sentence: str) -> str:
    """Return the HTML of an error page."""
    return _PAGE.format(html.escape(sentence))


class PlainErrors:
    """Mixin for handlers that guests can reach: each error is one sentence, on a page without configuration.

    For any error of a handler, Jupyter renders its template ``page.html``. For users that the handler recognises, that
    page contains the server's token, as ``data-jupyter-api-token`` (jupyter_server 2.21), which gives full access.
    """

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with one sentence; called by tornado."""
        handler: Any = self
        failure = kwargs.get("exc_info", (None, None, None))[1]
        handler.set_header("Content-Type", "text/html; charset=utf-8")
        handler.set_header("Cache-Control", "no-store")
        # The address may contain a share link's token, so other sites must not see it.
        handler.set_header("Referrer-Policy", "no-referrer")
        handler.finish(error_page(_sentence(status_code, failure)))


def _sentence(status_code: int, failure: Any) -> str:
    words = ""
    # An HTTPError's message is meant for the user; other exceptions' messages may contain anything.
    with suppress(AttributeError, TypeError, ValueError):
        words = failure.log_message % failure.args
    return words or f"{responses.get(status_code, 'Error')} ({status_code})."
