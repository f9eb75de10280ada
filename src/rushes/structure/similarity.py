"""Likeness of the shots of a film, in its own measure: what one camera position is, what chance is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.structure.evidence import Evidence

WINDOW_SECONDS = 180.0  # shots further apart are not compared each with each
_MOST_AHEAD = 128  # nor more shots than this: a window of 180 s holds that many where shots last 1.4 s
_BLOCK = 48  # shots that are compared in one go, which bounds the memory that needs
_MOST_PAIRS = 1 << 24  # pictures compared in one go, 64 MB: films of usual shots never have as many
_STEPS_OF_A_SHOT = (
    4  # that count where it is asked how much pictures differ within shots, so that no shot outweighs all
)
_SAMPLE = 256  # shots that stand for the film, evenly spaced
_LEAST_FAR = 400  # pairs further apart than a window; with fewer all pairs stand for chance
_LEAST_THRESHOLD = 0.02  # cosine distance: what is nearer is the same in any features
_ALL_ALIKE = 2.0  # times what differs within a shot: a film whose shots differ less is of one set-up
_SMALL, _FEW_TIMES = 0.12, 6.0  # or less than this, and not by more times: the same view at other moments
_LOW, _HIGH = 0.2, 0.6  # of what is unlike: between them lies the threshold
_ROUNDING = 1e-5  # so that a pair which is itself among the far ones counts, however it was added up
_GRID = 48
_BANDWIDTH = 0.12  # of the logarithm of a distance
_PULL = 0.15  # towards the middle of the range in which the valley is looked for

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """How unlike shots are that a window holds together, and what to compare that with.

    Attributes:
        looks: (shots, ahead) float32: the cosine distance between shot `i` and shot `i + 1 + k` of their two pictures
            that are most alike; inf where the later is beyond the window or the film, or one has no picture.
        tones: as `looks`, of the tones.
        same: distances of looks below this are of one set-up.
        far_looks, far_tones: rising: distances between shots far apart in the film: what chance gives.
    """

    looks: Floats
    tones: Floats
    same: float
    far_looks: Floats
    far_tones: Floats


def compare_shots(evidence: Evidence) -> Likeness:
    """Return how alike the shots of a film are within a sliding window, with the film's own measures."""
    ahead = _shots_ahead(evidence)
    seen, firsts = np.unique(evidence.shot_of, return_index=True)
    looks = _band(evidence, evidence.looks, seen, firsts, ahead)
    tones = _band(evidence, evidence.tones, seen, firsts, ahead)
    far_looks, far_tones = _far(evidence, seen)
    within = _within_shots(evidence, firsts)
    return Likeness(looks, tones, _threshold(looks, far_looks, within), far_looks, far_tones)


def chance(distances: Floats, far: Floats) -> npt.NDArray[np.float64]:
    """Return how often shots far apart are at least as alike as these, above 0 to 1.

    It depends on the order of distances alone, so that features of any kind are read alike.
    """
    return (np.searchsorted(far, distances + _ROUNDING, side="right") + 0.5) / (len(far) + 1)


