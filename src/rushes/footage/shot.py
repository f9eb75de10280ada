"""The values Shot and Cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CutKind = Literal["hard", "fade", "dissolve"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where one shot ends and the next begins.

    Attributes:
        ordinal: the first frame that belongs to the new shot; after a fade the first on which anything of it is seen,
            of a dissolve the one in its middle.
        kind: `hard` from one frame to the next; `fade` through one even colour, mostly black; `dissolve` where one
            picture shows through the other.
        start, stop: the frames that show the change, `[start, stop)`; for a hard cut both are `ordinal`.
        confidence: how sure the detector is, 0 to 1; 0.5 is its threshold.
    """

    ordinal: int
    kind: CutKind
    start: int
    stop: int
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.ordinal <= self.stop or not 0 <= self.confidence <= 1:
            raise ValueError(f"a cut needs 0 <= start <= ordinal <= stop and a confidence from 0 to 1, got {self!r}")


@dataclass(frozen=True, slots=True)
class Shot:
    """The frames of one source from one cut up to, not including, the next.

    Attributes:
        source: digest of the source, so that a renamed film is still the same film.
        start, stop: ordinals, `[start, stop)`, counted in presentation order from 0.
        opening: the cut with which it begins; None for the first shot of a film.
        typical: ordinal of the frame that looks most like all of the shot's.
        sharpest: ordinal of the frame with the most detail.
        blank: nothing is on it but one even colour.
    """

    source: str
    start: int
    stop: int
    opening: Cut | None
    typical: int
    sharpest: int
    blank: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError(f"a shot needs 0 <= start < stop, got {self.start=}, {self.stop=}")
        if not (self.start <= self.typical < self.stop and self.start <= self.sharpest < self.stop):
            raise ValueError(f"a shot's frames lie within it, got {self!r}")

    @property
    def frame_count(self) -> int:
        return self.stop - self.start
