"""Records of handwork on the disk: a folder with ``steps.json`` and ``masks.npz``, which any Python with numpy reads.

Both files are replaced atomically after each answer, the masks first: of a process that was killed, the record up to
its last answer is left.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from ..errors import HandworkDamaged
from . import json_file, npz_file
from .models import FORMAT, Minor, Record, Residual, Step
from .packed import SHAPE, Packed, unpacked

if TYPE_CHECKING:
    import numpy

    from .preview import Preview

    Mask = numpy.ndarray[Any, Any]

ENDING = ".hand"
STEPS, MASKS = "steps.json", "masks.npz"
# In masks.npz: ``0001`` is a mask, with ``0001.shape`` if it is packed to bits (``handwork.packed``), and
# ``0001.residual`` is a picture: the question's of the step that was the first then.
_RESIDUAL = ".residual"
_PARTIAL = ".part"


def make(image: Path) -> Path:
    """Make a new folder for the handwork of an image, and return it: ``<image>.hand``, ``<image>.2.hand`` and so on.

    Raises:
        OSError: it cannot be made.
    """
    number = 1
    while True:
        folder = image.with_name(f"{image.name}{f'.{number}' if number > 1 else ''}{ENDING}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


class Writer:
    """Writes one record, step by step.

    Attributes:
        folder: where it is written.
        record: what is written.
    """

    def __init__(self, folder: Path, record: Record) -> None:
        """Begin a record in an empty folder; the first step writes it."""
        self.folder, self.record = folder, record
        # The newest mask of each image, with its key.
        self._known: Dict[str, Tuple[str, Packed]] = {}
        self._count = 0

    def add(self, step: Step, masks: Mapping[str, Mask], preview: Optional[Preview] = None) -> None:
        """Add a step to the record.

        Args:
            step: the step; its ``masks`` and ``residual`` are set here.
            masks: the name of each mask image to its pixels, of the image's shape.
            preview: the picture of the residual, if there is one.

        Raises:
            OSError: there is no room, or the like. The record is as it was.
            NotKept: an argument of the call cannot be kept.
        """
        arrays: Dict[str, Mask] = {}
        known = {**self._known, **{name: self._keyed(name, pixels, arrays) for name, pixels in masks.items()}}
        residual = None if preview is None else self._residual(preview, arrays)
        if arrays:
            with self._archive() as archive:
                for key, array in arrays.items():
                    _add(archive, key, array)
        self._known = known
        new = dataclasses.replace(step, masks={name: known[name][0] for name in masks}, residual=residual)
        self._write(dataclasses.replace(self.record, steps=(*self.record.steps, new)))

    def add_minor(self, minor: Minor) -> None:
        """Add what CASA ordered for a minor cycle; OSError and NotKept as ``add``."""
        self._write(dataclasses.replace(self.record, minors=(*self.record.minors, minor)))

    def finish(self, end: str, remarks: Sequence[str] = ()) -> None:
        """Note how the cleaning ended, one of ``models.ENDS``; OSError and NotKept as ``add``.

        Args:
            end: how it ended.
            remarks: as ``Record.remarks``.
        """
        self._write(dataclasses.replace(self.record, end=end, remarks=tuple(remarks)))

    @property
    def is_there(self) -> bool:
        """Whether what was written is still there."""
        return (self.folder / STEPS).is_file()

    def discard(self) -> None:
        """Remove what is there of a record without any step, as far as that is possible."""
        with suppress(OSError):
            for name in (MASKS, STEPS):
                with suppress(FileNotFoundError):
                    (self.folder / name).unlink()
            self.folder.rmdir()

    def _write(self, record: Record) -> None:
        text = json.dumps(record.as_json(), indent=1, allow_nan=False) + "\n"
        partial = self.folder / f"{STEPS}{_PARTIAL}"
        with _replacing(partial, self.folder / STEPS):
            partial.write_text(text, encoding="utf-8")
        self.record = record

    def _keyed(self, name: str, pixels: Mask, arrays: Dict[str, Mask]) -> Tuple[str, Packed]:
        """Return a mask and its key; add what keeps it to ``arrays``, unless it is that of the step before."""
        packed, former = Packed.of(pixels), self._known.get(name)
        if former is not None and former[1].is_same(packed):
            return former
        self._count += 1
        key = f"{self._count:04}"
        arrays.update(packed.arrays(key))
        return key, packed

    def _residual(self, preview: Preview, arrays: Dict[str, Mask]) -> Residual:
        key = f"{len(self.record.steps) + 1:04}{_RESIDUAL}"
        arrays[key] = preview.pixels
        return Residual(key, preview.plane, preview.low, preview.high)

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        """Open the file of masks to add to it; it is replaced when the with block has ended."""
        path, partial = self.folder / MASKS, self.folder / f"{MASKS}{_PARTIAL}"
        with _replacing(partial, path):
            if path.exists():
                shutil.copyfile(path, partial)
            with zipfile.ZipFile(partial, "a", zipfile.ZIP_DEFLATED) as archive:
                yield archive


@contextmanager
def _replacing(partial: Path, path: Path) -> Iterator[None]:
    """Put a file that is written within a with block in the place of another, or remove it after an error."""
    with suppress(FileNotFoundError):
        partial.unlink()
    try:
        yield
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def _add(archive: zipfile.ZipFile, name: str, array: Mask) -> None:
    from numpy.lib import format as npy

    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        write: Any = npy.write_array
        write(file, array, allow_pickle=False)


def read(folder: Path) -> Record:
    """Return the record in a folder; its masks are checked, too.

    Raises:
        HandworkMissing: there is none.
        HandworkOfOtherFormat: another release of casa-desktop has written it.
        HandworkDamaged: it cannot be read.
    """
    value = json_file.read(folder, STEPS, FORMAT)
    try:
        record = Record.from_json(value)
    except (ValueError, TypeError) as error:
        raise HandworkDamaged(folder, f"{STEPS}: {error}") from error
    for step in record.steps:
        for name in step.masks:
            _check(folder, record, step, name)
    return record


def _check(folder: Path, record: Record, step: Step, name: str) -> None:
    shape = read_mask(folder, step.masks[name]).shape
    image = record.images.get(step.image)
    if image is None:
        raise HandworkDamaged(folder, f"{STEPS} has no shape of {step.image}")
    if shape != image.shape:
        raise HandworkDamaged(folder, f"the mask {step.masks[name]} has the shape {shape}, and not {image.shape}")


def read_mask(folder: Path, key: str) -> Mask:
    """Return a mask of a record, of the image's shape: 0 and 1 as uint8, or any numbers as CASA had them.

    Raises:
        HandworkDamaged: it is not there, or cannot be read.
    """
    with npz_file.opened(folder, MASKS) as archive:
        data: Mask = archive[key]
        if key + SHAPE not in archive.files:
            return data
        return unpacked(key, data, tuple(int(each) for each in archive[key + SHAPE]))


def read_preview(folder: Path, residual: Residual) -> Preview:
    """Return the picture of a residual; HandworkDamaged as ``read_mask``."""
    from .preview import Preview

    pixels = read_mask(folder, residual.key)
    if pixels.dtype != "uint8" or pixels.ndim != 2 or not pixels.size:
        raise HandworkDamaged(folder, f"{MASKS}: {residual.key} is no picture")
    return Preview(pixels, residual.plane, residual.low, residual.high)


def size(folder: Path) -> int:
    """Return the bytes that a record takes."""
    return sum((folder / name).stat().st_size for name in (STEPS, MASKS) if (folder / name).exists())
