"""What is encoded is the picture that was given, whatever its width; a real decoder decodes it."""

from __future__ import annotations

from typing import Any, List

import av
import numpy as np
import pytest

from casa_desktop.video import codecs
from casa_desktop.video.codecs import CODECS, LEVELS, MEGABITS, RATE, USUAL_PIXELS
from casa_desktop.video.encoder import Encoder

HEIGHT = 64
FRAMES = 20


@pytest.mark.parametrize("codec", CODECS)
# FFmpeg's rows are as long as the picture's, or longer.
@pytest.mark.parametrize("width", [64, 70, 256, 750])
def test_each_frame_shows_the_picture_that_was_given(codec: str, width: int) -> None:
    encoder = Encoder(codec, LEVELS - 1, width, HEIGHT)
    decoder: Any = av.CodecContext.create(codec, "r")
    across, down = np.linspace(0, 255, width), np.linspace(0, 255, HEIGHT)
    for number in range(3):
        grey = np.roll((across[None, :] + down[:, None]) / 2, 8 * number, axis=0).astype(np.uint8)
        pixels = np.repeat(grey[:, :, None], 4, axis=2)
        data, key = encoder.encode(bytearray(pixels.tobytes()))
        assert key == (number == 0)
        (frame,) = decoder.decode(av.Packet(data))
        shown = frame.to_ndarray(format="rgb24").astype(int)
        assert np.abs(shown - pixels[:, :, :3]).mean() < 4


@pytest.mark.parametrize(
    ("codec", "side", "level"),
    [
        *(("h264", side, level) for side in (800, 1200) for level in (0, LEVELS - 3, LEVELS - 1)),
        # At its coarsest it takes as much as this.
        ("vp8", 800, LEVELS - 1),
    ],
)
def test_noise_takes_no_more_bits_than_its_step_allows(
    codec: str, side: int, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # VP8 chooses its effort by the clock, so that it takes more where it waits for a processor; below zero it is fixed.
    monkeypatch.setitem(CODECS["vp8"].options, "cpu-used", "-12")
    encoder = Encoder(codec, level, side, side)
    random = np.random.default_rng(7)
    grains = [random.integers(0, 256, (side // 4, side // 4), np.uint8) for _ in range(4)]
    noise = [bytearray(np.kron(grain, np.ones((4, 16), np.uint8)).tobytes()) for grain in grains]
    sizes = [len(encoder.encode(noise[number % 4])[0]) for number in range(FRAMES)]
    allowed = 1e6 / 8 * MEGABITS[level] / RATE * side**2 / USUAL_PIXELS
    # The first frames may take more, and VP8 does not hit its mark.
    assert sum(sizes[4:]) / (FRAMES - 4) < 1.3 * allowed
    assert sizes[0] < 5 * allowed


def test_calm_pictures_are_as_good_as_their_factor_whatever_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    side = 400
    across = np.linspace(0, 40, side)
    waves = [np.sin(across[:, None] + number) * np.sin(across[None, :]) for number in range(FRAMES)]
    pictures = [bytearray(np.repeat((128 + 100 * wave).astype(np.uint8), 4).tobytes()) for wave in waves]

    def sizes() -> List[int]:
        encoder = Encoder("h264", LEVELS - 1, side, side)
        return [len(encoder.encode(picture)[0]) for picture in pictures]

    limited = sizes()
    monkeypatch.setattr(codecs, "MEGABITS", [1000] * LEVELS)
    assert sum(sizes()) == pytest.approx(sum(limited), rel=0.05)
