from __future__ import annotations

import os
from pathlib import Path

import pytest

from casa_desktop.network import uplink


@pytest.mark.parametrize("user", [None, 8])
def test_pasta_opens_nothing_on_either_side(user: int | None) -> None:
    words = uplink.command("/usr/bin/pasta", 7, user, root=user is None)
    for option in ("--tcp-ports", "--udp-ports", "--tcp-ns", "--udp-ns"):
        assert words[words.index(option) + 1] == "none"
    assert "--no-map-gw" in words
    assert words[-2:] == ("--netns", "/proc/self/fd/7")
    assert ("--netns-only" in words) == ("--runas" in words) == (user is None)
    assert ("/proc/self/fd/8" in words) == (user is not None)


def test_slirp4netns_does_not_show_the_machine_s_loopback() -> None:
    words = uplink.command("/usr/bin/slirp4netns", 7, 8, root=False)
    assert "--disable-host-loopback" in words
    assert words[-3:] == ("--userns-path=/proc/self/fd/8", "/proc/self/fd/7", "tap0")
    assert not any("userns" in word for word in uplink.command("slirp4netns", 7, None, root=True))


def test_pasta_goes_before_slirp4netns(tmp_path: Path) -> None:
    for name in ("slirp4netns", "pasta"):
        program = tmp_path / name
        program.touch(mode=0o755)
        assert uplink.find({"PATH": str(tmp_path)}) == str(program)
        assert uplink.resolver(str(program)) == ("192.0.0.3" if name == "pasta" else "10.0.2.3")


def test_programs_are_found_where_only_root_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(uplink.shutil, "which", lambda name, path: looked.append(path))
    assert uplink.find({"PATH": "/a"}) is None
    assert looked[0] == os.pathsep.join(["/a", "/usr/sbin", "/sbin"])
