from __future__ import annotations

import pytest

from casa_desktop.store import exchange


@pytest.fixture(params=[True, False], ids=["exchanged", "renamed"])
def can_exchange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the disk can exchange two names; NFS, for example, cannot."""
    if not request.param:
        monkeypatch.setattr(exchange, "_renamed", lambda *_: False)
    return bool(request.param)
