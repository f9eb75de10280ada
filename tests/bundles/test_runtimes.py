"""The runtimes of a bundle: judged at export, checked where they run, taken by name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bundles.tiny import CLASSES, PREPROCESSING, tiny_bundle, tiny_candidate, tiny_network, tiny_samples
from rushes.bundles.bundle import INT8_FILE, RUNTIMES_FILE, Bundle, open_bundle, seal_bundle
from rushes.bundles.certificates import read_certificates
from rushes.bundles.certified import RangePictures, Trial
from rushes.bundles.graph import Graph
from rushes.bundles.onnx import build_bundle, export_graph
from rushes.bundles.quantised import METHODS, quantise
from rushes.bundles.runtimes import RUNTIMES, check_runtimes, choose_runtime
from rushes.bundles.weighed import HeldOut, measure_gains, weigh_answers
from rushes.cli.main import main
from rushes.errors import BundleError, is_installed
from rushes.footage.picture import encode_picture
from rushes.inference.predictor import Predictor
from rushes.learning.predictions import Predictions

needs_openvino = pytest.mark.skipif(not is_installed("openvino"), reason="openvino is not installed")


def colour_pictures(count: int, *, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures that are mostly red, green or blue, and which."""
    random = np.random.default_rng(seed)
    truth = np.arange(count) % 3
    pixels = random.integers(0, 120, (count, PREPROCESSING.height, PREPROCESSING.width, 3), np.uint8)
    pixels[np.arange(count), :, :, truth] += 100
    return pixels, truth


def labelled(truth: np.ndarray, groups: int = 6) -> Predictions:
    count = len(truth)
    text = tuple(str(row) for row in range(count))
    of_group = tuple(f"film-{row % groups}" for row in range(count))
    nothing = np.zeros((count, 3), np.float32)
    return Predictions(CLASSES, truth.astype(np.int64), nothing, text, of_group, text, text, text, text)


def held_out(count: int = 90) -> HeldOut:
    pixels, truth = colour_pictures(count)
    return HeldOut(pixels, None, labelled(truth), of=count)


def layered_network():
    """Answer as the tiny network does, by way of layers that can be quantised."""
    import torch

    class Layered(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 3, 1)
            )
            with torch.no_grad():
                for layer in (self.layers[0], self.layers[2]):
                    layer.weight.zero_()
                    layer.bias.zero_()
                for colour in range(3):
                    self.layers[0].weight[colour, colour, 1, 1] = 8
                    self.layers[2].weight[colour, colour, 0, 0] = 2

        def forward(self, pixels):
            return self.layers(pixels.permute(0, 3, 1, 2).to(torch.float32) / 255).mean((2, 3))

    return Layered().eval()


def judged_bundle(folder: Path, trial: Trial, network=None) -> Bundle:
    from safetensors.torch import save_file

    network = network or layered_network()
    weights = folder.parent / f"{folder.name}.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), weights)
    pixels, _ = colour_pictures(12, seed=8)
    samples = replace(tiny_samples(12), pixels=pixels)
    return build_bundle(folder, tiny_candidate(), network=network, weights=weights, samples=samples, trial=trial)


