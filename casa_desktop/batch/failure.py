"""Says shortly what went wrong in a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List, Mapping

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Of a traceback, its end says most.
_LINES = 20


def of_cell(number: int, count: int, content: Mapping[str, Any]) -> str:
    """Return what a cell's error was, with the end of its traceback.

    Args:
        number: of the cell among those with code.
        count: how many those are.
        content: of the kernel's ``error`` message.
    """
    what = f"{content.get('ename')}: {_first(content.get('evalue'))}"
    lines = _COLOURS.sub("", "\n".join(content.get("traceback", []))).strip("\n").splitlines()
    lines = [line for line in lines if line != what]
    shown: List[str] = [*(["…"] if len(lines) > _LINES else []), *lines[-_LINES:]]
    return "\n".join([f"Cell {number} of {count} failed: {what}", *(f"  {line}" for line in shown)])


def _first(text: Any) -> str:
    return next(iter(str(text).splitlines()), "")


def killed_for_memory() -> int:
    """Return how many processes Linux has killed for want of memory: in this control group, or else on this machine."""
    for path in (_group() / "memory.events", Path("/proc/vmstat")):
        try:
            words = path.read_text().split()
        except OSError:
            continue
        counts = dict(zip(words[::2], words[1::2]))
        if "oom_kill" in counts:
            return int(counts["oom_kill"])
    return 0


def _group() -> Path:
    """Return the folder of this process's control group, of version 2."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    paths = [line[len("0::") :] for line in lines if line.startswith("0::")]
    return Path("/sys/fs/cgroup") / (paths[0].lstrip("/") if paths else "")
