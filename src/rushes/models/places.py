"""Which layers of a body keep places of the picture apart, and what they give as maps.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from rushes.errors import UsageError, did_you_mean
from rushes.models.network import Network
from rushes.models.views import place_features, place_tokens

Grid = tuple[int, int]

# What mixes the last dimension, and so is given maps with their channels last.
_CHANNELS_LAST = (nn.Linear, nn.LayerNorm)
_ENDING = {"ReLU", "MaxPool2d"}  # what a design of ours does with its last maps before it flattens them
# A layer within this first share of what a picture passes has seen little but edges and colours.
EARLY = 0.2
_OF_SHAPE = 1.5  # how many times the shape of maps may differ from the picture's, for what unpadded layers cut off
_HALVINGS = 5
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
    output: torch.Tensor | None  # None where it gave something else
    layer: MapLayer | None

    @property
    def kind(self) -> str:
        return self.layer.kind if self.layer is not None else ""


def list_map_layers(network: Network, pixels: torch.Tensor) -> tuple[MapLayer, ...]:
    """Return the layers that give maps, in the order in which a picture passes them.

    Args:
        network: in evaluation mode.
        pixels: (pictures, height, width, channels) uint8, prepared; one is enough.
    """
    return tuple(seen.layer for seen in _pass(network, pixels[:1]) if seen.layer is not None)


def last_layer(network: Network, pixels: torch.Tensor) -> str:
    """Return the name of the layer at which class heat is read: the deepest that still knows places and still matters.

    It is what the body averages or flattens: the output of `forward_features`, or the last stage or block before the
    places are gone; of a block of branches what they give together. Where a class token alone is read, it is the last
    block whose patches still change the answer, or what its attention is given.

    Raises:
        UsageError: no layer keeps places apart.
    """
    passed = _pass(network, pixels[:1])
    placed = [seen for seen in passed if seen.layer is not None]
    if not placed:
        raise UsageError("no layer of this network keeps places of the picture apart, so that it has no heat of its "
                         "own. Cover parts of the picture instead (occlusion)")  # fmt: skip
    tokens = _before_last_attention(network, passed, pixels[:1])
    return tokens or _end_of_features(network, pixels[:1], placed) or _end_of_trunk(network, pixels[:1], passed)


def is_early(network: Network, pixels: torch.Tensor, layer: str) -> bool:
    """Return whether a layer stands in the first fifth of those that a picture passes."""
    passed = [seen.name for seen in _pass(network, pixels[:1])]
    return passed.index(layer) < EARLY * len(passed)


def flattens_maps(network: Network, pixels: torch.Tensor) -> bool:
    """Return whether a dense layer reads each place of the last maps with weights of its own."""
    seen = [each for each in _pass(network, pixels[:1]) if "." not in each.name]
    before = next(
        (one for one, two in pairwise(seen) if isinstance(network.body.get_submodule(two.name), nn.Flatten)), None
    )
    return before is not None and before.output is not None and before.output[0, 0].numel() > 1


def check_layer(name: str, layers: Mapping[str, MapLayer] | tuple[MapLayer, ...]) -> MapLayer:
    """Return the layer of a name.

    Raises:
        UsageError: none of these is called so.
    """
    known = dict(layers) if isinstance(layers, Mapping) else {layer.name: layer for layer in layers}
    if name not in known:
        raise UsageError(f"'{name}' is no layer that gives maps. {did_you_mean(name, tuple(known))}")
    return known[name]


def as_maps(
    network: Network, module: nn.Module, output: Any, pixels: torch.Tensor, *, grid: Grid | None = None
) -> torch.Tensor | None:
    """Return what a module gave as (pictures, channels, rows, columns); None where it has no places, or only one.

    Maps are shaped as the picture is: what is split into heads, (pictures, heads, tokens, channels), is none.

    Args:
        pixels: (pictures, height, width, channels), what was shown.
        grid: rows and columns of the patches among tokens, where the layer is known to give them in this order.
    """
    if not isinstance(output, torch.Tensor) or not output.is_floating_point() or len(output) != len(pixels):
        return None  # what is cut into windows counts each of them as a picture
    height, width = pixels.shape[1:3]
    if output.ndim == 3:
        placed = place_tokens(network.body, output, height=height, width=width)
        return placed if placed is not None or grid is None else _lay_out(output, grid)
    if output.ndim != 4:
        return None
    maps = output.permute(0, 3, 1, 2) if _is_channels_last(network.body, module, output, pixels) else output
    rows, columns = maps.shape[2:]
    fits = isinstance(module, _CHANNELS_FIRST) or _is_shaped_as(rows, columns, height, width)
    return maps if rows * columns > 1 and rows <= height and columns <= width and fits else None


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
    outputs = _outputs(network, pixels)
    modules = dict(network.body.named_modules())
    seen = [_Seen(name, output, _describe(network, name, modules[name], output, pixels)) for name, output in outputs]
    return _with_tokens(network, pixels, seen)


def _outputs(network: Network, pixels: torch.Tensor) -> list[tuple[str, torch.Tensor | None]]:
    found: list[tuple[str, torch.Tensor | None]] = []

    def note(name: str) -> Any:
        def hook(module: nn.Module, given: Any, output: Any) -> None:
            found.append((name, output if isinstance(output, torch.Tensor) else None))

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in network.body.named_modules() if name]
    try:
        with torch.no_grad():
            network(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _describe(
    network: Network, name: str, module: nn.Module, output: torch.Tensor | None, pixels: torch.Tensor
) -> MapLayer | None:
    maps = None if _passes_on(module) else as_maps(network, module, output, pixels)
    return None if maps is None else MapLayer(name, type(module).__name__, *maps.shape[1:])


def _passes_on(module: nn.Module) -> bool:
    return isinstance(module, nn.Identity | nn.Dropout | nn.Dropout2d) or type(module).__name__ == "DropPath"


def _with_tokens(network: Network, pixels: torch.Tensor, seen: list[_Seen]) -> list[_Seen]:
    """Return layers, those that give tokens of a body whose grid is not told described as well.

    The grid is that of maps the picture passed before, or of these halved. Tokens may be in any order, as Hiera's are:
    they count as a grid only where each quarter of the picture, inverted, changes its own quarter of it the most.
    """
    grids = {(one.layer.rows, one.layer.columns) for one in seen if one.layer is not None}
    grids |= {(-(-rows // 2**by), -(-columns // 2**by)) for rows, columns in grids for by in range(1, _HALVINGS + 1)}
    modules = dict(network.body.named_modules())
    found: dict[int, Grid] = {}
    for at, one in enumerate(seen):
        if one.layer is None and one.output is not None and one.output.ndim == 3 and not _passes_on(modules[one.name]):
            grid = _grid_of(network.body, one.output, grids)
            if grid is not None and len(one.output) == len(pixels):
                found[at] = grid
    if not found:
        return seen
    # Always the same noise, so that the layers are those of the network, whichever picture is asked about.
    dice = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, pixels.shape, generator=dice).to(pixels)
    shown = [_outputs(network, each) for each in (noise, *(_inverted(noise, quarter) for quarter in range(4)))]
    kept = list(seen)
    for at, grid in found.items():
        tokens = [output for outputs in shown if (output := outputs[at][1]) is not None]
        if _in_order([_lay_out(each, grid) for each in tokens]):
            name = seen[at].name
            layer = MapLayer(name, type(modules[name]).__name__, tokens[0].shape[2], *grid)
            kept[at] = _Seen(name, seen[at].output, layer)
    return kept


def _grid_of(body: nn.Module, tokens: torch.Tensor, grids: Collection[Grid]) -> Grid | None:
    counts = {tokens.shape[1] - prefix for prefix in (0, _prefix_of(body))}
    return max((grid for grid in grids if grid[0] > 1 < grid[1] and grid[0] * grid[1] in counts), default=None)


def _prefix_of(body: nn.Module) -> int:
    """Return how many tokens of a body stand before its patches."""
    stated = getattr(body, "num_prefix_tokens", None)
    if isinstance(stated, int):
        return stated
    named = (getattr(body, name, None) for name in ("cls_token", "dist_token"))
    return max(sum(token is not None for token in named), 1)


def _lay_out(tokens: torch.Tensor, grid: Grid) -> torch.Tensor:
    rows, columns = grid
    patches = tokens[:, tokens.shape[1] - rows * columns :]
    return patches.transpose(1, 2).reshape(len(tokens), -1, rows, columns)


def _inverted(pixels: torch.Tensor, quarter: int) -> torch.Tensor:
    height, width = pixels.shape[1:3]
    changed = pixels.clone()
    down, across = _half(height, quarter // 2), _half(width, quarter % 2)
    changed[:, down, across] = 255 - changed[:, down, across]
    return changed


def _half(side: int, which: int) -> slice:
    return slice(side // 2, None) if which else slice(None, side // 2)


def _in_order(maps: Sequence[torch.Tensor]) -> bool:
    """Return whether each quarter of a grid changes the most where that quarter of the picture does.

    Args:
        maps: of the picture as it is, and with each of its quarters inverted.
    """
    rows, columns = maps[0].shape[2:]
    for quarter, changed in enumerate(maps[1:]):
        moved = (changed - maps[0]).float().norm(dim=1)[0]
        own = [float(moved[_half(rows, at // 2), _half(columns, at % 2)].mean()) for at in range(4)]
        if max(range(4), key=own.__getitem__) != quarter:
            return False
    return True


def _is_shaped_as(rows: int, columns: int, height: int, width: int) -> bool:
    """Return whether a grid has the shape of a picture: square of a square one, else but for what its edges cost."""
    if height == width:
        return rows == columns
    share = rows * width / (columns * height)
    near = abs(rows * width - columns * height) <= max(height, width)
    return near or 1 / _OF_SHAPE <= share <= _OF_SHAPE


def _matters(network: Network, pixels: torch.Tensor, layer: MapLayer) -> bool:
    """Return whether what the places of a layer hold can change an answer: after a last attention, patches cannot."""
    with torch.inference_mode(mode=False), torch.enable_grad(), watching(network.body, layer.name) as kept:
        logits = network(pixels).float()
        odds = (logits - logits.logsumexp(dim=1, keepdim=True))[0]
        asked = [torch.autograd.grad(one, kept[layer.name], retain_graph=True, allow_unused=True)[0] for one in odds]
    module = network.body.get_submodule(layer.name)
    placed = [as_maps(network, module, each, pixels, grid=(layer.rows, layer.columns)) for each in asked]
    return any(each is not None and bool(each.any()) for each in placed)


def _before_last_attention(network: Network, passed: list[_Seen], pixels: torch.Tensor) -> str | None:
    """Return what the last block's attention is given; None where more than a class token is read at the end.

    Where the class token gathers its answer after all blocks, it is the last block itself.
    """
    blocks = getattr(network.body, "blocks", None)
    if getattr(network.body, "global_pool", None) != "token" or not blocks:
        return None
    placed = {seen.name: seen.layer for seen in passed if seen.layer is not None}
    order = [seen.name for seen in passed]
    last, before = f"blocks.{len(blocks) - 1}", f"blocks.{len(blocks) - 2}"
    end = placed.get(last)
    if end is not None and _matters(network, pixels, end):
        return last
    norm = f"{last}.norm1"
    attention = next((name for name in order if name.startswith(f"{last}.attn")), None)
    if norm in placed and attention is not None and order.index(norm) < order.index(attention):
        return norm
    return before if before in placed else None  # a block that normalises after its attention


def _end_of_trunk(network: Network, pixels: torch.Tensor, passed: list[_Seen]) -> str:
    """Return the last stage or block that keeps places and matters; any layer that does, where none of these does."""
    names = _trunk(network.body, {seen.name for seen in passed if seen.output is not None})
    trunk = [seen for seen in passed if seen.layer is not None and seen.name in names]
    placed = trunk or [seen for seen in passed if seen.layer is not None]
    chosen = _last_with_places(placed)
    at = next(at for at, seen in enumerate(placed) if seen.name == chosen)
    for seen in reversed(placed[: at + 1]):
        assert seen.layer is not None
        if _matters(network, pixels, seen.layer):
            return seen.name
    return chosen  # of a head of stored samples, say, whose votes have no slope here


def _trunk(body: nn.Module, gave: Collection[str]) -> set[str]:
    """Return the modules that a picture passes one after another: children, and those of what only holds others.

    Args:
        gave: the modules that gave a tensor.
    """
    found: set[str] = set()
    waiting: list[tuple[str, nn.Module]] = list(body.named_children())
    while waiting:
        name, module = waiting.pop()
        found.add(name)
        if isinstance(module, nn.Sequential | nn.ModuleList) or name not in gave:
            waiting += [(f"{name}.{child}", inner) for child, inner in module.named_children()]
    return found


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
    if not isinstance(last, torch.Tensor):
        return None
    same = [
        seen
        for seen in placed
        if seen.output is not None and seen.output.shape == last.shape and torch.equal(seen.output, last)
    ]
    if not same:
        return None
    outermost = min(same, key=lambda seen: (seen.name.count("."), len(seen.name)))
    assert outermost.layer is not None
    # Of patches beside a class token only one that is read at the end can be warm.
    told = place_features(network.body, last) is not None
    return outermost.name if told or _matters(network, pixels, outermost.layer) else None


def _last_with_places(placed: list[_Seen]) -> str:
    """Return the last layer, or what stands before a pool and a rectifier that end the maps."""
    ends = next((index for index, seen in enumerate(reversed(placed)) if seen.kind not in _ENDING), 0)
    is_pooled = any(seen.kind == "MaxPool2d" for seen in placed[len(placed) - ends :])
    return placed[-1 - ends].name if is_pooled else placed[-1].name


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
