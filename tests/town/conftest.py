"""One machine with a hub for all tests here; each test has users of its own, or leaves them as they were."""

from __future__ import annotations

from typing import Iterator

import pytest

from ..neighbours.town import lack
from .observatory import Observatory

# The hub looks for servers that have ended by themselves every half minute, and servers report every five.
SOONER = """
c.Spawner.poll_interval = 1
c.Spawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"] = "1"
"""
# As with c.Spawner.post_stop_hook = None, for one user.
OUTLIVING = """
stop_desktops = c.Spawner.post_stop_hook
c.Spawner.post_stop_hook = lambda spawner: None if spawner.user.name == "outliving" else stop_desktops(spawner)
"""


@pytest.fixture(scope="package")
def hub() -> Iterator[Observatory]:
    """The hub, running, or a reason to skip."""
    reason = lack()
    if reason:
        pytest.skip(reason)
    with Observatory(SOONER + OUTLIVING) as running:
        yield running
