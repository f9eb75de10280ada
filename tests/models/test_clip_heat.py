"""Where in the frames of a shot an answer came from."""

from __future__ import annotations

import pytest
import torch

from rushes.datasets.preprocessing import Preprocessing
from rushes.models.backbones import Backbone
from rushes.models.clip import ShotNetwork
from rushes.models.clip_design import ShotDesign, ShotHeadDesign
from rushes.models.clip_heat import heat_of_shot

SHOWN = Preprocessing(64, 64)
HEADS = (
    ShotHeadDesign("scale", ("CS", "MS", "LS"), pooling="gru", width=4),
    ShotHeadDesign("movement", ("static", "push"), see="motion", motion="linear"),
)


def build(*heads: ShotHeadDesign, backbone: str = "test_resnet") -> ShotNetwork:
    torch.manual_seed(3)
    return ShotNetwork(ShotDesign(Backbone(backbone), heads, features=("zoom",), series=("z",)), SHOWN).eval()


MOTION = {"aggregates": torch.zeros(1, 1), "series": torch.zeros(1, 1, 1), "series_mask": torch.ones(1, 1) > 0}


def frames(count: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (count, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def test_every_frame_has_its_heat_and_the_warmest_place_of_the_shot_is_one() -> None:
    network = build(*HEADS)
    heat = heat_of_shot(network, "scale", 1, pixels=frames(), **MOTION)
    assert heat is not None
    assert heat.shape[0] == 3
    assert float(heat.min()) >= 0
    assert float(heat.max()) == 1.0
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("answer", [0, 1, 2])
def test_the_heat_is_grad_cam_of_the_log_odds(answer: int) -> None:
    network = build(ShotHeadDesign("scale", ("CS", "MS", "LS"), pooling="mean"))
    body, pixels = network.body, frames(1)
    kept: dict[str, torch.Tensor] = {}
    assert body is not None
    pictures = ((pixels.permute(0, 3, 1, 2).float() / 255 - network.mean) / network.std).requires_grad_()
    last = body.forward_features(pictures)  # type: ignore[operator]
    last.register_hook(lambda gradient: kept.update(slopes=gradient))
    seen = body.forward_head(last)[None, :, None]  # type: ignore[operator]
    logits = network.answer(seen, torch.ones(1, 1, dtype=torch.bool))
    others = torch.cat([logits["scale"][0, :answer], logits["scale"][0, answer + 1 :]])
    (logits["scale"][0, answer] - others.logsumexp(0)).backward()
    expected = (kept["slopes"].mean(dim=(2, 3), keepdim=True) * last).sum(dim=1).relu().detach()
    heat = heat_of_shot(network, "scale", answer, pixels=pixels)
    if not expected.any():
        assert heat is None
        return
    assert heat is not None
    torch.testing.assert_close(heat, expected / expected.max())


def test_a_frozen_body_has_heat_too() -> None:
    network = build(*HEADS)
    before = heat_of_shot(network, "scale", 2, pixels=frames(), **MOTION)
    network.requires_grad_(requires_grad=False)
    with torch.inference_mode(mode=False):
        after = heat_of_shot(network, "scale", 2, pixels=frames(), **MOTION)
    assert before is not None
    assert after is not None
    torch.testing.assert_close(before, after)


def test_a_head_that_sees_the_subject_is_explained_by_what_it_was_shown_of_it() -> None:
    network = build(ShotHeadDesign("scale", ("CS", "LS"), pooling="mean", subject="subject"))
    subject = torch.zeros(2, 8, 8)
    subject[:, :, :4] = 1
    heat = heat_of_shot(network, "scale", 0, pixels=frames(2), subject=subject)
    other = heat_of_shot(network, "scale", 1, pixels=frames(2), subject=subject)
    assert any(one is not None and float(one.max()) == 1.0 for one in (heat, other))


@pytest.mark.parametrize("task", ["movement"])
def test_an_answer_that_rests_on_no_frames_has_no_heat(task: str) -> None:
    assert heat_of_shot(build(*HEADS), task, 0, pixels=frames()) is None
