"""What a file of outlier fields says, and which images of a cleaning are there."""

from __future__ import annotations

import os
from typing import Dict, Iterable, List

# What tclean goes on with if it is there; of mtmfs, ``.tt0`` follows.
KINDS = ("psf", "residual", "model", "mask")


def fields(text: str) -> Dict[str, Dict[str, str]]:
    """Return what a file of outlier fields sets for each: by the path of its images, as texts.

    Args:
        text: the file's content, in tclean's format: a line ``imagename=...`` begins a field.
    """
    found: Dict[str, Dict[str, str]] = {}
    settings: Dict[str, str] = {}
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if not sign or line.startswith("#"):
            continue
        # CASA takes blanks behind the sign for a part of the image's name (casatasks 6.7.0).
        if name.strip() == "imagename":
            settings = found.setdefault(os.path.normpath(value), {})
        else:
            settings[name.strip()] = value.strip()
    return found


def there(images: Iterable[str]) -> List[str]:
    """Return those images that exist of what tclean goes on with.

    Args:
        images: the names of image fields, as parameters have them.
    """
    names = [f"{image}.{kind}{term}" for image in images for kind in KINDS for term in ("", ".tt0")]
    return [each for each in names if os.path.exists(each)]
