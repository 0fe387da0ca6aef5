"""Change modules as they are imported, by whatever import, whenever it comes.

A finder stands before Python's own. For a module that nobody wants changed it looks one name up in a dictionary; for
the others it asks the finders behind it, and has the loader that they found call the changes after it has executed the
module. The module gets the specification and the loader that it would have without us, so ``inspect.getsource``,
``importlib.resources`` and ``importlib.reload`` work as ever.

This imports nothing of ours and nothing that takes long: processes without a kernel use it too.
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
    """Have ``change`` called with the module ``name`` each time that it has been executed; now, if it has been already.

    It is executed when it is imported for the first time, and by ``importlib.reload``. What else waits for the import,
    in whatever thread, sees the module only when it is changed. Of several changes the first comes first.

    Args:
        name: of the module, in full; what its import raises is left alone. It may not be in the middle of its import
            in this very thread.
        change: must not mind to be called twice with the same module, as happens when two threads meet here. What it
            raises becomes the import's.
    """
    with _guard:
        _changes.setdefault(name, []).append(change)
    _stand_first()
    if name in sys.modules:
        # Waits while another thread is about to import it.
        change(importlib.import_module(name))


def before(name: str, prepare: Callable[[], None]) -> None:
    """Have ``prepare`` called each time that the module ``name`` is about to be executed; from now on.

    The module is in ``sys.modules`` then, and empty. What ``prepare`` raises becomes the import's.
    """
    with _guard:
        _preparations.setdefault(name, []).append(prepare)
    _stand_first()


def _stand_first() -> None:
    with _guard:
        if not any(finder is _FINDER for finder in sys.meta_path):
            sys.meta_path.insert(0, _FINDER)


class _Finder:
    """Finds what the finders behind it find. Called by Python's import."""

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
    """Have the loader of ``spec`` call the changes once, after it has executed the module."""
    original = spec.loader
    # Some loaders are one for many modules.
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
