"""Choose the mode in which a task draws: by the call's argument, the task's setting, or the kernel's. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from ..errors import BadMode

HEADLESS = "headless"
LIVE = "live"
AUTO = "auto"
MODES = (HEADLESS, LIVE, AUTO)


@dataclass
class Modes:
    """The modes in force in one kernel.

    Attributes:
        tasks: the tasks that can be set, in the order in which they are shown.
        default: the mode of tasks that have none of their own.
        own: the modes of single tasks.
        unattended: nobody will see a window, so all tasks are headless, whatever is set.
        on_change: called after each ``set`` and ``set_default``, for instance to save the modes.
    """

    tasks: Tuple[str, ...]
    default: str = HEADLESS
    own: Dict[str, str] = field(default_factory=dict)
    unattended: bool = False
    on_change: Optional[Callable[[], None]] = field(default=None, repr=False, compare=False)

    def set(self, mode: str, tasks: Sequence[str] = ()) -> None:
        """Set ``mode`` for ``tasks``, or for all of them when none is named.

        Raises:
            BadMode: there is no such mode or no such task; nothing is changed then.
        """
        if not _is_mode(mode):
            raise BadMode(mode, MODES)
        for task in tasks:
            if task not in self.tasks:
                raise BadMode(task, self.tasks)
        if tasks:
            self.own.update(dict.fromkeys(tasks, mode))
        else:
            self.default = mode
            self.own.clear()
        self._tell()

    def set_default(self, mode: str) -> None:
        """Set ``mode`` for the tasks that have none of their own.

        Raises:
            BadMode: there is no such mode; nothing is changed then.
        """
        if not _is_mode(mode):
            raise BadMode(mode, MODES)
        self.default = mode
        self._tell()

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def saved(self) -> Dict[str, Any]:
        """Return the modes for the notebook's metadata, under ``casa.modes``."""
        return {"default": self.default, "tasks": dict(self.own)}

    def restore(self, saved: Any) -> bool:
        """Restore modes that ``saved`` returned, perhaps in another notebook or version.

        Unknown tasks and modes are ignored: the notebook may come from another user or another CASA.

        Returns:
            Whether ``saved`` contained a known mode.
        """
        saved = saved if isinstance(saved, dict) else {}
        default, own = saved.get("default"), saved.get("tasks")
        own = own if isinstance(own, dict) else {}
        known = {task: mode for task, mode in own.items() if task in self.tasks and _is_mode(mode)}
        if not known and not _is_mode(default):
            return False
        self.default = default if _is_mode(default) else HEADLESS
        self.own = known
        return True

    def of(self, task: str) -> str:
        """Return the mode set for ``task``; may be ``auto``."""
        return self.own.get(task, self.default)

    def may_be_live(self, task: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether a call of a task may open a window on the desktop."""
        if self.unattended:
            return False
        gui = arguments.get("gui")
        return task in self.tasks and (bool(gui) if gui is not None else self.of(task) != HEADLESS)

    def resolve(self, task: str, gui: Optional[bool], watched: bool) -> str:
        """Return ``headless`` or ``live`` for one call.

        Args:
            gui: the call's own argument; None leaves the choice to the setting.
            watched: whether a browser shows the desktop, on which ``auto`` depends.
        """
        if self.unattended:
            return HEADLESS
        if gui is not None:
            return LIVE if gui else HEADLESS
        mode = self.of(task)
        if mode != AUTO:
            return mode
        return LIVE if watched else HEADLESS

    def describe(self) -> str:
        """Return the output of ``%casa_mode``: the default, and each task that differs."""
        if self.unattended:
            return "headless (nobody attends this run, so all tasks draw into the cell)"
        lines = [f"{self.default} (all tasks that draw: {', '.join(self.tasks)})"]
        lines += [f"{mode}: {task}" for task, mode in self.own.items() if mode != self.default]
        return "\n".join(lines)


def _is_mode(value: Any) -> bool:
    return isinstance(value, str) and value in MODES


def parse(line: str) -> Tuple[Optional[str], Tuple[str, ...]]:
    """Return the mode and the tasks in the arguments of ``%casa_mode``; the mode is None to show the modes."""
    words = line.replace(",", " ").split()
    return (words[0] if words else None, tuple(words[1:]))
