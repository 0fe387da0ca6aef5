"""Print the process id behind each window of ``$DISPLAY`` that is asked to close, one a line, until killed.

A window manager sends WM_DELETE_WINDOW to the window's own program only; other programs can observe the message only
through X's RECORD extension (https://www.x.org/releases/X11R7.7/doc/recordproto/record.html). This is a separate
program because a recording connection can do nothing else, and because Xlib reads the cookie's path from the
environment. It imports nothing of this package, so that it can be run by its path.
"""

from __future__ import annotations

from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import record
from Xlib.protocol import rq

_NOTHING = {
    "core_requests": (0, 0),
    "core_replies": (0, 0),
    "ext_requests": (0, 0, 0, 0),
    "ext_replies": (0, 0, 0, 0),
    "device_events": (0, 0),
    "errors": (0, 0),
    "client_started": False,
    "client_died": False,
}


def main() -> None:
    """Record until killed, or until the display ends."""
    asking, recording = Display(), Display()
    delete, owner = asking.intern_atom("WM_DELETE_WINDOW"), asking.intern_atom("_NET_WM_PID")

    def tell(number: int) -> None:
        try:
            pid = asking.create_resource_object("window", number).get_full_property(owner, X.AnyPropertyType)
        except XError:
            # The window has already been closed.
            return
        if pid is not None:
            print(pid.value[0], flush=True)

    def hear(reply: Any) -> None:
        rest = reply.data
        while rest:
            event, rest = rq.EventField(None).parse_binary_value(rest, recording.display, None, None)
            if event.type == X.ClientMessage and event.data[0] == 32 and event.data[1][0] == delete:
                tell(event.window.id)

    wanted = {**_NOTHING, "delivered_events": (X.ClientMessage, X.ClientMessage)}
    context = recording.record_create_context(0, [record.AllClients], [wanted])
    recording.record_enable_context(context, hear)


if __name__ == "__main__":
    main()
