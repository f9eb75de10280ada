"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real footage; a test that asks for it skips where it is not at hand."""
    folder = Path(os.environ.get("RUSHES_MEDIA", _ROOT.parent / "shared" / "media"))
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip(f"no real footage in {folder}; name its folder in RUSHES_MEDIA")
    return folder
