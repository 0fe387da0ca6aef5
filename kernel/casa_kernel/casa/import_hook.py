"""Change modules when they are imported, for any kind of import at any time.

A finder runs before Python's own. For most modules it only looks the name up in a dictionary. For a module that is to
be changed it asks the finders behind it, and makes the loader that they found call the changes after it has executed
the module. The module gets the same specification and loader as without us, so ``inspect.getsource``,
``importlib.resources`` and ``importlib.reload`` work as usual.

This module imports nothing of ours and nothing slow, because processes without a kernel use it too.
"""

from __future__ import annotations

import copy
import importlib
import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional

Change = Callable[[ModuleType], None]

_changes: Dict[str, List[Change]] = {}
_preparations: Dict[str, List[Callable[[], None]]] = {}
_guard = threading.Lock()


def after(name: str, change: Change) -> None:
    """Call ``change`` with the module ``name`` each time it has been executed, and now if it has been already.

    A module is executed when it is imported for the first time, and by ``importlib.reload``. Other code that waits for
    the import, in any thread, sees the module only after the change. Changes are called in the order in which they were
    registered.

    Args:
        name: the module's full name; exceptions of its import are not caught. The calling thread may not be importing
            it.
        change: may be called twice with the same module, if two threads run this at the same time. Its exceptions are
            raised by the import.
    """
    with _guard:
        _changes.setdefault(name, []).append(change)
    _stand_first()
    if name in sys.modules:
        # Waits while another thread is importing it.
        change(importlib.import_module(name))


def before(name: str, prepare: Callable[[], None]) -> None:
    """From now on, call ``prepare`` each time the module ``name`` is about to be executed.

    The module is in ``sys.modules`` then, and empty. Exceptions of ``prepare`` are raised by the import.
    """
    with _guard:
        _preparations.setdefault(name, []).append(prepare)
    _stand_first()


def _stand_first() -> None:
    with _guard:
        if not any(finder is _FINDER for finder in sys.meta_path):
            sys.meta_path.insert(0, _FINDER)


class _Finder:
    """Finds the modules that the finders behind it find. Called by Python's import."""

    def find_spec(self, name: str, path: Any = None, target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return the specification of a module that is to be changed; None for all others."""
        if name not in _changes and name not in _preparations:
            return None
        spec = self._behind(name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            _prepare(spec)
        return spec

    def _behind(self, name: str, path: Any, target: Optional[ModuleType]) -> Optional[ModuleSpec]:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None and finder is not self else None
            if spec is not None:
                return spec  # type: ignore[no-any-return]
        return None


def _prepare(spec: ModuleSpec) -> None:
    """Make the loader of ``spec`` call the changes once, after it has executed the module."""
    original = spec.loader
    # Some loaders are shared by many modules.
    loader: Any = copy.copy(original)

    def exec_module(module: ModuleType) -> None:
        spec.loader = module.__loader__ = original
        with _guard:
            preparations = list(_preparations.get(spec.name, ()))
        for prepare in preparations:
            prepare()
        original.exec_module(module)  # type: ignore[union-attr]
        with _guard:
            changes = list(_changes.get(spec.name, ()))
        for change in changes:
            change(module)

    loader.exec_module = exec_module
    spec.loader = loader


_FINDER = _Finder()
