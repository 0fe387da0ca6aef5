"""The websocket between Xvnc and guests who look by a link: what is read of them, how fast, and until when."""

from __future__ import annotations

import asyncio
import time

from . import shares
from .budget import Budget
from .errors import NoSuchShare, ProtocolViolation, Shortage
from .proxy import PIECE, DesktopSocketHandler
from .reception import LINK_ENDED, SHARE_RESOURCE
from .runtime import Record

# What a guest's page may send: bytes per second, where a frame counts for some more. A page asks for each of at most
# 240 pictures per second, and answers as many fences; that is two thirds of it.
GUEST_BYTES, FRAME_COST = 1 << 15, 32
# Messages of a guest that are dropped, per second and at once, before he is put out: our page sends none, others may
# send each movement of the pointer.
GUEST_REFUSED, GUEST_REFUSED_AT_ONCE = 500, 4000


class SharedSocketHandler(DesktopSocketHandler):
    """``<base>casa-desktop/api/shared/<token>/rfb``: the same for who may look, until the link ends.

    It reads no more of a guest than a page sends that looks, however much there is.
    """

    auth_resource = SHARE_RESOURCE
    action = "read"

    def initialize(self) -> None:
        """Set what a guest may send; called by tornado."""
        super().initialize()
        self._budget = Budget(GUEST_BYTES, GUEST_BYTES)
        self._refused = Budget(GUEST_REFUSED, GUEST_REFUSED_AT_ONCE)

    @property
    def max_message_size(self) -> int:
        """The longest frame that a guest may send, in bytes; asked by tornado."""
        return PIECE

    def may_join(self, record: Record, share: str) -> bool:
        """Tell whether the link has not as many views as it may have, or refuse one more."""
        most: int = self.settings["casa_desktop"].share_views
        room = self.reception.audience.count(record.name, share) < most
        if not room:
            self.refuse(1013, f"This link is followed by {most} views already, which is the most.")
        return room

    def count_refused(self, number: int) -> None:
        """End the connection of a guest who sends what he may not again and again.

        Raises:
            ProtocolViolation: it was too often.
        """
        if self._refused.spend(number):
            raise ProtocolViolation(1008, "too much of what a guest's view may not")

    async def open(self, token: str) -> None:
        """Connect to the desktop that the link shows; called by tornado."""
        try:
            record, share = shares.find(token)
        except Shortage as error:
            return self.refuse(1013, str(error))
        except NoSuchShare:
            return self.refuse(LINK_ENDED, "This link has expired or was withdrawn.")
        self._expires = share.expires
        self._wait_for_the_end()
        self._pace()
        await self.connect(record, share.id)

    def _pace(self) -> None:
        """Have tornado wait after each frame until the budget allows it; what comes meanwhile waits in the network.

        Frames that tornado answers itself, or keeps until more of their message comes, count like all others; they are
        not seen anywhere else.
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
        """Look whether the link has ended meanwhile, which a timer does not see while the server sleeps; by tornado."""
        super().on_pong(data)
        if self.view is not None:
            self._timer.cancel()
            self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        left = self._expires - time.time()
        if left <= 0:
            return self.refuse(LINK_ENDED, "This link has expired.")
        # Looked at again then, for the time may be set. The loop's clock stands still while the computer sleeps.
        self._timer = asyncio.get_running_loop().call_later(left, self._wait_for_the_end)

    def on_close(self) -> None:
        """Forget the timer as well; called by tornado."""
        super().on_close()
        if hasattr(self, "_timer"):
            self._timer.cancel()
