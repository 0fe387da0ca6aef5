"""Errors as a page of one sentence. Jupyter's own error page holds the token of the server's owner."""

from __future__ import annotations

import html
from contextlib import suppress
from http.client import responses
from typing import Any

PAGE = '<!doctype html><meta charset="utf-8"><title>CASA Desktop</title><p>{}</p>\n'


class PlainErrors:
    """For handlers whom guests may ask: each of their errors is one sentence, in a page without configuration.

    Jupyter renders its template ``page.html`` for any error of a handler. Whoever is known to the handler gets the
    server's token in it, as ``data-jupyter-api-token`` (jupyter_server 2.21), and with it everything.
    """

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the sentence; called by tornado."""
        handler: Any = self
        failure = kwargs.get("exc_info", (None, None, None))[1]
        handler.set_header("Content-Type", "text/html; charset=utf-8")
        handler.set_header("Cache-Control", "no-store")
        # The address may be half of what it takes to look.
        handler.set_header("Referrer-Policy", "no-referrer")
        handler.finish(PAGE.format(html.escape(_sentence(status_code, failure))))


def _sentence(status_code: int, failure: Any) -> str:
    words = ""
    # Of an HTTPError it is what was to be told; other failures' words may hold anything.
    with suppress(AttributeError, TypeError, ValueError):
        words = failure.log_message % failure.args
    return words or f"{responses.get(status_code, 'Error')} ({status_code})."
