"""Photographs that belong together: bursts, brackets, focus stacks and panoramas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SeriesKind = Literal["burst", "bracket", "focus stack", "panorama"]
KEPT_WHOLE: tuple[SeriesKind, ...] = ("bracket", "focus stack", "panorama")  # each is one picture in the making


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What is known of one photograph when it is asked what it belongs to; None where it is not stated.

    Attributes:
        captured_at: ISO 8601, with the fraction of the second where it is stated.
        camera: maker, model and, where stated, the serial number of the body.
        exposure_bias: of the exposure, in EV.
        exposure, aperture, iso, focal_length: as in `rushes.footage.camera.CameraFacts`.
        focus_distance: metres.
        signature: of its pixels (`rushes.footage.signature`); FLAT where there are none.
    """

    captured_at: str | None = None
    camera: str | None = None
    exposure_bias: float | None = None
    exposure: float | None = None
    aperture: float | None = None
    iso: float | None = None
    focal_length: float | None = None
    focus_distance: float | None = None
    signature: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """Photographs that were taken as one.

    Attributes:
        members: places in the list of photographs, in the order in which they were taken; at least two.
        why: what they were known by, for a person: `3 frames in 0.4 s, exposure -2, 0, +2 EV`.
    """

    kind: SeriesKind
    members: tuple[int, ...]
    why: str

    def __post_init__(self) -> None:
        if len(self.members) < 2 or len(set(self.members)) != len(self.members):
            raise ValueError(f"a series needs two photographs or more, each once, got {self.members}")
