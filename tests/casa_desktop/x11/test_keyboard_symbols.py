"""What is typed in other alphabets than the layout's: a terminal on a real desktop reads all of it."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator, List, Set, TextIO

import pytest
from Xlib import X
from Xlib.display import Display

from casa_desktop.desktop import registry
from casa_desktop.x11 import keyboard_symbols
from casa_desktop.x11.keyboard_symbols import ALWAYS_FREE, SpareKeys, look_up_seconds
from casa_desktop.x11.windows import Screen

from ...benchmarks import rfb
from ...support.living import below, started, with_word

RETURN = 0xFF0D
# A program may still have to look up a key that was pressed just now: key codes are freed some seconds later.
PATIENCE = 30.0


class Keyboard:
    """Presses keys as a browser does."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(path)
        stream = self._socket.makefile("rb")
        rfb.greet(stream.read, self._socket.sendall)

    def type(self, text: str, *, at_once: bool = True) -> None:
        """Type a line."""
        strokes = [self.key(_symbol(each), True) + self.key(_symbol(each), False) for each in text]
        strokes.append(self.key(RETURN, True) + self.key(RETURN, False))
        for piece in [b"".join(strokes)] if at_once else strokes:
            self._socket.sendall(piece)

    def press(self, character: str) -> None:
        """Press a key, and hold it down."""
        self._socket.sendall(self.key(_symbol(character), True))

    @staticmethod
    def key(symbol: int, down: bool) -> bytes:
        return struct.pack(">BBxxI", 4, down, symbol)

    def close(self) -> None:
        self._socket.close()


def _symbol(character: str) -> int:
    """Return X's symbol of a character: Latin-1's are themselves, others have their Unicode number with a mark."""
    return ord(character) if ord(character) < 0x100 else 0x1000000 | ord(character)


def _alphabet(first: int, count: int) -> str:
    return "".join(map(chr, range(first, first + count)))


GREEK, CYRILLIC = _alphabet(0x3B1, 25) + _alphabet(0x391, 17), _alphabet(0x410, 64)
ARMENIAN, GEORGIAN, HEBREW = _alphabet(0x531, 38), _alphabet(0x10D0, 33), _alphabet(0x5D0, 27)


@pytest.fixture
def keyboard(display: Display) -> Iterator[Keyboard]:
    """The keyboard of a view of the desktop ``main``, once there is room for many symbols."""
    root = display.screen().root
    # The agent says which key codes are spare when it has freed all those of multimedia keys.
    spare = display.intern_atom("_CASA_DESKTOP_SPARE_KEYS")
    _until(display, lambda: root.get_full_property(spare, X.AnyPropertyType) is not None)
    assert _free(display) >= 100
    found = Keyboard(registry.running().rfb_socket)
    yield found
    found.close()


@pytest.fixture
def terminal(display: Display, root: Path) -> Iterator[Callable[[], str]]:
    """A terminal with the keyboard's focus; what returns the next line that it has read."""
    fifo = root / "lines"
    os.mkfifo(fifo)
    # A terminal that still begins may lose what is typed. It is ready when it answers how it is: "ESC [ 5 n" (ECMA-48).
    ask = "stty -echo -icanon; printf '\\033[5n'; head -c 4 >/dev/null; stty icanon"
    script = f"{ask}; exec >{fifo}; echo ready; exec cat"
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    with started(["xterm", "-u8", "-e", "sh", "-c", script], env=env, stderr=subprocess.DEVNULL) as program:
        with fifo.open(encoding="utf-8") as lines:
            assert _line(lines) == "ready"
            _until(display, lambda: _has_focus(display))
            yield lambda: _line(lines)
        program.kill()


@pytest.fixture
def screen(display: Display) -> Iterator[Screen]:
    """A connection to the display as the agent has one."""
    found = Screen()
    yield found
    found.display.close()


@pytest.fixture
def spare(display: Display, keyboard: Keyboard, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpareKeys]:
    """Ours instead of the agent's, which is stopped; key codes may be freed again at once."""
    (agent,) = with_word(below(registry.running().supervisor_pid), "casa_desktop.desktop.agent")
    monkeypatch.setattr(keyboard_symbols, "_LOOK_UP_SECONDS", 0.0)
    agent.send_signal(signal.SIGSTOP)
    yield SpareKeys(screen)
    agent.send_signal(signal.SIGCONT)


