"""The section on curves and thresholds as HTML, with the counts that its sliders move through."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from string import Template

import numpy as np

from rushes.evaluation.carried_thresholds import CarriedThreshold, CarriedThresholds
from rushes.evaluation.charts import draw_curve, draw_roc
from rushes.evaluation.interval import Interval
from rushes.evaluation.judge import ClassJudgement, Judgement
from rushes.evaluation.markup import breakable, count, interval_name, number, percent, score_cell, span, text
from rushes.evaluation.scores import Score, average_precision, roc_auc, trace_curve
from rushes.evaluation.steps import MEASURES, count_taken, list_steps, thin_steps
from rushes.evaluation.threshold_costs import Costs, blind_pick, scores_of
from rushes.evaluation.thresholds import ClassThreshold, Thresholds, format_threshold
from rushes.learning.predictions import Predictions
from rushes.wish import Wish

MOST_CLASSES = 12
_COUNTS = (("tp", "found"), ("fn", "missed"), ("fp", "false alarms"), ("tn", "rightly left"))
_WORDS = {"recall": "recall", "precision": "precision", "fpr": "FPR", "f1": "F1"}
Totals = tuple[int, int, int, int]  # samples of the class, others, and those of each that are taken


def explain_thresholds(words: str, thresholds: Thresholds | CarriedThresholds | None) -> str:
    """Return where thresholds were chosen and how to read what they do, as HTML for the margin.

    Args:
        words: the template of the page for it.
    """
    sliders = "Move a slider, by hand or with the arrow keys, to see what another threshold does."
    if isinstance(thresholds, CarriedThresholds):
        chosen = f" {text(thresholds.where_chosen)}"
        choose = "Who picks what looks best here has nothing left to judge it by: choose on validation, of the run."
        on = "these samples"
    else:
        chosen = (
            " It was chosen on validation for what was asked, otherwise for the best F1; what it does on test, on "
            "groups that had no part in the choice, is what to expect."
        )
        choose = (
            "Choose by the column of validation: who picks what looks best on test has nothing left to judge it by."
        )
        on = "test"
    return Template(words).substitute(chosen=chosen, on=on, sliders=f"{sliders} {choose}")


def show_thresholds(
    test: Judgement, predictions: Predictions, thresholds: Thresholds | CarriedThresholds | None, *, at: str = ""
) -> str:
    """Return the curves of each class with its threshold, those asked for and the hardest first where they are many.

    Args:
        thresholds: chosen on validation, or such as came with the model; None where
            there is no validation to choose them on; curves are shown all the same.
        at: what stands before ids, where a page holds several judgements.
    """
    scored = thresholds.test if thresholds else predictions
    areas = [
        average_precision(scored.truth == index, scored.probabilities[:, index], class_name=name)
        for index, name in enumerate(scored.classes)
    ]
    chosen = thresholds.per_class if thresholds else (None,) * len(areas)
    stated = [index for index, one in enumerate(chosen) if isinstance(one, ClassThreshold) and one.stated]
    drawable = [index for index, area in enumerate(areas) if area.value is not None or index in stated]
    if not drawable:
        return "<p>No class has a sample, so there is no curve.</p>"
    shown = _shown(drawable, stated, areas)
    blocks = [
        _show_class(test.per_class[index], index, scored, thresholds, chosen[index], area=areas[index], at=at)
        for index in shown
    ]
    notes = []
    if thresholds is None:
        notes.append("Thresholds are chosen on validation, where this run answered nothing: there are none.")
    elif isinstance(thresholds, CarriedThresholds):
        if thresholds.is_empty:
            notes.append(
                "The bundle carries no thresholds: its run was not evaluated before it was exported, or had no "
                "validation. Evaluate the run and export it again."
            )
    else:
        notes += [text(thresholds.note_on_groups)] if thresholds.note_on_groups else []
    if isinstance(thresholds, Thresholds) and thresholds.calibration.kind != "none":
        notes.append("All probabilities here are the calibrated ones, which thresholds are compared with.")
    if len(shown) < len(drawable):
        which = "Those asked for and the classes" if stated else "The classes"
        notes.append(
            f"{which} of lowest average precision: {len(shown)} out of {len(drawable)}; the thresholds of all are in "
            "metrics.json."
        )
    foot = "".join(f'<p class="foot">{note}</p>' for note in notes)
    return f'<div class="thresholds">{"".join(blocks)}</div>{foot}'


def _shown(drawable: Sequence[int], stated: Sequence[int], areas: Sequence[Score]) -> list[int]:
    if len(drawable) <= MOST_CLASSES:
        return list(drawable)
    hardest = sorted((index for index in drawable if index not in stated), key=lambda index: areas[index].value or 0.0)
    return [*stated, *hardest][: max(MOST_CLASSES, len(stated))]


def _show_class(
    judged: ClassJudgement,
    index: int,
    scored: Predictions,
    thresholds: Thresholds | CarriedThresholds | None,
    chosen: ClassThreshold | CarriedThreshold | None,
    *,
    area: Score,
    at: str,
) -> str:
    """Return the charts of one class, what is said of its threshold, the slider and the table below it."""
    start = chosen.threshold if chosen is not None else None
    if isinstance(chosen, ClassThreshold):
        start = chosen.choice.nearest if chosen.threshold is None else chosen.threshold
    taken = _taken_of(scored, index, start) if start is not None else None
    positive = scored.truth == index
    roc = roc_auc(positive, scored.probabilities[:, index], class_name=judged.class_name)
    charts = _draw(judged, index, scored, taken, area=area, roc=roc)
    head = f"<h3>{breakable(judged.class_name)} <span>AP {score_cell(area)}, ROC AUC {score_cell(roc)}</span></h3>"
    below = ""
    if isinstance(thresholds, CarriedThresholds) and isinstance(chosen, CarriedThreshold):
        below = _show_carried(judged, index, thresholds, chosen, taken, at=at)
    elif isinstance(thresholds, Thresholds) and isinstance(chosen, ClassThreshold):
        below = f'<p class="wish">{_words(chosen)}</p>' + "".join(f"<p>{text(note)}</p>" for note in chosen.notes)
        if start is not None and taken is not None:
            known = _taken_of(thresholds.validation, index, start)
            below += _slider(judged.class_name, index, _parts_of(thresholds), start, at=at)
            below += _table(
                judged,
                taken,
                {
                    "validation": ("validation", known, chosen.validation),
                    "test": ("test", taken, chosen.test),
                },
            )
    return f'<article class="threshold">{head}<div class="two">{charts}</div><div>{below}</div></article>'


def _show_carried(
    judged: ClassJudgement,
    index: int,
    thresholds: CarriedThresholds,
    chosen: CarriedThreshold,
    taken: Totals | None,
    *,
    at: str,
) -> str:
    """Return what is said of a threshold that came with the model, with the slider and the table below it."""
    if chosen.threshold is None or taken is None:
        return "" if thresholds.is_empty else '<p class="wish">No threshold came for it.</p>'
    words = f"taken from a probability of <b>{format_threshold(chosen.threshold)}</b> on, as it came with the model"
    if chosen.wish is not None:
        words = f"<b>{_wish_words(chosen.wish)}</b>: {words}"
    holds = chosen.costs.holds.value if chosen.costs else None
    if holds is not None:
        words += f". The wish holds in {percent(holds)} of draws of the groups here"
    note = f"<p>{text(chosen.note())}</p>" if chosen.note() else ""
    return (
        f'<p class="wish">{words[:1].upper()}{words[1:]}.</p>{note}'
        + _slider(judged.class_name, index, {"test": thresholds.test}, chosen.threshold, at=at)
        + _table(judged, taken, {"test": (thresholds.part, taken, chosen.costs)})
    )


def _parts_of(thresholds: Thresholds) -> dict[str, Predictions]:
    return {"validation": thresholds.validation, "test": thresholds.test}


def _taken_of(part: Predictions, index: int, threshold: float) -> Totals:
    positive = part.truth == index
    tp, fp = count_taken(positive, part.probabilities[:, index], np.array([threshold]))
    return int(positive.sum()), int((~positive).sum()), int(tp[0]), int(fp[0])


def _own(judged: ClassJudgement, samples: int) -> Totals:
    """Return the counts of the model's own answers."""
    return judged.labelled, samples - judged.labelled, judged.found, judged.predicted - judged.found


