"""What is encoded is the picture that was given, whatever its width; a real decoder decodes it."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest

from casa_desktop.video.codecs import CODECS, LEVELS
from casa_desktop.video.encoder import Encoder

HEIGHT = 64


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
        data, key = encoder.encode(pixels.tobytes())
        assert key == (number == 0)
        (frame,) = decoder.decode(av.Packet(data))
        shown = frame.to_ndarray(format="rgb24").astype(int)
        assert np.abs(shown - pixels[:, :, :3]).mean() < 4