def _has_focus(display: Display) -> bool:
    """Return whether some window has the keyboard's focus; before the window manager is ready, nothing says so."""
    active = display.screen().root.get_full_property(display.intern_atom("_NET_ACTIVE_WINDOW"), X.AnyPropertyType)
    return active is not None and any(active.value[:1])


def _line(lines: TextIO) -> str:
    assert select.select([lines], [], [], PATIENCE)[0], "nothing was read"
    return lines.readline().rstrip("\n")


def _until(display: Display, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, asked whenever X tells something."""
    display.screen().root.change_attributes(event_mask=X.PropertyChangeMask)
    deadline = time.monotonic() + PATIENCE
    while not condition():
        left = deadline - time.monotonic()
        assert display.pending_events() or select.select([display], [], [], max(left, 0))[0], "it never came"
        display.next_event()


def _mapping(display: Display) -> List[List[int]]:
    return [list(each) for each in display.get_keyboard_mapping(8, 248)]


def _free(display: Display) -> int:
    return sum(not any(symbols) for symbols in _mapping(display))


def _await_room(display: Display) -> None:
    _until(display, lambda: _free(display) >= ALWAYS_FREE)


def _await_symbols(display: Display, text: str) -> None:
    _until(display, lambda: _symbols(text) <= _given(display))


def _symbols(text: str) -> Set[int]:
    return {_symbol(each) for each in text}


def _given(display: Display) -> Set[int]:
    return {symbol for symbols in _mapping(display) for symbol in symbols}


def _take_all(keys: SpareKeys, screen: Screen) -> None:
    screen.display.sync()
    while screen.display.pending_events():
        keys.take(screen.display.next_event())


def test_all_symbols_of_several_alphabets_are_read_however_quickly_they_are_typed(
    display: Display, keyboard: Keyboard, terminal: Callable[[], str]
) -> None:
    lines = [
        GREEK + "plain",
        "".join(map("".join, zip(CYRILLIC, "abcdefgh" * 8))),
        ARMENIAN,
        CYRILLIC[::-1],
        GEORGIAN + HEBREW,
        GREEK[::-1],
    ]
    for number, line in enumerate(lines):
        keyboard.type(line, at_once=number % 2 == 0)
        assert terminal() == line
        _await_room(display)
        # The terminal has taken note of it, too.
        keyboard.type("and")
        assert terminal() == "and"


def test_the_very_first_symbol_is_not_lost(display: Display, keyboard: Keyboard, terminal: Callable[[], str]) -> None:
    keyboard.type("ξ")
    assert terminal() == "ξ"


def test_a_key_that_is_held_down_and_the_layout_s_own_keep_their_symbols(display: Display, keyboard: Keyboard) -> None:
    before = _mapping(display)
    layout = [number for number, symbols in enumerate(before) if any(symbols)]
    keyboard.press("ж")
    while not any(display.query_keymap()):
        # X tells nobody who has no window.
        display.sync()
    (held,) = [
        8 * byte + bit for byte, bits in enumerate(display.query_keymap()) for bit in range(8) if bits >> bit & 1
    ]
    for line in (GREEK, CYRILLIC[:30], ARMENIAN):
        keyboard.type(line)
        display.sync()
    _await_room(display)
    now = _mapping(display)
    assert 0x1000000 | ord("ж") in now[held - 8] or 0x6D6 in now[held - 8]
    assert [now[number] for number in layout] == [before[number] for number in layout]


def test_a_key_that_is_pressed_while_key_codes_are_freed_keeps_its_symbol(
    display: Display, keyboard: Keyboard, screen: Screen, spare: SpareKeys
) -> None:
    keyboard.type(GREEK + CYRILLIC)
    _await_symbols(display, GREEK + CYRILLIC)
    _take_all(spare, screen)
    # Those that were pressed least recently are pressed again, which the events that were taken do not tell.
    keyboard.type(GREEK[:5] + ARMENIAN[:1])
    _await_symbols(display, ARMENIAN[:1])
    spare.settle()
    _await_room(display)
    assert _symbols(GREEK[:5] + ARMENIAN[:1]) <= _given(display)


@pytest.mark.parametrize(
    ("load", "processors", "seconds"),
    [(0.0, 2, 2.0), (2.0, 2, 2.0), (3.0, 2, 3.0), (25.0, 2, 10.0), (25.0, 64, 2.0)],
)
def test_programs_have_longer_to_look_up_a_key_on_a_busy_machine(load: float, processors: int, seconds: float) -> None:
    assert look_up_seconds(load, processors) == seconds
