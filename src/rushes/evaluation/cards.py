"""The gallery as HTML: cards of samples, and the filter and the order that need no script."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rushes.evaluation.card import show_card, show_pictures
from rushes.evaluation.explained import NOTHING, Explained
from rushes.evaluation.gallery import Unshown, count_outcomes, find_unshown, margins_of
from rushes.evaluation.markup import breakable, count, counted, text
from rushes.evaluation.thumbnails import Thumbnail
from rushes.learning.measures import count_confusion
from rushes.learning.predictions import Predictions
from rushes.timecode import timecode_to_show

_MOST_CHOICES = 40  # classes that the filter offers
_ORDERS = (
    ("sure", "Surest mistakes first", "mistakes before right answers, each by the probability of the answer"),
    ("margin", "Least sure first", "by how little the likeliest class leads the next one"),
    ("time", "By group and time", "in the order of groups, and of time within each"),
)
_KINDS = (
    ("all", "Everything", ""),
    ("fp", "False positives", "taken for the class, but labelled otherwise"),
    ("fn", "False negatives", "labelled as the class, but not found"),
    ("tp", "True positives", "labelled as the class, and found"),
    ("tn", "True negatives", "neither labelled nor taken for the class"),
)


def show_gallery(
    predictions: Predictions,
    thumbnails: Mapping[int, Thumbnail | None],
    *,
    source_names: Mapping[str, str] | None = None,
    explained: Explained = NOTHING,
) -> str:
    """Return the cards of the samples in `thumbnails`, mistakes first, the surest answer first.

    Args:
        source_names: what stands before the last `:` of a frame's id -> the file that it comes from.
        explained: heat and neighbours of some of the rows.
    """
    if not thumbnails:
        return "<p>There are no samples to show.</p>"
    truth, predicted = predictions.truth, predictions.predicted
    confidence, margin = predictions.probabilities.max(axis=1), margins_of(predictions)
    rows = sorted(thumbnails, key=lambda row: (truth[row] == predicted[row], -confidence[row], row))
    orders = {
        "margin": sorted(rows, key=lambda row: (margin[row], row)),
        "time": sorted(rows, key=lambda row: (predictions.groups[row], predictions.timecodes[row], row)),
    }
    places = {key: {row: place for place, row in enumerate(ordered)} for key, ordered in orders.items()}
    names = predictions.classes
    choices = classes_to_choose(predictions, rows)
    classes = "".join(_choice("class", str(index), names[index], checked=False) for index in choices)
    left = len(names) - len(choices)
    rest = f"<span>and {counted(left, 'class', 'classes')} with fewer mistakes here</span>" if left else ""
    kinds = "".join(_choice("kind", key, label, checked=key == "all", title=title) for key, label, title in _KINDS)
    order = "".join(_choice("order", key, label, checked=key == "sure", title=title) for key, label, title in _ORDERS)
    cards = "".join(
        show_card(
            predictions,
            row,
            thumbnails[row],
            places={key: place[row] for key, place in places.items()},
            source=(source_names or {}).get(predictions.frames[row].rpartition(":")[0], ""),
            explained=explained,
        )
        for row in rows
    )
    called = text(json.dumps(list(names), ensure_ascii=False))
    return (
        f'<div class="gallery" data-classes="{called}"><style>{_filter_rules(predictions, rows, choices)}</style>'
        '<div class="filters">'
        f"<fieldset><legend>Class</legend>{_choice('class', 'all', 'All', checked=True)}{classes}{rest}</fieldset>"
        f"<fieldset><legend>Kind</legend>{kinds}</fieldset><fieldset><legend>Order</legend>{order}</fieldset>"
        f"{_heat_switch(explained)}</div>{_outcome_lines(predictions, choices)}"
        '<p class="pair" role="status" hidden></p><p class="nothing">None of these among the samples shown.</p>'
        f'{show_pictures(explained)}<div class="cards">{cards}</div>'
        f"{_unshown(predictions, find_unshown(predictions, thumbnails))}</div>"
    )


def explain_choice(predictions: Predictions, thumbnails: Mapping[int, Thumbnail | None]) -> str:
    """Return in words which samples the gallery holds."""
    if find_unshown(predictions, thumbnails):
        return "chosen so that as many pairs of label and answer as there is room for are there"
    return "chosen so that every pair of label and answer that occurs is there"


def classes_to_choose(predictions: Predictions, rows: Sequence[int]) -> list[int]:
    """Return the classes that the filter offers, in their order: all, or of many those with the most mistakes shown."""
    if len(predictions.classes) <= _MOST_CHOICES:
        return list(range(len(predictions.classes)))
    wrong = [row for row in rows if predictions.truth[row] != predictions.predicted[row]]
    mistakes = Counter(int(index) for row in wrong for index in (predictions.truth[row], predictions.predicted[row]))
    return sorted(index for index, _ in mistakes.most_common(_MOST_CHOICES))


def explain_gallery(explained: Explained) -> str:
    """Return what the heat and the neighbours on the cards are, and what of them could not be had, as HTML."""
    said = []
    if explained.heats:
        said.append(
            f"<b>Show where it looked</b> lays heat over {counted(len(explained.heats), 'picture')}, mistakes first: "
            f"the warmer a place, the more the answer rests on it. {text(explained.heat_words)}"
        )
    if explained.neighbours:
        said.append(
            "<b>Most like it in training</b> are the training pictures whose features lie nearest, each with its "
            f"label: where they are of another class, look at their labels too. {_searched(explained)}"
        )
    said += [text(note) for note in explained.notes]
    return "".join(f"<p>{one}</p>" for one in said)


def _searched(explained: Explained) -> str:
    if not explained.searched:
        return ""
    return (
        f"They were looked for among {counted(explained.searched, 'training picture')}: all that could be read, or, "
        "where there are more, some spread over classes and groups."
    )


def _heat_switch(explained: Explained) -> str:
    """Return the switch that lays heat over the pictures, where there is any."""
    if not explained.heats:
        return ""
    return (
        '<fieldset><legend>Why</legend><label title="The warmer a place, the more the answer rests on it">'
        '<input type="checkbox" id="heat"><span>Show where it looked</span></label></fieldset>'
    )


def _unshown(predictions: Predictions, cells: Sequence[Unshown]) -> str:
    """Return what is in the cells of the matrix that have no card, in words, so that a person can still find it."""
    if not cells:
        return ""
    items = []
    for cell in cells:
        label, answer = predictions.classes[cell.truth], predictions.classes[cell.answer]
        which = (
            f"<b>{text(label)}</b> rightly found"
            if cell.truth == cell.answer
            else f"<b>{text(label)}</b> taken for <b>{text(answer)}</b>"
        )
        some = "; ".join(_named(predictions, row) for row in cell.rows)
        more = f" and {count(cell.count - len(cell.rows))} more" if cell.count > len(cell.rows) else ""
        items.append(
            f'<li data-truth="{cell.truth}" data-answer="{cell.answer}">{which}: {counted(cell.count, "sample")}, '
            f"none shown: {some}{more}.</li>"
        )
    pairs = "one pair" if len(cells) == 1 else f"{count(len(cells))} pairs"
    return (
        f'<details class="unshown"><summary>No card for {pairs} of label and answer, for want of room</summary>'
        f"<ul>{''.join(items)}</ul></details>"
    )


def _named(predictions: Predictions, row: int) -> str:
    """Return the name of a sample, with its group and time where the name does not hold them."""
    name, group = predictions.names[row], predictions.groups[row]
    timecode = timecode_to_show(predictions.timecodes[row], name=name)
    more = [group] if group and group not in name else []
    more += [timecode] if timecode else []
    return breakable(name) + (f" ({text(', '.join(more))})" if more else "")


def _choice(group: str, key: str, label: str, *, checked: bool, title: str = "") -> str:
    on = " checked" if checked else ""
    hint = f' title="{text(title)}"' if title else ""
    return f'<label{hint}><input type="radio" name="{group}" id="{group}-{key}"{on}><span>{text(label)}</span></label>'


def _outcome_lines(predictions: Predictions, choices: Sequence[int]) -> str:
    """Return one line per class that counts its four kinds; the filter shows the one of the chosen class."""
    confusion = count_confusion(predictions.truth, predictions.predicted, len(predictions.classes))
    wrong, total = int(confusion.sum() - np.trace(confusion)), int(confusion.sum())
    lines = [
        f'<p class="outcome any">{count(wrong)} of {count(total)} samples are wrong. Each is a false negative of the '
        "class it is labelled and a false positive of the class it was taken for.</p>"
    ]
    for index in choices:
        name, one = predictions.classes[index], count_outcomes(confusion, index)
        lines.append(
            f'<p class="outcome c{index}"><b>{text(name)}</b> among all samples judged: '
            f"{count(one.true_positive)} found (TP), {count(one.false_negative)} missed (FN), "
            f"{count(one.false_positive)} falsely taken for it (FP), "
            f"{count(one.true_negative)} rightly left alone (TN).</p>"
        )
    return "".join(lines)


def _filter_rules(predictions: Predictions, rows: Sequence[int], choices: Sequence[int]) -> str:
    """Return the style rules that hide what the chosen class and kind leave out."""

    def when(group: str, key: str) -> str:
        return f":has(#{group}-{key}:checked)"

    any_class = f".gallery{when('class', 'all')}"
    rules = [f"{any_class}{when('kind', kind)} .card.right" for kind in ("fp", "fn")]
    rules += [f"{any_class}{when('kind', kind)} .card.wrong" for kind in ("tp", "tn")]
    empty, lines = [], []
    for index in choices:
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
        f"{_order_rules()}"
    )


def _order_rules() -> str:
    """Return the style rules that put cards into the chosen order; the script then moves the cards themselves."""
    return "".join(
        f":root:not(.scripted) .gallery:has(#order-{key}:checked) .card{{order:var(--{key})}}"
        for key, *_ in _ORDERS
        if key != "sure"
    )


def _kinds_shown(predictions: Predictions, rows: Sequence[int], index: int) -> set[str]:
    kinds = set()
    for row in rows:
        labelled, answered = predictions.truth[row] == index, predictions.predicted[row] == index
        kinds.add(("t" if labelled == answered else "f") + ("p" if answered else "n"))
    return kinds
