"""The training samples that a model knows, placed by its features, and which of them a picture is most like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.learning.head_trials import standardise

LIMIT = 1000  # samples that are kept
_BLOCK = 1024  # pictures compared with all samples at a time

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KnownSample:
    """One training sample: what it shows and where it is from.

    Attributes:
        image: its picture, relative to the project's folder, or an address; "" where the picture travels elsewhere.
        sha256: digest of the picture's bytes, in hex; "" where nobody knows it.
    """

    name: str
    class_name: str
    group: str
    timecode: str
    image: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSamples:
    """Training samples by what a model sees in them.

    Attributes:
        samples: (samples,).
        centre, spread: (features,) float32, of the training samples whose features were at hand.
        placed: (samples, features) float32, standardised by these, each row of length 1, as a knn head stores them.
    """

    samples: tuple[KnownSample, ...]
    centre: Floats
    spread: Floats
    placed: Floats

    def __post_init__(self) -> None:
        if self.placed.shape != (len(self.samples), len(self.centre)) or self.spread.shape != self.centre.shape:
            raise ValueError(f"{len(self.samples)} samples of {len(self.centre)} features do not stand in a table of "
                             f"{self.placed.shape}")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The samples that each of some pictures is most like, the most alike first.

    Attributes:
        rows: (pictures, neighbours) int64, of the samples.
        likeness: (pictures, neighbours) float32, cosines; 1 is the same to the model, which another frame may be too.
    """

    rows: Rows
    likeness: Floats


def know_samples(samples: Sequence[KnownSample], features: Floats, *, of: Floats | None = None) -> KnownSamples:
    """Return samples placed by their features, (samples, features).

    Args:
        of: (more samples, features), by whose mean and spread they are standardised; None takes their own.
    """
    _, centre, spread = standardise((features if of is None else of).astype(np.float32))
    return KnownSamples(tuple(samples), centre, spread, place(features, centre, spread))


def place(features: Floats, centre: Floats, spread: Floats) -> Floats:
    """Return features, (pictures, features), standardised and each row of length 1."""
    even = (features.astype(np.float32) - centre) / spread
    length = np.linalg.norm(even, axis=1, keepdims=True)
    return np.asarray(even / np.maximum(length, np.float32(1e-12)), np.float32)


def find_nearest(known: KnownSamples, features: Floats, count: int) -> Nearest:
    """Return the `count` training samples that are most like each of some pictures; fewer where fewer are known.

    Args:
        features: (pictures, features), as the model gives them.
    """
    return nearest_rows(known.placed, place(features, known.centre, known.spread), count)


def nearest_rows(placed: Floats, asked: Floats, count: int) -> Nearest:
    """Return the `count` rows of a table that are most like each row asked for; equals in the table's order.

    Args:
        placed, asked: (samples, features) and (pictures, features), each row of length 1.
    """
    count = min(count, len(placed))
    rows = np.empty((len(asked), count), np.int64)
    likeness = np.empty((len(asked), count), np.float32)
    for at in range(0, len(asked), _BLOCK):
        table = asked[at : at + _BLOCK] @ placed.T
        order = np.argsort(-table, axis=1, kind="stable")[:, :count]
        rows[at : at + _BLOCK] = order
        likeness[at : at + _BLOCK] = np.take_along_axis(table, order, axis=1)
    return Nearest(rows, likeness)


def spread_over(class_names: Sequence[str], groups: Sequence[str], limit: int) -> list[int]:
    """Return at most `limit` rows, in their order: classes take turns, within a class its groups, evenly over each."""
    if len(class_names) <= limit:
        return list(range(len(class_names)))
    held: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, (class_name, group) in enumerate(zip(class_names, groups, strict=True)):
        held[class_name][group].append(row)
    turns: list[tuple[int, int]] = []
    for of_class in held.values():
        each = sorted((turn, row) for rows in of_class.values() for turn, row in enumerate(_halving(rows)))
        turns += [(turn, row) for turn, (_, row) in enumerate(each)]
    return sorted(row for _, row in sorted(turns)[:limit])


def _halving(rows: Sequence[int]) -> list[int]:
    """Return rows so ordered that the first few of them are spread over all: by the bits of their place, reversed."""
    bits = max(1, (len(rows) - 1).bit_length())
    order = sorted(range(len(rows)), key=lambda place: int(f"{place:0{bits}b}"[::-1], 2))
    return [rows[place] for place in order]
