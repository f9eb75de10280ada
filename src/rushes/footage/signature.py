"""Perceptual signatures of pictures, and which pictures of one side look like some of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

FLAT = 0  # the signature of a picture with nothing on it
MAX_DISTANCE = 8  # of 64 bits
_FLAT_CONTRAST = 4.0  # standard deviation of 8-bit luma; film grain on black stays below
_BITS = 64
_SIDE = 32  # of the luma that is transformed, pixels
_TILE = 1 << 17  # comparisons in one go: what they need stays in the processor's cache
_BATCH = 1 << 24  # comparisons per batch, which bounds the memory that one batch can take


def signature_of(pixels: npt.NDArray[np.uint8]) -> int:
    """Return 64 bits that stay nearly the same when a picture is re-encoded, resized or brightened a little.

    Each bit says whether one of the 64 lowest frequencies of a 32x32 luma picture (its discrete cosine transform
    without the constants) is above their median. A black, white or grey picture has no such frequencies, only
    noise; it gets FLAT, which is near nothing, so that all black frames do not pass for one picture.

    Args:
        pixels: (height, width, 3), RGB.

    Returns:
        0 (FLAT) to 2**64 - 1.
    """
    import cv2

    # Colour goes last: on the small picture it costs nothing.
    small = cv2.resize(np.ascontiguousarray(pixels), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return int(signatures_of(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)[None])[0])


def signatures_of(lumas: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return the signatures of many pictures at once.

    Args:
        lumas: (pictures, 32, 32), full range.

    Returns:
        (pictures,), uint64.
    """
    waves = _waves()
    low = (waves @ lumas.astype(np.float32) @ waves.T).reshape(len(lumas), -1)[:, 1:65]
    bits = low > np.median(low, axis=1, keepdims=True)
    signatures = np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
    signatures[lumas.std(axis=(1, 2)) < _FLAT_CONTRAST] = FLAT
    return signatures


@cache
def _waves() -> npt.NDArray[np.float32]:
    """Return the nine lowest waves of the discrete cosine transform (type II, orthonormal), (9, 32)."""
    place = (np.arange(_SIDE) + 0.5) * np.pi / _SIDE
    waves = np.cos(np.arange(9)[:, None] * place) * np.sqrt(2 / _SIDE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)


@dataclass(frozen=True, slots=True)
class Looks:
    """Pictures brought together where they stand on one side and have one signature: an hour of a still is one look.

    A side is what is compared with its like: a group, a part of a split. FLAT pictures have no look.

    Attributes:
        signatures: (looks,), uint64.
        sides: (looks,), ascending.
        firsts: (looks,), position of the look's first picture, ascending within a side.
        sizes: (looks,), number of pictures.
        of: (pictures,), the look of each picture; -1 for FLAT.
    """

    signatures: npt.NDArray[np.uint64]
    sides: npt.NDArray[np.int64]
    firsts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    of: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alike:
    """Looks that have their like on another side, ordered by look, then side.

    Attributes:
        looks: (found,).
        sides: (found,), never the look's own.
        likes: (found,), the first look of that side that is near.
    """

    looks: npt.NDArray[np.int64]
    sides: npt.NDArray[np.int64]
    likes: npt.NDArray[np.int64]


def gather_looks(signatures: npt.NDArray[np.uint64], sides: Sequence[int] | npt.NDArray[np.int64]) -> Looks:
    """Return the looks of pictures.

    Args:
        signatures: (pictures,), uint64.
        sides: (pictures,), the number of each picture's side.

    Raises:
        ValueError: there is not one side per signature.
    """
    if len(sides) != len(signatures):
        raise ValueError(f"looks need one side per signature, got {len(sides)} for {len(signatures)}")
    all_signatures, all_sides = np.asarray(signatures, np.uint64), np.asarray(sides, np.int64)
    places = np.flatnonzero(all_signatures != FLAT)
    places = places[np.lexsort((places, all_signatures[places], all_sides[places]))]
    new = np.ones(len(places), bool)
    new[1:] = np.diff(all_signatures[places]) != 0
    new[1:] |= np.diff(all_sides[places]) != 0
    starts = np.flatnonzero(new)
    firsts = places[starts]
    order = np.lexsort((firsts, all_sides[firsts]))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    of = np.full(len(all_signatures), -1, np.int64)
    of[places] = rank[np.cumsum(new) - 1]
    firsts = firsts[order]
    sizes = np.diff(np.append(starts, len(places)))[order]
    return Looks(all_signatures[firsts], all_sides[firsts], firsts, sizes, of)


def find_alike(looks: Looks, *, max_distance: int = MAX_DISTANCE) -> Iterator[Alike]:
    """Yield each look with each other side that has one at most `max_distance` bits away: each such pair once.

    Two signatures that differ in at most d bits agree in at least one of d + 1 bands of bits, so only looks that agree
    in a band are compared. Where so many agree that comparing all with all is less work, all are compared.

    What is found grows with looks times sides, not with pairs of pictures, and comes in batches ordered by look.
    """
    count = len(looks.sides)
    if not count or looks.sides[0] == looks.sides[-1]:
        return
    bands = [_Band.of(values) for values in _bands_of(looks.signatures, max_distance)]
    work = np.sum([band.comparisons() for band in bands], axis=0)
    done = np.cumsum(np.minimum(work, count))
    start = 0
    while start < count:
        before = done[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(done, before + _BATCH, side="right")))
        rows = np.arange(start, stop)
        if work[rows].sum() >= len(rows) * count:
            yield from _in_batches(_compare(looks, rows, np.arange(count), max_distance))
        else:
            found = [alike for band in bands for alike in _compare_in(band, looks, rows, max_distance)]
            if found:
                yield _once(_join(found))
        start = stop


