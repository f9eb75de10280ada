"""Which shots are worth a look, and how a strip of one is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rushes.datasets.preprocessing import Preprocessing
from rushes.evaluation.card import show_bars
from rushes.evaluation.gallery import choose_cards
from rushes.evaluation.markup import breakable, counted, named, short_names, text
from rushes.evaluation.motion_chart import draw_motion, name_lines, signed
from rushes.evaluation.painted_heat import find_seen, paint_heat
from rushes.evaluation.shot_strips import SIDE_PIXELS, ShotStrip
from rushes.evaluation.thumbnails import Thumbnail, shrink
from rushes.footage.movement_words import describe_motion
from rushes.footage.picture import decode_picture
from rushes.learning.explain_shots import LookedAt
from rushes.learning.predictions import Predictions

WORST = 12  # shots of a head
_CLOSEST = 3  # right answers shown where there is no mistake


@dataclass(frozen=True, slots=True)
class ShownShot:
    """A shot of a head that is shown.

    Attributes:
        row: of the head's predictions.
        strip: its frames and motion.
        reason: what was measured of its motion, in words; "" where nothing was.
        heat: where in each frame of the strip the answer came from; () where that is not known.
    """

    row: int
    strip: ShotStrip
    reason: str = ""
    heat: tuple[Thumbnail | None, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Of its pictures."""
        return self.strip.size_bytes + sum(len(one.data) for one in self.heat if one)


def choose_worst(predictions: Predictions, *, limit: int = WORST) -> tuple[int, ...]:
    """Return the rows of at most `limit` mistakes, the surest first, with every class and kind of mistake among them.

    Where there is none, the rows of the right answers that were the closest calls.
    """
    right = predictions.truth == predictions.predicted
    confidence = predictions.probabilities.max(axis=1) if len(predictions) else np.zeros(0)
    told = choose_cards(predictions, limit=2 * len(predictions))
    wrong = [row for row in told if not right[row]][:limit]
    if wrong:
        return tuple(sorted(wrong, key=lambda row: (-confidence[row], row)))
    return tuple(sorted(range(len(predictions)), key=lambda row: (confidence[row], row))[:_CLOSEST])


def explain_worst(predictions: Predictions, shown: int) -> str:
    """Return in words which shots are shown."""
    wrong = int((predictions.truth != predictions.predicted).sum())
    if not wrong:
        return f"Not one of {counted(len(predictions), 'shot')} is wrong; these were the closest calls."
    if shown == wrong:
        among = f"among {counted(len(predictions), 'shot')}"
        return f"The one mistake {among}." if wrong == 1 else f"All {wrong:,} mistakes {among}, the surest first."
    return (
        f"{shown} of the {counted(wrong, 'mistake')} among {counted(len(predictions), 'shot')}: the surest of each "
        "class and kind, the surest first. A sure mistake is a blind spot of the model or a wrong label."
    )


def show_shots(predictions: Predictions, shown: Sequence[ShownShot]) -> str:
    """Return a strip for each shot."""
    if not shown:
        return "<p>There are no shots to show.</p>"
    called = short_names(set(predictions.groups))
    return f'<div class="takes">{"".join(_take(predictions, one, called) for one in shown)}</div>'


def _take(predictions: Predictions, shown: ShownShot, called: Mapping[str, str]) -> str:
    row, names = shown.row, predictions.classes
    label, answer = int(predictions.truth[row]), int(predictions.predicted[row])
    right = label == answer
    said = (
        f"<b>{text(names[answer])}</b>, a close call"
        if right
        else f"<b>{text(names[label])}</b> taken for <b>{text(names[answer])}</b>"
    )
    outcome = "right" if right else "wrong"
    place = _place(predictions, shown, called)
    reason = f'<p class="reason">{text(shown.reason)}</p>' if shown.reason else ""
    return (
        f'<figure class="take {outcome}"><figcaption><p class="said">'
        f'<i role="img" aria-label="{outcome}">{"✓" if right else "✗"}</i> {said}</p>'
        f'<p class="where"><span>{breakable(predictions.names[row])}</span> {place}</p></figcaption>'
        f'<div class="beside">{show_bars(predictions, row)}{reason}{_lines(shown.strip)}</div>'
        f"{_reel(predictions, shown)}</figure>"
    )


