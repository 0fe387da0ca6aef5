"""Unpack the native tools of a Python for all its users, and let them share what is equal: ``unpack.py PREFIX``.

Each GUI wheel of CASA brings an AppImage of 0.2 GB, and each AppImage the same libraries. Unpacked under
``PREFIX/share/casa-desktop/tools`` they need neither FUSE nor the user's cache; files with equal contents become one
file with several names, and the AppImages themselves go.

Alone in its file, and without an import of the project's, so that the layer with CASA outlives every change of ours.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import Dict, Iterable, Iterator, List


def main(prefix: Path) -> None:
    """Unpack, share, and say what it brought."""
    tools = prefix / "share" / "casa-desktop" / "tools"
    for image in sorted(prefix.glob(f"lib/python3*/site-packages/*/__bin__/*-{platform.machine()}.AppImage")):
        print(unpack(image, tools), flush=True)
    saved = sum(map(share, files_of_one_size(tools)))
    print(f"{saved / 1e6:.0f} MB of equal files are shared.")


def unpack(image: Path, tools: Path) -> Path:
    """Unpack one AppImage, remove it, and return its folder, which all may read."""
    name = image.parent.parent.name
    folder = tools / f"{name}-{metadata.version(name)}"
    folder.mkdir(parents=True)
    subprocess.run([str(image), "--appimage-extract"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    # The outermost folder of an AppImage is its maker's alone.
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    shutil.rmtree(image.parent)
    return folder


def files_of_one_size(folder: Path) -> Iterator[List[Path]]:
    """Return the files that could be equal, by their sizes."""
    sizes: Dict[int, List[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            sizes[path.stat().st_size].append(path)
    return (paths for paths in sizes.values() if len(paths) > 1)


def share(paths: Iterable[Path]) -> int:
    """Make equal files with equal modes one file; return the bytes saved."""
    first: Dict[object, Path] = {}
    saved = 0
    for path in paths:
        key = (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mode)
        if key in first:
            path.unlink()
            os.link(first[key], path)
            saved += path.stat().st_size
        first.setdefault(key, path)
    return saved


if __name__ == "__main__":
    main(Path(sys.argv[1]))
