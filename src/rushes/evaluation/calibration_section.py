"""Calibration as a section of a report: reliability diagrams before and after, and the scores beside them."""

from __future__ import annotations

from collections.abc import Sequence

from rushes.evaluation.frame import filled
from rushes.evaluation.honesty import Honesty
from rushes.evaluation.judge import FEW_SAMPLES
from rushes.evaluation.markup import count, counted, interval_name, number, percent, score_cell, text, within
from rushes.evaluation.reliability import (
    EACH_DRAWN,
    MEASURES,
    Bin,
    CalibrationJudgement,
    Reliability,
    Side,
    sentence_of,
    sentence_of_given,
)

LINK = ("calibration", "Calibration")
_NAMES = {"ece": "calibration error (ECE)", "brier": "Brier score", "log_loss": "log loss"}
_LEFT, _TOP, _SIDE, _BARS = 34.0, 8.0, 190.0, 34.0


def show_calibration(judged: CalibrationJudgement | Reliability | None, *, at: str = "") -> str:
    """Return the section, or nothing where no calibration was judged.

    Args:
        judged: a calibration before and after, or probabilities as they are given.
        at: what stands before its id, where a page holds several judgements.
    """
    if judged is None or not judged.samples:
        return ""
    if isinstance(judged, Reliability):
        named = [(_given_name(judged), judged.given)]
        return filled(
            "calibration.html",
            at=at,
            sentence=text(sentence_of_given(judged)),
            how=text(_how_given(judged)),
            tiles=_tiles_of_given(judged),
            diagrams=_figures(named, judged.classes),
            table=_table_of(*named[0]),
        )
    return filled(
        "calibration.html",
        at=at,
        sentence=text(sentence_of(judged)),
        how=text(_how(judged)),
        tiles=_tiles(judged),
        diagrams=_diagrams(judged),
        table=_table(judged),
    )


def draw_reliability(bins: Sequence[Bin], *, label: str) -> str:
    """Draw how often it was so over how probable it was said to be, with the number of samples beneath.

    The dashed diagonal is where both are the same. A bin of fewer than `FEW_SAMPLES` samples has a pale bar and no dot;
    a dot without a whisker rests on one group.

    Args:
        label: what a reader hears who does not see it.
    """
    bottom = _TOP + _SIDE
    floor = bottom + 8 + _BARS
    most = max((one.samples for one in bins), default=1)
    parts = [_axes(bottom, floor), f'<path class="blind" d="M{_x(0):.1f},{_y(0):.1f}L{_x(1):.1f},{_y(1):.1f}"/>']
    for one in bins:
        height = max(1.0, _BARS * one.samples / most)
        few = " few" if one.came_true.value is None else ""
        parts.append(
            f'<rect class="bar{few}" x="{_x(one.low) + 0.6:.1f}" y="{floor - height:.1f}" '
            f'width="{max(1.0, _SIDE * (one.high - one.low) - 1.2):.1f}" height="{height:.1f}">'
            f"<title>{text(_words_of(one))}</title></rect>"
        )
    parts += [_dot(one) for one in bins]
    return f'<svg class="chart" viewBox="0 0 232 276" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'


def _x(probability: float) -> float:
    return _LEFT + probability * _SIDE


def _y(share: float) -> float:
    return _TOP + (1 - share) * _SIDE


def _axes(bottom: float, floor: float) -> str:
    ticks = "".join(
        f'<text class="tick" x="{_LEFT - 5:.0f}" y="{_y(at) + 3.5:.1f}" text-anchor="end">{name}</text>'
        f'<text class="tick" x="{_x(at):.1f}" y="{floor + 14:.1f}" text-anchor="middle">{name}</text>'
        f'<path class="grid" d="M{_LEFT:.0f},{_y(at):.1f}H{_x(1):.1f}"/>'
        for at, name in ((0.0, "0"), (0.5, ".5"), (1.0, "1"))
    )
    return (
        f'{ticks}<path class="grid" d="M{_LEFT:.0f},{floor:.1f}H{_x(1):.1f}"/>'
        f'<text class="axis" x="{_x(0.5):.0f}" y="{floor + 28:.0f}" text-anchor="middle">said</text>'
        f'<text class="axis" transform="translate(9 {(_TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f'came true</text><text class="axis" transform="translate(9 {floor - _BARS / 2:.0f}) rotate(-90)" '
        'text-anchor="middle">samples</text>'
    )


