"""A picture in gray, standardised: its values, how they are distributed, and the normal density fitted to them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, floor, pi, sqrt

import numpy as np
import numpy.typing as npt

MOST_BARS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """A picture in gray with its mean taken off and divided by its standard deviation.

    Attributes:
        values: (height, width) float32; mean 0 and standard deviation 1, or all 0 where the picture is flat.
        gray_mean: of the picture before, on the scale of 8 bits.
        gray_deviation: standard deviation, on the same scale; 0 of a flat picture.
    """

    values: npt.NDArray[np.float32]
    gray_mean: float
    gray_deviation: float

    @property
    def is_flat(self) -> bool:
        """Whether all pixels are of one gray, so that there is nothing to divide by."""
        return self.gray_deviation == 0


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie between edges; none lies outside of them.

    Attributes:
        edges: (bars + 1,) ascending, evenly apart.
        counts: (bars,); a bar holds what is at or above its lower edge and below its upper one.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def densities(self) -> tuple[float, ...]:
        """The height of each bar where the area of all bars is 1."""
        area = sum(self.counts) * (self.edges[1] - self.edges[0])
        return tuple(count / area for count in self.counts)


@dataclass(frozen=True, slots=True)
class NormalFit:
    """The normal density that makes values most likely: with their mean and their standard deviation."""

    mean: float
    deviation: float

    def density(self, at: float) -> float:
        """Return the height of the curve."""
        return exp(-(((at - self.mean) / self.deviation) ** 2) / 2) / (self.deviation * sqrt(2 * pi))


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the standardised values of a picture that is not flat are distributed.

    Attributes:
        low, high: the least and the greatest value.
        histogram: of all values.
        fit: to all values.
    """

    low: float
    high: float
    histogram: Histogram
    fit: NormalFit


def standardise(pixels: npt.NDArray[np.uint8]) -> Standardised:
    """Return a picture in gray (ITU-R BT.601 luma), with mean 0 and standard deviation 1.

    Args:
        pixels: (height, width, 3), RGB.
    """
    red, green, blue = (pixels[:, :, channel].astype(np.int32) for channel in range(3))
    # Thousandths of a level: of whole numbers, so that pixels of one colour are of one gray.
    gray = 299 * red + 587 * green + 114 * blue
    mean = float(gray.mean(dtype=np.float64))
    if gray.min() == gray.max():
        return Standardised(np.zeros(gray.shape, np.float32), mean / 1000, 0.0)
    deviation = float(gray.std(dtype=np.float64))
    return Standardised(((gray - mean) / deviation).astype(np.float32), mean / 1000, deviation / 1000)


def as_gray(standardised: Standardised) -> npt.NDArray[np.uint8]:
    """Return (height, width) uint8 to be looked at: the least value is black and the greatest white, none is clipped.

    A flat picture has neither, and is middle gray.
    """
    values = standardised.values
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(values.shape, 128, np.uint8)
    return np.asarray(np.rint((values - np.float32(low)) * np.float32(255 / (high - low))), np.uint8)


def describe(standardised: Standardised) -> Distribution | None:
    """Return how the values of a picture are distributed; None of a flat one.

    The bars of the histogram are whole levels of 8-bit gray wide, so that no bar holds more levels than another and a
    comb is seen only where the picture has one.
    """
    if standardised.is_flat:
        return None
    values, step = standardised.values, 1 / standardised.gray_deviation
    low, high = float(values.min()), float(values.max())
    first = floor(low / step + standardised.gray_mean + 0.5)
    levels = floor(high / step + standardised.gray_mean + 0.5) - first + 1
    wide = ceil(levels / MOST_BARS)
    bars = ceil(levels / wide)
    start = (first - 0.5 - standardised.gray_mean) * step
    # Rounding may put a value on an edge a hair beside it; the bar is the same.
    places = ((values - np.float32(start)) / np.float32(wide * step)).astype(np.int64)
    counts = np.bincount(np.clip(places, 0, bars - 1).ravel(), minlength=bars)
    edges = tuple(start + bar * wide * step for bar in range(bars + 1))
    fit = NormalFit(float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64)))
    return Distribution(low, high, Histogram(edges, tuple(counts.tolist())), fit)
