"""The values Subtitle and FilmSubtitles: what is said when, aligned to a film's shots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fit = Literal["fits", "moved", "other film", "not known"]


@dataclass(frozen=True, slots=True)
class Subtitle:
    """One subtitle; who speaks is not known.

    Attributes:
        start_seconds, stop_seconds: in the film, the offset taken out.
        text: without markup; lines are kept.
        first, stop: places of the shots that it is shown over, `[first, stop)`; the same number of one outside the
            film.
    """

    start_seconds: float
    stop_seconds: float
    text: str
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class FilmSubtitles:
    """The subtitles of a film.

    Attributes:
        name: of the file.
        entries: in the order of time.
        offset_seconds: how much later than the file says they are in the film; taken out of `entries`.
        fit: `fits` as they are; `moved` by `offset_seconds`; `other film`: they do not go with what is heard; `not
            known`: there is too little to compare with.
        reason: what was compared, in words.
        speed: what the file's times are multiplied by before the offset is added: 1 but where the film runs at another
            frame rate than the one that the subtitles were made for.
        notes: what was left out of the file, and what lies outside the film, in words.
    """

    name: str
    entries: tuple[Subtitle, ...]
    offset_seconds: float
    fit: Fit
    reason: str
    speed: float = 1.0
    notes: tuple[str, ...] = ()
