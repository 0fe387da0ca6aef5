"""The tasks that only open a window, or wait for one: casalogger, browsetable, interactive tclean and the like."""

from __future__ import annotations

import inspect
import os
import tempfile
import uuid
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Dict, Iterator, List, Mapping, Optional, Union

from casa_desktop import names

from ..casa import images, proxies
from ..checks import arguments, inputs, paths
from ..errors import BadParameter, EditorMissing, NoSuchPath, ToolMissing, Unattended, ViewerLost, WindowOnly
from ..interactive.flag_display import FlagDisplay
from ..interactive.mask_editor import MaskEditor
from ..log import query
from ..log.failures import ASK_FOR_MASKS
from ..tools import appimages, viewer_preferences
from . import pictures
from .catalogue import InteractiveTask, WindowTask
from .context import Desk, checked
from .modes import HEADLESS, LIVE
from .signatures import like, missing, value_of

if TYPE_CHECKING:
    from ..replay.kept_replay import KeptReplay
    from ..replay.recorder import Recorder

_REMEDY_OF_MASKS = (
    "Draw the masks once in a notebook, with interactive=True: they are kept in a folder beside the image, for example "
    'first.hand, and hand="first.hand" replays them without a window.'
)
_STEPPING = "The menu View > Animators shows the buttons that step through channels."
_REMEDY = "Leave its window out, or call it in a notebook."


