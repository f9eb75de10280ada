"""Where in pictures a run found its answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.planted import as_run, taught, with_square
from rushes.errors import RunError, UsageError
from rushes.learning.explain_pictures import explain_pictures, features_of, look_inside


def test_a_run_tells_what_it_answered_and_where_it_saw_that(tmp_path: Path) -> None:
    pixels = with_square(3)[0].numpy()
    found = explain_pictures(as_run(tmp_path / "run", "separable"), pixels)
    assert found.class_indices.tolist() == [1, 1, 1]
    with torch.no_grad():
        expected = torch.softmax(taught("separable")(torch.from_numpy(pixels)), 1).numpy()
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    assert found.heat.shape == (3, 8, 8)
    assert found.heat.dtype == np.float32
    assert found.spoke.all()
    assert (found.method, found.layer, found.class_free) == ("grad-cam", "3", False)
    assert found.about.endswith(".")
    assert "2017" in found.source
    other = explain_pictures(tmp_path / "run", pixels, class_indices=[0, 0, 0], method="hires-cam", layer="2")
    assert (other.method, other.layer) == ("hires-cam", "2")
    assert not np.allclose(other.heat, found.heat)


def test_pictures_that_must_not_be_written_to_or_are_turned_are_explained_as_others(tmp_path: Path) -> None:
    run, pixels = as_run(tmp_path / "run", "plain"), with_square(2)[0].numpy()
    turned = np.ascontiguousarray(pixels[:, :, ::-1])[:, :, ::-1]
    turned.flags.writeable = False
    np.testing.assert_allclose(explain_pictures(run, turned).heat, explain_pictures(run, pixels).heat, atol=1e-5)
    np.testing.assert_allclose(features_of(run, turned), features_of(run, pixels), atol=1e-5)


def test_a_class_that_the_run_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no class 2: the run has 2, counted from 0"):
        explain_pictures(as_run(tmp_path / "run", "separable"), with_square(1)[0].numpy(), class_indices=[2])


def test_a_run_is_looked_into_layer_by_layer(tmp_path: Path) -> None:
    pixels = with_square(2)[0].numpy()
    run = as_run(tmp_path / "run", "vit")
    last, first = look_inside(run, pixels, strongest=4), look_inside(run, pixels, layer="patch_embed", strongest=4)
    assert last.layer.name == "blocks.1.norm1"
    assert last.maps.shape == (2, 4, 8, 8)
    assert last.channels.shape == (2, 4)
    assert first.layer in first.layers
    assert first.filters is not None
    assert first.filters.shape == (32, 4, 4, 3)
    assert first.filter_layer == "patch_embed.proj"


def test_features_are_what_the_head_is_given(tmp_path: Path) -> None:
    pixels = with_square(40)[0].numpy()  # more than go through at a time
    found = features_of(as_run(tmp_path / "run", "separable"), pixels)
    assert found.shape == (40, 16)
    with torch.no_grad():
        logits = taught("separable").head(torch.from_numpy(found))
        torch.testing.assert_close(logits, taught("separable")(torch.from_numpy(pixels)), atol=1e-4, rtol=1e-4)


def test_a_folder_without_a_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no network that can be loaded"):
        explain_pictures(tmp_path, with_square(1)[0].numpy())
