"""Where in a picture a network found its answer: class heat, by methods called by name.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rushes.errors import UsageError, did_you_mean
from rushes.models.network import Network
from rushes.models.places import as_maps, check_layer, last_layer, list_map_layers, watching
from rushes.models.views import place_tokens

AUTO = "auto"
ATTENTION_LAYER = "the attention of every block"
_BATCH = 8  # pictures at a time: each keeps all its maps, or all its attention

Combine = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Method:
    """A way to tell where an answer came from.

    Attributes:
        about: what it shows, in a sentence for a reader.
        source: the paper.
        combine: (pictures, channels, rows, columns) maps and the slopes of the class's logit at them -> the heat,
            (pictures, rows, columns), from 0; None where it follows attention instead.
        class_free: whether it shows the same for every class.
    """

    about: str
    source: str
    combine: Combine | None
    class_free: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class HeatMaps:
    """Where in pictures a network found a class.

    Attributes:
        heat: (pictures, rows, columns) float32, the warmest place of each picture 1; all 0 where nothing spoke.
        spoke: (pictures,) bool, whether any place spoke for the class.
        method, layer: by which, and where in the network, it was read.
        class_free: whether the method shows the same for every class.
    """

    heat: torch.Tensor
    spoke: torch.Tensor
    method: str
    layer: str
    class_free: bool


def heat_of_pictures(
    network: Network,
    pixels: torch.Tensor,
    class_indices: Sequence[int],
    *,
    method: str = AUTO,
    layer: str | None = None,
) -> HeatMaps:
    """Return where in pictures a network finds a class, a class per picture.

    Nothing is learnt and no gradient is left behind; a frozen body and any head will do. The network answers as in
    evaluation mode, whichever it is in.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared.
        class_indices: (pictures,) the class each is explained for.
        method: a key of `METHODS`; `auto` takes the one that fits the network.
        layer: name of a layer that gives maps; None takes the deepest that still knows places.

    Raises:
        UsageError: there is no such method or layer, or the network has no use for it.
    """
    if len(pixels) != len(class_indices):
        raise ValueError(f"each picture has a class, got {len(pixels)} and {len(class_indices)}")
    if not len(pixels):
        raise ValueError("there is no picture to explain")
    with _as_it_answers(network):
        name = choose_method(network, method, pixels)
        read = _read_maps if METHODS[name].combine is not None else _read_attention
        place = _choose_layer(network, pixels, name, layer)
        warm = torch.cat(
            [
                read(network, pixels[start : start + _BATCH], class_indices[start : start + _BATCH], name, place)
                for start in range(0, len(pixels), _BATCH)
            ]
        )
    warm = torch.nan_to_num(warm.detach().float(), nan=0.0, posinf=0.0, neginf=0.0)
    most = warm.amax(dim=(1, 2), keepdim=True)
    heat = torch.where(most > 0, warm / most.clamp(min=torch.finfo(warm.dtype).tiny), 0.0)
    return HeatMaps(heat, most[:, 0, 0] > 0, name, place, METHODS[name].class_free)


def choose_method(network: Network, method: str, pixels: torch.Tensor) -> str:
    """Return the name of the method that a name, or `auto`, stands for.

    Args:
        pixels: one picture at least, as `heat_of_pictures` takes them.

    Raises:
        UsageError: there is no such method, or the network has no attention for it to follow.
    """
    if method != AUTO and method not in METHODS:
        raise UsageError(f"'{method}' is no way to explain an answer. {did_you_mean(method, (AUTO, *METHODS))}")
    if method == "attention" and not _attention_blocks(network.body):
        others = ", ".join(f"'{name}'" for name in METHODS if name != "attention")
        raise UsageError("this network has no attention between all its patches that could be followed. "
                         f"Take one of {others}, or '{AUTO}'")  # fmt: skip
    if method != AUTO:
        return method
    reads_class_token = getattr(network.body, "global_pool", None) == "token"
    return "attention" if reads_class_token and _attention_blocks(network.body) else "grad-cam"


def grad_cam(maps: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return Grad-CAM: maps weighed by the mean of their slopes, what speaks against the class left out.

    Source: Selvaraju and others, Grad-CAM, ICCV 2017, equations 1 and 2.
    """
    return (slopes.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu()


def grad_cam_plus_plus(maps: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return Grad-CAM++: as Grad-CAM, each place of a map weighed by how much it alone decides.

    Source: Chattopadhay and others, Grad-CAM++, WACV 2018, equations 10 and 19, of the exponential of the logit: its
    factor is the same at every place and is left out.
    """
    squares = slopes.square()
    below = 2 * squares + maps.sum(dim=(2, 3), keepdim=True) * squares * slopes
    share = torch.where(below != 0, squares / torch.where(below != 0, below, 1.0), 0.0)
    weights = (share * slopes.relu()).sum(dim=(2, 3), keepdim=True)
    return (weights * maps).sum(dim=1).relu()


def hires_cam(maps: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return HiResCAM: each place of each map times its own slope.

    It is exact where a dense layer reads each place with a weight of its own, which the mean of Grad-CAM blurs.
    Source: Draelos and Carin, HiResCAM, 2020 (arXiv 2011.08891), equation 5.
    """
    return (slopes * maps).sum(dim=1).relu()


def eigen_cam(maps: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return Eigen-CAM: the maps along their first principal direction, which no class has a part in.

    The sign of the direction is free; it is taken so that the strongest place is warm.
    Source: Muhammad and Yeasin, Eigen-CAM, IJCNN 2020.
    """
    cells = maps.flatten(2).transpose(1, 2).double()  # (pictures, cells, channels)
    _, _, directions = torch.linalg.svd(cells, full_matrices=False)
    along = (cells @ directions[:, 0].unsqueeze(2)).squeeze(2)
    farthest = along.gather(1, along.abs().argmax(dim=1, keepdim=True))
    warm: torch.Tensor = (along * farthest.sign()).relu()
    return warm.reshape(len(maps), *maps.shape[2:])


METHODS: Mapping[str, Method] = {
    "grad-cam": Method(
        "The maps of the last layer that still knows places, weighed by how much more of each would raise the class.",
        "Selvaraju and others, ICCV 2017",
        grad_cam,
    ),
    "grad-cam++": Method(
        "As grad-cam, with more weight on the places of a map that decide alone: better with several of a kind.",
        "Chattopadhay and others, WACV 2018",
        grad_cam_plus_plus,
    ),
    "hires-cam": Method(
        "As grad-cam, but each place is weighed by its own slope: exact where a dense layer reads each place apart.",
        "Draelos and Carin, 2020",
        hires_cam,
    ),
    "eigen-cam": Method(
        "What stands out to the network, whatever the class: the first principal direction of its last maps.",
        "Muhammad and Yeasin, IJCNN 2020",
        eigen_cam,
        class_free=True,
    ),
    "attention": Method(
        "Which patches the tokens that are answered from attended to, through all blocks, where this raised the class.",
        "Chefer, Gur and Wolf, ICCV 2021",
        None,
    ),
}


def _choose_layer(network: Network, pixels: torch.Tensor, method: str, layer: str | None) -> str:
    if METHODS[method].combine is None:
        if layer not in {None, ATTENTION_LAYER}:
            raise UsageError(f"'attention' follows every block and takes no layer, got '{layer}'. "
                             "Leave the layer out, or take 'grad-cam'")  # fmt: skip
        return ATTENTION_LAYER
    return last_layer(network, pixels) if layer is None else check_layer(layer, list_map_layers(network, pixels)).name


def _read_maps(
    network: Network, pixels: torch.Tensor, class_indices: Sequence[int], method: str, layer: str
) -> torch.Tensor:
    combine = METHODS[method].combine
    assert combine is not None
    with watching(network.body, layer) as kept:
        logits = network(pixels)
        slopes = torch.autograd.grad(_chosen(logits, class_indices), kept[layer])[0]
    module = network.body.get_submodule(layer)
    maps, placed = (as_maps(network, module, values, pixels) for values in (kept[layer].detach(), slopes))
    assert maps is not None
    assert placed is not None
    return combine(maps.float(), placed.float())


def _read_attention(
    network: Network, pixels: torch.Tensor, class_indices: Sequence[int], method: str, layer: str
) -> torch.Tensor:
    """Return relevance of the patches to the tokens that are answered from (Chefer 2021, equations 5 and 6).

    These tokens are known by the slope of the logit at the last block: where one class token is read, its row is
    taken; where the patches are averaged, each counts by how much it decides.
    """
    with _attention_shown(network.body) as (attention, ended):
        logits = network(pixels)
        slopes = torch.autograd.grad(_chosen(logits, class_indices), [*attention, *ended])
    relevance = torch.eye(ended[0].shape[1], device=pixels.device).expand(len(pixels), -1, -1)
    identity = relevance
    for weights, slope in zip(attention, slopes, strict=False):
        relevance = relevance + (weights.detach() * slope).relu().mean(dim=1).float() @ relevance
    read = slopes[-1].float().norm(dim=2)
    rows = read / read.sum(dim=1, keepdim=True).clamp(min=torch.finfo(read.dtype).tiny)
    warm = torch.einsum("nt,nts->ns", rows, relevance - identity).unsqueeze(2)
    placed = place_tokens(network.body, warm, height=pixels.shape[1], width=pixels.shape[2])
    assert placed is not None
    return placed[:, 0]


def _chosen(logits: torch.Tensor, class_indices: Sequence[int]) -> torch.Tensor:
    """Return the sum of each picture's logit: pictures do not touch each other, so neither do its slopes."""
    places = torch.tensor(list(class_indices), device=logits.device)
    return logits.float().gather(1, places.unsqueeze(1)).sum()


def _attention_blocks(body: nn.Module) -> list[nn.Module]:
    """Return the attention of each block of a body of tokens; none where a block has none that can be shown."""
    blocks: Any = getattr(body, "blocks", None)
    if not isinstance(getattr(body, "num_prefix_tokens", None), int) or not blocks:
        return []
    found: list[Any] = [getattr(block, "attn", None) for block in blocks]
    shown = [
        each
        for each in found
        if hasattr(each, "fused_attn") and isinstance(getattr(each, "attn_drop", None), nn.Module)
    ]
    return shown if len(shown) == len(found) else []


@contextmanager
def _attention_shown(body: nn.Module) -> Iterator[tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """Give the attention of every block, and what the last one puts out, both as parts of the graph.

    Torch's fused attention never makes the weights: it is switched off while the block runs.
    """
    shown: Any = _attention_blocks(body)
    fused = [each.fused_attn for each in shown]
    attention: list[torch.Tensor] = []
    ended: list[torch.Tensor] = []
    blocks: Any = body.blocks
    with ExitStack() as hooks:
        # The graph begins at the picture: a frozen body would make none.
        hooks.enter_context(_hooked(body.register_forward_pre_hook(_require_slopes)))
        for each in shown:
            hooks.enter_context(_hooked(each.attn_drop.register_forward_hook(_add_to(attention))))
            each.fused_attn = False
        hooks.enter_context(_hooked(blocks[-1].register_forward_hook(_add_to(ended))))
        try:
            yield attention, ended
        finally:
            for each, was in zip(shown, fused, strict=True):
                each.fused_attn = was


@contextmanager
def _hooked(hook: Any) -> Iterator[None]:
    try:
        yield
    finally:
        hook.remove()


def _require_slopes(module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (given[0].detach().requires_grad_(), *given[1:])


def _add_to(found: list[torch.Tensor]) -> Any:
    def hook(module: nn.Module, given: Any, output: torch.Tensor) -> None:
        found.append(output)

    return hook


@contextmanager
def _as_it_answers(network: Network) -> Iterator[None]:
    """Hold a network in evaluation mode, with slopes, while the block runs."""
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode(mode=False), torch.enable_grad():
            yield
    finally:
        network.train(was_training)
