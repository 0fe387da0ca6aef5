"""Answer CASA's questions about masks from a record, in place of casaviewer: ``player RECORD PANEL --server=FIFO``.

It is a process of its own, as casaviewer is, because CASA's C++ must find a mask that another process has changed. It
has no window. It prints a JSON object a line: one for each question, and why it ended, if it had to.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NoReturn

from casa_desktop.errors import CasaDesktopError
from casa_desktop.handwork.models import STOP, Record, Step
from casa_desktop.handwork.record import read, read_mask

from ..casa.image_tool import image_tool
from . import wire

_VIEW = "/rpc.img.view/"
_SHUTDOWN = "/casatools.rpc.Shutdown/now"
# Of gRPC's bits, the one for no compression.
_UNCOMPRESSED = 1


def _say(event: Dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


class Player:
    """The answers of one record.

    Args:
        folder: of the record.
        panel: the number of the first panel; CASA must not know it from another viewer.
        write: writes a mask's pixels into an image; ValueError if they do not fit.
    """

    def __init__(self, folder: Path, panel: int, write: Callable[[str, Any], None]) -> None:
        self._folder, self._number, self._write = folder, panel, write
        record = read(folder)
        self._fields: List[str] = []
        self._steps: List[Iterator[Step]] = [_steps_of(record, name) for name in record.images]
        self._loaded: Dict[str, str] = {}

    def answer(self, method: str, request: bytes) -> bytes:
        """Return the response to a call of a method of casaviewer."""
        name = method[len(_VIEW) :] if method.startswith(_VIEW) else ""
        if name == "panel":
            return wire.message(self._next())
        if name == "load":
            path, kind = wire.loaded(request)
            self._loaded[kind] = path
            _say({"load": path, "kind": kind})
            return wire.message(self._next())
        return self._answer(request) if name == "interactivemask" else b""

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _answer(self, request: bytes) -> bytes:
        mask, asked, panel = self._loaded["contour"], wire.options(request), wire.panel_of(request)
        if mask not in self._fields:
            self._fields.append(mask)
        field = self._fields.index(mask)
        if field >= len(self._steps):
            raise ValueError(f"it has the masks of {len(self._steps)} image fields, and {mask} is one more")
        step = next(self._steps[field], None)
        if step is None:
            _say({"over": mask, **_exchange(asked, STOP, asked)})
            return wire.result(STOP, panel, asked)
        for key in step.masks.values():
            self._write(mask, read_mask(self._folder, key))
        answer = wire.Options(**vars(step.answer))
        same = vars(step.question) == vars(asked)
        _say({"cycle": step.cycle, "image": step.image, "same": same, **_exchange(asked, step.action, answer)})
        return wire.result(step.action, panel, answer)


def _exchange(asked: wire.Options, action: str, answer: wire.Options) -> Dict[str, Any]:
    """Return a question and its answer as ``replay.relay`` tells them, so that a replay is kept likewise."""
    return {"question": vars(asked), "action": action, "answer": vars(answer)}


def _steps_of(record: Record, name: str) -> Iterator[Step]:
    return (step for step in record.steps if step.image == name)


def _write_into(image: Any, path: str, pixels: Any) -> None:
    """Write a mask's pixels into an image of CASA's, so that CASA's other processes learn of it."""
    tool = image()
    tool.open(path)
    try:
        shape = tuple(int(each) for each in tool.shape())
        if shape != pixels.shape:
            raise ValueError(f"its masks have the shape {_shown(pixels.shape)}, and {path} has {_shown(shape)}")
        if (tool.getchunk() != pixels).any():
            tool.putchunk(pixels.astype(float))
    finally:
        tool.done()


def _shown(shape: Any) -> str:
    return " x ".join(map(str, shape))


def _image_tool() -> Any:
    """Import CASA's image tool; its log goes into the folder of this program's output."""
    here, private = os.getcwd(), os.path.dirname(os.readlink("/proc/self/fd/1"))
    os.chdir(private)
    del sys.argv[1:]
    try:
        return image_tool()
    finally:
        os.chdir(here)


def _give_up(reason: str) -> NoReturn:
    _say({"error": reason})
    os._exit(1)


def _serve(player: Player, server: str) -> None:
    # As CASA's own modules do; it has no types.
    grpc: Any = importlib.import_module("grpc")
    over = threading.Event()

    def handle(method: str, request: bytes) -> bytes:
        if method == _SHUTDOWN:
            over.set()
            return b""
        try:
            return player.answer(method, request)
        # CASA would take any other answer for one of the user.
        except Exception as error:  # noqa: BLE001
            _give_up(str(error) or type(error).__name__)

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda request, _: handle(details.method, request))

    # CASA's gRPC of 6.4 to 6.6 prints an error about each compression that a newer one offers.
    options = [("grpc.compression_enabled_algorithms_bitset", _UNCOMPRESSED)]
    machine = grpc.server(ThreadPoolExecutor(max_workers=1), handlers=[Handler()], options=options)
    port = machine.add_insecure_port("127.0.0.1:0")
    machine.start()
    with open(server, "w", encoding="utf-8") as fifo:
        # As the viewers write theirs: gRPC uses no proxy for that one.
        fifo.write(f"0.0.0.0:{port}\n")
    over.wait()
    machine.stop(None)


def main() -> None:
    """Answer until killed, or told to end."""
    folder, panel, server = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].partition("=")[2]
    try:
        image = _image_tool()
        player = Player(folder, panel, lambda path, pixels: _write_into(image, path, pixels))
    except (CasaDesktopError, ImportError, RuntimeError, OSError) as error:
        _give_up(str(error))
    _serve(player, server)


if __name__ == "__main__":
    main()
