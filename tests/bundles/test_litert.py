"""A LiteRT graph in a bundle: converted elsewhere, certified here, run as any runtime."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bundles.tiny import PREPROCESSING, tiny_candidate, tiny_network, tiny_samples
from bundles.tiny_litert import tiny_litert
from rushes.bundles.bundle import LITERT_FILE, Bundle, open_bundle
from rushes.bundles.certificates import read_certificates
from rushes.bundles.certified import Trial
from rushes.bundles.graph import Graph
from rushes.bundles.litert import Converted, MissingConverterError, convert_run, find_converter
from rushes.bundles.litert_writing import MODULE, main
from rushes.bundles.onnx import build_bundle, generate_pictures
from rushes.bundles.runtimes import NOT_CONVERTED, RUNTIMES, check_runtimes
from rushes.errors import BundleError, RushesError, is_installed
from rushes.inference.predictor import Predictor

MADE = {"by": "hand", "torch": "none", "batch": 1}
needs_interpreter = pytest.mark.skipif(not is_installed("ai_edge_litert"), reason="ai-edge-litert is not installed")


def converted_bundle(folder: Path, graph: bytes) -> Bundle:
    """Build the bundle of the tiny network, with what is said to be its LiteRT graph."""
    from safetensors.torch import save_file

    def never() -> None:
        raise AssertionError("validation is read for a runtime that is exact")

    network, weights = tiny_network(), folder.parent / "weights.safetensors"
    save_file(network.state_dict(), weights)
    # No runtime is a thousand times as fast, so that none is judged on validation.
    trial = Trial(never, least_gain=1000, litert=lambda: Converted(graph, MADE))
    return build_bundle(
        folder, tiny_candidate(), network=network, weights=weights, samples=tiny_samples(), trial=trial
    )  # fmt: skip


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return converted_bundle(tmp_path_factory.mktemp("bundles") / "converted", tiny_litert())


def state_of(bundle: Bundle) -> str:
    return next(one.state for one in check_runtimes(bundle) if one.runtime.name == "litert")


@needs_interpreter
def test_a_graph_that_computes_the_same_travels_with_its_certificate(converted: Bundle) -> None:
    certificate = read_certificates(converted)["litert"]
    assert certificate.holds, certificate.reason
    assert (certificate.pictures, certificate.disagreements) == (9, 0)
    assert certificate.largest_difference < 1e-5
    assert certificate.made == MADE
    assert LITERT_FILE in converted.files
    card = converted.read("README.md").decode()
    assert "| `litert` | yes |" in card
    assert "`model.tflite` takes 1 picture at a time" in card
    assert state_of(converted) == "holds"


@needs_interpreter
def test_it_answers_as_the_default_does_from_several_threads_at_once(converted: Bundle) -> None:
    pictures = generate_pictures(PREPROCESSING, 12)
    predictor = Predictor(converted, threads=1, runtime="litert")
    assert predictor.runtime == "litert"
    wanted = Predictor(converted, threads=1).probabilities(pictures)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(predictor.probabilities, [pictures] * 8):
            np.testing.assert_allclose(found, wanted, atol=1e-5)


@needs_interpreter
def test_a_graph_that_computes_otherwise_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"LiteRT graph does not compute what the network does: on 9 stored samples"):
        converted_bundle(tmp_path / "other", tiny_litert(scale=3 / 255))
    assert not (tmp_path / "other").exists()


@needs_interpreter
@pytest.mark.parametrize("bytes_of_it", [b"", b"not a graph", bytes(400)])
def test_bytes_that_are_no_graph_are_one_clear_error(tmp_path: Path, bytes_of_it: bytes) -> None:
    with pytest.raises(BundleError, match="cannot be run by LiteRT"):
        converted_bundle(tmp_path / "bad", bytes_of_it)
    assert not (tmp_path / "bad").exists()


@needs_interpreter
def test_it_is_covered_by_the_digests(tmp_path: Path) -> None:
    bundle = converted_bundle(tmp_path / "whole", tiny_litert())
    data = bytearray((bundle.folder / LITERT_FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle.folder / LITERT_FILE).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=r"model\.tflite was altered since the export"):
        open_bundle(bundle.folder)
    with pytest.raises(BundleError, match=r"model\.tflite was altered"):
        Predictor(bundle, runtime="litert")


def test_a_bundle_without_one_says_how_to_get_it(colours: Path) -> None:
    bundle = open_bundle(colours)
    assert state_of(bundle) == "refused"
    with pytest.raises(BundleError, match="the runtime litert cannot be taken: no LiteRT graph was asked for"):
        Predictor(bundle, runtime="litert")
    assert "rushes export RUN --litert" in NOT_CONVERTED


@pytest.mark.skipif(is_installed(MODULE), reason="the converter is installed here")
def test_without_the_converter_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(MissingConverterError) as raised:
        find_converter(venv=tmp_path / "none")
    for words in ("make litert", "pip install 'rushes[train,litert,litert-export]'", "--litert-python"):
        assert words in str(raised.value)


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"--litert-python .*python is not a Python"):
        find_converter(tmp_path / "python")


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_what_the_converter_says_last_is_the_reason(tmp_path: Path) -> None:
    failing = program(tmp_path / "python", "echo loading >&2; echo 'no lowering for aten.sort' >&2; exit 1")
    assert find_converter(failing) == failing
    with pytest.raises(BundleError, match=r"cannot be converted to LiteRT by .*: no lowering for aten\.sort\. Nothing"):
        convert_run(tmp_path, failing)


def test_a_converter_that_writes_nothing_has_failed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="it ended with status 0"):
        convert_run(tmp_path, program(tmp_path / "python", "echo '{}'"))


def test_the_graph_and_what_made_it_come_from_the_converter(tmp_path: Path) -> None:
    made = json.dumps(MADE)
    found = convert_run(tmp_path, program(tmp_path / "python", f"echo chatter; printf graph > \"$4\"; echo '{made}'"))
    assert found == Converted(b"graph", MADE)


def test_another_rushes_beside_the_converter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RushesError, match=r"rushes 0\.0\.0 exports\. Install the same version there"):
        main(str(tmp_path), str(tmp_path / "model.tflite"), "0.0.0")


@needs_interpreter
@pytest.mark.longer
def test_a_run_is_really_converted(tmp_path: Path) -> None:
    import torch

    from bundles.test_export_run import make_run
    from rushes.datasets.preprocessing import Preprocessing
    from rushes.models.designs import Design
    from rushes.models.network import load_network

    try:
        python = find_converter()
    except MissingConverterError:
        pytest.skip("the converter's environment is not set up; 'make litert' makes it")
    # Three convolutions of one shape: the converter takes one for the other where their numbers stand out of order.
    design = Design(units=(8, 8, 8, 8), kernels=(3, 3, 3, 3), dense=4, width=64, height=64, color="rgb")
    shown = Preprocessing(64, 64)
    run = make_run(tmp_path, architecture=design, preprocessing=shown)
    found = convert_run(run.folder, python)
    assert found.made["batch"] == 1
    for trace in (b"site-packages", b"/tmp", str(Path.home()).encode() + b"/"):
        assert trace not in found.graph, trace
    graph = Graph(found.graph, threads=1, engine=RUNTIMES["litert"].engine)
    pixels = np.stack(generate_pictures(shown, 5))
    with torch.inference_mode():
        wanted = torch.softmax(load_network(run.folder)(torch.from_numpy(pixels)), 1).numpy()
    np.testing.assert_allclose(graph(pixels), wanted, atol=1e-5)
    assert graph.gives_features
    assert graph.features(pixels).shape == (5, 4)
