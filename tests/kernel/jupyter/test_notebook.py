"""The browser's hello, and the modes that a notebook keeps."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple
from uuid import uuid4

import pytest
from casa_kernel.jupyter.notebook import clamp_ratio

from ...support.notebook import Cell, Notebook

LIVE_PLOTMS = {"default": "headless", "tasks": {"plotms": "live"}}
SHOW_RATIO = "print(get_ipython().kernel._front.pixel_ratio)"


# Has a kernel forget all hellos, modes and desktops.
FORGET = """
front = get_ipython().kernel._front
modes, desktop, reuse = front._modes, front._desktop, front._reuse
reuse.on = False
modes.set('headless')
desktop.use('main')
front.__init__()
front.pixel_ratio = 1.0
front.listen(modes, desktop, reuse)
"""


@pytest.fixture(scope="module")
def kernel(observation: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel in the folder of the observation."""
    with Notebook(observation, kernel_environment) as running:
        yield running


@pytest.fixture
def notebook(kernel: Notebook) -> Notebook:
    """A kernel that nobody has greeted yet, as far as it knows."""
    assert kernel.run(FORGET).error is None
    return kernel


def hello(notebook: Notebook, modes: Any = None, ratio: Any = 1, reuse: Any = None) -> List[Dict[str, Any]]:
    """Greet the kernel as JupyterLab's extension does; return the comms that it opens in answer."""
    data = {"action": "hello", "pixelRatio": ratio, "modes": modes, "reuse": reuse}
    answers = ask(notebook, "comm_open", {"comm_id": uuid4().hex, "target_name": "casa-desktop", "data": data})
    return [content["data"] for kind, content in answers if kind == "comm_open"]


def ask(notebook: Notebook, kind: str, content: Dict[str, Any]) -> List[Tuple[str, Dict[str, Any]]]:
    """Send the kernel a message; return what it sends until it is idle again: types and contents."""
    client = notebook.client
    message = client.session.msg(kind, content)
    client.shell_channel.send(message)
    answers = []
    while True:
        answer = client.get_iopub_msg(timeout=60)
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        answers.append((answer["msg_type"], answer["content"]))
        if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
            return answers


class Page:
    """A page that shows the notebook, and has said hello.

    Attributes:
        told: what it was told in answer.
    """

    def __init__(self, notebook: Notebook, modes: Any = None, desktop: Any = None) -> None:
        self._notebook, self._comm = notebook, uuid4().hex
        data = {"action": "hello", "pixelRatio": 1, "modes": modes, "desktop": desktop}
        self.told = self._ask("comm_open", target_name="casa-desktop", data=data)

    def _ask(self, kind: str, **content: Any) -> List[Dict[str, Any]]:
        answers = ask(self._notebook, kind, {"comm_id": self._comm, **content})
        return [told["data"] for kind, told in answers if kind == "comm_msg" and told["comm_id"] == self._comm]

    def ask(self, **data: Any) -> List[Dict[str, Any]]:
        return self._ask("comm_msg", data=data)

    def close(self) -> None:
        self._ask("comm_close", data={})

    def heard_in(self, cell: Cell) -> List[Any]:
        return [told["data"] for told in cell.of("comm_msg") if told["comm_id"] == self._comm]


def state(
    mode: str = "headless", tasks: Optional[Dict[str, str]] = None, desktop: str = "main", reuse: bool = False
) -> Dict[str, Any]:
    return {"action": "state", "mode": mode, "tasks": tasks or {}, "desktop": desktop, "reuse": reuse}


def saves(cell: Cell) -> List[Any]:
    return [opened["data"]["modes"] for opened in cell.of("comm_open") if opened["data"]["action"] == "modes"]


def test_the_modes_that_a_notebook_keeps_are_in_force_before_its_first_cell(
    tmp_path: Path, kernel_environment: Dict[str, str]
) -> None:
    with Notebook(tmp_path, kernel_environment) as fresh:
        assert hello(fresh, LIVE_PLOTMS) == []
        assert fresh.run("%casa_mode").text.splitlines()[1:] == ["live: plotms"]


