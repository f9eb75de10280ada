"""The values Person and Pose: how a figure looks, and what it does at one moment.

A figure stands at its feet, which are the origin; it is about one unit tall, and up is negative. Its head has
a frame of its own: the origin between the ears, half a head tall per unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rushes.datasets.synthetic.paint import Color, filtered

HEAD = 0.086  # half the height of a head, in heights of a figure
EYE_LINE = 0.06  # of the head's frame
MOUTH_LINE = 0.60


@dataclass(frozen=True, slots=True)
class Person:
    """How one figure looks; colours are those in white light."""

    skin: Color
    hair: Color
    iris: Color
    top: Color
    bottom: Color
    accent: Color
    shoes: Color
    hair_style: str  # short, swept, bob, long, bun, curls, bald, tail
    outfit: str  # tee, shirt, suit, coat, sweater, dress, overall, uniform
    hat: str = ""  # "", cowboy, beanie, fedora, cap, beret
    beard: str = ""  # "", full, moustache, stubble
    glasses: bool = False
    freckles: bool = False
    lips: Color = (190, 80, 80)
    height: float = 1.0
    jaw: float = 1.0  # width of the jaw
    brows: float = 1.0  # thickness

    def under(self, light: Color) -> Person:
        """Return the same person in coloured light."""
        return replace(
            self,
            skin=filtered(self.skin, light),
            hair=filtered(self.hair, light),
            iris=filtered(self.iris, light),
            top=filtered(self.top, light),
            bottom=filtered(self.bottom, light),
            accent=filtered(self.accent, light),
            shoes=filtered(self.shoes, light),
            lips=filtered(self.lips, light),
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """What a figure does at one moment.

    Attributes:
        turn: of the face and body, -1 (to the left of the picture) to 1.
        tilt: of the head, radians, clockwise.
        nod: of the head, in its own frame, downwards.
        lids: how far the eyes are open, 0 to 1.3.
        gaze: where the eyes look, each -1 to 1.
        mouth: how far the mouth is open, 0 to 1.
        smile: -1 to 1.
        brow: raised 1, drawn together -1.
        arms: (shoulder, elbow) of the left and of the right arm in the picture, radians away from hanging down.
        stride: None when standing, else the phase of the walk in radians.
        breath: 0 to 1.
    """

    turn: float = 0.0
    tilt: float = 0.0
    nod: float = 0.0
    lids: float = 1.0
    gaze: tuple[float, float] = (0.0, 0.0)
    mouth: float = 0.0
    smile: float = 0.2
    brow: float = 0.0
    arms: tuple[tuple[float, float], tuple[float, float]] = ((0.12, 0.15), (0.12, 0.15))
    stride: float | None = None
    breath: float = 0.0


def head_centre(person: Person, pose: Pose) -> tuple[float, float]:
    """Return where the middle of the head is, with the feet at the origin."""
    x, y = head_place(pose)
    return x * person.height, y * person.height


def head_place(pose: Pose) -> tuple[float, float]:
    """Return the same in heights of the figure."""
    bob = 0.0 if pose.stride is None else -0.012 * abs(np.sin(pose.stride))
    return pose.turn * 0.012, -1 + HEAD * 1.02 + bob - pose.breath * 0.003
