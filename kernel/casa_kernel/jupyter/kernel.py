"""The CASA kernel: IPython's kernel, with CASA in its namespace and CASA's native tools as its child processes."""

from __future__ import annotations

import gc
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence

from ipykernel import zmqshell
from ipykernel.ipkernel import IPythonKernel
from traitlets import Type

from casa_desktop import names
from casa_desktop.errors import CasaDesktopError
from casa_desktop.system.messages import Word

from ..casa import hooks, imports, kernelspec, namespace, options, tables
from ..casa.task_names import CasaNames
from ..casa.task_object import is_task
from ..drawing import desktop
from ..drawing.catalogue import NAMES
from ..drawing.desktop import Desktop
from ..drawing.modes import Modes
from ..drawing.wrap import Studio
from ..inputs.commands import Habits
from ..log import reopen, task_arguments
from ..log.cell_log import LogStream
from ..reuse.switch import Switch
from ..tools import limits
from . import former_kernel, lost_names, out_of_memory
from .bare_calls import BareCommands, BareTasks
from .cell_display import CellDisplay
from .loading import Loading
from .magics.hand import HandMagics
from .magics.history import HistoryMagics
from .magics.inputs import HabitMagics
from .magics.log import LogMagics
from .magics.modes import CasaMagics
from .magics.reuse import ReuseMagics
from .magics.tools import Timer, ToolMagics
from .notebook import Notebook
from .out_of_memory import ANSWERS, REQUESTS
from .streams import NativeStream, settle
from .tracebacks import Reporter

if TYPE_CHECKING:
    from ..ranks.link import Link
    from ..replay.flag_watch import FlagWatch
    from ..reuse.calls import Calls
    from .cell_desktop import CellDesktops

# Jupyter kills a kernel five seconds after it has told it to end.
_KEEPING_SECONDS = 2.0
_INTERRUPTED = "raise KeyboardInterrupt('CASA is still being imported; run the cell again.')"


