"""A design as a network: (batch, channels, height, width) to (batch, features).

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from rushes.models.designs import POOL, Design

_FEW_MAPS = 8


class SeparableBlock(nn.Module):
    """Two separable convolutions and a pool, added to what came in, which a 1x1 convolution halves (Chollet 2017)."""

    def __init__(self, given: int, units: int, kernel: int, design: Design) -> None:
        super().__init__()
        self.seen = nn.Sequential(
            nn.ReLU(),
            *_separable(given, units, kernel, design),
            nn.ReLU(),
            *_separable(units, units, kernel, design),
            nn.MaxPool2d(3, stride=POOL, padding=1),
        )
        self.kept = nn.Sequential(*_convolution(given, units, 1, design, stride=POOL))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return maps of half the sides: (batch, units, height / 2, width / 2), rounded up."""
        added: torch.Tensor = self.seen(maps) + self._kept(maps)
        return added

    def _kept(self, maps: torch.Tensor) -> torch.Tensor:
        """Return what came in, halved.

        The gradient of a 1x1 convolution that skips places, of fewer than eight maps with channels last, writes beyond
        its memory in oneDNN on processors without AVX-512 (torch 2.15): there the places are left out beforehand.
        """
        if maps.shape[1] >= _FEW_MAPS:
            kept: torch.Tensor = self.kept(maps)
            return kept
        convolution, *others = self.kept
        assert isinstance(convolution, nn.Conv2d)  # as `__init__` makes it
        halved = nn.functional.conv2d(maps[:, :, ::POOL, ::POOL], convolution.weight, convolution.bias)
        for layer in others:
            halved = layer(halved)
        return halved


def build_cnn_body(design: Design) -> nn.Sequential:
    """Return the network of a design without its class output, its weights drawn from torch's global generator."""
    layers = {"plain": _plain_layers, "pairs": _layers_in_pairs, "separable": _separable_layers}[design.form](design)
    body = nn.Sequential(*layers)
    for layer in body.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            # He et al. 2015: torch's own default lets the signal of six rectified layers die away.
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return body


def _plain_layers(design: Design) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for given, units, kernel in _convolutions(design):
        # Pooled first: the largest of the rectified is the largest, rectified, and there is a quarter to rectify.
        layers += [*_convolution(given, units, kernel, design), nn.MaxPool2d(POOL), nn.ReLU()]
    dense = nn.Linear(design.flat_count, design.dense)
    return [*layers, nn.Flatten(), nn.Dropout(design.dropout), dense, nn.ReLU()]


def _layers_in_pairs(design: Design) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for place, (given, units, kernel) in enumerate(_convolutions(design)):
        ends_pair = place % 2 == 1
        layers += _convolution(given, units, kernel, design)
        layers += [nn.MaxPool2d(POOL), nn.ReLU(), nn.Dropout(design.dropout / 2)] if ends_pair else [nn.ReLU()]
    dense = nn.Linear(design.flat_count, design.dense)
    return [*layers, nn.Flatten(), dense, nn.ReLU(), nn.Dropout(design.dropout)]


def _separable_layers(design: Design) -> list[nn.Module]:
    first, kernel = design.units[0], design.kernels[0]
    layers: list[nn.Module] = _convolution(design.channels, first, kernel, design, stride=POOL, padding=kernel // 2)
    for (given, units), side in zip(pairwise(design.units), design.kernels[1:], strict=True):
        layers.append(SeparableBlock(given, units, side, design))
    return [*layers, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(design.dropout)]


def _convolutions(design: Design) -> list[tuple[int, int, int]]:
    """Return channels given, channels made and kernel of each convolution."""
    given = (design.channels, *design.units[:-1])
    return list(zip(given, design.units, design.kernels, strict=True))


def _convolution(
    given: int, units: int, kernel: int, design: Design, *, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    normalised = design.batch_norm
    made = nn.Conv2d(given, units, kernel, stride=stride, padding=padding, bias=not normalised)
    return [made, nn.BatchNorm2d(units)] if normalised else [made]


def _separable(given: int, units: int, kernel: int, design: Design) -> list[nn.Module]:
    """Return a convolution of each channel alone, padded, and one that mixes the channels of each pixel."""
    each = nn.Conv2d(given, given, kernel, padding=kernel // 2, groups=given, bias=False)
    return [each, *_convolution(given, units, 1, design)]
