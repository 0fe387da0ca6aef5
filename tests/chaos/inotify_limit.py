"""Programs that may be left without another inotify instance, all together: in a user namespace of their own.

A limit of the machine would be everybody's, and to use all instances up would take them from everybody.
"""

from __future__ import annotations

import subprocess
from typing import Tuple

_SET = """
file=/proc/sys/user/max_inotify_instances
cat $file
while read -r number; do echo "$number" > $file; echo; done
"""


class InotifyLimit:
    """The user namespace, and a shell in it that sets its limit.

    Attributes:
        words: what runs a program there, before its own words; none where this user may make no such namespace.
        is_there: the limit can be set.
    """

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", _SET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._shell.stdout is not None
        self._former = self._shell.stdout.readline().strip()
        self.is_there = bool(self._former)
        # It becomes the program, whose process id is known then.
        join = ("nsenter", f"--user=/proc/{self._shell.pid}/ns/user", "--preserve-credentials")
        self.words: Tuple[str, ...] = join if self.is_there else ()

    def exhaust(self) -> None:
        """Let there be no further instance; those that there are stay."""
        self._set("0")

    def restore(self) -> None:
        """Let there be instances again."""
        self._set(self._former)

    def _set(self, number: str) -> None:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{number}\n")
        self._shell.stdin.flush()
        # It says so when it has.
        assert self._shell.stdout.readline() == "\n", "the limit of inotify instances was not set"

    def close(self) -> None:
        """End the shell. The namespace stays for as long as there are programs in it."""
        self._shell.communicate()
