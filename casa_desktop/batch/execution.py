"""Runs a notebook without hands; the notebook it writes is whole at any moment, and says how the run ended."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

from .. import __version__
from ..errors import BatchUnavailable, CasaDesktopError, KernelFailed, OutputRefused
from . import failure, notebooks, parameters, saving, source
from .kernels import Kernel
from .models import Plan, Progress, Report, Say, Status
from .saving import Output
from .stopping import Stop

if TYPE_CHECKING:
    from .client import Client

# A long cell's output is saved while it runs.
_SAVE_SECONDS = 20.0
# What a cell does is shown by so many characters of it.
_LONGEST = 60
# sys.exit() with one of these means that all is well.
_NO_FAILURE = ("", "0", "None")


def execute(plan: Plan, report: Report, say: Optional[Say] = None) -> int:
    """Run a notebook; return the exit status (``models.Status``). Call it in the main thread: it takes signals.

    Args:
        plan: as ``planning.plan`` makes it.
        report: called at each change.
        say: called with sentences for the user; by default they are printed to stderr.

    Raises:
        CasaDesktopError: nothing was started: the notebook or the output's folder have changed since the plan was made,
            or nbclient is not installed.
    """
    try:
        notebooks.load()
        from . import client  # noqa: F401
    except ImportError as error:
        raise BatchUnavailable(str(error)) from error
    notebook = source.read(plan.copy or plan.notebook)
    parameters.inject(notebook, plan.notebook, plan.parameters)
    output = Output(notebook, plan.output)
    return asyncio.run(_Run(plan, output, report, say or _print).perform())


def _print(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


class _Run:
    def __init__(self, plan: Plan, output: Output, report: Report, say: Say) -> None:
        self._plan, self._output, self._report, self._say = plan, output, report, say
        self._cells = [each for each in output.notebook.cells if each.cell_type == "code" and each.source.strip()]
        self._number, self._started = 0, time.time()
        self._about = {
            "version": __version__,
            "notebook": str(plan.notebook),
            "parameters": dict(plan.parameters),
            "reuse": plan.reuse,
            "started": _now(),
        }
        output.notebook.metadata.setdefault(saving.OURS, {})["run"] = self._about
        self._killed_before = failure.killed_for_memory()

    async def perform(self) -> int:
        self._kernel, self._stop = Kernel(self._plan), Stop()
        self._client: Optional[Client] = None
        self._about["status"] = "running"
        if not self._output.save():
            raise OutputRefused(self._plan.output, self._output.trouble.rstrip("."))
        work: asyncio.Future[Status]
        with self._stop.listening(self._interrupt):
            saver = asyncio.ensure_future(self._keep_saving())
            work = asyncio.ensure_future(self._run())
            try:
                await self._stop.or_forced(work)
                status = await work if work.done() else Status.STOPPED
                if not work.done():
                    work.cancel()
                    await asyncio.wait([work])
            except BaseException:
                await self._kernel.end(now=True)
                raise
            finally:
                saver.cancel()
            status = Status.STOPPED if self._stop.asked and status != Status.FAILED else status
            await self._end_kernel(status)
        return self._conclude(status)

    async def _run(self) -> Status:
        """Run all cells."""
        try:
            await self._start()
            for number, cell in enumerate(self._cells, 1):
                if self._stop.asked:
                    return Status.STOPPED
                self._number = number
                self._tell(_first_line(cell.source))
                status = await self._run_cell(cell)
                if status is not None:
                    return Status.STOPPED if self._stop.asked else status
        except CasaDesktopError as error:
            if not self._stop.asked:
                self._say(f"casa-desktop: {error}")
            return Status.LOST
        return Status.DONE

    async def _start(self) -> None:
        from .client import Client

        self._tell("starting the kernel")
        await self._kernel.start()
        client = Client(self._output.notebook, self._kernel.manager, allow_errors=self._plan.allow_errors)
        client.on_begin = self._begun
        try:
            await client.connect()
            if self._kernel.first_code:
                await client.run_silently(self._kernel.first_code)
        except RuntimeError as error:
            # nbclient's DeadKernelError is one, too.
            raise self._lost() from error
        self._client = client
        self._output.notebook.metadata["kernelspec"] = self._kernel.metadata()

    async def _run_cell(self, cell: Any) -> Optional[Status]:
        """Run a cell and save; return how the run ends with it, None if it goes on.

        Raises:
            KernelFailed: the kernel has ended.
        """
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        assert self._client is not None
        try:
            await self._client.run_cell(cell)
        except CellExecutionError as error:
            if error.ename == "SystemExit" and error.evalue in _NO_FAILURE:
                return self._exited()
            self._tell_failure(cell)
            return Status.FAILED
        except DeadKernelError as error:
            raise self._lost() from error
        finally:
            self._save()
        return self._exited() if self._client.asked_exit else None

    def _exited(self) -> Status:
        if self._number < len(self._cells):
            place = f"Cell {self._number} of {len(self._cells)}"
            self._say(f"{place} has called exit(), so what is behind it was not run.")
        return Status.DONE

    def _tell_failure(self, cell: Any) -> None:
        errors: List[Any] = [each for each in cell.outputs if each.output_type == "error"]
        if errors and not self._stop.asked:
            self._say(failure.of_cell(self._number, len(self._cells), errors[-1]))

    def _lost(self) -> KernelFailed:
        words, number = self._kernel.last_words(), self._kernel.signal()
        reason = f"it was ended by {number}" if number else "it ended"
        if number == "SIGKILL" and failure.killed_for_memory() > self._killed_before:
            reason = "it was killed, because the memory was used up"
        elif words:
            reason = f"{reason}; its last words: {words}"
        return KernelFailed(self._plan.kernel, f"{reason}{f' (in cell {self._number})' if self._number else ''}")

    def _interrupt(self) -> None:
        """Interrupt the running cell; called at the first signal."""
        self._say(
            f"Stopping ({self._stop.name}): the cell is interrupted, and the output saved. Once more ends it at once."
        )
        self._tell("stopping")
        self._save()
        if self._client is None:
            # The kernel is still starting.
            self._stop.force()
        elif self._client.is_busy:
            self._interruption = asyncio.ensure_future(self._kernel.manager.interrupt_kernel())

    def _begun(self) -> None:
        """Interrupt a cell that has just begun, if the signal came before; the kernel would have missed it."""
        if self._stop.asked:
            self._interruption = asyncio.ensure_future(self._kernel.manager.interrupt_kernel())

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            if self._output.is_due():
                self._save()

    def _save(self) -> None:
        if self._client is not None:
            self._client.settle()
        before = self._output.trouble
        if not self._output.save() and not before:
            self._say(f"casa-desktop: The output is not saved for now: {self._output.trouble} The run goes on.")

    async def _end_kernel(self, status: Status) -> None:
        end = self._kernel.end
        with suppress(RuntimeError):
            ending = asyncio.ensure_future(end(now=self._stop.forced.done() or status == Status.LOST))
            await self._stop.or_forced(ending)
            await (ending if ending.done() or self._stop.forced.done() else end(now=True))

    def _conclude(self, status: Status) -> int:
        """Save for the last time; return the exit status."""
        self._about.update(status=status.name.lower(), ended=_now())
        if self._stop.asked:
            self._about["signal"] = self._stop.name
        self._save()
        if self._output.trouble:
            status = Status.FAILED
            self._save_elsewhere()
        return int(status)

    def _save_elsewhere(self) -> None:
        for folder in (Path(tempfile.gettempdir()), Path.home()):
            with suppress(OSError):
                self._say(f"casa-desktop: The output was saved as {self._output.save_elsewhere(folder)} instead.")
                return
        self._say(f"casa-desktop: The output is lost: {self._output.trouble}")

    def _tell(self, doing: str) -> None:
        self._report(Progress(self._number, len(self._cells), doing, self._started, self._stop.name))


def _first_line(source: str) -> str:
    """Return what a cell does, shortly: its first line that is no comment."""
    lines = [line.strip() for line in source.splitlines()]
    found = next((line for line in lines if line and not line.startswith("#")), lines[0] if lines else "")
    return found if len(found) <= _LONGEST else f"{found[: _LONGEST - 1]}…"


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
