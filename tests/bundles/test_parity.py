"""Comparing probabilities, and a bundle that checks itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rushes.bundles.bundle import open_bundle, seal_bundle
from rushes.bundles.graph import Graph
from rushes.bundles.parity import check_parity, compare
from rushes.errors import BundleError


def rows(*values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, np.float32)


def test_equal_tables_hold() -> None:
    parity = compare(rows((0.2, 0.8)), rows((0.2, 0.8)))
    assert (parity.holds, parity.largest_difference, parity.disagreements) == (True, 0.0, 0)


def test_a_difference_above_the_tolerance_does_not_hold() -> None:
    assert not compare(rows((0.2, 0.8)), rows((0.2002, 0.7998))).holds
    assert compare(rows((0.2, 0.8)), rows((0.20005, 0.79995))).holds


def test_a_tie_may_fall_either_way() -> None:
    assert compare(rows((0.50001, 0.49999)), rows((0.49999, 0.50001))).holds


def test_another_answer_is_a_disagreement() -> None:
    assert compare(rows((0.6, 0.4)), rows((0.4, 0.6)), tolerance=0.09).disagreements == 1


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_not_a_number_never_holds(broken: float) -> None:
    assert not compare(rows((0.2, 0.8)), rows((broken, 0.8))).holds
    assert not compare(rows((broken, 0.8)), rows((broken, 0.8))).holds


def test_tables_of_two_shapes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="one shape"):
        compare(rows((0.2, 0.8)), rows((0.2, 0.4, 0.4)))


def test_a_bundle_checks_itself(colours: Path) -> None:
    parity = check_parity(open_bundle(colours))
    assert parity.holds
    assert parity.pictures == 9


def test_a_bundle_that_computes_otherwise_here_says_by_how_much(copied: Path) -> None:
    file = copied / "parity" / "expected.json"
    expected = json.loads(file.read_text())
    expected["probabilities"] = [list(reversed(row)) for row in expected["probabilities"]]
    file.write_text(json.dumps(expected))
    bundle = seal_bundle(copied, name="x", task="colour", run={})
    with pytest.raises(BundleError, match="does not compute what it was certified to"):
        check_parity(bundle)


def test_samples_that_were_pickled_are_refused(copied: Path) -> None:
    np.savez(copied / "parity" / "samples.npz", pixels=np.array([{"a": 1}], object))
    bundle = seal_bundle(copied, name="x", task="colour", run={})
    with pytest.raises(BundleError, match="parity samples cannot be read"):
        check_parity(bundle)


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_samples_of_nonsense_are_one_clear_error(copied: Path, data: bytes) -> None:
    (copied / "parity" / "samples.npz").write_bytes(data)
    bundle = seal_bundle(copied, name="x", task="colour", run={})
    with pytest.raises(BundleError, match="parity samples cannot be read"):
        check_parity(bundle)


def test_a_graph_of_nonsense_is_one_clear_error() -> None:
    with pytest.raises(BundleError, match="cannot be run by ONNX Runtime"):
        Graph(b"no graph")


def test_pictures_of_another_size_are_a_bug_of_the_caller(colours: Path) -> None:
    graph = Graph(open_bundle(colours).read("model.onnx"))
    with pytest.raises(ValueError, match="the graph takes uint8"):
        graph(np.zeros((1, 5, 5, 3), np.uint8))
    with pytest.raises(ValueError, match="the graph takes uint8"):
        graph(np.zeros((1, 12, 20, 3), np.float32))
