"""Keep the handwork of one cleaning: what CASA asked, what the user answered, and the masks.

All is done in the thread that cleans, right after each answer; what goes wrong ends the record and never the cleaning.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from casa_desktop.errors import CasaDesktopError, NotKept
from casa_desktop.handwork import outliers
from casa_desktop.handwork import record as records
from casa_desktop.handwork.models import (
    CONTINUE,
    FAILED,
    FINISHED,
    INTERRUPTED,
    NO_MORE,
    STOP,
    Controls,
    Image,
    Minor,
    Record,
    Step,
)
from casa_desktop.handwork.preview import Preview, preview
from casa_desktop.store import sizes
from casa_desktop.store.digests import Digests
from casa_desktop.store.states import state_of
from casa_desktop.store.values import encoded
from casa_desktop.system import threads

from . import tiles
from .convergence import Convergence, number

# Describes an image: its data managers, whether it is big-endian, and the names of its axes.
Describe = Callable[[Path], Tuple[Mapping[str, Any], bool, Tuple[str, ...]]]

_MASK = ".mask"
_OUTLIERS = "outlierfile"
_VERSIONS = ("casatools", "casatasks", "casaviewer")
# Inputs of more bytes are not read to tell later whether they are the same; the questions tell it, too.
_MOST_INPUT = 1_000_000_000
# The picture of a larger plane would take longer than a user waits gladly.
_MOST_PICTURE = 1 << 24


class Recorder:
    """The handwork of one call.

    Attributes:
        failed: why it cannot be kept any more; empty if it can.
        writer: writes the record, from the first answer on.
    """

    def __init__(
        self,
        task: str,
        arguments: Mapping[str, Any],
        describe: Describe,
        show: Callable[[Mapping[str, str]], None],
        replayed: str = "",
    ) -> None:
        """Prepare for a call.

        Args:
            task: the task's name.
            arguments: all its parameters, with defaults.
            describe: describes an image.
            show: puts the progress of the cleaning into the cell, in place of what it put there before.
            replayed: as ``Record.replayed``.
        """
        self.failed = ""
        self.writer: Optional[records.Writer] = None
        self._image = Path(str(arguments["imagename"])).absolute()
        self._describe, self._show = describe, show
        self._output: Callable[[], str] = lambda: ""
        self._understood = 0
        self._convergence = Convergence()
        self._cycle = 0
        self._fields: List[str] = []
        self._images: Dict[str, Image] = {}
        self._pending: List[Tuple[Step, Dict[str, Any], Optional[Preview]]] = []
        self._actions: Dict[str, str] = {}
        self._drawn = 0
        self._inputs: Dict[str, str] = {}
        # In a replay nobody draws meanwhile, and it would compete with CASA for the disk.
        self._is_hashing = bool(replayed)
        made = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        files = _files(arguments)
        fields = [str(arguments["imagename"]), *outliers.fields(files.get(_OUTLIERS, ""))]
        self._record = Record(
            task,
            _plain(arguments),
            f"{made[:-2]}:{made[-2:]}",
            os.getcwd(),
            _versions(),
            self._images,
            self._inputs,
            files=files,
            before=tuple(outliers.there(fields)),
            replayed=replayed,
        )

    def listen(self, output: Callable[[], str]) -> None:
        """Take what the relay prints from ``output``, which returns all of it."""
        self._output = output

    def fail(self, reason: str) -> None:
        """Note why the handwork cannot be kept any more; the first reason counts."""
        self.failed = self.failed or reason.rstrip(".")

    # While the task works

    def before_question(self) -> None:
        """Show how the cleaning goes, before CASA asks for masks."""
        with suppress(Exception):
            self._convergence.look()
            self._show(self._convergence.bundle())
        self._keep(self._write_pending)
        if not self._is_hashing:
            self._is_hashing = True
            # While the user draws. What is known by then is kept.
            with suppress(RuntimeError):
                threads.start(self._hash_inputs)

    def after_question(self) -> None:
        """Read what was answered, and the masks, before CASA uses them."""
        self._convergence.begin_cycle()
        self._keep(self._read_answers)

    def hear(self, name: str, result: Any) -> None:
        """Take what a method of CASA's tools has returned to the task."""
        looked_at = self._convergence.hear(name, result)
        if looked_at is not None:
            self._keep(lambda: self._note_peak(*looked_at))
        if name == "getminorcyclecontrols":
            self._keep(lambda: self._write_minor(result))

    def finish(self, error: Optional[BaseException], remarks: Sequence[str] = ()) -> str:
        """End the record; return a line for the user, or an empty string if there is nothing to say.

        Args:
            error: what ended the task, if anything did.
            remarks: as ``Record.remarks``.
        """
        self._keep(self._write_pending)
        if self._convergence.looks:
            with suppress(Exception):
                self._show(self._convergence.bundle())
        if self.writer is not None and self.writer.record.steps:
            # Also of a record that has ended before.
            with suppress(Exception):
                self.writer.finish(self._end(error), remarks)
        if self.writer is None or not self.writer.record.steps:
            if self.writer is not None:
                self.writer.discard()
            if self.failed and not isinstance(error, KeyboardInterrupt):
                return f"The handwork was not kept: {self.failed}."
            return ""
        return self._line(self.writer, error is None)

    def _line(self, writer: records.Writer, has_ended: bool) -> str:
        folder = os.path.relpath(writer.folder)
        cycles = writer.record.cycles
        masks = f"{self._drawn} mask{'' if self._drawn == 1 else 's'} drawn"
        with suppress(OSError):
            if not writer.is_there:
                return f"The handwork was not kept: {folder} is gone."
            folder_size = sizes.shown(records.size(writer.folder))
            if self.failed:
                kept = f"{masks}, kept in {folder} up to cycle {cycles} only: {self.failed}."
                return kept[0].upper() + kept[1:]
            part = "" if has_ended else f" up to cycle {cycles}"
            return f'{masks}, kept in {folder} ({folder_size}){part}; replay with hand="{folder}"'
        return f"The handwork was not kept: {folder} is gone."

    def _end(self, error: Optional[BaseException]) -> str:
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        if error is not None or self.failed:
            return FAILED
        actions = set(self._actions.values())
        return STOP if actions == {STOP} else NO_MORE if actions <= {STOP, NO_MORE} else FINISHED

    # What is kept

    def _keep(self, work: Callable[[], None]) -> None:
        """Do something for the record, unless it has ended; an error ends it."""
        if self.failed:
            return
        try:
            work()
        except (CasaDesktopError, tiles.NotTiled) as error:
            self.fail(getattr(error, "reason", "") or str(error))
        except OSError as error:
            self.fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        # Whatever it is, the cleaning is worth more.
        except Exception as error:  # noqa: BLE001
            self.fail(f"{type(error).__name__}: {error}")

    def _events(self) -> Iterator[Dict[str, Any]]:
        lines = self._output().split("\n")
        # The last one is not finished.
        new, self._understood = lines[self._understood : -1], len(lines) - 1
        for line in new:
            event = json.loads(line)
            if "failed" in event:
                raise NotKept(f"what CASA and casaviewer said was not understood ({event['failed']})")
            yield event

    def _read_answers(self) -> None:
        loaded: Dict[str, str] = {}
        steps: List[Tuple[str, Step, Path, Path]] = []
        for event in self._events():
            if "load" in event:
                loaded[event["kind"]] = event["load"]
            elif event["action"] in (CONTINUE, NO_MORE, STOP):
                mask, residual = Path(loaded["contour"]).absolute(), Path(loaded["raster"]).absolute()
                name = os.path.relpath(str(mask)[: -len(_MASK)], self._image.parent)
                question, answer = Controls(**event["question"]), Controls(**event["answer"])
                steps.append((name, Step(self._cycle + 1, name, question, event["action"], answer, {}), mask, residual))
        if not steps and self._actions and CONTINUE not in self._actions.values():
            # After "no more" CASA pauses and asks nothing.
            return
        if not steps:
            raise NotKept("no answer of casaviewer was seen")
        self._cycle += 1
        for name, step, mask, residual in steps:
            self._take(name, step, mask, residual)

    def _take(self, name: str, step: Step, mask: Path, residual: Path) -> None:
        managers, big_endian, axes = self._describe(mask)
        pixels = tiles.read_mask(mask, managers, big_endian)
        if name not in self._images:
            self._fields.append(name)
            self._images[name] = Image(pixels.shape, axes)
        field = self._fields.index(name)
        self._actions[name] = step.action
        step = replace(step, flux=number(self._convergence.flux_of(field)))
        self._pending.append((step, {mask.name: pixels}, self._picture(residual, pixels)))

    def _picture(self, residual: Path, mask: Any) -> Optional[Preview]:
        """Return a small picture of what the question showed; without one the record is as good."""
        if mask.size > _MOST_PICTURE:
            return None
        try:
            managers, big_endian, _ = self._describe(residual)
            return preview(tiles.read(residual, managers, big_endian), mask)
        except Exception:  # noqa: BLE001
            return None

    def _note_peak(self, field: int, peak: float) -> None:
        for index, (step, masks, picture) in enumerate(self._pending):
            if self._fields.index(step.image) == field:
                self._pending[index] = (replace(step, peak=abs(peak)), masks, picture)

    def _write_pending(self) -> None:
        while self._pending:
            if self.writer is None:
                self.writer = records.Writer(records.make(self._image), self._record)
            before = {each for step in self.writer.record.steps for each in step.masks.values()}
            self.writer.add(*self._pending[0])
            del self._pending[0]
            new = set(self.writer.record.steps[-1].masks.values()) - before
            self._drawn += len(new)

    def _write_minor(self, controls: Any) -> None:
        self._write_pending()
        if self.writer is not None:
            self.writer.add_minor(
                Minor(
                    self._cycle,
                    int(controls["cycleniter"]),
                    float(controls["cyclethreshold"]),
                    float(controls["loopgain"]),
                    float(controls.get("nsigma", 0.0)),
                )
            )

    # Inputs

    def _hash_inputs(self) -> None:
        digests = Digests()
        for path in _paths(self._record.arguments):
            with suppress(CasaDesktopError, OSError):
                real = os.path.realpath(path)
                if real != str(self._image) and _size(real) <= _MOST_INPUT:
                    self._inputs[str(Path(path).absolute())] = state_of(real, digests).digest


def _plain(arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """Return arguments as a record can keep them."""
    found = {}
    for name, value in arguments.items():
        try:
            encoded(value)
            found[name] = value
        except NotKept:
            found[name] = repr(value)
    return found


def _files(arguments: Mapping[str, Any]) -> Dict[str, str]:
    """Return what is in the short text files that a call names."""
    path, found = arguments.get(_OUTLIERS), {}
    if isinstance(path, str) and path:
        with suppress(OSError):
            found[_OUTLIERS] = Path(path).read_text(encoding="utf-8", errors="replace")
    return found


def _versions() -> Dict[str, str]:
    found = {}
    for name in _VERSIONS:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _paths(arguments: Mapping[str, Any]) -> List[str]:
    """Return the paths among a call's arguments, except for the image that it makes."""
    values = [value for name, value in arguments.items() if name != "imagename"]
    texts = [each for value in values for each in (value if isinstance(value, (list, tuple)) else [value])]
    return sorted({each for each in texts if isinstance(each, str) and each and os.path.exists(each)})


def _size(path: str) -> int:
    files = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    return os.path.getsize(path) + sum(os.lstat(each).st_size for each in files)
