"""Make CASA's drawing tasks obey the modes, and its interactive tasks open on the desktop.

A wrapped task keeps its documentation and its signature, with ``gui`` added; the differences between tasks are in
``drawing.catalogue``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict

from ..casa.imports import Casa
from ..front import Front
from ..interactive.mask_editor import MaskEditor
from ..tools.children import Children
from .catalogue import DRAWING_TASKS, FIGURE_TASKS, INTERACTIVE_TASKS, WINDOW_TASKS
from .context import Desk
from .desktop import Desktop
from .figures import Figures
from .modes import Modes
from .native import Drawing
from .windows import Windows

if TYPE_CHECKING:
    from ..replay.flag_watch import FlagWatch


class Studio:
    """All tasks that draw or open windows, for the notebook's namespace."""

    def __init__(
        self,
        casa: Casa,
        modes: Modes,
        children: Children,
        editor: MaskEditor,
        desktop: Desktop,
        front: Front,
        flag_watch: Callable[[], FlagWatch],
    ) -> None:
        self._casa = casa
        desk = Desk(casa, modes, children, desktop, front, flag_watch)
        self._figures, self._windows = Figures(desk), Windows(desk, editor)
        self._drawing = Drawing(desk, self._figures)

    def names(self) -> Dict[str, Callable[..., Any]]:
        """Return the wrapped tasks, which replace CASA's own in the notebook's namespace.

        Tasks that this version of CASA does not have are missing.
        """
        found = {row.name: self._drawing.wrap(row) for row in DRAWING_TASKS}
        found.update({row.name: self._windows.wrap(row) for row in WINDOW_TASKS})
        found["casalogger"] = self._windows.logger()
        for figure in FIGURE_TASKS:
            if figure.name in self._casa.names:
                found[figure.name] = self._figures.wrap(figure, self._casa.names[figure.name])
        for row in INTERACTIVE_TASKS:
            # simanalyze both draws and waits.
            task = found.get(row.name, self._casa.names.get(row.name))
            if task is not None:
                found[row.name] = self._windows.wrap_interactive(row, task)
        return found
