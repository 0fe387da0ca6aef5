"""Starts, interrupts and restarts a kernel as any program with jupyter_client does; run by a Python without ours.

``python life_elsewhere.py KERNEL MODE`` prints what cells have said as JSON, a line for each step, and then waits to be
killed. MODE is the kernelspec's way of interrupting: ``signal`` or ``message``.
"""

from __future__ import annotations

import json
import signal
import sys
from queue import Empty

from jupyter_client.manager import KernelManager

SECONDS = 60


def run(client, code, on_output=lambda: None):
    """Run a cell; return what it has printed, and the name of its error."""
    request = client.execute(code)
    said = []
    while True:
        try:
            message = client.get_iopub_msg(timeout=SECONDS)
        except Empty:
            raise SystemExit(f"nothing was said for {SECONDS} s; before: {said}") from None
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            said.append(content["text"])
            on_output()
        if message["msg_type"] == "error":
            said.append(content["ename"])
        if content.get("execution_state") == "idle":
            return "".join(said)


def main(kernel, mode):
    manager = KernelManager(kernel_name=kernel)
    manager.kernel_spec.interrupt_mode = mode
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=SECONDS)
    interrupted = []

    def interrupt():
        if not interrupted:
            interrupted.append(True)
            manager.interrupt_kernel()

    def tell(**what):
        print(json.dumps(what), flush=True)

    tell(transport=manager.transport, provisioner=type(manager.provisioner).__name__)
    tell(said=run(client, "x = listobs('sim.ms')['nfields']; print(x, imhead('dirty.image')['shape'][0])"))
    tell(said=run(client, "import time\nprint('begun')\nfor _ in range(600): time.sleep(0.1)", interrupt))
    tell(said=run(client, "print(x)"))
    manager.restart_kernel()
    client.wait_for_ready(timeout=SECONDS)
    tell(said=run(client, "print('x' in globals())"))
    tell(said=run(client, "import socket; print(len(socket.if_nameindex()))"))
    tell(said=run(client, "import os; print(os.getpid())"))
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
