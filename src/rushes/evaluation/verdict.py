"""A judgement in one sentence, and in two more what to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import Interval
from rushes.evaluation.judge import FEW_SAMPLES, Judgement
from rushes.evaluation.markup import counted, number, within
from rushes.evaluation.slices import SliceJudgement

SAME = 0.02  # two scores this near are called the same
# What training knew of the samples, where they are not of groups that it never watched.
WATCHED = {
    "mixed": "that it has partly watched in training",
    "unknown": "of which nobody knows whether training has watched them",
    "chosen": "on which its settings were chosen",
    "trained": "some or all of which it was trained on",
}
WATCHED_BRIEFLY = {
    "mixed": "watched in part",
    "unknown": "perhaps watched",
    "chosen": "its own validation",
    "trained": "trained on in part",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader should take away.

    Attributes:
        before, score, after: the sentence, cut around its number; `score` is "" where there is none.
        standing: how it compares with a blind guess.
        gap: how it compares with the same recipe on a mixed split.
    """

    before: str
    score: str
    after: str
    standing: str
    gap: str

    @property
    def sentence(self) -> str:
        return self.before + self.score + self.after


def pronounce(
    test: Judgement,
    *,
    split_kind: str,
    mixed: Judgement | None,
    gap: Estimate | None = None,
    leaks: Sequence[str] = (),
) -> Verdict:
    """Put a judgement into words.

    Args:
        split_kind: `grouped`, `mixed` or `stated`: of the run that is judged; or another key of WATCHED.
        mixed: the same recipe on a mixed split, where that is known; `gap` is what it has over this one.
        leaks: what of the test part is known to have been in training too.
    """
    value, majority = test.f1_macro.value, test.majority.f1_macro.value
    if value is None or majority is None:
        return Verdict(
            "No sample was kept for testing, so nothing can be said about this model yet.", "", "",
            "Label more groups, or give the test part a larger share, and train again.", ""
        )  # fmt: skip
    unseen = never_watched(split_kind, leaks)
    seen = "it never watched" if unseen else WATCHED.get(split_kind, WATCHED["mixed"])
    if test.samples < FEW_SAMPLES:
        return Verdict(
            f"{counted(test.samples, 'sample')} from {counted(len(test.groups), 'group')} {seen} "
            f"{'is' if test.samples == 1 else 'are'} too few to say how good this model is (macro-F1 on "
            f"{'it' if test.samples == 1 else 'them'}: ",
            number(value),
            ").",
            "Label more groups, or give the test part a larger share, and train again.",
            "",
        )
    return Verdict(
        before=f"On {counted(test.samples, 'sample')} from {counted(len(test.groups), 'group')} {seen}, "
        "this model reaches a macro-F1 of ",
        score=number(value),
        after=f" ({_certainty(test)}), where always answering ‘{test.majority.class_name}’ would reach "
        f"{number(majority)}.",
        standing=_standing(test, value, carried="it never watched" if unseen else seen),
        gap=_gap(value, split_kind=split_kind, mixed=mixed, gap=gap, leaks=leaks),
    )


def never_watched(split_kind: str, leaks: Sequence[str]) -> bool:
    """Return whether nothing is known of the test part that training had seen too."""
    return split_kind not in WATCHED and not leaks


def blind_score(judgement: Judgement | SliceJudgement) -> float:
    """Return the macro-F1 of the better of the two answers that need no picture."""
    return max(judgement.majority.f1_macro.value or 0.0, judgement.prior.f1_macro.value or 0.0)


def explain_no_interval(test: Judgement) -> str:
    """Return in a few words why macro-F1 has no interval."""
    if len(test.groups) == 1:
        return "no interval: one group"
    if "every draw" in test.f1_macro.interval.reason:
        return "no interval: every draw of these groups gives the same"
    return "no interval: too few groups hold each class"


