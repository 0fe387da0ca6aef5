"""The kernel of a run: an ordinary one whose tasks do not wait for a user."""

from __future__ import annotations

import os
import signal
import tempfile
from typing import IO, Any, Dict, Mapping

from .. import names
from ..errors import KernelFailed
from ..kernels import preference
from ..system.output import last_line
from ..system.quiet_log import quieter
from .models import Plan

# A kernel that ends cleanly closes its tools and keeps its last results first.
_ENDING_SECONDS = 60.0
# What a cell sets at once if the notebook lies elsewhere than it works: its own modules are found, as a script's are.
_FIND_MODULES = "import sys as _s; {folder!r} in _s.path or _s.path.insert(1, {folder!r}); del _s"


class Kernel:
    """A kernel's process.

    Args:
        plan: of the run.

    Attributes:
        manager: jupyter_client's.
    """

    def __init__(self, plan: Plan) -> None:
        from jupyter_client.manager import AsyncKernelManager

        preference.prefer()
        self._plan = plan
        # Closed with the kernel.
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self.manager: Any = AsyncKernelManager(kernel_name=plan.kernel, shutdown_wait_time=_ENDING_SECONDS)
        if plan.spec:
            from .given_spec import GivenSpec

            self.manager.kernel_spec_manager = GivenSpec(plan.spec)
        # It would only repeat what our errors say.
        self.manager.log = quieter(self.manager.log, "CRITICAL")

    async def start(self) -> None:
        """Start it.

        Raises:
            KernelFailed: it did not start.
        """
        try:
            await self.manager.start_kernel(
                cwd=str(self._plan.folder),
                env=environment(self._plan, os.environ),
                stdout=self._words,
                stderr=self._words,
            )
        except Exception as error:
            # An OSError, an error of jupyter_client, or tornado's HTTPError, which our provisioner raises.
            reason = str(getattr(error, "log_message", None) or error).replace("%%", "%")
            raise KernelFailed(self._plan.kernel, f"it could not be started: {reason.rstrip('.')}") from error

    @property
    def first_code(self) -> str:
        """What it runs before the first cell; empty if nothing."""
        folder = self._plan.notebook.parent
        return "" if folder == self._plan.folder else _FIND_MODULES.format(folder=str(folder))

    def metadata(self) -> Dict[str, Any]:
        """Return its kernelspec as notebooks have it."""
        spec = self.manager.kernel_spec
        return {"name": self._plan.kernel, "display_name": spec.display_name, "language": spec.language}

    def signal(self) -> str:
        """Return the name of the signal that has ended it; empty if it has ended otherwise, or that is not known."""
        process = getattr(self.manager.provisioner, "process", None)
        status = process.returncode if process is not None else None
        known = [each.name for each in signal.Signals if status == -each]
        return known[0] if known else ""

    def last_words(self) -> str:
        """Return the last line that its process has printed elsewhere than into cells; empty if it printed none."""
        self._words.seek(0)
        return last_line(self._words.read())[:500]

    async def end(self, *, now: bool) -> None:
        """End it: as JupyterLab does, or ``now``."""
        try:
            if await self.manager.is_alive():
                await self.manager.shutdown_kernel(now=now)
        finally:
            await self.manager.cleanup_resources()
            self._words.close()


def environment(plan: Plan, environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables of the kernel of a run."""
    own = {names.UNATTENDED: "1", names.REUSE: "on" if plan.reuse else "off"}
    # The result is read in the Jupyter in which the run was started, not in one of the kernel's own.
    return {**{name: value for name, value in environ.items() if name != names.URL_SERVER}, **own}