class Windows:
    """Runs the tasks that have a window rather than a picture."""

    def __init__(self, desk: Desk, editor: MaskEditor) -> None:
        self._desk, self._editor = desk, editor
        self._flag_display = FlagDisplay(desk.children.private)

    # Windows for which the notebook does not wait

    def wrap(self, row: WindowTask) -> Callable[..., Any]:
        """Return the task of a row for the notebook's namespace."""
        task = self._desk.casa.gui_tasks.get(row.name)
        if task is None:
            return missing(row.name, row.tool, self._desk.casa.faults)

        def call(*args: Any, **kwargs: Any) -> None:
            given = inputs.bind(row.name, call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            gui = checked(row.name, given.pop("gui", None))
            self._desk.check(row.name, row.inputs, given)
            if self._desk.modes.unattended:
                raise Unattended(row.name, _REMEDY)
            # These tasks can only open a window, so they do in every mode, unless the user has ruled it out for this
            # task.
            if gui is False or (gui is None and self._desk.modes.own.get(row.name) == HEADLESS):
                raise WindowOnly(row.name, row.why)
            argument = given.get(row.argument) if row.argument else None
            words = [os.path.abspath(argument)] if argument else []
            self._open(row.name, row.tool, words, pictures.alt(row.name, given))

        return like(task, call, row.name)

    def _open(self, name: str, tool: str, words: List[str], alt: str) -> None:
        display = self._desk.desktop.environment()
        program = appimages.ensure_extracted(appimages.find(tool), self._desk.front.say)
        env = {**appimages.environment(os.environ, display), "CASADATA": self._desk.casa.data_folder}
        self._desk.open_window(name, tool, [str(program), *words], env, alt)

    def logger(self) -> Callable[..., Any]:
        """Return the task casalogger for the notebook's namespace."""
        task = self._desk.casa.gui_tasks.get("casalogger", _casalogger)

        def call(*args: Any, **kwargs: Any) -> None:
            given = inputs.bind("casalogger", call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            paths.resolve("casalogger", ["logfile"], given)
            logfile = Path(given.get("logfile") or self._desk.casa.logfile).absolute()
            if not logfile.is_file():
                raise NoSuchPath("casalogger", "logfile", logfile)
            if self._desk.mode("casalogger", "", given) == LIVE:
                self._open("casalogger", "casalogger", [str(logfile)], f"casalogger({str(logfile)!r})")
            else:
                self._desk.front.show(query.bundle(logfile), {})

        return like(task, call, "casalogger")

    # Windows for which the task waits

    def wrap_interactive(self, row: InteractiveTask, task: Callable[..., Any]) -> Callable[..., Any]:
        """Return the task of a row with its mask editor on the desktop."""

        def call(*args: Any, **kwargs: Any) -> Any:
            hand = kwargs.pop("hand", None)
            given: Dict[str, Any] = inputs.bind(row.name, call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            if not given.get(row.switch):
                if hand is not None:
                    raise BadParameter(row.name, f"hand replays what was drawn, and needs {row.switch}=True.")
                return task(*args, **kwargs)
            self._desk.check(row.name, row.inputs, given)
            stock = self._desk.casa.names[row.name]
            accepted = set(inspect.signature(stock).parameters)
            arguments.check_types(stock, {name: value for name, value in given.items() if name in accepted})
            if row.at_least:
                name, least = row.at_least
                if value_of(stock, given, name) < least:
                    self._desk.front.say(f"{row.name} asks for no mask: with {name} below {least} it cleans nothing.")
                    return task(**given)
            self._editor.check(row.name)
            if hand is not None:
                return self._replay(row, task, stock, given, hand)
            if os.environ.get(names.UNATTENDED) == "1":
                raise Unattended(row.name, _REMEDY_OF_MASKS if row.name in ASK_FOR_MASKS else _REMEDY)
            display = self._desk.desktop.environment()
            program = appimages.ensure_extracted(appimages.find(row.tool), self._desk.front.say)
            proxies.spare_tools(os.environ)
            advice = f"{row.advice} {_STEPPING}" if _steps(row, given) else row.advice
            self._desk.tell(f"{row.name} waits for you on the CASA Desktop: {advice}")
            keeper = self._keeper(row.name, stock, given)
            session = self._session(row, program, display, given, keeper)
            with self._reported(keeper), self._flags_kept(row, given), session:
                return task(**given)

        return like(task, call, row.name, add_gui=False)

    def _replay(
        self, row: InteractiveTask, task: Callable[..., Any], stock: Any, given: Dict[str, Any], hand: Any
    ) -> Any:
        from ..replay import playback
        from ..replay.kept_replay import KeptReplay

        folder, record = playback.read(row.name, hand)
        player = playback.Playback(row.name, folder, record)
        player.check(_complete(stock, given), partial(images.shape_of, self._desk.casa))
        if util.find_spec("grpc") is None:
            raise ToolMissing("grpcio", "in this kernel's Python")
        proxies.spare_tools(os.environ)
        with tempfile.TemporaryDirectory(dir=self._desk.children.private.path, prefix="player-") as private:
            output = Path(private) / "output"
            keeper = self._keeper(row.name, stock, given, str(folder))
            kept = KeptReplay(player, keeper, output) if keeper is not None else None
            try:
                with self._reported(kept), self._editor.replay(row.name, player.argv, output, kept or player):
                    result = task(**given)
            except (ViewerLost, EditorMissing) as error:
                raise player.problem(output) or error from None
            for line in player.summary(output):
                self._desk.front.say(line)
        return result

    def _keeper(self, name: str, stock: Any, given: Mapping[str, Any], replayed: str = "") -> Optional[Recorder]:
        """Return what keeps the handwork of a call; None if the task asks for no masks, or nothing can keep them.

        Args:
            name: the task's name.
            stock: the task.
            given: the arguments that were given.
            replayed: the record that it replays; empty if hands do it.
        """
        if name not in ASK_FOR_MASKS:
            return None
        try:
            from ..replay.recorder import Recorder

            describe = partial(images.storage, self._desk.casa)
            show = _show_nothing if replayed else self._shower()
            return Recorder(name, _complete(stock, given), describe, show, replayed)
        # Whatever it is, the cleaning is worth more.
        except Exception as error:  # noqa: BLE001
            self._desk.front.say(f"The handwork will not be kept: {error}")
            return None

    def _shower(self) -> Callable[[Mapping[str, str]], None]:
        """Return a function that puts a bundle into the cell, in place of the former one."""
        place = f"casa-desktop-{uuid.uuid4().hex}"
        shown: List[bool] = []

        def show(bundle: Mapping[str, str]) -> None:
            self._desk.front.show(bundle, {}, display_id=place, update=bool(shown))
            shown.append(True)

        return show

    @contextmanager
    def _reported(self, keeper: Union[Recorder, KeptReplay, None]) -> Iterator[None]:
        """Say after a with block where the handwork was kept, or why it was not."""
        try:
            yield
        except BaseException as error:
            self._report(keeper, error)
            raise
        self._report(keeper, None)

    def _report(self, keeper: Union[Recorder, KeptReplay, None], error: Optional[BaseException]) -> None:
        line = keeper.finish(error) if keeper is not None else ""
        if line:
            self._desk.front.say(line)

    def _flags_kept(self, row: InteractiveTask, given: Mapping[str, Any]) -> ContextManager[None]:
        """Keep what flagdata flags while a user looks at its display."""
        tables = self._desk.measurement_sets(row.inputs, given) if row.tool == "casaplotserver" else []
        if not tables:
            return nullcontext()
        try:
            return self._desk.flag_watch().around(row.name, pictures.alt(row.name, given), tables)
        except Exception as error:  # noqa: BLE001
            self._desk.front.say(f"What is flagged will not be kept: {error}")
            return nullcontext()

    def _session(
        self,
        row: InteractiveTask,
        program: Path,
        display: Mapping[str, str],
        given: Mapping[str, Any],
        keeper: Optional[Recorder],
    ) -> ContextManager[None]:
        if row.tool == "casaplotserver":
            return self._flag_display.session(row.name, program, display)
        alt, say = pictures.alt(row.name, given), self._desk.front.say
        return self._editor.session(
            row.name, program, display, _steps(row, given), lambda pid: self._desk.look(pid, alt), say, keeper
        )


def _steps(row: InteractiveTask, given: Mapping[str, Any]) -> bool:
    """Return whether the window is a mask editor whose image may have several planes."""
    # The arguments of deconvolve and simanalyze do not say whether their images have.
    return row.tool == "casaviewer" and (row.name != "tclean" or viewer_preferences.has_planes(given))


def _show_nothing(_bundle: Mapping[str, str]) -> None:
    """A replay takes moments, and its cell shows no progress."""


def _complete(stock: Any, given: Mapping[str, Any]) -> Dict[str, Any]:
    """Return all arguments of a call, with defaults."""
    defaults = {name: each.default for name, each in inspect.signature(stock).parameters.items()}
    return {**{name: each for name, each in defaults.items() if each is not inspect.Parameter.empty}, **given}


def _casalogger(logfile: str = "", terminal: bool = False) -> None:
    """Show CASA's log: its end in the cell, or casalogger on the CASA Desktop.

    Parameters:
        logfile: the log to show; this session's by default
        terminal: unused here
    """
