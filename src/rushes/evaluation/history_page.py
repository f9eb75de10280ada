"""The rounds of an iteration as one page: scores, the gain of each round, what was changed, and why it may end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Any

from rushes.evaluation.gains import RoundScore
from rushes.evaluation.markup import breakable, count, counted, number, percent, span, text
from rushes.learning.review_queue import wilson
from rushes.learning.rounds import Change, Round

_CHANGES_SHOWN = 6
_PARTS = ("validation", "test")


@dataclass(frozen=True, slots=True)
class History:
    """All that the page is made of.

    Attributes:
        today: number of a round -> its score on validation with the labels of today, on the frames that all rounds
            answered; rounds whose run is gone have none. `test_today` is the same on test.
        verdict: the sentence that says where the iteration stands.
        stopped: whether it may end here.
        advice: what a person can do to go further.
        queues: number of a round -> the queue pages and sheets it has, relative to the page: (page, sheet).
        runs_from_page: the folder of runs, relative to the page.
        command: what to type to go on.
    """

    recipe: str
    task: str
    rounds: Sequence[Round]
    verdict: str
    stopped: bool
    command: str
    today: Mapping[int, RoundScore] = field(default_factory=dict)
    test_today: Mapping[int, RoundScore] = field(default_factory=dict)
    advice: Sequence[str] = ()
    queues: Mapping[int, Sequence[tuple[str, str]]] = field(default_factory=dict)
    runs_from_page: str = "../../runs"


def format_history(history: History) -> str:
    """Return the page as HTML; it needs no network, and links to reports and queues beside it."""
    rounds = history.rounds
    last = rounds[-1]
    return Template(_page("history.html")).substitute(
        title=text(f"{history.recipe} on {history.task}"),
        style=_page("history.css"),
        recipe=text(history.recipe),
        task=text(history.task),
        made=text(last.at[:10]),
        headline=_headline(history),
        verdict=text(_sentence(history.verdict)),
        state="may end here" if history.stopped else "goes on",
        measure=text(_WORDS.get(last.measure, last.measure)),
        chart=draw_rounds(history),
        few=_few_groups(last),
        rows="\n".join(_row(history, one) for one in reversed(rounds)),
        labels="\n".join(_labels(one) for one in reversed(rounds)),
        advice="".join(f"<li>{text(_sentence(line))}</li>" for line in history.advice)
        or "<li>Review the newest queue, and run the command below.</li>",
        command=text(history.command),
    )


_WORDS = {"f1_macro": "macro-F1", "balanced_accuracy": "balanced accuracy"}


def draw_rounds(history: History) -> str:
    """Draw the scores of every round with their intervals: validation on the labels of today, and test."""
    rounds = history.rounds
    left, top, width, height = 40.0, 14.0, 560.0, 190.0
    validation = [(one.number, *_today(history, one)) for one in rounds]
    test = [(one.number, _value(one.test), _value(one.test, "low"), _value(one.test, "high")) for one in rounds]
    ends = [value for _, *values in (*validation, *test) for value in values if value is not None]
    low, high = _range(ends)

    def x(place: float) -> float:
        return left + (place - 0.5) / len(rounds) * width

    def y(value: float) -> float:
        return top + (1 - (value - low) / (high - low)) * height

    steps = round((high - low) / 0.1)
    every = 1 if steps <= 5 else 2
    parts = [
        f'<path class="grid" d="M{left:.0f},{y(at):.1f}H{left + width:.0f}"/><text class="tick" x="{left - 7:.0f}" '
        f'y="{y(at) + 3.5:.1f}" text-anchor="end">{at:.1f}</text>'
        for at in (low + 0.1 * step for step in range(0, steps + 1, every))
    ]
    parts += [
        f'<text class="tick" x="{x(one.number):.1f}" y="{top + height + 17:.0f}" text-anchor="middle">'
        f"{one.number}</text>"
        for one in rounds
    ]
    for style, shift, points in (("main", -0.06, validation), ("second", 0.06, test)):
        there = [(at + shift, value, ends) for at, value, *ends in points if value is not None]
        parts += [
            f'<path class="whisker {style}" d="M{x(at):.1f},{y(ends[0]):.1f}V{y(ends[1]):.1f}"/>'
            for at, _, ends in there
            if ends[0] is not None and ends[1] is not None
        ]
        line = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value, _ in there)
        parts.append(f'<polyline class="{style}" points="{line}"/>')
        parts += [f'<circle class="{style}" cx="{x(at):.1f}" cy="{y(value):.1f}" r="4.5"/>' for at, value, _ in there]
    parts.append(
        f'<text class="axis" x="{left + width / 2:.0f}" y="{top + height + 34:.0f}" text-anchor="middle">round</text>'
    )
    label = f"scores of {counted(len(rounds), 'round')} on validation and test"
    return f'<svg class="chart" viewBox="0 0 620 246" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'


def _today(history: History, one: Round) -> tuple[float | None, float | None, float | None]:
    """Return a round's score on the labels of today, and the ends of its interval."""
    found = history.today.get(one.number)
    return (None, None, None) if found is None else (found.score, found.interval.low, found.interval.high)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the tenths around values, at least two of them apart."""
    if not values:
        return 0.0, 1.0
    low, high = int(min(values) * 10) / 10, -int(-max(values) * 10 // 1) / 10
    while high - low < 0.19:
        low, high = max(0.0, low - 0.1), min(1.0, high + 0.1)
    return round(low, 1), round(min(1.0, high), 1)


def _headline(history: History) -> str:
    rounds = history.rounds
    first, last = rounds[0], rounds[-1]
    said = f"{counted(len(rounds), 'round')}: {_WORDS[last.measure]}"
    ends = [history.test_today[one.number].score for one in (first, last) if one.number in history.test_today]
    labels = "the labels of today"
    if len(ends) < 2:
        ends, labels = [end for one in (first, last) if (end := _value(one.test)) is not None], "the labels of its time"
    if len(rounds) == 1 or len(ends) < 2:
        value = _value(last.test)
        return f"{said} {'undefined' if value is None else f'<strong>{number(value)}</strong>'} on test"
    said += " on test"
    if number(ends[0]) == number(ends[1]):
        return f"{said} stays at <strong>{number(ends[1])}</strong>, each on {labels}"
    return f"{said} went from {number(ends[0])} to <strong>{number(ends[1])}</strong>, each on {labels}"


def _row(history: History, one: Round) -> str:
    today = history.today.get(one.number)
    spread = "" if one.spread is None else f"<small>± {one.spread:.3f} over {len(one.runs)} seeds</small>"
    report = f"{history.runs_from_page}/{one.run}/report.html"
    links = [f'<a href="{text(report)}">report</a>']
    for place, (page, sheet) in enumerate(history.queues.get(one.number, ()), start=1):
        name = "queue" if place == 1 else f"queue {place}"
        links.append(f'<a href="{text(page)}">{name}</a> <a href="{text(sheet)}">csv</a>')
    cells = (
        f"<b>{one.number}</b> {' · '.join(links)}<small>{text(one.at[:16].replace('T', ' '))}</small>",
        f"{number(one.score)}{spread}",
        "–"
        if today is None
        else f"{number(today.score)}<small>{text(span(today.interval).replace('–', ' to '))}</small>",
        f"{_number(_value(one.test))}<small>{_ends(one.test)}</small>",
        *(f"{_gain(one.gain.get(part))}" for part in _PARTS),
        *(f"{_gain(one.labels_effect.get(part))}" for part in _PARTS),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _labels(one: Round) -> str:
    if one.number == 1:
        what = "The labels that it began with."
    elif not one.changes:
        what = "No label changed; the recipe or the split did."
    else:
        shown = "".join(f"<li>{_change(change)}</li>" for change in one.changes[:_CHANGES_SHOWN])
        more = len(one.changes) - _CHANGES_SHOWN
        rest = f"<li>and {counted(more, 'other kind')}</li>" if more > 0 else ""
        what = f"<ul>{shown}{rest}</ul>"
    counts = one.counts.get("train", {})
    train = ", ".join(f"{breakable(name)} {count(samples)}" for name, samples in counts.items())
    return f"<tr><td><b>{one.number}</b></td><td>{what}</td><td>{_review(one.review)}</td><td>{train}</td></tr>"


def _change(change: Change) -> str:
    by = f" <small>by {text(change.origin)}</small>" if change.origin else ""
    if change.was is None:
        return f"{count(change.count)} new: {text(change.now)}{by}"
    if change.now is None:
        return f"{count(change.count)} gone: {text(change.was)}"
    return f"{count(change.count)} × {text(change.was)} → {text(change.now)}{by}"


def _review(review: Mapping[str, Any]) -> str:
    if not review:
        return "–"
    said = [f"{count(review['corrected'])} of {counted(review['doubted'], 'doubt')} corrected"]
    if review["checked"]:
        low, high = wilson(review["wrong"], review["checked"])
        said.append(
            f"{count(review['wrong'])} of {counted(review['checked'], 'check')} wrong: {percent(low)} to "
            f"{percent(high)} of the labels that the model agrees with"
        )
    return "<br>".join(said)


def _gain(table: Mapping[str, Any] | None) -> str:
    value = None if table is None else table.get("value")
    if table is None or value is None:
        return "–"
    style = "up" if value > 0 else "down" if value < 0 else ""
    return f'<span class="{style}">{value:+.3f}</span><small>{_ends(table, signed=True)}</small>'


def _ends(table: Mapping[str, Any], *, signed: bool = False) -> str:
    low, high = _value(table, "low"), _value(table, "high")
    if low is None or high is None:
        return "no interval"
    return f"{low:+.2f} to {high:+.2f}" if signed else f"{number(low)} to {number(high)}"


def _few_groups(last: Round) -> str:
    """Return on how many groups the ends rest, where they are too few for an interval; "" where they are not."""
    few = [
        f"{part} on {counted(groups, 'group')}"
        for part, table in (("validation", last.validation), ("test", last.test))
        if table.get("level") is None and isinstance(groups := table.get("groups"), int) and groups > 0
    ]
    return f"Here {' and '.join(few)}: the ends are a range over these, and no 95&nbsp;% interval." if few else ""


def _value(table: Mapping[str, Any], key: str = "value") -> float | None:
    value = table.get(key)
    return float(value) if isinstance(value, int | float) else None


def _number(value: float | None) -> str:
    return "–" if value is None else number(value)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"


def _page(name: str) -> str:
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")
