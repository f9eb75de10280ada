"""Convolutional networks to be trained from scratch, as values: their layers' sizes and their figures, without torch.

`cnn-4x4`, `cnn-5x5`, `cnn-6x6` and `mcu` are of the MCU project, which tells medium close-ups from other shots;
`rarity` grades frames in colour; `sepconv` is a small Xception (Chollet 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from rushes.datasets.preprocessing import Color
from rushes.errors import RecipeError

# plain: a pool after each convolution, one dense layer. pairs: a pool after every second. separable: residual blocks
# of separable convolutions, averaged over the picture.
Form = Literal["plain", "pairs", "separable"]

POOL = 2
_CONVOLUTIONS_PER_POOL: Mapping[str, int] = {"plain": 1, "pairs": 2}
_LEAST_LAST_SIDE = 2  # of the last maps of a separable design: batch normalisation needs more than one number


@dataclass(frozen=True, slots=True)
class Design:
    """The shape of a network without its class output.

    Attributes:
        units: channels of each convolution; of a separable design of its first convolution and of each block.
        kernels: side of the square kernel of each, in pixels.
        dense: width of the dense layer; 0 for a separable design, which has none.
        width, height: pixels of the input.
        color: of the input.
        dropout: share dropped in training: plain, of the dense layer's inputs; pairs, of its outputs, and half as much
            after each pool; separable, of what the class output is given.
        form: how the convolutions are put together.
        batch_norm: whether each convolution is followed by batch normalisation.
    """

    units: tuple[int, ...]
    kernels: tuple[int, ...]
    dense: int
    width: int
    height: int
    color: Color = "gray"
    dropout: float = 0.0
    form: Form = "plain"
    batch_norm: bool = False

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise ValueError(f"a design is one of {get_args(Form)}, got {self.form=}")
        if not self.units or len(self.units) != len(self.kernels) or min(*self.units, *self.kernels) < 1:
            raise ValueError(f"a design needs as many units as kernels, all above 0, got {self!r}")
        if (self.form == "separable") != (self.dense == 0) or self.dense < 0:
            raise ValueError(f"a design has a dense layer, and a separable one none, got {self!r}")
        if len(self.units) % _CONVOLUTIONS_PER_POOL.get(self.form, 1):
            raise ValueError(f"a design in pairs needs an even number of convolutions, got {self!r}")
        if self.form == "separable" and not all(kernel % 2 for kernel in self.kernels):
            raise RecipeError(f"kernels of {_sides(self.kernels)} do not fit a separable design, which pads its maps "
                              "evenly. Give model.kernels odd numbers")  # fmt: skip
        smallest = smallest_side(self.kernels, form=self.form)
        if min(self.width, self.height) < smallest:
            raise RecipeError(
                f"an input of {self.width}x{self.height} pixels is too small for convolutions of "
                f"{_sides(self.kernels)}: nothing would be left to look at. "
                f"Give input.size at least [{smallest}, {smallest}]"
            )

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return 1 if self.color == "gray" else 3

    @property
    def flat_count(self) -> int:
        """How many numbers the last map gives: to the dense layer, or to the average of a separable design."""
        width, height = self.last_sides
        return self.units[-1] * width * height

    @property
    def feature_count(self) -> int:
        """How many numbers the class output is given."""
        return self.dense or self.units[-1]

    @property
    def last_sides(self) -> tuple[int, int]:
        """Width and height of the last maps."""
        (width, _), (height, _) = (_sides_left(side, self) for side in (self.width, self.height))
        return width, height

    @property
    def largest_map_count(self) -> int:
        """How many numbers the largest map of one picture holds."""
        (_, widths), (_, heights) = (_sides_left(side, self) for side in (self.width, self.height))
        return max(units * width * height for units, width, height in zip(self.units, widths, heights, strict=True))

    def to_table(self) -> dict[str, Any]:
        """Return the design as plain values, ready for JSON."""
        return {"kind": "cnn", **asdict(self), "units": list(self.units), "kernels": list(self.kernels)}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Design:
        """Return the design that `to_table` described, now or in a run of an earlier version."""
        values = {key: value for key, value in table.items() if key != "kind"}
        return cls(**values | {"units": tuple(values["units"]), "kernels": tuple(values["kernels"])})


def smallest_side(kernels: tuple[int, ...], *, form: Form = "plain") -> int:
    """Return the shortest side, in pixels, of an input of which these convolutions and pools leave something."""
    if form == "separable":
        return int(_LEAST_LAST_SIDE * POOL ** len(kernels))
    side = 1
    for place in reversed(range(len(kernels))):
        if (place + 1) % _CONVOLUTIONS_PER_POOL[form] == 0:
            side *= POOL
        side += kernels[place] - 1
    return side


def count_parameters(design: Design) -> int:
    """Return how many numbers a design learns, its class output left out."""
    bias = 0 if design.batch_norm else 1  # what normalisation shifts needs no bias of its own
    after = 2 if design.batch_norm else 0  # its scale and its shift
    channels = (design.channels, *design.units)
    if design.form == "separable":
        total = design.units[0] * (design.channels * design.kernels[0] ** 2 + bias + after)
        for (given, units), kernel in zip(pairwise(design.units), design.kernels[1:], strict=True):
            first = given * kernel**2 + units * (given + bias + after)
            second = units * kernel**2 + units * (units + bias + after)
            total += first + second + units * (given + bias + after)
        return total
    convolutions = sum(
        units * (given * kernel**2 + bias + after)
        for (given, units), kernel in zip(pairwise(channels), design.kernels, strict=True)
    )
    return convolutions + design.dense * (design.flat_count + 1)


def describe_design(design: Design) -> str:
    """Return a design's layers in a line."""
    layers = [f"{units} {side}x{side}" for units, side in zip(design.units, design.kernels, strict=True)]
    if design.form == "separable":
        return f"conv {layers[0]}, separable residual blocks {', '.join(layers[1:])}, average"
    if design.form == "pairs":
        layers = [f"{first} + {second}" for first, second in zip(layers[::2], layers[1::2], strict=True)]
        return f"conv {', '.join(layers)}, pool after each pair, dense {design.dense}"
    return f"conv {', '.join(layers)}, pool after each, dense {design.dense}"


