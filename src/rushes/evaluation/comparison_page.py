"""Two runs beside each other as one self-contained HTML page."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from rushes.evaluation.comparison import Comparison, PartComparison
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import FEW_GROUPS, LEVEL, Interval
from rushes.evaluation.leaderboard import SHORT, describe_epochs, describe_model, describe_pace, is_of_motion
from rushes.evaluation.markup import breakable, count, counted, duration, interval_name, number, text
from rushes.evaluation.runs_page import show_small_matrix
from rushes.learning.runs import Run
from rushes.storage.files import write_text

_LESS = " (less is better)"
# Scores that hang on probabilities, as both the page and the terminal name them.
PROBABILITY_ROWS = {
    "average_precision_macro": "average precision",
    "roc_auc_macro": "ROC AUC",
    "brier": f"Brier{_LESS}",
    "ece": f"calibration error{_LESS}",
}
_UNSAID = Interval(None, None, "what is compared is the difference")
_LEAST_SCALE = 0.05  # a difference is drawn on a scale of at least so much to either side


def write_comparison_page(path: Path, found: Comparison) -> None:
    """Write the page whole or not at all; it needs no network and no file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, format_comparison_page(found))


def format_comparison_page(found: Comparison) -> str:
    """Return the page as HTML."""
    return Template(_page("comparison.html")).substitute(
        title=text(f"{found.one.name} and {found.other.name}"),
        style=_page("report.css") + _page("runs.css") + _page("comparison.css"),
        task=text(found.one.task),
        a=breakable(found.one.name),
        b=breakable(found.other.name),
        headline="".join(f"<h1>{text(found.parts[0].sentence)}</h1>" + _others(found)),
        notes="".join(f"<li>{text(note)}</li>" for note in found.notes),
        parts="\n".join(_part(part) for part in found.parts),
        recipe=_recipe(found),
        facts=_facts(found),
    )


def compare_facts(found: Comparison) -> dict[str, tuple[str, str]]:
    """Return what the two runs were made of and what they cost, in words, for A and for B."""
    described = [_facts_of(run) for run in (found.one, found.other)]
    return {name: (described[0][name], described[1][name]) for name in described[0]}


def _facts_of(run: Run) -> dict[str, str]:
    return {
        "model": describe_model(run),
        "manifest": str(run.manifest.get("sha256") or "")[:SHORT],
        "split": f"{run.split.get('kind')} {str(run.split.get('sha256') or '')[:SHORT]}",
        "training samples": count(sum(run.counts.get("train", {}).values())),
        "epochs": describe_epochs(run),
        "time": duration(run.elapsed_seconds),
        "speed": describe_pace(run) or "–",
        "parameters": "–" if is_of_motion(run) else count(run.parameters),
        "of them learnt": "–" if is_of_motion(run) else count(run.trained_parameters),
        "warnings": count(len(run.warnings)),
    }


def _others(found: Comparison) -> str:
    return "".join(f"<p>{text(part.sentence)}</p>" for part in found.parts[1:])


def _part(part: PartComparison) -> str:
    shared, (in_one, in_other) = len(part.pairing.one), part.pairing.counts
    left_out = (
        f" {counted(part.pairing.relabelled, 'sample')} "
        f"{'is left out, because its' if part.pairing.relabelled == 1 else 'are left out, because their'} label "
        "has changed."
        if part.pairing.relabelled
        else ""
    )
    which = (
        "All samples of the part, the same in both runs."
        if part.pairing.is_whole
        else f"{counted(shared, 'sample')} that both have in this part; A has {count(in_one)}, B {count(in_other)}."
    )
    chosen = " The settings of both were chosen on these samples." if part.part == "validation" else ""
    return (
        f'<section id="{part.part}"><div class="margin"><h2>{part.part.capitalize()}</h2>'
        f"<p>{text(which + left_out + chosen)}</p><p>The bar is the paired interval of what B gains over A: whole "
        "groups are drawn, the same for both. Right of the line B is better, left of it A, also where less of a score "
        "is better. Where the bar holds the line, the difference is no more than noise.</p>"
        f"{_beware_of_many(part)}{_over_labelled(part)}</div>"
        f'<div class="body">{_gains(part)}{_right(part)}'
        f'<div class="two"><div><h3>A</h3>{show_small_matrix(part.one)}</div>'
        f"<div><h3>B</h3>{show_small_matrix(part.other)}</div></div></div></section>"
    )


