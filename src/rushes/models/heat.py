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
from rushes.models.places import (
    Grid,
    as_maps,
    check_layer,
    flattens_maps,
    is_early,
    last_layer,
    list_map_layers,
    watching,
)
from rushes.models.views import place_tokens

AUTO = "auto"
ATTENTION_LAYER = "the attention of every block"
_TOO_EARLY = (
    "No deep layer of this network keeps places of the picture apart: this heat was read near its beginning, where "
    "little but edges and colours is known, so hold it against covering"
)
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
        note: what makes the layer a weak one, in a sentence; "" where nothing does.
    """

    heat: torch.Tensor
    spoke: torch.Tensor
    method: str
    layer: str
    class_free: bool
    note: str = ""


def heat_of_pictures(
    network: Network,
    pixels: torch.Tensor,
    class_indices: Sequence[int],
    *,
    method: str = AUTO,
    layer: str | None = None,
    grid: Grid | None = None,
) -> HeatMaps:
    """Return where in pictures a network finds a class, a class per picture.

    Nothing is learnt and no gradient is left behind; a frozen body and any head will do. The network answers as in
    evaluation mode, whichever it is in.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared.
        class_indices: (pictures,) the class each is explained for.
        method: a key of `METHODS`; `auto` takes the one that fits the network.
        layer: name of a layer that gives maps; None takes the deepest that still knows places.
        grid: rows and columns of `layer` where they are known, of the same network with other weights: it is read
            there then, whether or not its places can be told apart by these weights.

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
        place, grid = _choose_layer(network, pixels, name, layer, grid)
        is_weak = layer is None and place != ATTENTION_LAYER and is_early(network, pixels, place)
        warm = torch.cat(
            [
                read(network, pixels[start : start + _BATCH], class_indices[start : start + _BATCH], name, place, grid)
                for start in range(0, len(pixels), _BATCH)
            ]
        )
    warm = torch.nan_to_num(warm.detach().float(), nan=0.0, posinf=0.0, neginf=0.0)
    most = warm.amax(dim=(1, 2), keepdim=True)
    heat = torch.where(most > 0, warm / most.clamp(min=torch.finfo(warm.dtype).tiny), 0.0)
    note = f"{_TOO_EARLY} ({place})." if is_weak else ""
    return HeatMaps(heat, most[:, 0, 0] > 0, name, place, METHODS[name].class_free, note)


def choose_method(network: Network, method: str, pixels: torch.Tensor) -> str:
    """Return the name of the method that a name, or `auto`, stands for.

    Args:
        pixels: one picture at least, as `heat_of_pictures` takes them.

    Raises:
        UsageError: there is no such method, or the network has no attention for it to follow.
    """
    if method != AUTO and method not in METHODS:
        raise UsageError(f"'{method}' is no way to explain an answer. {did_you_mean(method, (AUTO, *METHODS))}")
    follows = method in {AUTO, "attention"} and _follows_attention(network, pixels)
    if method == "attention" and not follows:
        others = ", ".join(f"'{name}'" for name in METHODS if name != "attention")
        raise UsageError("'attention' needs a network that gathers its answer by attention between all patches, as a "
                         f"ViT with a class token does. Take one of {others}, or '{AUTO}'")  # fmt: skip
    if method != AUTO:
        return method
    if getattr(network.body, "global_pool", None) == "token" and follows:
        return "attention"
    return "hires-cam" if flattens_maps(network, pixels) else "grad-cam"


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

    The maps are centred first: the paper does not, which fits maps that are rectified, but of tokens the first
    direction is then what all places share. The sign of the direction is free; it is taken so that the strongest place
    is warm.
    Source: Muhammad and Yeasin, Eigen-CAM, IJCNN 2020.
    """
    cells = maps.flatten(2).transpose(1, 2).double()  # (pictures, cells, channels)
    cells = cells - cells.mean(dim=1, keepdim=True)
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


def _choose_layer(
    network: Network, pixels: torch.Tensor, method: str, layer: str | None, grid: Grid | None
) -> tuple[str, Grid | None]:
    if METHODS[method].combine is None:
        if layer not in {None, ATTENTION_LAYER}:
            raise UsageError(f"'attention' follows every block and takes no layer, got '{layer}'. "
                             "Leave the layer out, or take 'grad-cam'")  # fmt: skip
        return ATTENTION_LAYER, None
    if layer is not None and grid is not None:
        return layer, grid
    name = last_layer(network, pixels) if layer is None else layer
    found = check_layer(name, list_map_layers(network, pixels))
    return found.name, (found.rows, found.columns)


def _read_maps(
    network: Network, pixels: torch.Tensor, class_indices: Sequence[int], method: str, layer: str, grid: Grid | None
) -> torch.Tensor:
    combine = METHODS[method].combine
    assert combine is not None
    with watching(network.body, layer) as kept:
        logits = network(pixels)
        slopes = torch.autograd.grad(class_odds(logits, class_indices), kept[layer])[0]
    module = network.body.get_submodule(layer)
    maps, placed = (as_maps(network, module, values, pixels, grid=grid) for values in (kept[layer].detach(), slopes))
    assert maps is not None
    assert placed is not None
    return combine(maps.float(), placed.float())


def _read_attention(
    network: Network, pixels: torch.Tensor, class_indices: Sequence[int], method: str, layer: str, grid: Grid | None
) -> torch.Tensor:
    """Return relevance of the patches to the tokens that are answered from (Chefer 2021, equations 5 and 6).

    These tokens are known by the slope of the logit at the last block: where one class token is read, its row is
    taken; where the patches are averaged, each counts by how much it decides.
    """
    with _attention_shown(network.body) as (attention, ended):
        logits = network(pixels)
        slopes = torch.autograd.grad(class_odds(logits, class_indices), [*attention, *ended])
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


def class_odds(logits: torch.Tensor, class_indices: Sequence[int]) -> torch.Tensor:
    """Return the sum over pictures of a class's log odds: pictures do not touch each other, so neither do its slopes.

    The papers take the logit. What every logit gains alike changes no answer, yet is warm in theirs: a background that
    raises both of two logits. The log odds, `logit - log(sum of exp of the others)`, are what the answer is made of;
    unlike those of the probability their slopes do not die where the network is sure.
    """
    places = torch.tensor(list(class_indices), device=logits.device).unsqueeze(1)
    logits = logits.float()
    chosen = logits.gather(1, places)
    if logits.shape[1] == 1:
        return chosen.sum()
    others = logits.scatter(1, places, -torch.inf).logsumexp(dim=1, keepdim=True)
    return (chosen - others).sum()


def _follows_attention(network: Network, pixels: torch.Tensor) -> bool:
    """Return whether a body's answer comes to it by attention; a mean takes the patches past all of it.

    The weights must be of tokens to tokens: those of XCiT are of channels to channels, and say nothing of places.
    """
    body = network.body
    if getattr(body, "global_pool", None) not in {"token", "map"} or not _attention_blocks(body):
        return False
    with _as_it_answers(network), torch.no_grad(), _attention_shown(body) as (attention, ended):
        network(pixels[:1])
    if len(attention) != len(_attention_blocks(body)) or len(ended) != 1 or ended[0].ndim != 3:
        return False
    tokens = ended[0].shape[1]
    placed = place_tokens(body, ended[0], height=pixels.shape[1], width=pixels.shape[2])
    return placed is not None and all(each.ndim == 4 and each.shape[2:] == (tokens, tokens) for each in attention)


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
