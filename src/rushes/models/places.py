"""Which layers of a body keep places of the picture apart, and what they give as maps.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rushes.errors import UsageError, did_you_mean
from rushes.models.network import Network
from rushes.models.views import place_features, place_tokens

# What mixes the last dimension, and so is given maps with their channels last.
_CHANNELS_LAST = (nn.Linear, nn.LayerNorm)
_CHANNELS_FIRST = (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True, slots=True)
class MapLayer:
    """A layer of a body whose numbers have places in the picture.

    Attributes:
        name: of the module within the body, as torch names it.
        kind: of the module, such as `Conv2d`.
        channels: how many maps it gives.
        rows, columns: of each map.
    """

    name: str
    kind: str
    channels: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    output: torch.Tensor
    layer: MapLayer | None


def list_map_layers(network: Network, pixels: torch.Tensor) -> tuple[MapLayer, ...]:
    """Return the layers that give maps, in the order in which a picture passes them.

    Args:
        network: in evaluation mode.
        pixels: (pictures, height, width, channels) uint8, prepared; one is enough.
    """
    return tuple(seen.layer for seen in _pass(network, pixels[:1]) if seen.layer is not None)


def last_layer(network: Network, pixels: torch.Tensor) -> str:
    """Return the name of the layer at which class heat is read: the deepest that still knows places and still matters.

    It is what the body averages or flattens: the output of `forward_features`, or the last layer before the places are
    gone. Where a class token alone is read, it is what the last block's attention is given: after that block, nothing
    that the patches still hold can change the answer.

    Raises:
        UsageError: no layer keeps places apart.
    """
    passed = _pass(network, pixels[:1])
    placed = [seen for seen in passed if seen.layer is not None]
    if not placed:
        raise UsageError("no layer of this network keeps places of the picture apart, so that it has no heat of its "
                         "own. Cover parts of the picture instead (occlusion)")  # fmt: skip
    tokens = _before_last_attention(network.body, passed)
    return tokens or _end_of_features(network, pixels[:1], placed) or _last_with_places(placed)


def check_layer(name: str, layers: Mapping[str, MapLayer] | tuple[MapLayer, ...]) -> MapLayer:
    """Return the layer of a name.

    Raises:
        UsageError: none of these is called so.
    """
    known = dict(layers) if isinstance(layers, Mapping) else {layer.name: layer for layer in layers}
    if name not in known:
        raise UsageError(f"'{name}' is no layer that gives maps. {did_you_mean(name, tuple(known))}")
    return known[name]


def as_maps(network: Network, module: nn.Module, output: Any, pixels: torch.Tensor) -> torch.Tensor | None:
    """Return what a module gave as (pictures, channels, rows, columns); None where it has no places.

    Args:
        pixels: (pictures, height, width, channels), what was shown.
    """
    if not isinstance(output, torch.Tensor) or not output.is_floating_point() or len(output) != len(pixels):
        return None  # what is cut into windows counts each of them as a picture
    if output.ndim == 3:
        return place_tokens(network.body, output, height=pixels.shape[1], width=pixels.shape[2])
    if output.ndim != 4:
        return None
    maps = output.permute(0, 3, 1, 2) if _is_channels_last(network.body, module, output, pixels) else output
    return maps if maps.shape[2] <= pixels.shape[1] and maps.shape[3] <= pixels.shape[2] else None


@contextmanager
def watching(body: nn.Module, *names: str) -> Iterator[dict[str, torch.Tensor]]:
    """Give what layers put out while the block runs, each with a gradient of its own that begins there.

    The layers before need no gradient then, so that a frozen body is watched as any other.
    """
    kept: dict[str, torch.Tensor] = {}
    modules: Mapping[str, nn.Module] = dict(body.named_modules())
    hooks = [modules[name].register_forward_hook(_keep(name, kept)) for name in names]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


def _keep(name: str, kept: dict[str, torch.Tensor]) -> Any:
    def hook(module: nn.Module, given: Any, output: torch.Tensor) -> torch.Tensor:
        kept[name] = output.detach().requires_grad_()
        return kept[name].clone()  # what follows may rectify it in place

    return hook


def _pass(network: Network, pixels: torch.Tensor) -> list[_Seen]:
    """Return what each module of the body gives for a picture, in the order in which they finish."""
    seen: list[_Seen] = []

    def note(name: str) -> Any:
        def hook(module: nn.Module, given: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                seen.append(_Seen(name, output, _describe(network, name, module, output, pixels)))

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in network.body.named_modules() if name]
    try:
        with torch.no_grad():
            network(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _describe(
    network: Network, name: str, module: nn.Module, output: torch.Tensor, pixels: torch.Tensor
) -> MapLayer | None:
    maps = (
        None
        if isinstance(module, nn.Identity | nn.Dropout | nn.Dropout2d) or type(module).__name__ == "DropPath"
        else as_maps(network, module, output, pixels)
    )
    return None if maps is None else MapLayer(name, type(module).__name__, *maps.shape[1:])


def _before_last_attention(body: nn.Module, passed: list[_Seen]) -> str | None:
    """Return what the last block's attention is given; None where more than a class token is read at the end."""
    blocks = getattr(body, "blocks", None)
    if getattr(body, "global_pool", None) != "token" or not blocks:
        return None
    order = [seen.name for seen in passed]
    last, before = f"blocks.{len(blocks) - 1}", f"blocks.{len(blocks) - 2}"
    norm = f"{last}.norm1"
    attention = next((name for name in order if name.startswith(f"{last}.attn")), None)
    if norm in order and attention is not None and order.index(norm) < order.index(attention):
        return norm
    return before if before in order else None  # a block that normalises after its attention


def _end_of_features(network: Network, pixels: torch.Tensor, placed: list[_Seen]) -> str | None:
    """Return the outermost layer whose output is the last map of a body of timm's; None where none gives it as it is.

    What follows the mean is no matter of places, whatever it is made of.
    """
    features = getattr(network.body, "forward_features", None)
    if features is None:
        return None
    shares = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
    with torch.no_grad():
        last = features((shares - network.mean) / network.std)
    if not isinstance(last, torch.Tensor) or place_features(network.body, last) is None:
        return None
    same = [seen.name for seen in placed if seen.output.shape == last.shape and torch.equal(seen.output, last)]
    return min(same, key=lambda name: (name.count("."), len(name))) if same else None


def _last_with_places(placed: list[_Seen]) -> str:
    """Return the last layer with more than one place, or the last of all."""
    many = [seen.name for seen in placed if seen.layer is not None and seen.layer.rows * seen.layer.columns > 1]
    return many[-1] if many else placed[-1].name


def _is_channels_last(body: nn.Module, module: nn.Module, output: torch.Tensor, pixels: torch.Tensor) -> bool:
    """Return whether maps have their channels last: by the module, else by which sides are shaped as the picture is."""
    if isinstance(module, _CHANNELS_FIRST) or "2d" in type(module).__name__:
        return False
    if isinstance(module, _CHANNELS_LAST):
        return True
    height, width = pixels.shape[1:3]
    first = abs(output.shape[2] * width - output.shape[3] * height) / max(output.shape[2:])
    last = abs(output.shape[1] * width - output.shape[2] * height) / max(output.shape[1:3])
    return last < first if last != first else getattr(body, "output_fmt", "NCHW") == "NHWC"
