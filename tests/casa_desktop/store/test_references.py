from __future__ import annotations

import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from casa_desktop.store import references
from casa_desktop.store.digests import Digests
from casa_desktop.store.states import state_of


def _string(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("././ANTENNA", "/data/my.ms/ANTENNA"),
        ("./sim.ms", "/data/sim.ms"),
        ("./other/sim.ms", "/data/other/sim.ms"),
        ("/far/sim.ms", "/far/sim.ms"),
        ("././Größe 1", "/data/my.ms/Größe 1"),
        ("./" + 300 * "x", "/data/" + 300 * "x"),
        ("my.ms/.", "/data"),
    ],
)
def test_a_name_in_a_table_stands_for_a_path(name: str, path: str) -> None:
    written = references.names(b"\xbe\xbe\xbe\xbe\0\0\0\7" + _string(os.fsencode(name)) + b"\0\0\0\1")
    assert written == [name]
    assert references.tables("/data/my.ms", written) == [path]


def test_a_name_begins_where_the_table_s_folder_ends() -> None:
    assert references.tables("/data/my.ms/POINTING/SUB", ["POINTING/SUB/."]) == ["/data/my.ms"]


def test_a_variable_or_a_home_in_a_name_is_expanded_as_casacore_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("DATA", "/data")
    written = references.names(_string(b"~/my.ms") + _string(b"$DATA/my.ms"))
    assert references.tables("/x", written) == ["/data/my.ms", "/home/me/my.ms"]


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x05./", _string(b"Hz/./x"), b"\0\0\0\5./a\nb", _string(b"m/s"), b"/."])
def test_other_bytes_are_no_names(data: bytes) -> None:
    assert references.names(data) == []


CONCATENATION = {"Version": 1, "Images": ["././a.image", "/data/b.image", "c d.image"]}
EXPRESSION = {"expr": "'my image' - \"other.im\":nomask + 2*sqrt(a_3.im[x>2])"}


@pytest.mark.parametrize(
    ("view", "expected"),
    [(CONCATENATION, {"././a.image", "/data/b.image", "c d.image"}), (EXPRESSION, {"my image", "other.im", "a_3.im"})],
)
def test_a_view_of_images_names_them(view: Dict[str, object], expected: set[str]) -> None:
    assert expected <= set(references.names_in_view(json.dumps(view)))


MAKE = """
import os
from casatools import table
os.mkdir("far")
column = {"valueType": "int", "dataManagerType": "StandardStMan", "dataManagerGroup": "S", "option": 0, "maxlen": 0}
tb = table()
for name in ("parent.tab", "near.tab", "far/far.tab", "parent.tab/INSIDE"):
    tb.create(name, {"A": {**column, "comment": ""}}, nrow=5)
    tb.putcol("A", [1, 2, 3, 4, 5])
    tb.close()
tb.open("parent.tab", nomodify=False)
for key, name in (("NEAR", "near.tab"), ("FAR", "far/far.tab"), ("INSIDE", "parent.tab/INSIDE")):
    tb.putkeyword(key, "Table: " + os.path.abspath(name))
tb.close()
tb.open("parent.tab")
for name in ("view.tab", "far/view.tab"):
    tb.query("A > 2", name=name).close()
tb.close()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, environment: Dict[str, str]) -> Path:
    if importlib.util.find_spec("casatools") is None:
        pytest.skip("CASA is not installed")
    folder = tmp_path_factory.mktemp("tables")
    support = Path(__file__).parents[2] / "support"
    config = shutil.copy(support / "observation" / "siteconfig.py", folder / "casasiteconfig.py")
    env = {**environment, "CASASITECONFIG": str(config)}
    subprocess.run([sys.executable, "-c", MAKE], cwd=folder, env=env, check=True)
    return folder


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("parent.tab", ["far/far.tab", "near.tab"]),
        ("view.tab", ["parent.tab"]),
        ("far/view.tab", ["parent.tab"]),
        ("near.tab", []),
    ],
)
def test_the_state_of_a_table_of_casa_has_the_tables_that_it_refers_to(
    made: Path, table: str, expected: List[str]
) -> None:
    state = state_of(str(made / table), Digests())
    assert list(state.beside) == [str(made / name) for name in expected]


@pytest.mark.parametrize("table", ["near.tab", "far/far.tab", "parent.tab/INSIDE"])
def test_a_view_has_another_state_when_a_table_behind_its_parent_changes(made: Path, table: str) -> None:
    before = state_of(str(made / "far/view.tab"), Digests())
    with open(made / table / "table.f0", "ab") as file:
        file.write(b"x")
    assert state_of(str(made / "far/view.tab"), Digests()).digest != before.digest
