"""The sections of a report as HTML, each from the values it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rushes.evaluation.charts import Line, draw_epochs
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import FEW_GROUPS, LEVEL, Interval
from rushes.evaluation.judge import ClassJudgement, Judgement
from rushes.evaluation.markup import (
    breakable,
    count,
    counted,
    duration,
    format_toml,
    interval_name,
    named,
    number,
    percent,
    score_cell,
    short_names,
    span,
    text,
    within,
)
from rushes.evaluation.scores import Score
from rushes.evaluation.spread import spread_of
from rushes.evaluation.verdict import Verdict, blind_score

_WIDE_MATRIX = 12  # classes up to which a cell shows its share beside its count
_MISTAKES = 6  # kinds of mistake that are listed; five times as many where there is no table
WIDEST_MATRIX = 30  # classes up to which a matrix can be read at all
_MOST_GROUPS = 40
_MOST_RECALLS = 8  # lines that can be told apart in one chart
_MOTION_SETTINGS = (
    ("regularisation", "C ="),
    ("rate", "rate"),
    ("rounds", "rounds"),
    ("depth", "depth"),
    ("best_epoch", "epoch"),
)
_LONGEST_NAME = 12  # characters that stand beside a line
_QUOTED_PATH = re.compile(r"&#x27;((?:/|\w:/|\w+://)[^&;]*?/[^&;/]+)&#x27;")
_DARK = 0.62  # share of a row from which the shade of its cell asks for the other colour of text


def show_verdict(verdict: Verdict) -> str:
    """Return the sentence with its number set apart, and what to make of it."""
    score = f"<strong>{text(verdict.score)}</strong>" if verdict.score else ""
    gap = f"<p>{text(verdict.gap)}</p>" if verdict.gap else ""
    after = text(verdict.after).replace("–", "\u2060–\u2060")  # an interval stays on one line
    return f"<h1>{text(verdict.before)}{score}{after}</h1><p>{text(verdict.standing)}</p>{gap}"


def show_score_line(
    test: Judgement,
    *,
    unseen: bool,
    validation: Judgement | None,
    mixed: Judgement | None,
    gap: Estimate | None = None,
    watched: str = "watched in part",
    part: str = "test",
) -> str:
    """Return macro-F1 of the model, of its rivals and of blind answers on one scale from 0 to 1.

    Args:
        unseen: the groups of the test part were never watched in training.
        gap: what the mixed split has over the test part.
        watched: in a few words what training knew of them, where it did.
        part: that is judged; `all` is the whole.
    """
    if test.f1_macro.value is None:
        return ""
    rows = [
        strip_row(
            f"This model, {'unseen groups' if unseen else watched}",
            "all labelled samples" if part == "all" else f"the {part} part",
            test.f1_macro,
            style="ours",
        )
    ]
    if validation is not None and validation.f1_macro.value is not None:
        rows.append(strip_row("This model, validation", "its settings were chosen on these samples",
                               validation.f1_macro, style="hollow"))  # fmt: skip
    if mixed is not None and mixed.f1_macro.value is not None:
        detail = f"samples of one group on both sides{_gap_words(gap)}"
        rows.append(strip_row("Same recipe, mixed split", detail, mixed.f1_macro, style="hollow"))
    for name, detail, baseline in (
        ("Blind guess", "by the shares of the classes", test.prior),
        (f"Always ‘{test.majority.class_name}’", "the commonest class of training", test.majority),
    ):
        blind = Estimate(baseline.f1_macro, Interval(None, None, "a baseline is compared by its value"))
        rows.append(strip_row(name, detail, blind, style="blind"))
    return strip_table(rows, caption="macro-F1 of the model and of blind answers")


def _gap_words(gap: Estimate | None) -> str:
    """Return the gap to a mixed split with its interval, `; gap +0.17, 95 % interval +0.05 to +0.29`."""
    if gap is None or gap.value is None:
        return ""
    low, high = gap.interval.low, gap.interval.high
    ends = f", {interval_name(gap.interval)} {low:+.2f} to {high:+.2f}" if low is not None and high is not None else ""
    return f"; gap {gap.value:+.2f}{ends}"


def strip_table(rows: Sequence[str], *, caption: str) -> str:
    """Return rows of `strip_row` on one scale from 0 to 1."""
    axis = (
        '<tr class="axis" aria-hidden="true"><th></th><td><div class="track"><i style="left:0">0</i>'
        '<i style="left:50%">0.5</i><i style="left:100%">1</i></div></td><td></td></tr>'
    )
    return (
        f'<table class="strip"><caption class="hidden">{text(caption)}</caption>'
        f"<tbody>{''.join(rows)}{axis}</tbody></table>"
    )


def show_facts(test: Judgement) -> str:
    """Return the three overall scores as tiles, each beside what blind answers reach."""
    return show_tiles(
        (
            ("macro-F1", test.f1_macro, blind_score(test)),
            ("balanced accuracy", test.balanced_accuracy, test.majority.balanced_accuracy.value),
            ("accuracy", test.accuracy, test.majority.accuracy.value),
        )
    )


def show_tiles(tiles: Sequence[tuple[str, Estimate, float | None]]) -> str:
    """Return scores as tiles: (name, score, what is reached without a look)."""
    shown = "".join(
        f'<div class="tile"><dt>{text(name)}</dt><dd><b>{score_cell(estimate.score)}</b>'
        f"<span>{within(estimate.interval) or _no_interval(estimate.interval)}</span>"
        f"<span>without a look: {number(blind) if blind is not None else 'undefined'}</span></dd></div>"
        for name, estimate, blind in tiles
    )
    return f'<dl class="tiles" style="--tiles:{len(tiles)}">{shown}</dl>'


def _no_interval(interval: Interval) -> str:
    return f'<abbr class="undefined" title="{text(interval.reason)}">no interval</abbr>'


def explain_intervals(test: Judgement) -> str:
    """Return what the bars beside the overall scores are, as HTML."""
    if len(test.groups) < 2:
        return "An <b>interval</b> says how far a score would move on other groups; it takes several groups to tell."
    if len(test.groups) < FEW_GROUPS:
        return (
            f"The <b>range</b> holds the middle 95 of 100 scores that come out when the {len(test.groups)} groups are "
            f"drawn again and again. From fewer than {FEW_GROUPS} groups that is too narrow to be a 95 % interval: on "
            "others the score may well fall outside it."
        )
    return (
        "The <b>95 % interval</b> says where the score would have come out had other groups of this kind been drawn, "
        f"in 95 of 100 draws. From fewer than {FEW_GROUPS} groups such a bar is too narrow to be called so; it then "
        "is a <b>range</b> over these groups."
    )


def explain_class_intervals(test: Judgement) -> str:
    """Return what stands below each score of a class."""
    if len(test.groups) < 2:
        return "One group gives no interval"
    if len(test.groups) < FEW_GROUPS:
        return "Below each, its range and the groups that it is taken over: too few for a 95 % interval"
    return "Below each, its 95 % interval; where a number of groups stands there too, only the range over these"


def show_warnings(notes: Sequence[str]) -> str:
    """Return what to beware of as a list, or that there is nothing."""
    if not notes:
        return "<p>Nothing stands out: every class has samples, and the groups are enough for an interval.</p>"
    return f'<ul class="warnings">{"".join(f"<li>{_with_short_paths(note)}</li>" for note in notes)}</ul>'


def show_warnings_by(notes: Mapping[str, Sequence[str]]) -> str:
    """Return what to beware of with one entry for each of several parts, which is named; nothing without any."""
    entries = (
        f"<li><b>{text(name.capitalize())}</b><ul>{''.join(f'<li>{_with_short_paths(one)}</li>' for one in found)}"
        "</ul></li>"
        for name, found in notes.items()
        if found
    )
    listed = "".join(entries)
    return f'<ul class="warnings by">{listed}</ul>' if listed else ""


def _with_short_paths(note: str) -> str:
    """Return a warning as HTML in which a quoted path shows its last part, and the whole at hand."""
    return _QUOTED_PATH.sub(
        lambda found: f'<span title="{found[1]}">&#x27;{found[1].rpartition("/")[2]}&#x27;</span>', text(note)
    )


def show_confusion(test: Judgement) -> str:
    """Return the confusion matrix as a table shaded by the share of its row, and its commonest mistakes in words.

    The commonest are listed by the share that they take of the samples of their label, the largest first.
    """
    if test.samples == 0:
        return "<p>There are no test samples.</p>"
    size = len(test.classes)
    matrix = _matrix(test) if size <= WIDEST_MATRIX else (
        f"<p>{size} classes are too many for a table; it is in <code>metrics.json</code>. The largest mistakes:</p>"
    )  # fmt: skip
    return matrix + _largest_mistakes(test, most=_MISTAKES if size <= WIDEST_MATRIX else 5 * _MISTAKES)


def show_classes(test: Judgement) -> str:
    """Return the table of scores per class, and below it their means over the classes."""
    rows = "".join(_class_row(one) for one in test.per_class)
    reasons = dict.fromkeys(
        estimate.score.reason
        for one in test.per_class
        for estimate in (one.precision, one.recall, one.f1, one.average_precision, one.roc_auc)
        if estimate.score.reason
    )
    footnote = f'<p class="foot">Undefined: {text("; ".join(reasons))}.</p>' if reasons else ""
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">class</th><th scope="col">samples</th>'
        '<th scope="col">F1</th><th scope="col" class="wide">F1 from 0 to 1</th><th scope="col">precision</th>'
        '<th scope="col">recall</th><th scope="col">average precision<small>by chance</small>'
        '</th><th scope="col">ROC AUC<small>by chance</small></th>'
        f"</tr></thead><tbody>{rows}</tbody><tfoot>{_mean_rows(test)}</tfoot></table></div>{footnote}"
    )


def _class_row(one: ClassJudgement) -> str:
    chance = "0.50" if one.roc_auc.value is not None else ""
    return (
        f'<tr><th scope="row">{breakable(one.class_name)}</th><td>{count(one.labelled)}</td>'
        f"<td>{estimate_cell(one.f1)}</td>"
        f'<td class="wide">{_track(one.f1, style="ours", blind=one.always_f1.value)}</td>'
        f"<td>{estimate_cell(one.precision)}</td><td>{estimate_cell(one.recall)}</td>"
        f"<td>{estimate_cell(one.average_precision)}<small>{score_cell(one.share)}</small></td>"
        f"<td>{estimate_cell(one.roc_auc)}<small>{chance}</small></td></tr>"
    )


def _mean_rows(test: Judgement) -> str:
    """Return the means over classes: each class alike, and by how many samples it has."""
    more, blind = test.more, blind_score(test)
    macro = (test.f1_macro, more["precision_macro"], more["recall_macro"], more["average_precision_macro"],
             more["roc_auc_macro"])  # fmt: skip
    weighted = (more["f1_weighted"], more["precision_weighted"], more["recall_weighted"])
    rows = []
    for name, tick, (f1, *others) in (("macro", blind, macro), ("weighted", None, weighted)):
        cells = "".join(f"<td>{estimate_cell(one)}</td>" for one in others) + "<td></td>" * (4 - len(others))
        rows.append(
            f'<tr><th scope="row">{name}</th><td>{count(test.samples)}</td><td>{estimate_cell(f1)}</td>'
            f'<td class="wide">{_track(f1, style="ours", blind=tick)}</td>{cells}</tr>'
        )
    return "".join(rows)


def show_groups(test: Judgement) -> str:
    """Return the table of scores per group, the least accurate first."""
    if not test.per_group:
        return "<p>There are no test samples.</p>"
    if max(one.samples for one in test.per_group) == 1:
        right = sum(one.accuracy.value == 1 for one in test.per_group)
        return (
            f"<p>Each of the {counted(len(test.per_group), 'group')} holds one sample, so there is nothing to compare: "
            f"{count(right)} are right, {count(len(test.per_group) - right)} wrong.</p>"
        )
    rows, called = [], short_names(test.groups)
    for one in test.per_group[:_MOST_GROUPS]:
        accuracy = Estimate(one.accuracy, Interval(None, None, "one group"))
        worst = f"{text(one.worst[0])} taken for {text(one.worst[1])} ({one.worst[2]})" if one.worst else "no mistake"
        rows.append(
            f'<tr><th scope="row">{named(one.group, called)}</th><td>{count(one.samples)}</td>'
            f"<td>{score_cell(one.accuracy)}<small>{number(one.commonest_share)}</small></td>"
            f'<td class="wide">{_track(accuracy, style="ours", blind=one.commonest_share)}</td>'
            f'<td>{score_cell(one.f1_macro)}</td><td class="words">{worst}</td></tr>'
        )
    more, spread = len(test.per_group) - _MOST_GROUPS, spread_of(test.per_group)
    said = f"<p>{text(spread.sentence)}</p>" if spread is not None else ""
    rest = f'<p class="foot">{count(more)} more accurate groups are in metrics.json.</p>' if more > 0 else ""
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">group</th><th scope="col">samples</th>'
        '<th scope="col">accuracy<small>its commonest class</small></th><th scope="col" class="wide">from 0 to 1</th>'
        '<th scope="col">macro-F1</th><th scope="col" class="words">most frequent mistake</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{rest}{said}"
    )


def explain_training(history: Sequence[Mapping[str, Any]]) -> str:
    """Return what the figure of `show_training` shows, in plain words."""
    if any("motion" in record for record in history):
        return (
            "No network looked at the frames: models were fitted to what was measured of each shot's motion. The "
            "marked row, the one with the least loss on validation, was kept."
        )
    if any("regularisation" in record for record in history):
        return (
            "The backbone was left as it is; only a head was fitted on its features, once for each strength of the "
            "penalty against learning by heart (a smaller C is a stronger penalty). The marked row, the best on "
            "validation, was kept."
        )
    if any("neighbours" in record for record in history):
        return (
            "The backbone was left as it is; the training pictures most like a new one vote on its class, once for "
            "each number of neighbours (the fewer, the more a single picture decides). The marked row, the best on "
            "validation, was kept."
        )
    return (
        "How it learnt, epoch by epoch. Where the loss on validation turns up while that on training still falls, it "
        "learns its samples by heart; the weights of the best epoch are kept."
    )


def show_training(
    history: Sequence[Mapping[str, Any]],
    *,
    best_epoch: int | None,
    classes: Sequence[str] = (),
    colours: Mapping[str, str] | None = None,
) -> str:
    """Return the curves of training, or the heads that were tried, or that nothing was recorded.

    Args:
        classes: in the order in which each record of the history lists `recalls`.
        colours: class -> its colour on the page, where each has one of its own.
    """
    if any({"regularisation", "neighbours", "motion"} & record.keys() for record in history):
        return _trials(history)
    losses = _lines(history, (("training", "train_loss", "second"), ("validation", "validation_loss", "main")))
    scores = _lines(
        history,
        (
            ("macro-F1", "f1_macro", "main"),
            ("bal. acc.", "balanced_accuracy", "second"),
            ("accuracy", "accuracy", "third"),
        ),
    )
    recalls, detail = _recall_lines(history, classes, colours or {})
    charts = [
        f"<figure><figcaption><b>{title}</b> <span>{detail}</span></figcaption>"
        f"{draw_epochs(lines, best_epoch=best_epoch, share=share, label=f'{title} over epochs')}</figure>"
        for title, detail, lines, share in (
            ("Loss", "lower is better", losses, False),
            ("Scores on validation", "higher is better", scores, True),
            ("Recall on validation", detail, recalls, True),
        )
        if lines
    ]
    if not charts:
        return "<p>The run recorded no more than one epoch, so there is no curve to show.</p>"
    return f'<div class="charts">{"".join(charts)}</div>'


def show_counts(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], *, virtual: Mapping[str, int] | None = None
) -> str:
    """Return how many samples of each class each part of the split holds.

    Args:
        virtual: class -> clips of the virtual camera that stood in train beside what is counted there.
    """
    added = {name: clips for name, clips in (virtual or {}).items() if name in classes and clips}
    parts = [part for part in ("train", "validation", "test") if part in counts]
    if not parts:
        return "<p>The run does not say how many samples it was trained on.</p>"
    most = max((counts[part].get(name, 0) for part in parts for name in classes), default=0) or 1
    head = "".join(f'<th scope="col"><span>{part}</span></th>' for part in parts)
    rows = []
    for name in classes:
        cells = "".join(
            f"<td><div><span>{count(counts[part].get(name, 0))}</span>"
            f'<i style="width:{counts[part].get(name, 0) / most * 100:.1f}%"></i></div>'
            f"{_virtual(added.get(name, 0)) if part == 'train' else ''}</td>"
            for part in parts
        )
        rows.append(f'<tr><th scope="row">{text(name)}</th>{cells}</tr>')
    sums = "".join(
        f"<td><span>{count(sum(counts[part].values()))}</span>"
        f"{_virtual(sum(added.values())) if part == 'train' else ''}</td>"
        for part in parts
    )
    return (
        f'<div class="scroll"><table class="numbers counts"><thead><tr><th scope="col">class</th>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody><tfoot><tr><th scope="row">all</th>{sums}</tr></tfoot></table></div>'
    )


def _virtual(clips: int) -> str:
    return f"<small> (+{count(clips)} virtual)</small>" if clips else ""


def show_making(run: Mapping[str, Any], test: Judgement, *, command: str, resamples: int) -> str:
    """Return where the numbers come from: digests, commit, machine, recipe, and the command that makes them again."""
    manifest, split = _table(run, "manifest"), _table(run, "split")
    rows = {
        "bundle" if run.get("bundle") else "run": run.get("name"),
        "its id": run.get("bundle"),
        "judged on": f"the part '{run['part']}' of the project's newest manifest" if run.get("part") else None,
        "made": run.get("created_at"),
        "manifest": _with_digest(manifest),
        "split": f"{split.get('kind', 'of unknown kind')}, {_with_digest(split)}" if split else None,
        "weights": _with_digest(_table(run, "weights")),
        "code": run.get("commit"),
        "machine": _words(_table(run, "machine")),
        "trained in": duration(float(run["elapsed_seconds"])) if run.get("elapsed_seconds") is not None else None,
        "parameters": _parameters(run),
        "epochs": f"{run['epochs']}, the weights of epoch {run['best_epoch']} were kept"
        if run.get("epochs") and run.get("best_epoch") is not None
        else None,
        "input": _input_words(_table(run, "preprocessing")),
        "intervals" if test.f1_macro.interval.level is not None else "ranges": (
            f"the middle {count(round(LEVEL * resamples))} of {count(resamples)} draws of whole groups (percentile "
            f"bootstrap), seed {test.seed}"
        ),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{text(value)}</dd>" for name, value in rows.items() if value)
    recipe = _table(run, "recipe")
    resolved = (
        "<details><summary>The recipe, every default filled in</summary>"
        f"<pre>{text(format_toml(recipe))}</pre></details>"
        if recipe
        else ""
    )
    return f'<dl class="made">{listed}</dl><p>To make it again:</p><pre>{text(command)}</pre>{resolved}'


def strip_row(name: str, detail: str, estimate: Estimate, *, style: str) -> str:
    """Return a row of a score line: `style` is `ours`, `hollow` for what it is compared with, or `blind`."""
    shown = number(estimate.value) if estimate.value is not None else "undefined"
    return (
        f'<tr class="{style}"><th scope="row">{text(name)}<small>{text(detail)}</small></th>'
        f"<td>{_track(estimate, style=style)}</td><td><b>{shown}</b>{_ends(estimate.interval)}</td></tr>"
    )


def _ends(interval: Interval) -> str:
    """Return the ends of an interval, called by its name."""
    return "" if interval.low is None else f"<small>{interval_name(interval)}<br>{span(interval)}</small>"


def _track(estimate: Estimate, *, style: str, blind: float | None = None) -> str:
    """Return a scale from 0 to 1 with the interval as a bar, the value as a dot and blind answers as a tick."""
    parts = []
    low, high = estimate.interval.low, estimate.interval.high
    if low is not None and high is not None:
        parts.append(f'<i class="span" style="left:{low * 100:.1f}%;width:{max(high - low, 0.004) * 100:.1f}%"></i>')
    if blind is not None:
        parts.append(f'<i class="blind" style="left:{blind * 100:.1f}%"></i>')
    if estimate.value is not None:
        parts.append(
            f'<i class="{"blind" if style == "blind" else "dot"}" style="left:{estimate.value * 100:.1f}%"></i>'
        )
    return f'<div class="track {style}" aria-hidden="true">{"".join(parts)}</div>'


def estimate_cell(estimate: Estimate) -> str:
    """Return a score over the ends of its interval."""
    interval = estimate.interval
    few = "" if interval.low is None or interval.level is not None else f"<br>{counted(interval.group_count, 'group')}"
    return f"{score_cell(estimate.score)}<small>{span(interval)}{few}</small>"


def _matrix(test: Judgement) -> str:
    with_shares = len(test.classes) <= _WIDE_MATRIX
    head = "".join(f'<th scope="col"><span>{breakable(name)}</span></th>' for name in test.classes)
    rows = []
    for row, name in enumerate(test.classes):
        labelled = int(test.confusion[row].sum())
        cells = "".join(
            _cell(int(test.confusion[row, column]), labelled, row, column, test.classes, with_shares=with_shares)
            for column in range(len(test.classes))
        )
        rows.append(f'<tr><th scope="row">{breakable(name)}</th>{cells}<td class="sum">{count(labelled)}</td></tr>')
    sums = "".join(f"<td>{count(int(total))}</td>" for total in test.confusion.sum(axis=0))
    size = "" if with_shares else " small"
    return (
        f'<div class="scroll"><table class="matrix{size}"><thead><tr><td class="corner"></td>'
        f'<th colspan="{len(test.classes)}" class="over">the model answered</th><td></td></tr>'
        f'<tr><th class="corner">labelled</th>{head}<th class="sum">all</th></tr></thead><tbody>{"".join(rows)}</tbody>'
        f'<tfoot><tr><th scope="row">all</th>{sums}<td>{count(test.samples)}</td></tr></tfoot></table></div>'
        '<p class="scale" aria-hidden="true"><span>0 %</span><i></i><span>100 % of the row</span></p>'
    )


def _cell(samples: int, labelled: int, row: int, column: int, classes: Sequence[str], *, with_shares: bool) -> str:
    share = samples / labelled if labelled else 0.0
    style = " ".join(
        name for name, holds in (("hit", row == column), ("dark", share > _DARK), ("none", samples == 0)) if holds
    )
    title = f"labelled {classes[row]}, answered {classes[column]}: {samples} of {labelled}"
    body = f"<b>{count(samples)}</b>" + (f"<small>{percent(share)}</small>" if with_shares and samples else "")
    return (
        f'<td class="{style}" style="--share:{share:.3f}" title="{text(title)}" data-truth="{row}" '
        f'data-answer="{column}">{body}</td>'
    )


def _largest_mistakes(test: Judgement, *, most: int) -> str:
    mistakes = test.confusion.copy()
    np.fill_diagonal(mistakes, 0)
    labelled = test.confusion.sum(axis=1)
    found = [
        (int(mistakes[row, column]), int(mistakes[row, column]) / int(labelled[row]), int(row), int(column))
        for row, column in np.argwhere(mistakes)
    ]
    if not found:
        return "<p>Not one mistake.</p>"
    kept = sorted(found, key=lambda one: (-one[0], -one[1]))[:most]
    items = [
        f"<li><b>{breakable(test.classes[row])}</b> taken for <b>{breakable(test.classes[column])}</b>: "
        f"{count(samples)} of {count(int(labelled[row]))}, {percent(share)}</li>"
        for samples, share, row, column in sorted(kept, key=lambda one: (-one[1], -one[0]))
    ]
    left = len(found) - len(kept)
    samples_left = sum(one[0] for one in found) - sum(one[0] for one in kept)
    rest = (
        f'<p class="foot">{counted(left, "rarer kind")} of mistake, {counted(samples_left, "sample")} in all, '
        f"{'is' if left == 1 else 'are'} not listed.</p>"
        if left
        else ""
    )
    return f'<ol class="mistakes">{"".join(items)}</ol>{rest}'


def _trials(history: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of heads that were tried, the chosen one marked."""
    rows = []
    for record in history:
        chosen = bool(record.get("chosen"))
        cells = "".join(
            f"<td>{_plain(_number_in(record, key))}</td>"
            for key in ("train_loss", "validation_loss", "balanced_accuracy", "f1_macro")
        )
        value = _number_in(record, "f1_macro")
        score = Score(value, "" if value is not None else "it was not recorded")
        track = _track(Estimate(score, Interval(None, None, "one fit")), style="ours")
        name = _setting(record)
        mark = ' class="chosen"' if chosen else ""
        rows.append(
            f'<tr{mark}><th scope="row">{text(name)}'
            f'{"<small>kept</small>" if chosen else ""}</th>{cells}<td class="wide">{track}</td></tr>'
        )
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">head</th><th scope="col">loss<small>'
        'training</small></th><th scope="col">loss<small>validation</small></th><th scope="col">balanced accuracy'
        '<small>validation</small></th><th scope="col">macro-F1<small>validation</small></th>'
        '<th scope="col" class="wide">'
        f"macro-F1 from 0 to 1</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _setting(record: Mapping[str, Any]) -> str:
    """Return in a word or two what a head was tried with."""
    penalty, neighbours = _number_in(record, "regularisation"), _number_in(record, "neighbours")
    if "motion" in record:
        known = [f"{word} {record[key]:g}" for key, word in _MOTION_SETTINGS if _number_in(record, key) is not None]
        return ", ".join([str(record["motion"]), *known])
    if neighbours is not None:
        return f"{neighbours:g} neighbour{'' if neighbours == 1 else 's'}"
    return f"C = {penalty:g}" if penalty is not None else "C not recorded"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _lines(history: Sequence[Mapping[str, Any]], wanted: Sequence[tuple[str, str, str]]) -> list[Line]:
    lines = []
    for name, key, style in wanted:
        found = [(_number_in(record, "epoch"), _number_in(record, key)) for record in history]
        points = [(epoch, value) for epoch, value in found if epoch is not None and value is not None]
        if len(points) > 1:
            lines.append(Line(name, points, style))
    return lines


