"""One user of the hub in a browser, who simulates, images, looks and cleans with a drawn mask, over and over.

``Stay`` runs this module as a program in the observatory: only there are the desktop's X server and its cookie, by
which it is seen when a window is there. All that the user does goes through the page.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterator, Tuple

from playwright.sync_api import Error, expect, sync_playwright

from ..support.hub import log_in
from ..support.lab import Canvas, Lab, Notebook, ask, colours
from ..support.mask_editor import TITLE, MaskEditor, peak
from ..support.screen import Screen
from ..system.conftest import BROWSERS, CHROMIUM
from .observatory import PASSWORD

SIZE = 128
SIMULATE = """
sky("sky.cl")
observe("sim", "alma.cycle1.1", 600)
print("simulated:", sorted(os.listdir()))
"""
IMAGE = f'tclean(vis="sim.ms", imagename="dirty", imsize={SIZE}, cell="0.4arcsec", specmode="mfs", niter=0); None'
CLEAN = f"""
result = tclean(vis="sim.ms", imagename="clean", imsize={SIZE}, cell="0.4arcsec", niter=40, cycleniter=20,
                interactive=True)
print("iterations:", result["iterdone"])
"""
READ = """
import json
ia.open("clean.mask")
drawn = ia.getchunk()[:, :, 0, 0].nonzero()
ia.close()
print("mask:", json.dumps([axis.tolist() for axis in drawn]))
"""
# Each round has a folder of its own, which goes with it.
BEGIN = """
import os, shutil, sys, tempfile
if {modules!r} not in sys.path:
    sys.path.append({modules!r})
from simulate import observe, sky
HOME = os.path.expanduser("~")
os.chdir(tempfile.mkdtemp(dir=HOME))
"""
END = """
folder = os.getcwd()
os.chdir(HOME)
shutil.rmtree(folder)
"""
MODULES = str(Path(__file__).resolve().parents[1] / "support" / "observation")
CELLS = (BEGIN.format(modules=MODULES), SIMULATE, IMAGE, 'viewer("dirty.image")', 'viewer("dirty.image", gui=True)')
CELLS += (CLEAN, READ, END)
# How long a cell may take on a busy machine, in seconds.
PATIENCE = 300.0
# From a window's upper right corner to the middle of its closing button, in pixels.
CROSS = 14


class Astronomer:
    """A user with an open notebook.

    Args:
        lab: JupyterLab, with the user logged in.
        desktops: the folder of the desktops of the user's server.
    """

    def __init__(self, lab: Lab, desktops: Path) -> None:
        self._lab, self._desktops = lab, desktops
        self._notebook = Notebook(lab.page)

    def round(self) -> None:
        """Simulate, image, look and clean; all that the user should see is seen.

        Raises:
            AssertionError, Error, TimeoutError: something was not as it should be.
        """
        self._run(0)
        assert "'sim.ms'" in self._run(1)
        self._run(2)
        self._run(3)
        assert peak(self._notebook.picture(3)) > 150, "the source in the middle of the picture is not bright"
        self._run(4)
        canvas = self._lab.desktop()
        with self._screen() as screen:
            canvas.wait_for_size_of(screen)
            self._look(screen, canvas)
            before = self._start(5)
            editor = MaskEditor.wait_for(screen, canvas, PATIENCE)
            corners = editor.draw((0.40, 0.62), (0.58, 0.38))
            editor.go_on()
            assert "iterations: 40" in self._finish(5, before)
            editor.wait_until_gone()
        assert editor.is_mask_of(self._run(6).split("mask:")[1], corners, SIZE), "the mask is another than was drawn"
        self._run(7)

    def _look(self, screen: Screen, canvas: Canvas) -> None:
        """See the image in the window of the viewer, and close the window."""
        window = screen.wait_for_window(TITLE, PATIENCE)
        screen.wait_until(lambda: colours(window.cut(screen.pixels())) > 100, "image in the window", PATIENCE)
        screen.wait_until_still()
        assert colours(window.cut(canvas.pixels())) > 50, "the page does not show the image"
        (window,) = [each for each in screen.windows() if TITLE in each.title]
        canvas.click((window.left + window.width - CROSS, window.top - CROSS))
        screen.wait_until_gone(TITLE)

    def _screen(self) -> Screen:
        record: Any = json.loads((self._desktops / "main" / "record.json").read_text())
        return Screen(record)

    def _run(self, number: int) -> str:
        """Run a cell to its end, and return what it puts out."""
        return self._finish(number, self._start(number))

    def _start(self, number: int) -> str:
        """Start a cell, and return the prompt of its last run."""
        before = self._notebook.cell(number).locator(".jp-InputPrompt").inner_text()
        self._notebook.start(number)
        return before

    def _finish(self, number: int, before: str) -> str:
        """Wait for the end of a cell that was started, and return what it has put out."""
        expect(self._notebook.cell(number).locator(".jp-InputPrompt")).not_to_have_text(before)
        text = self._notebook.wait_until_finished(number, PATIENCE)
        assert "Traceback" not in text, text
        return text


def rounds(astronomer: Astronomer, count: int, minutes: float, every: float) -> Iterator[Tuple[int, float, str]]:
    """Yield number, seconds and failure of each round: at least ``count``, and until ``minutes`` are over."""
    begin = time.monotonic()
    number = 0
    while number < count or time.monotonic() - begin < minutes * 60:
        # An appointment, not a wait for something: the user comes back every two minutes.
        time.sleep(max(0.0, begin + number * every * 60 - time.monotonic()))
        number += 1
        started, failure = time.monotonic(), ""
        try:
            astronomer.round()
        except (AssertionError, Error, TimeoutError) as error:
            failure = f"{type(error).__name__}: {error}"
        yield number, time.monotonic() - started, failure


def main() -> None:
    """Log in, and print a line of JSON for each round."""
    parser = argparse.ArgumentParser(prog="python -m tests.town.astronomer", description=__doc__)
    parser.add_argument("hub", help="address of the hub")
    parser.add_argument("user", help="name of the user, whose server runs")
    parser.add_argument("server", help="address of that server")
    parser.add_argument("desktops", type=Path, help="folder of its desktops")
    parser.add_argument("--rounds", type=int, default=1, help="do so many rounds at least (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=0, help="go on for so long (default: %(default)s)")
    parser.add_argument("--every", type=float, default=2, help="minutes between rounds (default: %(default)s)")
    options = parser.parse_args()
    token = sys.stdin.readline().strip()
    expect.set_options(timeout=PATIENCE * 1000)
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "casa", "display_name": "CASA"}}}
    code = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    cells = [{**code, "id": f"cell-{number}", "source": source.strip()} for number, source in enumerate(CELLS)]
    model = {"type": "notebook", "content": {**content, "cells": cells}}
    ask(f"{options.server}api/contents/day.ipynb", token, "PUT", model)
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.set_default_timeout(PATIENCE * 1000)
        log_in(page, options.hub, options.user, PASSWORD)
        lab = Lab(page, SimpleNamespace(url=options.server, token=""))  # type: ignore[arg-type]
        lab.open("day.ipynb")
        Notebook(page).wait_until_idle()
        astronomer = Astronomer(lab, options.desktops)
        for number, seconds, failure in rounds(astronomer, options.rounds, options.minutes, options.every):
            print(json.dumps({"number": number, "seconds": seconds, "failure": failure}), flush=True)
            if failure:
                # The next round needs a kernel that does not wait for hands.
                Notebook(page).interrupt()
        browser.close()


if __name__ == "__main__":
    main()
