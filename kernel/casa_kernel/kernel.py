"""The CASA kernel: IPython's, with CASA in its namespace and its native tools as its children."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional

from ipykernel.ipkernel import IPythonKernel

from casa_desktop.errors import CasaDesktopError

from . import casa, startup
from .children import Children
from .clients import use_up_panel_numbers
from .habitmagics import BareCommands, HabitMagics
from .habits import Habits
from .interactive import MaskEditor
from .magics import CasaMagics
from .modes import Modes
from .notebook import Notebook
from .reports import Reporter
from .tasks import NAMES
from .wrap import Studio


class CasaKernel(IPythonKernel):
    """The kernel behind the kernelspec ``casa``."""

    implementation = "casa"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        assert self.shell is not None
        self._shell: Any = self.shell
        self._children: Optional[Children] = None
        self._casa: Optional[casa.Casa] = None
        self._modes = Modes(NAMES)
        self._front = Notebook()
        self._shell.set_custom_exc((Exception,), Reporter(self._logfile))
        self._shell.input_transformer_manager.token_transformers.append(BareCommands(self._shell.user_ns))
        self._habits = HabitMagics(self._shell, self._front)
        self._shell.register_magics(CasaMagics(self._shell, self._modes, self._front), self._habits)
        try:
            self._shell.push(self._load(), interactive=False)
        except CasaDesktopError as error:
            self._tell_once(str(error))
        else:
            self._run_startup()

    def _run_startup(self) -> None:
        """Run the user's startup.py in the notebook's complete namespace."""
        path = startup.file(sys.argv[1:], casa.startup_file())
        said = startup.run(self._shell, path) if path is not None else ""
        if said:
            self._tell_once(said.rstrip("\n"))

    def _load(self) -> Dict[str, Any]:
        """Import CASA and return what goes into the namespace."""
        self._children = Children()
        # Registered before CASA is imported, so that it runs after CASA has let go of its tools.
        atexit.register(self._children.close)

        def use_up(address: str, count: int) -> None:
            use_up_panel_numbers(found, address, count)

        editor = MaskEditor(self._children.private, use_up)
        found = casa.load(editor.python, startup.settings(sys.argv[1:]))
        casa.before_clean_ends(found, editor.end_viewer)
        self.implementation_version = found.version
        # IPython's banner is the shell's.
        self._shell.banner1 = f"CASA {found.version}\n"
        studio = Studio(found, self._modes, self._children, editor, self._front)
        given = {**found.names, **studio.names()}
        self._casa = found
        tasks = [name for name in given if casa.is_task(found.names.get(name)) or name in NAMES]
        habits = Habits(self._shell.user_ns, given, tasks, casa.shell_task, self._logfile, self._front)
        self._habits.habits, self._habits.measures = habits, lambda: casa.measures(found)
        return {**habits.names(), "execfile": startup.make_execfile(self._shell)}

    def _logfile(self) -> Path:
        assert self._casa is not None
        return Path(self._casa.logfile)

    def _tell_once(self, text: str) -> None:
        """Print ``text`` at the head of the first cell's output."""

        def tell(_info: Any) -> None:
            self._shell.events.unregister("pre_run_cell", tell)
            print(text, file=sys.stderr, flush=True)

        self._shell.events.register("pre_run_cell", tell)

    def do_shutdown(self, restart: bool) -> Any:
        """End the native tools before the kernel ends or restarts."""
        if self._children is not None:
            self._children.close()
        return super().do_shutdown(restart)  # type: ignore[no-untyped-call]


def main() -> None:
    """Run the kernel: the command line is ``-f CONNECTION_FILE [-- CASA'S OPTIONS]``."""
    from ipykernel.kernelapp import IPKernelApp

    casa.prepare(os.environ)
    # casaconfig and casaviewer look for their own options in the command line of the process.
    arguments, sys.argv[1:] = startup.split(sys.argv[1:])
    IPKernelApp.launch_instance(argv=arguments, kernel_class=CasaKernel)
