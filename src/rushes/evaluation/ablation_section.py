"""What the measures are worth as a section of a report."""

from __future__ import annotations

from rushes.evaluation.ablation import GIVEN, Ablated, AblationJudgement, AtThreshold
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.frame import filled
from rushes.evaluation.markup import counted, interval_name, number, score_cell, text
from rushes.evaluation.thresholds import format_threshold

LINK = ("ablation", "Measures")


def show_ablation(judged: AblationJudgement | None) -> str:
    """Return the section, or nothing of a run that takes no measures."""
    if judged is None:
        return ""
    return filled(
        "ablation.html",
        sentence=text(judged.sentence),
        heads="".join(_head(one) for one in judged.heads) + _blind(judged),
        thresholds=_thresholds(judged),
        dealt="".join(
            f'<tr><th scope="row">{text(one.name.replace("_", " "))}</th><td>{_gain(one.drop)}</td></tr>'
            for one in judged.dealt
        ),
        foot=text(_foot(judged)),
    )


def _head(one: Ablated) -> str:
    gained = one.gained or {}
    return (
        f'<tr><th scope="row">{text(GIVEN[one.name])}</th><td>{score_cell(one.average_precision)}</td>'
        f"<td>{_gain(gained.get('average_precision'))}</td><td>{score_cell(one.f1_macro)}</td>"
        f"<td>{_gain(gained.get('f1_macro'))}</td></tr>"
    )


def _blind(judged: AblationJudgement) -> str:
    called = {"majority": "nothing: the commonest class", "prior": "nothing: the shares of the classes"}
    return "".join(
        f'<tr class="blind"><th scope="row">{text(called.get(name, name))}</th>'
        f"<td>{number(scores['average_precision'])}</td><td></td><td>{number(scores['f1_macro'])}</td><td></td></tr>"
        for name, scores in judged.blind.items()
    )


def _thresholds(judged: AblationJudgement) -> str:
    rows = "".join(_threshold(one, head.name) for head in judged.heads for one in head.at_thresholds)
    if not rows:
        return ""
    return (
        '<h3>At the thresholds that were asked for</h3><div class="scroll"><table class="numbers"><thead><tr>'
        '<th scope="col">given</th><th scope="col">class, wish</th><th scope="col">threshold, uncalibrated</th>'
        '<th scope="col">recall</th><th scope="col">the whole has over it</th><th scope="col">precision</th>'
        f'<th scope="col">the whole has over it</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _threshold(one: AtThreshold, name: str) -> str:
    gained = one.gained or {}
    at = "none" if one.threshold is None else format_threshold(one.threshold)
    return (
        f'<tr><th scope="row">{text(GIVEN[name])}</th><td>{text(f"{one.class_name}, {one.wish}")}</td><td>{at}</td>'
        f"<td>{score_cell(one.recall.score)}</td><td>{_gain(gained.get('recall'))}</td>"
        f"<td>{score_cell(one.precision.score)}</td><td>{_gain(gained.get('precision'))}</td></tr>"
    )


def _gain(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    ends = _ends(estimate)
    return _signed(estimate) + (f"<small>{ends}</small>" if ends else "")


def _signed(estimate: Estimate) -> str:
    return score_cell(estimate.score) if estimate.value is None else _minus(f"{round(estimate.value, 3) + 0.0:+.3f}")


def _ends(estimate: Estimate) -> str:
    interval = estimate.interval
    if interval.low is None or interval.high is None:
        return ""
    return f"{interval_name(interval)} " + _minus(
        f"{round(interval.low, 3) + 0.0:+.3f} to {round(interval.high, 3) + 0.0:+.3f}"
    )


def _minus(words: str) -> str:
    return words.replace("-", "\u2212")


def _foot(judged: AblationJudgement) -> str:
    said = f"{counted(judged.samples, 'test sample')} of {counted(judged.groups, 'group')}."
    if judged.alone:
        said += f" {counted(judged.alone, 'sample')} alone in their group: nothing can be dealt out there."
    return said
