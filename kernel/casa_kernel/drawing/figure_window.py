"""A window with the pages of a figure, which can be panned, zoomed and saved; run as a separate program.

``figure_window.py FOLDER TITLE --server=FIFO`` reads the files of the folder, which are pickled matplotlib figures, in
the order of their names. It shows them on the display of its environment, and then writes a line into the FIFO. It ends
when its window is closed.

It uses Tk, which comes with Python; Qt would be a download of 200 MB.
"""

from __future__ import annotations

import sys

# Python puts a script's folder first on sys.path, unless PYTHONSAFEPATH is set, but the kernel's modules are not
# top-level modules.
if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]

import argparse
import os
import pickle
import re
import socket
import tkinter
from pathlib import Path
from tkinter import ttk
from typing import Any, List, Optional, Tuple

# It may name a backend that matplotlib does not know, which would make its import fail.
os.environ.pop("MPLBACKEND", None)

from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg, NavigationToolbar2Tk  # type: ignore[attr-defined]
from Xlib import X, Xatom
from Xlib.display import Display

# The largest fraction of the desktop that the window takes, so that a large figure leaves room for its toolbar and the
# desktop's task bar.
_LARGEST = 0.85


class Window:
    """The window.

    Attributes:
        root: Tk's root window.
    """

    def __init__(self, figures: List[Any], title: str) -> None:
        self.root = tkinter.Tk(className="casa-figure")
        self.root.title(title)
        # With the machine's name, Tk also sets the process id, by which the kernel finds the window.
        self.root.wm_client(socket.gethostname())
        self._ratio = 1.0
        dpi = _dpi_of_text()
        if dpi is not None:
            # Tk counts 72 points to the inch, CSS 96 pixels.
            self.root.tk.call("tk", "scaling", dpi / 72)
            self._ratio = dpi / 96
        self._figures = figures
        self._frames: List[ttk.Frame] = []
        self._canvases: List[Any] = []
        for figure in figures:
            self._add(figure)
        self._shown = 0
        self._counter = tkinter.StringVar()
        if len(figures) > 1:
            self._add_buttons()
        self.root.geometry("{}x{}".format(*self._size()))
        self.turn(0)

    def _add(self, figure: Any) -> None:
        frame = ttk.Frame(self.root)
        figure.set_dpi(figure.get_dpi() * self._ratio)
        canvas: Any = FigureCanvasTkAgg(figure, master=frame)  # type: ignore[no-untyped-call]
        NavigationToolbar2Tk(canvas, frame)  # type: ignore[no-untyped-call]
        canvas.get_tk_widget().pack(side="top", fill="both", expand=True)
        self._frames.append(frame)
        self._canvases.append(canvas)

    def _add_buttons(self) -> None:
        bar = ttk.Frame(self.root)
        ttk.Button(bar, text="◀ Previous page", command=lambda: self.turn(-1)).pack(side="left")
        ttk.Button(bar, text="Next page ▶", command=lambda: self.turn(1)).pack(side="left")
        ttk.Label(bar, textvariable=self._counter).pack(side="left", padx=8)
        bar.pack(side="bottom", fill="x")
        for key, step in (("<Prior>", -1), ("<Next>", 1)):
            self.root.bind(key, lambda _event, step=step: self.turn(step))  # type: ignore[misc]

    def _size(self) -> Tuple[int, int]:
        """Return the size of the largest figure with its bars, in pixels, limited by the size of the desktop."""
        self.root.update_idletasks()
        width = max(canvas.get_width_height()[0] for canvas in self._canvases)
        height = max(canvas.get_width_height()[1] for canvas in self._canvases) + 80
        return (
            min(width, int(self.root.winfo_screenwidth() * _LARGEST)),
            min(height, int(self.root.winfo_screenheight() * _LARGEST)),
        )

    def turn(self, step: int) -> None:
        """Show another page, ``step`` pages further; the first page follows the last."""
        self._frames[self._shown].pack_forget()
        self._shown = (self._shown + step) % len(self._frames)
        self._frames[self._shown].pack(side="top", fill="both", expand=True)
        self._counter.set(f"page {self._shown + 1} of {len(self._frames)}")


def _dpi_of_text() -> Optional[int]:
    """Return X's resource Xft.dpi, by which other programs scale themselves; Tk 8.6 does not read it."""
    root = Display().screen().root
    told = root.get_full_property(Xatom.RESOURCE_MANAGER, X.AnyPropertyType)
    found = re.search(rb"^Xft\.dpi:\s*(\d+)", bytes(told.value), re.MULTILINE) if told is not None else None
    return int(found[1]) if found else None


def _read(folder: Path) -> List[Any]:
    return [pickle.loads(file.read_bytes()) for file in sorted(folder.iterdir())]  # noqa: S301


def main() -> None:
    """Show the figures until the window is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("title")
    parser.add_argument("--server", type=Path, required=True)
    options = parser.parse_args()
    window = Window(_read(options.folder), options.title)
    window.root.update()
    options.server.write_text("here\n")
    window.root.mainloop()


if __name__ == "__main__":
    main()