def _place(predictions: Predictions, shown: ShownShot, called: Mapping[str, str]) -> str:
    """Return as HTML when a shot is, how long, and what it is of."""
    row, name = shown.row, predictions.names[shown.row]
    series, group = shown.strip.series, predictions.groups[row]
    words = [
        text(predictions.timecodes[row]),
        f"{series.duration_seconds:.1f} s" if series is not None else "",
        named(group, called) if called.get(group, group) not in name else "",
        f"label: {text(predictions.origins[row])}" if predictions.origins[row] else "",
    ]
    return " · ".join(word for word in words if word)


def _lines(strip: ShotStrip) -> str:
    return name_lines(strip.curve) if strip.curve is not None else ""


def _reel(predictions: Predictions, shown: ShownShot) -> str:
    strip, name = shown.strip, predictions.names[shown.row]
    if strip.curve is None:
        return f'<p class="reel lost">{text(strip.lost)}</p>'
    heat: Sequence[Thumbnail | None] = shown.heat or [None] * len(strip.frames)
    frames = "".join(
        _frame(frame, over, name=f"{name}, frame {ordinal}")
        for frame, over, ordinal in zip(strip.frames, heat, strip.ordinals, strict=True)
    )
    label = "How far the camera has come, in percent of the frame: " + ", ".join(
        f"{word} {signed(float(values[-1]))}"
        for word, values in (("zoom", strip.curve.zoom), ("pan", strip.curve.pan), ("tilt", strip.curve.tilt))
    )
    return (
        f'<div class="reel"><div><div class="frames">{frames}</div>{draw_motion(strip.curve, label=label)}</div></div>'
    )


def _frame(frame: Thumbnail | None, over: Thumbnail | None, *, name: str) -> str:
    if frame is None:
        return '<span class="still"><span class="lost">could not be decoded</span></span>'
    heat = f'<img class="heat" src="{over.uri}" alt="" decoding="async">' if over else ""
    return (
        f'<span class="still" style="aspect-ratio:{frame.width_pixels}/{frame.height_pixels}">'
        f'<img src="{frame.uri}" alt="{text(name)}" decoding="async">{heat}</span>'
    )


def show_row(
    row: int, strip: ShotStrip, looked: LookedAt | None, movement: str, preprocessing: Preprocessing
) -> ShownShot:
    """Return a shot as it is shown.

    Args:
        row: of the predictions.
        looked: where the answer came from, where that is known.
        movement: that was answered for the shot; what was measured is told for it.
        preprocessing: how its frames become what the model sees.
    """
    heat = _paint_strip(strip, looked, preprocessing) if looked is not None else ()
    reason = f"Measured: {describe_motion(strip.series, movement)}." if strip.series is not None else ""
    return ShownShot(row, strip, reason, heat)


def _paint_strip(strip: ShotStrip, looked: LookedAt, preprocessing: Preprocessing) -> tuple[Thumbnail | None, ...]:
    """Return each frame of a strip with the heat of the frame nearest to it that the model was shown."""
    frames = [decode_picture(frame.data) if frame else None for frame in strip.frames]
    there = [frame for frame in frames if frame is not None]
    if not there:
        return ()
    box = find_seen(there, preprocessing)
    painted: list[Thumbnail | None] = []
    for frame, ordinal in zip(frames, strip.ordinals, strict=True):
        near = int(np.abs(looked.ordinals - ordinal).argmin())
        painted.append(
            None
            if frame is None
            else shrink(
                paint_heat(frame, looked.pixels[near], looked.heat[near], preprocessing, box), side_pixels=SIDE_PIXELS
            )
        )
    return tuple(painted)


def fit_budget(shown: Mapping[str, Sequence[ShownShot]], *, budget_bytes: int) -> dict[str, tuple[ShownShot, ...]]:
    """Return as many shots of each head as `budget_bytes` of pictures allow, the first of each head first."""
    kept: dict[str, list[ShownShot]] = {task: [] for task in shown}
    left = budget_bytes
    for place in range(max((len(one) for one in shown.values()), default=0)):
        for task, shots in shown.items():
            if place < len(shots) and (left := left - shots[place].size_bytes) >= 0:
                kept[task].append(shots[place])
    return {task: tuple(shots) for task, shots in kept.items()}
