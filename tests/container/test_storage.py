"""The storage of a run's own: what is in it, and that nothing of it is left, whether the run ends or is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..support import living
from ..support.container_image import ROOT
from ..support.engine import Engine, storage_configuration
from ..support.run_folder import KEPT, mounts_below, own_engine, run_folder

# A run with a storage, in which a container's files are mounted, and a build is at work.
RUN = """
import subprocess, sys
from pathlib import Path
from tests.support.engine import Engine
from tests.support.run_folder import STORAGE, run_folder
with run_folder(Path(sys.argv[1])) as folder:
    (folder / STORAGE).mkdir()
    engine = Engine(folder / STORAGE)
    engine.say("import", sys.argv[2], "localhost/casa-desktop:test")
    engine.say("mount", engine.say("create", "localhost/casa-desktop:test", "true").strip())
    subprocess.run(["buildah", "from", "localhost/casa-desktop:test"], env=engine.environment, check=True, stdout=2)
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The smallest root that there is."""
    (tmp_path / "file").write_text("1")
    path = tmp_path / "root.tar"
    subprocess.run(["tar", "-C", str(tmp_path), "-cf", str(path), "file"], check=True)
    return path


def test_it_is_as_the_machine_s_but_for_its_place(tmp_path: Path) -> None:
    usual = tmp_path / "usual.conf"
    usual.write_text(
        '[storage]\ndriver = "vfs"\ngraphroot = "/var/lib/containers"\n  runroot="/run/containers"\n'
        'rootless_storage_path = "/home/ada"\n[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
    )
    assert storage_configuration(Path("/own"), "overlay", usual) == (
        '[storage]\ndriver = "overlay"\ngraphroot = "/own/root"\nrunroot = "/own/run"\n'
        '[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
    )
    assert len(storage_configuration(Path("/own"), "overlay", tmp_path / "none").splitlines()) == 4


@pytest.mark.container
def test_two_runs_have_nothing_in_common_and_leave_nothing(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEPT, raising=False)
    with own_engine() as one, own_engine() as other:
        name = "localhost/casa-desktop:test"
        one.say("import", str(archive), name)
        assert one.has(name)
        assert not other.has(name)
        folders = [each.folder.parent for each in (one, other)]
        assert [each.exists() for each in folders] == [True, True]
    assert [each.exists() for each in folders] == [False, False]


@pytest.mark.container
def test_a_run_that_is_killed_leaves_nothing_for_the_next(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEPT, raising=False)
    with own_engine() as engine:
        parent = engine.folder.parent
        argv = [sys.executable, "-c", RUN, str(parent), str(archive)]
        with living.started(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            left = Path(run.stdout.readline().strip())
        assert left.parent == parent
        assert mounts_below(left)
        with run_folder(parent):
            assert not left.exists()
        assert mounts_below(left) == []


@pytest.mark.container
def test_a_kept_storage_keeps_images_and_no_container(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_folder() as folder:
        monkeypatch.setenv(KEPT, str(folder / "kept"))
        with own_engine() as engine:
            engine.say("import", str(archive), "localhost/casa-desktop:test")
            engine.say("create", "localhost/casa-desktop:test", "true")
            with pytest.raises(BlockingIOError), own_engine():
                pass
        with own_engine() as engine:
            assert engine.has("localhost/casa-desktop:test")
            assert engine.say("ps", "--all", "--quiet") == ""


@pytest.mark.container
def test_an_image_is_taken_from_the_machine_s_own_storage(archive: Path, tmp_path: Path) -> None:
    with run_folder() as folder:
        machine = _storage(folder / "a")
        machine.say("import", str(archive), "localhost/casa-desktop:told")
        other = _storage(folder / "b", machine)
        assert not other.has("localhost/casa-desktop:told")
        assert other.take("localhost/casa-desktop:told") == "localhost/casa-desktop:told"
        assert other.has("localhost/casa-desktop:told")


def _storage(folder: Path, machine: Engine | None = None) -> Engine:
    """Return an engine with a storage in a folder, on a machine whose own storage is another one's."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (machine.configuration if machine else {}).items():
            patch.setenv(name, value)
        return Engine(folder)
