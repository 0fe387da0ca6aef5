from __future__ import annotations

from pathlib import Path

from casa_desktop.handwork import outliers


def test_a_file_of_outlier_fields_is_read_as_tclean_reads_it() -> None:
    text = (
        "# imagename=none\nimagename =./out\nnterms = 3\n\nimsize=[40,30]\nimagename= b/more\nusemask=user\nno value\n"
    )
    assert outliers.fields(text) == {"out": {"nterms": "3", "imsize": "[40,30]"}, " b/more": {"usemask": "user"}}
    assert outliers.fields("") == {}


def test_images_that_tclean_would_go_on_with_are_found(tmp_path: Path) -> None:
    for name in ("a.residual.tt0", "a.model", "a.image", "b.psf", "c.psf"):
        (tmp_path / name).mkdir()
    found = outliers.there([str(tmp_path / "a"), str(tmp_path / "b")])
    assert [Path(each).name for each in found] == ["a.residual.tt0", "a.model", "b.psf"]
