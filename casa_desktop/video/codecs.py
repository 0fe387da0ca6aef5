"""The ways to encode a moving picture, and how good each step of the page's ladder of qualities is in each of them.

Each step is a factor of quality, by which calm pictures are encoded, and a ceiling of bits, which noise would pass:
there the picture becomes coarser, and not slower. Half of what an encoder does for noise is to write its many bits.

Measured with PyAV 18, a processor's time and the size of a frame, on 600 x 600 pixels of a film of radio images and on
800 x 800 of noise that is correlated over four pixels, at the best step: x264 as below 3.3 ms and 14 kB, 5.0 ms and 14
kB; its ``superfast`` without a ceiling 4.6 ms and 15 kB, 8.6 ms and 38 kB, and with one 6.5 ms for noise, at the same
errors; its bare ``ultrafast`` 2.2 ms and 3.4 ms, but errors that are 2 to 4 dB larger: CABAC, 8 x 8 transforms and
predictions within a frame are what gives them back. libvpx's VP8 3.2 ms and 14 kB, 5.0 ms and 20 kB, of which it cannot
make less. VP9 took twice and AV1 three times as long. Browsers that do not decode H.264 decode VP8.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Dict, List, Mapping, Tuple


@dataclass(frozen=True)
class Codec:
    """One way to encode.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        options: its options, the quality not included.
        colours: the number of the standard by which its decoders make colours of brightness and two differences, as in
            ITU-T H.273; where the stream has none, the one that they take.
        quality: the rate factor of each step of the ladder, from the smallest picture to the best; the page's last
            step, without loss, is not among them.
        ceiling: FFmpeg's names of what bounds the bits in a second, each with for how many seconds.
    """

    encoder: str
    options: Mapping[str, str]
    colours: int
    quality: Tuple[int, ...]
    ceiling: Mapping[str, float]

    def settings(self, level: int, pixels: int) -> Dict[str, str]:
        """Return the encoder's options for a step of the ladder and a number of pixels."""
        bits = MEGABITS[level] * 1e6 * max(1.0, pixels / USUAL_PIXELS)
        bounds = {name: str(round(seconds * bits)) for name, seconds in self.ceiling.items()}
        return {**self.options, "crf": str(self.quality[level]), **bounds}


BT709, BT601 = 1, 6
RATE = 60
# The ceiling of each step, in millions of bits for as many frames as ``RATE``, and of how many pixels at most: larger
# pictures have as many for each pixel. The best step has what a film of radio images takes, and for noise hardly more
# than Selkies sends of it (12 kB a frame); the smallest lets a link of 5 Mbit/s bring 60 frames of noise per second.
MEGABITS = (2.8, 3.1, 3.5, 3.9, 4.3, 4.8, 5.4, 6.0, 6.6)
USUAL_PIXELS = 640_000
# What changes at once, as the first frame does, may take those of four.
_BURST = 4 / RATE
# A stream has one key frame, its first: websockets lose nothing, and each view has a stream of its own.
_ENDLESS = 1 << 20
CODECS: Dict[str, Codec] = {
    "h264": Codec(
        "libx264",
        {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "high",
            "g": str(_ENDLESS),
            "coder": "cabac",
            "8x8dct": "1",
            "partitions": "i8x8",
            "aq-mode": "1",
            "deblock": "0:0",
        },
        BT709,
        (36, 34, 32, 31, 29, 27, 26, 25, 24),
        {"maxrate": 1, "bufsize": _BURST},
    ),
    "vp8": Codec(
        "libvpx",
        {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "g": str(_ENDLESS)},
        BT601,
        (40, 38, 37, 36, 34, 32, 30, 27, 24),
        # Constrained quality: as good as the factor, as long as the bits suffice.
        {"b": 1, "maxrate": 1, "bufsize": _BURST},
    ),
}
# Each step is about as large as the page's measurements of the link expect of the smallest JPEG, or smaller: a much
# coarser one would never show that the link carries more.
LEVELS = 9


def available() -> List[str]:
    """Return the names of the codecs that this Python can encode, as far as can be told without importing FFmpeg."""
    return list(CODECS) if importlib.util.find_spec("av") is not None else []
