"""What counts as a clear word, and who may be another process after a round than before."""

from __future__ import annotations

from typing import FrozenSet, Mapping

import casa_kernel.errors

import casa_desktop.errors
from casa_desktop.errors import CasaDesktopError

from .plan import Victim

# Parts that keep their process whatever happens to another one.
SERVER, KERNEL, OTHER_KERNEL, VIEW = "Jupyter server", "kernel", "other kernel", "view"
SUPERVISOR, X_SERVER, WINDOW_MANAGER, CARETAKER = "supervisor", "Xvnc", "window manager", "caretaker"

# With a victim go those that cannot be without it.
FALLS_WITH: Mapping[Victim, FrozenSet[str]] = {
    Victim.X_SERVER: frozenset({X_SERVER, WINDOW_MANAGER, CARETAKER}),
    Victim.WINDOW_MANAGER: frozenset({WINDOW_MANAGER}),
    Victim.SUPERVISOR: frozenset({SUPERVISOR, X_SERVER, WINDOW_MANAGER, CARETAKER}),
    Victim.CARETAKER: frozenset({CARETAKER}),
    Victim.KERNEL: frozenset({KERNEL}),
    # The desktop was stopped, so that it could be started.
    Victim.STARTER: frozenset({SUPERVISOR, X_SERVER, WINDOW_MANAGER, CARETAKER}),
    # The kernel goes on without it, and the suite ends it then to have one that is whole.
    Victim.PORTER: frozenset({KERNEL}),
    Victim.SERVER: frozenset({SERVER, KERNEL, OTHER_KERNEL}),
    Victim.VIEW: frozenset({VIEW}),
}


def _names(module: object) -> FrozenSet[str]:
    found = (each for each in vars(module).values() if isinstance(each, type))
    return frozenset(each.__name__ for each in found if issubclass(each, CasaDesktopError))


OURS = _names(casa_desktop.errors) | _names(casa_kernel.errors)
# What CASA's tasks and tools raise.
CASAS = frozenset({"RuntimeError"})


def is_clear(name: str, words: str) -> bool:
    """Tell whether an error is one of ours or of CASA's, and says something."""
    return bool(words.strip()) and (name in OURS or name in CASAS)
