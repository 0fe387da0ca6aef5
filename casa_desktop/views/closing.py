"""How the websocket of a view is closed: the codes and the reason, for a Jupyter server and for ``serve``."""

from __future__ import annotations

# RFC 6455, section 7.4.1, and IANA's registry of close codes: try again later, and policy violation.
GONE, REFUSED = 1013, 1008
# Our own code, for a view whose share link has expired or was withdrawn.
LINK_ENDED = 4403
WITHDRAWN = "This link was withdrawn."


def shortened(reason: str) -> str:
    """Return a reason, cut to the 123 bytes that fit into a close frame (RFC 6455, section 5.5)."""
    return reason.encode()[:123].decode(errors="ignore")
