"""Looks and tones of frames from the scan alone: what is always at hand, for any film, without a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.footage.signals import COLOUR_GRID, LUMA_GRID, Signals

Floats = npt.NDArray[np.float32]

_LUMA = LUMA_GRID[0] * LUMA_GRID[1]
_COLOUR = COLOUR_GRID[0] * COLOUR_GRID[1]
_LEAST_SPREAD = 6.0  # luma steps: what varies less is not stretched until its noise is all there is
_NEUTRAL = 128.0
_COLOUR_WEIGHT = 1.5 / 24.0  # 24 steps of colour difference count one and a half times a standard deviation of luma
_LUMA_BINS, _HUE_BINS, _CHROMA_EDGES = 8, 12, (6.0, 20.0, 45.0)


def rows_of_ordinals(signals: Signals, ordinals: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the row of each frame, or of the nearest that could be decoded."""
    after = np.searchsorted(signals.ordinal, ordinals).clip(0, signals.frame_count - 1)
    before = (after - 1).clip(0)
    nearer = np.abs(signals.ordinal[before] - ordinals) < np.abs(signals.ordinal[after] - ordinals)
    return np.where(nearer, before, after).astype(np.int64)


def looks_of_scan(signals: Signals, ordinals: npt.NDArray[np.int64]) -> Floats:
    """Return what frames look like, (frames, features), rows of length 1: where it is light, and where which colour is.

    The luma of each is taken without its mean and in units of its spread, so that exposure does not count.
    """
    signature = signals.signature[rows_of_ordinals(signals, ordinals)].astype(np.float32)
    luma, colour = signature[:, :_LUMA], signature[:, _LUMA:] - _NEUTRAL
    luma -= luma.mean(axis=1, keepdims=True)
    luma /= np.maximum(luma.std(axis=1, keepdims=True), _LEAST_SPREAD)
    return _unit(np.hstack([luma / np.sqrt(_LUMA), colour * _COLOUR_WEIGHT / np.sqrt(2 * _COLOUR)]))


def tones_of_scan(signals: Signals, ordinals: npt.NDArray[np.int64]) -> Floats:
    """Return how light and of which colours frames are, wherever in the picture: (frames, features), rows of length 1.

    Square roots of histograms, so that the product of two rows is their Bhattacharyya coefficient: of luma, and of hue
    at three strengths of colour.
    """
    signature = signals.signature[rows_of_ordinals(signals, ordinals)].astype(np.float32)
    luma = np.minimum(signature[:, :_LUMA] * (_LUMA_BINS / 256), _LUMA_BINS - 1).astype(np.int64)
    blue, red = signature[:, _LUMA : _LUMA + _COLOUR] - _NEUTRAL, signature[:, _LUMA + _COLOUR :] - _NEUTRAL
    strength = np.digitize(np.hypot(blue, red), _CHROMA_EDGES)
    hue = np.floor((np.arctan2(red, blue) / (2 * np.pi) + 0.5) * _HUE_BINS).astype(np.int64) % _HUE_BINS
    cells = np.where(strength == 0, 0, 1 + (strength - 1) * _HUE_BINS + hue)
    counted = np.hstack([_counts(luma, _LUMA_BINS), _counts(cells, 1 + len(_CHROMA_EDGES) * _HUE_BINS)])
    return _unit(np.sqrt(counted))


def _counts(cells: npt.NDArray[np.int64], count: int) -> Floats:
    """Return the share of each cell in each row, (rows, count)."""
    found = np.zeros((len(cells), count), np.float32)
    np.add.at(found, (np.arange(len(cells))[:, None], cells), 1 / cells.shape[1])
    return found


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0), np.float32)
