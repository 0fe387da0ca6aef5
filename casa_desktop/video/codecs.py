"""The ways to encode a moving picture, and how good each step of the page's ladder of qualities is in each of them.

Measured with PyAV 18 on 600 x 600 pixels of a film of radio images, processor time and size of a frame: x264's
``superfast`` (factors 31 to 24) 6 ms and 9 to 22 kB, its ``ultrafast`` 4 ms and 14 to 35 kB, libvpx's VP8 6 ms and 24
kB, its VP9 13 to 17 ms and 14 to 33 kB, SVT-AV1 10 ms and 17 kB. Browsers that do not decode H.264 decode VP8.
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
        quality: the constant rate factor of each step of the ladder, from the smallest picture to the best; the page's
            last step, without loss, is not among them.
    """

    encoder: str
    options: Mapping[str, str]
    colours: int
    quality: Tuple[int, ...]


BT709, BT601 = 1, 6
# A stream has one key frame, its first: websockets lose nothing, and each view has a stream of its own.
_ENDLESS = 1 << 20
CODECS: Dict[str, Codec] = {
    "h264": Codec(
        "libx264",
        {"preset": "superfast", "tune": "zerolatency", "profile": "high", "g": str(_ENDLESS)},
        BT709,
        (36, 34, 32, 31, 29, 27, 26, 25, 24),
    ),
    "vp8": Codec(
        "libvpx",
        # Constrained quality: a bit rate that is never reached, so that the factor decides.
        {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "b": "100M", "g": str(_ENDLESS)},
        BT601,
        (40, 38, 37, 36, 34, 32, 30, 27, 24),
    ),
}
# Each step is about as large as the page's measurements of the link expect of the smallest JPEG, or smaller: a much
# coarser one would never show that the link carries more.
LEVELS = 9


def available() -> List[str]:
    """Return the names of the codecs that this Python can encode, as far as can be told without importing FFmpeg."""
    return list(CODECS) if importlib.util.find_spec("av") is not None else []
