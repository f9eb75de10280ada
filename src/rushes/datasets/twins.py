"""Pairs of frames that look alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushes.catalog.catalog import StoredFrame
from rushes.footage.signature import near_duplicates


def find_twins(frames: Sequence[StoredFrame]) -> list[tuple[str, str]]:
    """Return the pairs of ids of frames whose pictures are nearly the same, identical files included."""
    signatures = np.array([item.signature for item in frames], np.uint64)
    return [(frames[one].frame.id, frames[other].frame.id) for one, other in near_duplicates(signatures)]
