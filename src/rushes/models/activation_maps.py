"""What the layers of a network see: the weights of its first filters, and the maps that a layer gives for a picture.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from rushes.models.network import Network
from rushes.models.places import MapLayer, as_maps, check_layer, list_map_layers, watching

STRONGEST = 16
_SEEN_COLORS = {1, 3}


@dataclass(frozen=True, slots=True, eq=False)
class FirstFilters:
    """The weights of the convolution that reads the picture itself.

    Attributes:
        layer: its name.
        pictures: (filters, rows, columns, channels) float32 from 0 to 1: 0.5 is a weight of 0, and the strongest
            weight of each filter is 0 or 1.
    """

    layer: str
    pictures: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ActivationMaps:
    """What a layer gives for pictures.

    Attributes:
        layer: which.
        channels: (pictures, shown) int64, of each picture those that tell its places apart the most, such first.
        maps: (pictures, shown, rows, columns) float32, as the layer gives them.
    """

    layer: MapLayer
    channels: torch.Tensor
    maps: torch.Tensor


def first_filters(network: Network) -> FirstFilters | None:
    """Return the filters of the first convolution as pictures; None where no convolution reads the picture."""
    for name, module in network.body.named_modules():
        if isinstance(module, nn.Conv2d):
            if module.weight.shape[1] not in _SEEN_COLORS:
                return None
            weights = module.weight.detach().float().permute(0, 2, 3, 1).contiguous()
            most = weights.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)
            return FirstFilters(name, weights / most / 2 + 0.5)
    return None


def maps_of_layer(network: Network, pixels: torch.Tensor, layer: str, *, strongest: int = STRONGEST) -> ActivationMaps:
    """Return the strongest maps that a layer gives for pictures.

    A map is as strong as it differs from place to place: one that is the same everywhere says nothing of the picture.

    Args:
        network: in evaluation mode.
        pixels: (pictures, height, width, channels) uint8, prepared.
        layer: name of a layer that `rushes.models.places.list_map_layers` gives.
        strongest: how many maps per picture, at most.

    Raises:
        UsageError: no layer that gives maps is called so.
    """
    known = check_layer(layer, list_map_layers(network, pixels))
    with torch.no_grad(), watching(network.body, layer) as kept:
        network(pixels)
    maps = as_maps(
        network, network.body.get_submodule(layer), kept[layer].detach(), pixels, grid=(known.rows, known.columns)
    )
    assert maps is not None
    spread, level = maps.std(dim=(2, 3), correction=0), maps.abs().mean(dim=(2, 3))
    strength = spread if known.rows * known.columns > 1 else level
    channels = strength.argsort(dim=1, descending=True, stable=True)[:, :strongest]
    chosen = maps.gather(1, channels[:, :, None, None].expand(-1, -1, known.rows, known.columns))
    return ActivationMaps(known, channels, chosen.float().contiguous())
