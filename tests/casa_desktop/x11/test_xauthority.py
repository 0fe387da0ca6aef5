from __future__ import annotations

import struct
import subprocess
from pathlib import Path

from casa_desktop.x11 import xauthority


def test_the_cookie_is_private_fresh_and_good_for_every_display(tmp_path: Path) -> None:
    cookies = []
    for name in ("a", "b"):
        xauthority.write(tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        entry = (tmp_path / name).read_bytes()
        family, address, number, size = struct.unpack(">HHHH", entry[:8])
        assert (family, address, number) == (0xFFFF, 0, 0)
        assert entry[8 : 8 + size] == b"MIT-MAGIC-COOKIE-1"
        cookies.append(entry[-16:])
    assert cookies[0] != cookies[1]


def test_the_cookie_is_given_for_the_display_by_name_once_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    xauthority.write(path)
    xauthority.name_display(path, 7)
    listed = subprocess.run(["xauth", "-f", str(path), "list"], stdout=subprocess.PIPE, text=True, check=True)
    cookie = path.read_bytes()[-16:].hex()
    assert [line.split()[0].endswith(("unix:7", "#ffff##:")) for line in listed.stdout.splitlines()] == [True, True]
    assert listed.stdout.count(cookie) == 2
