"""How the pictures of each class are: sizes, shapes, exposure and sharpness, and which picture is furthest out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.picture_facts import PictureFacts
from rushes.evaluation.class_shares import Mix
from rushes.learning.measures import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
OUTLIERS = 6  # pictures of each kind
SIZES = 12  # that are named
_ASPECTS = (
    ("1:1", 1.0), ("5:4", 1.25), ("4:3", 4 / 3), ("1.37:1", 1.375), ("3:2", 1.5), ("16:10", 1.6), ("1.66:1", 1.66),
    ("16:9", 16 / 9), ("1.85:1", 1.85), ("1.90:1", 1.896), ("2:1", 2.0), ("2.2:1", 2.2),
    ("2.39:1", 2.39), ("2.76:1", 2.76),
)  # fmt: skip
_NEAR = 0.025  # of the logarithm; a shape that lies between two names has the nearer one
_HARDLY_SQUARE = 1.05
# Names of frame sizes that cameras and deliveries go by.
_CALLED = {
    (7680, 4320): "8K UHD", (4096, 2160): "4K DCI", (3840, 2160): "4K UHD", (2048, 1080): "2K DCI",
    (1920, 1080): "Full HD", (1440, 1080): "HDV", (1280, 720): "HD", (720, 576): "PAL", (720, 480): "NTSC",
    (640, 480): "VGA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of one measure over the pictures of one class.

    Attributes:
        quantiles: at QUANTILES; () where it has no picture that could be read.
    """

    measure: str
    class_name: str
    pictures: int
    quantiles: tuple[float, ...] = ()

    def to_table(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "class": self.class_name,
            "pictures": self.pictures,
            "quantiles": dict(zip(map(str, QUANTILES), self.quantiles, strict=False)) or None,
        }


@dataclass(frozen=True, slots=True)
class Outlier:
    """A picture at an end of a measure.

    Attributes:
        kind: `darkest`, `brightest`, `blurriest` or `oddest shape`.
        row: place among the rows that were measured.
        value: of the measure.
    """

    kind: str
    row: int
    value: float


@dataclass(frozen=True, slots=True)
class PictureSpreads:
    """How the pictures of each class are.

    Attributes:
        spreads: by measure, then by class.
        sizes: (width, height) -> pictures, the commonest first.
        aspects: shapes in order of their width, and for each class how many pictures have each.
        outliers: by kind, the furthest out first.
    """

    spreads: tuple[Spread, ...]
    sizes: tuple[tuple[tuple[int, int], int], ...]
    aspects: tuple[str, ...]
    shapes: tuple[Mix, ...]
    outliers: tuple[Outlier, ...]

    def to_table(self) -> dict[str, Any]:
        return {
            "spreads": [one.to_table() for one in self.spreads],
            "sizes": [
                {"width": width, "height": height, "name": name_of_size(width, height), "pictures": pictures}
                for (width, height), pictures in self.sizes
            ],
            "aspects": {
                mix.name: {name: number for name, number in zip(self.aspects, mix.counts, strict=True) if number}
                for mix in self.shapes
            },
        }


def columns_of(facts: Sequence[PictureFacts]) -> dict[str, Floats]:
    """Return measure -> (pictures,) its values, in the order in which a page shows them."""
    return {
        "brightness": np.array([one.brightness for one in facts]),
        "contrast": np.array([one.contrast for one in facts]),
        "clipped_dark": np.array([one.clipped_dark for one in facts]),
        "clipped_bright": np.array([one.clipped_bright for one in facts]),
        "sharpness": np.array([one.sharpness for one in facts]),
        "aspect": np.array([one.aspect for one in facts]),
        "pixels": np.array([float(one.width * one.height) for one in facts]),
    }


def measure_spreads(
    facts: Sequence[PictureFacts], truth: npt.NDArray[np.int64], classes: Sequence[str]
) -> PictureSpreads:
    """Return how the pictures of each class are.

    Args:
        facts: (pictures,), one at least.
        truth: (pictures,) index of the class.
    """
    columns = columns_of(facts)
    spreads = [
        _spread(measure, name, column[truth == index])
        for measure, column in columns.items()
        for index, name in enumerate(classes)
    ]
    named = [name_of_aspect(one.width, one.height) for one in facts]
    width_of = {name: one.aspect for name, one in zip(named, facts, strict=True)}
    aspects = sorted(set(named), key=lambda name: width_of[name])
    pairs = Counter(zip(named, truth.tolist(), strict=True))
    shapes = [Mix(name, tuple(pairs[shape, index] for shape in aspects)) for index, name in enumerate(classes)]
    sizes = Counter((one.width, one.height) for one in facts)
    return PictureSpreads(
        spreads=tuple(spreads),
        sizes=tuple(sorted(sizes.items(), key=lambda item: (-item[1], -item[0][0] * item[0][1], item[0]))),
        aspects=tuple(aspects),
        shapes=tuple(shapes),
        outliers=find_outliers(columns),
    )


def _spread(measure: str, name: str, values: Floats) -> Spread:
    if not len(values):
        return Spread(measure, name, 0)
    return Spread(measure, name, len(values), tuple(float(value) for value in np.quantile(values, QUANTILES)))


def find_outliers(columns: Mapping[str, Floats]) -> tuple[Outlier, ...]:
    """Return the pictures at the ends: the darkest, brightest, blurriest and oddest-shaped.

    No shape is odd where most pictures' shapes are all alike; of the others the furthest from the middle one counts.
    """
    shape = np.log(columns["aspect"])
    off = np.abs(shape - np.median(shape))
    ends = (
        ("darkest", columns["brightness"], columns["brightness"]),
        ("brightest", -columns["brightness"], columns["brightness"]),
        ("blurriest", columns["sharpness"], columns["sharpness"]),
        ("oddest shape", -off, columns["aspect"]),
    )
    found = []
    for kind, order, values in ends:
        places = np.argsort(order, kind="stable")[: min(OUTLIERS, len(order) // 2)]
        if kind == "oddest shape":
            places = places[off[places] > _NEAR]
        found += [Outlier(kind, int(place), float(values[place])) for place in places]
    return tuple(found)


def name_of_aspect(width: int, height: int) -> str:
    """Return a shape by its usual name: `16:9`, `3:4` for an upright 4:3, `1.48:1` for one without a name."""
    wide, narrow = max(width, height), min(width, height)
    aspect = wide / narrow
    name, value = min(_ASPECTS, key=lambda known: abs(np.log(aspect / known[1])))
    if abs(np.log(aspect / value)) > _NEAR and aspect >= _HARDLY_SQUARE:
        name = f"{aspect:.1f}:1"
    if width >= height or name == "1:1":
        return name
    one, other = name.split(":")
    return f"{other}:{one}"


def name_of_size(width: int, height: int) -> str:
    """Return what cameras and deliveries call a size, `Full HD`; "" for one without such a name."""
    return _CALLED.get((width, height), "")
