from __future__ import annotations

import pytest
import torch
from torch import nn

from rushes.errors import RecipeError
from rushes.models.cnn import DESIGNS, Design, build_cnn_body, smallest_side


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


def test_a_design_comes_back_from_its_table() -> None:
    design = Design(units=(3, 4), kernels=(3, 2), dense=5, width=16, height=12, color="rgb", dropout=0.25)
    assert Design.from_table(design.to_table()) == design


def test_a_design_needs_a_kernel_for_each_convolution() -> None:
    with pytest.raises(ValueError, match="as many units as kernels"):
        Design(units=(3,), kernels=(3, 2), dense=5, width=16, height=12)


def test_the_largest_map_is_that_of_the_first_convolution() -> None:
    assert DESIGNS["cnn-6x6"].largest_map_count == 64 * 126 * 126
