"""Keep key codes free for symbols that the keyboard layout lacks, such as Greek and Cyrillic letters on an English one.

A browser sends symbols (keysyms), but programs need key codes. Xvnc assigns a symbol without a key to the highest free
key code, together with the other case of the letter. Xvnc never frees such a key code. When none is left, it drops the
input silently; of 248 key codes about twenty are free at first (TigerVNC 1.12). So

- key codes of multimedia keys, which users of browsers do not have, are freed at once. If such a key is pressed, its
  symbol is assigned like any other;
- when few key codes are free, those that were pressed least recently are freed, except keys that are held down. This
  happens in a pause of the typing, because a program may not yet have looked up the last keys. Many key codes are kept
  free, because text that is pasted arrives at Xvnc at once; only if hardly any is free, there is no wait for a pause.

The key codes are stored in a property of the root window, so that the next agent of the desktop knows them.
"""

from __future__ import annotations

import math
import os
import socket
import struct
import time
from contextlib import suppress
from typing import Any, Collection, Dict, Iterable, List, Set, Tuple

from Xlib import X, Xatom
from Xlib.ext import xinput

from ..system.unix_sockets import connected
from .windows import Screen

# The symbols of XFree86 and Sun for volume, players, browsers and the like: X11/XF86keysym.h, X11/Sunkeysym.h.
_MULTIMEDIA = range(0x1005FF00, 0x10090000)
# This many are kept free, or two thirds of all spare key codes if that is fewer.
ALWAYS_FREE = 64
# How long a program may take to look up a key, in seconds, and how many times as long at most on a busy machine. After
# each change of the map a program asks the server several times.
_LOOK_UP_SECONDS = 2.0
_MOST_SHARING = 5.0
# If fewer are free, key codes are freed without waiting for a pause.
_URGENT = 16
# A change of more key codes than this at once is a change of the layout.
_LAYOUT = 100
_PROPERTY = "_CASA_DESKTOP_SPARE_KEYS"
_SHIFT = 0xFFE1

Symbols = Tuple[int, ...]