def test_a_browser_that_said_hello_is_told_of_new_modes_and_no_other_is(notebook: Notebook) -> None:
    assert saves(notebook.run("%casa_mode live plotms")) == []
    # It had nothing kept, so it learns at once what was set before it came.
    assert hello(notebook) == [{"action": "modes", "modes": LIVE_PLOTMS}]
    assert saves(notebook.run("%casa_mode auto")) == [{"default": "auto", "tasks": {}}]


def test_a_page_that_comes_back_does_not_undo_what_was_set_meanwhile(notebook: Notebook) -> None:
    hello(notebook, LIVE_PLOTMS)
    notebook.run("%casa_mode auto")
    (told,) = hello(notebook, LIVE_PLOTMS)
    assert told["modes"] == {"default": "auto", "tasks": {}}
    assert notebook.run("%casa_mode").text.startswith("auto (")


def test_what_a_foreign_notebook_keeps_does_no_harm(notebook: Notebook) -> None:
    for modes in ("live", [1], {"default": ["live"], "tasks": {"plotms": "loud", "fly": "live"}}, {"tasks": 3}):
        assert hello(notebook, modes, ratio="wide") == []
    assert hello(notebook, {"default": "live", "tasks": {"fly": "live", "plotms": "auto"}}) == []
    assert notebook.run("%casa_mode").text.splitlines()[1:] == ["auto: plotms"]
    assert notebook.run(SHOW_RATIO).text == "1.0\n"


def test_the_pixel_ratio_is_the_browser_s(notebook: Notebook) -> None:
    hello(notebook, ratio=2)
    assert notebook.run(SHOW_RATIO).text == "2.0\n"


def test_a_page_is_told_of_modes_and_desktop_at_its_hello_and_at_each_change(notebook: Notebook) -> None:
    page = Page(notebook, LIVE_PLOTMS)
    assert page.told == [state(tasks={"plotms": "live"})]
    assert page.heard_in(notebook.run("%casa_mode auto")) == [state("auto")]
    assert page.heard_in(notebook.run("%casa_desktop m31")) == [state("auto", desktop="m31")]
    page.close()
    assert page.heard_in(notebook.run("%casa_mode live")) == []


def test_a_page_sets_the_mode_of_all_tasks_that_have_none_of_their_own(notebook: Notebook) -> None:
    page, other = Page(notebook, LIVE_PLOTMS), Page(notebook)
    assert page.ask(action="mode", mode="auto") == [state("auto", {"plotms": "live"})]
    assert notebook.run("%casa_mode").text.splitlines()[0].startswith("auto (")
    assert other.ask(action="mode", mode="headless") == [state(tasks={"plotms": "live"})]


def test_a_page_chooses_the_desktop(notebook: Notebook) -> None:
    page = Page(notebook)
    assert page.ask(action="desktop", name="m31") == [state(desktop="m31")]
    assert notebook.run("%casa_desktop").text.startswith("m31 (not running")


def test_a_page_switches_reuse_and_hears_of_it(notebook: Notebook) -> None:
    page = Page(notebook)
    assert page.ask(action="reuse", on=True) == [state(reuse=True)]
    assert notebook.run("print(get_ipython().kernel._reuse.on)").text == "True\n"
    cell = notebook.run("%casa_reuse off")
    assert page.heard_in(cell) == [state()]
    assert [told["data"] for told in cell.of("comm_open")] == [{"action": "reuse", "reuse": False}]


