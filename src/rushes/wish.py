"""Wish: what a person wants of a class's threshold, and the words for it (`recall >= 0.95`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

MEASURES = ("recall", "precision", "fpr", "f1")
ALLOWED = "'recall >= 0.95', 'precision >= 90%', 'fpr <= 0.02' or 'best f1'"

_SIDES = {"recall": ">=", "precision": ">=", "fpr": "<="}
_BOUND = re.compile(
    r"(?P<measure>[a-z0-9]+)\s*(?P<side>>=|<=|≥|≤|=>|=<)\s*(?P<value>[0-9]*[.,]?[0-9]+)\s*(?P<percent>%?)"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of the threshold of one class.

    Attributes:
        measure: `recall` or `precision` (at least `bound`), `fpr` (at most `bound`), or `f1` (as high as can be).
        bound: a share; None of `f1`.
    """

    measure: str
    bound: float | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES or (self.bound is None) != (self.measure == "f1"):
            raise ValueError(f"a wish is {ALLOWED}, got {self!r}")
        if self.bound is None:
            return
        right, allowed = 0 < self.bound <= 1, "above 0 and up to 1"
        if self.measure == "fpr":  # no false alarm at all may be asked for; no recall at all says nothing
            right, allowed = 0 <= self.bound < 1, "from 0 to below 1"
        if not right:
            raise ValueError(f"{self.measure} is a share {allowed}, got {self.bound:g}")

    def holds(self, value: float) -> bool:
        """Return whether a value of the measure is as wished; best F1 bounds nothing."""
        return self.bound is None or (value <= self.bound if self.measure == "fpr" else value >= self.bound)

    def __str__(self) -> str:
        return "best f1" if self.bound is None else f"{self.measure} {_SIDES[self.measure]} {self.bound:g}"


BEST_F1 = Wish("f1")


def parse_wish(words: str) -> Wish:
    """Return the wish that words state: `recall >= 0.95`, `precision ≥ 90 %`, `fpr <= 0.02`, `best f1`.

    Raises:
        ValueError: they state none; the message begins with them and says what is allowed.
    """
    plain = " ".join(words.casefold().split())
    if plain == "best f1":
        return BEST_F1
    found = _BOUND.fullmatch(plain)
    if found is None or found["measure"] not in _SIDES:
        raise ValueError(f"'{words}' is no wish for a threshold. Allowed: {ALLOWED}")
    measure, side = found["measure"], ">=" if found["side"] in (">=", "≥", "=>") else "<="
    if side != _SIDES[measure]:
        raise ValueError(f"'{words}' bounds {measure} from the wrong side; write {measure} {_SIDES[measure]} "
                         f"{found['value']}{found['percent']}")  # fmt: skip
    value = Decimal(found["value"].replace(",", "."))  # a hundredth of it in floats would be off by the last digit
    try:
        return Wish(measure, float(value / 100 if found["percent"] else value))
    except ValueError as error:
        raise ValueError(f"'{words}': {error}. Allowed: {ALLOWED}") from None