class SpareKeys:
    """The key codes of one display that the layout does not need.

    Args:
        screen: a connection to the display. The caller passes its events to ``take``, then calls ``settle``.

    Attributes:
        due: when ``settle`` must be called at the latest, in seconds of ``time.monotonic()``.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen, self._display = screen, screen.display
        self._info = self._display.display.info
        self.due = math.inf
        # The spare key codes with a symbol, and when they were last pressed; the least recently pressed one is first.
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
        rows = self._display.get_keyboard_mapping(first, last - first + 1)
        return {first + number: tuple(symbols) for number, symbols in enumerate(rows)}

    def _begin(self) -> None:
        """Find the key codes without a symbol, free those of multimedia keys, and store both in the property."""
        modifiers = {code for codes in self._display.get_modifier_mapping() for code in codes}
        now = self._mapping()
        empty = {code for code, symbols in now.items() if not any(symbols)}
        needless = {code for code, symbols in now.items() if _is_multimedia(symbols)} - modifiers - self._spare
        self._free(needless, now)
        self._spare |= empty | needless
        self._screen.root.change_property(self._screen.atom(_PROPERTY), Xatom.CARDINAL, 32, sorted(self._spare))

    def take(self, event: Any) -> None:
        """Process an X event if it concerns keys."""
        if event.type == X.MappingNotify and event.request == X.MappingKeyboard:
            if event.count > _LAYOUT:
                self._begin()
            self._changed = True
        elif self._is_press(event):
            self._pressed.append(_key_code(event))

    def settle(self) -> None:
        """Apply the changes from the events, and free some key codes if few are left."""
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
        rest = 0.0 if free < _URGENT else self._last_press + _patience() - now
        self.due = math.inf
        if lacking > 0 and rest > 0:
            self.due = now + rest
        elif lacking > 0:
            self._make_room(lacking, now, urgent=free < _URGENT)

    def _look(self, now: float) -> None:
        mapping = self._mapping()
        # Xvnc assigns the highest key code first.
        for code in sorted(self._spare, reverse=True):
            if not any(mapping[code]):
                self._used.pop(code, None)
            else:
                self._used.setdefault(code, now)

    def _make_room(self, lacking: int, now: float, *, urgent: bool) -> None:
        mapping, held = self._mapping(), self._held()
        # Many keys may have been pressed while this process waited for the answers, or for a processor.
        waiting = self._waiting()
        if waiting and not urgent:
            # So this is no pause.
            self.due = now
            return
        seconds = _patience()
        ready = (code for code, pressed in self._used.items() if now - pressed >= seconds)
        able = [code for code in ready if code not in held | waiting]
        self._free(able[:lacking], mapping)
        if len(able) < lacking:
            self.due = now + seconds

    def _free(self, codes: Collection[int], mapping: Dict[int, Symbols]) -> None:
        for run in _runs(codes):
            # One request per run: after each change every program reads the keyboard map again, and may lose what is
            # typed meanwhile.
            self._display.change_keyboard_mapping(run[0], [(X.NONE,) * len(mapping[run[0]])] * len(run))
        for code in codes:
            self._used.pop(code, None)
        self._display.flush()

    def _waiting(self) -> Set[int]:
        """Return the key codes of presses that have been received, but not passed to ``take`` yet."""
        # Receive all that is there.
        self._display.pending_events()
        return {_key_code(event) for event in list(self._display.display.event_queue) if self._is_press(event)}

    def _is_press(self, event: Any) -> bool:
        return bool(event.type == self._display.extension_event.GenericEvent and event.evtype == xinput.RawKeyPress)

    def _held(self) -> Set[int]:
        pressed = self._display.query_keymap()
        return {8 * byte + bit for byte, bits in enumerate(pressed) for bit in range(8) if bits & 1 << bit}


def look_up_seconds(load: float, processors: int) -> float:
    """Return how long a program may take to look up a key, in seconds; pure.

    Args:
        load: how many processes want to run, on average.
        processors: how many processors they share.
    """
    return _LOOK_UP_SECONDS * min(max(load / processors, 1.0), _MOST_SHARING)


def _patience() -> float:
    # Without /proc there is no load.
    with suppress(OSError):
        return look_up_seconds(os.getloadavg()[0], os.cpu_count() or 1)
    return _LOOK_UP_SECONDS


def _key_code(press: Any) -> int:
    # struct xXIRawEvent from its deviceid on: 2 bytes, the time (4 bytes), the key code (4 bytes).
    (code,) = struct.unpack_from("=2x4xI", press.data)
    return int(code)


def _runs(codes: Iterable[int]) -> List[List[int]]:
    """Return the numbers, sorted, in runs of consecutive numbers."""
    runs: List[List[int]] = []
    for code in sorted(codes):
        if not runs or code != runs[-1][-1] + 1:
            runs.append([])
        runs[-1].append(code)
    return runs


def _is_multimedia(symbols: Symbols) -> bool:
    given = [each for each in symbols if each]
    return bool(given) and all(each in _MULTIMEDIA for each in given)


def touch(rfb_socket: str) -> None:
    """Press Shift once through RFB, so that Xvnc has used its keyboard.

    At its very first key press Xvnc replaces the keyboard map by that of its keyboard device, and the first new symbol
    is lost with the former map (TigerVNC 1.12). The messages are those of RFC 6143.
    """
    # An Xvnc that answers differently, or has just ended, must not end the caller.
    with suppress(OSError, struct.error), connected(rfb_socket, 10) as server:
        server.settimeout(10)
        read = server.makefile("rb").read
        read(12)
        # Send the version, security type 1 (no password), and the shared flag, so that other views stay connected.
        server.sendall(b"RFB 003.008\n")
        read((read(1) or b"\0")[0])
        server.sendall(b"\1")
        read(4)
        server.sendall(b"\1")
        _, name = struct.unpack(">20sI", read(24))
        read(name)
        for down in (1, 0):
            server.sendall(struct.pack(">BBxxI", 4, down, _SHIFT))
        # When Xvnc closes the connection, it has processed all messages.
        server.shutdown(socket.SHUT_WR)
        while read(4096):
            pass