def _dot(one: Bin) -> str:
    share, interval = one.came_true.value, one.came_true.interval
    if share is None or one.said is None:
        return ""
    x = _x(one.said)
    whisker = ""
    if interval.low is not None and interval.high is not None:
        whisker = f'<path class="whisker" d="M{x:.1f},{_y(interval.low):.1f}V{_y(interval.high):.1f}"/>'
    style = "point" if whisker else "dot"
    return (
        f'{whisker}<circle class="{style}" cx="{x:.1f}" cy="{_y(share):.1f}" r="3.6">'
        f"<title>{text(_words_of(one))}</title></circle>"
    )


def _words_of(one: Bin) -> str:
    samples = counted(one.samples, "sample")
    if one.came_true.value is None or one.said is None:
        return f"said {percent(one.low)} to {percent(one.high)}: {samples}, too few to tell"
    sure = within(one.came_true.interval)
    return f"said {percent(one.said)}, came true in {percent(one.came_true.value)} of {samples}" + (
        f"; {sure}" if sure else ""
    )


def _how(judged: CalibrationJudgement) -> str:
    """Return what was done and on what it was chosen."""
    fitted = judged.fitted
    if fitted.calibration.kind == "none":
        return ""
    done = f"Fitted on {counted(fitted.samples, 'sample')} of {counted(fitted.group_count, 'group')} of validation. "
    if fitted.calibration.kind == "temperature":
        warm = fitted.calibration.temperature
        done += f"The temperature is {warm:.2f}: the model was {'too sure' if warm > 1 else 'not sure enough'}. "
        done += "It changes how sure an answer is, and never which answer it is. "
    else:
        done += (
            f"The curve is of “{judged.classes[1]}”. It rises all the way and passes through one half, so that it "
            "changes how sure an answer is, and never which answer it is. "
        )
    return done + fitted.reason


def _given_name(judged: Reliability) -> str:
    return "uncalibrated" if judged.calibration.kind == "none" else "calibrated"


def _how_given(judged: Reliability) -> str:
    """Return what came before the probabilities, and where that was fitted."""
    calibration = judged.calibration
    if calibration.kind == "none":
        return "The bundle carries no calibration: its run was not evaluated before it was exported, or none helped."
    how = (
        f"by one temperature, {calibration.temperature:.2f}" if calibration.kind == "temperature"
        else f"by an isotonic curve of “{judged.classes[1]}”"
    )  # fmt: skip
    said = (
        f"The bundle calibrates its answers itself, {how}, which was fitted on the validation of its run and travels "
        "in it. All probabilities and scores on this page are of the calibrated answers; nothing is fitted here."
    )
    if judged.watched == "chosen":
        said += " These samples are that validation, so the diagram flatters."
    return said


def _tiles_of_given(judged: Reliability) -> str:
    tiles = []
    for name in MEASURES:
        score, blind = judged.given.scores[name], judged.blind.get(name)
        spans = [within(score.interval) or "no interval", *_honest_span(name, judged.given)]
        spans.append(f"without a look: {number(blind) if blind is not None else 'undefined'}")
        tiles.append(_tile(name, score_cell(score.score), spans))
    return _tile_list(tiles)


def _honest_span(name: str, side: Side) -> list[str]:
    """Return the calibration error that a perfectly calibrated model would show; nothing of other measures."""
    if name != "ece" or side.honesty is None:
        return []
    return [f"perfectly calibrated, by chance: {number(side.honesty.ece_low)}–{number(side.honesty.ece_high)}"]


def _tile(name: str, shown: str, spans: Sequence[str]) -> str:
    return (
        f'<div class="tile"><dt>{_NAMES[name]}</dt><dd><b>{shown}</b>'
        f"{''.join(f'<span>{text(one)}</span>' for one in spans)}</dd></div>"
    )


def _tile_list(tiles: Sequence[str]) -> str:
    return f'<dl class="tiles" style="--tiles:{len(tiles)}">{"".join(tiles)}</dl>'


