"""The image in a file, as users of Apptainer have it: who they are, what they run of it, and what they leave."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import psutil
import pytest

from .apptainer import CACHE, User, install
from .container_image import ROOT
from .lab import Jupyter
from .living import is_alive, owner
from .run_folder import run_folder
from .uids import free_block

# As directory services name their users.
AWKWARD = "karl j@obs.example"
RUN = ("apptainer", "--quiet", "run")


class Sif:
    """The image, and a user of it.

    Args:
        path: the file.
        user: who runs it.
    """

    def __init__(self, path: Path, user: User) -> None:
        self.path, self.user = path, user

    def command(self, *words: str, options: Sequence[str] = ()) -> List[str]:
        """Return the command line that runs a program in the image; ``options`` are Apptainer's."""
        return [*RUN, *options, str(self.path), *words]

    def say(self, *words: str, options: Sequence[str] = (), **more: Any) -> str:
        """Run a program in the image, and return what it prints; it must succeed."""
        return self.user.ask(*self.command(*words, options=options), **more)

    @contextmanager
    def desktop(self) -> Iterator[Tuple[Dict[str, Any], subprocess.Popen[str]]]:
        """Start a container with a desktop in it; yield the desktop's record, and what runs the container."""
        script = "casa-desktop start >&2 && casa-desktop status --json | tr -d '\\n' && echo && exec sleep 1000"
        with self.user.start(*self.command("sh", "-c", script), stdout=subprocess.PIPE) as container:
            try:
                assert container.stdout is not None
                [record] = json.loads(container.stdout.readline())
                yield record, container
            finally:
                container.terminate()


class ApptainerJupyter(Jupyter):
    """The image's own program, JupyterLab, run by a user of this machine; a context manager.

    Args:
        sif: the image, and the user.
        root: the folder in which it is started.
        options: more of Apptainer's.
    """

    def __init__(self, sif: Sif, root: Path, options: Sequence[str] = ()) -> None:
        super().__init__(root, sif.user.environment)
        self.sif, self.options = sif, options
        self.token = secrets.token_hex(16)

    def _command(self) -> List[str]:
        uid = str(self.sif.user.uid)
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
        return [*become, *self.sif.command(*self.options_of_jupyter, options=self.options)]

    @property
    def options_of_jupyter(self) -> Tuple[str, str, str]:
        """What the server is told, so that it is found."""
        return f"--port={self.port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"

    def run(self, *words: str, timeout: float = 120) -> str:
        """Run a command in a container of the same user's, and return what it prints."""
        return self.sif.say(*words, timeout=timeout)


def processes_of(user: User) -> List[psutil.Process]:
    """Return the living processes of a user."""
    return [each for each in psutil.process_iter() if owner(each) == user.uid and is_alive(each)]


def files_of(user: User, folder: Path = Path("/tmp")) -> List[Path]:
    """Return a user's files in a folder that all share, and in X's below it."""
    found = [*folder.iterdir(), *folder.glob(".X11-unix/*")]
    return sorted(path for path in found if path.lstat().st_uid == user.uid and path.name != ".X11-unix")


def home_of_the_maker(user: User) -> Path:
    """Return the home in which ``make sif`` is run; it exists once that is done."""
    return user.programs.parent / "maker"


@pytest.fixture(scope="session")
def users() -> Iterator[Tuple[User, ...]]:
    """Three users of this machine, with homes, and with Apptainer on their PATH."""
    if os.getuid() != 0:
        pytest.skip("only root can act as several users")
    block, first = free_block()
    with block, run_folder() as folder:
        names = enumerate(("ada", "ben", AWKWARD), start=first)
        users = [User(name, uid, folder / name, folder / "bin") for uid, name in names]
        install(folder, users)
        for user in users:
            user.home.mkdir(mode=0o700)
            os.chown(user.home, user.uid, user.uid)
        yield tuple(users)


@pytest.fixture(scope="session")
def sif(users: Tuple[User, ...], request: pytest.FixtureRequest) -> Path:
    """The image as Apptainer's file, which everybody may read; ``make sif`` has made it of the image."""
    told = os.environ.get("CASA_DESKTOP_TEST_SIF")
    if told:
        return Path(told)
    engine, image = request.getfixturevalue("engine"), request.getfixturevalue("image")
    programs = users[0].programs
    path = Path(os.environ.get(CACHE) or programs.parent, "casa-desktop.sif")
    home = home_of_the_maker(users[0])
    home.mkdir()
    # What it needs meanwhile goes with the folder, if it is killed.
    own = {"PATH": f"{programs}:{engine.environment['PATH']}", "HOME": str(home)}
    environment = {**engine.environment, **own}
    # Its own test is run below, by a user: root lacks rights in some containers that Apptainer asks for root.
    words = (
        f"IMAGE={image}",
        f"SIF={path}",
        "SIF_OPTIONS=--notest --mksquashfs-args '-comp zstd -Xcompression-level 3'",
    )
    subprocess.run(["make", "sif", *words], cwd=ROOT, env=environment, check=True, timeout=900)
    return path


@pytest.fixture
def ada(sif: Path, users: Tuple[User, ...]) -> Iterator[Sif]:
    """The image, and a user of it who leaves nothing running."""
    yield from _user(sif, users[0])


@pytest.fixture
def ben(sif: Path, users: Tuple[User, ...]) -> Iterator[Sif]:
    """The same image, and another user."""
    yield from _user(sif, users[1])


@pytest.fixture
def karl(sif: Path, users: Tuple[User, ...]) -> Iterator[Sif]:
    """The same image, and a user whose name and home have blanks."""
    yield from _user(sif, users[2])


def _user(sif: Path, user: User) -> Iterator[Sif]:
    yield Sif(sif, user)
    for each in processes_of(user):
        with suppress(psutil.NoSuchProcess):
            each.kill()
