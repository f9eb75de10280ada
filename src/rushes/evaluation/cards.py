"""The gallery as HTML: cards of samples, and the filter that needs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rushes.evaluation.gallery import count_outcomes
from rushes.evaluation.markup import breakable, count, percent, text
from rushes.evaluation.thumbnails import Thumbnail
from rushes.learning.measures import count_confusion
from rushes.learning.predictions import Predictions
from rushes.storage.pictures import without_query

_BARS = 3
_KINDS = (
    ("all", "Everything", ""),
    ("fp", "False positives", "taken for the class, but labelled otherwise"),
    ("fn", "False negatives", "labelled as the class, but not found"),
    ("tp", "True positives", "labelled as the class, and found"),
    ("tn", "True negatives", "neither labelled nor taken for the class"),
)


def show_gallery(predictions: Predictions, thumbnails: Mapping[int, Thumbnail | None]) -> str:
    """Return the cards of the samples in `thumbnails`, mistakes first, the surest answer first."""
    if not thumbnails:
        return "<p>There are no samples to show.</p>"
    truth, predicted = predictions.truth, predictions.predicted
    confidence = predictions.probabilities.max(axis=1)
    rows = sorted(thumbnails, key=lambda row: (truth[row] == predicted[row], -confidence[row], row))
    names = predictions.classes
    classes = "".join(
        _choice("class", str(index), name, checked=False) for index, name in enumerate(names)
    )  # fmt: skip
    kinds = "".join(_choice("kind", key, label, checked=key == "all", title=title) for key, label, title in _KINDS)
    cards = "".join(_card(predictions, row, thumbnails[row]) for row in rows)
    return (
        f'<div class="gallery"><style>{_filter_rules(predictions, rows)}</style><div class="filters">'
        f"<fieldset><legend>Class</legend>{_choice('class', 'all', 'All', checked=True)}{classes}</fieldset>"
        f"<fieldset><legend>Kind</legend>{kinds}</fieldset></div>{_outcome_lines(predictions)}"
        '<p class="pair" hidden></p><p class="nothing">None of these among the samples shown.</p>'
        f'<div class="cards">{cards}</div></div>'
    )


def _choice(group: str, key: str, label: str, *, checked: bool, title: str = "") -> str:
    on = " checked" if checked else ""
    hint = f' title="{text(title)}"' if title else ""
    return f'<label{hint}><input type="radio" name="{group}" id="{group}-{key}"{on}><span>{text(label)}</span></label>'


def _outcome_lines(predictions: Predictions) -> str:
    """Return one line per class that counts its four kinds; the filter shows the one of the chosen class."""
    confusion = count_confusion(predictions.truth, predictions.predicted, len(predictions.classes))
    wrong, total = int(confusion.sum() - np.trace(confusion)), int(confusion.sum())
    lines = [
        f'<p class="outcome any">{count(wrong)} of {count(total)} samples are wrong. Each is a false negative of the '
        "class it is labelled and a false positive of the class it was taken for.</p>"
    ]
    for index, name in enumerate(predictions.classes):
        one = count_outcomes(confusion, index)
        lines.append(
            f'<p class="outcome c{index}"><b>{text(name)}</b> in the whole test part: '
            f"{count(one.true_positive)} found (TP), {count(one.false_negative)} missed (FN), "
            f"{count(one.false_positive)} falsely taken for it (FP), "
            f"{count(one.true_negative)} rightly left alone (TN).</p>"
        )
    return "".join(lines)


def _filter_rules(predictions: Predictions, rows: Sequence[int]) -> str:
    """Return the style rules that hide what the chosen class and kind leave out."""

    def when(group: str, key: str) -> str:
        return f":has(#{group}-{key}:checked)"

    any_class = f".gallery{when('class', 'all')}"
    rules = [f"{any_class}{when('kind', kind)} .card.right" for kind in ("fp", "fn")]
    rules += [f"{any_class}{when('kind', kind)} .card.wrong" for kind in ("tp", "tn")]
    empty, lines = [], []
    for index in range(len(predictions.classes)):
        chosen, label, answer = f".gallery{when('class', str(index))}", f".t{index}", f".p{index}"
        rules += [
            f"{chosen}{when('kind', 'all')} .card:not({label},{answer})",
            f"{chosen}{when('kind', 'tp')} .card:not({label}{answer})",
            f"{chosen}{when('kind', 'fn')} .card:not({label}.wrong)",
            f"{chosen}{when('kind', 'fp')} .card:not({answer}.wrong)",
            f"{chosen}{when('kind', 'tn')} .card:is({label},{answer})",
        ]
        shown = _kinds_shown(predictions, rows, index)
        empty += [f"{chosen}{when('kind', kind)} .nothing" for kind in ("tp", "fn", "fp", "tn") if kind not in shown]
        if not shown & {"tp", "fn", "fp"}:
            empty.append(f"{chosen}{when('kind', 'all')} .nothing")
        lines.append(f"{chosen} .outcome.c{index}")
    right = {bool(predictions.truth[row] == predictions.predicted[row]) for row in rows}
    empty += [f"{any_class}{when('kind', kind)} .nothing" for kind in ("fp", "fn") if False not in right]
    empty += [f"{any_class}{when('kind', kind)} .nothing" for kind in ("tp", "tn") if True not in right]
    show = ",".join([*empty, f"{any_class} .outcome.any", *lines])
    return (
        f".gallery .outcome,.gallery .nothing{{display:none}}{','.join(rules)}{{display:none}}{show}{{display:block}}"
    )


def _kinds_shown(predictions: Predictions, rows: Sequence[int], index: int) -> set[str]:
    kinds = set()
    for row in rows:
        labelled, answered = predictions.truth[row] == index, predictions.predicted[row] == index
        kinds.add(("t" if labelled == answered else "f") + ("p" if answered else "n"))
    return kinds


def _card(predictions: Predictions, row: int, thumbnail: Thumbnail | None) -> str:
    names = predictions.classes
    label, answer = int(predictions.truth[row]), int(predictions.predicted[row])
    right = label == answer
    outcome = "right" if right else "wrong"
    said = (
        f"<b>{text(names[answer])}</b>"
        if right
        else f"<b>{text(names[label])}</b> taken for <b>{text(names[answer])}</b>"
    )
    lost = f"The picture {text(without_query(predictions.images[row]) or 'of this sample')} could not be read."
    seen = (
        f'<img src="{thumbnail.uri}" width="{thumbnail.width_pixels}" height="{thumbnail.height_pixels}" '
        f'alt="{text(predictions.names[row])}" decoding="async">'
        if thumbnail
        else f'<span class="lost">{lost}</span>'
    )
    is_video = "_FRM-" in predictions.names[row]
    name, group = predictions.names[row], predictions.groups[row]
    where = [*([predictions.timecodes[row]] if is_video else []), f"label by {predictions.origins[row]}"]
    place = text(" · ".join(word for word in where if word))
    elsewhere = "" if not group or group in name else f"{breakable(group)}<br>"
    return (
        f'<figure class="card {outcome} t{label} p{answer}"><div class="still">{seen}</div><figcaption>'
        f'<p class="said"><i role="img" aria-label="{outcome}">{"✓" if right else "✗"}</i> {said}</p>'
        f'{show_bars(predictions, row)}<p class="where"><span>{breakable(name)}</span><br>{elsewhere}{place}</p>'
        "</figcaption></figure>"
    )


def show_bars(predictions: Predictions, row: int) -> str:
    """Return the likeliest classes of a sample as bars of their probability, the labelled one among them, marked."""
    label, probabilities = int(predictions.truth[row]), predictions.probabilities[row]
    ranked = [int(index) for index in np.argsort(-probabilities, kind="stable")[:_BARS]]
    if label not in ranked:
        ranked[-1] = label
    bars = (_bar(predictions.classes[index], float(probabilities[index]), labelled=index == label) for index in ranked)
    return f'<ul class="bars">{"".join(bars)}</ul>'


def _bar(name: str, probability: float, *, labelled: bool) -> str:
    mark = ' class="label"' if labelled else ""
    return (
        f'<li{mark}><span>{text(name)}</span><i style="--w:{probability * 100:.0f}%"></i>'
        f"<em>{percent(probability)}</em></li>"
    )
