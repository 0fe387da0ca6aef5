"""The images as the tests build them: from bases made of Debian's packages, and only when a source has changed."""

from __future__ import annotations

import configparser
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Mapping, Set

from .debian_root import QUICKLY
from .engine import Engine

ROOT = Path(__file__).resolve().parents[2]
# A digest of all that it was built from, as a label.
LABEL = "org.casa-desktop.sources"
NAME = "localhost/casa-desktop"
# What Debian's slim images leave out.
_LEFT_OUT = ("doc/*", "man/*", "groff/*", "info/*", "lintian/*", "linda/*", "locale/*")
# Of pip's configuration, what tells the way to the packages.
_WAY = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")


@dataclass(frozen=True)
class Kind:
    """One of the images that the Dockerfile makes.

    Attributes:
        casa: its CASA, which follows from the base's Python.
        debian: the release of Debian that is its base.
        tag: its own among the tests' images.
        variable: the environment's variable that may name one to be tested in its place.
    """

    casa: str
    debian: str
    tag: str
    variable: str

    def __str__(self) -> str:
        return f"CASA {self.casa}"

    @property
    def base(self) -> str:
        """The name of its base."""
        return f"docker.io/library/debian:{self.debian}-slim"


USUAL = Kind("6.7.0", "bookworm", "test", "CASA_DESKTOP_TEST_IMAGE")
NEWEST = Kind("6.7.6", "trixie", "test-newest", "CASA_DESKTOP_TEST_NEWEST_IMAGE")


def ensure_base(engine: Engine, kind: Kind, folder: Path) -> None:
    """Make an image's base of Debian's packages, unless it is there."""
    if engine.has(kind.base):
        return
    archive = folder / "base.tar"
    slim = [f"--dpkgopt=path-exclude=/usr/share/{kind}" for kind in _LEFT_OUT]
    words = ("--variant=minbase", *QUICKLY, *slim, kind.debian, str(archive))
    subprocess.run(["mmdebstrap", *words], env=engine.environment, check=True, timeout=600)
    engine.say("import", str(archive), kind.base)
    archive.unlink()


def ensure_image(engine: Engine, kind: Kind, folder: Path) -> str:
    """Return the name of an image of these sources, or of the one that is to be tested instead; built if need be.

    Args:
        engine: builds it, or copies it.
        kind: which of the images.
        folder: for what the build is told of this machine.
    """
    told = os.environ.get(kind.variable)
    if told:
        return engine.take(told)
    label = f"{LABEL}={digest(context())}"
    name = f"{NAME}:{kind.tag}"
    # By its name as well: what a build that failed has left bears the label, too.
    filters = (f"--filter=label={label}", f"--filter=reference={name}")
    if engine.say("images", "--quiet", *filters).split():
        return name
    # The wheel is made on the usual one's base in each case.
    for each in {USUAL, kind}:
        ensure_base(engine, each, folder)
    with superseding(engine, name):
        subprocess.run(
            engine.command(*build_words(name, label, kind, tell(folder / kind.tag))),
            cwd=ROOT,
            env=engine.environment,
            check=True,
            timeout=3000,
        )
    return name


@contextmanager
def superseding(engine: Engine, name: str) -> Iterator[None]:
    """Remove the image that had a name before, once another one has it: 3 GB that no run asks for again.

    What the two have in common stays, and so does an image that a container still uses.
    """
    before = _ids(engine, name)
    yield
    for image in before - _ids(engine, name):
        argv = engine.command("rmi", image)
        subprocess.run(argv, env=engine.environment, capture_output=True, check=False, timeout=300)


def _ids(engine: Engine, name: str) -> Set[str]:
    return set(engine.say("images", "--quiet", "--no-trunc", f"--filter=reference={name}").split())


def build_words(name: str, label: str, kind: Kind, told: Path) -> List[str]:
    """Return the words that build the image.

    Args:
        name: its name.
        label: a label more.
        kind: which of the images.
        told: the folder that ``tell`` made.
    """
    return [
        *("build", "--layers", "--format=docker", "--file=container/Dockerfile", f"--tag={name}", f"--label={label}"),
        # The usual one is what the file makes by itself.
        *((f"--build-arg=BASE={kind.base}",) if kind != USUAL else ()),
        # The build needs this machine's way to the packages, and no more rights than chroot.
        *(
            "--network=host",
            "--isolation=chroot",
            f"--volume={told}:/mnt:ro",
            f"--volume={told}/pip.conf:/etc/pip.conf:ro",
        ),
        *(("--build-arg=NODE_EXTRA_CA_CERTS=/mnt/ca.crt",) if (told / "ca.crt").exists() else ()),
        *(f"--build-arg={name}={os.environ[name]}" for name in ("npm_config_registry",) if name in os.environ),
        ".",
    ]


def tell(folder: Path) -> Path:
    """Write into a new ``folder`` how this machine reaches pip's and npm's packages, for use at /mnt; return it."""
    told = folder / "told"
    told.mkdir(parents=True)
    settings = pip_settings(subprocess.check_output([sys.executable, "-m", "pip", "config", "list"], text=True))
    conf = {name: value for name, value in settings.items() if name in _WAY and "file:" not in value}
    authority = settings.get("cert")
    if authority:
        shutil.copy(authority, told / "ca.crt")
        conf["cert"] = "/mnt/ca.crt"
    parser = configparser.ConfigParser(interpolation=None)
    parser["global"] = conf
    with (told / "pip.conf").open("w") as file:
        parser.write(file)
    return told


def pip_settings(listing: str) -> Dict[str, str]:
    """Return the settings of ``pip config list``; those of the environment, which pip puts first, go before."""
    lines = (line.partition("=") for line in reversed(listing.splitlines()) if "=" in line)
    return {name.rpartition(".")[2]: value.strip("'\"") for name, _, value in lines}


def context() -> List[Path]:
    """Return the files of the build's context, as git knows them: what is ignored is not built from."""
    roots = [
        ".containerignore",
        "casa_desktop",
        "container",
        "hatch_build.py",
        "jupyter_config",
        "kernel",
        "LICENSE",
        "pyproject.toml",
    ]
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *roots]
    names = subprocess.check_output(argv, cwd=ROOT, text=True).split("\0")
    return [ROOT / name for name in sorted(filter(None, names)) if (ROOT / name).is_file()]


def digest(files: Iterable[Path]) -> str:
    """Return the SHA-256 of files and their names, in hexadecimal."""
    total = hashlib.sha256()
    for path in files:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def labels(engine: Engine, image: str) -> Mapping[str, str]:
    """Return an image's labels."""
    lines = engine.say("inspect", "--format={{range $k, $v := .Config.Labels}}{{$k}}={{$v}}\n{{end}}", image)
    return dict(line.split("=", 1) for line in lines.splitlines() if line)
