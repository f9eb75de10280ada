"""What was measured of a shot's movement, in words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rushes.footage.motion import MEAN_RADIUS
from rushes.footage.movement import SERIES_COLUMNS, TRUSTED_SUPPORT, MotionSeries, Numbers

TOO_SHORT = "too short for motion to be measured"
NOT_FOLLOWED = "nothing in the picture could be followed"

_AT_REST = 0.015  # frame widths; a picture that comes no farther is said to be at rest
_SLOWEST_PAN = 0.02  # frame widths a second that are worth a word
_TO_AND_FRO = 0.4  # of the way a picture goes; where less is left of it in the end, it went to and fro
_SHAKING = 2.0  # turns a second, from which on to and fro is shaking
_TURNING = 0.2  # of the mean speed; slower is no turn
_TURNED_DEGREES = 3.0
_SLOW_GROWTH = 0.05  # logarithms a second; below, growth over three steps is measured more exactly
_FOLLOWED = 0.8  # of the shot; where less could be followed, it is said
_SIDES = {"pans": ("right", "left"), "tilts": ("down", "up")}


def describe_motion(series: MotionSeries, movement: str) -> str:
    """Return what was measured for a movement, in one line: `zoom ×1.31 over 2.4 s, 87 % of the frame agrees`.

    The seconds are those of the shot, and the share that agrees is the mean over all of its pairs; where a good part of
    the shot could not be followed, the line says for how long it was.
    """
    if not len(series.seconds):
        return TOO_SHORT
    if not series.trusted.any():
        return NOT_FOLLOWED
    path = _Path(series)
    if movement == "static" and path.farthest <= _AT_REST:
        rest = (
            f"at rest: the picture moves by {100 * path.farthest:.1f} % of its width in {path.duration_seconds:.1f} s"
        )
        return f"{rest}{_followed(path)}"
    return f"{_measured(path, movement)}{_agreeing(series)}{_followed(path)}"


def longest_part(start: int, stop: int, cuts: tuple[int, ...]) -> tuple[int, int]:
    """Return the longest part of a shot `[start, stop)` between cuts within it; the first of equally long ones."""
    return max(pairwise([start, *cuts, stop]), key=lambda part: part[1] - part[0])


class _Path:
    """Where the picture went in a shot: what was followed, added up pair by pair.

    Attributes:
        each: (pairs,), seconds between the two frames of a pair, of trusted pairs alone.
        across, down: (pairs,), frame widths that the content went to the right and down in each.
        grown: (pairs,), logarithms that it grew by; `turned` radians, clockwise.
        duration_seconds: of the shot.
    """

    def __init__(self, series: MotionSeries) -> None:
        self.each: Numbers = series.seconds_each[series.trusted].astype(np.float64)
        self.across, self.down, self.turned = (series.column(name) * self.each for name in ("pan_x", "pan_y", "roll"))
        self.grown = growth_rates(series)[series.trusted] * self.each
        self.duration_seconds = series.duration_seconds

    @property
    def growth(self) -> float:
        """How many times as large the picture is in the end."""
        return float(np.exp(self.grown.sum()))

    @property
    def length(self) -> float:
        """The whole way, frame widths, to and fro."""
        return float(np.hypot(self.across, self.down).sum())

    @property
    def net(self) -> float:
        """What is left of it in the end, frame widths."""
        return float(np.hypot(self.across.sum(), self.down.sum()))

    @property
    def farthest(self) -> float:
        """How far a pixel at the mean distance from the centre comes from where it began, at most, frame widths."""
        whole = [
            np.cumsum(one) for one in (self.across, self.down, MEAN_RADIUS * self.grown, MEAN_RADIUS * self.turned)
        ]
        return float(np.sqrt(np.square(whole).sum(axis=0)).max())

    @property
    def turns_each_second(self) -> float:
        """How often the picture turns back on the line along which it mostly goes."""
        moves = np.stack([self.across, self.down])
        line = np.linalg.eigh(moves @ moves.T)[1][:, -1]
        speeds = line @ moves / self.each
        sides = np.sign(speeds[np.abs(speeds) > _TURNING * np.abs(speeds).mean()])
        return float(np.count_nonzero(np.diff(sides)) / self.each.sum())

    @property
    def mostly_grows(self) -> bool:
        """Whether growth, and neither shift nor turn, is most of what the picture does."""
        grown, turned = (MEAN_RADIUS * abs(float(one.sum())) for one in (self.grown, self.turned))
        return grown > max(_AT_REST, self.net, turned)


def growth_rates(series: MotionSeries) -> Numbers:
    """Return the growth a second of each pair, trusted or not, (pairs,).

    Where the picture grows slowly, growth over three steps takes its place, for that is measured more exactly; where it
    is quick, three steps would smear what happens in one.
    """
    quick, slow, support = (
        series.values[:, SERIES_COLUMNS.index(name)].astype(np.float64)
        for name in ("zoom", "slow_zoom", "slow_support")
    )
    steady = (np.abs(quick) < _SLOW_GROWTH) & (np.abs(slow) < _SLOW_GROWTH) & (support >= TRUSTED_SUPPORT)
    return np.where(steady, slow, quick)


def _measured(path: _Path, movement: str) -> str:
    seconds = f"{path.duration_seconds:.1f} s"
    if movement in ("push", "pull"):
        return f"zoom ×{path.growth:.2f} over {seconds}"
    if movement == "static":
        if path.mostly_grows:
            return f"zoom ×{path.growth:.2f} over {seconds}"
        return f"the picture moves by {100 * path.farthest:.1f} % of its width in {seconds}"
    return _way(path, seconds)


def _way(path: _Path, seconds: str) -> str:
    """Return where the camera goes: against the way of the picture."""
    across, down = -float(path.across.sum()), -float(path.down.sum())
    turned, length = float(path.turned.sum()), path.length
    if abs(np.rad2deg(turned)) >= _TURNED_DEGREES and abs(turned) * MEAN_RADIUS > path.net:
        return f"turns by {abs(np.rad2deg(turned)):.0f}° in {seconds}"
    if length < _SLOWEST_PAN * path.each.sum():
        if path.mostly_grows:
            return f"zoom ×{path.growth:.2f} over {seconds}"
        return f"the picture goes {length:.2f} frame widths in {seconds}"
    if path.net < _TO_AND_FRO * length:
        goes = f"the picture goes {length:.2f} frame widths"
        if path.turns_each_second >= _SHAKING:
            return f"shakes: {goes} to and fro in {seconds}"
        word = "pans" if np.abs(path.across).sum() >= np.abs(path.down).sum() else "tilts"
        return f"{word} to and fro: {goes} in {seconds}"
    ways = [
        f"{word} {side[0] if value > 0 else side[1]}"
        for value, (word, side) in zip((across, down), _SIDES.items(), strict=True)
        if abs(value) > path.net / 3
    ]
    return f"{' and '.join(ways)} by {path.net:.2f} frame widths in {seconds}"


def _agreeing(series: MotionSeries) -> str:
    """Return how much of the frame agrees, over all pairs: those in which too little does count with what they have."""
    support, each = np.asarray(series.support, np.float64), series.seconds_each.astype(np.float64)
    share = float(np.average(support, weights=each)) if each.sum() > 0 else float(support.mean())
    return f", {100 * share:.0f} % of the frame agrees"


def _followed(path: _Path) -> str:
    """Return for how long the picture was followed, where much of the shot is lacking; "" else.

    Two steps of measuring lack at the ends of every shot, and are no loss.
    """
    followed = float(path.each.sum())
    lost = path.duration_seconds - followed
    if followed >= _FOLLOWED * path.duration_seconds or lost <= 2 * float(path.each.max()):
        return ""
    return f"; followed for {followed:.1f} of {path.duration_seconds:.1f} s"
