"""The desktop that a kernel uses, and the kernel's operations on it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from casa_desktop.desktop import lifecycle, page_address, registry, usage
from casa_desktop.errors import CasaDesktopError, RuntimeDirectoryError
from casa_desktop.names import DESKTOP_NAME
from casa_desktop.runtime import directory
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import settings_from
from casa_desktop.x11 import screenshots
from casa_desktop.x11.screenshots import Glimpse

from ..front import Way
from .served_pages import ServedPages


class Desktop:
    """The desktop in use in one kernel.

    Windows that are open on a former one stay there.

    Attributes:
        name: its name; it may not be running.
        served: the pages that this kernel serves itself.
        on_change: called after each ``use``.
    """

    def __init__(self, name: str = registry.DEFAULT_NAME) -> None:
        self.name = name
        self.served = ServedPages()
        self.on_change: Optional[Callable[[], None]] = None
        # The number of running cells (one may run within another), and the descriptors of the locks that mark each
        # desktop as in use.
        self._cells = 0
        self._working: Dict[str, int] = {}
        # A process that a cell forks may outlive the cell and the kernel.
        os.register_at_fork(after_in_child=self._let_go)

    def _let_go(self) -> None:
        while self._working:
            # Closed but not unlocked, because the kernel still uses the desktop.
            os.close(self._working.popitem()[1])

    def use(self, name: str) -> None:
        """Use the desktop ``name`` from now on; it is started when something is to be shown on it.

        Raises:
            InvalidName: ``name`` is not valid as the name of a desktop.
        """
        self.name = directory.checked_name(name)
        self._say_that_it_is_in_use(self.record())
        if self.on_change is not None:
            self.on_change()

    def record(self) -> Optional[Record]:
        """Return the desktop's record if it is running, else None."""
        try:
            return registry.find(self.name)
        except CasaDesktopError:
            # There is no place for desktops; an attempt to start one will report the reason.
            return None

    def is_watched(self) -> bool:
        """Return whether a browser shows the desktop; does not start it."""
        try:
            record = registry.find(self.name)
        except RuntimeDirectoryError:
            # Without a usable runtime directory there is no desktop to show; an attempt to start one reports the error.
            return False
        return record is not None and usage.is_watched(record)

    def environment(self) -> Dict[str, str]:
        """Return the variables that put a program on the desktop, which is started if necessary.

        Raises:
            CasaDesktopError: it cannot be started; the error gives the reason.
        """
        record = lifecycle.ensure(self.name, settings=settings_from(os.environ))
        self._say_that_it_is_in_use(record)
        return lifecycle.environment(record)

    def windows(self) -> List[str]:
        """Return the titles of the desktop's windows, the topmost one first; an empty list if it is not running.

        Raises:
            ScreenshotFailed: the desktop does not answer.
        """
        record = registry.find(self.name)
        return screenshots.titles(record) if record is not None else []

    def snapshot(self, window: str = "") -> Tuple[Dict[str, Any], Dict[str, Any]]:
        """Return a picture of the desktop as a MIME bundle, and its metadata.

        Args:
            window: part of the title of a window that is to be shown alone; empty for the whole desktop.

        Raises:
            NotRunning: the desktop is not running.
            NoSuchWindow: no window has such a title.
            ScreenshotFailed: the desktop does not answer.
        """
        record = registry.running(self.name)
        alt = f"The window {window!r} on the CASA Desktop" if window else "The CASA Desktop"
        return {"image/png": screenshots.screenshot(record, window), "text/plain": alt}, {"image/png": {"alt": alt}}

    @contextmanager
    def glimpse(self) -> Iterator[Glimpse]:
        """Prepare to take a picture of the window that a tool is about to open on the running desktop."""
        found = Glimpse(registry.running(self.name))
        try:
            yield found
        finally:
            found.close()

    def is_shown_by_jupyter(self, environ: Mapping[str, str]) -> bool:
        """Return whether the Jupyter server that runs this kernel has casa-desktop's extension."""
        return bool(page_address.given(environ))

    def ways(self, environ: Mapping[str, str]) -> List[Way]:
        """Return the links to the desktop's page, at least one.

        It is on the Jupyter server that runs this kernel. If that server has no extension of casa-desktop, which gives
        its kernels the address, a process of this kernel's own serves the page; to start that takes half a second.

        Raises:
            PageUnavailable: there is no such process.
        """
        if self.is_shown_by_jupyter(environ):
            own = "" if self.name == registry.DEFAULT_NAME else f"{self.name}/"
            return [Way(f"{page_address.given(environ)}{own}")]
        return self.served.ways(self.name)

    def names(self) -> List[str]:
        """Return the names of all running desktops.

        Raises:
            RuntimeDirectoryError: there is no place for desktops.
        """
        return [each.name for each in registry.list_desktops()]

    def describe(self) -> str:
        """Return the output of ``%casa_desktop``: the desktop in use, and the others that are running.

        Raises:
            RuntimeDirectoryError: there is no place for desktops.
        """
        running = registry.list_desktops()
        here = next((each for each in running if each.name == self.name), None)
        lines = [f"{self.name} ({_state(here)})"]
        return "\n".join(lines + [f"also running: {each.name}" for each in running if each is not here])

    # While a cell uses a desktop, the desktop is not stopped as unused.

    def begin_work(self) -> None:
        """Note that a cell begins."""
        self._cells += 1
        self._say_that_it_is_in_use(self.record())

    def end_work(self) -> None:
        """Note that the cell has ended."""
        self._cells -= 1
        while self._working and not self._cells:
            usage.end_use(self._working.popitem()[1])

    def _say_that_it_is_in_use(self, record: Optional[Record]) -> None:
        if not self._cells or record is None:
            return
        # The desktop may have ended a moment ago, and then needs no lock; or it may have been started anew; or what
        # would stop it was itself stopped.
        with suppress(OSError, RuntimeDirectoryError):
            former, self._working[record.name] = self._working.get(record.name), usage.work(record)
            if former is not None:
                usage.end_use(former)


def _state(record: Optional[Record]) -> str:
    return "not running; it starts with the first window" if record is None else f"running, display {record.display}"


def from_environment(environ: Mapping[str, str]) -> Desktop:
    """Return the desktop that ``CASA_DESKTOP_NAME`` names, or ``main``.

    Raises:
        InvalidName: the value is not valid as the name of a desktop.
    """
    return Desktop(directory.checked_name(environ.get(DESKTOP_NAME) or registry.DEFAULT_NAME))
