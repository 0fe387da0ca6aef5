"""Programs that a test writes, to be found or run in the place of real ones."""

from __future__ import annotations

from pathlib import Path


def write_program(path: Path, script: str = "") -> Path:
    """Write a program that ``/bin/sh`` runs; without a script it does nothing. Return its path."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
