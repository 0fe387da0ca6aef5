"""What a history's list and its PROV document say of calls by hand, of doubts, and of what is not known."""

from __future__ import annotations

import json

from casa_desktop.history import listing, prov_document
from casa_desktop.history.defaults import Defaults
from casa_desktop.history.flaggings import UNDO
from casa_desktop.history.models import Call, History, Start, Unknown

MS, IMAGE = "/data/my.ms", "/data/first.image"


def cleaned() -> Call:
    arguments = {"vis": "my.ms", "niter": 5, "mask": Unknown("cut")}
    call = Call("tclean", arguments, 1_795_953_519.0, 60.0, "6.7.0.31", ["HISTORY of my.ms"])
    call.inputs, call.outputs = {MS: "aa"}, {IMAGE: "bb"}
    call.hand, call.by_hand, call.notes = ["/data/first.hand"], "3 flags", ["It is not known.", "Twice."]
    return call


def test_a_prov_document_has_the_handwork_the_doubts_and_the_states() -> None:
    document = json.loads(
        prov_document.of(History(IMAGE, calls=[cleaned()], starts=[Start("/data/old.ms", True, "cc")]))
    )
    (activity,) = document["activity"].values()
    assert activity["history:handwork"] == "/data/first.hand"
    assert activity["history:by-hand"] == "3 flags"
    assert activity["history:doubt"] == "It is not known. Twice."
    assert activity["history:argument-niter"] == "5"
    assert "history:argument-mask" not in activity
    assert activity["prov:startTime"] < activity["prov:endTime"]
    states = {each["prov:location"]: each["history:digest"] for each in document["entity"].values()}
    assert states == {MS: "aa", IMAGE: "bb", "/data/old.ms": "cc"}


def test_a_list_says_what_is_not_known() -> None:
    unknown = Defaults("", "")
    (head, *rest) = listing.lines(History(IMAGE), unknown, False)
    assert head == "# first.image: nothing tells which call made it."
    assert "# The tasks' defaults are not known here, so that all arguments are shown." in rest
    undone = Call(UNDO, {}, 1_795_953_519.0, by_hand="1 flag")
    assert f"# {UNDO}" in list(listing.lines(History(MS, calls=[undone]), unknown, False))