def _sides(kernels: tuple[int, ...]) -> str:
    return ", ".join(f"{side}x{side}" for side in kernels)


def _sides_left(side: int, design: Design) -> tuple[int, list[int]]:
    """Return what is left of a side at the end, and the side of the largest map of each convolution or block."""
    found = []
    for place, kernel in enumerate(design.kernels):
        if design.form == "separable":
            halved = -(-side // POOL)
            found.append(side if place else halved)  # a block convolves before it pools, the first one strides
            side = halved
            continue
        side = side - kernel + 1
        found.append(side)
        if (place + 1) % _CONVOLUTIONS_PER_POOL[design.form] == 0:
            side //= POOL
    return side, found


def _of_study(largest: int) -> Design:
    """Return the design of the MCU study none of whose kernels is wider than `largest`."""
    kernels = tuple(min(kernel, largest) for kernel in (3, 6, 5, 4, 3))
    return Design(units=(64, 64, 64, 64, 128), kernels=kernels, dense=64, width=128, height=128)


DESIGNS: Mapping[str, Design] = {
    "cnn-4x4": _of_study(4),
    "cnn-5x5": _of_study(5),
    "cnn-6x6": _of_study(6),
    "mcu": Design(units=(64, 64, 128, 256, 512), kernels=(3, 6, 5, 4, 3), dense=128, width=128, height=128),
    "rarity": Design(
        units=(32, 32, 64, 64),
        kernels=(3, 3, 3, 3),
        dense=512,
        width=256,
        height=144,
        color="rgb",
        dropout=0.5,
        form="pairs",
    ),
    "sepconv": Design(
        units=(32, 64, 128, 256, 512),
        kernels=(3, 3, 3, 3, 3),
        dense=0,
        width=256,
        height=256,
        color="rgb",
        dropout=0.25,
        form="separable",
        batch_norm=True,
    ),
}
