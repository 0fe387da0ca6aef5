"""Whatever is fed to what reads from files, sockets and variables: it is understood, or refused by the error meant."""

from __future__ import annotations

import json
import os
import struct
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casa_desktop.containers.container import Container
from casa_desktop.containers.engines import ENGINES
from casa_desktop.desktop import open_url, x_server_source
from casa_desktop.errors import CasaDesktopError, InvalidContainer, InvalidSetting, ProtocolViolation
from casa_desktop.launchers import kernel
from casa_desktop.runtime import directory
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import Settings
from casa_desktop.system.messages import LONGEST_LINE, Decoder, Word, encode
from casa_desktop.views import share_links
from casa_desktop.views.rfb_filter import ClientStream, Filter
from casa_desktop.views.viewers import Audience

from ..support.examples import SHARED

words = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)
# Deeper than Python's reader of JSON goes, and not longer than a line of the lifeline may be.
DEEP = "[" * 60_000


def _fields(kind: Any) -> Any:
    """Objects with some of a dataclass's fields, and whatever in them."""
    return st.dictionaries(st.sampled_from(sorted(kind.__dataclass_fields__)) | words, json_values, max_size=7)


# The lifeline


@given(st.lists(st.builds(Word, words, json_values), max_size=5), st.lists(st.integers(1, 40)))
def test_words_are_read_as_they_were_said_however_they_are_cut(said: List[Word], cuts: List[int]) -> None:
    decoder, heard, rest = Decoder(), [], b"".join(map(encode, said))
    for size in cuts:
        heard += decoder.feed(rest[:size])
        rest = rest[size:]
    assert repr(heard + decoder.feed(rest)) == repr(said)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode() + b"\n"))
@example(DEEP.encode() + b"\n")
@example(b"9" * 5000 + b"\n")
@example(b"\xff" * LONGEST_LINE + b"\n")
def test_whatever_is_said_is_words_or_a_value_error(said: bytes) -> None:
    with suppress(ValueError):
        for word in Decoder().feed(said):
            assert type(word.kind) is str


@given(json_values | st.fixed_dictionaries({"name": words, "settings": _fields(Settings), "timeout": json_values}))
@example({"name": "../main", "settings": {}, "timeout": 1})
@example({"name": "main", "settings": {"idle_minutes": 10**400}, "timeout": 1})
@example({"name": "..", "settings": {}, "timeout": 10**400})
def test_a_question_from_inside_that_makes_no_sense_is_answered_with_its_error(value: Any) -> None:
    if isinstance(value, dict) and "name" in value:
        # The others' may be the name of a desktop, which would start.
        value = {**value, "name": value["name"] + "/"}
    answer = kernel.answer(Word("ensure", value), Container("bwrap"))
    assert answer is not None
    assert answer.kind == "failed"
    assert answer.value["text"]


# Containers, and where X servers are


@given(json_values | _fields(Container).map(lambda given: {"engine": "podman", "image": "i", **given}))
@example({"engine": {}})
@example({"engine": [[]]})
@example({"engine": "bwrap", "python": "\ud800"})
@example({"engine": "bwrap", "options": ["\ud800"]})
def test_a_container_is_one_or_refused_as_a_container(value: Any) -> None:
    with suppress(InvalidContainer):
        container = Container.from_dict(value)
        assert container.engine in ENGINES
        assert Container.from_dict(json.loads(json.dumps(container.as_dict()))) == container
        for word in (container.image, container.network, container.python, *container.options, *container.binds):
            assert b"\0" not in os.fsencode(word)


@given(st.text() | json_values.map(json.dumps))
@example(DEEP)
def test_a_description_of_a_container_is_one_or_refused(text: str) -> None:
    with suppress(InvalidContainer):
        assert kernel.parsed_container(text).engine in ENGINES


@SHARED
@given(st.binary() | st.text().map(lambda text: text.encode(errors="replace")) | json_values.map(json.dumps))
@example(DEEP)
@example(b"\xff\xfe")
@example('"own"')
def test_where_x_servers_come_from_is_understood_or_an_invalid_setting(tmp_path: Path, said: Any) -> None:
    file = tmp_path / "casa-desktop" / "x-server.json"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(said if isinstance(said, bytes) else said.encode())
    told = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": "/nowhere"}
    with suppress(InvalidSetting):
        assert x_server_source.chosen(told).source in ("", str(file))


# Connection files


@SHARED
@given(
    st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | words.map(lambda ip: json.dumps({"transport": "ipc", "ip": ip}).encode())
)
@example(b"[]")
@example(DEEP.encode())
@example(b'{"transport": "ipc", "ip": "ROOT/.kernels/../k"}')
@example(b'{"transport": "ipc", "ip": "ROOT/.kernels/./k"}')
@example(b'{"transport": "ipc", "ip": "\\u0000"}')
def test_a_connection_file_leads_to_a_berth_or_is_refused(root: Path, content: bytes) -> None:
    path = root / "connection.json"
    path.write_bytes(content.replace(b"ROOT", bytes(root)))
    with suppress(OSError, ValueError, CasaDesktopError):
        connection, berth = kernel.prepared_connection(path)
        assert isinstance(connection, dict)
        # Directly below the folder of berths, and never that folder or one above it.
        assert berth.folder.parent == root / ".kernels"
        assert berth.folder.name not in ("", ".", "..")


