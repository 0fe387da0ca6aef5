"""What a call prints, heard in a real kernel and printed again."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

import pytest

from ...support.notebook import Cell, Notebook

BEGIN = """
import json, os, sys, threading
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from casa_kernel.jupyter.printed import Printed
from casa_kernel.reuse.capture import Capture

printed = Printed(get_ipython().kernel._native)

def others():
    thread = threading.Thread(target=print, args=("unheard",))
    thread.start()
    thread.join()

def hear(work):
    capture = Capture(get_ipython().kernel._front, printed, Path("none.log"))
    with capture:
        work()
    kept = [each for each in capture.shown() if "text" in each]
    display({"application/json": json.dumps(kept)}, raw=True)
    return kept
"""


def kept(cell: Cell) -> List[Dict[str, Any]]:
    assert cell.error is None, cell.error
    (found,) = (json.loads(each["application/json"]) for each in cell.displayed)
    return list(found)


def text(stream: str, said: str, native: bool = False) -> Dict[str, Any]:
    return {"stream": stream, "text": said, "native": native}


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("(print('one'), sys.stdout.write('two'))", [text("stdout", "one\ntwo")]),
        (
            "(print('a'), print('b', file=sys.stderr), print('c'))",
            [text("stdout", "a\n"), text("stderr", "b\n"), text("stdout", "c\n")],
        ),
        ("os.write(1, b'by C\\n')", [text("stdout", "by C\n", native=True)]),
        ("os.write(2, 'Ångström'.encode())", [text("stderr", "Ångström", native=True)]),
        ("others()", []),
        ("None", []),
    ],
)
def test_what_a_call_prints_is_heard_and_printed_again(
    notebook: Notebook, work: str, expected: List[Dict[str, Any]]
) -> None:
    cell = notebook.run(f"{BEGIN}os.write(1, b'before')\nfound = hear(lambda: {work})\nos.write(1, b'after')")
    assert kept(cell) == expected
    again = notebook.run("for each in found: printed.again(each['stream'], each['text'], each['native'])")
    assert _streams(again) == _streams(cell, without=("before", "after", "unheard\n"))


def _streams(cell: Cell, without: Tuple[str, ...] = ()) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for each in cell.of("stream"):
        said = each["text"]
        for other in without:
            said = said.replace(other, "")
        found[each["name"]] = found.get(each["name"], "") + said
    return {name: said for name, said in found.items() if said}


def test_text_that_a_cell_catches_is_heard_too(notebook: Notebook) -> None:
    cell = notebook.run(f"{BEGIN}with redirect_stdout(StringIO()) as caught:\n    hear(lambda: print('mine'))")
    assert kept(cell) == [text("stdout", "mine\n")]
    assert cell.text == ""
    assert "mine" in notebook.run("print(caught.getvalue(), type(sys.stdout).__name__)").text


def test_of_a_flood_the_beginning_is_kept(notebook: Notebook) -> None:
    cell = notebook.run(f"{BEGIN}hear(lambda: [print('x' * 99) for _ in range(10010)])")
    first, cut = kept(cell)
    assert (len(first["text"]), cut["stream"]) == (1_000_000, "stderr")
    assert cut["text"] == "… 1,000 characters more were printed then.\n"
