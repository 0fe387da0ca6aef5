"""The views of each desktop, and which view controls the desktop's size.

Imports neither Jupyter nor sockets: a connection is any object that can send a message (``Viewer``). Safe to use from
several threads; each view receives its messages in the order of the events.

One view controls the desktop's size: at first the first visible view. When that view closes or is hidden, control
passes to the visible view that has been connected longest; a user may also take control. View-only views never have
control.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Protocol, Set

from ..errors import ProtocolViolation

Words = Mapping[str, Any]
# The longest text frame that the page sends has about 40 characters.
LONGEST_TEXT = 1000


class Viewer(Protocol):
    """A view's connection.

    Its methods are called while the audience's lock is held, so they must return at once and must not call back.
    """

    def tell(self, words: Words) -> None:
        """Send ``words`` to the view, as JSON in one text frame."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection."""

    def rescale(self, ratio: float) -> None:
        """Change the scale of the desktop's windows to ``ratio``."""


class View:
    """One view of a desktop, from ``Audience.join`` to ``leave``.

    Attributes:
        desktop: the desktop's name.
        viewer: its connection.
        share: the id of the share link through which the view came; empty for the user's own views, which are not
            view-only.
        visible: whether the browser shows the view.
        told: the state that was last sent to the view.
    """

    def __init__(self, audience: Audience, desktop: str, viewer: Viewer, share: str) -> None:
        self.desktop, self.viewer, self.share = desktop, viewer, share
        self.visible = True
        self.told: Optional[Words] = None
        self._audience = audience

    @property
    def controls(self) -> bool:
        """Whether it controls the desktop's size."""
        return self._audience.controller(self.desktop) is self

    def leave(self) -> None:
        """Remove the view after its connection has closed; safe to call twice."""
        self._audience.leave(self)

    def receive(self, text: str) -> Words:
        """Handle a text frame from the page, and return its words.

        Raises:
            ProtocolViolation: the frame is not a valid message.
        """
        words = _understood(text)
        self._audience.heard(self, words)
        return words


@dataclass
class _Hall:
    """The views of one desktop, in the order in which they joined."""

    views: List[View] = field(default_factory=list)
    controller: Optional[View] = None
    # The scale that was last requested. None: no view has asked yet, so the desktop's scale is not known here.
    scale: Optional[float] = None


class Audience:
    """The views of all desktops that one process shows."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._halls: Dict[str, _Hall] = {}

    def join(self, desktop: str, viewer: Viewer, *, share: str = "") -> View:
        """Add a new view and send it the current state."""
        with self._lock:
            hall = self._halls.setdefault(desktop, _Hall())
            view = View(self, desktop, viewer, share)
            hall.views.append(view)
            self._settle(hall)
            return view

    def leave(self, view: View) -> None:
        """See ``View.leave``."""
        with self._lock:
            hall = self._halls.get(view.desktop)
            if hall is None or view not in hall.views:
                return
            hall.views.remove(view)
            if not hall.views:
                del self._halls[view.desktop]
            self._settle(hall)

    def controller(self, desktop: str) -> Optional[View]:
        """Return the view that controls the desktop's size, if there is one."""
        with self._lock:
            hall = self._halls.get(desktop)
            return hall.controller if hall else None

    def count(self, desktop: str, share: Optional[str] = None) -> int:
        """Return the number of views of a desktop; with ``share``, only those that came through this link."""
        with self._lock:
            return sum(share in (None, each.share) for each in self._views(desktop))

    def link(self, desktop: str, url: str) -> int:
        """Send ``url``, which a program asks to open, to the user's own views; return the number of these views."""
        with self._lock:
            own = [each for each in self._views(desktop) if not each.share]
            for view in own:
                view.viewer.tell({"type": "link", "url": url})
            return len(own)

    def has_own(self, desktop: str) -> bool:
        """Return whether a desktop has a view of the user's own."""
        with self._lock:
            return any(not each.share for each in self._views(desktop))

    def shares(self, desktop: str) -> Set[str]:
        """Return the ids of the share links through which a desktop is being viewed."""
        with self._lock:
            return {each.share for each in self._views(desktop) if each.share}

    def end_share(self, desktop: str, share: str, code: int, reason: str) -> None:
        """Close the connections that came through one share link."""
        with self._lock:
            for view in self._views(desktop):
                if view.share == share:
                    view.viewer.end(code, reason)

    def heard(self, view: View, words: Words) -> None:
        """Handle a view's message; see ``View.receive``."""
        with self._lock:
            hall = self._halls.get(view.desktop)
            if hall is None or view not in hall.views:
                return
            act = _ACTS.get(words["type"])
            if act is not None:
                act(hall, view, words)
                self._settle(hall)

    def _views(self, desktop: str) -> Iterator[View]:
        hall = self._halls.get(desktop)
        return iter(tuple(hall.views) if hall else ())

    def _settle(self, hall: _Hall) -> None:
        """Choose the controlling view, and send the state to each view whose last received state differs."""
        able = [each for each in hall.views if not each.share]
        if hall.controller not in able:
            hall.controller = None
        if hall.controller is None or not hall.controller.visible:
            hall.controller = next((each for each in able if each.visible), hall.controller)
        for view in tuple(hall.views):
            words = {
                "type": "audience",
                "views": len(hall.views),
                "controls": view is hall.controller,
                "viewOnly": bool(view.share),
                "scale": hall.scale or 1,
            }
            if words != view.told:
                view.told = words
                view.viewer.tell(words)


def _understood(text: str) -> Words:
    if len(text) > LONGEST_TEXT:
        raise ProtocolViolation(1008, f"a text frame of {len(text)} characters")
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolViolation(1007, "a text frame that is not JSON") from None
    if not isinstance(words, dict) or not isinstance(words.get("type"), str):
        raise ProtocolViolation(1008, "a text frame that is no object with a type")
    return words


def _ping(_: _Hall, view: View, words: Words) -> None:
    number = words.get("id")
    if type(number) is not int or abs(number) >= 1 << 53:
        raise ProtocolViolation(1008, "a ping without an integer id")
    view.viewer.tell({"type": "pong", "id": number})


def _visible(_: _Hall, view: View, words: Words) -> None:
    if not isinstance(words.get("visible"), bool):
        raise ProtocolViolation(1008, "a visibility that is neither true nor false")
    view.visible = words["visible"]


def _control(hall: _Hall, view: View, _: Words) -> None:
    # The user has just clicked a button in this view, so it is visible.
    view.visible = True
    if not view.share:
        hall.controller = view


def _scale(hall: _Hall, view: View, words: Words) -> None:
    ratio = words.get("ratio")
    if not isinstance(ratio, (int, float)) or isinstance(ratio, bool) or not 1 <= ratio <= 4:
        raise ProtocolViolation(1008, "a scale that is not between 1 and 4")
    if view is hall.controller and ratio != hall.scale:
        hall.scale = ratio
        view.viewer.rescale(ratio)


_ACTS = {"ping": _ping, "visible": _visible, "control": _control, "scale": _scale}
