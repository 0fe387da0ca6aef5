"""The hook that changes modules as they are imported, in a Python without any kernel."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Iterator, List

import pytest
from casa_kernel.casa import import_hook


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module on disk that nobody has imported."""
    name = f"star_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text("def magnitude():\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


def brighten(module: ModuleType) -> None:
    stock = module.magnitude
    module.magnitude = lambda: stock() - 5  # type: ignore[attr-defined]


def test_a_module_is_changed_when_it_is_imported_and_again_when_it_is_reloaded(module: str) -> None:
    import_hook.after(module, brighten)
    found = importlib.import_module(module)
    assert found.magnitude() == -4
    assert importlib.reload(found) is found
    assert found.magnitude() == -4


def test_a_module_that_was_imported_before_is_changed_at_once(module: str) -> None:
    found = importlib.import_module(module)
    import_hook.after(module, brighten)
    assert found.magnitude() == -4


def test_a_changed_module_has_the_specification_and_source_of_any_other(module: str, tmp_path: Path) -> None:
    import_hook.after(module, brighten)
    sought = importlib.util.find_spec(module)
    assert sought is not None
    assert isinstance(sought.loader, importlib.machinery.SourceFileLoader)
    found = importlib.import_module(module)
    assert type(found.__loader__) is importlib.machinery.SourceFileLoader
    assert found.__spec__ is not None
    assert "exec_module" not in vars(found.__spec__.loader)
    assert inspect.getsource(found).startswith("def magnitude")
    assert found.__file__ == str(tmp_path / f"{module}.py")


def test_a_module_that_is_about_to_be_imported_in_a_thread_is_changed_after_it(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(
        "from gates import entered, left\n\n\ndef magnitude():\n    return 1\n\n\nentered.set()\nleft.wait()\n"
    )
    gates = ModuleType("gates")
    gates.entered, gates.left = entered, left = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    sys.modules["gates"] = gates
    seen: List[bool] = []
    importing = threading.Thread(target=importlib.import_module, args=(module,))
    changing = threading.Thread(target=import_hook.after, args=(module, lambda _: seen.append(left.is_set())))
    importing.start()
    entered.wait()
    changing.start()
    left.set()
    for each in (importing, changing):
        each.join()
    del sys.modules["gates"]
    assert set(seen) == {True}


def test_what_a_module_needs_is_there_before_it_is_executed(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("from gates import height\n")
    gates = ModuleType("gates")
    gates.height = 3  # type: ignore[attr-defined]
    import_hook.before(module, lambda: sys.modules.update(gates=gates))
    try:
        assert importlib.import_module(module).height == 3
    finally:
        del sys.modules["gates"]


def test_a_module_that_cannot_be_imported_raises_what_it_would_without_us(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("raise ValueError('too faint')\n")
    import_hook.after(module, brighten)
    with pytest.raises(ValueError, match="too faint"):
        importlib.import_module(module)
    assert module not in sys.modules
    import_hook.after("no_such_star", brighten)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_star")
