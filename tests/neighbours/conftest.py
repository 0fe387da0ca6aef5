"""A town for a module's tests."""

from __future__ import annotations

from typing import Iterator

import pytest

from .town import Town, lack


@pytest.fixture
def town() -> Iterator[Town]:
    """A machine for many users, or a reason to skip."""
    reason = lack()
    if reason:
        pytest.skip(reason)
    with Town() as town:
        yield town
