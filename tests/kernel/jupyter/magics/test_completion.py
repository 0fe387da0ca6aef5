"""What the Tab key offers behind the magics, and what ``%casa_reuse`` says to each word."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Set

import pytest

from casa_desktop.handwork.flag_records import FLAGS
from casa_desktop.handwork.record import STEPS

from ....support.notebook import Notebook


@pytest.fixture(scope="module")
def handwork(observation: Path) -> None:
    """A record of masks, and one of flags, by their names alone."""
    for file in (observation / "first.hand" / STEPS, observation / "sim.ms.hand" / "0001" / FLAGS):
        file.parent.mkdir(parents=True)
        file.write_text("{}")


def offered(notebook: Notebook, code: str) -> Set[str]:
    return set(notebook.client.complete(code, reply=True, timeout=60)["content"]["matches"])


@pytest.mark.parametrize(
    ("code", "words", "others"),
    [
        ("%casa_mode ", ["live", "headless", "auto"], ["plotms"]),
        ("%casa_mode live plotm", ["plotms"], ["live"]),
        ("%casa_reuse ", ["on", "off", "why", "limit", "forget"], ["tclean"]),
        ("%casa_reuse forget tclea", ["tclean"], ["forget"]),
        ("%casa_reuse why spli", ["split"], ["why"]),
        ("%casa_hand ", ["list", "show", "apply", "undo", "export"], ["first.hand"]),
        ("%casa_hand show ", ["first.hand"], ["sim.ms.hand/0001", "show"]),
        ("%casa_hand apply ", ["sim.ms.hand", "sim.ms.hand/0001"], ["first.hand", "apply"]),
        ("%casa_hand export ", ["first.hand", "sim.ms.hand", "sim.ms.hand/0001"], ["export"]),
        ("%casa_history --", ["--all", "--script", "--prov", "--crate"], ["dirty.image"]),
        ("%casa_history dirty.im", ["dirty.image"], ["--all"]),
    ],
)
def test_words_and_names_are_offered(
    notebook: Notebook, handwork: None, code: str, words: Sequence[str], others: Sequence[str]
) -> None:
    # IPython adds what might go on there as Python.
    found = offered(notebook, code)
    assert set(words) <= found
    assert not set(others) & found


def test_results_are_forgotten_by_their_task_and_their_files(notebook: Notebook) -> None:
    made = notebook.run(
        "from casatasks import immath\n%casa_reuse on\n"
        "_ = immath('dirty.image', expr='IM0+1', outfile='one.image')\n"
        "_ = immath('dirty.image', expr='IM0+2', outfile='two.image')"
    )
    assert made.error is None
    assert notebook.run("%casa_reuse forget one.image").text == "1 result of one.image forgotten.\n"
    assert notebook.run("%casa_reuse forget immath").text == "1 result of immath forgotten.\n"
    assert notebook.run("%casa_reuse forget immath").text == "0 results of immath forgotten.\n"
    assert "0 bytes of at most 5 GB" in notebook.run("%casa_reuse limit 5 GB").text
    refused = notebook.run("%casa_reuse forgt immath")
    assert refused.error is not None
    assert refused.error["ename"] == "BadReuse"
