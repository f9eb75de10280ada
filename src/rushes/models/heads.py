"""What stands on top of a body: modules that turn its features into logits, and their shapes as plain values.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

# What every class is given beside its votes: a class without a vote is improbable, never impossible.
_TIED = 0.01  # of the temperature: neighbours no farther apart than this are as near
_PRIOR = 0.1
# A vote weighs no more than that of a neighbour which is so many temperatures ahead: one wrong label beside a picture
# makes the answer wrong, not boundlessly sure of itself.
_FARTHEST_AHEAD = 6.0


@dataclass(frozen=True, slots=True)
class LinearShape:
    """One weight per feature and class."""

    def to_table(self) -> dict[str, Any]:
        """Return the shape as plain values, ready for JSON."""
        return {"kind": "linear"}


@dataclass(frozen=True, slots=True)
class KnnShape:
    """The nearest of stored samples vote.

    Attributes:
        neighbours: how many vote; fewer than `samples`.
        samples: how many are stored.
        temperature: by how much less near a sample weighs 1/e of one at the same place.
    """

    neighbours: int
    samples: int
    temperature: float

    def __post_init__(self) -> None:
        if not 0 < self.neighbours < self.samples or not self.temperature > 0:
            raise ValueError(f"a vote needs 0 < neighbours < samples and a temperature above 0, got {self}")

    def to_table(self) -> dict[str, Any]:
        """Return the shape as plain values, ready for JSON."""
        return {
            "kind": "knn",
            "neighbours": self.neighbours,
            "samples": self.samples,
            "temperature": self.temperature,
        }


@dataclass(frozen=True, slots=True)
class MlpShape:
    """One hidden layer.

    Attributes:
        hidden: its width.
        dropout: share of it that is dropped in training.
    """

    hidden: int
    dropout: float = 0.2

    def to_table(self) -> dict[str, Any]:
        """Return the shape as plain values, ready for JSON."""
        return {"kind": "mlp", "hidden": self.hidden, "dropout": self.dropout}


HeadShape = LinearShape | KnnShape | MlpShape


def parse_head_shape(table: Mapping[str, Any]) -> HeadShape:
    """Return the shape that its `to_table` described.

    Raises:
        KeyError, TypeError, ValueError: the table describes none.
    """
    return _SHAPES[table["kind"]](table)


_SHAPES: Mapping[str, Callable[[Mapping[str, Any]], HeadShape]] = {
    "linear": lambda table: LinearShape(),
    "knn": lambda table: KnnShape(table["neighbours"], table["samples"], table["temperature"]),
    "mlp": lambda table: MlpShape(table["hidden"], table["dropout"]),
}


class KnnHead(nn.Module):
    """The stored samples that are most like a picture vote on its class.

    Likeness is the cosine between features that were standardised with the spread of train. Of the `neighbours`
    nearest, each votes with `weight * (exp((likeness - least) / temperature) - 1)`, where `least` is the likeness of
    the first one that has no vote, and at most 6 temperatures behind. So a vote fades to nothing before its sample
    drops out, and the answer is a continuous function of the picture (after Dudani 1976, whose weights fade so too):
    rounding that differs between two machines swaps neighbours, but not answers. Each class is given a tenth of a vote
    beside, so that no class is impossible, and a picture that is equally like all its neighbours is answered "I do not
    know".

    Attributes:
        centre, spread: (features,) float32, of train.
        stored: (samples, features) float32, standardised, each row of length 1.
        answers: (samples,) int64, index of each one's class.
        votes: (samples,) float32, weight of each one's vote.
    """

    centre: torch.Tensor
    spread: torch.Tensor
    stored: torch.Tensor
    answers: torch.Tensor
    votes: torch.Tensor

    def __init__(self, in_features: int, out_features: int, *, shape: KnnShape) -> None:
        super().__init__()
        self.in_features, self.out_features, self.shape = in_features, out_features, shape
        self.register_buffer("centre", torch.zeros(in_features))
        self.register_buffer("spread", torch.ones(in_features))
        self.register_buffer("stored", torch.zeros(shape.samples, in_features))
        self.register_buffer("answers", torch.zeros(shape.samples, dtype=torch.int64))
        self.register_buffer("votes", torch.ones(shape.samples))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes), whose softmax is each class's share of the votes, for (batch, features)."""
        likeness = self.place(features) @ self.stored.T
        nearest, indices = torch.topk(likeness, self.shape.neighbours + 1, dim=1)
        return count_votes(nearest, self.answers[indices], self.votes[indices], self.shape, self.out_features)

    def place(self, features: torch.Tensor) -> torch.Tensor:
        """Return features as they are stored: standardised, each row of length 1."""
        return nn.functional.normalize((features - self.centre) / self.spread, dim=1)


def count_votes(
    nearest: torch.Tensor, answers: torch.Tensor, votes: torch.Tensor, shape: KnnShape, class_count: int
) -> torch.Tensor:
    """Return the logarithm of each class's share of the votes, (batch, classes).

    Args:
        nearest: (batch, neighbours + 1) likeness, the nearest first; the last one has no vote unless all
            are as near.
        answers: (batch, neighbours + 1) index of each one's class.
        votes: (batch, neighbours + 1) weight of each one's vote.
    """
    voters = shape.neighbours
    ahead = (nearest[:, :voters] - nearest[:, voters : voters + 1]) / shape.temperature
    fading = torch.nn.functional.pad(torch.expm1(ahead.clamp(max=_FARTHEST_AHEAD)), (0, 1))
    # Where all are as near, as frames of a held shot are, none is ahead: then they vote all the same.
    tied = torch.relu(1 - ahead[:, :1] / _TIED)
    weights = votes * (fading + tied)
    is_class = answers.unsqueeze(2) == torch.arange(class_count, device=answers.device)
    counted = (weights.unsqueeze(2) * is_class.to(weights.dtype)).sum(dim=1) + _PRIOR
    return torch.log(counted) - torch.log(counted.sum(dim=1, keepdim=True))


class MlpHead(nn.Module):
    """One hidden layer with ReLU, then one weight per hidden number and class."""

    def __init__(self, in_features: int, out_features: int, *, shape: MlpShape) -> None:
        super().__init__()
        self.in_features, self.out_features, self.shape = in_features, out_features, shape
        self.hidden = nn.Linear(in_features, shape.hidden)
        self.dropout = nn.Dropout(shape.dropout)
        self.out = nn.Linear(shape.hidden, out_features)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes) for (batch, features)."""
        logits: torch.Tensor = self.out(self.dropout(torch.relu(self.hidden(features))))
        return logits


Head = nn.Linear | KnnHead | MlpHead


def build_head(shape: HeadShape, in_features: int, out_features: int) -> Head:
    """Return a head of a shape: random weights from torch's global generator, or no stored samples yet."""
    if isinstance(shape, KnnShape):
        return KnnHead(in_features, out_features, shape=shape)
    if isinstance(shape, MlpShape):
        return MlpHead(in_features, out_features, shape=shape)
    return nn.Linear(in_features, out_features)


def shape_of(head: Head) -> HeadShape:
    """Return the shape that `build_head` would need to build a head alike."""
    return head.shape if isinstance(head, KnnHead | MlpHead) else LinearShape()
