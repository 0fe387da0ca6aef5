"""Shows how far a run is: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Optional

from ..system import threads

if TYPE_CHECKING:
    from ..batch.models import Progress

# tqdm draws the bar: it has no dependencies, knows the widths of terminals and of signs, and papermill shows the same.
_FORMAT = "{desc} |{bar:20}| {elapsed}{postfix}"
# The time that has passed is drawn anew so often, in seconds.
_TICK = 1.0


class Display:
    """A context manager: the bar stands as long as the with block, if stdout is a terminal."""

    def __init__(self) -> None:
        self._bar: Optional[Any] = None
        self._over = threading.Event()
        # So that no bar is drawn behind the last line.
        self._drawing = threading.Lock()

    def __enter__(self) -> Display:
        # A terminal of a container may have no size, and tqdm draws nothing there.
        if sys.stdout.isatty() and os.get_terminal_size(sys.stdout.fileno()).lines:
            self._bar = _bar()
        if self._bar is not None:
            threads.start(self._tick)
        return self

    def __exit__(self, *_: object) -> None:
        with self._drawing:
            self._over.set()
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: Progress) -> None:
        """Show how far the run is; called at each change."""
        where = f"Cell {progress.cell} of {progress.cells}"
        if self._bar is None:
            if progress.cell:
                print(f"{where}: {progress.doing}", flush=True)
            return
        self._bar.total, self._bar.n = max(progress.cells, 1), max(progress.cell - 1, 0)
        self._bar.set_description_str(where if progress.cell else "Start", refresh=False)
        self._bar.set_postfix_str(progress.doing)

    def say(self, sentence: str) -> None:
        """Print a sentence, or several, above the bar."""
        if self._bar is None:
            print(sentence, file=sys.stderr, flush=True)
        else:
            self._bar.write(sentence, file=sys.stderr)

    def _tick(self) -> None:
        assert self._bar is not None
        while not self._over.wait(_TICK):
            with self._drawing:
                if not self._over.is_set():
                    self._bar.refresh()


def _bar() -> Optional[Any]:
    try:
        from tqdm import tqdm
    except ImportError:
        # Lines will do.
        return None
    return tqdm(total=1, bar_format=_FORMAT, dynamic_ncols=True, leave=False, file=sys.stdout)
