"""The magic for the running tools, and the timer that ends idle ones."""

from __future__ import annotations

from typing import Any, Callable, Optional

from IPython.core.magic import Magics, line_magic, magics_class

from ...front import Front
from ...tools import limits as keeping
from ...tools.children import Children
from ...tools.limits import Limits


@magics_class
class ToolMagics(Magics):
    """``%casa_tools``."""

    def __init__(self, shell: Any, children: Optional[Children], limits: Limits, front: Front) -> None:
        super().__init__(shell)
        self._children, self._limits, self._front = children, limits, front

    @line_magic
    def casa_tools(self, line: str) -> None:
        """Show the native tools of this kernel with their memory, or set how long they are kept.

        %casa_tools                 the running tools, and the limits for them
        %casa_tools keep 30         keep a tool without a window for 30 minutes after its last picture (default: 15)
        %casa_tools keep ever       keep it until the kernel ends
        %casa_tools off             end it with its cell
        %casa_tools memory 500      end it above 500 MB, when its cell has ended (default: 2000)
        %casa_tools end             end those without a window now

        A running tool draws the next picture faster. Tools with windows stay until you close them. The
        environment variables CASA_DESKTOP_KEEP_TOOLS (minutes, ever or off) and CASA_DESKTOP_TOOL_MEMORY (MB) set
        the limits of each new kernel.
        """
        words = line.split()
        if self._children is None:
            return
        if words == ["end"]:
            keeping.tidy(self._children, Limits(minutes=0))
        elif words:
            keeping.change(self._limits, words)
            keeping.tidy(self._children, self._limits)
        self._front.say(keeping.describe(self._children, self._limits))


class Timer:
    """Ends tools after cells, and warm ones when their time is over.

    Args:
        children: the kernel's tools.
        limits: their limits.
        call_later: calls a function after some seconds, in the thread that runs cells but never during one.
        forget: cancels such a call.
    """

    def __init__(
        self,
        children: Children,
        limits: Limits,
        call_later: Callable[[float, Callable[[], None]], Any],
        forget: Callable[[Any], None],
    ) -> None:
        self._children, self._limits = children, limits
        self._call_later, self._forget = call_later, forget
        self._pending: Any = None

    def look(self) -> None:
        """End the tools that are over the limits, and set the timer anew."""
        if self._pending is not None:
            self._forget(self._pending)
            self._pending = None
        wait = keeping.tidy(self._children, self._limits)
        if wait is not None:
            self._pending = self._call_later(wait, self.look)
