"""The pictures that a film's page carries: each once, and all of them within a budget."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.footage.picture import PictureSize, encode_picture, resize
from rushes.structure.facts import PictureArea
from rushes.structure.film import Film
from rushes.timelines.markup import text
from rushes.timelines.shot_pictures import ShotPicture

SETUP_BYTES, SHOT_BYTES = (
    3_300_000,
    1_700_000,
)  # of the pictures of set-ups, and of the other shots; a third more in text
_SETUP_SIDES, _SHOT_SIDES = (320, 256, 208, 160, 128), (320, 256, 192, 144, 112, 96)
_QUALITY = 62
_TRIED = 12  # pictures by which it is foreseen how large all of them become at a side
_WIDTH = 320.0  # of every picture in the page's own units
NO_PICTURE = '<span class="still lost">no picture</span>'


@dataclass(frozen=True, slots=True)
class Stills:
    """The pictures of a page.

    Attributes:
        held: shot -> its picture.
        stands_for: (shots,) the shot whose picture shows each: the shot's own, or one of its set-up; None without.
        leads: set-up -> the shot that stands for it, whose picture is the largest.
        height: of a picture as wide as 320.
        area: left, top, width and height of what is shown of it, in the same units: black bars are taken away.
    """

    held: Mapping[int, ShotPicture]
    stands_for: tuple[int | None, ...]
    leads: Mapping[int, int]
    height: float
    area: tuple[float, float, float, float]

    @property
    def view(self) -> str:
        """What every still shows, as an SVG viewBox."""
        return " ".join(f"{value:.1f}" for value in self.area)

    def markup(self) -> str:
        """Return all pictures as SVG that is not seen itself, for `still` to show."""
        held = "".join(
            f'<image id="p{shot}" width="{_WIDTH:.0f}" height="{self.height:.1f}" preserveAspectRatio="none" '
            f'href="data:image/webp;base64,{base64.b64encode(one.data).decode("ascii")}"/>'
            for shot, one in self.held.items()
        )
        return f'<svg class="held" width="0" height="0" aria-hidden="true"><defs>{held}</defs></svg>'

    def still(self, shot: int, setup: int, label: str) -> str:
        """Return the picture of a shot's set-up, the shot's own where it is as large, or an empty frame.

        Args:
            label: what a reader hears who does not see it.
        """
        lead, own = self.held.get(self.leads.get(setup, -1)), self.held.get(shot)
        if lead is not None and (own is None or own.width_pixels < lead.width_pixels):
            return self._show(self.leads[setup], label)
        return self._show(self.stands_for[shot], label)

    def _show(self, shown: int | None, label: str) -> str:
        if shown is None:
            return NO_PICTURE
        return (
            f'<svg class="still" viewBox="{self.view}" preserveAspectRatio="xMidYMid slice" role="img" '
            f'aria-label="{text(label)}"><use href="#p{shown}"/></svg>'
        )


def show_portrait(portrait: bytes | None, label: str) -> str:
    """Return the face of a character, a JPEG, or an empty frame."""
    if portrait is None:
        return NO_PICTURE
    data = base64.b64encode(portrait).decode("ascii")
    return f'<img class="still" src="data:image/jpeg;base64,{data}" alt="{text(label)}">'


def choose_stills(
    film: Film,
    pictures: Sequence[ShotPicture | None],
    *,
    setup_bytes: int = SETUP_BYTES,
    shot_bytes: int = SHOT_BYTES,
) -> Stills:
    """Return the pictures of a film's page: one of each set-up, then those of other shots as small as they must be.

    Args:
        pictures: one for each shot, of its typical frame.
        setup_bytes, shot_bytes: what the pictures of set-ups, and those of other shots may take.
    """
    setups = film.structure.setups
    leads = lead_shots(film, pictures)
    held = _fitted({shot: pictures[shot] for shot in leads.values()}, _SETUP_SIDES, setup_bytes, keep_some=True)
    rest = {shot: picture for shot, picture in enumerate(pictures) if shot not in held}
    held |= _fitted(rest, _SHOT_SIDES, shot_bytes, keep_some=False)
    of_setup = {setup: shot for setup, shot in leads.items() if shot in held}
    stands_for = tuple(shot if shot in held else of_setup.get(setup) for shot, setup in enumerate(setups))
    shape = next(((one.width_pixels, one.height_pixels) for one in pictures if one), (16, 9))
    height = _WIDTH * shape[1] / shape[0]
    return Stills(dict(sorted(held.items())), stands_for, of_setup, height, _shown_area(film, height))


def lead_shots(film: Film, pictures: Sequence[ShotPicture | None]) -> dict[int, int]:
    """Return of each set-up the shot that stands for it: the longest one with a picture; set-ups seen longest first."""
    lengths = [place.duration_seconds for place in film.timeline.shots]
    leads: dict[int, int] = {}
    total: dict[int, float] = {}
    for shot, setup in enumerate(film.structure.setups):
        if setup < 0 or pictures[shot] is None:
            continue
        total[setup] = total.get(setup, 0.0) + float(lengths[shot])
        if setup not in leads or lengths[shot] > lengths[leads[setup]]:
            leads[setup] = shot
    return {setup: leads[setup] for setup in sorted(leads, key=lambda one: -total[one])}


def _shown_area(film: Film, height: float) -> tuple[float, float, float, float]:
    area: PictureArea | None = film.facts.area
    if area is None or area.varies or area.right <= area.left or area.bottom <= area.top:
        return 0.0, 0.0, _WIDTH, height
    across, down = _WIDTH / film.timeline.width_pixels, height / film.timeline.height_pixels
    return area.left * across, area.top * down, (area.right - area.left) * across, (area.bottom - area.top) * down


def _fitted(
    wanted: Mapping[int, ShotPicture | None], sides: Sequence[int], budget: int, *, keep_some: bool
) -> dict[int, ShotPicture]:
    """Return pictures at the largest of some sides at which all of them are within a budget.

    Args:
        keep_some: where they are not even at the smallest, keep the first ones; otherwise none.
    """
    had = {shot: picture for shot, picture in wanted.items() if picture is not None}
    if sum(len(picture.data) for picture in had.values()) <= budget:
        return had
    tried = [one.pixels for one in list(had.values())[:: max(1, len(had) // _TRIED)]]
    for side in sides:
        foreseen = sum(len(_shrunk(pixels, side).data) for pixels in tried) / len(tried) * len(had)
        if foreseen <= budget * 0.95:
            break
    else:
        if not keep_some:
            return {}
    held, used = {}, 0
    for shot, picture in had.items():
        small = _shrunk(picture.pixels, side)
        used += len(small.data)
        if used > budget:
            break
        held[shot] = small
    return held


def _shrunk(pixels: npt.NDArray[np.uint8], side: int) -> ShotPicture:
    small = resize(pixels, PictureSize(long_side=side))
    return ShotPicture(encode_picture(small, "webp", _QUALITY), small.shape[1], small.shape[0])
