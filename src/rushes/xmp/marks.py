"""The values Marks and CullMark: what an editor says of a photograph, and what a cull writes beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Flag = Literal["pick", "reject"]
REJECTED = -1  # of xmp:Rating
MOST_STARS = 5


@dataclass(frozen=True, slots=True)
class Marks:
    """What an editor says of a photograph; None where it says nothing.

    Attributes:
        rating: stars, 0 to 5; -1 (REJECTED) for a reject.
        label: the words of a colour label as they stand, `Green`, `Select`, `Grün`.
        flag: a pick or reject that is stated apart from the rating, as digiKam, Photo Mechanic and Lightroom do.
    """

    rating: int | None = None
    label: str | None = None
    flag: Flag | None = None

    def __post_init__(self) -> None:
        if self.rating is not None and not REJECTED <= self.rating <= MOST_STARS:
            raise ValueError(f"a rating is {REJECTED} to {MOST_STARS}, got {self.rating}")


@dataclass(frozen=True, slots=True)
class CullMark:
    """What a cull says of one photograph.

    Attributes:
        verdict: pick or reject.
        score: the model's probability that it is kept, 0 to 1.
        bundle: id of the bundle that said so.
        threshold: score from which on photographs were picked.
    """

    verdict: Flag
    score: float
    bundle: str
    threshold: float
