"""Exporting a network: equal to torch, for any number of pictures, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundles.tiny import CLASSES, PREPROCESSING, tiny_bundle, tiny_candidate, tiny_network, tiny_samples
from rushes.bundles.bundle import open_bundle
from rushes.bundles.graph import Graph
from rushes.bundles.onnx import build_bundle, export_graph, generate_pictures, spread_rows
from rushes.errors import BundleError
from rushes.learning.predictions import Predictions

torch = pytest.importorskip("torch")


def table_of(truth: list[int]) -> Predictions:
    count = len(truth)
    text = tuple(str(index) for index in range(count))
    return Predictions(CLASSES, np.array(truth, np.int64), np.zeros((count, 3), np.float32), *([text] * 6))


def write_weights(folder: Path) -> Path:
    from safetensors.torch import save_file

    save_file(tiny_network().state_dict(), folder / "weights.safetensors")
    return folder / "weights.safetensors"


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_graph_answers_any_number_of_pictures_as_torch_does(colours: Path, count: int) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, 12, 20, 3), np.uint8)
    found = Graph(open_bundle(colours).read("model.onnx"))(pixels)
    expected = torch.softmax(tiny_network()(torch.from_numpy(pixels)), 1).detach().numpy()
    assert found.shape == (count, 3)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_graph_says_nothing_of_the_machine_it_was_made_on(colours: Path) -> None:
    model = open_bundle(colours).read("model.onnx")
    for trace in (b".py", b"site-packages", b"stack_trace", str(Path.home()).encode() + b"/", b"/tmp"):
        assert trace not in model, trace


def test_two_exports_of_one_network_are_the_same_bytes() -> None:
    assert export_graph(tiny_network(), PREPROCESSING) == export_graph(tiny_network(), PREPROCESSING)


def test_the_certificate_states_what_was_compared(colours: Path) -> None:
    expected = json.loads((colours / "parity/expected.json").read_text())
    assert len(expected["samples"]) == len(expected["probabilities"]) == 9
    assert expected["certificate"]["pictures"] == 9
    assert expected["certificate"]["batch_sizes"] == [1, 9]
    assert expected["certificate"]["largest_difference"] <= 1e-4


def test_a_network_that_answers_otherwise_on_each_call_leaves_nothing_behind(tmp_path: Path) -> None:
    class Moody(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calm = tiny_network()

        def forward(self, pixels):
            logits = self.calm(pixels)
            return logits if torch.compiler.is_exporting() else logits.flip(1)

    where = tmp_path / "bundles" / "moody"
    with pytest.raises(BundleError, match="does not compute what the network does: with 9 at a time"):
        build_bundle(where, tiny_candidate(), network=Moody(), weights=write_weights(tmp_path), samples=tiny_samples())
    assert list(where.parent.iterdir()) == []


def test_a_network_whose_answer_hangs_on_its_neighbours_is_refused(tmp_path: Path) -> None:
    class Crowd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calm = tiny_network()

        def forward(self, pixels):
            logits = self.calm(pixels)
            return logits - logits.mean(0, keepdim=True)

    where = tmp_path / "bundles" / "crowd"
    with pytest.raises(BundleError, match="with 1 at a time"):
        build_bundle(where, tiny_candidate(), network=Crowd(), weights=write_weights(tmp_path), samples=tiny_samples())
    assert list(where.parent.iterdir()) == []


def test_a_network_that_the_run_did_not_record_is_refused(tmp_path: Path) -> None:
    samples = replace(tiny_samples(), recorded=np.tile(np.float32([1, 0, 0]), (9, 1)))
    with pytest.raises(BundleError, match="does not answer as the run recorded"):
        build_bundle(
            tmp_path / "b", tiny_candidate(), network=tiny_network(), weights=write_weights(tmp_path), samples=samples
        )
    assert not (tmp_path / "b").exists()


def test_a_bundle_is_never_overwritten(tmp_path: Path) -> None:
    first = tiny_bundle(tmp_path / "b")
    with pytest.raises(BundleError, match="is there already, and a bundle is never overwritten"):
        tiny_bundle(tmp_path / "b")
    assert open_bundle(tmp_path / "b") == first


def test_a_network_that_cannot_be_exported_is_one_clear_error() -> None:
    class Branching(torch.nn.Module):
        def forward(self, pixels):
            scaled = pixels.float().mean((1, 2))
            return scaled if scaled.sum().item() > 1 else -scaled

    with pytest.raises(BundleError, match="cannot be exported to ONNX"):
        export_graph(Branching(), PREPROCESSING)


def test_the_samples_are_spread_over_classes_and_over_the_table() -> None:
    rows = spread_rows(table_of([0] * 100 + [1] * 10 + [2] * 2), 12)
    truth = [0] * 100 + [1] * 10 + [2] * 2
    assert [sum(truth[row] == index for row in rows) for index in range(3)] == [4, 4, 2]
    assert {0, 99, 100, 109, 110, 111} <= set(rows)
    assert [truth[row] for row in rows[:3]] == [0, 1, 2]


def test_no_rows_give_no_samples() -> None:
    assert spread_rows(table_of([]), 8) == []


def test_generated_pictures_are_the_same_each_time_and_fit_the_model() -> None:
    once, again = generate_pictures(PREPROCESSING, 9), generate_pictures(PREPROCESSING, 9)
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert {picture.shape for picture in once} == {(12, 20, 3)}
