"""The network for shots."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rushes.datasets.preprocessing import Preprocessing
from rushes.models.backbones import Backbone
from rushes.models.clip import ShotNetwork
from rushes.models.clip_design import ShotDesign, ShotHeadDesign
from rushes.models.motion import BoostedMotion, Standard
from rushes.models.network import save_network

SHOWN = Preprocessing(32, 32, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 0.2))
TINY = Backbone("test_resnet")
SCALE = ShotHeadDesign("scale", ("CS", "MS", "LS"), pooling="gru", width=4)
MOVEMENT = ShotHeadDesign("movement", ("static", "push"), see="both", motion="boosted", rounds=3, depth=3, width=4)
PAN = ShotHeadDesign("pan", ("no", "yes"), see="motion", motion="gru", motion_width=3)
ALL = ShotDesign(
    TINY,
    (
        SCALE,
        replace(MOVEMENT, subject="apart"),
        PAN,
        ShotHeadDesign("angle", ("low", "high"), pooling="lstm", width=3, subject="background"),
        ShotHeadDesign("type", ("a", "b"), see="both", pooling="mean", motion="linear"),  # a word that torch has taken
    ),
    features=("zoom", "pan", "roll"),
    series=("z", "t"),
)

Inputs = tuple[torch.Tensor, ...]


def build(design: ShotDesign = ALL) -> ShotNetwork:
    torch.manual_seed(1)
    network = ShotNetwork(design, SHOWN).eval()
    for name, buffer in network.named_buffers():  # trees that ask something, numbers that were measured
        if name.endswith(("leaves", "thresholds", "centre")):
            buffer.copy_(torch.randn_like(buffer))
        if name.endswith("asked"):
            buffer.copy_(torch.randint_like(buffer, 0, 3))
    for head in network.heads.values():
        if head.gate is not None:
            nn.init.normal_(head.gate.weight)  # type: ignore[union-attr, arg-type]
    return network


def make_inputs(batch: int, frames: int, pairs: int) -> Inputs:
    """Return pixels, mask, subject, series, series_mask, aggregates."""
    dice = torch.Generator().manual_seed(batch + frames)
    kept = torch.arange(frames) < torch.randint(1, frames + 1, (batch, 1), generator=dice)
    measured = torch.arange(pairs) < torch.randint(1, pairs + 1, (batch, 1), generator=dice)
    return (
        torch.randint(0, 256, (batch, frames, 32, 32, 3), dtype=torch.uint8, generator=dice),
        kept,
        torch.rand(batch, frames, 4, 6, generator=dice),
        torch.randn(batch, pairs, 2, generator=dice),
        measured,
        torch.randn(batch, 3, generator=dice),
    )


def test_each_task_has_its_logits() -> None:
    answers = build()(*make_inputs(2, 3, 5))
    shapes = {task: tuple(logits.shape) for task, logits in answers.items()}
    assert shapes == {"scale": (2, 3), "movement": (2, 2), "pan": (2, 2), "angle": (2, 2), "type": (2, 2)}


def test_answers_rest_on_features_alone() -> None:
    network, inputs = build(), make_inputs(2, 4, 5)
    pixels, mask, subject, *motion = inputs
    with torch.no_grad():
        features = network.features(pixels, mask, subject, piece=3)
        assert features.shape == (2, 4, 3, network.feature_count)
        assert features.dtype == torch.float32
        assert (features[~mask] == 0).all()
        assert (features[mask] != 0).any(dim=2).all()
        answers = network.answer(features, mask, *motion)
        for task, logits in network(*inputs).items():
            torch.testing.assert_close(answers[task], logits, atol=1e-5, rtol=1e-4)


def test_frames_and_pairs_that_do_not_count_change_nothing() -> None:
    network, (pixels, mask, subject, series, series_mask, aggregates) = build(), make_inputs(2, 3, 5)
    with torch.no_grad():
        expected = network(pixels, mask, subject, series, series_mask, aggregates)
        found = network(
            torch.cat([pixels, torch.full((2, 2, 32, 32, 3), 99, dtype=torch.uint8)], dim=1),
            nn.functional.pad(mask, (0, 2)),
            nn.functional.pad(subject, (0, 0, 0, 0, 0, 2)),
            torch.cat([series, torch.full((2, 4, 2), 1e6)], dim=1),
            nn.functional.pad(series_mask, (0, 4)),
            aggregates,
        )
    for task, logits in expected.items():
        torch.testing.assert_close(found[task], logits, atol=1e-5, rtol=1e-4)


def test_padding_does_not_sway_what_a_body_learns_of_its_batches() -> None:
    network, (pixels, mask, subject, *_) = build(), make_inputs(2, 3, 5)
    network.train()
    network.features(pixels, mask, subject)
    state = {name: value.clone() for name, value in network.named_buffers()}
    other = build().train()
    other.features(torch.where(mask.view(2, 3, 1, 1, 1), pixels, 0), mask, subject)
    for name, value in other.named_buffers():
        torch.testing.assert_close(value, state[name])


def test_a_network_of_motion_alone_has_no_body() -> None:
    network = build(
        ShotDesign(None, (PAN, replace(PAN, task="tilt", motion="linear")), features=("z",), series=("z", "t"))
    )
    assert network.body is None
    _, _, _, series, mask, _ = make_inputs(2, 1, 4)
    assert network(None, None, None, series, mask, torch.randn(2, 1))["tilt"].shape == (2, 2)


def test_heads_that_pool_alike_share_where_the_design_says_so() -> None:
    heads = (
        SCALE,
        replace(SCALE, task="a"),
        replace(SCALE, task="b", width=5),
        replace(SCALE, task="c", pooling="mean"),
    )
    counts = [len(build(ShotDesign(TINY, heads, shared=shared)).poolings) for shared in (False, True)]
    assert counts == [4, 3]


def test_the_gate_starts_half_way_between_frames_and_motion() -> None:
    torch.manual_seed(0)
    network = ShotNetwork(ShotDesign(TINY, (MOVEMENT,), features=("z", "t", "r"), series=("z", "t")), SHOWN).eval()
    inputs, head = make_inputs(2, 3, 5), network.head("movement")
    answers: dict[str, Any] = {}
    with torch.no_grad():
        for what in ("frames", "motion", "both"):
            head.use(what)
            assert network.design.heads[0].used == what
            answers[what] = network(*inputs)["movement"]
    torch.testing.assert_close(answers["both"], (answers["frames"] + answers["motion"]) / 2)
    with pytest.raises(ValueError, match="cannot rest on 'frames'"):
        build().head("pan").use("frames")


def test_a_head_that_rests_on_motion_needs_no_frames() -> None:
    network = build(ShotDesign(TINY, (MOVEMENT,), features=("z", "t", "r"), series=("z", "t")))
    network.head("movement").use("motion")
    _, _, _, *motion = make_inputs(2, 3, 5)
    assert network(None, None, None, *motion)["movement"].shape == (2, 2)


def test_a_fitted_model_of_the_motion_takes_the_place_of_the_one_there() -> None:
    network, fitted, scale = build(), BoostedMotion(2, rounds=7, depth=2), Standard(3)
    scale.centre = torch.tensor([1.0, 2.0, 3.0])
    head = network.head("type")
    head.take_motion(fitted, scale)
    assert (head.design.motion, head.design.rounds, head.design.depth) == ("boosted", 7, 2)
    assert head.standard is not None
    torch.testing.assert_close(head.standard.centre, scale.centre)
    alike = ShotNetwork(network.design, SHOWN)
    alike.load_state_dict(network.state_dict())
    with pytest.raises(ValueError, match="scale sees no motion"):
        network.head("scale").take_motion(fitted, scale)


def test_a_saved_network_answers_as_before(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    network, inputs = build(), make_inputs(2, 3, 5)
    network.head("movement").use("motion")
    save_network(network, tmp_path / "model.safetensors")
    loaded = ShotNetwork(ShotDesign.from_table(network.design.to_table()), SHOWN).eval()
    loaded.load_state_dict(load_file(tmp_path / "model.safetensors"))
    for task, logits in network(*inputs).items():
        torch.testing.assert_close(loaded(*inputs)[task], logits)


def test_every_part_learns() -> None:
    network = build().train()
    sum(logits.square().sum() for logits in network(*make_inputs(3, 3, 5)).values()).backward()  # type: ignore[union-attr]
    still = [name for name, value in network.named_parameters() if value.grad is None]
    assert still == []


class Listed(nn.Module):
    """Answers as a graph does: all in a row."""

    def __init__(self, network: ShotNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.network(*inputs).values())


@pytest.mark.longer
def test_a_graph_answers_alike_for_any_number_of_shots_frames_and_pairs() -> None:
    import onnxruntime

    heads = (replace(SCALE, pooling="lstm"), replace(MOVEMENT, subject="apart"), PAN)
    network = build(replace(ALL, heads=heads))
    batch, time, pairs = (torch.export.Dim(name) for name in ("batch", "time", "pairs"))
    frames, motion = {0: batch, 1: time}, {0: batch, 1: pairs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on its own future
        program = torch.onnx.export(
            Listed(network).eval(),
            make_inputs(2, 4, 6),
            dynamo=True,
            dynamic_shapes=((frames, frames, frames, motion, motion, {0: batch}),),
            external_data=False,
            optimize=False,  # tidying the graph takes as long again
            verbose=False,
        )
    assert program is not None
    graph = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    for counts in ((1, 1, 1), (3, 7, 9), (2, 4, 6)):
        inputs = make_inputs(*counts)
        found = graph.run(
            None, {part.name: value.numpy() for part, value in zip(graph.get_inputs(), inputs, strict=True)}
        )
        with torch.no_grad():
            expected = network(*inputs)
        for logits, answer in zip(expected.values(), found, strict=True):
            torch.testing.assert_close(torch.from_numpy(answer), logits, atol=1e-4, rtol=1e-4)
