"""How long these tests are to last."""

from __future__ import annotations

import pytest


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether a long life was asked for: ``--long``."""
    return bool(request.config.getoption("--long"))
