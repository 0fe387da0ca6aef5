"""Return a headless run's pictures as MIME bundles."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple

from .catalogue import DrawingTask

# By the first bytes of a file: plotms writes the format of expformat, whatever the file's ending (and Qt 6 writes a PDF
# for ps).
_FORMATS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"%PDF": "application/pdf", b"%!": "application/ps"}
_ENDINGS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".pdf": "application/pdf",
    ".ps": "application/ps",
    ".eps": "application/ps",
}


@dataclass(frozen=True)
class Picture:
    """A picture in a format that a notebook can show.

    Attributes:
        mime: its MIME type.
        data: the file's content.
        ratio: its pixels for each CSS pixel, in one direction.
    """

    mime: str
    data: bytes
    ratio: float = 1.0

    def size(self) -> Dict[str, int]:
        """Return the size in CSS pixels, for the metadata of a display; an empty dictionary if it is unknown."""
        if self.mime != "image/png":
            return {}
        # The first chunk of a PNG holds the size: https://www.w3.org/TR/png-3/#11IHDR
        width, height = (int.from_bytes(self.data[start : start + 4], "big") for start in (16, 20))
        return {"width": round(width / self.ratio), "height": round(height / self.ratio)}


def showable(path: Any) -> List[Picture]:
    """Return the user's file as a list of one picture; an empty list if a notebook cannot show it."""
    if not isinstance(path, str):
        return []
    file = Path(path)
    return [_read(file)] if file.is_file() and _format(file).startswith("image/") else []


def misnamed(files: Iterable[Path]) -> List[str]:
    """Return a sentence for each file whose content has another format than its ending."""
    found = {file: (_ENDINGS.get(file.suffix.lower(), ""), _format(file)) for file in files}
    return [
        f"{file} holds {held.rpartition('/')[2] or 'text'}, not {named.rpartition('/')[2]}."
        for file, (named, held) in found.items()
        if named and held != named
    ]


def written(path: Any) -> Set[Tuple[str, int]]:
    """Return the non-empty files, with their times, that a tool may have written for the given path.

    plotms numbers its pages, and the viewer chooses the file's ending itself. Times are in nanoseconds.
    """
    file = Path(path)
    found = [(each, each.stat()) for each in file.parent.glob(f"{glob.escape(file.stem)}*") if each.is_file()]
    return {(str(each), status.st_mtime_ns) for each, status in found if status.st_size}


def pictures_in(folder: Path, ratio: float = 1.0) -> List[Picture]:
    """Return the pictures in ``folder``, in the order in which they were drawn."""
    files = sorted(folder.glob("*.png"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return [_read(file, ratio) for file in files]


def _read(file: Path, ratio: float = 1.0) -> Picture:
    return Picture(_format(file), file.read_bytes(), ratio)


def _format(file: Path) -> str:
    """Return the MIME type of a file's content; an empty string if it is not a known picture format."""
    with file.open("rb") as opened:
        head = opened.read(4)
    return next((name for begin, name in _FORMATS.items() if head.startswith(begin)), "")


def alt(task: str, given: Mapping[str, Any]) -> str:
    """Return a call of ``task`` as the user might have written it, as a text alternative to its picture."""
    return f"{task}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def pages(
    task: str, given: Mapping[str, Any], pictures: Sequence[Picture], version: str
) -> Iterator[Tuple[Dict[str, Any], Dict[str, Any]]]:
    """Yield the MIME bundle of each picture of a call, and its metadata."""
    parameters = {name: repr(value) for name, value in given.items()}
    for number, picture in enumerate(pictures, start=1):
        page = f", page {number} of {len(pictures)}" if len(pictures) > 1 else ""
        text = alt(task, given) + page
        casa = {"task": task, "parameters": parameters, "version": version}
        yield (
            {picture.mime: picture.data, "text/plain": text},
            {picture.mime: {"alt": text, **picture.size()}, "casa": casa},
        )


def names_something(task: DrawingTask, given: Mapping[str, Any]) -> bool:
    """Return whether any of the task's inputs is given; without one there is nothing to draw."""
    return any(given.get(each.parameter) for each in task.inputs)
