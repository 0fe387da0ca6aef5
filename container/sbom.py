"""Write the inventory of an image as an SBOM in CycloneDX's JSON: ``sbom.py inventory.json``.

Names are package URLs, by which scanners look up what is known against a version: https://github.com/package-url.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL


def components(inventory: Dict[str, Any]) -> Iterator[Component]:
    """Return a component for each distribution and each package."""
    for one in inventory["distributions"]:
        purl = PackageURL("pypi", name=one["name"].lower().replace("_", "-"), version=one["version"])
        licences = [DisjunctiveLicense(name=one["licence"])] if one["licence"] else None
        yield component(one["name"], one["version"], purl, licences)
    release = inventory["system"]
    for one in inventory["packages"]:
        qualifiers = {"arch": one["architecture"], "distro": f"{release['ID']}-{release['VERSION_ID']}"}
        purl = PackageURL("deb", release["ID"], one["name"], one["version"], qualifiers)
        yield component(one["name"], one["version"], purl, None)


def component(name: str, version: str, purl: PackageURL, licences: Any) -> Component:
    """Return a library; its package URL serves as its reference within the document."""
    return Component(
        type=ComponentType.LIBRARY, name=name, version=version, purl=purl, bom_ref=str(purl), licenses=licences
    )


def bill(inventory: Dict[str, Any]) -> Bom:
    """Return the document."""
    versions = {one["name"]: one["version"] for one in inventory["distributions"]}
    bom = Bom(components=components(inventory))
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER, name="casa-desktop-image", version=versions["casa-desktop"], bom_ref="image"
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    return bom


if __name__ == "__main__":
    document = bill(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print(JsonV1Dot6(document).output_as_string(indent=1))
