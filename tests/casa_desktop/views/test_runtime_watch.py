from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from casa_desktop.desktop import lifecycle
from casa_desktop.views import runtime_watch
from casa_desktop.views.runtime_watch import Lookout

pytest_plugins = ["pytest_jupyter.jupyter_server"]


class News:
    """Writes down that something has changed."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.warnings: list[str] = []
        self.lookout = Lookout(self._changed.set, self.warnings.append)
        self.lookout.start()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, looking only when there is news; the test's time limit ends a vain wait."""
        while not condition():
            await self._changed.wait()
            self._changed.clear()


async def _in_thread(function: Callable[..., Any], *args: Any) -> None:
    await asyncio.to_thread(function, *args)


def _names(root: Path) -> list[str]:
    return list(runtime_watch.running(root))


async def test_desktops_that_others_start_and_end_are_news(root: Path) -> None:
    news = News()
    for name in ("main", "m31"):
        await _in_thread(lifecycle.ensure, name)
        await news.until(lambda name=name: name in _names(root))  # type: ignore[misc]
    await _in_thread(lifecycle.stop, "main")
    await news.until(lambda: _names(root) == ["m31"])
    news.lookout.close()


async def test_a_root_that_goes_and_comes_back_is_watched_again(root: Path) -> None:
    news = News()
    for _ in range(2):
        await _in_thread(lifecycle.ensure)
        await news.until(lambda: _names(root) == ["main"])
        await _in_thread(lifecycle.stop)
        await news.until(lambda: _names(root) == [])
        assert not root.exists()
    news.lookout.close()


async def test_a_root_whose_parents_are_missing_is_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = root / "a" / "b" / "run"
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(deep))
    news = News()
    await _in_thread(lifecycle.ensure)
    await news.until(lambda: _names(deep) == ["main"])
    await _in_thread(lifecycle.stop)
    await news.until(lambda: _names(deep) == [])
    await _in_thread(shutil.rmtree, root / "a")
    await _in_thread(lifecycle.ensure)
    await news.until(lambda: _names(deep) == ["main"])
    await _in_thread(lifecycle.stop)
    news.lookout.close()


async def test_watching_makes_no_root(root: Path) -> None:
    root.rmdir()
    news = News()
    assert runtime_watch.running(root) == {}
    news.lookout.close()
    assert not root.exists()


async def test_a_dropped_link_is_news(root: Path) -> None:
    await _in_thread(lifecycle.ensure)
    news = News()
    folder = root / "main" / "links"
    await news.until(lambda: True)
    (folder / "x.part").write_text("")
    (folder / "x.part").rename(folder / "x.json")
    await news.until((folder / "x.json").exists)
    news.lookout.close()


async def test_desktops_in_a_root_that_others_may_enter_are_none_until_it_is_closed(root: Path) -> None:
    await _in_thread(lifecycle.ensure)
    root.chmod(0o777)
    assert _names(root) == []
    news = News()
    root.chmod(0o700)
    await news.until(lambda: _names(root) == ["main"])
    news.lookout.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make folders of somebody else's")
async def test_desktops_in_a_root_that_somebody_else_has_made_are_none(root: Path) -> None:
    await _in_thread(lifecycle.ensure)
    os.chown(root, 20_001, -1)
    assert _names(root) == []
    os.chown(root, os.getuid(), -1)


EXHAUSTED = """
import asyncio, os, resource
from casa_desktop.views.runtime_watch import Lookout
warnings = []
async def main():
    # inotify's own limits are everybody's on this machine; to have no descriptor left looks the same from here.
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    Lookout(lambda: None, warnings.append).start()
asyncio.run(main())
print(*warnings, sep="\\n")
"""


def test_a_machine_without_watches_to_give_costs_the_news_and_nothing_else(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", EXHAUSTED], capture_output=True, text=True, check=True)
    (sentence,) = done.stdout.splitlines()
    assert sentence.startswith("Desktops cannot be watched: ")
    assert "fs.inotify.max_user_instances" in sentence
