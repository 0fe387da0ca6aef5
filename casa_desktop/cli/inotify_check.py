"""Checks for ``casa-desktop doctor`` whether inotify(7) has instances and watches left for this user."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, Optional

import psutil
from inotify_simple import flags

from ..findings import Finding
from ..system.inotify import Watches

_SUBJECT = "watches on files"
# The machine's limit, and that of a container whose user namespace has a lower one.
_LIMITS = ("fs.inotify.max_user_instances", "user.max_inotify_instances")
# A notebook with a desktop uses about this many.
_FEW = 8
_MOST_NAMED = 3
_INSTEAD = "desktops, links and logs are checked from time to time instead"


def examine() -> Finding:
    """Create an instance and a watch as a test, and count those that are in use."""
    users, limits = _users(), _limits()
    used, limit = sum(users.values()), min(limits.values(), default=None)
    count = f"{used} of {'?' if limit is None else limit} inotify instances of this user are in use"
    shortage = _shortage()
    if shortage is None and (limit is None or limit - used >= _FEW):
        return Finding(_SUBJECT, "ok", count)
    most = ", ".join(f"{name} ({number})" for name, number in users.most_common(_MOST_NAMED))
    found = count + (f", most by {most}" if most else "") + (f"; {shortage}: {_INSTEAD}" if shortage else "")
    return Finding(_SUBJECT, "note", found, _remedy(limits, shortage))


def _shortage() -> Optional[str]:
    """Return what has run out, or None."""
    watches = Watches()
    try:
        watches.begin()
        watches.add("/", flags.DELETE_SELF)
        return watches.shortage
    finally:
        watches.close()


def _remedy(limits: Dict[str, int], shortage: Optional[str]) -> str:
    if shortage is not None and "watch is left" in shortage:
        setting = "fs.inotify.max_user_watches=524288"
    else:
        name = min(limits, key=lambda each: limits[each], default=_LIMITS[0])
        setting = f"{name}={max(4 * limits.get(name, 0), 1024)}"
    return f"sysctl {setting} (as root; in /etc/sysctl.d for good), or end some of these programs"


def _limits() -> Dict[str, int]:
    found = {}
    for each in _LIMITS:
        with suppress(OSError, ValueError):
            found[each] = int(Path("/proc/sys", *each.split(".")).read_text(encoding="ascii"))
    return found


def _users() -> Counter[str]:
    """Return the number of inotify instances of this user's programs, by program name."""
    found: Counter[str] = Counter()
    for process in psutil.process_iter(["name"]):
        with suppress(OSError):
            number = sum(_is_instance(each) for each in _descriptors(process.pid))
            if number:
                found[str(process.info["name"])] += number
    return found


def _descriptors(pid: int) -> Iterator[str]:
    """Yield the targets of a process's descriptors; nothing for processes of other users, which cannot be read."""
    folder = f"/proc/{pid}/fd"
    if os.stat(folder).st_uid == os.getuid():
        for name in os.listdir(folder):
            # The descriptor may have been closed by now.
            with suppress(OSError):
                yield os.readlink(f"{folder}/{name}")


def _is_instance(target: str) -> bool:
    return target in ("anon_inode:inotify", "inotify")
