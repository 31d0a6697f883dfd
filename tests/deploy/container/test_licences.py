"""docs/licences.md names each package that the image carries, by the licence that the package itself declares."""

import importlib.metadata
import re

from backend_api.base.process import REPOSITORY

# One spelling for what packages write in several ways.
SAME = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
}


def declared(package: str) -> str:
    """What the package's metadata say: the expression, else the words, else the classifier."""
    metadata = importlib.metadata.metadata(package).json
    words = str(metadata.get("license", "")).splitlines()
    classified = [text for text in metadata.get("classifier", []) if text.startswith("License ::")]
    found = str(metadata.get("license_expression", "")) or (words[0] if words else "")
    if not found or found.startswith("Copyright"):
        found = classified[0].split(" :: ")[-1]
    return SAME.get(found, found)


def test_every_package_stands_there_with_what_it_declares() -> None:
    locks = [(REPOSITORY / name).read_text() for name in ("requirements.lock", "requirements-chain.lock")]
    carried = {found for lock in locks for found in re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, re.M)}
    table = (REPOSITORY / "docs" / "licences.md").read_text().split("| --- | --- |\n")[1].split("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()]
    listed = {package: licence for licence, packages in rows for package in packages.split(", ")}
    assert listed == {package: declared(package) for package in carried}
