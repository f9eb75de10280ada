"""What a share that was counted on few samples can be relied on: one-sided exact bounds (Clopper and Pearson, 1934)."""

from __future__ import annotations

import math

import numpy as np

CONFIDENCE = 0.95
AFTER_A_CHOICE = 0.975  # of precision, whose threshold is chosen by it: this bound then holds in 95 of 100 cases
_HALVINGS = 50


def lower_bound(found: int, of: int, *, confidence: float = CONFIDENCE) -> float:
    """Return the share that the true one lies above with the given confidence, as if samples were independent.

    It is the share at which as many as were found, or more, would be found with probability 1 - `confidence`; 0 where
    nothing was found or there are no samples.
    """
    if not 0 <= found <= of:
        raise ValueError(f"found are 0 to {of}, got {found}")
    if found == 0:
        return 0.0
    if found == of:
        return float((1 - confidence) ** (1 / of))
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, of + 1)))])
    more = np.arange(found, of + 1)
    ways = logs[of] - logs[more] - logs[of - more]
    low, high = 0.0, found / of
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tail = np.exp(ways + more * math.log(middle) + (of - more) * math.log1p(-middle)).sum()
        low, high = (middle, high) if tail < 1 - confidence else (low, middle)
    return low


def samples_needed(share: float, *, confidence: float = CONFIDENCE) -> int | None:
    """Return from how many samples on, all of them found, a share can be promised; None of the whole, 1."""
    if share >= 1:
        return None
    return math.ceil(math.log(1 - confidence) / math.log(share)) if share > 0 else 1