@dataclass(frozen=True, slots=True)
class _Band:
    """Some bits of every signature.

    Attributes:
        values: (looks,), what the bits say.
        order: (looks,), looks by value, then ascending.
        starts: where each value starts in `order`, and the end.
    """

    values: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @staticmethod
    def of(values: npt.NDArray[np.int64]) -> _Band:
        order = np.argsort(values, kind="stable")
        return _Band(values, order, np.searchsorted(values[order], np.arange(values.max() + 2)))

    def comparisons(self) -> npt.NDArray[np.int64]:
        """Return (looks,) how many looks say the same here."""
        return np.diff(self.starts)[self.values]

    def alike(self, value: int) -> npt.NDArray[np.int64]:
        """Return the looks of a value, ascending."""
        return self.order[self.starts[value] : self.starts[value + 1]]


def _bands_of(signatures: npt.NDArray[np.uint64], max_distance: int) -> list[npt.NDArray[np.int64]]:
    """Return the bits of each signature in bands, one more than the bits that may differ (some empty beyond 63)."""
    edges = np.linspace(0, _BITS, max_distance + 2).astype(int)
    # A band wider than 16 bits would want a long list of starts; part of a band is as exact, and selects less.
    return [
        (signatures >> np.uint64(low) & np.uint64((1 << min(high - low, 16)) - 1)).astype(np.int64)
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]


def _compare_in(band: _Band, looks: Looks, rows: npt.NDArray[np.int64], max_distance: int) -> Iterator[Alike]:
    """Yield the rows that have their like, on another side, among the looks that agree with them in a band."""
    by_value = rows[np.argsort(band.values[rows], kind="stable")]
    for some in np.split(by_value, np.flatnonzero(np.diff(band.values[by_value])) + 1):
        yield from _compare(looks, some, band.alike(int(band.values[some[0]])), max_distance)


def _compare(
    looks: Looks, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], max_distance: int
) -> Iterator[Alike]:
    """Yield the rows that have their like among the columns, on another side.

    Args:
        rows: looks, ascending, each of which is one of the columns too.
        columns: looks, ascending.
    """
    sides = looks.sides[columns]
    if sides[0] == sides[-1]:
        return
    starts = np.flatnonzero(np.diff(sides, prepend=sides[0] - 1))
    countdown = np.arange(len(columns), 0, -1, dtype=np.int32)  # the first that is near is the largest
    against = looks.signatures[columns]
    step = max(1, _TILE // len(columns))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        near = np.bitwise_count(looks.signatures[some, None] ^ against) <= max_distance
        if np.count_nonzero(near) == len(some):  # each row is near itself
            continue
        others = np.count_nonzero(near, axis=1) > 1
        some, near = some[others], near[others]
        nearest = np.maximum.reduceat(near * countdown, starts, axis=1)
        row, segment = np.nonzero(nearest)
        found = Alike(some[row], sides[starts[segment]], columns[len(columns) - nearest[row, segment]])
        other = found.sides != looks.sides[found.looks]
        if other.any():
            yield Alike(found.looks[other], found.sides[other], found.likes[other])


def _in_batches(found: Iterable[Alike]) -> Iterator[Alike]:
    """Yield the same in fewer, larger pieces."""
    held: list[Alike] = []
    size = 0
    for alike in found:
        held.append(alike)
        size += len(alike.looks)
        if size >= _TILE:
            yield _join(held)
            held, size = [], 0
    if held:
        yield _join(held)


def _join(found: Sequence[Alike]) -> Alike:
    return Alike(
        np.concatenate([alike.looks for alike in found]),
        np.concatenate([alike.sides for alike in found]),
        np.concatenate([alike.likes for alike in found]),
    )


def group_alike(signatures: npt.NDArray[np.uint64], *, max_distance: int = MAX_DISTANCE) -> npt.NDArray[np.int64]:
    """Return the near-duplicate group of each picture: those that hang together by likes of at most so many bits.

    Args:
        signatures: (pictures,), uint64.

    Returns:
        (pictures,), the position of the first picture of its group; of a picture that is like no other, and of a FLAT
        one, its own.
    """
    unique, inverse = np.unique(np.asarray(signatures, np.uint64), return_inverse=True)
    looks = gather_looks(unique, np.arange(len(unique)))  # each on a side of its own: all are compared with all
    groups = np.arange(len(unique))
    pairs = [
        (looks.firsts[alike.looks], looks.firsts[alike.likes])
        for alike in _in_batches(find_alike(looks, max_distance=max_distance))
    ]
    changed = bool(pairs)
    while changed:
        before = groups.copy()
        for one, other in pairs:
            least = np.minimum(groups[one], groups[other])
            np.minimum.at(groups, one, least)
            np.minimum.at(groups, other, least)
        groups = groups[groups]
        changed = not np.array_equal(before, groups)
    first = np.full(len(unique), len(inverse), np.int64)
    of = groups[inverse]
    np.minimum.at(first, of, np.arange(len(inverse)))
    flat = np.asarray(signatures, np.uint64) == FLAT
    return np.where(flat, np.arange(len(inverse)), first[of])


def _once(found: Alike) -> Alike:
    """Return what was found in several bands, each look and side once."""
    order = np.lexsort((found.likes, found.sides, found.looks))
    looks, sides, likes = found.looks[order], found.sides[order], found.likes[order]
    new = np.ones(len(looks), bool)
    new[1:] = (np.diff(looks) != 0) | (np.diff(sides) != 0)
    return Alike(looks[new], sides[new], likes[new])
