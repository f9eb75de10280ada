from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from rushes.errors import RecipeError
from rushes.models.cnn import build_cnn_body
from rushes.models.designs import DESIGNS, Design, count_parameters, smallest_side


def test_the_6x6_design_has_the_layers_of_the_mcu_project() -> None:
    body = build_cnn_body(DESIGNS["cnn-6x6"])
    convolutions = [layer for layer in body if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, layer.kernel_size[0]) for layer in convolutions] == [
        (64, 3), (64, 6), (64, 5), (64, 4), (128, 3)
    ]  # fmt: skip
    assert all(layer.padding == (0, 0) for layer in convolutions)
    # Worked by hand: kernel² · inputs · outputs + outputs of each layer; the last pool leaves one pixel of 128.
    by_hand = (9 * 64 + 64) + (36 * 64 * 64 + 64) + (25 * 64 * 64 + 64) + (16 * 64 * 64 + 64) + (9 * 64 * 128 + 128)
    assert sum(p.numel() for p in body.parameters()) == by_hand + (128 * 64 + 64)
    assert body(torch.zeros(2, 1, 128, 128)).shape == (2, 64)


def test_pooling_before_rectifying_gives_what_rectifying_before_pooling_gives() -> None:
    torch.manual_seed(0)
    body = build_cnn_body(Design(units=(3, 4), kernels=(3, 2), dense=5, width=16, height=12))
    pictures = torch.randn(2, 1, 12, 16)
    first, second, dense = (layer for layer in body if isinstance(layer, nn.Conv2d | nn.Linear))
    pool = nn.MaxPool2d(2)
    expected = torch.relu(dense(pool(torch.relu(second(pool(torch.relu(first(pictures)))))).flatten(1)))
    torch.testing.assert_close(body(pictures), expected)


@pytest.mark.parametrize("kernels", [(3,), (3, 6, 5, 4, 3), (5, 5, 5), (1, 2, 3, 4)])
def test_the_smallest_side_leaves_one_pixel_and_one_less_is_refused(kernels: tuple[int, ...]) -> None:
    side = smallest_side(kernels)
    units = (2,) * len(kernels)
    design = Design(units=units, kernels=kernels, dense=4, width=side, height=side + 9)
    assert build_cnn_body(design)(torch.zeros(1, 1, side + 9, side)).shape == (1, 4)
    with pytest.raises(RecipeError, match=rf"input\.size at least \[{side}, {side}\]"):
        Design(units=units, kernels=kernels, dense=4, width=side - 1, height=side + 9)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_design_gives_the_features_and_has_the_parameters_that_it_says(name: str, batch_norm: bool) -> None:
    design = replace(DESIGNS[name], batch_norm=batch_norm)
    with torch.device("meta"):
        body = build_cnn_body(design)
        seen = body(torch.zeros(2, design.channels, design.height, design.width))
    assert seen.shape == (2, design.feature_count)
    assert sum(p.numel() for p in body.parameters()) == count_parameters(design)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in body.modules()) == batch_norm


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_figures_of_a_design_are_those_of_its_layers(name: str, batch_norm: bool) -> None:
    design = replace(DESIGNS[name], batch_norm=batch_norm, width=131, height=119)
    counts: list[int] = []
    pooled: list[int] = []
    with torch.device("meta"):
        body = build_cnn_body(design)
        for layer in body.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _layer, _given, made: counts.append(made[0].numel()))
            if isinstance(layer, nn.MaxPool2d):
                layer.register_forward_hook(lambda _layer, _given, made: pooled.append(made[0].numel()))
        body(torch.zeros(2, design.channels, 119, 131))
    assert design.largest_map_count == max(counts)
    assert design.flat_count == pooled[-1]


@pytest.mark.parametrize("name", DESIGNS)
def test_the_smallest_input_of_a_design_can_be_learnt_from_even_one_picture_at_a_time(name: str) -> None:
    design = tiny(name)
    side = smallest_side(design.kernels, form=design.form)
    body = build_cnn_body(replace(design, width=side, height=side, batch_norm=True)).train()
    assert body(torch.randn(1, design.channels, side, side)).shape == (1, design.feature_count)


def tiny(name: str) -> Design:
    """Return a design with a few channels."""
    design = DESIGNS[name]
    return replace(design, units=tuple(2 + place for place in range(len(design.units))), dense=6 * bool(design.dense))


@pytest.mark.parametrize("name", DESIGNS)
def test_the_same_seed_draws_the_same_weights(name: str) -> None:
    states = []
    for seed in (4, 4, 5):
        torch.manual_seed(seed)
        states.append(build_cnn_body(tiny(name)).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])


def test_the_signal_neither_dies_nor_grows_through_a_design() -> None:
    torch.manual_seed(0)
    for name in DESIGNS:
        design = tiny(name)
        body = build_cnn_body(replace(design, units=tuple(8 * units for units in design.units))).train()
        seen = body(torch.randn(4, design.channels, design.height, design.width))
        assert 0.05 < float(seen.detach().std()) < 20, name


def test_dropout_stands_where_the_design_says() -> None:
    shares = {name: [layer.p for layer in build_cnn_body(replace(tiny(name), dropout=0.4)).modules()
                     if isinstance(layer, nn.Dropout)] for name in ("mcu", "rarity", "sepconv")}  # fmt: skip
    assert shares == {"mcu": [0.4], "rarity": [0.2, 0.2, 0.4], "sepconv": [0.4]}
