"""An exported bundle in each of its runtimes beside the same network in eager torch."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Outcome, Say, Target, Turns, calls_within, in_turns
from rushes.bundles.bundle import Bundle
from rushes.bundles.certificates import read_certificates
from rushes.bundles.certified import RangePictures, Trial
from rushes.bundles.runtimes import DEFAULT, RUNTIMES
from rushes.bundles.weighed import HeldOut
from rushes.cores import count_cores
from rushes.datasets.measured_input import Prepared
from rushes.datasets.preprocessing import Preprocessing
from rushes.inference.predictor import Predictor
from rushes.learning.predictions import Predictions
from rushes.learning.threads import let_idle_threads_sleep
from rushes.models.backbones import Backbone

if TYPE_CHECKING:
    import torch

TARGET = Target("ratio", 2.5)
_BACKBONES = ("mobilenetv2_100", "resnet50")
_CLASSES = ("ECS", "CS", "MS", "FS", "LS")
_BATCH = 32
_HELD_OUT = 96
_TAKEN = "int8"  # comes with the base install, and the check of a trained network accepted it
_ROUNDS = 2
_SECONDS_PER_TURN = 1.0

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Case:
    """One runtime of one network with one thread, `count` pictures at a time."""

    runtime: str
    backbone: str
    count: int
    turns: Turns


def measure(say: Say) -> Outcome:
    let_idle_threads_sleep()  # threads of torch that spin would make a busy machine's torch look slow
    say("Answering for prepared pictures: the runtimes of a bundle against the same network in eager torch (float32, "
        "inference mode, channels_last), as a training leaves it.")  # fmt: skip
    say(f"Input: pictures of noise, 224 x 224, singly and {_BATCH} at a time; random weights, which take as long as "
        "trained ones. Both have the same number of threads. A runtime that is less exact than float32 is taken where "
        f"the export's own check accepts it, here on {_HELD_OUT} such pictures labelled by torch.")  # fmt: skip
    cases = [case for name in _BACKBONES for case in _compare_backbone(name, say)]
    worst = {
        runtime: min((case for case in cases if case.runtime == runtime), key=lambda case: case.turns.ratio)
        for runtime in dict.fromkeys(case.runtime for case in cases)
        if {case.backbone for case in cases if case.runtime == runtime} == set(_BACKBONES)
    }
    for runtime, case in worst.items():
        say(f"{runtime}, where it gains least: {case.turns.ratio:.1f} x ({case.backbone}, {case.count} at a time)")
    taken = _TAKEN if _TAKEN in worst else DEFAULT
    say(f"The line below is of '{taken}' (rushes export RUN --int8, rushes predict --runtime {taken}), in its worst "
        f"case with one thread; per picture. What runs by default, '{DEFAULT}', comes to "
        f"{worst[DEFAULT].turns.ratio:.1f} x. "
        "Networks of random weights are an easy check: of a trained one the same check kept int8 and refused others, "
        "docs/decisions/2026-11-26-runtimes.md.")  # fmt: skip
    turns = worst[taken].turns
    return Outcome("runtime", turns.ours_seconds * 1000, turns.peer_seconds * 1000, "ms", TARGET)


def _compare_backbone(name: str, say: Say) -> list[_Case]:
    """Return what one thread took by each runtime that may be taken, singly and in a batch; the rest is said only."""
    import torch

    network, preprocessing = _network(name)
    pixels = np.random.default_rng(0).integers(0, 256, (_BATCH, 224, 224, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        bundle = _export(name, network, preprocessing, pixels, Path(folder))
        eager = network.to(memory_format=torch.channels_last).eval()
        wanted = _answer(eager, pixels)
        certificates = read_certificates(bundle)
        cases: list[_Case] = []
        for runtime in RUNTIMES:
            found = certificates.get(runtime)
            if found is not None and not found.holds:
                say(f"  {name}, {runtime}: not taken: {found.reason}")
                continue
            predictor = Predictor(bundle, threads=1, runtime=runtime)
            apart = float(np.abs(_asked(predictor, pixels) - wanted).max())
            say(f"  {name}, {runtime}: probabilities differ by {apart:.1g} at the most")
            cases += _compare(name, bundle, runtime, eager, pixels, say)
    return cases


def _asked(predictor: Predictor, pixels: Pixels) -> npt.NDArray[np.float32]:
    return predictor.probabilities_of_prepared([Prepared(one) for one in pixels])


def _compare(
    name: str, bundle: Bundle, runtime: str, network: torch.nn.Module, pixels: Pixels, say: Say
) -> list[_Case]:  # fmt: skip
    from rushes.learning.threads import torch_threads

    cases = []
    for threads in sorted({1, count_cores()}):
        predictor = Predictor(bundle, threads=threads, runtime=runtime)
        with torch_threads(threads):
            for count in (1, len(pixels)):
                turns = _take_turns(predictor, network, pixels[:count])
                say(f"    {threads} thread{'s' if threads > 1 else ''}, {count} at a time, per picture: {turns}")
                if threads == 1:
                    cases.append(_Case(runtime, name, count, turns))
    return cases


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
    trial = Trial(lambda: _held_out(network), lambda: RangePictures(_noise(32, seed=1), None))
    return build_bundle(folder / name, candidate, network=network, weights=weights, samples=samples, trial=trial)


def _held_out(network: torch.nn.Module) -> HeldOut:
    """Return pictures of other noise with the network's own answers as their labels."""
    pixels = _noise(_HELD_OUT, seed=2)
    table = np.concatenate([_answer(network, pixels[at : at + _BATCH]) for at in range(0, _HELD_OUT, _BATCH)])
    names = tuple(str(row) for row in range(_HELD_OUT))
    truth = table.argmax(axis=1).astype(np.int64)
    return HeldOut(pixels, None, Predictions(_CLASSES, truth, table, *([names] * 6)), of=_HELD_OUT)


def _noise(count: int, *, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (count, 224, 224, 3), np.uint8)
