"""X servers in containers are seen beside those of other runs."""

from __future__ import annotations

from pathlib import Path

from .support.in_container import link_display


def test_two_links_are_there_at_once(tmp_path: Path) -> None:
    links = [link_display(tmp_path / name) for name in "ab"]
    try:
        assert [link.readlink().name for _, link in links] == ["a", "b"]
        assert [link.name for _, link in links] == [f"X{number}" for number, _ in links]
    finally:
        for _, link in links:
            link.unlink()
