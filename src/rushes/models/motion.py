"""Models of the measured motion of a camera: modules that turn a shot's aggregates, or its series, into logits.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

import torch
from torch import nn

from rushes.models.poolings import RecurrentPool

_LEAST_EVIDENCE = 1e-9
FARTHEST = 6.0  # spreads from the mean: what is measured farther out counts no more than this


class Standard(nn.Module):
    """Numbers on the scale of train: mean 0, spread 1, clipped to 6 spreads.

    Attributes:
        centre, spread: (numbers,) float32; a number of infinite spread says nothing.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, count: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the numbers (..., count) on the scale of train."""
        return ((numbers - self.centre) / self.spread).clamp(-FARTHEST, FARTHEST)


class LinearMotion(nn.Module):
    """One weight per aggregate and class, on aggregates that are standardised and clipped."""

    kind = "linear"

    def __init__(self, aggregates: int, classes: int) -> None:
        super().__init__()
        self.standard = Standard(aggregates)
        self.out = nn.Linear(aggregates, classes)

    def forward(self, aggregates: torch.Tensor, series: torch.Tensor, series_mask: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes) for aggregates (batch, aggregates); the series is not looked at."""
        logits: torch.Tensor = self.out(self.standard(aggregates))
        return logits


class BoostedMotion(nn.Module):
    """Trees of one depth whose leaves are added up to each class's logit.

    Question `i` of a tree is followed by question `2 * i + 1` where its answer is no, by `2 * i + 2` where it is yes;
    yes is `aggregate > threshold`. Leaves stand in the order of the answers, no before yes.

    Attributes:
        constant: (classes,) float32, the logits without any tree.
        asked: (rounds, classes, 2**depth - 1) int64, which aggregate each question asks for.
        thresholds: of the same shape, float32.
        leaves: (rounds, classes, 2**depth) float32.
    """

    kind = "boosted"
    constant: torch.Tensor
    asked: torch.Tensor
    thresholds: torch.Tensor
    leaves: torch.Tensor

    def __init__(self, classes: int, *, rounds: int, depth: int) -> None:
        super().__init__()
        self.rounds, self.depth = rounds, depth
        self.register_buffer("constant", torch.zeros(classes))
        self.register_buffer("asked", torch.zeros(rounds, classes, 2**depth - 1, dtype=torch.int64))
        self.register_buffer("thresholds", torch.zeros(rounds, classes, 2**depth - 1))
        self.register_buffer("leaves", torch.zeros(rounds, classes, 2**depth))

    def forward(self, aggregates: torch.Tensor, series: torch.Tensor, series_mask: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes) for aggregates (batch, aggregates); the series is not looked at."""
        trees = self.rounds * self.constant.shape[0]
        questions = 2**self.depth - 1
        numbers = torch.index_select(aggregates, 1, self.asked.flatten())
        yes = (numbers > self.thresholds.flatten()).to(torch.int64)  # (batch, trees * questions)
        first = torch.arange(trees, device=aggregates.device) * questions
        node = torch.zeros_like(yes[:, :trees])
        for _ in range(self.depth):
            node = 2 * node + 1 + torch.gather(yes, 1, first + node)
        leaf = node - questions + torch.arange(trees, device=aggregates.device) * (questions + 1)
        found = torch.index_select(self.leaves.flatten(), 0, leaf.flatten())
        return self.constant + found.view(-1, self.rounds, self.constant.shape[0]).sum(dim=1)


class SeriesMotion(nn.Module):
    """A recurrent layer forth and back over the standardised series."""

    kind = "gru"

    def __init__(self, columns: int, classes: int, *, width: int) -> None:
        super().__init__()
        self.width = width
        self.standard = Standard(columns)
        self.pooling = RecurrentPool(columns, width, 1, cell=nn.GRU, even=False)
        self.dropout = nn.Dropout(0.2)
        self.out = nn.Linear(self.pooling.out_features, classes)

    def forward(self, aggregates: torch.Tensor, series: torch.Tensor, series_mask: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes) for a series (batch, pairs, columns) and which of its pairs count."""
        steps = torch.where(series_mask.unsqueeze(2), self.standard(series), 0.0)
        logits: torch.Tensor = self.out(self.dropout(self.pooling(steps, series_mask)))
        return logits