# Links and shares


@SHARED
@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
@example(DEEP.encode())
@example(b'"https://example.org/"')
@example(b'"' + b"x" * 1_000_000 + b'"')
def test_a_link_s_file_is_an_address_or_nothing_and_is_gone_afterwards(tmp_path: Path, content: bytes) -> None:
    at = directory.Places(tmp_path)
    at.links.mkdir(exist_ok=True)
    (at.links / "a.json").write_bytes(content)
    for address in open_url.take(at):
        assert open_url.checked(address) == address
    assert list(at.links.iterdir()) == []


NOW = time.time()
sensible = share_links.Share("0" * 16, "label", NOW + 3600, "0" * 64)


@pytest.fixture
def record(root: Path) -> Record:
    """A desktop's, of which there is no more than a folder."""
    folder = root / "main"
    folder.mkdir()
    return Record("main", ":7", str(folder / "X"), str(folder / "rfb.sock"), 1, 1, NOW, "1")


@SHARED
@given(st.binary() | json_values.map(json.dumps) | _fields(share_links.Share).map(
    lambda given: json.dumps({**asdict(sensible), **given})))  # fmt: skip
@example(DEEP)
@example(json.dumps({**asdict(sensible), "expires": float("inf")}))
@example(json.dumps({**asdict(sensible), "expires": 1e300}))
@example(json.dumps({**asdict(sensible), "expires": float("nan")}))
def test_a_share_s_file_is_a_link_that_ends_within_a_day_or_is_removed(record: Record, content: Any) -> None:
    folder = directory.places("main").shares
    folder.mkdir(exist_ok=True)
    path = folder / "0000000000000000.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = share_links.valid(record)
    assert path.exists() == bool(found)
    for share in found:
        assert 0 < share.expires - time.time() <= 60 * (share_links.MOST_MINUTES + 60)


# The words and the messages of a browser


class Nobody:
    """A connection at whose other end nobody is."""

    def tell(self, words: Any) -> None:
        json.dumps(words)

    def end(self, code: int, reason: str) -> None:
        assert code >= 1000

    def rescale(self, ratio: float) -> None:
        assert 1 <= ratio <= 4


said_by_pages = st.builds(
    lambda kind, given: json.dumps({**given, "type": kind}),
    st.sampled_from(["ping", "visible", "control", "scale", "link", "audience"]),
    st.dictionaries(st.sampled_from(["id", "visible", "ratio"]), json_values, max_size=3),
)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), said_by_pages | words), max_size=8))
@example([(0, DEEP)])
@example([(0, "9" * 900)])
@example([(0, '{"type": "ping", "id": 1e999}')])
def test_of_many_views_at_most_one_controls_whatever_they_say(said: Any) -> None:
    audience = Audience()
    views = [audience.join("main", Nobody(), share=share) for share in ("", "", "a")]
    for number, text in said:
        with suppress(ProtocolViolation):
            views[number].receive(text)
        assert sum(view.controls for view in views) <= 1
        assert not views[2].controls
    for view in views:
        view.leave()
    assert audience.count("main") == 0


GREETING = b"RFB 003.008\n\1\1"
# Messages whose lengths are told by themselves, with lengths that are never right.
lying = st.one_of(
    st.builds(lambda kind, rest: bytes([kind]) + rest, st.integers(0, 255), st.binary(max_size=30)),
    st.builds(lambda size, rest: struct.pack(">B3xi", 6, size) + rest, st.integers(-(2**31), 2**31 - 1), st.binary()),
    st.builds(lambda count, rest: struct.pack(">BxH", 2, count) + rest, st.integers(0, 0xFFFF), st.binary()),
)


@given(st.lists(lying | st.binary(), max_size=6).map(b"".join), st.booleans(), st.lists(st.integers(1, 30)))
def test_the_filter_passes_on_the_same_however_the_bytes_are_cut(data: bytes, looks: bool, cuts: List[int]) -> None:
    whole, pieces = _filtered(looks, [data]), _filtered(looks, _cut(data, cuts))
    # What is refused is refused at the same place: nothing before it is lost, and nothing behind it passes.
    assert whole[1] == pieces[1]
    assert pieces[0].startswith(whole[0])


def _cut(data: bytes, cuts: List[int]) -> List[bytes]:
    pieces = []
    for size in cuts:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def _filtered(looks: bool, pieces: List[bytes]) -> Any:
    filter_, passed = Filter(view_only=looks), b""
    try:
        for piece in [GREETING, *pieces]:
            passed += filter_.feed(piece).data
    except ProtocolViolation as error:
        return passed, error.found
    return passed, ""


@given(st.lists(lying, max_size=8).map(b"".join))
def test_a_view_that_may_only_look_sends_nothing_else_whatever_it_tries(data: bytes) -> None:
    passed, _ = _filtered(True, [data])
    with suppress(ProtocolViolation):
        stream = ClientStream()
        kinds = {message.kind for message in stream.feed(passed)}
        assert not kinds & {4, 5, 250, 251, 255}
