"""An interrupt while CASA's C++ waits for the start of a window."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Dict

import pytest

from ...support.living import below, with_word
from ...support.notebook import Notebook
from ...support.processes import ended
from ...support.thread_stop import StoppedThread

# By what the command line of the window's program holds once it no longer is the script that CASA starts.
CALLS = {
    "mask-editor.address": "tclean('sim.ms', imagename='slow', imsize=64, cell='0.4arcsec', niter=4, interactive=True)",
    "casaplotserver --server=": "flagdata('line.ms', mode='manual', display='data', action='calculate')",
}
# What the kernel of Linux calls the wait of open(2) for a FIFO's other end.
WAITS_FOR_A_WRITER = "wait_for_partner"
Find = Callable[[], Dict[str, str]]


@pytest.mark.parametrize("program", CALLS)
def test_a_window_that_is_slow_to_start_is_given_up_by_an_interrupt_and_the_kernel_goes_on(
    spectral_line: Path, environment: Dict[str, str], record: Find, program: str
) -> None:
    with Notebook(spectral_line, environment) as kernel, ExitStack() as stack:
        pid = kernel.pid

        def interrupt_its_start() -> None:
            # It is stopped before it tells CASA its address, for which CASA looks two seconds after the start.
            while not (found := with_word(below(pid), program)):
                pass
            stack.enter_context(StoppedThread(found[0].pid))
            while Path(f"/proc/{pid}/wchan").read_text() != WAITS_FOR_A_WRITER:
                pass
            kernel.manager.interrupt_kernel()

        begun = "display({'text/plain': 'begun'}, raw=True)\n"
        cell = kernel.run(begun + CALLS[program], meanwhile=interrupt_its_start)
        assert cell.error is not None
        assert cell.error["ename"] == "KeyboardInterrupt"
        assert kernel.run("print(1 + 1)").text == "2\n"
        assert kernel.pid == pid
        assert ended(with_word(below(pid), program))
