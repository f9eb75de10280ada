"""Small convolutional networks, trained from scratch, as values.

The design `cnn-6x6` is that of the MCU project, which tells medium close-ups from other shots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rushes.datasets.preprocessing import Color
from rushes.errors import RecipeError

if TYPE_CHECKING:
    from torch import nn

_POOL = 2


@dataclass(frozen=True, slots=True)
class Design:
    """The shape of a plain CNN: unpadded convolutions, each with ReLU and max-pool 2, then one dense layer.

    Attributes:
        units: channels of each convolution.
        kernels: side of each convolution's square kernel, in pixels.
        dense: width of the dense layer.
        width, height: pixels of the input.
        color: of the input.
        dropout: share of the dense layer's inputs dropped in training.
    """

    units: tuple[int, ...]
    kernels: tuple[int, ...]
    dense: int
    width: int
    height: int
    color: Color = "gray"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not self.units or len(self.units) != len(self.kernels) or min(*self.units, *self.kernels, self.dense) < 1:
            raise ValueError(f"a design needs as many units as kernels, all above 0, and a dense layer, got {self!r}")
        smallest = smallest_side(self.kernels)
        if min(self.width, self.height) < smallest:
            raise RecipeError(
                f"an input of {self.width}x{self.height} pixels is too small for convolutions of "
                f"{', '.join(f'{side}x{side}' for side in self.kernels)}: nothing would be left to look at. "
                f"Give input.size at least [{smallest}, {smallest}]"
            )

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return 1 if self.color == "gray" else 3

    @property
    def flat_count(self) -> int:
        """How many numbers the last pool gives to the dense layer."""
        return self.units[-1] * _side_left(self.width, self.kernels) * _side_left(self.height, self.kernels)

    @property
    def largest_map_count(self) -> int:
        """How many numbers the largest map of one picture holds: the first convolution's."""
        return self.units[0] * (self.width - self.kernels[0] + 1) * (self.height - self.kernels[0] + 1)

    def to_table(self) -> dict[str, Any]:
        """Return the design as plain values, ready for JSON."""
        return {"kind": "cnn", **asdict(self), "units": list(self.units), "kernels": list(self.kernels)}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Design:
        """Return the design that `to_table` described."""
        values = {key: value for key, value in table.items() if key != "kind"}
        return cls(**values | {"units": tuple(values["units"]), "kernels": tuple(values["kernels"])})


def smallest_side(kernels: tuple[int, ...]) -> int:
    """Return the shortest side, in pixels, of an input of which these convolutions and pools leave one pixel."""
    side = 1
    for kernel in reversed(kernels):
        side = side * _POOL + kernel - 1
    return side


DESIGNS: Mapping[str, Design] = {
    "cnn-6x6": Design(units=(64, 64, 64, 64, 128), kernels=(3, 6, 5, 4, 3), dense=64, width=128, height=128),
}


def build_cnn_body(design: Design) -> nn.Sequential:
    """Return the network of a design without its class output: (batch, channels, height, width) to (batch, dense)."""
    from torch import nn

    layers: list[nn.Module] = []
    channels = design.channels
    for units, kernel in zip(design.units, design.kernels, strict=True):
        # Pooled first: the largest of the rectified is the largest, rectified, and there is a quarter to rectify.
        layers += [nn.Conv2d(channels, units, kernel), nn.MaxPool2d(_POOL), nn.ReLU()]
        channels = units
    layers += [nn.Flatten(), nn.Dropout(design.dropout), nn.Linear(design.flat_count, design.dense), nn.ReLU()]
    body = nn.Sequential(*layers)
    for layer in body:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            # He et al. 2015: torch's own default lets the signal of six rectified layers die away.
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return body


def _side_left(side: int, kernels: tuple[int, ...]) -> int:
    for kernel in kernels:
        side = (side - kernel + 1) // _POOL
    return side
