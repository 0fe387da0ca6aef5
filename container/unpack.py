"""Unpack the native tools of a Python for all its users, and let them share what is equal: ``unpack.py PREFIX``.

Each GUI wheel of CASA brings an AppImage of 0.2 GB, and each AppImage the same libraries. Unpacked under
``PREFIX/share/casa-desktop/tools`` they need neither FUSE nor the user's cache; files with equal contents become one
file with several names, and the AppImages themselves go.

Their maker packed all of Qt, WebEngine and samba's libraries included. What stays is what a tool's program and the
plug-ins that it can use on an X server or without one are linked with; that they still work is tested in the image.

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
from typing import Dict, Iterable, Iterator, List, Set

# Qt's plug-ins that a tool can use; those for Wayland, maps, databases, sensors and the like go.
PLUGINS = frozenset(
    {"iconengines", "imageformats", "platforminputcontexts", "platforms", "printsupport", "styles", "xcbglintegrations"}
)
PLATFORMS = ("libqxcb.so", "libqoffscreen.so", "libqminimal.so")


def main(prefix: Path) -> None:
    """Unpack, share, and say what it brought."""
    tools = prefix / "share" / "casa-desktop" / "tools"
    for image in sorted(prefix.glob(f"lib/python3*/site-packages/*/__bin__/*-{platform.machine()}.AppImage")):
        folder = unpack(image, tools)
        print(f"{folder.name}: {prune(folder / 'squashfs-root' / 'usr') / 1e6:.0f} MB that nothing uses are gone.")
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


def prune(tool: Path) -> int:
    """Remove the shared libraries that nothing is linked with, and the plug-ins of no use; return the bytes saved."""
    libraries, plugins = tool / "lib", tool / "lib" / "plugins"
    if not (libraries / "libQt6Core.so.6").exists():
        # Tools of CASA's old releases are laid out otherwise.
        return 0
    roots = [*(tool / "bin").iterdir(), *(path for path in plugins.glob("*/*.so") if is_used(path))]
    used = linked_with(roots, libraries) | set(roots)
    shared = [path for path in libraries.rglob("*.so*") if path.parent == libraries or plugins in path.parents]
    unused = [path for path in shared if path.resolve() not in used]
    saved = sum(path.lstat().st_size for path in unused)
    for path in unused:
        path.unlink()
    return saved


def is_used(plugin: Path) -> bool:
    """Say whether a tool can use a plug-in of Qt's here."""
    kind = plugin.parent.name
    return kind in PLUGINS and (kind != "platforms" or plugin.name in PLATFORMS)


def linked_with(programs: Iterable[Path], libraries: Path) -> Set[Path]:
    """Return the files in ``libraries`` that programs are linked with, directly or not."""
    env = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    said = subprocess.run(["ldd", *map(str, programs)], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = (line.split(" => ")[1].split(" (")[0] for line in said.splitlines() if " => /" in line)
    return {Path(path).resolve() for path in found}


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