class ShippedMotion(nn.Module):
    """The model of the four movements that comes with rushes, as part of a network; nothing of it is learnt.

    The numbers are those of `rushes.footage.movement_model.MovementModel`: trees and a regression, on a shot as it is
    and as it would be played backwards.

    Attributes:
        twins, signs: (aggregates,), what each aggregate is of the shot played backwards: another one, times 1 or -1.
        mirrored: (classes,), the class that each is then.
        order: (classes,), which of the model's classes each class of the task is.
        measured: (1,), which aggregate says how much of the motion counts; where none does, the answer is `usual`.
        usual: (classes,), shares of the classes in films.
        floor: (classes,), the probability that each class keeps whatever was measured.
    """

    kind = "shipped"
    twins: torch.Tensor
    signs: torch.Tensor
    mirrored: torch.Tensor
    order: torch.Tensor
    mixture: torch.Tensor
    prior: torch.Tensor
    measured: torch.Tensor
    usual: torch.Tensor
    floor: torch.Tensor

    def __init__(self, aggregates: int, classes: int, *, rounds: int, depth: int) -> None:
        super().__init__()
        self.rounds, self.depth = rounds, depth
        self.trees = BoostedMotion(classes, rounds=rounds, depth=depth)
        self.linear = LinearMotion(aggregates, classes)
        self.register_buffer("twins", torch.arange(aggregates))
        self.register_buffer("signs", torch.ones(aggregates))
        self.register_buffer("mirrored", torch.arange(classes))
        self.register_buffer("order", torch.arange(classes))
        self.register_buffer("mixture", torch.tensor([0.5, 1.0, FARTHEST]))  # share of trees, sharpness, farthest
        self.register_buffer("prior", torch.zeros(classes))
        self.register_buffer("measured", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("usual", torch.full((classes,), 1 / classes))
        self.register_buffer("floor", torch.zeros(classes))

    def forward(self, aggregates: torch.Tensor, series: torch.Tensor, series_mask: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes) for aggregates (batch, aggregates); the series is not looked at."""
        turned = torch.index_select(aggregates, 1, self.twins) * self.signs
        forth = self._one_way(aggregates, series, series_mask)
        back = torch.index_select(self._one_way(turned, series, series_mask), 1, self.mirrored)
        evidence = ((forth + back) / 2).clamp(min=_LEAST_EVIDENCE)
        shares = torch.softmax(self.mixture[1] * torch.log(evidence) + self.prior, dim=1)
        known = torch.index_select(aggregates, 1, self.measured) > 0
        found = torch.where(known, (1 - self.floor.sum()) * shares + self.floor, self.usual)
        return torch.index_select(torch.log(found.clamp(min=_LEAST_EVIDENCE)), 1, self.order)

    def _one_way(self, aggregates: torch.Tensor, series: torch.Tensor, series_mask: torch.Tensor) -> torch.Tensor:
        trees = torch.softmax(self.trees(aggregates, series, series_mask), dim=1)
        even = (aggregates - self.linear.standard.centre) / self.linear.standard.spread
        even = torch.minimum(torch.maximum(even, -self.mixture[2]), self.mixture[2])
        return self.mixture[0] * trees + (1 - self.mixture[0]) * torch.softmax(self.linear.out(even), dim=1)


MotionModel = LinearMotion | BoostedMotion | SeriesMotion | ShippedMotion


def build_motion(
    kind: str, classes: int, *, aggregates: int, columns: int, rounds: int, depth: int, width: int
) -> MotionModel:
    """Return a model of the motion: random weights from torch's global generator, or no trees yet.

    Args:
        kind: `linear`, `boosted`, `gru` or `shipped`.
    """
    if kind == "linear":
        return LinearMotion(aggregates, classes)
    if kind == "boosted":
        return BoostedMotion(classes, rounds=rounds, depth=depth)
    if kind == "gru":
        return SeriesMotion(columns, classes, width=width)
    if kind == "shipped":
        return ShippedMotion(aggregates, classes, rounds=rounds, depth=depth)
    raise ValueError(f"there is no model of motion '{kind}'")