def test_what_a_notebook_keeps_of_reuse_is_in_force_until_it_is_switched(notebook: Notebook) -> None:
    hello(notebook, reuse=True)
    assert notebook.run("%casa_reuse").text.startswith("on")
    notebook.run("%casa_reuse off")
    # A page that comes back does not undo it, and learns what to keep.
    assert hello(notebook, reuse=True) == [{"action": "reuse", "reuse": False}]
    assert notebook.run("%casa_reuse").text.startswith("off")
    for nonsense in ("on", 1, {"on": True}):
        assert hello(notebook, reuse=nonsense) == [{"action": "reuse", "reuse": False}]


def test_a_page_that_asks_for_nonsense_is_told_so_and_nothing_changes(notebook: Notebook) -> None:
    page = Page(notebook)
    for asked, words in (
        ({"action": "desktop", "name": "../m31"}, "'../m31' is no name for a desktop"),
        ({"action": "desktop"}, "is no name for a desktop"),
        ({"action": "mode", "mode": ["live"]}, "is not one of headless, live, auto"),
        ({"action": "reuse", "on": "yes"}, "does not know 'yes'"),
        ({"action": "reuse"}, "does not know None"),
    ):
        (told,) = page.ask(**asked)
        assert words in told.pop("error")
        assert told == state()
    for nonsense in ({"action": "fly"}, {"action": ["mode"]}, {}):
        assert page.ask(**nonsense) == []


def test_a_notebook_s_own_desktop_is_in_use_until_another_one_is_chosen(notebook: Notebook) -> None:
    assert Page(notebook, desktop="ngc-5921").told == [state(desktop="ngc-5921")]
    notebook.run("%casa_desktop main")
    # A page that comes back does not undo it.
    assert Page(notebook, desktop="ngc-5921").told == [state()]


def test_a_bad_name_of_a_notebook_s_own_desktop_does_no_harm(notebook: Notebook) -> None:
    for name in ("a/b", "", 3, ["m31"]):
        assert Page(notebook, desktop=name).told == [state()]


@pytest.mark.parametrize("first", ["", "%casa_mode"])
def test_startup_py_stands_behind_what_the_notebook_keeps(
    tmp_path: Path, kernel_environment: Dict[str, str], first: str
) -> None:
    startup = tmp_path / "startup.py"
    startup.write_text("get_ipython().run_line_magic('casa_mode', 'auto')\n")
    with Notebook(tmp_path, kernel_environment, ["--startupfile", str(startup)]) as kernel:
        # startup.py runs when CASA is there, at the latest before the first cell.
        if first:
            assert kernel.run(first).text.startswith("auto (")
        assert hello(kernel, LIVE_PLOTMS) == []
        # What startup.py itself prints may stand before it.
        default, own = kernel.run("%casa_mode").text.splitlines()[-2:]
        assert default.startswith("headless (")
        assert own == "live: plotms"


@pytest.mark.parametrize(
    ("told", "ratio"),
    [(2, 2.0), (1.25, 1.25), (0.5, 1.0), (99, 3.0), (None, 1.0), ("2", 1.0), (True, 1.0), (math.nan, 1.0)],
)
def test_a_pixel_ratio_lies_between_one_and_three(told: Any, ratio: float) -> None:
    assert clamp_ratio(told) == ratio


@pytest.mark.parametrize("call", ["viewer('dirty.image')", "imview('dirty.image')", "plotants('sim.ms')"])
def test_a_picture_has_the_browser_s_pixels_and_the_same_size_to_the_eye(notebook: Notebook, call: str) -> None:
    sizes = []
    for ratio in (1, 2):
        hello(notebook, ratio=ratio)
        (content,) = (each for each in notebook.run(call).of("display_data") if "image/png" in each["data"])
        shown = content["metadata"]["image/png"]
        # The first chunk of a PNG holds the size.
        header = base64.b64decode(content["data"]["image/png"][:40])
        width = int.from_bytes(header[16:20], "big")
        assert abs(width - ratio * shown["width"]) <= ratio
        sizes.append((shown["width"], shown["height"]))
    assert max(abs(one - other) for one, other in zip(*sizes)) <= 1
