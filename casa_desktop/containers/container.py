"""Describe containers for kernels and desktops, and build their command lines. This module runs no program.

A *container* is a container of Docker, Podman or Apptainer, or a sandbox of bubblewrap; its *engine* is the program
that runs it. This module has what all engines share; ``containers.engines`` has what differs.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import names
from ..errors import ContainerFailed, InvalidContainer
from ..system.process import Command
from ..system.pythonpath import module
from . import engines
from .engines import Bind, Place

__all__ = ["Bind", "Container", "Place", "kernel_argv", "passed_environment", "remove_command", "run_command"]

_BIND = re.compile(r"(?P<source>/[^:]*)(:(?P<target>/[^:]*))?(:(?P<mode>ro|rw))?")


@dataclass(frozen=True)
class Container:
    """The container in which a kernel or a desktop runs.

    Attributes:
        engine: ``podman``, ``docker``, ``apptainer``, ``singularity`` or ``bwrap``.
        image: name of the image, or path of a SIF file; empty for bwrap, which uses this machine's own files.
        binds: additional folders, ``SRC[:DST[:ro]]``, besides home, working folder and runtime directory.
        network: empty for the engine's default (a private network for Docker, Podman and bwrap); else ``host``,
            ``none``, or a name that the engine knows.
        options: additional options of the engine's command line, like ``--gpus=all``; they come last and take
            precedence.
        python: the Python inside in which casa-desktop is installed.

    Raises:
        InvalidContainer: a value is invalid.
    """

    engine: str
    image: str = ""
    binds: Tuple[str, ...] = ()
    network: str = ""
    options: Tuple[str, ...] = ()
    python: str = "python"

    def __post_init__(self) -> None:
        if not isinstance(self.engine, str) or self.engine not in engines.ENGINES:
            raise InvalidContainer("engine", self.engine, f"one of {', '.join(sorted(engines.ENGINES))}")
        for name in ("image", "network", "python"):
            _check_text(name, getattr(self, name))
        for name in ("binds", "options"):
            _check_texts(name, getattr(self, name))
        if bool(self.image) != engines.ENGINES[self.engine].has_images:
            expected = "the name or path of an image" if not self.image else "empty: bwrap has this machine's own files"
            raise InvalidContainer("image", self.image, expected)
        if not self.python:
            raise InvalidContainer("python", self.python, "the Python inside the container")
        for each in self.binds:
            parsed_bind(each)

    def as_dict(self) -> Dict[str, Any]:
        """Return the attributes as a dictionary for JSON, without those that have their default values."""
        usual = {each.name: each.default for each in fields(self)}
        told = {name: value for name, value in asdict(self).items() if value != usual[name]}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}

    @classmethod
    def from_dict(cls, given: Any) -> Container:
        """Return the container of a dictionary as ``as_dict`` makes it.

        Raises:
            InvalidContainer: ``given`` does not describe a container.
        """
        if not isinstance(given, Mapping) or "engine" not in given:
            raise InvalidContainer("container", given, "an object with an engine")
        unknown = sorted(set(given) - {each.name for each in fields(cls)})
        if unknown:
            raise InvalidContainer(unknown[0], given[unknown[0]], "left out: there is no such field")
        told: Dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
        }
        return cls(**told)

    @property
    def label(self) -> str:
        """A label for users: the engine, and the image."""
        return f"{self.engine} ({self.image})" if self.image else self.engine


def _is_word(value: object) -> bool:
    """Return whether ``value`` can be an argument of a command line."""
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        # JSON can contain single surrogates.
        return False


def _check_text(name: str, value: object) -> None:
    if not _is_word(value) or value.startswith("-"):  # type: ignore[attr-defined]
        raise InvalidContainer(name, value, "a word that does not begin with '-'")


def _check_texts(name: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(map(_is_word, value)):
        raise InvalidContainer(name, value, "a list of words")


def parsed_bind(text: str) -> Bind:
    """Parse a bind ``SRC[:DST[:ro]]``; ``SRC:ro`` has the same path inside.

    Raises:
        InvalidContainer: ``text`` has another form.
    """
    found = _BIND.fullmatch(text)
    if found is None:
        raise InvalidContainer("binds", text, "SRC, SRC:DST or SRC:DST:ro with absolute paths")
    source = found["source"]
    return Bind(source, found["target"] or source, read_only=found["mode"] == "ro")


def kernel_argv(python: str, container: Container, casa_options: Sequence[str] = ()) -> List[str]:
    """Return the ``argv`` of a kernelspec whose kernel runs in ``container``.

    Args:
        python: the Python of this installation, which starts the container.
        container: where the kernel runs.
        casa_options: CASA's options, which are passed to the kernel.
    """
    described = json.dumps(container.as_dict(), ensure_ascii=False)
    words = [python, *module(names.CONTAINED_KERNEL), "-f", "{connection_file}", "--container", described]
    return words + (["--", *casa_options] if casa_options else [])


# Prefixes of variables that configure a kernel: of CASA and this package, of Jupyter, of MPI and its launchers.
_PASSED_PREFIXES = ("CASA", "JPY_", "LC_", "MPI", "OMPI_", "PMI", "PRTE_", "SLURM_", "UCX_")
_PASSED = frozenset(
    [
        *("COLORTERM", "JUPYTERHUB_SERVICE_PREFIX", "LANG", "LANGUAGE", "MPLBACKEND", "OMP_NUM_THREADS", "TERM", "TZ"),
        *("all_proxy", "ftp_proxy", "http_proxy", "https_proxy", "no_proxy"),
        *("ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    ]
)
# Process ids and the folders of an installation are not valid inside; CASAPATH would lead CASA to data outside.
_HELD_BACK = frozenset(["CASALD_LIBRARY_PATH", "CASAPATH", names.OUTSIDE, names.READY_FD, "JPY_PARENT_PID"])


def passed_environment(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables to pass into a container: never PATH, PYTHON…, LD_…, or those of a virtual environment."""
    return {
        name: value
        for name, value in environ.items()
        if (name in _PASSED or name.startswith(_PASSED_PREFIXES)) and name not in _HELD_BACK
    }