def ranges() -> RangePictures:
    return RangePictures(colour_pictures(24, seed=2)[0], None)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose 8-bit graph was kept whatever its speed."""
    folder = tmp_path_factory.mktemp("bundles") / "judged"
    return judged_bundle(folder, Trial(held_out, ranges, least_gain=0)).folder


@pytest.fixture
def judged_copy(judged: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(judged, tmp_path / "copy"))


def state_of(bundle: Bundle) -> dict[str, str]:
    return {one.runtime.name: one.state for one in check_runtimes(bundle)}


def test_an_eight_bit_graph_that_answers_as_well_is_kept_with_what_it_costs(judged: Path) -> None:
    bundle = open_bundle(judged)
    certificate = read_certificates(bundle)["int8"]
    assert certificate.holds, certificate.reason
    assert certificate.made is not None
    assert certificate.made["part"] == "train"
    assert certificate.validation is not None
    assert certificate.validation["pictures"] == 90
    assert certificate.validation["agreement"] == 1
    assert set(certificate.gains or {}) == {"1", "12"}
    assert INT8_FILE in bundle.files
    assert "| `int8` | yes |" in bundle.read("README.md").decode()


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_head_is_made_in_eight_bit_integers_in_each_way(method: str) -> None:
    pixels = colour_pictures(24)[0]
    model = export_graph(tiny_network(), PREPROCESSING)
    made = Graph(quantise(model, method, pixels=pixels, measures=None))
    assert np.abs(made(pixels, None) - Graph(model)(pixels, None)).max() < 0.1


def test_what_cannot_be_quantised_is_refused_without_the_quantisers_words() -> None:
    with pytest.raises(BundleError, match=r"^this network cannot be made in 8-bit integers so$"):
        quantise(b"no graph", "dynamic", pixels=colour_pictures(3)[0], measures=None)


def test_an_eight_bit_graph_says_nothing_of_the_machine(judged: Path) -> None:
    model = (judged / INT8_FILE).read_bytes()
    for trace in (b"site-packages", b"stack_trace", b"/tmp", str(Path.home()).encode() + b"/"):
        assert trace not in model, trace


def test_an_eight_bit_graph_that_is_no_faster_is_refused_with_its_figures(tmp_path: Path) -> None:
    bundle = judged_bundle(tmp_path / "slow", Trial(held_out, ranges, least_gain=1000))
    certificate = read_certificates(bundle)["int8"]
    assert not certificate.holds
    assert "x as fast as the default singly" in certificate.reason
    assert "(at least 1000)" in certificate.reason
    assert INT8_FILE not in bundle.files
    assert "| `int8` | no |" in bundle.read("README.md").decode()


def test_a_runtime_is_not_judged_on_a_handful_of_pictures(tmp_path: Path) -> None:
    bundle = judged_bundle(tmp_path / "few", Trial(lambda: held_out(9), ranges, least_gain=0))
    assert "validation has 9 pictures that can be read, and it takes 60" in read_certificates(bundle)["int8"].reason
    assert INT8_FILE not in bundle.files


def test_without_pictures_of_training_there_is_no_eight_bit_graph(tmp_path: Path) -> None:
    nothing = RangePictures(np.zeros((0, 12, 20, 3), np.uint8), None)
    bundle = judged_bundle(tmp_path / "none", Trial(held_out, lambda: nothing, least_gain=0))
    assert "no picture of training can be read" in read_certificates(bundle)["int8"].reason


@needs_openvino
def test_every_runtime_that_is_installed_is_checked_and_answers_alike(judged: Path) -> None:
    bundle = open_bundle(judged)
    states = state_of(bundle)
    assert (states["onnxruntime"], states["int8"], states["openvino"]) == ("holds",) * 3
    pictures = [*colour_pictures(7, seed=3)[0]]
    wanted = Predictor(bundle).probabilities(pictures)
    for name, state in states.items():
        if state == "holds":
            found = Predictor(bundle, threads=1, runtime=name)
            assert found.runtime == name
            np.testing.assert_allclose(found.probabilities(pictures), wanted, atol=0.05)


@needs_openvino
def test_openvino_answers_several_threads_at_once(colours: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    bundle = open_bundle(colours)
    runtime = RUNTIMES["openvino"]
    graph = Graph(bundle.read(runtime.file), threads=1, engine=runtime.engine)
    batches = [colour_pictures(4, seed=seed)[0] for seed in range(24)]
    wanted = [Graph(bundle.read("model.onnx"), threads=1)(batch) for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        for found, expected in zip(threads.map(graph, batches), wanted, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_bundle_of_before_is_checked_in_what_needs_no_judgement(colours: Path) -> None:
    states = state_of(open_bundle(colours))
    assert states["onnxruntime"] == "holds"
    assert states["openvino"] in ("holds", "absent")
    assert states["int8"] == "refused"
    with pytest.raises(BundleError, match="its answers were not judged at the export"):
        Predictor(open_bundle(colours), runtime="int8")


def test_a_runtime_that_nobody_knows_is_named_with_the_nearest(colours: Path) -> None:
    with pytest.raises(BundleError, match=r"no runtime 'onnxruntim'. Did you mean 'onnxruntime'"):
        Predictor(open_bundle(colours), runtime="onnxruntim")


@pytest.mark.parametrize("name", [INT8_FILE, RUNTIMES_FILE])
def test_what_runtimes_rest_on_is_covered_by_the_digests(judged_copy: Path, name: str) -> None:
    bundle = open_bundle(judged_copy)
    data = bytearray((judged_copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (judged_copy / name).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=f"{name} was altered since the export"):
        open_bundle(judged_copy)
    with pytest.raises(BundleError, match="altered"):
        Predictor(bundle, runtime="int8")


def test_a_certified_runtime_that_computes_otherwise_here_is_not_taken(judged_copy: Path, tmp_path: Path) -> None:
    other = tiny_bundle(tmp_path / "other")
    shutil.copyfile(other.folder / "model.onnx", judged_copy / INT8_FILE)
    bundle = seal_bundle(judged_copy, name="x", task="colour", run={})
    (found,) = [one for one in check_runtimes(bundle) if one.runtime.name == "int8"]
    assert (found.state, found.certified) == ("differs", True)
    with pytest.raises(BundleError, match=r"the runtime int8 cannot be taken: on 12 stored samples"):
        choose_runtime(bundle, "int8")


def test_certificates_of_nonsense_are_one_clear_error(judged_copy: Path) -> None:
    (judged_copy / RUNTIMES_FILE).write_text(json.dumps({"schema": "runtimes/1", "runtimes": {"int8": {}}}))
    bundle = seal_bundle(judged_copy, name="x", task="colour", run={})
    with pytest.raises(BundleError, match="cannot be understood"):
        check_runtimes(bundle)


def answers(truth: np.ndarray, sure: float = 0.9, wrong: int = 0) -> Predictions:
    """Return answers that are right but for the first so many."""
    table = np.full((len(truth), 3), (1 - sure) / 2, np.float32)
    given = truth.copy()
    given[:wrong] = (given[:wrong] + 1) % 3
    table[np.arange(len(truth)), given] = sure
    return replace(labelled(truth), probabilities=table)


TRUTH = np.arange(300) % 3


def test_the_same_answers_cost_nothing() -> None:
    weighed = weigh_answers(answers(TRUTH), answers(TRUTH), {"red": 0.5})
    assert weighed.objections == ()
    assert weighed.figures["f1_macro"] == {"default": 1, "value": 1, "difference": 0, "low": 0, "high": 0}
    assert (weighed.figures["agreement"], weighed.figures["verdicts_alike"]) == (1, 1)


def test_answers_that_get_worse_are_refused_with_the_figures() -> None:
    weighed = weigh_answers(answers(TRUTH), answers(TRUTH, wrong=15), None)
    assert weighed.figures["agreement"] == pytest.approx(0.95)
    assert any(said.startswith("macro-F1 may fall by") for said in weighed.objections)
    assert "95.0% of the answers stay (at least 97%)" in weighed.objections


def test_probabilities_that_no_longer_come_true_are_refused_though_every_answer_stays() -> None:
    weighed = weigh_answers(answers(TRUTH), answers(TRUTH, sure=0.6), None)
    assert weighed.figures["agreement"] == 1
    assert [said.partition(" may")[0] for said in weighed.objections] == ["log loss"]


def test_thresholds_that_are_reached_by_others_are_refused() -> None:
    weighed = weigh_answers(answers(TRUTH, sure=0.9), answers(TRUTH, sure=0.89), {"red": 0.895})
    assert weighed.figures["verdicts_alike"] == pytest.approx(2 / 3)
    assert any("verdicts by thresholds" in said for said in weighed.objections)


def test_one_film_alone_is_judged_by_its_pictures() -> None:
    one = replace(answers(TRUTH), groups=("film",) * 300)
    weighed = weigh_answers(one, one, None)
    assert weighed.figures["groups"] == 300
    assert weighed.objections == ()


def test_gains_are_stated_singly_and_together(colours: Path) -> None:
    graph = Graph(open_bundle(colours).read("model.onnx"), threads=1)
    gains = measure_gains(graph, graph, colour_pictures(20)[0], None)
    assert list(gains) == ["1", "16"]
    assert all(gain > 0 for gain in gains.values())


def run(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    said = capsys.readouterr()
    assert end.value.code == status, said.err
    return said.out, said.err


def test_the_command_line_checks_takes_and_refuses_runtimes(
    judged: Path, judged_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = json.loads(run(capsys, "doctor", judged, "--json")[0])
    assert {one["runtime"] for one in checked["runtimes"]} == set(RUNTIMES)
    assert {one["state"] for one in checked["runtimes"] if one["runtime"] in ("onnxruntime", "int8")} == {"holds"}
    (tmp_path / "red.png").write_bytes(encode_picture(colour_pictures(1)[0][0], "png"))
    words = ("predict", judged, tmp_path / "red.png", "--json", "--runtime")
    answered = json.loads(run(capsys, *words, "int8")[0])
    assert (answered["runtime"], answered["predictions"][0]["predicted_class"]) == ("int8", "red")
    assert "Did you mean 'int8'?" in run(capsys, *words, "int9", status=2)[1]
    other = tiny_bundle(tmp_path / "other")
    shutil.copyfile(other.folder / "model.onnx", judged_copy / INT8_FILE)
    seal_bundle(judged_copy, name="x", task="colour", run={})
    out, err = run(capsys, "doctor", judged_copy, status=1)
    assert "onnxruntime: onnxruntime 1" in out
    assert "int8 does not compute here what it was certified to: on 12 stored samples" in err


def test_a_run_is_judged_on_its_own_validation_and_ranges_come_from_its_training(tmp_path: Path) -> None:
    from bundles.test_export_run import make_run
    from rushes.bundles.held_out import read_held_out, read_ranges

    made = make_run(tmp_path)
    held = read_held_out(made, tmp_path)
    assert (len(held.pixels), held.of, held.labelled.classes) == (10, 10, ("dark", "bright"))
    assert not len(read_ranges(made, tmp_path).pixels)  # its split stands in no file
    made.predictions_file("validation").unlink()
    assert len(read_held_out(made, tmp_path).pixels) == 0
