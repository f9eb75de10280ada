"""What a search has found so far: each setting with its mean and spread over the seeds, effects, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean, stdev
from typing import Any

from rushes.learning.plateau import LEVEL, Round, noise_between, pool_spread, spread_of, student_quantile
from rushes.learning.search import Setting, describe_setting, key_of
from rushes.learning.trials import Trial, trials_of

# What an effect is an effect on; the first two of the class in focus.
EFFECTS = ("recall", "false_positive_rate", "f1_macro")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds, or a difference of two.

    Attributes:
        spread: standard deviation between the seeds; None where there was one, or of a difference.
        low, high: interval by Student's distribution, with the spread as `plateau.spread_of` has it; None where no
            seed made a difference. Of a mean it holds with 95 %; of effects, all of a search hold together with 95 %.
    """

    value: float
    spread: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """One setting and what came of its trainings.

    Attributes:
        state: `done` with all seeds; `partly` where some are still to come; `pruned`; `failed` where one failed.
        score: of the monitor, higher is better; None where no training ended.
        measures: name of `EFFECTS` -> its estimate; those that are undefined are left out.
        seconds: mean of its trainings.
        reason: why it failed.
    """

    number: int
    setting: Setting
    state: str
    trials: tuple[Trial, ...]
    score: Estimate | None
    measures: Mapping[str, Estimate]
    seconds: float
    reason: str = ""

    @property
    def round(self) -> Round:
        """The setting as the stop rule takes it; only of one that has a score."""
        assert self.score is not None
        return Round(self.score.value, self.score.spread, len(_scored(self.trials)))