def _four(totals: Totals) -> dict[str, int]:
    positives, negatives, tp, fp = totals
    return {"tp": tp, "fp": fp, "fn": positives - tp, "tn": negatives - fp}


def _draw(
    judged: ClassJudgement, index: int, scored: Predictions, taken: Totals | None, *, area: Score, roc: Score
) -> str:
    """Return precision over recall, and recall over FPR, with the model's own answers and the threshold on both."""
    positive = scored.truth == index
    if area.value is None:
        return f"<p>{text(area.reason[:1].upper() + area.reason[1:])}, so there is no curve.</p>"
    own = scores_of(_own(judged, len(positive)))
    now = scores_of(taken) if taken is not None else {}

    def point(values: Mapping[str, Score], across: str, up: str) -> tuple[float, float] | None:
        x, y = (values[key].value if key in values else None for key in (across, up))
        return None if x is None or y is None else (x, y)

    name = judged.class_name
    curve = draw_curve(
        trace_curve(positive, scored.probabilities[:, index]),
        share=judged.share.value or 0.0,
        answered=point(own, "recall", "precision"),
        chosen=point(now, "recall", "precision"),
        label=f"Precision over recall of {name}, AP {number(area.value)}",
    )
    if roc.value is None:
        return f"<figure>{curve}</figure><p>{text(roc.reason[:1].upper() + roc.reason[1:])}, so there is no ROC.</p>"
    ring = draw_roc(
        list_steps(positive, scored.probabilities[:, index]),
        answered=point(own, "fpr", "recall"),
        chosen=point(now, "fpr", "recall"),
        label=f"Recall over false positive rate of {name}, ROC AUC {number(roc.value)}",
    )
    return f"<figure>{curve}</figure><figure>{ring}</figure>"


