"""Print when the display in ``$DISPLAY`` last had input and which processes are connected to it, in JSON.

This is a separate program, because X's libraries read the cookie's path from the environment of their process.
``x11.uses`` runs it, and says what the answer means.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError
from Xlib.ext import res


def main() -> int:
    """Ask the X server; return the exit status."""
    try:
        display: Any = Display()
        # X counts milliseconds.
        quiet = display.screen().root.screensaver_query_info().idle / 1000
        answer = display.res_query_client_ids([{"client": 0, "mask": res.LocalClientPIDMask}])
    except (OSError, DisplayError, ConnectionClosedError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps({"quiet": quiet, "clients": sorted({each.value[0] for each in answer.ids if len(each.value)})}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
