"""The section of a report on slices: where the model is worse, by how much more than the classes explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rushes.evaluation.attributes import OTHER
from rushes.evaluation.class_shares import OTHER_COLOUR, show_legend
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import FEW_GROUPS, Interval
from rushes.evaluation.judge import FEW_SAMPLES
from rushes.evaluation.markup import breakable, count, counted, number, percent, score_cell, text
from rushes.evaluation.sections import estimate_cell
from rushes.evaluation.significance import FALSE_SHARE
from rushes.evaluation.slices import SliceClass, SliceJudgement, sort_slices
from rushes.evaluation.verdict import blind_score

LINK = ("slices", "Slices")
MOST_SHOWN = 40  # slices of one column
_MOST_WARNED = 3
_MOST_NAMED = 3  # untested slices of one reason
_MOST_CLASSES = 12  # whose recalls are tabled

Slices = Mapping[str, Sequence[SliceJudgement]]


def warn_of_slices(slices: Slices) -> list[str]:
    """Return one sentence on the slices that are flagged; none where none is."""
    flagged = [(name, one) for name, found in slices.items() for one in sort_slices(found) if one.contrast.worse]
    if not flagged:
        return []
    flagged.sort(key=lambda pair: pair[1].contrast.adjusted.value or 0.0)
    tested = sum(one.contrast.chance is not None for found in slices.values() for one in found)
    more = len(flagged) - _MOST_WARNED
    shown = "; ".join(
        f"{name} {one.name} (accuracy {number(one.accuracy.value or 0.0)}, where {_expected(one)} is expected)"
        for name, one in flagged[:_MOST_WARNED]
    )
    rest = f"; and {more:,} more" if more > 0 else ""
    return [
        f"The model is worse on {len(flagged):,} of {counted(tested, 'slice')} than the rest of the samples and the "
        f"classes in them explain: {shown}{rest}."
    ]


def show_slices(slices: Slices, classes: Sequence[str], colours: Mapping[str, str]) -> str:
    """Return the section, a table for each column, those with flagged slices first; "" where there is no slice.

    Args:
        colours: class -> its colour on the page, of `colours_of`.
    """
    if not slices:
        return ""
    order = sorted(slices, key=lambda name: not any(one.contrast.worse for one in slices[name]))
    tables = "".join(_column(name, slices[name], classes, colours) for name in order)
    return (
        '\n<section class="full slices" id="slices">\n<div class="margin"><h2>Slices</h2>'
        f'<div class="explain">{_words(slices)}</div></div>\n'
        f'<div class="body">{show_legend(classes, colours)}{tables}</div>\n</section>\n'
    )


def _words(slices: Slices) -> str:
    tested = sum(one.contrast.chance is not None for found in slices.values() for one in found)
    every = sum(map(len, slices.values()))
    return (
        "<p>Parts of the judged samples, each held against all the others. A part that holds more of a hard class is "
        "less accurate without being treated worse. So the <b>expected accuracy</b> is what the other samples reach "
        "with the class shares of this part, and <b>than expected</b> is how much better (+) or worse (−) the part is, "
        f"with its interval. A part of fewer than {FEW_SAMPLES} samples is pooled as “{text(OTHER)}”.</p>"
        f'<p>Only what lies below it further than chance explains is marked <b class="flag">worse</b>. {count(tested)} '
        f"of {counted(every, 'slice')} could be tested: both the part and the rest must come from {FEW_GROUPS} groups "
        "or more. Who looks at many parts finds some that are low by chance; of those marked here, at most "
        f"{percent(FALSE_SHARE)} are expected to be (Benjamini and Hochberg). No mark does not mean no difference: it "
        "may be small, or the samples few.</p>"
        "<p>The two bars are the shares of the classes, as <b>labelled</b> above and as <b>answered</b> below. Where "
        "they differ more than in the other parts, the model favours a class there.</p>"
    )


def _column(name: str, slices: Sequence[SliceJudgement], classes: Sequence[str], colours: Mapping[str, str]) -> str:
    ordered = sort_slices(slices)
    flagged = sum(one.contrast.worse for one in ordered)
    shown = ordered[:MOST_SHOWN]
    rows = "".join(_row(one, colours) for one in shown)
    more = len(ordered) - len(shown)
    rest = f'<p class="foot">{count(more)} more are in metrics.json.</p>' if more > 0 else ""
    mark = f' <b class="flag">{count(flagged)} worse</b>' if flagged else ""
    heading = f"<h3>{text(name[:1].upper() + name[1:])}{mark}</h3>"
    table = (
        f'<div class="scroll"><table class="numbers"><thead><tr><th scope="col">{text(name)}</th>'
        '<th scope="col">samples</th><th scope="col">than expected<small>+ better, − worse</small></th>'
        '<th scope="col">accuracy</th><th scope="col">expected accuracy</th>'
        '<th scope="col" class="more">macro-F1</th><th scope="col" class="more">without a look</th>'
        '<th scope="col" class="wide">classes, labelled over answered</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>{rest}"
        f"{_untested(shown)}{_without_interval(shown)}{_recalls(shown, classes)}"
    )
    if any(one.contrast.chance is not None for one in ordered):
        return heading + table
    said = f"{counted(len(ordered), 'slice')}, of which none could be tested"
    return f'<details class="column"><summary>{heading}<small>{said}</small></summary>{table}</details>'


def _untested(slices: Sequence[SliceJudgement]) -> str:
    """Return why slices were not tested, each reason once."""
    return _by_reason("Not tested", [(one.name, one.contrast.reason) for one in slices])


def _without_interval(slices: Sequence[SliceJudgement]) -> str:
    """Return why differences have no interval, each reason once."""
    found = [(one.name, one.contrast.adjusted) for one in slices]
    return _by_reason(
        "No interval", [(name, "" if one.value is None else one.interval.reason or "") for name, one in found]
    )


def _by_reason(what: str, found: Sequence[tuple[str, str]]) -> str:
    """Return a line of what is so for slices and why, each reason once; a slice without a reason is not named."""
    names_of: dict[str, list[str]] = {}
    for name, reason in found:
        if reason:
            names_of.setdefault(reason, []).append(name)
    words = "; ".join(
        f"{breakable(', '.join(names[:_MOST_NAMED]))}{' and others' if len(names) > _MOST_NAMED else ''}: "
        f"{text(reason)}"
        for reason, names in names_of.items()
    )
    return f'<p class="foot">{what}: {words}.</p>' if words else ""


def _row(one: SliceJudgement, colours: Mapping[str, str]) -> str:
    contrast = one.contrast
    mark = '<small><b class="flag">worse</b></small>' if contrast.worse else ""
    untested = "<small>not tested</small>" if contrast.reason else ""
    return (
        f'<tr><th scope="row">{breakable(one.name)}{mark}</th><td>{count(one.samples)}'
        f"<small>{counted(one.group_count, 'group')}</small></td>"
        f"<td>{_signed_cell(contrast.adjusted)}{untested}</td>"
        f"<td>{estimate_cell(one.accuracy)}</td><td>{score_cell(contrast.expected)}</td>"
        f'<td class="more">{estimate_cell(one.f1_macro)}</td><td class="more">{number(blind_score(one))}</td>'
        f'<td class="wide">{_bar(one, "labelled", colours)}{_bar(one, "answered", colours)}</td></tr>'
    )


def _signed_cell(estimate: Estimate) -> str:
    """Return a difference with its sign over the ends of its interval."""
    if estimate.value is None:
        return score_cell(estimate.score)
    return f"{_signed(estimate.value)}<small>{_signed_span(estimate.interval)}</small>"


def _signed_span(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return "no interval"
    return f"{_signed(interval.low)} to {_signed(interval.high)}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if round(value, 2) else "0.00"


def _bar(one: SliceJudgement, which: str, colours: Mapping[str, str]) -> str:
    """Return the shares of the classes as one bar, read out in words; the classes without a colour are its end."""
    counts = [item.labelled if which == "labelled" else item.answered for item in one.per_class]
    total = max(sum(counts), 1)
    of_colour: dict[str, int] = {}
    for item, value in zip(one.per_class, counts, strict=True):
        of_colour[colours[item.class_name]] = of_colour.get(colours[item.class_name], 0) + value
    rarer = of_colour.pop(OTHER_COLOUR, 0)
    drawn = "".join(
        f'<i class="{colour}" style="width:{value / total * 100:.2f}%"></i>'
        for colour, value in (*of_colour.items(), (OTHER_COLOUR, rarer))
        if value
    )
    shares = ", ".join(
        f"{item.class_name} {percent(value / total)}"
        for item, value in zip(one.per_class, counts, strict=True)
        if value
    )
    words = text(f"{which}: {shares}")
    return f'<div class="shares" title="{words}" role="img" aria-label="{words}">{drawn}</div>'


def _recalls(slices: Sequence[SliceJudgement], classes: Sequence[str]) -> str:
    """Return the table of how each class is found in each slice, and how often it is answered wrongly."""
    if len(classes) > _MOST_CLASSES:
        return f'<p class="foot">How each of the {count(len(classes))} classes is found is in metrics.json.</p>'
    head = "".join(f'<th scope="col">{breakable(name)}</th>' for name in classes)
    rows = "".join(
        f'<tr><th scope="row">{breakable(one.name)}</th>{"".join(_class_cell(item) for item in one.per_class)}</tr>'
        for one in slices
    )
    return (
        "<details><summary>How each class is found there</summary>"
        '<p class="foot">At equal treatment a class is found as often (<b>recall</b>, the large number, of so many '
        "samples of it) and wrongly answered as often (<b>false</b>, of the samples of other classes) in every row. "
        "<b>Answered</b> stands beside the count to expect were each label answered as in the other samples.</p>"
        f'<div class="scroll"><table class="numbers"><thead><tr><th scope="col"></th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _class_cell(item: SliceClass) -> str:
    false = item.false_positive_rate.value
    expected = item.expected_answered.value
    return (
        f"<td>{score_cell(item.recall)}<small>of {count(item.labelled)}<br>"
        f"false {'–' if false is None else percent(false)}<br>answered {count(item.answered)}"
        f"{'' if expected is None else f' / {expected:,.0f}'}</small></td>"
    )


def _expected(one: SliceJudgement) -> str:
    return number(one.contrast.expected.value or 0.0)