@dataclass(frozen=True, slots=True)
class Effect:
    """What changing one key alone did, beside the recipe as it is.

    Attributes:
        differences: name of `EFFECTS` -> the setting's mean minus the recipe's.
    """

    key: str
    value: Any
    differences: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a search has found.

    Attributes:
        tried: in the order in which they were tried.
        best: the setting with the highest mean of those whose every seed is done; None where there is none.
        baseline: the recipe as it is, where it was tried.
        gain: of the best over the baseline; None where either is missing.
        noise: how far the best of so many would lie above the baseline by the seeds alone.
        proven: whether the best beats the recipe as it is, or where that was not tried every other setting, beyond the
            noise of the seeds.
        verdict: a sentence on what may be claimed.
    """

    tried: tuple[Tried, ...]
    best: Tried | None
    baseline: Tried | None
    gain: float | None
    noise: float | None
    proven: bool
    verdict: str
    effects: tuple[Effect, ...]

    def to_table(self) -> dict[str, Any]:
        """Return the findings as plain values, ready for JSON; trainings are named, not repeated."""
        return {
            "settings": [_table_of(one) for one in self.tried],
            "best": None if self.best is None else self.best.number,
            "baseline": None if self.baseline is None else self.baseline.number,
            "gain": self.gain,
            "noise": self.noise,
            "proven": self.proven,
            "verdict": self.verdict,
            "effects": [asdict(effect) for effect in self.effects],
        }


def find(trials: Iterable[Trial], *, seeds: int, focus: str, is_baseline: Callable[[Setting], bool]) -> Findings:
    """Return what trials amount to.

    Args:
        seeds: how many trainings make a setting complete.
        focus: the class whose recall and false-positive rate are estimated.
        is_baseline: says of a setting whether it is the recipe as it is.
    """
    groups = list(trials_of(trials).values())
    scores = [[trial.score for trial in _scored(group) if trial.score is not None] for group in groups]
    measures = {name: [_values(group, name, focus) for group in groups] for name in EFFECTS}
    tried = tuple(
        Tried(
            number=group[0].number,
            setting=group[0].setting,
            state=_state(group, seeds),
            trials=tuple(group),
            score=_estimate(scores[at], scores),
            measures={
                name: found for name in EFFECTS if (found := _estimate(measures[name][at], measures[name])) is not None
            },
            seconds=mean(trial.seconds for trial in group),
            reason=next((trial.reason for trial in group if trial.state == "failed"), ""),
        )
        for at, group in enumerate(groups)
    )
    done = [one for one in tried if one.state == "done" and one.score is not None]
    best = max(done, key=lambda one: (one.round.score, -one.number), default=None)
    baseline = next((one for one in done if is_baseline(one.setting)), None)
    gain, noise = _gain(best, baseline, done)
    return Findings(
        tried=tried,
        best=best,
        baseline=baseline,
        gain=gain,
        noise=noise,
        proven=best is not baseline and _is_proven(best, done, gain=gain, noise=noise),
        verdict=_verdict(best, baseline, done, gain=gain, noise=noise, seeds=seeds),
        effects=_effects(tried, baseline, measures),
    )


def rounds_of(findings: Findings) -> list[Round]:
    """Return the rounds that a stop rule looks at: complete settings, and those given up early.

    What was given up counts no more than the lowest that was finished: the highest epoch of one seed is no score that
    anybody would get, and may neither reach a target nor be the best.
    """
    finished = [one.round.score for one in findings.tried if one.state == "done" and one.score is not None]
    roof = min(finished, default=math.inf)
    return [
        replace(one.round, score=min(one.round.score, roof)) if one.state == "pruned" else one.round
        for one in findings.tried
        if one.state in ("done", "pruned") and one.score is not None
    ]


def _gain(
    best: Tried | None, baseline: Tried | None, done: Sequence[Tried]
) -> tuple[float, float] | tuple[None, None]:  # fmt: skip
    if best is None or baseline is None or best is baseline:
        return None, None
    noise = noise_between(best.round, baseline.round, [one.round for one in done], among=max(1, len(done) - 1))
    return best.round.score - baseline.round.score, noise


def _is_proven(best: Tried | None, done: Sequence[Tried], *, gain: float | None, noise: float | None) -> bool:
    if best is None or len(done) < 2 or pool_spread([one.round for one in done])[0] is None:
        return False
    if gain is not None and noise is not None:
        return gain > noise
    return not _equals_of(best, done)


def _equals_of(best: Tried, done: Sequence[Tried]) -> list[Tried]:
    """Return the settings that cannot be told from the best; any two might have been picked: all pairs count."""
    rounds, pairs = [one.round for one in done], len(done) * (len(done) - 1) // 2
    return [
        one
        for one in done
        if one is not best
        and best.round.score - one.round.score <= noise_between(best.round, one.round, rounds, among=pairs)
    ]


def _verdict(
    best: Tried | None, baseline: Tried | None, done: Sequence[Tried], *, gain: float | None, noise: float | None,
    seeds: int,
) -> str:  # fmt: skip
    if best is None:
        return "no setting was trained to the end"
    if baseline is None:
        return _verdict_without_baseline(best, done, seeds=seeds)
    if best is baseline:
        if len(done) == 1:
            return "nothing but the recipe as it is was trained to the end"
        return f"no setting beats the recipe as it is, which has the highest mean of {len(done)}"
    assert gain is not None
    assert noise is not None
    named = describe_setting(best.setting)
    if pool_spread([one.round for one in done])[0] is None:
        return (
            f"{named} scores {gain:.3f} higher than the recipe as it is, {_unmeasured(seeds)}: how much is chance is "
            "not known"
        )
    if gain > noise:
        return f"{named} beats the recipe as it is by {gain:.3f}, beyond the noise of {seeds} seeds ({noise:.3f})"
    return (
        f"no setting beats the recipe as it is beyond the noise of {seeds} seeds: the best, {named}, gains {gain:.3f}, "
        f"and the best of {len(done) - 1} may gain {noise:.3f} by chance"
    )


def _verdict_without_baseline(best: Tried, done: Sequence[Tried], *, seeds: int) -> str:
    """Say how many cannot be told from the best."""
    if len(done) == 1:
        return "one setting was trained to the end, and there is nothing to compare it with"
    if pool_spread([one.round for one in done])[0] is None:
        return f"{describe_setting(best.setting)} scored highest, {_unmeasured(seeds)}: how much is chance is not known"
    equal = len(_equals_of(best, done))
    if not equal:
        return f"{describe_setting(best.setting)} beats every other setting beyond the noise of {seeds} seeds"
    return (
        f"{describe_setting(best.setting)} has the highest mean; {equal} of the {len(done) - 1} others cannot be "
        f"told from it beyond the noise of {seeds} seeds"
    )


def _unmeasured(seeds: int) -> str:
    if seeds == 1:
        return "from one seed each"
    return f"and {seeds} seeds gave the same to the last digit, so that the seed decides nothing here"


def _effects(
    tried: Sequence[Tried], baseline: Tried | None, measures: Mapping[str, Sequence[Sequence[float]]]
) -> tuple[Effect, ...]:
    """Return the effect of each setting that changes one key alone; their intervals hold all together."""
    if baseline is None:
        return ()
    alone = [one for one in tried if len(one.setting) == 1 and one.state == "done" and one is not baseline]
    among = sum(name in baseline.measures for one in alone for name in one.measures)
    rounds = {name: _rounds(groups) for name, groups in measures.items()}
    effects = []
    for one in alone:
        differences = {
            name: _difference(found, baseline.measures[name], (one, baseline), rounds[name], among=among)
            for name, found in one.measures.items()
            if name in baseline.measures
        }
        ((key, value),) = one.setting.items()
        effects.append(Effect(key, value, differences))
    return tuple(effects)


def _difference(
    ours: Estimate, theirs: Estimate, settings: tuple[Tried, Tried], rounds: Sequence[Round], *, among: int
) -> Estimate:
    sides = [
        Round(found.value, found.spread, len(_scored(one.trials)) if found.spread is not None else 1)
        for found, one in zip((ours, theirs), settings, strict=True)
    ]
    value = ours.value - theirs.value
    half = _half_width(sides, rounds, among=among)
    return Estimate(value) if half is None else Estimate(value, None, value - half, value + half)


def _estimate(values: Sequence[float], groups: Sequence[Sequence[float]]) -> Estimate | None:
    if not values:
        return None
    (one,) = _rounds([values])
    half = _half_width([one], _rounds(groups))
    if half is None:
        return Estimate(one.score, one.spread)
    return Estimate(one.score, one.spread, one.score - half, one.score + half)


def _half_width(sides: Sequence[Round], rounds: Sequence[Round], *, among: int = 1) -> float | None:
    """Return half of a 95 % interval of a mean, or of the difference of two; None where no seed made a difference.

    Args:
        among: how many intervals hold together (Bonferroni's correction).
    """
    freedom = pool_spread(rounds)[1]
    if not freedom:
        return None
    error = math.sqrt(sum(spread_of(one, rounds) ** 2 / one.repeats for one in sides))
    return student_quantile(1 - (1 - LEVEL) / 2 / among, freedom) * error


def _rounds(groups: Sequence[Sequence[float]]) -> list[Round]:
    """Return groups of repeats as the stop rule has them; empty ones are left out."""
    return [Round(mean(group), stdev(group) if len(group) > 1 else None, len(group)) for group in groups if group]


def _values(group: Sequence[Trial], name: str, focus: str) -> list[float]:
    found = []
    for trial in _scored(group):
        value = trial.measures.get(name)
        if isinstance(value, Mapping):
            value = value.get(focus)
        if value is not None:
            found.append(float(value))
    return found


def _scored(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.score is not None]


def _state(group: Sequence[Trial], seeds: int) -> str:
    states = {trial.state for trial in group}
    for state in ("failed", "pruned"):
        if state in states:
            return state
    return "done" if len(group) >= seeds else "partly"


def _table_of(one: Tried) -> dict[str, Any]:
    return {
        "number": one.number,
        "setting": dict(one.setting),
        "state": one.state,
        "score": None if one.score is None else asdict(one.score),
        "measures": {name: asdict(found) for name, found in one.measures.items()},
        "seconds": round(one.seconds, 3),
        "runs": [trial.run for trial in one.trials if trial.run],
        "reason": one.reason,
        "key": key_of(one.setting),
    }
