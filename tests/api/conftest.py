"""A server that answers the colour a picture has most of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.serving import Served, serving


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundle; not to be written to."""
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder


@pytest.fixture(scope="session")
def served(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that leave it as it is; it has two bundles."""
    other = Path(shutil.copytree(colours, tmp_path_factory.mktemp("bundles") / "colours-again"))
    with serving([colours, other], tmp_path_factory.mktemp("spool")) as found:
        yield found
