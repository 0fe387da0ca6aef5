"""What processes did to files, from the trace that strace wrote of them.

A process says by a look at ``<mark>/<name>`` that from then on all that it does, with its threads and children, belongs
to a part of this name. So parts may run at the same time.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

# The calls by which a process learns of a file or changes one; those with "?" are not on each architecture. mmap tells
# of files that are changed in memory, the last four which process is whose child, and where it works.
_LOOKING = "?stat ?lstat ?newfstatat ?stat64 ?statx ?access ?faccessat ?faccessat2 ?readlink readlinkat execve execveat"
_OPENING = "?open openat ?openat2 ?creat truncate ?mkdir mkdirat ?symlink symlinkat ?link linkat"
_TAKING = "?unlink unlinkat ?rmdir ?rename renameat renameat2"
_CHANGING = "write pwrite64 writev pwritev pwritev2 ftruncate fallocate copy_file_range sendfile splice mmap"
_LIVING = "chdir ?fork ?vfork clone ?clone3"
_CALLS = " ".join((_LOOKING, _OPENING, _TAKING, _CHANGING, _LIVING)).split()

# One file holds all processes in the order of their calls. -y tells each descriptor's path; -s 0 leaves out what is
# written, and paths are whole all the same.
COMMAND = ("strace", "-f", "--seccomp-bpf", "-y", "-s", "0", "-e", "signal=none", "-e", "trace=" + ",".join(_CALLS))

_LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)\) += (-?\d+)|\+\+\+ (?:exited|killed))")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BASES = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>")
_FILE = re.compile(r"\d+<(/[^>]*)>")
_WRITING = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "fallocate"}
_MAKING = {"mkdir", "mkdirat", "symlink", "symlinkat", "creat", "link", "linkat"}
_REMOVING = {"unlink", "unlinkat", "rmdir"}
_READING = {"open", "openat", "openat2", "execve", "execveat"}
_BEARING = {"fork", "vfork", "clone", "clone3"}

_Call = Tuple[str, str, int]


@dataclass
class Deeds:
    """What was done to files; all paths are absolute. What was made, used and removed again is not among them.

    Attributes:
        read: files opened and folders listed that were there before.
        seen: what was there before and was asked for, but not opened.
        missed: what was asked for and was not there.
        written: files made, written, cut or renamed to, and folders made.
        removed: what was there before, and was removed or renamed.
    """

    read: Set[str] = field(default_factory=set)
    seen: Set[str] = field(default_factory=set)
    missed: Set[str] = field(default_factory=set)
    written: Set[str] = field(default_factory=set)
    removed: Set[str] = field(default_factory=set)
    _own: Set[str] = field(default_factory=set)

    def _note(self, call: str, arguments: str, paths: List[str], result: int) -> None:
        if call in _WRITING or call == "mmap":
            if call != "mmap" or ("MAP_SHARED" in arguments and "PROT_WRITE" in arguments):
                self.written.update(_FILE.findall(arguments)[:1])
        elif call in ("copy_file_range", "sendfile", "splice"):
            files = _FILE.findall(arguments)
            self.written.update(files[:1] if call == "sendfile" else files[-1:])
        elif paths:
            self._note_path(call, arguments, paths, result)

    def _note_path(self, call: str, arguments: str, paths: List[str], result: int) -> None:
        if result < 0:
            if "ENOENT" in arguments and not self._is_own(paths[0]) and paths[0] not in self.removed:
                self.missed.add(paths[0])
        elif call.startswith("rename"):
            self._remove(paths[0])
            self._make(paths[1])
        elif call in _MAKING or (call in _READING and _is_new(arguments)):
            self._make(paths[-1])
        elif call in _REMOVING:
            self._remove(paths[0])
        elif call == "truncate":
            self.written.add(paths[0])
        elif not self._is_own(paths[0]):
            (self.read if call in _READING else self.seen).add(paths[0])

    def _make(self, path: str) -> None:
        self.written.add(path)
        self._own.add(path)

    def _remove(self, path: str) -> None:
        if self._is_own(path):
            self.written = {each for each in self.written if each != path and not each.startswith(f"{path}/")}
        else:
            self.removed.add(path)
        self._own.discard(path)

    def _is_own(self, path: str) -> bool:
        """Return whether a path, or a folder that it is in, was made here."""
        while path not in self._own and path != "/":
            path = os.path.dirname(path)
        return path != "/"


def _is_new(arguments: str) -> bool:
    return "O_TRUNC" in arguments or ("O_CREAT" in arguments and "O_EXCL" in arguments)


class _Process:
    def __init__(self, folder: str, part: str) -> None:
        self.folder = folder
        self.part = part

    def paths(self, call: str, arguments: str) -> List[str]:
        """Return the paths among a call's arguments, absolute."""
        bases = _BASES.findall(arguments) if call.endswith(("at", "at2")) or call == "statx" else []
        paths = []
        for number, path in enumerate(_PATHS.findall(arguments)):
            if not path:
                # A descriptor's own file, or nothing.
                continue
            base = bases[min(number, len(bases) - 1)] if bases else self.folder
            paths.append(os.path.normpath(os.path.join(base, path)))
        return paths


class _Reader:
    def __init__(self, mark: str, folder: str) -> None:
        self.mark = f"{mark}/"
        self.folder = folder
        self.parts: Dict[str, Deeds] = {}
        self.processes: Dict[str, _Process] = {}
        # Of processes whose first calls stand above the end of the call that bore them.
        self.early: Dict[str, List[_Call]] = {}

    def take(self, number: str, call: _Call) -> None:
        if not self.processes and not self.early:
            self.processes[number] = _Process(self.folder, "")
        process = self.processes.get(number)
        if process is None:
            self.early.setdefault(number, []).append(call)
        else:
            self._take(number, process, *call)

    def _take(self, number: str, process: _Process, call: str, arguments: str, result: int) -> None:
        if not call:
            # It has ended, and another may get its number.
            del self.processes[number]
            return
        if call in _BEARING:
            if result > 0:
                self._bear(str(result), process)
            return
        paths = process.paths(call, arguments)
        if call == "chdir":
            process.folder = paths[0] if result == 0 else process.folder
        elif paths and paths[0].startswith(self.mark):
            process.part = paths[0][len(self.mark) :]
            self.parts[process.part] = Deeds()
        elif process.part:
            self.parts[process.part]._note(call, arguments, paths, result)

    def _bear(self, number: str, parent: _Process) -> None:
        self.processes[number] = _Process(parent.folder, parent.part)
        for call in self.early.pop(number, []):
            self._take(number, self.processes[number], *call)


def deeds(trace: Path, mark: str, folder: str) -> Dict[str, Deeds]:
    """Return what was done in each part of a trace, by the part's name.

    Args:
        trace: what strace wrote, called as ``COMMAND``.
        mark: a path that does not exist.
        folder: where the first process began.
    """
    reader = _Reader(mark, folder)
    for number, call in _calls(trace):
        reader.take(number, call)
    return reader.parts


def _calls(trace: Path) -> Iterator[Tuple[str, _Call]]:
    begun: Dict[str, str] = {}
    with trace.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            number = line.split(" ", 1)[0]
            if "<unfinished ...>" in line:
                begun[number] = line.partition("<unfinished ...>")[0]
                continue
            if " resumed>" in line and number in begun:
                line = begun.pop(number) + line.partition(" resumed>")[2]
            match = _LINE.match(line)
            if match:
                error = line[match.end() :] if match[4] and match[4].startswith("-") else ""
                yield number, (match[2] or "", (match[3] or "") + error, int(match[4] or 0))
