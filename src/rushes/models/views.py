"""What a body sees of a part of each picture: the subject, or all but it.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from rushes.errors import RecipeError
from rushes.models.clip_design import VIEWS

_NOTHING = 1e-3  # of the picture: a smaller subject is none


def check_views(body: nn.Module, name: str, *, height: int, width: int) -> None:
    """Raise RecipeError where a body gives no map of the picture; one black picture is shown to it.

    Args:
        name: the backbone's, for the message.
    """
    was_training = body.training
    body.eval()
    try:
        with torch.no_grad():
            view_features(body, torch.zeros(1, 3, height, width), torch.zeros(1, 1, 1), VIEWS)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:  # whatever another layout leads to
        raise RecipeError(f"model.backbone is '{name}', whose features have no place in the picture, so that it cannot "
                          "tell subject from background. Set subject = 'whole' in every head, or take a backbone such "
                          "as 'resnet50' or 'vit_small_patch16_224'") from error  # fmt: skip
    finally:
        body.train(was_training)


def view_features(
    body: nn.Module, pictures: torch.Tensor, subject: torch.Tensor | None, views: Sequence[str]
) -> torch.Tensor:
    """Return what a body sees of each view, (batch, views, features).

    A view is the mean of the body's last map of features, weighted by the subject or by what is left of 1, taken
    through all that the body does after its own mean. A view of nothing is the mean over all the picture.

    Args:
        pictures: (batch, channels, height, width), normalised.
        subject: (batch, rows, columns) from 0 to 1, on a grid over the picture; None where only the whole is seen.
        views: some of `VIEWS`.
    """
    if tuple(views) == ("whole",):
        whole: torch.Tensor = body(pictures)
        return whole.unsqueeze(1)
    parts: Any = body
    return views_of_map(body, parts.forward_features(pictures), subject, views)


def views_of_map(
    body: nn.Module, last: torch.Tensor, subject: torch.Tensor | None, views: Sequence[str]
) -> torch.Tensor:
    """Return what `view_features` does, from the body's last features.

    Args:
        last: as the body's `forward_features` gives them.
    """
    parts: Any = body
    if tuple(views) == ("whole",):
        whole: torch.Tensor = parts.forward_head(last)
        return whole.unsqueeze(1)
    if subject is None:
        raise ValueError("a network that tells subject from background needs a map of the subject")
    placed = place_features(body, last)
    if placed is None:
        raise ValueError("the features of this body have no place in the picture")
    cells = placed.flatten(2)  # (batch, features, cells)
    weight = _spread_over(subject.to(cells.dtype), placed.shape[2], placed.shape[3]).flatten(1)
    seen = []
    for view in views:
        if view == "whole":
            seen.append(parts.forward_head(last))
        else:
            mean = _weighted_mean(cells, weight if view == "subject" else 1 - weight)
            seen.append(parts.forward_head(_as_last(body, mean)))
    return torch.stack(seen, dim=1)


def _weighted_mean(cells: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return (batch, features) of (batch, features, cells) by (batch, cells); where the weight is nothing, evenly."""
    is_nothing = weight.mean(dim=1, keepdim=True) < _NOTHING
    weight = torch.where(is_nothing, 1.0, weight)
    return (cells * weight.unsqueeze(1)).sum(dim=2) / weight.sum(dim=1, keepdim=True)


def place_features(body: nn.Module, last: torch.Tensor) -> torch.Tensor | None:
    """Return a body's last features as (batch, features, rows, columns); None where they have no place."""
    parts: Any = body
    if last.ndim == 4:
        placed = last.permute(0, 3, 1, 2) if _is_channels_last(body) else last
        return placed if placed.shape[1] == getattr(parts, "num_features", placed.shape[1]) else None
    return place_tokens(body, last) if last.ndim == 3 else None


def place_tokens(body: nn.Module, tokens: torch.Tensor, *, height: int = 0, width: int = 0) -> torch.Tensor | None:
    """Return the patches among tokens (batch, tokens, features) as (batch, features, rows, columns), or None.

    Args:
        height, width: of the pictures, for a body that takes any size; 0 leaves it at the size it was built for.
    """
    parts: Any = body
    patch_embed = getattr(parts, "patch_embed", None)
    prefix, built = getattr(parts, "num_prefix_tokens", None), getattr(patch_embed, "grid_size", None)
    if not isinstance(prefix, int) or not built:
        return None
    sized = height > 0 and hasattr(patch_embed, "dynamic_feat_size")
    rows, columns = parts.patch_embed.dynamic_feat_size((height, width)) if sized else built
    first = tokens.shape[1] - rows * columns
    if first not in {0, prefix}:  # there are no others yet where patches are made
        return None
    return tokens[:, first:].transpose(1, 2).reshape(len(tokens), -1, rows, columns)


def _as_last(body: nn.Module, mean: torch.Tensor) -> torch.Tensor:
    """Return a mean (batch, features) in the shape of the body's last features, with one place on the map.

    What the body averages is then this mean. Of tokens all are made alike, so that it matters not which one it takes.
    """
    parts: Any = body
    if hasattr(parts, "num_prefix_tokens") and hasattr(parts, "patch_embed"):
        return mean.unsqueeze(1).expand(-1, parts.num_prefix_tokens + 1, -1)
    single = mean.unsqueeze(2).unsqueeze(3)
    return single.permute(0, 2, 3, 1) if _is_channels_last(body) else single


def _is_channels_last(body: nn.Module) -> bool:
    return getattr(body, "output_fmt", "NCHW") == "NHWC"


def _spread_over(weight: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Return a map (batch, rows, columns), each cell the mean of what it covers of the one given."""
    weight = weight.clamp(0, 1)
    down = _overlaps(weight.shape[1], rows).to(weight)
    across = _overlaps(weight.shape[2], columns).to(weight)
    return down @ weight @ across.T


def _overlaps(count: int, wanted: int) -> torch.Tensor:
    """Return (wanted, count): which share of each of `wanted` equal parts of a line each of `count` parts covers."""
    edges = torch.arange(wanted + 1, dtype=torch.float64) / wanted
    cuts = torch.arange(count + 1, dtype=torch.float64) / count
    shared = torch.minimum(edges[1:, None], cuts[None, 1:]) - torch.maximum(edges[:-1, None], cuts[None, :-1])
    return shared.clamp(min=0) * wanted
