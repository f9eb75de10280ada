"""What of a film's frame is picture, told from many of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.datasets.letterbox import Box, find_letterbox
from rushes.footage.picture import resize_exactly
from rushes.footage.video_index import VideoIndex
from rushes.structure.facts import PictureArea

Pixels = npt.NDArray[np.uint8]
Edges = tuple[float, float, float, float]  # left, top, right, bottom as shares of the frame's sides

# Usual formats, width over height, by the names that people call them. 1.19 is that of early sound film, 1.43 of IMAX
# on film and 1.90 of IMAX in digital theatres, 2.55 of the first CinemaScope; 0.56 and 1.00 are those of telephones.
FORMATS = {
    "9:16": 9 / 16, "4:5": 4 / 5, "1:1": 1.0, "1.19:1": 1.19, "1.25:1": 1.25, "1.33:1": 4 / 3, "1.37:1": 1.375,
    "1.43:1": 1.43, "1.50:1": 1.5, "1.66:1": 5 / 3, "1.78:1": 16 / 9, "1.85:1": 1.85, "1.90:1": 1.9, "2.00:1": 2.0,
    "2.20:1": 2.2, "2.35:1": 2.35, "2.39:1": 2.39, "2.55:1": 2.55, "2.76:1": 2.76,
}  # fmt: skip
_NEAR = 0.012  # of the aspect: half of what is between 1.33 and 1.37 is more, of 2.35 and 2.39 a little less
_ALIKE = 0.012  # of a side: how far the edges of one format may be apart from picture to picture
_LIT = 24  # of 255: brighter is no bar
_BORDER = 0.02  # of a side: the border that must be lit where there are no bars
_MUCH_LIT = 0.3  # of that border
_OTHER_SHARE = 0.1  # of the pictures that tell are of another format in a film with several
_OTHER_LEAST = 3
GLIMPSE_SIDE = 480  # pixels of what pictures without bars of their own are laid over each other in


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What one picture shows of where the film's picture ends.

    Attributes:
        edges: left, top, right, bottom as shares of the frame's sides; None where it is too dark to tell.
        small: of one that is too dark, the picture in gray, its longer side at most `GLIMPSE_SIDE` pixels.
    """

    edges: Edges | None
    small: Pixels | None = None


def area_of(pictures: Sequence[Pixels], index: VideoIndex) -> PictureArea | None:
    """Return what of a film's frame is picture, as `area_of_glimpses` tells it of these pictures.

    Args:
        pictures: (height, width, 3) RGB, upright with square pixels as films are decoded here, of any one size or
            several; edges are as exact as a pixel of theirs. Some fifty from all over the film are plenty.
        index: of the film, for the size that edges are told in.
    """
    return area_of_glimpses([glimpse_of(pixels) for pixels in pictures], index)


def glimpse_of(pixels: Pixels) -> Glimpse:
    """Return what one picture, (height, width, 3) RGB, shows of where the film's picture ends."""
    edges = _edges_shown(pixels)
    if edges is not None:
        return Glimpse(edges)
    height, width = pixels.shape[:2]
    scale = min(1.0, GLIMPSE_SIDE / max(height, width))
    small = resize_exactly(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    return Glimpse(None, np.asarray(small.max(axis=2), np.uint8))


def area_of_glimpses(glimpses: Sequence[Glimpse], index: VideoIndex) -> PictureArea | None:
    """Return what of a film's frame is picture; None where no picture shows where it ends.

    Each picture may show bars (straight edges, `find_letterbox`), show that there are none (light at its borders), or
    be too dark to tell. The commonest answer counts. Where no picture tells alone, as in a film of night scenes, the
    brightest that each point ever gets is looked at.
    """
    told = [one.edges for one in glimpses if one.edges is not None]
    if not told:
        together = _laid_over([one.small for one in glimpses if one.small is not None])
        edges = None if together is None else _edges_shown(together)
        if edges is None:
            return None
        told = [edges]
    formats = _gather(told)
    others = formats[1:]
    varies = any(len(other) >= max(_OTHER_LEAST, _OTHER_SHARE * len(told)) for other in others)
    return _area(formats[0], index, varies=varies)


def name_of_aspect(aspect: float) -> str:
    """Return the usual format that an aspect is nearest to, `2.39:1`; "" where none is within 1.2 %."""
    name, usual = min(FORMATS.items(), key=lambda known: abs(np.log(known[1] / aspect)))
    return name if abs(usual / aspect - 1) <= _NEAR else ""


def _edges_shown(pixels: Pixels) -> Edges | None:
    """Return where the picture ends as one frame shows it; None where it is too dark to tell."""
    height, width = pixels.shape[:2]
    box = find_letterbox(pixels)
    if box == Box(0, height, 0, width) and not _reaches_borders(pixels):
        return None
    return box.left / width, box.top / height, box.right / width, box.bottom / height


def _reaches_borders(pixels: Pixels) -> bool:
    """Return whether light is at all four borders of a picture, so that it has no bars."""
    tall, wide = (max(2, round(_BORDER * side)) for side in pixels.shape[:2])
    borders = (pixels[:tall], pixels[-tall:], pixels[:, :wide], pixels[:, -wide:])
    return all(float((border.max(axis=2) > _LIT).mean()) >= _MUCH_LIT for border in borders)


def _laid_over(pictures: Sequence[Pixels]) -> Pixels | None:
    """Return of each point the brightest that it gets in any gray picture, as RGB; None without pictures."""
    if not pictures:
        return None
    height, width = pictures[0].shape
    alike = [one if one.shape == (height, width) else resize_exactly(one, width, height) for one in pictures]
    return np.asarray(np.repeat(np.maximum.reduce(alike)[:, :, None], 3, axis=2), np.uint8)


def _gather(told: Sequence[Edges]) -> list[list[Edges]]:
    """Return the answers of pictures, those of one format together, the commonest format first."""
    formats: list[list[Edges]] = []
    for edges in told:
        for known in formats:
            if all(abs(one - other) <= _ALIKE for one, other in zip(edges, np.median(known, axis=0), strict=True)):
                known.append(edges)
                break
        else:
            formats.append([edges])
    return sorted(formats, key=len, reverse=True)


def _area(edges: Sequence[Edges], index: VideoIndex, *, varies: bool) -> PictureArea:
    shares = np.median(np.asarray(edges), axis=0)
    left, right = (round(float(share) * index.width_pixels) for share in shares[[0, 2]])
    top, bottom = (round(float(share) * index.height_pixels) for share in shares[[1, 3]])
    aspect = (right - left) / (bottom - top)
    return PictureArea(left, top, right, bottom, aspect, name_of_aspect(aspect), varies)
