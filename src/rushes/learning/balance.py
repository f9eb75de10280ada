"""What is done about classes of unequal numbers: which samples an epoch shows, and what each class weighs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.learning.recipe import BalanceRecipe

_EVEN = 1.5  # times as many samples in the largest class as in the smallest
_STRONG = 10.0
_ENOUGH = 100  # samples of the smallest class, from which an epoch of as many of each class is long enough
_TOO_FEW = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to do about classes of unequal numbers.

    Attributes:
        sentence: what was found and why this is suggested.
        changes: what to give to `--set`, such as `balance.loss=weights`; () where nothing is needed.
    """

    sentence: str
    changes: tuple[str, ...] = ()

    @property
    def options(self) -> str:
        """The changes as they are typed, `--set balance.loss=weights`; "" without any."""
        return " ".join(f"--set {change}" for change in self.changes)


def plan_class_weights(counts: Mapping[str, int], balance: BalanceRecipe) -> dict[str, float]:
    """Return class -> weight in the loss; their mean over the samples of an epoch is 1.

    `weights` makes every class weigh the same in all. `effective-number` weighs a class of n samples by
    (1 - beta) / (1 - beta^n), as Cui et al. 2019 ("Class-balanced loss"). `plain` and `focal` weigh by 1.
    What `class_weights` says of a class stands in place of that, as it is.

    Args:
        counts: class -> number of samples that an epoch shows, all above 0.
    """
    shares = {name: _share_of(count, balance) for name, count in counts.items()}
    mean = sum(shares[name] * count for name, count in counts.items()) / sum(counts.values())
    return {name: float(balance.class_weights.get(name, share / mean)) for name, share in shares.items()}


def _share_of(count: int, balance: BalanceRecipe) -> float:
    if balance.loss == "weights":
        return 1 / count
    if balance.loss == "effective-number" and balance.beta > 0:
        return (1 - balance.beta) / -math.expm1(count * math.log(balance.beta))
    return 1.0


def plan_kept(truth: npt.NDArray[np.int64], balance: BalanceRecipe, *, seed: int) -> npt.NDArray[np.int64]:
    """Return the places of the training samples that are kept for the whole training, in order.

    `remove` takes its share of the largest class away (the first of several as large), never its last sample; with the
    same seed, what a smaller share removes a larger one removes too. `undersample` then draws every class down to the
    smallest.

    Args:
        truth: (samples,) index of each sample's class.
    """
    dice = np.random.default_rng([seed, 0])
    kept = np.ones(len(truth), bool)
    counts = np.bincount(truth)
    if balance.remove and len(truth):
        members = np.flatnonzero(truth == counts.argmax())
        gone = min(round(balance.remove * len(members)), len(members) - 1)
        kept[dice.permutation(members)[:gone]] = False
    if balance.sampling == "undersample":
        places = np.flatnonzero(kept)
        chosen = places[_drawn_down(truth[places], dice)]
        kept[:] = False
        kept[chosen] = True
    return np.flatnonzero(kept)


