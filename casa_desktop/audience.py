"""Who looks at a desktop, and who of them controls its size.

No Jupyter here and no sockets: a connection is whatever can be told something (``Viewer``). Safe to use from several
threads; what a viewer is told comes in the order in which things happened.

The desktop's size is controlled by one view, the first that can be seen. When it goes or is hidden, control passes to
the visible view that has been there longest; a user may also take it. Views that can only look never have it.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Protocol, Set

from .errors import ProtocolViolation

Words = Mapping[str, Any]
# The page's longest text frame has some forty characters.
LONGEST_TEXT = 1000


class Viewer(Protocol):
    """A view's connection. All is called with the audience locked: return at once, and do not call back."""

    def tell(self, words: Words) -> None:
        """Send ``words`` to the view, as JSON in one text frame."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection."""

    def rescale(self, ratio: float) -> None:
        """Have the desktop's windows drawn so much larger."""


class View:
    """One view of a desktop, from ``Audience.join`` to ``leave``.

    Attributes:
        desktop: the desktop's name.
        viewer: its connection.
        share: the number of the link by which it came; empty for the user's own views, which can do more than look.
        visible: the browser shows it.
        told: how things are, as it was told last.
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
        """Say that the connection has gone; safe to call twice."""
        self._audience.leave(self)

    def receive(self, text: str) -> None:
        """Take a text frame of the page.

        Raises:
            ProtocolViolation: it makes no sense.
        """
        words = _understood(text)
        self._audience.heard(self, words)


@dataclass
class _Hall:
    """The views of one desktop, in the order of their coming."""

    views: List[View] = field(default_factory=list)
    controller: Optional[View] = None
    # What was asked for last; a desktop is drawn in its natural size until then, but nobody knows for how long.
    scale: Optional[float] = None


class Audience:
    """The views of all desktops that one process shows."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._halls: Dict[str, _Hall] = {}

    def join(self, desktop: str, viewer: Viewer, *, share: str = "") -> View:
        """Take in a new view, which is told at once how things are."""
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
        """Return how many views a desktop has; with ``share`` those that came by this link."""
        with self._lock:
            return sum(share in (None, each.share) for each in self._views(desktop))

    def link(self, desktop: str, url: str) -> int:
        """Tell the user's own views that a program asks to open ``url``; return how many there are."""
        with self._lock:
            own = [each for each in self._views(desktop) if not each.share]
            for view in own:
                view.viewer.tell({"type": "link", "url": url})
            return len(own)

    def has_own(self, desktop: str) -> bool:
        """Tell whether a desktop has a view of the user's own."""
        with self._lock:
            return any(not each.share for each in self._views(desktop))

    def shares(self, desktop: str) -> Set[str]:
        """Return the links by which somebody looks at a desktop."""
        with self._lock:
            return {each.share for each in self._views(desktop) if each.share}

    def end_share(self, desktop: str, share: str, code: int, reason: str) -> None:
        """Close the connections that came by one link."""
        with self._lock:
            for view in self._views(desktop):
                if view.share == share:
                    view.viewer.end(code, reason)

    def heard(self, view: View, words: Words) -> None:
        """Act upon what a view said; see ``View.receive``."""
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
        """Give control to whom it is due, and tell all who do not know yet how things are."""
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
    # Its user has just pressed a button in it.
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
