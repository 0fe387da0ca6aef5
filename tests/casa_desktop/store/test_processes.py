"""Many processes at one store, and processes that are killed: what is kept and put back is whole every time."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop.store.store import Store

ROOT = Path(__file__).parents[3]

# Keeps tables of its own and one that all keep, and puts them back, in a store that is swept again and again.
_WORKER = """
import random, shutil, sys
from pathlib import Path

from casa_desktop.errors import NotKept, NotPutBack
from casa_desktop.store.store import Store
from tests.support.reuse import SECONDS, call, flag, state, table

folder, name, common = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
store, chance, done = Store.of(folder, {}), random.Random(name), 0
for number in range(25):
    ms = folder / name
    seed = chance.randrange(6)
    for path, make in ((ms, table), (folder / f"{name}-common", shutil.copyfile)):
        shutil.rmtree(path, ignore_errors=True)
        path.unlink() if path.is_file() else None
        record = call(store, lambda: make(path, seed) if make is table else make(common, path), [path])
        try:
            store.keep(record, SECONDS)
            flag(path) if make is table else path.write_bytes(b"other")
            store.put_back(record)
            assert state(path) == record.after[str(path)]
            done += 1
        except (NotKept, NotPutBack) as error:
            print(error)
print("done", done)
"""


def test_processes_keep_put_back_and_sweep_at_once(tmp_path: Path) -> None:
    store = Store.of(tmp_path, {})
    store.set_limit(300_000)
    common = tmp_path / "common"
    common.write_bytes(random.Random(0).randbytes(40_000))
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path), f"worker{number}.ms", str(common)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(2)
    ]
    said = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    # What another process sweeps right before it is put back is a miss; many are not.
    assert all(int(text.rpartition("done ")[2]) > 5 for text in said), said
    assert store.usage().taken <= 300_000
    assert store.check().damaged == ()


# 300 in all, of which 200 are killed and 100 interrupted; each batch has a store and tables of its own.
@pytest.mark.parametrize("seed", range(4))
def test_what_a_killed_or_interrupted_process_leaves_is_whole(seed: int, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tests.support.reuse_killed", str(tmp_path), str(seed), "75"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    killed = int(done.stdout.split()[0])
    assert killed > 25, done.stdout
