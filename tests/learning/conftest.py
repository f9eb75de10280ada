from __future__ import annotations

from pathlib import Path

import pytest

from learning.tiny import TinyProject, make_project


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny backbone that was never trained: it sees something, if not much."""
    import timm
    import torch

    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(timm.create_model("test_efficientnet").state_dict(), path)
    return path