@dataclass(frozen=True)
class _Binds:
    """Folders to bind, without those that lie in another bound folder."""

    found: List[Bind] = field(default_factory=list)

    def add(self, new: Bind) -> None:
        if not any(_holds(each, new) for each in self.found):
            self.found.append(new)


def _holds(outer: Bind, inner: Bind) -> bool:
    same = outer.source == outer.target and inner.source == inner.target and outer.read_only == inner.read_only
    return same and f"{inner.source}/".startswith(f"{outer.source.rstrip('/')}/")


def run_command(
    container: Container, inner: Sequence[str], *, place: Place, name: str, passed: Optional[Mapping[str, str]] = None
) -> Command:
    """Build the command line that runs ``inner`` in ``container``.

    Args:
        container: the container.
        inner: the program and its arguments, with paths as seen inside.
        place: what the container shares with the outside, and its user.
        name: the name of the running container, for engines that have names.
        passed: the environment of ``inner`` besides HOME; by default ``passed_environment(place.environ)``.

    Raises:
        ContainerFailed: the engine would interpret a part of a folder's name as a separator.
    """
    binds = _Binds()
    for folder in place.folders:
        binds.add(Bind(folder, folder))
    for each in container.binds:
        binds.add(parsed_bind(each))
    _check_names(container, binds.found)
    variables = passed_environment(place.environ) if passed is None else dict(passed)
    build = engines.ENGINES[container.engine].build
    return build(
        engines.Run(
            engine=container.engine,
            image=container.image,
            network=container.network,
            options=container.options,
            inner=tuple(inner),
            binds=tuple(binds.found),
            variables={**variables, "HOME": place.home},
            place=place,
            name=name,
        )
    )


def _check_names(container: Container, binds: Sequence[Bind]) -> None:
    for path in (path for each in binds for path in (each.source, each.target)):
        for mark in engines.ENGINES[container.engine].separators:
            if mark in path:
                raise ContainerFailed(
                    container.label,
                    f"{container.engine} takes {mark!r} for the end of a folder's name, and {path} has one in it. "
                    "Rename it, or work in another folder; what lies below your home folder may have any name.",
                )


def remove_command(container: Container, *, name: str, environ: Mapping[str, str]) -> Optional[Command]:
    """Build the command line that removes what is left of a container; None if the engine can leave nothing.

    Args:
        container: the container.
        name: the name under which it ran.
        environ: the environment of the process that started it.
    """
    build = engines.ENGINES[container.engine].remove
    return None if build is None else Command(build(container.engine, name), environ)
