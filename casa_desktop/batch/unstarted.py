"""Jobs that were made and wait until they are started, by the service that has made them: no engine has them yet."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

from .job_folder import Folder
from .job_state import ABORTED, ENDS, State


def look(folder: Folder, _memory: Optional[Dict[str, Any]] = None) -> State:
    """Return the state of a job.

    Raises:
        JobDamaged: its folder cannot be read.
    """
    return folder.state()


def stop(folder: Folder) -> None:
    """End a job before its start.

    Raises:
        JobHeld: it is just being started.
    """
    lock = folder.take()
    try:
        state = folder.state()
        if folder.waits() and state.phase not in ENDS:
            folder.write_end(state.now(ABORTED, "It was ended before it was started."))
    finally:
        os.close(lock)


def wait(_folder: Folder) -> bool:
    """Return at once that nothing is to be waited for: the job may never be started."""
    return False
