"""Training pictures that travel in a bundle."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import save_file

from bundles.tiny import CLASSES, PREPROCESSING, tiny_bundle, tiny_candidate, tiny_samples
from rushes.bundles.bundle import GRAPH_FILE, open_bundle
from rushes.bundles.graph import Graph
from rushes.bundles.neighbours import PICTURES_FILE, Neighbours, read_neighbours
from rushes.bundles.onnx import build_bundle
from rushes.bundles.sealed import seal_folder
from rushes.errors import BundleError
from rushes.learning.known_samples import KnownSample, find_nearest, know_samples
from rushes.models.designs import Design
from rushes.models.network import build_network


def known_of(features):
    samples = [KnownSample(f"frame-{at}", CLASSES[at % 3], f"film-{at}", "00:00:01:00", f"frames/{at}.webp")
               for at in range(len(features))]  # fmt: skip
    return know_samples(samples, features)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle of a small network with three training pictures in it."""
    import torch

    folder = tmp_path_factory.mktemp("bundles") / "colours"
    torch.manual_seed(11)  # of some random weights two pictures come out alike
    network = build_network(
        Design(units=(3, 4), kernels=(3, 2), dense=5, width=20, height=12, color="rgb"), CLASSES, PREPROCESSING
    ).eval()
    weights = folder.parent / "colours.safetensors"
    save_file(network.state_dict(), weights)
    pixels = tiny_samples().pixels

    with torch.inference_mode():
        features = network.features(torch.from_numpy(pixels)).numpy()
    neighbours = Neighbours(known_of(features), tuple(bytes([at]) * at for at in range(len(features))))
    bundle = build_bundle(folder, tiny_candidate(), network=network, weights=weights, samples=tiny_samples(),
                          neighbours=neighbours)  # fmt: skip
    return bundle, pixels, features, neighbours


def test_the_graph_gives_the_features_of_the_network(made):
    bundle, pixels, features, _ = made
    graph = Graph(bundle.read(GRAPH_FILE))
    assert graph.gives_features
    np.testing.assert_allclose(graph.features(pixels), features, atol=1e-4)
    np.testing.assert_allclose(graph.features(pixels[:1]), features[:1], atol=1e-4)


def test_neighbours_travel_with_their_names_and_pictures(made):
    bundle, pixels, _, wanted = made
    found = read_neighbours(open_bundle(bundle.folder))
    assert found.pictures == wanted.pictures
    assert [one.name for one in found.known.samples] == [one.name for one in wanted.known.samples]
    assert found.known.samples[1].image == ""
    np.testing.assert_allclose(found.known.placed, wanted.known.placed, atol=1e-3)
    graph = Graph(bundle.read(GRAPH_FILE))
    assert find_nearest(found.known, graph.features(pixels), 1).rows[:, 0].tolist() == list(range(len(pixels)))
    card = (bundle.folder / "README.md").read_text()
    assert "copies of 9 pictures of the training footage" in card
    assert "--no-neighbours" in card


def test_a_bundle_without_them_says_so_and_goes_on(tmp_path):
    bundle = tiny_bundle(tmp_path / "plain")
    assert read_neighbours(bundle) is None
    graph = Graph(bundle.read(GRAPH_FILE))
    assert not graph.gives_features
    with pytest.raises(BundleError, match="exported by an older rushes"):
        graph.features(tiny_samples().pixels)
    assert "neighbours/" not in (bundle.folder / "README.md").read_text()


def test_pictures_that_are_not_of_the_names_are_refused(made, tmp_path):
    bundle, *_ = made
    import io
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(bundle.folder, folder)
    packed = io.BytesIO()
    np.savez(packed, data=np.zeros(3, np.uint8), ends=np.array([3]))
    (folder / PICTURES_FILE).write_bytes(packed.getvalue())
    with pytest.raises(BundleError, match="was altered"):
        open_bundle(folder)
    seal_folder(folder, schema="bundle/1", name="copy", run={}, task="colour")
    with pytest.raises(BundleError, match="does not hold 9 pictures"):
        read_neighbours(open_bundle(folder))
