"""A headless run's picture, as a MIME bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from .tasks import DrawingTask

_MIME_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def showable(path: Any) -> List[Path]:
    """Return the file that the user had written, in a list, if a notebook can show it; else nothing."""
    if not isinstance(path, str):
        return []
    file = Path(path).expanduser()
    return [file] if file.suffix.lower() in _MIME_TYPES and file.is_file() else []


def pictures_in(folder: Path) -> List[Path]:
    """Return the pictures in ``folder``, in the order in which they were drawn."""
    return sorted(folder.glob("*.png"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def describe(task: DrawingTask, given: Mapping[str, Any]) -> str:
    """Return a line for those who do not see the picture: the task and its arguments."""
    return alt(task.name, {name: value for name, value in given.items() if name != task.picture})


def alt(task: str, given: Mapping[str, Any]) -> str:
    """Return a call of the task ``task`` as the user might have written it."""
    return f"{task}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def bundle(
    task: DrawingTask, given: Mapping[str, Any], picture: Path, version: str
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the MIME bundle of one picture, and its metadata.

    Args:
        task: what drew it.
        given: the user's arguments.
        picture: the file, PNG or JPEG.
        version: CASA's.
    """
    mime, text = _MIME_TYPES[picture.suffix.lower()], describe(task, given)
    data = {mime: picture.read_bytes(), "text/plain": text}
    parameters = {name: repr(value) for name, value in given.items()}
    return data, {mime: {"alt": text}, "casa": {"task": task.name, "parameters": parameters, "version": version}}


def names_something(task: DrawingTask, given: Mapping[str, Any]) -> bool:
    """Tell whether any of the task's inputs is given; without one there is nothing to draw."""
    inputs: Sequence[str] = [each.parameter for each in task.inputs]
    return any(given.get(name) for name in inputs)
