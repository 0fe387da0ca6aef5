"""What the page shows of the place where the desktop runs: memory in use, and when the batch system's job ends."""

from __future__ import annotations

import math
import os
import time
from typing import Any, Dict, MutableMapping, Optional, Tuple

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..system.executor import in_thread
from ..system.job_end import end_of_job
from ..system.memory import memory
from ..views import models
from .rest import DesktopHandler

# Centres ask that Slurm is not asked often; a job's time is extended rarely.
_ASK_SECONDS = 600
_SETTING = "casa_desktop_job_end"


class ResourcesHandler(DesktopHandler):
    """``api/resources``: what a page's status bar shows."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the memory in use and the end of the job; with null for what there is not, or is not known."""
        self.set_header("Cache-Control", "no-store")
        ends = await in_thread(_job_end, self.settings)
        self.finish({"memory": _memory(), "jobEnds": None if ends is None else models.time(ends)})


def _memory() -> Optional[Dict[str, Any]]:
    try:
        found = memory()
    except (OSError, KeyError):
        return None
    return {"used": found.used, "limit": found.limit}


def _job_end(settings: MutableMapping[str, Any]) -> Optional[float]:
    """Return the end of the job; what is known of it for some minutes is not asked again."""
    asked: Tuple[float, Optional[float]] = settings.get(_SETTING, (-math.inf, None))
    if time.monotonic() - asked[0] < _ASK_SECONDS:
        return asked[1]
    ends = end_of_job(os.environ)
    settings[_SETTING] = time.monotonic(), ends
    return ends
