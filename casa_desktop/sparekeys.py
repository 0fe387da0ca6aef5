"""Room for symbols that the keyboard's layout lacks, as Greek and Cyrillic letters on an English one.

A browser sends symbols, and programs want key codes. Xvnc gives a symbol that no key has to a key code without any, the
highest one, together with the other case of the letter. It never takes it back, and drops silently what is typed when
none is left; of 248 some twenty are free at first (TigerVNC 1.12). So

- key codes of multimedia keys, which no browser's user has, are freed at once; pressed all the same they are new
  symbols like any other;
- when few are free, those are freed that were pressed least recently, but none that is held down, and in a pause of the
  typing: a program may not have asked yet what the last keys mean. Many stay free, because what is typed at once comes
  to Xvnc at once; only when hardly any is left is no pause waited for.

The key codes in question are kept in a property of the root window, for the next caretaker to know them.
"""

from __future__ import annotations

import math
import socket
import struct
import time
from contextlib import suppress
from typing import Any, Collection, Dict, Iterable, List, Set, Tuple

from Xlib import X, Xatom
from Xlib.ext import xinput

from .unixsockets import connected
from .windows import Screen

# The symbols of XFree86 and Sun for volume, players, browsers and the like: X11/XF86keysym.h, X11/Sunkeysym.h.
_MULTIMEDIA = range(0x1005FF00, 0x10090000)
# So many are kept free, or two thirds of all where there are fewer.
ALWAYS_FREE = 64
# What a program may take to look a key up, in seconds.
_LOOK_UP_SECONDS = 2.0
# With fewer than so many there is no time for a pause.
_URGENT = 16
# A change of this many at once is another layout.
_LAYOUT = 100
_PROPERTY = "_CASA_DESKTOP_SPARE_KEYS"
_SHIFT = 0xFFE1

Symbols = Tuple[int, ...]


class SpareKeys:
    """The key codes of one display that no layout needs.

    Args:
        screen: the connection to it; its events are to be handed to ``take``, and then ``settle`` to be called.

    Attributes:
        due: when ``settle`` is to be called at the latest, in seconds of ``time.monotonic()``.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen, self._display = screen, screen.display
        self._info = self._display.display.info
        self.due = math.inf
        # Those with a symbol and when they were pressed last, the one first that was pressed least recently.
        self._used: Dict[int, float] = {}
        self._pressed: List[int] = []
        self._last_press = -math.inf
        self._changed = True
        self._spare: Set[int] = set(screen.numbers(screen.root, _PROPERTY))
        screen.root.xinput_select_events([(xinput.AllMasterDevices, xinput.RawKeyPressMask)])
        self._begin()
        self.settle()

    def _mapping(self) -> Dict[int, Symbols]:
        first, last = self._info.min_keycode, self._info.max_keycode
        found = self._display.get_keyboard_mapping(first, last - first + 1)
        return {first + number: tuple(symbols) for number, symbols in enumerate(found)}

    def _begin(self) -> None:
        """Take stock: what is empty, and what nobody has a key for."""
        modifiers = {code for codes in self._display.get_modifier_mapping() for code in codes}
        now = self._mapping()
        empty = {code for code, symbols in now.items() if not any(symbols)}
        needless = {code for code, symbols in now.items() if _is_multimedia(symbols)} - modifiers - self._spare
        self._free(needless, now)
        self._spare |= empty | needless
        self._screen.root.change_property(self._screen.atom(_PROPERTY), Xatom.CARDINAL, 32, sorted(self._spare))

    def take(self, event: Any) -> None:
        """Take one of X's events, if it is about keys."""
        if event.type == X.MappingNotify and event.request == X.MappingKeyboard:
            if event.count > _LAYOUT:
                self._begin()
            self._changed = True
        elif event.type == self._display.extension_event.GenericEvent and event.evtype == xinput.RawKeyPress:
            # struct xXIRawEvent from its deviceid on: 2 bytes, the time, the key code.
            (code,) = struct.unpack_from("=2x4xI", event.data)
            self._pressed.append(code)

    def settle(self) -> None:
        """See what the events have changed, and free some key codes if few are left."""
        now = time.monotonic()
        if self._changed:
            self._look(now)
        for code in self._pressed:
            if self._used.pop(code, None) is not None:
                self._used[code] = now
        self._last_press = now if self._pressed else self._last_press
        self._changed, self._pressed = False, []
        free = len(self._spare) - len(self._used)
        lacking = min(ALWAYS_FREE, 2 * len(self._spare) // 3) - free
        rest = self._last_press + _LOOK_UP_SECONDS - now
        self.due = math.inf
        if lacking > 0 and rest > 0 and free >= _URGENT:
            self.due = now + rest
        elif lacking > 0:
            self._make_room(lacking, now)

    def _look(self, now: float) -> None:
        mapping = self._mapping()
        # The highest is taken first.
        for code in sorted(self._spare, reverse=True):
            if not any(mapping[code]):
                self._used.pop(code, None)
            else:
                self._used.setdefault(code, now)

    def _make_room(self, lacking: int, now: float) -> None:
        held = self._held()
        able = [code for code, pressed in self._used.items() if now - pressed >= _LOOK_UP_SECONDS and code not in held]
        self._free(able[:lacking], self._mapping())
        if len(able) < lacking:
            self.due = now + _LOOK_UP_SECONDS

    def _free(self, codes: Collection[int], mapping: Dict[int, Symbols]) -> None:
        for run in _runs(codes):
            # Each change has every program ask for its keys anew, and what is typed meanwhile may be lost on it.
            self._display.change_keyboard_mapping(run[0], [(X.NONE,) * len(mapping[run[0]])] * len(run))
        for code in codes:
            self._used.pop(code, None)
        self._display.flush()

    def _held(self) -> Set[int]:
        pressed = self._display.query_keymap()
        return {8 * byte + bit for byte, bits in enumerate(pressed) for bit in range(8) if bits & 1 << bit}


def _runs(codes: Iterable[int]) -> List[List[int]]:
    """Return the numbers in runs without a gap."""
    found: List[List[int]] = []
    for code in sorted(codes):
        if not found or code != found[-1][-1] + 1:
            found.append([])
        found[-1].append(code)
    return found


def _is_multimedia(symbols: Symbols) -> bool:
    given = [each for each in symbols if each]
    return bool(given) and all(each in _MULTIMEDIA for each in given)


def touch(rfb_socket: str) -> None:
    """Have Xvnc use its keyboard once, by pressing Shift.

    With its first key of all it takes over that keyboard's own map, and the first new symbol is lost with the other
    one (TigerVNC 1.12). The messages are those of RFC 6143.
    """
    # One that greets otherwise, or has just ended, is no reason to stay away.
    with suppress(OSError, struct.error), connected(rfb_socket, 10) as server:
        server.settimeout(10)
        read = server.makefile("rb").read
        read(12)
        # The version; no password; other views stay.
        server.sendall(b"RFB 003.008\n")
        read((read(1) or b"\0")[0])
        server.sendall(b"\1")
        read(4)
        server.sendall(b"\1")
        _, name = struct.unpack(">20sI", read(24))
        read(name)
        for down in (1, 0):
            server.sendall(struct.pack(">BBxxI", 4, down, _SHIFT))
        # Its end is the end of all that it has done.
        server.shutdown(socket.SHUT_WR)
        while read(4096):
            pass