def best_pairs(rows: Floats, firsts: Indices, columns: Floats, column_firsts: Indices) -> Floats:
    """Return the cosine distance of the most alike pictures of each two shots, (shots, shots).

    Args:
        rows, columns: (pictures, features), of length 1, those of a shot one after another.
        firsts, column_firsts: where each shot's pictures begin.
    """
    most = max(1, _MOST_PAIRS // max(1, len(columns)))  # pictures whose products with all others are held at once
    ends = np.append(firsts, len(rows))
    best = np.empty((len(firsts), len(column_firsts)), np.float32)
    begin = 0
    while begin < len(firsts):
        stop = max(begin + 1, int(np.searchsorted(ends, ends[begin] + most, side="right")) - 1)
        products = rows[ends[begin] : ends[stop]] @ columns.T
        within = np.maximum.reduceat(products, firsts[begin:stop] - ends[begin], axis=0)
        best[begin:stop] = np.maximum.reduceat(within, column_firsts, axis=1)
        begin = stop
    return np.asarray(np.clip(1 - best, 0, 2), np.float32)


def _shots_ahead(evidence: Evidence) -> Indices:
    """Return of each shot how many of those after it begin within the window after its end."""
    last = np.searchsorted(evidence.start_seconds, evidence.stop_seconds + WINDOW_SECONDS, side="right")
    ahead = last - 1 - np.arange(evidence.shot_count)
    return np.asarray(np.clip(ahead, 0, _MOST_AHEAD), np.int64)


def _band(evidence: Evidence, rows: Floats, seen: Indices, firsts: Indices, ahead: Indices) -> Floats:
    count, reach = evidence.shot_count, max(1, int(ahead.max(initial=1)))
    band = np.full((count, reach), np.inf, np.float32)
    ends = np.append(firsts, len(rows))
    for begin in range(0, len(seen), _BLOCK):
        stop = min(begin + _BLOCK, len(seen))
        until = int(np.searchsorted(seen, min(count, int(seen[stop - 1]) + 1 + reach)))
        of_rows, of_columns = slice(ends[begin], ends[stop]), slice(ends[begin], ends[until])
        found = best_pairs(
            rows[of_rows], firsts[begin:stop] - ends[begin], rows[of_columns], firsts[begin:until] - ends[begin]
        )
        earlier, later = np.repeat(seen[begin:stop], until - begin), np.tile(seen[begin:until], stop - begin)
        step = later - earlier - 1
        kept = (step >= 0) & (step < ahead[earlier])
        band[earlier[kept], step[kept]] = found.ravel()[kept]
    return band


def _far(evidence: Evidence, seen: Indices) -> tuple[Floats, Floats]:
    """Return the rising distances of looks and tones between shots that no window holds together."""
    usable = seen[~evidence.blank[seen]]
    if len(usable) < 2:
        return np.ones(1, np.float32), np.ones(1, np.float32)
    chosen = usable[np.unique(np.linspace(0, len(usable) - 1, _SAMPLE).round().astype(np.int64))]
    pictures = np.isin(evidence.shot_of, chosen)
    firsts = np.unique(evidence.shot_of[pictures], return_index=True)[1]
    gap = evidence.start_seconds[chosen][None] - evidence.stop_seconds[chosen][:, None]
    pairs = gap > WINDOW_SECONDS
    if pairs.sum() < _LEAST_FAR:
        pairs = np.triu(np.ones_like(pairs), 1)
    looks, tones = (
        np.sort(best_pairs(rows[pictures], firsts, rows[pictures], firsts)[pairs])
        for rows in (evidence.looks, evidence.tones)
    )
    return looks, tones


def _within_shots(evidence: Evidence, firsts: Indices) -> float:
    """Return how unlike neighbouring pictures of one shot are, in the median over shots; 0 where it is not known."""
    if len(evidence.looks) < 2:
        return 0.0
    steps = 1 - (evidence.looks[1:] * evidence.looks[:-1]).sum(axis=1)
    counts = np.diff(np.append(firsts, len(evidence.looks)))
    stride = np.repeat(np.maximum(1, -(-(counts - 1) // _STEPS_OF_A_SHOT)), counts)
    place = np.arange(len(evidence.looks)) - np.repeat(firsts, counts)
    inside = (evidence.shot_of[1:] == evidence.shot_of[:-1]) & (place % stride == 0)[:-1]
    return float(np.median(np.clip(steps[inside], 0, 2))) if inside.any() else 0.0


def _threshold(looks: Floats, far: Floats, within: float) -> float:
    """Return the distance at which one camera position ends and another begins.

    The upper quartile of the distances between far shots says how large distances between unlike pictures are in these
    features, also where half of the film is one set-up. Between a fifth and six tenths of that, distances of one
    set-up and of two overlap least: in the valley of their density, which is where the threshold goes. What differs
    within shots lifts the lower end, so that a film of moving cameras is not taken to bits.
    """
    unlike = float(np.quantile(far, 0.75))
    same_view = unlike < _SMALL and (within == 0 or unlike < _FEW_TIMES * within)
    if same_view or unlike < max(_LEAST_THRESHOLD, _ALL_ALIKE * within):
        return max(_LEAST_THRESHOLD, _ALL_ALIKE * unlike, _ALL_ALIKE * within)
    low, high = max(_LOW * unlike, min(2 * within, 0.45 * unlike)), _HIGH * unlike
    near = looks[np.isfinite(looks)]
    if len(near) < 3:
        return max(_LEAST_THRESHOLD, float(np.sqrt(low * high)))
    grid = np.linspace(np.log(low), np.log(high), _GRID)
    counts, edges = np.histogram(np.log(np.maximum(near, 1e-4)), bins=400, range=(np.log(1e-4), np.log(2.0)))
    centres = (edges[1:] + edges[:-1]) / 2
    density = np.exp(-0.5 * ((grid[:, None] - centres[None]) / _BANDWIDTH) ** 2) @ counts
    middle = (grid[0] + grid[-1]) / 2
    cost = np.log(density + 1e-3 * len(near)) + _PULL * ((grid - middle) / (grid[-1] - grid[0])) ** 2
    return max(_LEAST_THRESHOLD, float(np.exp(grid[int(cost.argmin())])))
