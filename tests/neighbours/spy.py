"""What one user can find out about another's desktop: ``python -m tests.neighbours.spy DESKTOP…``, each in JSON.

Prints, in JSON, all that it got: an empty list where others are safe.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List

# X's setup request of a client without a cookie, and with one: X11's protocol, chapter 8.
NAME = b"MIT-MAGIC-COOKIE-1"


def setup(cookie: bytes) -> bytes:
    """Return the first words of an X client."""
    name = NAME if cookie else b""
    lengths = len(name).to_bytes(2, "little") + len(cookie).to_bytes(2, "little")
    return b"l\0\x0b\0\0\0" + lengths + b"\0\0" + name + bytes(-len(name) % 4) + cookie


def spied(desktop: Dict[str, Any], own_cookie: bytes) -> Iterator[str]:
    """Yield what can be got of one desktop, in words."""
    yield from files(Path(desktop["rfb_socket"]).parent)
    for address in (desktop["rfb_socket"], "\0" + desktop["rfb_socket"]):
        if connects(address):
            yield f"a connection to {address!r}"
    for cookie in (b"", bytes(16), own_cookie):
        for prefix in ("", "\0"):
            answer = asked(f"{prefix}/tmp/.X11-unix/X{desktop['display'][1:]}", setup(cookie))
            # 1 is success.
            if answer[:1] == b"\1":
                yield f"the display {desktop['display']} with the cookie {cookie!r}"
    for pid in desktop["pids"]:
        yield from of_process(pid)


def files(folder: Path) -> Iterator[str]:
    """Yield what can be read or written in a folder and in the one above it."""
    names = ("record.json", "Xauthority", "desktop.log", "links", "shares", "bin/xdg-open", "icewm/menu", "../.kernels")
    for path in (folder, folder.parent, *(folder / name for name in names)):
        with suppress(OSError):
            os.close(os.open(path, os.O_RDONLY))
            yield f"{path} opened"
        with suppress(OSError):
            path.stat()
            # That there is a root, its owner's number tells; and no more.
            if path != folder.parent:
                yield f"{path} looked at"
    with suppress(OSError):
        (folder.parent / "spied").touch()
        yield f"a file made in {folder.parent}"


def connects(address: str) -> bool:
    """Tell whether a unix socket takes a connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
        except OSError:
            return False
    return True


def asked(address: str, words: bytes) -> bytes:
    """Return the answer of whoever listens at a unix socket; empty where nobody does."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(10)
        connection.connect(address)
        connection.sendall(words)
        return connection.recv(64)
    return b""


def of_process(pid: int) -> Iterator[str]:
    """Yield what /proc gives of another's process beyond its name and arguments, and what signals can do."""
    for name in ("environ", "fd", "mem", "maps", "cwd", "root", "exe", "stack", "map_files"):
        with suppress(OSError):
            path = f"/proc/{pid}/{name}"
            if name in ("cwd", "root", "exe"):
                os.readlink(path)
            elif name in ("fd", "map_files"):
                os.listdir(path)
            else:
                with open(path, "rb") as file:
                    file.read(1)
            yield path
    with suppress(OSError):
        # No signal, but whether one could be sent. SIGCONT may go to all of a session, whoever they are.
        os.kill(pid, 0)
        yield f"a signal to {pid}"


def everybody_s(own: int) -> Iterator[str]:
    """Yield files of other users in the folders of all that can be opened."""
    for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run/lock"):
        for place, folders, names in os.walk(folder):
            for path in (os.path.join(place, name) for name in (*names, *folders)):
                with suppress(OSError):
                    found = os.lstat(path)
                    others = 20_000 < found.st_uid < 21_000 and found.st_uid != own
                    # X's own sockets are for all to find, and want a cookie.
                    if others and not place.endswith(".X11-unix"):
                        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
                        yield f"{path} of user {found.st_uid}"
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        # Key, id, permissions in octal, size, two pids, count, uid: proc(5).
        fields = line.split()
        if int(fields[7]) != own and int(fields[7]) > 20_000 and int(fields[2], 8) & 0o077:
            yield f"shared memory {fields[1]} of user {fields[7]}, open as {fields[2]}"


def main(words: List[str]) -> None:
    """Spy on all desktops that are told."""
    cookie = Path(f"/tmp/casa-desktop-{os.getuid()}/main/Xauthority").read_bytes()[-16:]
    found = [each for word in words for each in spied(json.loads(word), cookie)]
    print(json.dumps([*found, *everybody_s(os.getuid())]))


if __name__ == "__main__":
    main(sys.argv[1:])
