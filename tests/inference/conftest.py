"""A predictor that answers the colour a picture has most of."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushes.bundles.bundle import open_bundle
from rushes.inference.predictor import Predictor


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundle; not to be written to."""
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder


@pytest.fixture(scope="session")
def predictor(colours: Path) -> Predictor:
    return Predictor(open_bundle(colours), threads=1)
