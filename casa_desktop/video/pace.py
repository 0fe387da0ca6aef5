"""How many frames of video may be on their way to a view. Pure: times in, a number out."""

from __future__ import annotations

from collections import deque
from typing import Deque

# Two are on their way at least: one is decoded while the next is encoded.
LEAST, MOST = 2, 12
# One more for each such part of the shortest trip, in seconds: a frame at 60 per second.
INTERVAL = 1 / 60
# A trip that takes so much longer than the shortest, in seconds, waits in a queue, before a click's answer. Then fewer
# are sent, by this factor: one late frame may as well be a busy processor's.
QUEUED = 0.08
FEWER = 0.7
# The shortest trip is taken of so many.
_REMEMBERED = 64


class Pace:
    """The frames of one view that have been sent and not been shown.

    A view that shows them slowly is sent few: the window grows with the length of the link, and shrinks to one frame
    while they wait in a queue.
    """

    def __init__(self) -> None:
        self._window = float(LEAST)
        self._sent: Deque[float] = deque()
        self._trips: Deque[float] = deque(maxlen=_REMEMBERED)

    def sent(self, now: float) -> None:
        """Count a frame that was sent."""
        self._sent.append(now)

    def shown(self, now: float) -> None:
        """Count the oldest frame as shown; a view that says so too often is not believed."""
        if not self._sent:
            return
        trip = now - self._sent.popleft()
        self._trips.append(trip)
        shortest = min(self._trips)
        if trip > shortest + QUEUED:
            self._window = max(1.0, FEWER * self._window)
        else:
            self._window = min(self._window + 1, LEAST + int(shortest / INTERVAL), MOST)

    def restart(self) -> None:
        """Forget the frames on their way: another stream begins."""
        self._sent.clear()

    @property
    def room(self) -> int:
        """How many more frames may be sent now."""
        return max(0, int(self._window) - len(self._sent))