def _words(chosen: ClassThreshold) -> str:
    wish = f"<b>{_wish_words(chosen.wish)}</b>"
    if chosen.threshold is None:
        return f"{wish}: no threshold."
    asked = "" if chosen.stated else ", as nothing else was asked for"
    words = f"{wish}{asked}: taken from a probability of <b>{format_threshold(chosen.threshold)}</b> on"
    spread = chosen.spread
    if spread.low is not None and spread.high is not None:
        ends = f"{format_threshold(spread.low)}–{format_threshold(spread.high)}"
        words += f" ({interval_name(spread)} {ends}, chosen again on draws of groups)"
    held = chosen.validation.holds.value if chosen.validation else None
    if held is not None:
        words += f". With it the wish holds in {percent(held)} of draws of the validation groups"
        on_test = chosen.test.holds.value if chosen.test else None
        words += f" and in {percent(on_test)} of those of test" if on_test is not None else ""
    return f"{words}."


def _wish_words(wish: Wish) -> str:
    return str(wish).replace(">=", "≥").replace("<=", "≤").replace("fpr", "FPR").replace("f1", "F1")


def _slider(name: str, index: int, parts: Mapping[str, Predictions], start: float, *, at: str) -> str:
    """Return the slider with the counts of every step as JSON: from the laxest threshold to the strictest.

    Args:
        parts: `validation` and `test`, or `test` alone, the samples that are judged.
    """
    both = np.concatenate([part.truth for part in parts.values()]) == index
    steps = list_steps(both, np.concatenate([part.probabilities[:, index] for part in parts.values()]))
    places = thin_steps(steps, keep=start)[::-1]
    table: dict[str, object] = {"t": [format_threshold(float(place)) for place in places]}
    for key, part in parts.items():
        positive = part.truth == index
        tp, fp = count_taken(positive, part.probabilities[:, index], places)
        table[key] = {"tp": tp.tolist(), "fp": fp.tolist(), "p": int(positive.sum()), "n": int((~positive).sum())}
    place = int(np.searchsorted(places, start))
    data = json.dumps(table, separators=(",", ":")).replace("<", "\\u003c")
    called = f"{text(at)}threshold-{index}"
    return (
        f'<div class="slide script"><label for="{called}">Threshold of {text(name)}</label>'
        f'<input type="range" id="{called}" min="0" max="{len(places) - 1}" value="{place}" step="1">'
        f'<output for="{called}">{format_threshold(start)}</output>'
        f'<button type="button" hidden>Back to the chosen one</button>'
        f'<script type="application/json">{data}</script></div>'
    )


def _table(judged: ClassJudgement, taken: Totals, parts: Mapping[str, tuple[str, Totals, Costs | None]]) -> str:
    """Return counts and measures at the threshold, beside the model's own answers and a blind pick.

    Args:
        taken: of the samples that are judged.
        parts: `validation` and `test`, or `test` alone -> its name, what is taken of it, and the costs.
    """
    own = _own(judged, taken[0] + taken[1])
    blind = blind_pick(taken)
    values = {part: scores_of(totals) for part, (_, totals, _) in parts.items()}
    counts, of_own = {part: _four(totals) for part, (_, totals, _) in parts.items()}, _four(own)
    costs = {part: cost for part, (_, _, cost) in parts.items()}
    judged_part = parts["test"][0]
    heads = "".join(f'<th scope="col">{text(name)}</th>' for name, _, _ in parts.values())
    rows = []
    for key, word in _COUNTS:
        cells = "".join(f'<td data-part="{part}" data-key="{key}">{count(counts[part][key])}</td>' for part in counts)
        head = f'<th scope="row">{word}<small>{key.upper()}</small></th>'
        rows.append(f"<tr>{head}{cells}<td>{count(of_own[key])}</td><td></td></tr>")
    own_values = scores_of(own)
    for key in MEASURES:
        cells = "".join(
            f'<td data-part="{part}" data-key="{key}">{score_cell(values[part][key])}{_ends(costs[part], key)}</td>'
            for part in counts
        )
        rows.append(
            f'<tr><th scope="row">{_WORDS[key]}</th>{cells}<td>{score_cell(own_values[key])}</td>'
            f"<td>{score_cell(blind[key])}</td></tr>"
        )
    return (
        f'<div class="scroll"><table class="numbers"><thead><tr><th scope="col"></th>{heads}'
        f'<th scope="col">own answers<small>{text(judged_part)}</small></th>'
        f'<th scope="col">as many, blind<small>{text(judged_part)}</small></th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _ends(costs: Costs | None, key: str) -> str:
    interval: Interval | None = getattr(costs.chosen, key).interval if costs else None
    return f"<small>{span(interval)}</small>" if interval is not None and interval.low is not None else ""