def _gains(part: PartComparison) -> str:
    rows = _rows(part)
    ends = [end for *_, gain in rows for end in (gain.value, gain.interval.low, gain.interval.high) if end is not None]
    scale = max([abs(end) for end in ends] + [_LEAST_SCALE])
    body = "".join(
        f'<tr><th scope="row">{breakable(name)}</th><td>{_value(a)}</td><td>{_value(b)}</td>'
        f'<td>{_signed(gain)}</td><td class="wide">{_track(gain, scale, turned=_LESS in name)}</td></tr>'
        for name, a, b, gain in rows
    )
    return (
        '<div class="scroll"><table class="numbers gains"><thead><tr><th scope="col"></th><th scope="col">A</th>'
        '<th scope="col">B</th><th scope="col">B − A</th>'
        '<th scope="col" class="wide"><span class="ends"><i>← A better</i><i>B better →</i></span></th>'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _beware_of_many(part: PartComparison) -> str:
    """Return that of many intervals some leave out 0 by chance, and what is said of those that are mere ranges."""
    intervals = [gain.interval for *_, gain in _rows(part) if gain.interval.low is not None]
    sure = sum(interval.level is not None for interval in intervals)
    said = []
    if sure > 1:
        said.append(
            f"Of {sure} intervals at {LEVEL * 100:.0f} %, about one in twenty leaves out the line by chance, though "
            "the two are equally good. Only those that leave it out are in colour."
        )
    if sure < len(intervals):
        said.append(
            f"Where a <b>range</b> stands, the row rests on fewer than {FEW_GROUPS} groups: too few for a finding, so "
            "it is never in colour."
        )
    return "".join(f"<p>{one}</p>" for one in said)


def _over_labelled(part: PartComparison) -> str:
    """Return which classes macro-F1 is over, where some are not labelled in these samples."""
    absent = [name for name in part.one.classes if name not in part.averaged]
    if not absent:
        return ""
    return (
        f"<p>Macro-F1 is over the {len(part.averaged)} of {len(part.one.classes)} classes that are labelled in these "
        f"samples, the same for both; no sample is labelled {text(', '.join(absent))}.</p>"
    )


def _rows(part: PartComparison) -> list[tuple[str, Estimate, Estimate, Estimate]]:
    """Return (name, of A, of B, what B has over A) of every score that is shown."""
    one, other = part.one, part.other
    before, after = one.estimates(), other.estimates()
    return [
        ("macro-F1", Estimate(part.macros[0], _UNSAID), Estimate(part.macros[1], _UNSAID), part.f1_macro),
        ("balanced accuracy", one.balanced_accuracy, other.balanced_accuracy, part.balanced_accuracy),
        ("accuracy", one.accuracy, other.accuracy, part.accuracy),
        *((name, before[word], after[word], part.more[word]) for word, name in PROBABILITY_ROWS.items()),
        *(
            (f"{word} of {a.class_name}", getattr(a, name), getattr(b, name), gain)
            for word, name, gains in (
                ("F1", "f1", part.f1s),
                ("precision", "precision", part.precisions),
                ("recall", "recall", part.recalls),
            )
            for a, b, gain in zip(one.per_class, other.per_class, gains, strict=True)
        ),
    ]


def _value(estimate: Estimate) -> str:
    return "–" if estimate.value is None else number(estimate.value)


def _signed(gain: Estimate) -> str:
    if gain.value is None:
        return "–"
    low, high = gain.interval.low, gain.interval.high
    if low is None or high is None:
        return f'<b>{_plus(gain.value, 3)}</b><small title="{text(gain.interval.reason)}">no interval</small>'
    return (
        f'<b>{_plus(gain.value, 3)}</b><small title="{interval_name(gain.interval)}">{_plus(low, 2)} to '
        f"{_plus(high, 2)}{'' if gain.interval.level is not None else ', range'}</small>"
    )


def _plus(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def _track(gain: Estimate, scale: float, *, turned: bool) -> str:
    """Return a scale around zero with the interval as a bar and the difference as a dot.

    It bears no numbers, since one axis is for scores of which more is better and of which less is. In colour is only
    what a finding is: an interval of a level that leaves out zero.

    Args:
        turned: less is better, so that what is below zero stands on the right, where B is better.
    """

    def place(value: float) -> float:
        return ((-value if turned else value) / scale + 1) * 50

    parts = []
    low, high = gain.interval.low, gain.interval.high
    sure = ""
    if low is not None and high is not None:
        sure = "" if gain.interval.level is None or low <= 0 <= high else " sure"
        parts.append(
            f'<i class="span" style="left:{min(place(low), place(high)):.1f}%;'
            f'width:{max(abs(place(high) - place(low)), 0.4):.1f}%"></i>'
        )
    if gain.value is not None:
        parts.append(f'<i class="dot" style="left:{place(gain.value):.1f}%"></i>')
    return f'<div class="track zero{sure}" aria-hidden="true">{"".join(parts)}</div>'


def _right(part: PartComparison) -> str:
    cells = (
        ("both right", part.both, "both"), ("only A right", part.only_one, "only"),
        ("only B right", part.only_other, "only"), ("both wrong", part.neither, "neither"),
    )  # fmt: skip
    total = len(part.pairing.one) or 1
    blocks = "".join(
        f'<i class="{style}" style="flex-grow:{max(samples / total, 0.0005):.4f}"></i>' for _, samples, style in cells
    )
    words = "".join(f"<li><b>{count(samples)}</b> {name}</li>" for name, samples, _ in cells)
    return (
        f'<div class="right" aria-hidden="true">{blocks}</div><ul class="rights">{words}</ul>'
        f"<p>{text(part.tests_sentence)}</p>"
    )


def _recipe(found: Comparison) -> str:
    if not found.recipe:
        return "<p>The recipes do not differ.</p>"
    rows = "".join(
        f'<tr><th scope="row"><code>{breakable(key)}</code></th><td class="words">{_said(a)}</td>'
        f'<td class="words">{_said(b)}</td></tr>'
        for key, (a, b) in found.recipe.items()
    )
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">key</th><th scope="col" class="words">A'
        f'</th><th scope="col" class="words">B</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _said(value: Any) -> str:
    return "–" if value is None else f"<code>{breakable(json.dumps(value, ensure_ascii=False, default=list))}</code>"


def _facts(found: Comparison) -> str:
    rows = "".join(
        f'<tr class="{"" if a == b else "differs"}"><th scope="row">{text(name)}</th><td class="words">{breakable(a)}'
        f'</td><td class="words">{breakable(b)}</td></tr>'
        for name, (a, b) in compare_facts(found).items()
    )
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col"></th>'
        '<th scope="col" class="words">A</th><th scope="col" class="words">B</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _page(name: str) -> str:
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")
