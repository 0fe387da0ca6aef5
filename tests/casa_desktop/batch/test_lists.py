from __future__ import annotations

import re
from pathlib import Path

import pytest

from casa_desktop.batch import lists
from casa_desktop.errors import ListUnusable


def _written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_bytes(text.encode())
    return f"@{folder / name}"


def test_lines_of_several_lists_go_together(tmp_path: Path) -> None:
    vis = _written(tmp_path, "vis.txt", "\ufeff# of March\r\n/data/my field.ms \r\n\n   \nb#2.ms")
    robust = _written(tmp_path, "robust.txt", "0.5\n-0.5\n  # not yet\n")
    given = [("vis", vis), ("spw", "0"), ("robust", robust)]
    assert lists.rows(given) == [{"vis": "/data/my field.ms", "robust": "0.5"}, {"vis": "b#2.ms", "robust": "-0.5"}]


def test_only_values_that_begin_with_the_mark_are_lists() -> None:
    assert lists.named([("vis", "a@b.ms"), ("spw", ""), ("name", "@~/x")]) == {"name": Path.home() / "x"}


def test_a_list_is_looked_for_in_the_folder_that_is_given(tmp_path: Path) -> None:
    _written(tmp_path, "vis.txt", "a.ms\nb.ms")
    assert lists.rows([("vis", "@vis.txt")], tmp_path) == [{"vis": "a.ms"}, {"vis": "b.ms"}]
    assert lists.named([("vis", "@/elsewhere/vis.txt")], tmp_path) == {"vis": Path("/elsewhere/vis.txt")}


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([None], "The list {0} cannot be used: No such file or directory."),
        ([""], "The list {0} cannot be used: there is no value in it; each line is one, and # begins a comment."),
        (["\n# a.ms\n"], "there is no value in it"),
        (["a\nb\nc", "1\n2\n"], "The list {1} cannot be used: it has 2 values, but {0} has 3, and each goes with"),
        (["a\nb\na"], "its values 1 and 3 would make the same job twice, at the same time (p0=a)"),
        (["\n".join(map(str, range(501)))], "it has 501 values, and an array has at most 500; make several of it"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_of(texts: list[str | None], sentence: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(len(texts))]
    for path, text in zip(paths, texts):
        if text is not None:
            path.write_text(text)
    with pytest.raises(ListUnusable, match=re.escape(sentence.format(*paths))):
        lists.rows([(f"p{number}", f"@{path}") for number, path in enumerate(paths)])


def test_a_list_that_is_no_text_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.ms").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ListUnusable, match="it is not text in UTF-8"):
        lists.rows([("vis", f"@{tmp_path / 'a.ms'}")])
    with pytest.raises(ListUnusable, match="Is a directory"):
        lists.rows([("vis", f"@{tmp_path}")])
