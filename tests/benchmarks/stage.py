"""Where both sides run: a private folder, the same data, kernels, and a desktop for each.

Stock CASA is what its documentation describes: ``pip install casatasks casaviewer casaplotms`` and an import. Its
tools are AppImages that mount themselves, for which it needs ``fusermount`` (``apt-get install fuse``) and
``/dev/fuse``. A container without them cannot run stock CASA's tools at all; then its peer is missing, and the
benchmarks of tools say so and measure nothing. Stock's tools always want an X server, which is given to them running.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from casa_desktop import session

HERE = Path(__file__).parent
FOREIGN = ("CASA", "DISPLAY", "IPYTHON", "JUPYTER", "MPLBACKEND", "PYTHONDONTWRITE", "XAUTHORITY", "XDG_")
OURS, STOCK = ["-m", "casa_kernel"], ["-m", "ipykernel_launcher"]


class Kernel:
    """A running kernel; a context manager.

    Attributes:
        seconds: from the start of the process until now, at any time.
        process: its process.
    """

    def __init__(self, module: Sequence[str], folder: Path, env: Dict[str, str]) -> None:
        self._manager = KernelManager(kernel_name="python3")
        spec = self._manager.kernel_spec
        assert spec is not None
        spec.argv, spec.metadata = [sys.executable, *module, "-f", "{connection_file}"], {}
        self._started = time.perf_counter()
        self._manager.start_kernel(cwd=str(folder), env=env, stderr=subprocess.DEVNULL)
        self.client: BlockingKernelClient = self._manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.process = psutil.Process(self._manager.provisioner.pid)  # type: ignore[union-attr]

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel()
        self._manager.cleanup_resources()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def run(self, code: str, timeout: float = 120) -> float:
        """Run a cell; return the seconds from its sending to the arrival of all its output.

        Raises:
            RuntimeError: the cell failed.
        """
        printed: List[str] = []
        started = time.perf_counter()
        reply = self.client.execute_interactive(code, output_hook=lambda each: printed.append(str(each["content"])))
        seconds = time.perf_counter() - started
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{code!r} failed: {reply['content'].get('evalue')}\n" + "\n".join(printed))
        return seconds


class Stage:
    """The folder, its data, and what starts there; a context manager.

    Attributes:
        folder: holds ``sim.ms`` and ``dirty.image``, once there is a kernel.
        can_mount: stock's AppImages find what they need.
    """

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
        self.folder = self._place / "observation"
        self.can_mount = Path("/dev/fuse").exists() and shutil.which("fusermount") is not None
        self._desktops: Dict[str, session.Record] = {}
        self._outside = os.environ.get("CASA_DESKTOP_RUNTIME_DIR")

    def __enter__(self) -> Stage:
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        for name in ("home", "tmp", "observation"):
            (self._place / name).mkdir()
        shutil.copy(HERE.parent / "system" / "site_of_the_data_wheel.py", self._place / "casasiteconfig.py")
        self.environment = {
            **own,
            "HOME": str(self._place / "home"),
            "TMPDIR": str(self._place / "tmp"),
            "CASASITECONFIG": str(self._place / "casasiteconfig.py"),
            "CASA_DESKTOP_RUNTIME_DIR": str(self._place / "run"),
            "CASA_DESKTOP_TOOLS": str(self._place / "tools"),
            # Stock's GUI wheels do not work with today's protobuf otherwise.
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
            "LANG": "C.UTF-8",
        }
        os.environ["CASA_DESKTOP_RUNTIME_DIR"] = self.environment["CASA_DESKTOP_RUNTIME_DIR"]
        return self

    def observe(self) -> None:
        """Simulate the observation and unpack our tools, at the first call: the desktop's benchmarks need neither."""
        if (self.folder / "sim.ms").exists():
            return
        for argv in ([str(HERE.parent / "system" / "simulate.py")], ["-m", "casa_kernel.tools", "extract"]):
            subprocess.run(
                [sys.executable, *argv],
                cwd=self.folder,
                env=self.environment,
                check=True,
                timeout=300,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def __exit__(self, *_: object) -> None:
        for name in self._desktops:
            session.stop(name)
        if self._outside is None:
            del os.environ["CASA_DESKTOP_RUNTIME_DIR"]
        else:
            os.environ["CASA_DESKTOP_RUNTIME_DIR"] = self._outside
        shutil.rmtree(self._place, ignore_errors=True)

    def ours(self) -> Kernel:
        """Start our kernel."""
        self.observe()
        return Kernel(OURS, self.folder, self.environment)

    def stock(self, desktop: Optional[session.Record] = None) -> Kernel:
        """Start a bare ipykernel, whose tools may use ``desktop``."""
        self.observe()
        shown = session.environment(desktop) if desktop is not None else {}
        return Kernel(STOCK, self.folder, {**self.environment, **shown})

    def desktop(self, name: str) -> session.Record:
        """Return a running desktop: ``main`` is that of our kernels; the others are Xvnc with a window manager, too."""
        if name not in self._desktops:
            self._desktops[name] = session.ensure(name)
        return self._desktops[name]
