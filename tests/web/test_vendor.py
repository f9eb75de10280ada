"""The libraries of the page are what their publishers published."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "src" / "rushes" / "web" / "page" / "vendor"
PACKAGES: list[dict[str, Any]] = json.loads((VENDOR / "VENDOR.json").read_text(encoding="utf-8"))["packages"]
FILES = [(package["name"], file) for package in PACKAGES for file in package["files"]]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("package", "file"), FILES, ids=[file["name"] for _, file in FILES])
def test_a_vendored_file_has_the_digest_that_is_written_down(package: str, file: dict[str, Any]) -> None:
    data = (VENDOR / file["name"]).read_bytes()
    assert digest(data) == file["sha256"]
    if "rewritten" in file:
        change = file["rewritten"]
        assert data.count(change["to"].encode()) == 1
        before = data.replace(change["to"].encode(), change["from"].encode())
        assert digest(before) == change["sha256_before"], "that import is all that was changed"


def test_every_file_of_the_folder_is_written_down_with_its_licence() -> None:
    listed = {file["name"] for _, file in FILES} | {"VENDOR.json"}
    assert {path.name for path in VENDOR.iterdir()} == listed
    for package in PACKAGES:
        assert package["licence"] in {"MIT", "Apache-2.0"}
        assert package["licence_file"] in listed
        assert package["integrity"].startswith("sha512-")


def test_no_module_of_the_page_is_imported_from_elsewhere() -> None:
    for path in VENDOR.parent.rglob("*js"):
        for line in path.read_text(encoding="utf-8").replace(";", "\n").splitlines():
            if (
                line.lstrip().startswith(("import ", "import{", "export {", "export{"))
                and '"' in line
                and "from" in line
            ):
                source = line.split("from")[-1].strip().split('"')[1]
                assert source.startswith(("./", "../")), f"{path.name}: {line[:80]}"
