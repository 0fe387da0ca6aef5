"""The probe, in a real browser, on pages like those that it is injected into."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from . import desks

PAGE = """<!DOCTYPE html>
<style>
  * { position: absolute; left: 0; top: 0 }
  #above { left: 25px; top: 25px }
  video { width: 100px; height: 100px }
</style>
BODY
<script>
  const picture = colour => {
    const made = new OffscreenCanvas(100, 100);
    const pen = made.getContext('2d');
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 100, 100);
    return made;
  };
  const paint = (name, colour) =>
    document.getElementById(name).getContext('2d').drawImage(picture(colour), 0, 0);
</script>
"""
CANVASES = '<canvas id="below" width="100" height="100"></canvas><canvas id="above" width="50" height="50"></canvas>'
FRAMES = """
async colours => {
  const track = new MediaStreamTrackGenerator({ kind: 'video' });
  document.querySelector('video').srcObject = new MediaStream([track]);
  const writer = track.writable.getWriter();
  bench.watch(50, [50], 1);
  for (const [number, colour] of colours.entries()) {
    await writer.write(new VideoFrame(picture(colour), { timestamp: number * 20_000 }));
  }
  return bench.seen().frames;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[desks.Browser]:
    with desks.chromium() as found:
        yield found


def opened(browser: desks.Browser, folder: Path, body: str) -> desks.Page:
    """Return a page with the probe in it; a file's, because only such and a server's may use WebCodecs."""
    file = folder / "page.html"
    file.write_text(PAGE.replace("BODY", body))
    page = browser.new_page()
    page.add_init_script(desks.PROBE)
    page.goto(file.as_uri())
    return page


def test_a_frame_counts_by_what_is_seen_of_canvases_that_lie_over_each_other(
    browser: desks.Browser, tmp_path: Path
) -> None:
    with opened(browser, tmp_path, CANVASES) as page:
        page.evaluate("bench.watch(50, [50], 1)")

        def frames(*paints: str) -> int:
            page.evaluate("".join(f"paint({each});" for each in paints))
            return int(page.evaluate("bench.seen().frames"))

        assert frames("'below', 'black'") == 1
        assert frames("'above', 'white'") == 1
        assert frames("'below', 'white'", "'below', 'black'") == 0
        page.evaluate("document.getElementById('above').hidden = true")
        assert frames("'below', 'black'") == 1
        assert frames("'above', 'white'") == 0


def test_a_frame_counts_when_it_is_handed_to_a_video_element(browser: desks.Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, "<video autoplay muted></video>") as page:
        assert page.evaluate(FRAMES, ["white", "black", "black", "white"]) == 3
