from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from casa_desktop.batch.saving import Output

from ...support.shortage import small_disk


def _notebook(text: str) -> Any:
    cell = v4.new_code_cell("1", outputs=[v4.new_output("stream", text=text)])
    return v4.new_notebook(cells=[cell])


def _text(path: Path) -> str:
    return str(nbformat.read(path, as_version=4).cells[0].outputs[0].text)


def test_on_a_full_disk_the_former_notebook_stays_and_the_new_one_goes_elsewhere(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        output = Output(_notebook("first"), disk.path / "a.out.ipynb")
        assert output.save()
        disk.fill()
        output.notebook = _notebook("second " * 20_000)
        assert not output.save()
        assert output.trouble.startswith(f"No room is left on the disk that holds {output.path}.")
        assert _text(output.path) == "first"
        assert sorted(each.name for each in disk.path.iterdir()) == ["a.out.ipynb", "filler"]
        with pytest.raises(OSError, match="No space left"):
            output.save_elsewhere(disk.path)
        path = output.save_elsewhere(tmp_path)
        assert (path.name, path.parent.stat().st_mode & 0o777) == ("a.out.ipynb", 0o700)
        assert _text(path) == "second " * 20_000
        disk.make_room()
        assert output.save()
        assert not output.trouble
        assert _text(output.path) == _text(path)


def test_a_name_may_be_as_long_as_the_disk_allows_and_a_text_may_hold_what_is_no_character(tmp_path: Path) -> None:
    output = Output(_notebook("\udc80 x"), tmp_path / f"{'x' * 249}.ipynb")
    assert output.save()
    assert _text(output.path) == "? x"
    assert [each.name for each in tmp_path.iterdir()] == [output.path.name]


def test_a_link_in_the_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    output = Output(_notebook("new"), tmp_path / "a.ipynb")
    (tmp_path / "other").write_text("other's")
    output._partial.symlink_to(tmp_path / "other")
    assert output.save()
    assert (tmp_path / "other").read_text() == "other's"
    assert _text(output.path) == "new"
