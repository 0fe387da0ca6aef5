"""Two releases of CASA on the hub that is shipped: kernels of both in each user's server, beside each other."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Dict, Iterator

import pytest

from ..chaos.cells import Kernel
from ..neighbours.town import lack
from ..support.living import below, with_word
from ..support.releases import KEPT, RELEASES
from ..support.run_folder import run_folder
from .observatory import Observatory
from .server import Server

# It installs a gigabyte.
pytestmark = pytest.mark.matrix

(OTHER,) = (release for release in RELEASES if release.casa == "6.6.5.31")
NAME = "casa-other"
VERSION = "import casatools; print(casatools.version_string())"
PICTURE = """
import os
ia.fromshape("{0}.image", [64, 64])
ia.close()
viewer("{0}.image", outfile="{0}.png", outformat="png")
print(os.path.getsize("{0}.png") > 1000)
"""
WINDOW = 'viewer("{0}.image", gui=True); print("shown")'


@pytest.fixture(scope="module")
def python() -> Iterator[Path]:
    """The Python of another release, where all users may read it."""
    reason = lack() or OTHER.why_not()
    if reason:
        pytest.skip(reason)
    with nullcontext(Path(KEPT)) if KEPT else run_folder() as folder:
        folder.chmod(0o755)
        found = folder / OTHER.casa / "bin" / "python"
        if not found.exists():
            OTHER.install(folder / OTHER.casa)
        yield found


@pytest.fixture(scope="module")
def hub(python: Path) -> Iterator[Observatory]:
    """The hub; its administrator has added a kernel of that release for all users."""
    base = subprocess.check_output([python, "-c", "import sys; print(sys.base_prefix)"], text=True).strip()
    with Observatory(pythons=[python.parents[1], Path(base)]) as running:
        install = f"kernel install --prefix /usr/local --name {NAME} --python {python}"
        running.town.as_root(f"{sys.executable} -m casa_desktop {install}")
        yield running


def _printed(kernel: Kernel, code: str) -> str:
    """Return the last line that a cell prints."""
    cell = kernel.run(code)
    assert cell.wait_until_over(120)
    assert cell.text, cell.messages
    return cell.text.splitlines()[-1].strip()


def test_each_user_has_kernels_of_two_releases_with_pictures_and_windows(hub: Observatory) -> None:
    people = {name: hub.new_user(name) for name in ("janet", "ruby")}
    servers = {name: Server(hub, hub.start_server(name), name) for name in people}
    for name, server in servers.items():
        kernels: Dict[str, Kernel] = {each: server.kernel(each) for each in ("casa", NAME)}
        versions = {each: _printed(kernel, VERSION) for each, kernel in kernels.items()}
        assert versions[NAME].startswith("6.6.5")
        assert not versions["casa"].startswith("6.6.5")
        for each, kernel in kernels.items():
            assert _printed(kernel, PICTURE.format(each)) == "True"
            assert _printed(kernel, WINDOW.format(each)) == "shown"
        # Each kernel's own viewer, on the user's one desktop.
        assert all(with_word(below(kernel.pid), "casaviewer") for kernel in kernels.values())
        assert len(server.desktops()) == 1
        for kernel in kernels.values():
            kernel.leave()
        hub.ask(f"users/{name}/server", "DELETE")
        hub.await_end(name)
        assert hub.left(people[name]) == []
