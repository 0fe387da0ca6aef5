"""Import CASA: first its C++, then its tasks in a thread, while the kernel already answers.

The first cell, or the first completion, waits for the rest.
"""

from __future__ import annotations

import atexit
import sys
import threading
from functools import partial
from typing import Callable, Optional

from casa_desktop.errors import CasaDesktopError

from ..casa import compatibility, hooks, imports, options
from ..checks import working_folder
from ..errors import CasaMissing
from ..interactive import flag_display, missing_editor
from ..interactive.mask_editor import MaskEditor
from ..tools.children import Children
from ..tools.clients import use_up_panel_numbers


class Loading:
    """One import of CASA, begun by the constructor.

    Attributes:
        children: the kernel's tools, which use a private folder; it exists before CASA is imported.
        editor: the mask editor, whose script CASA uses as its Python while it is being imported.

    Raises:
        RuntimeDirectoryError: there is no place for the private folder.
    """

    def __init__(self) -> None:
        self.children = Children()
        # Registered before CASA is imported, so that it runs after CASA has released its tools.
        atexit.register(self.children.close)
        self.editor = MaskEditor(self.children.private, self._use_up)
        missing_editor.watch_cleaning(self.editor.miss)
        missing_editor.watch_flagging(partial(flag_display.check_provided, self.children.private.path))
        self._casa: Optional[imports.Casa] = None
        self._error: Optional[CasaDesktopError] = None
        self._then: Optional[Callable[[], None]] = None
        self._folder: Optional[working_folder.Hidden] = None
        self._guard = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._done = threading.Event()
        try:
            imports.load_tools(self.editor.python, options.settings(sys.argv[1:]))
        except CasaDesktopError as error:
            self._error = error
            self._done.set()

    def go_on(self) -> None:
        """Import the tasks in a thread, once the process has imported all that the kernel itself needs; only once.

        debugpy, casaplotms and casaviewer each insert a folder at the front of ``sys.path`` while they are being
        imported, and afterwards remove the first entry. Two at a time would remove each other's folder. And Python,
        which iterates over the list itself, skips an entry when one before it is removed; an existing module is then
        not found.
        """
        with self._guard:
            if self._done.is_set() or self._thread is not None:
                return
            # Not a daemon thread: if the process ended while it loads a C++ library, it might crash.
            self._thread = threading.Thread(target=self._run, name="casa-import")
        self._folder = working_folder.Hidden()
        self._thread.start()

    def _use_up(self, address: str, count: int) -> None:
        use_up_panel_numbers(self.wait(), address, count)

    def _run(self) -> None:
        try:
            found = imports.load_tasks()
            hooks.before_clean_ends(found, self.editor.end_viewer)
            hooks.around_interaction(found, self.editor.interaction)
            hooks.observe_cycles(found, self.editor.hear)
            hooks.keep_log_global(found)
        except CasaDesktopError as error:
            self._error = error
        # Otherwise the threads that wait for CASA would wait for ever.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self._error = CasaMissing(compatibility.explain(error))
        else:
            self._casa = found
        if self._folder is not None:
            self._folder.show()
        with self._guard:
            self._done.set()
            then, self._then = self._then, None
        if then is not None:
            then()

    @property
    def is_here(self) -> bool:
        """Whether this very thread imports the tasks, and may not wait for them."""
        return threading.current_thread() is self._thread

    def wait(self) -> imports.Casa:
        """Wait for CASA; interrupts raise KeyboardInterrupt as usual.

        Raises:
            CasaMissing: it could not be imported.
        """
        self._done.wait()
        if self._error is not None:
            raise self._error
        assert self._casa is not None
        return self._casa

    def when_done(self, then: Callable[[], None]) -> None:
        """Call ``then`` once, in the importing thread, when the import is over; if it is over, call it now."""
        with self._guard:
            if not self._done.is_set():
                self._then = then
                return
        then()
