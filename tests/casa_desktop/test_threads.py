"""Threads that nobody waits for to begin."""

from __future__ import annotations

import subprocess
import sys

# From a limit that leaves no room for a thread's stack to one at which all is well, page by page. In between are those
# at which a thread begins and has no memory to say so.
_AT_THE_LIMIT = """
import resource
import threading
import psutil
from casa_desktop import threads

soft, hard = resource.getrlimit(resource.RLIMIT_AS)
process = psutil.Process()
stack, refused, ran = 8 << 20, 0, []
threading.stack_size(stack)
for page in range(200):
    resource.setrlimit(resource.RLIMIT_AS, (process.memory_info().vms + stack + (page << 12), hard))
    try:
        threads.start(ran.append, page)
    except RuntimeError:
        refused += 1
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
print(refused > 0, len(ran) > 0)
"""


def test_a_thread_that_has_no_memory_to_begin_keeps_nobody_waiting() -> None:
    done = subprocess.run([sys.executable, "-c", _AT_THE_LIMIT], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True", "True"]
