"""Temporal layers: modules that turn the features of a shot's steps, of which some are padding, into one vector.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import nn

_ATTENTION_HEADS = 4
_FREQUENCIES = 4  # of the position in the shot


class MeanPool(nn.Module):
    """The mean over the steps that count.

    Attributes:
        out_features: what it gives.
    """

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features

    def forward(self, steps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (batch, features) for steps (batch, time, features) and which of them count (batch, time)."""
        return masked_mean(steps, mask)


class RecurrentPool(nn.Module):
    """Recurrent layers forth and back; the answer is the mean of their states over the steps that count.

    The mean, not the last state: a shot's first and last frame are its least typical ones, and the loss reaches every
    step directly. A state still knows what came before it, so that the order counts. The steps that count are brought
    to the left first, and the way back starts at the last of them: padding changes nothing, wherever it stands.
    """

    def __init__(
        self, in_features: int, width: int, layers: int, *, cell: type[nn.GRU | nn.LSTM], even: bool = True
    ) -> None:
        super().__init__()
        self.out_features = 2 * width
        self.even: nn.Module = nn.LayerNorm(in_features) if even else nn.Identity()
        widths = [in_features] + [2 * width] * (layers - 1)
        self.forth = nn.ModuleList(cell(before, width, batch_first=True) for before in widths)
        self.back = nn.ModuleList(cell(before, width, batch_first=True) for before in widths)

    def forward(self, steps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (batch, 2 * width) for steps (batch, time, features) and which of them count (batch, time)."""
        places = torch.arange(mask.shape[1], device=mask.device)
        first = torch.argsort(torch.where(mask, places, places + mask.shape[1]), dim=1)
        count = mask.sum(dim=1, keepdim=True)
        counted = places < count
        turned = torch.where(counted, count - 1 - places, places)
        states = take_steps(self.even(steps), first)
        for forth, back in zip(self.forth, self.back, strict=True):
            onward, _ = forth(states)
            backward, _ = back(take_steps(states, turned))
            states = torch.cat([onward, take_steps(backward, turned)], dim=2)
        return masked_mean(states, counted)


class AttentionPool(nn.Module):
    """A learned query looks at the steps that count, each of which knows its place in the shot.

    A place is a share of the shot's length, so that shots of any length compare. Layers before the last one let the
    steps look at each other.
    """

    def __init__(self, in_features: int, width: int, layers: int) -> None:
        super().__init__()
        self.out_features = width
        self.even = nn.LayerNorm(in_features)
        self.project = nn.Linear(in_features, width)
        self.place = nn.Linear(2 * _FREQUENCIES, width)
        self.mixing = nn.ModuleList(_Mixing(width) for _ in range(layers - 1))
        self.query = nn.Parameter(torch.randn(width) / math.sqrt(width))
        self.settle = nn.LayerNorm(width)
        self.key = nn.Linear(width, width)

    def forward(self, steps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (batch, width) for steps (batch, time, features) and which of them count (batch, time)."""
        states = self.project(self.even(steps)) + self.place(_waves(mask))
        for mixing in self.mixing:
            states = mixing(states, mask)
        states = self.settle(states)
        likeness = (self.key(states) * self.query).sum(dim=2)
        shares = masked_shares(likeness, mask)
        pooled: torch.Tensor = (shares.unsqueeze(2) * states).sum(dim=1)
        return pooled


class _Mixing(nn.Module):
    """Each step looks at all that count, then thinks for itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.parts = _ATTENTION_HEADS if width % _ATTENTION_HEADS == 0 else 1
        self.before = nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)
        self.told = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        width = states.shape[2] // self.parts
        split = self.asked(self.before(states)).unflatten(2, (3, self.parts, width)).permute(2, 0, 3, 1, 4)
        likeness = split[0] @ split[1].transpose(2, 3) / math.sqrt(width)
        shares = masked_shares(likeness, mask.unsqueeze(1).unsqueeze(1))
        mixed = (shares @ split[2]).transpose(1, 2).flatten(2)
        states = states + self.told(mixed)
        thought: torch.Tensor = states + self.think(states)
        return thought


Pooling = MeanPool | RecurrentPool | AttentionPool

_POOLINGS: Mapping[str, Callable[[int, int, int], Pooling]] = {
    "mean": lambda in_features, width, layers: MeanPool(in_features),
    "gru": lambda in_features, width, layers: RecurrentPool(in_features, width, layers, cell=nn.GRU),
    "lstm": lambda in_features, width, layers: RecurrentPool(in_features, width, layers, cell=nn.LSTM),
    "attention": AttentionPool,
}


def build_pooling(kind: str, in_features: int, *, width: int, layers: int) -> Pooling:
    """Return a temporal layer with random weights, drawn from torch's global generator.

    Args:
        kind: `mean`, which has neither width nor layers, `gru`, `lstm` or `attention`.
    """
    return _POOLINGS[kind](in_features, width, layers)


def masked_mean(steps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean (batch, features) of the steps (batch, time, features) that count; zeros where none does."""
    weights = mask.to(steps.dtype).unsqueeze(2)
    return (steps * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def masked_shares(likeness: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the softmax over the last axis of what counts; zeros where nothing does."""
    weights = mask.to(likeness.dtype)
    lowest = torch.finfo(likeness.dtype).min
    top = torch.where(mask, likeness, lowest).amax(dim=-1, keepdim=True)
    lifted = torch.exp((likeness - top).clamp(max=0)) * weights
    return lifted / lifted.sum(dim=-1, keepdim=True).clamp(min=1e-9)


def take_steps(steps: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Return the steps (batch, time, features) in an order (batch, time)."""
    return torch.gather(steps, 1, order.unsqueeze(2).expand(-1, -1, steps.shape[2]))


def _waves(mask: torch.Tensor) -> torch.Tensor:
    """Return sines and cosines (batch, time, 2 * frequencies) of each step's place, 0 to 1, among those that count."""
    rank = mask.to(torch.float32).cumsum(dim=1) - 1
    share = rank / (mask.sum(dim=1, keepdim=True).to(torch.float32) - 1).clamp(min=1)
    turns = math.pi * 2.0 ** torch.arange(_FREQUENCIES, device=mask.device, dtype=torch.float32) / 2
    angles = share.clamp(0, 1).unsqueeze(2) * turns
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=2)
