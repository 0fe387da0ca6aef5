from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import List

import pytest

from casa_desktop.errors import LinkFailed
from casa_desktop.system.messages import LONGEST_LINE, Decoder, Word, ask, encode

WORDS = [Word("inside"), Word("signal", 2), Word("ensure", {"name": "m31", "settings": {"geometry": "a\nb"}})]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_words_arrive_in_whatever_pieces_they_come(size: int) -> None:
    sent = b"".join(map(encode, WORDS))
    decoder, received = Decoder(), []
    for start in range(0, len(sent), size):
        received += decoder.feed(sent[start : start + size])
    assert received == WORDS


@pytest.mark.parametrize("line", [b"hello\n", b"[1, 2]\n", b'["one"]\n', b"{}\n", b"x" * (LONGEST_LINE + 1)])
def test_what_is_no_word_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (of json's as well as ours)
        Decoder().feed(line)


def _serve(path: Path, answer: bytes) -> threading.Thread:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def run() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_question_is_answered(root: Path) -> None:
    thread = _serve(root / "s", encode(Word("done")))
    assert ask(str(root / "s"), Word("ensure", {}), 5) == Word("done")
    thread.join()


@pytest.mark.parametrize(("answer", "reason"), [(b"", "it went away"), (b"nonsense\n", "Expecting value")])
def test_an_answer_that_is_none_is_one_clear_error(root: Path, answer: bytes, reason: str) -> None:
    thread = _serve(root / "s", answer)
    with pytest.raises(LinkFailed, match=reason):
        ask(str(root / "s"), Word("ensure", {}), 5)
    thread.join()


def test_a_launcher_that_has_gone_is_one_clear_error(root: Path) -> None:
    reasons: List[str] = []
    for name in ("never", "closed"):
        if name == "closed":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(root / name))
        with pytest.raises(LinkFailed) as caught:
            ask(str(root / name), Word("ensure", {}), 5)
        reasons.append(caught.value.reason)
    assert "No such file" in reasons[0]
    assert "refused" in reasons[1]
