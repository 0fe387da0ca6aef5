"""A replay that leaves a record of its own: what was answered this time, and from which record it came.

CASA writes down neither ``hand=`` nor masks. So of an image that a replay has made, only this tells how it was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from .playback import Playback, exchanges
from .recorder import Recorder


class KeptReplay:
    """Follows one replay, and keeps it.

    Args:
        playback: the replay.
        recorder: keeps it; whatever goes wrong there, the replay goes on.
        output: the file with what the program prints that answers.
    """

    def __init__(self, playback: Playback, recorder: Recorder, output: Path) -> None:
        self._playback, self._recorder, self._output = playback, recorder, output
        recorder.listen(lambda: exchanges(output))

    def before_question(self) -> None:
        """Called when CASA is about to ask for masks."""
        self._playback.before_question()
        self._recorder.before_question()

    def after_question(self) -> None:
        """Called when CASA has got its answers."""
        self._playback.after_question()
        self._recorder.after_question()

    def hear(self, name: str, result: Any) -> None:
        """Take what a method of CASA's tools has returned to the task."""
        self._playback.hear(name, result)
        self._recorder.hear(name, result)

    def finish(self, error: Optional[BaseException]) -> str:
        """End the record; return why it was not kept whole, as a sentence, or an empty string if it was.

        Args:
            error: what ended the task, if anything did; then that is what the user is told.
        """
        line = self._recorder.finish(error, self._playback.summary(self._output))
        return line if self._recorder.failed and error is None else ""
