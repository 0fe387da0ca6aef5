"""The websocket between Xvnc and guests with a share link: what they may send, how fast, and until when."""

from __future__ import annotations

import asyncio
import time

from ..errors import NoSuchShare, ProtocolViolation, Shortage, SwitchedOff
from ..runtime.record import Record
from ..system.token_bucket import Budget
from ..views import share_links
from ..views.closing import GONE, LINK_ENDED, REFUSED
from .file_gates import SHARES
from .state import SHARE_RESOURCE
from .websocket import PIECE, DesktopSocketHandler

# A guest's limit in bytes per second; each frame costs some extra bytes. Our page requests at most 240 pictures per
# second and answers as many fences, which takes two thirds of the limit.
GUEST_BYTES, FRAME_COST = 1 << 15, 32
# A guest's limit for dropped messages, per second and in a burst, before the connection is closed. Our page sends none;
# other clients may send every pointer movement.
GUEST_REFUSED, GUEST_REFUSED_AT_ONCE = 500, 4000


class SharedSocketHandler(DesktopSocketHandler):
    """``<base>casa-desktop/api/shared/<token>/rfb``: the websocket for guests, until the share link ends.

    It reads from a guest no faster than a view-only page sends.
    """

    auth_resource = SHARE_RESOURCE
    action = "read"

    def initialize(self) -> None:
        """Set the guest's limits; called by tornado."""
        super().initialize()
        self._budget = Budget(GUEST_BYTES, GUEST_BYTES)
        self._refused = Budget(GUEST_REFUSED, GUEST_REFUSED_AT_ONCE)

    @property
    def max_message_size(self) -> int:
        """The longest frame that a guest may send, in bytes; read by tornado."""
        return PIECE

    def may_join(self, record: Record, share: str) -> bool:
        """Return whether the link has room for one more view; if not, refuse the view."""
        most: int = self.settings["casa_desktop"].share_views
        room = self.reception.audience.count(record.name, share) < most
        if not room:
            self.refuse(GONE, f"This link has {most} views already, the maximum.")
        return room

    def count_refused(self, number: int) -> None:
        """Raise when a guest keeps sending messages that are not allowed.

        Raises:
            ProtocolViolation: the limit for dropped messages is exceeded.
        """
        if self._refused.spend(number):
            raise ProtocolViolation(REFUSED, "too many messages that guests may not send")

    async def open(self, token: str) -> None:
        """Connect to the desktop that the link shares; called by tornado."""
        if not self.settings["casa_desktop"].sharing:
            return self.refuse(LINK_ENDED, str(SwitchedOff(SHARES)))
        try:
            record, share = share_links.find(token)
        except Shortage as error:
            return self.refuse(GONE, str(error))
        except NoSuchShare:
            return self.refuse(LINK_ENDED, "This link has expired or was withdrawn.")
        self._expires = share.expires
        self._wait_for_the_end()
        self._pace()
        await self.connect(record, share.id)

    def _pace(self) -> None:
        """Make tornado wait after each frame until the guest's limit allows the next; later frames wait in the network.

        Control frames, which tornado answers itself, and fragments, which it buffers, count like all other frames; they
        are visible only here.
        """
        connection = self.ws_connection
        receive = connection._receive_frame

        async def receive_and_wait() -> None:
            start = connection._wire_bytes_in
            await receive()
            wait = self._budget.spend(FRAME_COST + connection._wire_bytes_in - start)
            if wait:
                await asyncio.sleep(wait)

        connection._receive_frame = receive_and_wait

    def on_pong(self, data: bytes) -> None:
        """Check whether the link has expired; a timer does not run while the computer sleeps. Called by tornado."""
        super().on_pong(data)
        if self.view is not None:
            self._timer.cancel()
            self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        left = self._expires - time.time()
        if left <= 0:
            return self.refuse(LINK_ENDED, "This link has expired.")
        # Check again when the timer fires: the system clock may be set, and the loop's clock stops during sleep.
        self._timer = asyncio.get_running_loop().call_later(left, self._wait_for_the_end)

    def on_close(self) -> None:
        """Cancel the timer as well; called by tornado."""
        super().on_close()
        if hasattr(self, "_timer"):
            self._timer.cancel()