class ZMQInteractiveShell(zmqshell.ZMQInteractiveShell):
    """ipykernel's shell, which shows the errors of tasks in a few lines.

    It keeps its name, by which libraries such as rich find out that they are in a notebook.

    Attributes:
        reporter: shows the errors.
        given: the names that the kernel has put into the namespace, with their values.
        without_casa: a sentence that explains why there is no CASA in the namespace; empty if it is there.
    """

    reporter: Optional[Reporter] = None
    given: Mapping[str, Any] = {}
    without_casa = ""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show the exception that is being handled. Called by IPython, for cells and for scripts that magics run."""
        ANSWERS.spend_if_short()
        if self.reporter is None or not self.reporter.show(self):
            super().showtraceback(*args, **kwargs)
            if self.without_casa and isinstance(sys.exc_info()[1], NameError):
                # It was printed with the first cell, which may be out of sight.
                print(self.without_casa, file=sys.stderr, flush=True)
            _, error, trace = sys.exc_info()
            advice = lost_names.advice(error, trace, self.user_ns, self.given)
            if advice:
                print(advice, file=sys.stderr, flush=True)


class CasaKernel(IPythonKernel):
    """The kernel behind the kernelspec ``casa``.

    Attributes:
        loading: the import of CASA, whose C++ is loaded before ipykernel is imported; None if it could not begin.
        reason: why it could not begin.
        tasks: the stand-ins for CASA's tasks, in CASA's modules too.
        notices: sentences that the user should read at once.
        link: the connection to the launcher of a kernel over MPI; None in any other.
    """

    implementation = "casa"
    shell_class = Type(ZMQInteractiveShell)
    loading: Optional[Loading] = None
    reason: Optional[CasaDesktopError] = None
    tasks = CasaNames()
    notices: Sequence[str] = ()
    link: Optional[Link] = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        assert self.shell is not None
        self._shell: Any = self.shell
        self._settled = False
        self._prompt = 0
        self._request: Any = None
        self._given: Optional[Dict[str, Any]] = None
        self._binding = threading.RLock()
        self._casa: Optional[imports.Casa] = None
        self._flags: Optional[FlagWatch] = None
        self._cell_desktops: Optional[CellDesktops] = None
        self._modes = Modes(NAMES, unattended=os.environ.get(names.UNATTENDED) == "1")
        self._front = Notebook()
        self.tasks.prepare = self._bind_tasks
        self._desktop = self._choose_desktop()
        self._reuse = Switch(self._make_calls, self._modes.may_be_live, on=os.environ.get(names.REUSE) == "on")
        self._front.listen(self._modes, self._desktop, self._reuse)
        for notice in self.notices:
            self._tell_once(notice)
        self._log = LogStream(lambda: CellDisplay(self))
        self._shell.events.register("pre_run_cell", lambda info: self._log.begin(info.raw_cell))
        self._native = native = [each for each in (sys.stdout, sys.stderr) if isinstance(each, NativeStream)]
        for stream in native:
            stream.sort = self._log.sorter()
        # Text that C++ has written belongs to this cell.
        self._shell.events.register("post_run_cell", lambda _result: settle(native))
        self._shell.events.register("post_run_cell", lambda _result: self._log.end())
        self._shell.events.register("pre_run_cell", lambda _info: self._mend_folder())
        self._shell.events.register("pre_run_cell", lambda _info: self._desktop.begin_work())
        self._shell.events.register("post_run_cell", lambda _result: self._desktop.end_work())
        self._shell.reporter = Reporter(self._logfile)
        transformers = self._shell.input_transformer_manager.token_transformers
        transformers.extend([BareCommands(self._shell.user_ns), BareTasks(self._is_task)])
        self._habits = HabitMagics(self._shell, self._front)
        self._look_after_log: Callable[[], None] = lambda: None
        log = LogMagics(self._shell, self._log, self._find_log, self._front, lambda: CellDisplay(self))
        self._limits = self._read_limits()
        children = self.loading.children if self.loading is not None else None
        tools = ToolMagics(self._shell, children, self._limits, self._front)
        magics = CasaMagics(self._shell, self._modes, self._desktop, self._front, self._show_desktop_in_cell)
        reuse = ReuseMagics(self._shell, self._reuse, self._front)
        history = HistoryMagics(self._shell, self._imported_casa, self._reuse.settle, self._front)
        hand = HandMagics(self._shell, self._front, self._names)
        self._shell.register_magics(magics, self._habits, log, tools, reuse, history, hand)
        self.implementation_version = kernelspec.casa_version() or "without CASA"
        # ipykernel takes its banner from the shell.
        self._shell.banner1 = f"CASA {self.implementation_version}\n"

    def start(self) -> None:
        """Begin to answer and to import CASA; complete the namespace when it is imported. Called by ipykernel."""
        super().start()  # type: ignore[no-untyped-call]
        if self.link is not None:
            self.link.watch(self._hear_launcher)
        if self.loading is not None:
            self.loading.go_on()
            self.loading.when_done(lambda: self.io_loop.add_callback(self._settle))
            loop = self.io_loop
            timer = Timer(self.loading.children, self._limits, loop.call_later, loop.remove_timeout)
            self._shell.events.register("post_run_cell", lambda _result: timer.look())

    def _show_desktop_in_cell(self, name: str) -> None:
        if self._cell_desktops is None:
            from .cell_desktop import CellDesktops

            self._cell_desktops = CellDesktops(self, self._front)
        self._cell_desktops.show(name)

    def _read_limits(self) -> limits.Limits:
        try:
            return limits.from_environment(os.environ)
        except CasaDesktopError as error:
            self._tell_once(f"CASA_DESKTOP_KEEP_TOOLS or CASA_DESKTOP_TOOL_MEMORY: {error}")
            return limits.Limits()

    def _mend_folder(self) -> None:
        """Make what was removed of the private folder again, also for the programs that the cell starts."""
        if self.loading is not None:
            # A task that needs it will report the reason.
            with suppress(CasaDesktopError):
                former_kernel.note_folder(self.loading.children.private.path)

    def _choose_desktop(self) -> Desktop:
        try:
            return desktop.from_environment(os.environ)
        except CasaDesktopError as error:
            self._tell_once(f"{names.DESKTOP_NAME}: {error}")
            return Desktop()

    def _settle(self) -> None:
        """Complete the namespace, once; waits for CASA."""
        if self._settled:
            return
        try:
            given = self._names()
            self._shell.push(given, interactive=False)
            self._shell.given = self._habits.given = given
        except CasaDesktopError as error:
            self._settled = True
            self._shell.without_casa = str(error)
            self._tell_once(str(error))
        else:
            self._settled = True
            self._run_startup()
        if self.link is not None:
            self.link.say("imported")
        # The process began with the garbage collector switched off. The objects that exist now will stay, and need
        # never be searched.
        gc.freeze()
        gc.enable()

    def _bind_tasks(self) -> None:
        """Wait for CASA, and replace its tasks by the notebook's; called in any thread that uses a task early."""
        if self.loading is not None and self.loading.is_here:
            return
        if self.loading is not None:
            # A file of the profile may call a task before the kernel answers.
            self.loading.go_on()
        self._names()

    def _names(self) -> Dict[str, Any]:
        """Return the names for the namespace."""
        if self.loading is None:
            assert self.reason is not None
            raise self.reason
        found = self.loading.wait()
        with self._binding:
            if self._given is None:
                self._given = self._make_names(found, self.loading)
            return self._given

    def _make_names(self, found: imports.Casa, loading: Loading) -> Dict[str, Any]:
        task_arguments.install(found.names["casalog"], loading.children.private.path)
        hooks.after_new_logfile(found, reopen.check, self._follow_log)
        room = reopen.LogRoom(lambda: found.logfile, lambda: hooks.reopen_log(found), self._front.say)
        for event in ("pre_run_cell", "post_run_cell"):
            self._shell.events.register(event, lambda _: room.look())
        self._look_after_log = room.look
        studio = Studio(
            found, self._modes, loading.children, loading.editor, self._desktop, self._front, self._flag_watch
        )
        given = {**found.names, **studio.names()}
        self._casa = found
        tasks = [name for name in given if is_task(found.names.get(name)) or name in NAMES]
        habits = Habits(
            self._shell.user_ns,
            given,
            tasks,
            namespace.shell_task,
            self._logfile,
            self._front,
            self.tasks.bind,
            self._reuse.perform,
        )
        self._habits.habits, self._habits.measures = habits, lambda: tables.measures(found)
        return {**habits.names(), "execfile": options.make_execfile(self._shell)}

    def _follow_log(self, path: Path) -> None:
        self._log.follow(path)
        if self.link is not None:
            from ..casa import servers

            servers.follow_log(path)

    def _make_calls(self) -> Calls:
        """Prepare for the reuse of results, when it is first needed: it imports much."""
        from . import reused_calls

        return reused_calls.calls(self._imported_casa(), self._front, self._native, self._logfile, self._cell_name)

    def _imported_casa(self) -> imports.Casa:
        """Wait for CASA, or raise why there is none."""
        self._names()
        assert self._casa is not None
        return self._casa

    def _flag_watch(self) -> FlagWatch:
        """Return what keeps the flaggings by hand; it is imported when it is first needed."""
        if self._flags is None:
            from ..replay.flag_watch import FlagWatch

            assert self.loading is not None
            assert self._casa is not None
            private, version = self.loading.children.private, self._casa.version
            self._flags = FlagWatch(lambda: private.path, lambda: CellDisplay(self), {"casatasks": version})
        return self._flags

    def _cell_name(self) -> str:
        """Return the name of the running cell, as its prompt shows it."""
        return f"[{self._prompt}]"

    def _run_startup(self) -> None:
        """Run the user's startup.py in the notebook's complete namespace."""
        path = options.file(sys.argv[1:], imports.startup_file())
        with self._front.starting_up():
            said = options.run(self._shell, path) if path is not None else ""
        if said:
            self._tell_once(said.rstrip("\n"))

    def _hear_launcher(self, word: Word) -> None:
        """Print under the last cell, running or not, why this kernel is about to end. Called in a thread."""
        if word.kind == "lost":
            assert self.session is not None
            assert self.link is not None
            content = {"name": "stderr", "text": f"{word.value}\n"}
            self.session.send(self.iopub_socket, "stream", content, parent=self._request or {})
            self.link.say("told")

    def _is_task(self, name: str) -> bool:
        """Return whether a name of the notebook is the task that the kernel has put there."""
        return self._habits.habits is not None and self._habits.habits.holds(name)

    def _find_log(self) -> Path:
        """Return the path of CASA's log, which is opened anew if it was removed."""
        self._look_after_log()
        return self._logfile()

    def _logfile(self) -> Path:
        assert self._casa is not None
        return Path(self._casa.logfile)

    def _tell_once(self, text: str) -> None:
        """Print ``text`` at the head of the first cell's output."""

        def tell(_info: Any) -> None:
            self._shell.events.unregister("pre_run_cell", tell)
            print(text, file=sys.stderr, flush=True)

        self._shell.events.register("pre_run_cell", tell)

    # The methods below need the namespace. The event pre_run_cell would be too late: the cell's text is transformed
    # before it.

    async def do_execute(self, code: str, *args: Any, **kwargs: Any) -> Any:
        """Run a cell. Called by ipykernel."""
        try:
            self._settle()
        except KeyboardInterrupt:
            # ipykernel would send no reply, and the notebook would wait for ever.
            code = _INTERRUPTED
        try:
            return await super().do_execute(code, *args, **kwargs)  # type: ignore[no-untyped-call]
        # Whatever the error is, the notebook must get an answer.
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            return self._tell_unfinished(error)

    async def execute_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Run a cell and send the answer. Called by ipykernel, which only logs what this raises."""
        # Later releases of IPython count the cell when it begins, earlier ones when it has ended.
        self._prompt = self.execution_count
        self._request = parent
        try:
            await super().execute_request(stream, ident, parent)  # type: ignore[no-untyped-call]
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            assert self.session is not None
            self.session.send(stream, "execute_reply", self._tell_unfinished(error), parent, ident=ident)
        finally:
            REQUESTS.fill()
            ANSWERS.fill()

    def _tell_unfinished(self, error: BaseException) -> Dict[str, Any]:
        """Show the error that ended the cell under it; return the reply."""
        ANSWERS.spend()
        content = out_of_memory.content(error)
        self.send_response(self.iopub_socket, "error", content)  # type: ignore[no-untyped-call]
        return {"status": "error", "execution_count": self._prompt, **content}

    def do_complete(self, code: str, cursor_pos: int) -> Any:
        """Complete a name. Called by ipykernel."""
        self._settle()
        return super().do_complete(code, cursor_pos)  # type: ignore[no-untyped-call]

    def do_inspect(self, *args: Any, **kwargs: Any) -> Any:
        """Describe a name. Called by ipykernel."""
        self._settle()
        return super().do_inspect(*args, **kwargs)  # type: ignore[no-untyped-call]

    def do_shutdown(self, restart: bool) -> Any:
        """End the native tools before the kernel ends or restarts."""
        if self.link is not None:
            self.link.say("ended")
        self._reuse.settle(_KEEPING_SECONDS)
        if self._flags is not None:
            self._flags.close()
        if self.loading is not None:
            self.loading.children.close()
        return super().do_shutdown(restart)  # type: ignore[no-untyped-call]
