"""``casa-desktop kernel check``: starts a kernel as a Jupyter server does, and lets it examine itself.

The kernel and everything that it has started end with the check, even if it hangs.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple

from ..desktop.x_server_source import as_finding
from ..errors import KernelFailed
from ..findings import Finding
from ..system.process import adopt_orphans, descendants, outlast
from . import store
from .client import Running
from .spec import Kernel

if TYPE_CHECKING:
    import psutil

# What a kernel leaves behind gets this time to end by itself, and then this time to end after SIGTERM, in seconds.
_PATIENCE = 3.0
_GRACE = 3.0
_CELL = (
    "from casa_kernel.jupyter import self_check as _selfcheck\n_selfcheck = _selfcheck.report(globals(), {folder!r})"
)


@dataclass(frozen=True)
class Report:
    """The result of a check.

    Attributes:
        kernel: the kernel.
        findings: one finding per line of the report.
        casa: the version of the kernel's CASA, like ``6.7.0.31``; empty if unknown.
        seconds: the time from the start to the first answer; None if there was no answer.
    """

    kernel: Kernel
    findings: Tuple[Finding, ...] = ()
    casa: str = ""
    seconds: Optional[float] = None

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return all(each.state != "missing" for each in self.findings)

    def as_dict(self) -> Dict[str, Any]:
        """Return the report for JSON."""
        return {
            "kernel": self.kernel.name,
            "display_name": self.kernel.display_name,
            "casa": self.casa,
            "seconds": self.seconds,
            "ok": self.ok,
            "findings": [each.as_dict() for each in self.findings],
        }


def check(name: str, *, timeout: float = 120.0) -> Report:
    """Start the kernel ``name``, let it examine itself, and end it.

    Args:
        name: the kernel's name.
        timeout: the time limit in seconds; 4 s is usual. The first time, CASA's viewer may have to be unpacked, which
            takes a minute on a slow disk.

    Raises:
        KernelUnknown: there is no kernel of that name.
    """
    kernel = store.get(name)
    if not kernel.is_casa:
        reason = f"{kernel.display_name} is no CASA kernel, by {kernel.folder / 'kernel.json'}"
        return Report(kernel, (Finding("kernel", "missing", reason),))
    # Become the parent of whatever the kernel leaves behind, so that it can be ended.
    adopt_orphans()
    before = descendants()
    with tempfile.TemporaryDirectory(prefix="casa-desktop-check-") as folder:
        try:
            return _examine(Running(kernel.name, Path(folder), timeout), Report(kernel))
        finally:
            _leave_nothing(before)


def _leave_nothing(before: Sequence[psutil.Process]) -> None:
    """End the processes started since, after a moment to end by themselves: Podman still removes an ended container."""
    while True:
        new = [each for each in descendants() if each not in before]
        if not new:
            return
        outlast(new, _PATIENCE, _GRACE)


def _examine(running: Running, report: Report) -> Report:
    """Return ``report``, completed with the results."""
    began = time.monotonic()
    try:
        with running:
            running.wait_until_it_answers()
            report = replace(report, seconds=round(time.monotonic() - began, 2))
            said = json.loads(running.evaluate(_CELL.format(folder=str(running.folder)), "_selfcheck"))
    except KernelFailed as error:
        return replace(report, findings=(Finding("kernel", "missing", error.reason, error.remedy),))
    started = f"{report.kernel.display_name}, {report.kernel.where}; it answered after {report.seconds:.1f} s"
    inside = [Finding(**each) for each in said["findings"]]
    x = _x_server(report.kernel, said["x_server"])
    return replace(report, casa=said["casa"], findings=(Finding("kernel", "ok", started), *inside, x))


def _x_server(kernel: Kernel, inside: str) -> Finding:
    """Return the X server that this kernel's desktop would have: the image's own if the machine has none."""
    found = as_finding(os.environ)
    if found.state == "ok" or not kernel.container or not inside:
        return found
    return Finding("X server", "ok", f"{inside} in {kernel.container.label}")
