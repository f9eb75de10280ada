"""A bundle built once, and copies of it to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that answers the colour a picture has most of; not to be written to."""
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder


@pytest.fixture
def copied(colours: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to damage."""
    return Path(shutil.copytree(colours, tmp_path / "copied"))
