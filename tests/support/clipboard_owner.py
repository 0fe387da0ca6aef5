"""A program on the desktop that has copied a secret, and gives it to all who ask."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import AsyncIterator

from . import living

_OWNER = """
import sys
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol.event import SelectionNotify
display = Display()
window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
targets, text = map(display.intern_atom, ("TARGETS", "UTF8_STRING"))
for name in sys.argv[1:]:
    window.set_selection_owner(display.intern_atom(name), X.CurrentTime)
display.sync()
print("owned", flush=True)
while True:
    event = display.next_event()
    if event.type == X.SelectionRequest:
        if event.target == targets:
            event.requestor.change_property(event.property, Xatom.ATOM, 32, [targets, text, Xatom.STRING])
        else:
            event.requestor.change_property(event.property, event.target, 8, b"a secret")
        event.requestor.send_event(SelectionNotify(time=event.time, requestor=event.requestor,
            selection=event.selection, target=event.target, property=event.property))
        display.flush()
"""


@asynccontextmanager
async def copied(*selections: str) -> AsyncIterator[None]:
    """Have the text ``a secret`` copied for the length of a with block, on the display of DISPLAY.

    Args:
        selections: X's names of where it is: CLIPBOARD, PRIMARY.
    """
    with living.started([sys.executable, "-c", _OWNER, *selections], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        await asyncio.to_thread(program.stdout.readline)
        yield
