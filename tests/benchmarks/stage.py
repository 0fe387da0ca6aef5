"""Where all sides run: a private folder, the same data, kernels, desktops and one browser.

Stock CASA is what its documentation describes: ``pip install casatasks casaviewer casaplotms`` into an environment of
its own, and an import. Its tools are AppImages that mount themselves, for which it needs libfuse2, ``fusermount`` and
``/dev/fuse``. A container without them cannot run stock CASA's tools at all; then its peer is missing, and the
benchmarks of tools say so and measure nothing. Stock's tools always want an X server, which is given to them running.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from ctypes.util import find_library
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Type

import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from casa_desktop.desktop import lifecycle
from casa_desktop.runtime import record
from casa_desktop.system.pythonpath import module

from . import desks, disks, peers
from .cells import Cells

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
FOREIGN = ("CASA", "DISPLAY", "IPYTHON", "JUPYTER", "MPLBACKEND", "PYTHONDONTWRITE", "XAUTHORITY", "XDG_")
STOCK_CASA = "stock CASA"
# By itself a store takes a fifth of what is free, and the disks here are small.
UNLIMITED = "%casa_reuse limit 1000 GB"
OURS, STOCK = module("casa_kernel"), ("-m", "ipykernel_launcher")


def can_mount() -> bool:
    """Tell whether an AppImage finds what it mounts itself with."""
    return Path("/dev/fuse").exists() and bool(shutil.which("fusermount") and find_library("fuse"))


class Kernel:
    """A running kernel; a context manager.

    Attributes:
        seconds: from the start of the process until now, at any time.
        process: its process.
    """

    def __init__(self, python: str, module: Sequence[str], folder: Path, env: Dict[str, str]) -> None:
        self._manager = KernelManager(kernel_name="python3")
        spec = self._manager.kernel_spec
        assert spec is not None
        spec.argv, spec.metadata = [python, *module, "-f", "{connection_file}"], {}
        self._started = time.perf_counter()
        self._manager.start_kernel(cwd=str(folder), env=env, stderr=subprocess.DEVNULL)
        self.client: BlockingKernelClient = self._manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        provisioner: Any = self._manager.provisioner
        self.process = psutil.Process(provisioner.pid)
        self._cells = Cells(self.client, provisioner.pid, provisioner.process.wait)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._cells.close()
        self.client.stop_channels()
        self._manager.shutdown_kernel()
        self._manager.cleanup_resources()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def run(self, code: str, timeout: float = 120) -> float:
        """Run a cell; return the seconds from its sending to the arrival of all its output.

        Raises:
            RuntimeError: the cell failed, or the kernel has ended.
            TimeoutError: it takes longer than ``timeout`` seconds.
        """
        printed: List[str] = []
        started = time.perf_counter()
        reply = self._cells.run(code, timeout, lambda each: printed.append(str(each)))
        seconds = time.perf_counter() - started
        if reply["status"] != "ok":
            raise RuntimeError(f"{code!r} failed: {reply.get('evalue')}\n" + "\n".join(printed))
        return seconds

    def text(self, code: str) -> str:
        """Run a cell; return what it printed.

        Raises:
            As ``run``, but not if the cell fails.
        """
        printed: List[str] = []
        self._cells.run(code, 120, lambda each: printed.append(each.get("text", "")))
        return "".join(printed)


class Stage:
    """The folder, its data, and what starts there; a context manager.

    Attributes:
        folder: holds ``sim.ms`` and ``dirty.image``, once there is a kernel.
        can_mount: stock's AppImages find what they need.
        quick: whoever measures is in a hurry, and takes fewer and shorter samples.
        disks: with a large MeasurementSet on each.
    """

    def __init__(self, quick: bool = False, megabytes: int = 100) -> None:
        self.quick = quick
        self._megabytes = megabytes
        self._place = Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
        self.folder = self._place / "observation"
        self.can_mount = can_mount()
        self._desktops: Dict[str, record.Record] = {}
        self._desks: Dict[str, desks.Desk] = {}
        self._kernels: Dict[Tuple[str, bool], Kernel] = {}
        self._browser: Optional[Browser] = None
        self._exits = ExitStack()
        self._outside = os.environ.get("CASA_DESKTOP_RUNTIME_DIR")

    def __enter__(self) -> Stage:
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        for name in ("home", "tmp", "observation"):
            (self._place / name).mkdir()
        shutil.copy(HERE.parent / "support" / "observation" / "siteconfig.py", self._place / "casasiteconfig.py")
        self.environment = {
            **own,
            "HOME": str(self._place / "home"),
            "TMPDIR": str(self._place / "tmp"),
            "CASASITECONFIG": str(self._place / "casasiteconfig.py"),
            "CASA_DESKTOP_RUNTIME_DIR": str(self._place / "run"),
            "CASA_DESKTOP_TOOLS": str(self._place / "tools"),
            # As in a Jupyter that shows desktops.
            "CASA_DESKTOP_URL": "/casa-desktop/",
            # Stock's GUI wheels do not work with today's protobuf otherwise.
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
            "LANG": "C.UTF-8",
        }
        os.environ["CASA_DESKTOP_RUNTIME_DIR"] = self.environment["CASA_DESKTOP_RUNTIME_DIR"]
        self.disks = disks.Disks(self._megabytes, self.environment)
        return self

    def observe(self) -> None:
        """Simulate the observation and unpack our tools, at the first call: the desktop's benchmarks need neither."""
        if (self.folder / "sim.ms").exists():
            return
        self.python(str(HERE.parent / "support" / "observation" / "simulate.py"))
        self.python("-m", "casa_kernel.tools", "extract", "casaviewer", "casaplotms")

    def python(self, *words: str) -> None:
        """Run a program with our Python in the folder, until it ends."""
        subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment,
            check=True,
            timeout=300,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __exit__(self, *_: object) -> None:
        with ExitStack() as last:
            # One of them may fail after an interrupt, as a browser does that has ended already: the others still end.
            last.callback(shutil.rmtree, self._place, ignore_errors=True)
            last.callback(self._restore)
            last.callback(self.end_desktops)
            last.enter_context(self.disks)
            self.clear()

    def _restore(self) -> None:
        if self._outside is None:
            del os.environ["CASA_DESKTOP_RUNTIME_DIR"]
        else:
            os.environ["CASA_DESKTOP_RUNTIME_DIR"] = self._outside

    def end_desktops(self) -> None:
        """End the desktops of kernels; the next that is asked for is a new one."""
        for name in self._desktops:
            lifecycle.stop(name)
        self._desktops.clear()

    def browser(self) -> Browser:
        """Return a running browser."""
        if self._browser is None:
            self._browser = self._exits.enter_context(desks.chromium())
        return self._browser

    def desk(self, name: str, kind: Type[desks.Desk]) -> desks.Desk:
        """Return the running desk ``name``; it is started where it is not there."""
        if name not in self._desks:
            self._desks[name] = self._exits.enter_context(kind(self.browser()))
        return self._desks[name]

    def clear(self) -> None:
        """End all desks, the browser, kernels that stay and disks."""
        self._desks.clear()
        self._kernels.clear()
        self._browser = None
        self._exits.close()
        self.disks.clear()

    def cube(self) -> Path:
        """Return the spectral cube, which is made at the first call."""
        self.observe()
        if not (self.folder / "cube.image").exists():
            self.python(str(HERE / "cube.py"))
        return self.folder / "cube.image"

    def measures(self) -> Path:
        """Return the folder of the measures data, which CASA's tools want to be told."""
        return Path(importlib.util.find_spec("casadata").origin).parent / "__data__"  # type: ignore[union-attr,arg-type]

    def ours(self, **variables: str) -> Kernel:
        """Start our kernel, with further environment variables."""
        self.observe()
        return Kernel(sys.executable, OURS, self.folder, {**self.environment, **variables})

    def ours_by(self, program: Sequence[str]) -> Kernel:
        """Start our kernel by another program of its Python's."""
        self.observe()
        return Kernel(sys.executable, program, self.folder, self.environment)

    def on_disk(self, kind: str, reuse: bool) -> Kernel:
        """Return our kernel in a folder on a disk of a kind, with reuse on or off; it stays until ``clear``."""
        key = (kind, reuse)
        if any(other != kind for other, _ in self._kernels):
            self.clear()
        if key not in self._kernels:
            folder = self.disks.folder(kind)
            variables = {**self.environment, "CASA_DESKTOP_REUSE": "on" if reuse else "off"}
            self._kernels[key] = self._exits.enter_context(Kernel(sys.executable, OURS, folder, variables))
            self._kernels[key].run(UNLIMITED)
        return self._kernels[key]

    def stock(self, desktop: Optional[record.Record] = None) -> Kernel:
        """Start a bare ipykernel, whose tools may use ``desktop``."""
        self.observe()
        shown = lifecycle.environment(desktop) if desktop is not None else {}
        return Kernel(peers.python("stock-casa"), STOCK, self.folder, {**self.environment, **shown})

    def desktop(self, name: str) -> record.Record:
        """Return a running desktop: ``main`` is that of our kernels; the others are Xvnc with a window manager, too."""
        if name not in self._desktops:
            self._desktops[name] = lifecycle.ensure(name)
        return self._desktops[name]