def _tiles(judged: CalibrationJudgement) -> str:
    tiles = []
    for name in MEASURES:
        before, after, change = judged.before.scores[name], judged.after.scores[name], judged.change[name]
        blind = judged.blind.get(name)
        shown = score_cell(before.score)
        spans = [within(before.interval) or "no interval"]
        last = judged.before if judged.fitted.calibration.kind == "none" else judged.after
        if judged.fitted.calibration.kind != "none":
            shown += f" → {score_cell(after.score)}"
            spans = [f"before: {spans[0]}", f"after: {within(after.interval) or 'no interval'}"]
            if change.interval.low is not None and change.interval.high is not None:
                ends = [f"{end:+.2f}".replace("-", "\u2212") for end in (change.interval.low, change.interval.high)]
                spans.append(f"change, {interval_name(change.interval)}: {ends[0]} to {ends[1]}")
        spans += _honest_span(name, last)
        spans.append(f"without a look: {number(blind) if blind is not None else 'undefined'}")
        tiles.append(_tile(name, shown, spans))
    return _tile_list(tiles)


def _diagrams(judged: CalibrationJudgement) -> str:
    sides = [("uncalibrated", judged.before)]
    if judged.fitted.calibration.kind != "none":
        sides = [("before", judged.before), ("after", judged.after)]
    return _figures(sides, judged.classes)


def _figures(sides: Sequence[tuple[str, Side]], classes: Sequence[str]) -> str:
    figures = [_figure(f"Its answers, {name}", side.drawn, side.honesty, of="it is right") for name, side in sides]
    if sides[0][1].second:
        second = classes[1]
        figures += [
            _figure(f"“{second}”, {name}", side.drawn_second, side.honesty_second, of=f"it is {second}")
            for name, side in sides
        ]
    return f'<div class="reliability">{"".join(figures)}</div>'


def _figure(title: str, bins: Sequence[Bin], honesty: Honesty | None, *, of: str) -> str:
    words = [_on_average(honesty, of=of), _in_words(bins, of=of)]
    said = " ".join(one for one in words if one)
    drawn = draw_reliability(bins, label=f"{title}: {said}") if bins else ""
    return f"<figure><figcaption><b>{text(title)}</b></figcaption>{drawn}<p>{text(said)}</p></figure>"


def _on_average(honesty: Honesty | None, *, of: str) -> str:
    """Return to which side the probabilities are off, where that is more than chance."""
    if honesty is None:
        return ""
    words = f"On average it says {percent(honesty.said)}, and {of} in {percent(honesty.came_true)}: "
    likely = f"{percent(honesty.true_low).removesuffix(' %')} to {percent(honesty.true_high)}"
    if honesty.leaning is None:
        return f"{words}no more off than chance allows ({likely})."
    if of != "it is right":
        return f"{words}too {'high' if honesty.leaning == 'too sure' else 'low'} (by chance {likely})."
    return f"{words}{honesty.leaning} (by chance {likely})."


def _in_words(bins: Sequence[Bin], *, of: str) -> str:
    """Return what the bin says that adds most to the error."""
    if not bins:
        return f"Fewer than {2 * EACH_DRAWN} samples: too few for a diagram."
    told = [(one, one.said, one.came_true.value) for one in bins]
    gaps = [
        (one.samples * abs(said - share), one, said, share)
        for one, said, share in told
        if said is not None and share is not None
    ]
    if not gaps:
        return f"No bin holds {FEW_SAMPLES} samples: too few to say more."
    _, one, said, share = max(gaps, key=lambda gap: gap[0])
    sure = within(one.came_true.interval)
    return (
        f"When it says {percent(said)}, {of} in {percent(share)}" + (f" ({sure})" if sure else "") + f": "
        f"{counted(one.samples, 'sample')} of {counted(one.group_count, 'group')}."
    )


def _table(judged: CalibrationJudgement) -> str:
    sides = [("before", judged.before), ("after", judged.after)]
    if judged.fitted.calibration.kind == "none":
        sides = [("uncalibrated", judged.before)]
    return "".join(_table_of(name, side) for name, side in sides)


def _table_of(name: str, side: Side) -> str:
    rows = "".join(
        f'<tr><th scope="row">{percent(one.low)} to {percent(one.high)}</th><td>{count(one.samples)}</td>'
        f"<td>{count(one.group_count)}</td><td>{number(one.said or 0.0)}</td>"
        f"<td>{score_cell(one.came_true.score)}<small>{within(one.came_true.interval)}</small></td></tr>"
        for one in side.answers
    )
    return (
        f'<table class="numbers"><thead><tr><th scope="col">{text(name)}: said</th><th scope="col">samples</th>'
        '<th scope="col">groups</th><th scope="col">said on average</th><th scope="col">right</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
