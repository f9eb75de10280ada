"""The dominant colours of pictures, and of films by those of their shots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rushes.datasets.letterbox import find_letterbox
from rushes.footage.picture import PictureSize, resize
from rushes.structure.facts import ColourShare

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MOST_COLOURS = 6
_LONG_SIDE = 96  # pixels; the grain of a film is averaged away, its colours are not
_STEP = 8  # codes of sRGB that are counted as one colour
_ROUNDS = 10  # of k-means, after which hardly a colour changes sides
_ALIKE = 0.06  # OKLab: colours nearer than this are one (a just noticeable difference is about 0.02)
_LEAST_SHARE = 0.015  # of the picture; a rarer colour is counted with its nearest

# sRGB to cones and cones to OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)


def palette_of(pictures: Sequence[Pixels]) -> tuple[ColourShare, ...]:
    """Return the dominant colours of a shot, the commonest first: up to six, fewer where its pictures have fewer.

    K-means in OKLab, begun with the colours that are commonest and farthest apart, so that the same pictures always
    give the same palette. Black bars are no colour of a shot: where one of its pictures shows them (`find_letterbox`),
    they are left out of all.

    Args:
        pictures: (height, width, 3) RGB of one shot; () gives no colour.
    """
    small = [resize(pixels, PictureSize(long_side=_LONG_SIDE)) for pixels in _without_bars(pictures)]
    if not small:
        return ()
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in small]).astype(np.int64)
    cells = pixels // _STEP
    side = 256 // _STEP
    keys = (cells[:, 0] * side + cells[:, 1]) * side + cells[:, 2]
    found, where, counts = np.unique(keys, return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(where, pixels[:, channel], len(found)) for channel in range(3)], axis=1)
    return _clustered(_lab_of(means / counts[:, None] / 255), counts / counts.sum())


def merge_palettes(palettes: Sequence[Sequence[ColourShare]], weights: Sequence[float]) -> tuple[ColourShare, ...]:
    """Return the palette of a film, by those of its shots.

    Args:
        weights: how much each shot counts: its seconds.
    """
    colours = [
        ((one.red, one.green, one.blue), one.share * weight)
        for palette, weight in zip(palettes, weights, strict=True)
        for one in palette
    ]
    total = sum(share for _, share in colours)
    if total <= 0:
        return ()
    codes = np.array([code for code, _ in colours], np.float64)
    return _clustered(_lab_of(codes / 255), np.array([share for _, share in colours]) / total)


def _without_bars(pictures: Sequence[Pixels]) -> list[Pixels]:
    """Return pictures without the bars that most of those with bars have; pictures of another size are left whole."""
    small = [resize(pixels, PictureSize(long_side=2 * _LONG_SIDE)) for pixels in pictures]
    whole = [(0, pixels.shape[0], 0, pixels.shape[1]) for pixels in small]
    found = [(box.top, box.bottom, box.left, box.right) for box in map(find_letterbox, small)]
    with_bars = Counter(
        (pixels.shape, box) for pixels, box, all_of_it in zip(small, found, whole, strict=True) if box != all_of_it
    )
    if not with_bars:
        return small
    (shape, (top, bottom, left, right)), _ = with_bars.most_common(1)[0]
    inner = slice(top + 1, max(bottom - 1, top + 2)), slice(left, right)  # an edge is half bar
    return [pixels[inner] if pixels.shape == shape else pixels for pixels in small]


def _clustered(lab: Floats, shares: Floats) -> tuple[ColourShare, ...]:
    """Return the centres of colours and how much is nearest to each, the commonest first.

    Args:
        lab: (colours, 3), OKLab.
        shares: (colours,), adding up to 1.
    """
    centres = _first_centres(lab, shares)
    for _ in range(_ROUNDS):
        centres = _means(lab, shares, _nearest(lab, centres), centres)
    sizes = np.asarray(np.bincount(_nearest(lab, centres), shares, len(centres)), np.float64)
    centres, sizes = _merged(centres, sizes)
    order = sorted(range(len(centres)), key=lambda place: (-sizes[place], *centres[place]))
    codes = _codes_of(centres)
    return tuple(_share(codes[place], float(sizes[place])) for place in order)


def _share(codes: npt.NDArray[np.int64], share: float) -> ColourShare:
    red, green, blue = (int(code) for code in codes)
    return ColourShare(red, green, blue, share)


def _first_centres(lab: Floats, shares: Floats) -> Floats:
    """Return the commonest colour, then each time the one of which most is farthest from those before."""
    chosen = [int(np.argmax(shares))]
    away = ((lab - lab[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < MOST_COLOURS and away.max() > _ALIKE**2:
        # The root of the share: a small patch of a strange colour is seen, a stray pixel is not.
        chosen.append(int(np.argmax(np.sqrt(shares) * away)))
        away = np.minimum(away, ((lab - lab[chosen[-1]]) ** 2).sum(axis=1))
    return lab[chosen]


def _nearest(lab: Floats, centres: Floats) -> npt.NDArray[np.int64]:
    # |a - b|² without |a|², which is the same for all centres
    return np.asarray(((centres**2).sum(axis=1) - 2 * lab @ centres.T).argmin(axis=1), np.int64)


def _means(lab: Floats, shares: Floats, nearest: npt.NDArray[np.int64], before: Floats) -> Floats:
    sizes = np.bincount(nearest, shares, len(before))
    sums = np.stack([np.bincount(nearest, shares * lab[:, axis], len(before)) for axis in range(3)], axis=1)
    return np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1e-12)[:, None], before)


def _merged(centres: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Return colours of which no two are alike and none is hardly there."""
    centres, sizes = centres[sizes > 0], sizes[sizes > 0]
    while len(centres) > 1:
        apart = np.sqrt(((centres[:, None] - centres[None]) ** 2).sum(axis=2))
        np.fill_diagonal(apart, np.inf)
        rare = int(sizes.argmin())
        if apart.min() < _ALIKE:
            one, other = (int(place) for place in np.unravel_index(apart.argmin(), apart.shape))
        elif sizes[rare] < _LEAST_SHARE:
            one, other = int(apart[rare].argmin()), rare
        else:
            break
        weights = sizes[[one, other]]
        # What is hardly there is counted with its nearest, and does not tint it.
        if weights.min() >= _LEAST_SHARE:
            centres[one] = (centres[[one, other]] * weights[:, None]).sum(axis=0) / weights.sum()
        elif weights[1] > weights[0]:
            centres[one] = centres[other]
        sizes[one] = weights.sum()
        centres, sizes = np.delete(centres, other, axis=0), np.delete(sizes, other)
    return centres, sizes


def _lab_of(srgb: Floats) -> Floats:
    """Return colours in OKLab. Args: srgb: (colours, 3), 0 to 1."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T, np.float64)


def _codes_of(lab: Floats) -> npt.NDArray[np.int64]:
    """Return colours as sRGB codes, 0 to 255."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * srgb), np.int64)