def plan_epoch(
    truth: npt.NDArray[np.int64], balance: BalanceRecipe, dice: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the places of the samples that one epoch shows, in the order in which it does; some may come twice.

    `oversample` repeats every smaller class up to the largest: all of it as often as it fits, then some of it, so that
    every sample is seen. `resample` draws the larger classes down to the smallest, others each time; `level` meets
    half-way: every class is brought to the mean of their numbers.

    Args:
        truth: (samples,) index of each kept sample's class.
    """
    if balance.sampling == "oversample":
        return dice.permutation(_brought_to(_largest(truth), truth, dice))
    if balance.sampling == "resample":
        return dice.permutation(_drawn_down(truth, dice))
    if balance.sampling == "level":
        return dice.permutation(_brought_to(_mean_size(np.bincount(truth)), truth, dice))
    return dice.permutation(len(truth))


def count_shown(truth: npt.NDArray[np.int64], balance: BalanceRecipe, class_count: int) -> npt.NDArray[np.int64]:
    """Return (classes,) how many samples of each class an epoch shows; 0 where there are none.

    Args:
        truth: (samples,) index of each kept sample's class.
    """
    counts = np.bincount(truth, minlength=class_count)
    present = counts[counts > 0]
    if balance.sampling == "all" or not len(present):
        return counts
    each = {"oversample": present.max(), "level": _mean_size(counts)}.get(balance.sampling, present.min())
    return np.where(counts > 0, each, 0)


def _members(truth: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Return the places of each class that has any."""
    return [np.flatnonzero(truth == index) for index in np.unique(truth)]


def _drawn_down(truth: npt.NDArray[np.int64], dice: np.random.Generator) -> npt.NDArray[np.int64]:
    members = _members(truth)
    least = min((len(places) for places in members), default=0)
    return np.concatenate([dice.permutation(places)[:least] for places in members] or [np.empty(0, np.int64)])


def _brought_to(size: int, truth: npt.NDArray[np.int64], dice: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return so many places of each class: all of it as often as it fits, then some of it."""
    repeated = []
    for places in _members(truth):
        times, rest = divmod(size, len(places))
        repeated += [np.tile(places, times), dice.permutation(places)[:rest]]
    return np.concatenate(repeated or [np.empty(0, np.int64)])


def _largest(truth: npt.NDArray[np.int64]) -> int:
    return int(np.bincount(truth).max(initial=0))


def _mean_size(counts: npt.NDArray[np.int64]) -> int:
    """Return how many samples a class has on average, of those that have any."""
    return round(float(counts[counts > 0].mean())) if counts.any() else 0


def suggest_balance(counts: Mapping[str, int], *, kind: str = "cnn") -> Suggestion:
    """Return what the numbers of training samples suggest; no score of any part is looked at.

    Args:
        counts: class -> number of training samples.
        kind: of the model; a head on frozen features sees all samples at once, so that only weights matter to it.
    """
    known = {name: count for name, count in counts.items() if count > 0}
    if len(known) < 2:
        return Suggestion("There are no two classes to balance.")
    largest, smallest = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    most, least = known[largest], known[smallest]
    ratio = most / least
    found = f"'{largest}' has {most:,} training samples, '{smallest}' {least:,}"
    more = f" Nothing of this replaces more labelled samples of '{smallest}'." if least < _TOO_FEW else ""
    weights = "balance.loss=weights"
    if ratio < _EVEN:
        return Suggestion(f"{found}: the classes are of like size, and nothing is needed.{more}")
    if ratio < _STRONG or kind == "features":
        return Suggestion(f"{found}, {ratio:.1f} times as many: weights in the loss let every class weigh the same, "
                          f"and every sample is used.{more}", (weights,))  # fmt: skip
    if least >= _ENOUGH:
        return Suggestion(
            f"{found}, {ratio:.0f} times as many: an epoch of {least:,} of each class, drawn anew every time, shows "
            "the small classes in every step, and sees all of the large ones in the course of the training.",
            ("balance.sampling=resample", weights),
        )
    return Suggestion(
        f"{found}, {ratio:.0f} times as many: with {least:,} of each class an epoch would be too short, so the small "
        "classes are repeated; weights alone would push seldom and hard (Buda et al. 2018 found repetition the safest "
        f"of the common ways).{more}",
        ("balance.sampling=oversample", weights),
    )


def is_answered(suggestion: Suggestion, balance: BalanceRecipe) -> bool:
    """Return whether a recipe does what is suggested, or as much, already.

    Where the small classes should be repeated, drawing the large ones down to them is no answer: an epoch of it is
    as short as was warned of. Where these should be drawn down, repeating the small ones shows as many of each too.
    """
    if "balance.sampling=oversample" in suggestion.changes:
        return balance.sampling in ("oversample", "level")
    if "balance.sampling=resample" in suggestion.changes:
        return balance.sampling in ("resample", "oversample", "level")
    weighs = balance.loss != "plain" or bool(balance.class_weights)
    return not suggestion.changes or weighs or balance.sampling != "all"


def count_kept(counts: Mapping[str, int], balance: BalanceRecipe) -> dict[str, int]:
    """Return class -> number of training samples that `balance.remove` leaves; what `plan_kept` does, as numbers."""
    kept = dict(counts)
    if balance.remove and any(kept.values()):
        largest = max(kept, key=kept.__getitem__)
        kept[largest] -= min(round(balance.remove * kept[largest]), kept[largest] - 1)
    return kept


def why_not_remove(counts: Mapping[str, int], balance: BalanceRecipe) -> str:
    """Return a warning where `balance.remove` makes the largest class smaller than another; "" where it does not.

    Args:
        counts: class -> number of training samples, before anything is removed.
    """
    kept = count_kept(counts, balance)
    cut = next((name for name in counts if kept[name] < counts[name]), None)
    if cut is None:
        return ""
    most = max((name for name in counts if name != cut), key=counts.__getitem__, default=cut)
    if kept[cut] >= counts[most]:
        return ""
    return (
        f"balance.remove={balance.remove:g} takes '{cut}' from {counts[cut]:,} training samples to {kept[cut]:,}, "
        f"below '{most}' with {counts[most]:,}. Take less, or balance.sampling=undersample, which draws every class "
        "down to the smallest"
    )


def advise_never_predicted(
    names: Sequence[str], counts: Mapping[str, int], balance: BalanceRecipe, *, kind: str = "cnn"
) -> dict[str, str]:
    """Return what to try for each class that is never predicted, as a sentence.

    Args:
        names: of these classes.
        counts: class -> number of training samples, before `balance.remove`.
        kind: of the model.
    """
    if len(counts) > 2 and 2 * len(names) > len(counts):
        mostly = (
            "Most classes are never predicted, so that next to nothing was learnt: see to that first, with another "
            + _other_than_balance(kind)
        )
        return dict.fromkeys(names, mostly)
    return {name: _advice_on(name, counts, balance, kind) for name in names}


def group_advice(advice: Mapping[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """Return each sentence once, with the classes that it is for, in order."""
    return [(tuple(name for name in advice if advice[name] == said), said) for said in dict.fromkeys(advice.values())]


def describe_never_predicted(names: Sequence[str]) -> str:
    """Return what it means that a run never answers these classes, without the full stop."""
    if len(names) == 1:
        return f"class '{names[0]}' is never predicted: this run does not find it"
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"the classes {quoted} are never predicted: this run does not find them"


def _other_than_balance(kind: str) -> str:
    return "model.backbone" if kind == "features" else "training.learning_rate, or more training.epochs"


def _advice_on(name: str, counts: Mapping[str, int], balance: BalanceRecipe, kind: str) -> str:
    kept = count_kept(counts, balance)
    own, most = kept.get(name, 0), max(kept.values(), default=0)
    if own < counts.get(name, 0) and own < most:
        return f"Try --set balance.remove=0; balance.remove leaves {own:,} of its {counts[name]:,} training samples"
    found = f"it has {own:,} training sample{'' if own == 1 else 's'}"
    if most < _EVEN * max(own, 1):
        return (
            f"No balance is to blame, {found} and the largest class {most:,}. Look at its pictures and labels, then "
            f"try another {_other_than_balance(kind)}"
        )
    suggestion = suggest_balance(kept, kind=kind)
    if not is_answered(suggestion, balance):
        return f"Try {suggestion.options}"
    if balance.sampling == "all" and balance.loss == "plain" and not balance.class_weights:
        return f"Try --set balance.loss=weights; {found}"
    if balance.sampling == "all" and kind != "features":
        return f"Try --set balance.sampling=oversample; {found}"
    return f"Label more frames of '{name}', in other groups too: {found}, and the balance is as the counts suggest"