def _certainty(test: Judgement) -> str:
    """Return the interval with its name, or what it cannot be and why."""
    interval = test.f1_macro.interval
    if interval.low is None:
        return explain_no_interval(test)
    few = "" if interval.level is not None else "; so few groups cannot give a 95 % interval"
    return within(interval) + few


def _standing(test: Judgement, value: float, *, carried: str) -> str:
    blind, low = blind_score(test), test.f1_macro.interval.low
    if value <= blind:
        return f"That is no better than a blind guess ({number(blind)}): do not rely on it yet."
    if low is None or (test.f1_macro.interval.level is None and low > blind):
        return (
            f"That is above a blind guess ({number(blind)}), but so few groups cannot show whether it would be so on "
            "others."
        )
    if test.f1_macro.interval.level is None:
        return (
            f"That is above a blind guess ({number(blind)}), yet the range over these few groups alone reaches down to "
            f"{number(low)}: on others it may be no better."
        )
    if low <= blind:
        return (
            f"That is above a blind guess ({number(blind)}), yet the interval reaches down to {number(low)}: with "
            "other groups it might have been no better."
        )
    return (
        f"The whole interval lies above a blind guess ({number(blind)}): it has learnt something that holds on groups "
        f"{carried}."
    )


def _gap(
    value: float, *, split_kind: str, mixed: Judgement | None, gap: Estimate | None, leaks: Sequence[str]
) -> str:  # fmt: skip
    if split_kind == "mixed":
        return (
            "Beware: the split is mixed. Samples of the same groups stand in training and in the test, so this score "
            "says how well the model knows these groups, not how it would do on a new one. Train with "
            'split = "grouped" for that.'
        )
    if split_kind == "unknown":
        return (
            "Beware: nobody knows whether training has watched these groups, so this need not be a score on new ones: "
            "expect less there. Judge the run, or the bundle in the project that it was trained in."
        )
    if split_kind in WATCHED:
        return (
            "Beware: this is no score on groups held out, and says little of how the model would do on new ones. Judge "
            "it on the test part for that."
        )
    if leaks:
        return (
            "Beware: the split is by group, but training has seen part of this test all the same (the leaks are listed "
            "under Beware), so this is no score on groups never watched: expect less on a new one. Mend the groups, "
            "split and train again."
        )
    if mixed is None or mixed.f1_macro.value is None:
        return (
            "How much of a score on shuffled frames would be lost here is not known: no run of this recipe on a mixed "
            "split was judged beside it."
        )
    start = (
        "The same recipe on a mixed split, where samples of the same groups stand on both sides, reaches "
        f"{number(mixed.f1_macro.value)}"
    )
    return start + _gap_words(mixed.f1_macro.value - value, gap.interval if gap is not None else None)


def _gap_words(more: float, interval: Interval | None) -> str:
    """Return how much more a mixed split scores, and what that may be owed to; goes on from a sentence."""
    if interval is None or interval.level is None or interval.low is None or interval.high is None:
        if abs(more) <= SAME:
            return ", about the same, as far as so few groups can tell."
        if more < 0:
            return f", which is {number(-more)} less: the few groups held out may happen to be easy ones."
        return (
            f", {number(more)} more. Having watched these groups before would explain it, but so would hard ones among "
            "the few held out. Expect the lower score on anything new."
        )
    ends = f"95 % interval of the gap {interval.low:+.2f} to {interval.high:+.2f}"
    if interval.low > 0:
        return (
            f". The {number(more)} in between ({ends}) is more than other groups would explain, so mostly owed to "
            "having watched these before: expect the lower score on anything new."
        )
    if interval.high < 0:
        return f", which is {number(-more)} less ({ends}): the groups held out here happen to be easy ones."
    if abs(more) <= SAME:
        return f", about the same ({ends}): no sign that what the model learnt hangs on having watched a group before."
    return f", {number(abs(more))} {'more' if more > 0 else 'less'} ({ends}): other groups alone could explain it."
