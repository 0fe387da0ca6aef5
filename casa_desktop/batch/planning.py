"""Makes a plan of what the user asked for; all that can be wrong with it is said before anything starts."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import InvalidSetting, NotebookOfOtherKernel
from . import parameters, saving, source, values
from .models import KERNEL, Plan

if TYPE_CHECKING:
    from ..kernels.unwritten import Draft


@dataclass(frozen=True)
class Wish:
    """What the user asked for.

    Attributes:
        notebook: the notebook or script.
        output: the notebook to be written, or a folder for it; None for the working folder.
        given: names of parameters and their values as they were typed.
        raw: the same, for values that are texts whatever they look like.
        kernel: the name of a kernelspec; empty for the notebook's own, or CASA's.
        draft: a kernel that is made for this run; None for an installed one.
        folder: the working folder; None for that of this process.
        reuse, allow_errors: as in a plan.
    """

    notebook: Path
    output: Optional[Path] = None
    given: Sequence[Tuple[str, str]] = ()
    raw: Sequence[Tuple[str, str]] = ()
    kernel: str = ""
    draft: Optional[Draft] = None
    folder: Optional[Path] = None
    reuse: bool = True
    allow_errors: bool = False


def plan(wish: Wish) -> Plan:
    """Return the plan of a run.

    Raises:
        NotebookUnreadable, BatchUnavailable: there is no valid notebook, or nothing to read it with.
        NoParameters, UnknownParameter, InvalidParameter, UnusableParameters: of the parameters.
        KernelUnknown, NotebookOfOtherKernel: there is no such kernel.
        CasaDesktopError: the kernel of this run cannot be made, as ``unwritten.made`` raises it.
        OutputRefused: the output may not be written.
        InvalidSetting: there is no such working folder.
    """
    path = wish.notebook.absolute()
    notebook = source.read(path)
    folder = (wish.folder or Path()).absolute()
    if not folder.is_dir():
        raise InvalidSetting("The working folder", str(folder), "a folder that exists")
    output = _output(wish.output, folder, path)
    saving.check(output, path)
    given = parameters_of(notebook, path, wish.given, wish.raw)
    kernel, spec = _kernel(notebook, path, wish)
    return Plan(path, output, given, kernel, folder, wish.reuse, wish.allow_errors, spec=spec)


def plans(wish: Wish, rows: Sequence[Mapping[str, str]]) -> List[Plan]:
    """Return the plans of several runs, which differ in some parameters.

    Args:
        wish: what they have in common.
        rows: the names and texts of the parameters that differ, for each run; at least one.

    Raises:
        CasaDesktopError: as ``plan``, of each.
    """
    given = [[*((name, text) for name, text in wish.given if name not in row), *row.items()] for row in rows]
    first = plan(replace(wish, given=given[0]))
    notebook = source.read(first.notebook)
    parameters = [parameters_of(notebook, first.notebook, each, wish.raw) for each in given]
    return [replace(first, parameters=each) for each in parameters]


def _output(wished: Optional[Path], folder: Path, notebook: Path) -> Path:
    name = f"{notebook.stem}.out.ipynb"
    if wished is None:
        return folder / name
    wished = wished.absolute()
    return wished / name if wished.is_dir() else wished


def parameters_of(
    notebook: Any, path: Path, given: Sequence[Tuple[str, str]], raw: Sequence[Tuple[str, str]] = ()
) -> Dict[str, Any]:
    """Return the values of a notebook's parameters, by name.

    Args:
        notebook: as ``source.read`` returns it.
        path: of the notebook, for errors.
        given, raw: as in a wish.

    Raises:
        NoParameters, UnknownParameter, InvalidParameter, UnusableParameters: it has no such parameters.
    """
    names = {name for name, _ in (*given, *raw)}
    if not names:
        return {}
    known = parameters.check(notebook, path, names)
    return {**{name: values.typed(name, text, known[name]) for name, text in given}, **dict(raw)}


def _kernel(notebook: Any, path: Path, wish: Wish) -> Tuple[str, Mapping[str, Any]]:
    """Return the name of the kernel, and what its kernel.json would say if it is made for this run."""
    if wish.draft is None:
        return _installed(notebook, path, wish.kernel), {}
    from ..kernels import unwritten

    kernel = unwritten.made(wish.draft, os.environ)
    return kernel.name, kernel.spec


def _installed(notebook: Any, path: Path, wished: str) -> str:
    from ..kernels import store

    if wished:
        return store.get(wished).name
    named = str(notebook.metadata.get("kernelspec", {}).get("name", ""))
    language = str(notebook.metadata.get("kernelspec", {}).get("language", "python")).lower()
    known = [kernel.name for kernel in store.installed()]
    if named.lower() in known:
        return named.lower()
    if language != "python" or named.lower().startswith(KERNEL):
        raise NotebookOfOtherKernel(path, named, known)
    # A plain Python's notebook, which imports casatasks, or a script.
    return store.get(KERNEL).name
