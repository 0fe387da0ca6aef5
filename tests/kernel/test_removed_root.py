"""A logout, or a cleaner of /tmp, takes the runtime directory from under a kernel that holds hours of work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Dict, Iterator, List

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from ..casa_desktop.network.test_isolate import within
from ..support.living import below, line_of, with_word
from ..support.notebook import Notebook
from ..support.processes import MARK, ended, with_guards


@pytest.fixture(scope="module")
def root(place: Path) -> Path:
    """The runtime directory of this module's kernel."""
    return place / "rr"


@pytest.fixture(scope="module")
def notebook(observation: Path, environment: Dict[str, str], root: Path) -> Iterator[Notebook]:
    """A kernel with work in its memory, whose runtime directory was removed."""
    with Notebook(observation, {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(root)}) as kernel:
        assert kernel.run("import os; work = 7").error is None
        shutil.rmtree(root)
        yield kernel


def _newcomer(notebook: Notebook) -> Any:
    """Return a client that connects now, as a page does that is opened again."""
    sockets = [Path(f"{notebook.manager.ip}-{number}") for number in range(1, 6)]
    # A link may lead to a process that has ended.
    assert within(30, lambda: all(map(os.path.exists, sockets)))
    client = BlockingKernelClient()
    client.load_connection_file(notebook.manager.connection_file)
    client.start_channels()
    client.wait_for_ready(timeout=30)
    return client


def test_who_comes_later_reaches_the_kernel_and_its_work(notebook: Notebook, root: Path) -> None:
    for _ in range(2):
        client = _newcomer(notebook)
        reply = client.execute("work += 1", reply=True, timeout=30)
        client.stop_channels()
        assert reply["content"]["status"] == "ok"
        # Once more, with what was made in their place.
        shutil.rmtree(root)
    client = _newcomer(notebook)
    client.stop_channels()
    assert notebook.run("print(work)").text == "9\n"


def test_who_comes_later_reaches_it_though_what_led_there_was_killed(notebook: Notebook, root: Path) -> None:
    for is_removed in (False, True):
        _newcomer(notebook).stop_channels()
        [helper] = _helpers(notebook)
        if is_removed:
            shutil.rmtree(root)
        helper.kill()
        assert ended([helper])
        _newcomer(notebook).stop_channels()
        assert _helpers(notebook) != [helper]


def _helpers(notebook: Notebook) -> List[psutil.Process]:
    """Return the kernel's host helper, without what starts it again."""
    name = "casa_desktop.launchers.host_helper"
    return [each for one in with_word(below(notebook.pid), name) for each in below(one.pid) if name in line_of(each)]


def test_pictures_go_on(notebook: Notebook, root: Path) -> None:
    for _ in range(2):
        assert "image/png" in notebook.run("viewer('dirty.image')").displayed[0]
        shutil.rmtree(root)


def test_windows_and_the_mask_editor_s_scripts_go_on(notebook: Notebook, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    cell = notebook.run("viewer('dirty.image', gui=True)")
    assert cell.error is None
    assert len(list(root.glob(".kernel-*/python"))) == 1
    # With its desktop; the next window opens on another one.
    shutil.rmtree(root)
    cell = notebook.run("viewer('dirty.image', gui=True)")
    assert cell.error is None
    assert "The CASA Desktop" in str(notebook.run("%casa_snapshot").displayed)
    stopped = notebook.run("from casa_desktop.desktop import lifecycle; print(lifecycle.stop())")
    assert stopped.text == "True\n"


def test_nothing_is_left_of_it_when_it_restarts_and_ends(notebook: Notebook, root: Path) -> None:
    notebook.manager.restart_kernel(now=True)
    notebook.client.wait_for_ready(timeout=60)
    assert "image/png" in notebook.run("viewer('dirty.image')").displayed[0]
    notebook.client.stop_channels()
    # The guard of the one that was killed may still tidy up, too.
    processes = with_guards({MARK: str(root)})
    notebook.manager.shutdown_kernel()
    assert ended(processes)
    assert not root.exists()
