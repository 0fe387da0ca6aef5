"""The gRPC messages of CASA's wheels. This module imports nothing slow, because processes without a kernel use it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def share(package: str, name: str) -> None:
    """Import the module of a wheel's gRPC messages once, under both of its names.

    The wheel does ``from . import img_pb2`` and ``import img_pb2``. For messages that contain messages, protobuf in
    pure Python then sees two classes with the same name and refuses one of them (casaviewer 1.5.2 and 2.0.1, protobuf
    3.20.3 to 5.29).
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None or name in sys.modules:
        return
    path = Path(spec.origin).parent / "private" / f"{name}.py"
    own = importlib.util.spec_from_file_location(name, path) if path.is_file() else None
    if own is not None and own.loader is not None:
        module = importlib.util.module_from_spec(own)
        sys.modules[name] = sys.modules[f"{package}.private.{name}"] = module
        own.loader.exec_module(module)
