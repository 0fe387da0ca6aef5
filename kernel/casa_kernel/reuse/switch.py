"""Whether results of tasks are reused in this kernel. While they are not, nothing else of this package is imported."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from ..errors import BadReuse

if TYPE_CHECKING:
    from .calls import Calls


class Switch:
    """Reuse in one kernel: on, off, or asked for by a single call.

    Attributes:
        on: whether calls are looked up and kept, unless they say otherwise themselves.
        on_change: called after each change of ``on``, for instance to save it in the notebook.
    """

    def __init__(
        self, make: Callable[[], Calls], may_open: Callable[[str, Mapping[str, Any]], bool], on: bool = False
    ) -> None:
        """Prepare for a kernel.

        Args:
            make: called when reuse is first needed.
            may_open: returns whether a call of a task, with all its arguments, may open a window.
            on: whether it is on from the beginning.
        """
        self.on = on
        self.on_change: Optional[Callable[[], None]] = None
        self._make, self._may_open = make, may_open
        self._made: Optional[Calls] = None

    @property
    def calls(self) -> Calls:
        """The kernel's calls, with the store."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def settle(self, patience: Optional[float] = None) -> None:
        """Wait until the results of all calls are kept; at most ``patience`` seconds, if they are given."""
        if self._made is not None:
            self._made.settle(patience)

    def turn(self, on: Any) -> None:
        """Switch reuse on or off.

        Raises:
            BadReuse: ``on`` is neither True nor False.
        """
        if not isinstance(on, bool):
            raise BadReuse("reuse", on)
        self.on = on
        if self.on_change is not None:
            self.on_change()

    def restore(self, saved: Any) -> bool:
        """Take what a notebook has kept; return whether it had kept anything that is understood."""
        if not isinstance(saved, bool):
            return False
        self.on = saved
        return True

    def make_anew(self, call: Any) -> None:
        """Have the call with a key made when it is next asked for, whatever is kept."""
        if self._made is not None:
            self._made.make_anew(str(call))

    def describe(self) -> str:
        """Return whether results are reused, and where they are kept."""
        state = "on: a call with all as it was gives its former result" if self.on else "off"
        return f"{state}\n{self.calls.describe()}"

    def perform(self, task: str, arguments: Optional[Mapping[str, Any]], asked: Any, run: Callable[[], Any]) -> Any:
        """Return the result of a call, which is made if need be.

        Args:
            task: the task's name.
            arguments: all its parameters, with defaults; None where the call does not fit the task, which will say so.
            asked: the call's own ``reuse``: None leaves it to the switch, False makes the call and keeps its result
                in place of the former one.
            run: makes the call.

        Raises:
            BadReuse: ``asked`` is something else.
        """
        # Tracebacks show only the user's code and CASA's.
        __tracebackhide__ = True
        if asked is not None and not isinstance(asked, bool):
            raise BadReuse(task, asked)
        if arguments is None or (asked is None and not self.on):
            return run()
        # A window is what the user wants to see, and not a picture of it. Another thread may be at any point of the
        # cell, while this one is to be shown under it.
        if threading.current_thread() is not threading.main_thread() or self._may_open(task, arguments):
            return run()
        return self.calls.perform(task, arguments, run, anew=asked is False)