def _recall_lines(
    history: Sequence[Mapping[str, Any]], classes: Sequence[str], colours: Mapping[str, str]
) -> tuple[list[Line], str]:
    """Return the share found of each class over epochs, and what is shown; the worst in the end where they are many."""
    found: dict[str, list[tuple[float, float]]] = {}
    for record in history:
        epoch, recalls = _number_in(record, "epoch"), record.get("recalls")
        if epoch is None or not isinstance(recalls, list | tuple) or len(recalls) != len(classes):
            continue
        for name, recall in zip(classes, recalls, strict=True):
            value = _number_in({"recall": recall}, "recall")
            if value is not None:
                found.setdefault(name, []).append((epoch, value))
    drawable = [name for name, points in found.items() if len(points) > 1]
    shown = sorted(drawable, key=lambda name: found[name][-1][1])[:_MOST_RECALLS]
    detail = "share found of each class" if len(shown) == len(drawable) else f"the {len(shown)} classes found least"
    kept = [name for name in drawable if name in shown]  # colours go by the order of the classes
    styles = {name: colours.get(name, f"c{index}") for index, name in enumerate(kept)}
    return [Line(name[:_LONGEST_NAME], found[name], styles[name]) for name in kept], detail


def _number_in(record: Mapping[str, Any], key: str) -> float | None:
    """Return a number of a record; None where it is missing, no number, or not finite."""
    value = record.get(key)
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _table(run: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = run.get(key)
    return value if isinstance(value, Mapping) else {}


def _parameters(run: Mapping[str, Any]) -> str:
    if run.get("parameters") is None:
        return ""
    learnt = run.get("trained_parameters")
    return count(int(run["parameters"])) + (f", {count(int(learnt))} of them learnt here" if learnt is not None else "")


def _words(table: Mapping[str, Any]) -> str:
    return ", ".join(
        _words(value) if isinstance(value, Mapping) else f"{name} {value}" for name, value in table.items()
    )


def _with_digest(file: Mapping[str, Any]) -> str:
    if not file.get("sha256"):
        return str(file.get("path") or "")
    return f"{file.get('path') or 'in no file'}, sha256 {str(file['sha256'])[:16]}"


def _input_words(preprocessing: Mapping[str, Any]) -> str:
    if "width" not in preprocessing or "height" not in preprocessing:
        return ""
    words = [f"{preprocessing['width']}×{preprocessing['height']} pixels"]
    bars = ["black bars cut off"] if preprocessing.get("letterbox") == "remove" else []
    return ", ".join(words + [str(preprocessing[key]) for key in ("color", "fit") if key in preprocessing] + bars)
