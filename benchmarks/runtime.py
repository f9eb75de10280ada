"""An exported bundle beside the same network in eager torch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Outcome, Say, Target, Turns, calls_within, in_turns
from rushes.bundles.bundle import Bundle
from rushes.cores import count_cores
from rushes.datasets.measured_input import Prepared
from rushes.datasets.preprocessing import Preprocessing
from rushes.inference.predictor import Predictor
from rushes.learning.threads import let_idle_threads_sleep
from rushes.models.backbones import Backbone

if TYPE_CHECKING:
    import torch

TARGET = Target("ratio", 2.5)
_BACKBONES = ("mobilenetv2_100", "resnet50")
_CLASSES = ("ECS", "CS", "MS", "FS", "LS")
_BATCH = 32
_ROUNDS = 2
_SECONDS_PER_TURN = 1.0

Pixels = npt.NDArray[np.uint8]


def measure(say: Say) -> Outcome:
    let_idle_threads_sleep()  # threads of torch that spin would make a busy machine's torch look slow
    say("Answering for prepared pictures: rushes' bundle (ONNX Runtime, float32) against the same network in eager "
        "torch (float32, inference mode, channels_last), as a training leaves it.")  # fmt: skip
    say(f"Input: pictures of noise, 224 x 224, singly and {_BATCH} at a time; random weights, which take as long as "
        "trained ones. Both have the same number of threads.")  # fmt: skip
    compared = [turns for name in _BACKBONES for turns in _compare_backbone(name, say)]
    worst = min(compared, key=lambda turns: turns.ratio)
    say("The line below is of the case with one thread in which the bundle gains least; per picture.")
    return Outcome("runtime", worst.ours_seconds * 1000, worst.peer_seconds * 1000, "ms", TARGET)


def _compare_backbone(name: str, say: Say) -> list[Turns]:
    """Return what one thread took, singly and in a batch; the other cases are said only."""
    import torch

    network, preprocessing = _network(name)
    pixels = np.random.default_rng(0).integers(0, 256, (_BATCH, 224, 224, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        bundle = _export(name, network, preprocessing, pixels, Path(folder))
        eager = network.to(memory_format=torch.channels_last).eval()
        apart = float(np.abs(_asked(bundle, pixels) - _answer(eager, pixels)).max())
        say(f"  {name}: probabilities differ by {apart:.1g} at the most")
        counts = sorted({1, count_cores()})
        by_threads = {count: _compare(bundle, eager, pixels, count, say) for count in counts}
    return by_threads[1]


def _asked(bundle: Bundle, pixels: Pixels) -> npt.NDArray[np.float32]:
    return Predictor(bundle).probabilities_of_prepared([Prepared(one) for one in pixels])


def _compare(bundle: Bundle, network: torch.nn.Module, pixels: Pixels, threads: int, say: Say) -> list[Turns]:
    from rushes.learning.threads import torch_threads

    predictor, compared = Predictor(bundle, threads=threads), []
    with torch_threads(threads):
        for count in (1, len(pixels)):
            shown = pixels[:count]
            turns = _take_turns(predictor, network, shown)
            say(f"    {threads} thread{'s' if threads > 1 else ''}, {count} at a time, per picture: {turns}")
            compared.append(turns)
    return compared


def _take_turns(predictor: Predictor, network: torch.nn.Module, pixels: Pixels) -> Turns:
    """Return what a picture took; each turn makes as many calls as fill its time."""
    pictures = [Prepared(one) for one in pixels]
    calls = calls_within(_SECONDS_PER_TURN, lambda: _answer(network, pixels))
    predictor.probabilities_of_prepared(pictures)
    turns = in_turns(
        lambda: [predictor.probabilities_of_prepared(pictures) for _ in range(calls)],
        lambda: [_answer(network, pixels) for _ in range(calls)],
        rounds=_ROUNDS,
    )
    return turns.over(calls * len(pixels))


def _answer(network: torch.nn.Module, pixels: Pixels) -> npt.NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        return np.asarray(torch.softmax(network(torch.from_numpy(pixels)), 1).numpy(), np.float32)


def _network(name: str) -> tuple[torch.nn.Module, Preprocessing]:
    """Return a network with random weights whose batch normalisations do something, as trained ones do."""
    import torch

    from rushes.models.network import build_network

    preprocessing = Preprocessing(224, 224)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(Backbone(name), _CLASSES, preprocessing)
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(layer.weight, 0.5, 1.0)
    return network.eval(), preprocessing


def _export(
    name: str, network: torch.nn.Module, preprocessing: Preprocessing, pixels: Pixels, folder: Path
) -> Bundle:  # fmt: skip
    from rushes.bundles.card import CardFacts
    from rushes.bundles.onnx import Candidate, Samples, build_bundle
    from rushes.models.network import Network, save_network

    assert isinstance(network, Network)
    weights = folder / "model.safetensors"
    save_network(network, weights)
    facts = CardFacts(
        name=name,
        task="scale",
        classes=_CLASSES,
        preprocessing=preprocessing,
        working_size="640",
        architecture=name,
        method="Random weights",
        split_kind="grouped",
        counts={},
        licence="None",
        made={},
        warnings=(),
        scores=None,
    )
    candidate = Candidate(name, "scale", _CLASSES, preprocessing, "640", {"architecture": name}, {}, facts)
    names = tuple(f"noise-{number}" for number in range(len(pixels)))
    unknown = np.full((len(pixels), len(_CLASSES)), np.nan, np.float32)
    samples = Samples(pixels, names, unknown, generated=len(pixels))
    return build_bundle(folder / name, candidate, network=network, weights=weights, samples=samples)
