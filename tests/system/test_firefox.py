"""The desktop in Debian's Firefox: the picture, and the way of a click to a program and back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator

import numpy as np

from ..support.firefox import Firefox
from ..support.lab import Jupyter, Pixels, decode
from ..support.screen import Screen

# The height of the task bar and a bit more, in pixels. Its clock changes the picture of a desktop that is still.
BAR = 40
CANVAS = "document.querySelector('.casa-desktop-Screen canvas')"
BOX = f"(box => [box.x, box.y, box.width, box.height].join())({CANVAS}.getBoundingClientRect())"
# The desktop has taken the size of its place in the page, whose height is not the first one of any desktop.
FITS = f"{CANVAS}.height === Math.floor(document.querySelector('.casa-desktop-Screen').getBoundingClientRect().height)"
# The sums of red, green and blue over all pixels of the canvas but the task bar's.
SUMS = f"""(canvas => {{
  const {{data}} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height - {BAR});
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) {{ sums[0] += data[i]; sums[1] += data[i + 1]; sums[2] += data[i + 2]; }}
  return sums.join();
}})({CANVAS})"""


@contextmanager
def shown_desktop(jupyter: Jupyter) -> Iterator[Firefox]:
    """Start Firefox, and show the desktop in it."""
    with Firefox() as firefox:
        firefox.open(f"{jupyter.url}casa-desktop/?token={jupyter.token}")
        firefox.wait_for("document.body.dataset.state === 'connected'")
        firefox.wait_until_drawn(FITS)
        yield firefox


def test_firefox_shows_the_desktop_and_its_clicks_arrive(
    jupyter: Jupyter, desktop: Callable[..., str], screen: Callable[[], Screen]
) -> None:
    with shown_desktop(jupyter) as firefox:
        x, y, width, height = (round(float(each)) for each in firefox.evaluate(BOX).split(","))
        seen = screen()
        seen.wait_until(lambda: seen.size() == (width, height), f"desktop of {width} x {height}")
        seen.wait_until_still()
        before = seen.pixels()[:-BAR]
        # The task bar's first button is the menu, in the bottom left corner.
        firefox.click(x + 20, y + height - 12)
        seen.wait_until(lambda: not np.array_equal(seen.pixels()[:-BAR], before), "menu")
        seen.wait_until_still()
        menu = seen.pixels()
        firefox.wait_until_drawn(f"{SUMS} === '{_sums(menu[:-BAR])}'")
        # What the user sees is the same again, but for the pointer.
        shown = firefox.pixels()[y : y + height, x : x + width]
        assert np.mean(np.any(shown != menu, axis=2)[:-BAR]) < 0.001


def test_firefox_saves_a_snapshot_of_the_desktop(
    jupyter: Jupyter, desktop: Callable[..., str], screen: Callable[[], Screen]
) -> None:
    with shown_desktop(jupyter) as firefox:
        saved = firefox.download("document.querySelector('button[aria-label=Snapshot]').click()")
        assert saved.name.startswith("casa-desktop-main-")
        height, width, _ = decode(saved.read_bytes()).shape
        assert (width, height) == screen().size()


def _sums(pixels: Pixels) -> str:
    return ",".join(str(each) for each in pixels.sum(axis=(0, 1), dtype=np.int64))
