"""What ``table.lock`` tells of rows goes with a table that is put back."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Dict

import pytest

from casa_desktop.store.row_counts import row_counts
from casa_desktop.store.store import IN_PLACE, PUT_BACK, Store

from ...support import reuse
from ...support.reuse import flag, table


def count(folder: Path, number: int) -> None:
    """Give a table so many rows, as casacore notes it; some processes wait for it."""
    (folder / "table.lock").write_bytes(b"\1" * 260 + b"rows%d" % number)


def counts(folder: Path) -> Dict[str, str]:
    return {name: bytes.fromhex(text).decode() for name, text in row_counts(str(folder)).items()}


def test_they_are_those_of_each_table_that_tells_of_them(tmp_path: Path) -> None:
    ms = tmp_path / "my.ms"
    table(ms)
    count(ms, 3)
    (ms / "ANTENNA" / "table.lock").write_bytes(bytes(260))
    assert counts(ms) == {"": "rows3"}
    count(ms / "ANTENNA", 27)
    assert counts(ms) == {"": "rows3", "ANTENNA": "rows27"}
    # It is no table, but a file of the user's.
    (ms / "SORTED" / "table.lock").write_bytes(bytes(300))
    assert counts(ms) == {"": "rows3", "ANTENNA": "rows27"}
    assert counts(ms / "table.f0") == counts(tmp_path / "missing") == {}


@pytest.fixture
def ms(tmp_path: Path) -> Path:
    return tmp_path / "my.ms"


def make(ms: Path) -> None:
    table(ms)
    count(ms, 3)
    count(ms / "ANTENNA", 27)


def change(ms: Path) -> None:
    flag(ms)
    count(ms, 4)


def test_a_table_that_is_put_back_has_them_again(tmp_path: Path, ms: Path) -> None:
    store = Store(tmp_path / ".casa-reuse")
    made = reuse.call(store, lambda: make(ms), [ms])
    made = replace(made, rows={str(ms): row_counts(str(ms))})
    store.keep(made, reuse.SECONDS)
    changed = reuse.call(store, lambda: change(ms), [ms], task="flagdata")
    changed = replace(changed, rows={str(ms): row_counts(str(ms))})
    store.keep(changed, reuse.SECONDS)
    shutil.rmtree(ms)
    again = store.find(made.key)
    assert again is not None
    assert store.put_back(again) == PUT_BACK
    assert counts(ms) == {"": "rows3", "ANTENNA": "rows27"}
    # No process waits for it.
    assert (ms / "table.lock").read_bytes()[:260] == bytes(260)
    inode = os.stat(ms / "ANTENNA" / "table.lock").st_ino
    mode = stat.S_IMODE(os.stat(ms / "table.f0").st_mode)
    assert stat.S_IMODE(os.stat(ms / "table.lock").st_mode) == mode
    again = store.find(changed.key)
    assert again is not None
    assert store.put_back(again) == PUT_BACK
    assert counts(ms) == {"": "rows4", "ANTENNA": "rows27"}
    # Of what is unchanged it is the same file, on which processes may hold locks.
    assert os.stat(ms / "ANTENNA" / "table.lock").st_ino == inode
    assert store.put_back(again) == IN_PLACE


@pytest.mark.parametrize("lock", [None, bytes(260)])
def test_a_table_without_them_gets_them_when_another_part_is_put_back(tmp_path: Path, ms: Path, lock: object) -> None:
    """CASA makes an empty ``table.lock`` for a table that was copied without one."""
    store = Store(tmp_path / ".casa-reuse")
    made = reuse.call(store, lambda: make(ms), [ms])
    made = replace(made, rows={str(ms): row_counts(str(ms))})
    store.keep(made, reuse.SECONDS)
    flag(ms)
    (ms / "ANTENNA" / "table.lock").unlink()
    if isinstance(lock, bytes):
        (ms / "ANTENNA" / "table.lock").write_bytes(lock)
    assert store.put_back(made) == PUT_BACK
    assert counts(ms) == {"": "rows3", "ANTENNA": "rows27"}


CASA = """
from casatools import table
from casa_desktop.store.row_counts import row_counts
tb = table()
column = {"valueType": "int", "dataManagerType": "StandardStMan", "dataManagerGroup": "S", "option": 0, "maxlen": 0}
tb.create("a.tab", {"A": {**column, "comment": ""}})
tb.close()
tb.open("a.tab", nomodify=False)
tb.addrows(5)
tb.close()
print(row_counts("a.tab"))
"""


def test_casa_notes_the_number_of_rows_where_it_is_looked_for(tmp_path: Path, environment: Dict[str, str]) -> None:
    if importlib.util.find_spec("casatools") is None:
        pytest.skip("CASA is not installed")
    support = Path(__file__).parents[2] / "support"
    config = shutil.copy(support / "observation" / "siteconfig.py", tmp_path / "casasiteconfig.py")
    env = {**environment, "CASASITECONFIG": str(config)}
    done = subprocess.run(
        [sys.executable, "-c", CASA], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    (text,) = eval(done.stdout.splitlines()[-1]).values()
    # Its length, and an object of AipsIO with its length, its name, its version, and the number of rows.
    content = bytes.fromhex(text)
    assert int.from_bytes(content[:4], "big") == len(content) - 4
    assert content[16:20] == b"sync"
    size = 4 if content[20:24] == b"\0\0\0\1" else 8
    assert int.from_bytes(content[24 : 24 + size], "big") == 5
