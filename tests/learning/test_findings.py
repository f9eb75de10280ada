"""What trials amount to, on numbers worked out by hand, and the file that they stand in."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import RunError
from rushes.learning.findings import Findings, find, rounds_of
from rushes.learning.plateau import UNMEASURED_NOISE, best_of, decide, student_quantile
from rushes.learning.search import Setting
from rushes.learning.trials import TRIALS_FILE, Trial, append_trial, read_trials


def trials(number: int, setting: Setting, scores: Sequence[float], **more: Any) -> list[Trial]:
    return [
        Trial(number, setting, repeat, repeat, "done", score=score, seconds=2.0, run=f"{number}-{repeat}",
              measures={"f1_macro": score, "recall": {"mcu": score / 2}, "false_positive_rate": {"mcu": None}}, **more)
        for repeat, score in enumerate(scores)
    ]  # fmt: skip


def found(*groups: list[Trial], seeds: int = 2) -> Findings:
    every = [trial for group in groups for trial in group]
    return find(every, seeds=seeds, focus="mcu", is_baseline=lambda setting: not setting)


BASE = trials(0, {}, [0.70, 0.72])


def test_a_setting_has_its_mean_its_spread_and_a_pooled_interval() -> None:
    findings = found(BASE, trials(1, {"a": 1}, [0.70, 0.76]))
    score = findings.tried[1].score
    assert score is not None
    assert score.value == pytest.approx(0.73)
    assert score.spread == pytest.approx(0.06 / math.sqrt(2))
    # pooled: sqrt((0.02² / 2 + 0.06² / 2) / 2) = 0.03162; t(0.975, 2) = 4.303; / sqrt(2)
    of_base = findings.tried[0].score
    assert of_base is not None
    assert of_base.high is not None
    assert of_base.high - of_base.value == pytest.approx(4.303 * 0.031623 / math.sqrt(2), rel=1e-3)
    # its own spread is larger than the pooled one: 0.06 / sqrt(2) = 0.04243
    assert score.high is not None
    assert score.high - score.value == pytest.approx(4.303 * 0.042426 / math.sqrt(2), rel=1e-3)


def test_a_gain_within_the_noise_is_said_to_be_none() -> None:
    findings = found(BASE, trials(1, {"a": 1}, [0.70, 0.76]))
    assert findings.best is findings.tried[1]
    assert "no setting beats the recipe as it is beyond the noise of 2 seeds" in findings.verdict


def test_a_gain_beyond_the_noise_is_said_with_its_size() -> None:
    findings = found(BASE, trials(1, {"a": 1}, [0.90, 0.92]))
    assert findings.gain == pytest.approx(0.2)
    assert findings.verdict.startswith("a = 1 beats the recipe as it is by 0.200")


def test_the_recipe_as_it_is_may_be_the_best() -> None:
    findings = found(BASE, trials(1, {"a": 1}, [0.5, 0.5]))
    assert findings.best is findings.baseline
    assert "no setting beats the recipe as it is" in findings.verdict


def test_one_seed_says_nothing_of_chance() -> None:
    findings = found(trials(0, {}, [0.7]), trials(1, {"a": 1}, [0.705]), seeds=1)
    assert findings.tried[0].score is not None
    assert findings.tried[0].score.low is None
    assert "how much is chance is not known" in findings.verdict


def test_without_the_recipe_the_best_is_compared_with_the_others() -> None:
    findings = found(
        trials(0, {"a": 1}, [0.70, 0.72]), trials(1, {"a": 2}, [0.71, 0.73]), trials(2, {"a": 3}, [0.2, 0.2])
    )
    assert findings.baseline is None
    assert "a = 2 has the highest mean; 1 of the 2 others cannot be told from it" in findings.verdict


def test_a_setting_of_which_a_seed_failed_is_never_the_best() -> None:
    failed = [*trials(1, {"a": 1}, [0.99]), Trial(1, {"a": 1}, 1, 1, "failed", reason="the loss is no number")]
    findings = found(BASE, failed)
    assert findings.best is findings.baseline
    assert (findings.tried[1].state, findings.tried[1].reason) == ("failed", "the loss is no number")


def test_a_setting_given_up_counts_as_a_round_and_can_neither_be_the_best_nor_reach_the_target() -> None:
    pruned = [Trial(1, {"a": 1}, 0, 0, "pruned", score=0.9, curve=((1, 0.9),))]
    findings = found(BASE, pruned)
    assert findings.best is findings.baseline
    rounds = rounds_of(findings)
    assert [one.repeats for one in rounds] == [2, 1]
    assert not decide(rounds, target=0.85, patience=5).stop
    assert best_of(rounds) == 0


def test_seeds_that_change_nothing_are_no_noise_to_be_beyond() -> None:
    findings = found(trials(0, {}, [0.7, 0.7]), trials(1, {"model.head": "knn"}, [0.7004, 0.7004]))
    assert findings.noise == UNMEASURED_NOISE
    assert "scores 0.000 higher" in findings.verdict
    assert "2 seeds gave the same to the last digit" in findings.verdict
    assert all(found.low is None for effect in findings.effects for found in effect.differences.values())


def test_the_best_without_a_recipe_is_held_against_all_pairs_that_it_could_have_been_picked_from() -> None:
    groups = [
        trials(at, {"a": at}, [middle - 0.01, middle + 0.01]) for at, middle in enumerate((0.5, 0.55, 0.55, 0.61))
    ]
    findings = found(*groups)
    # 0.01414 each with 4 degrees of freedom: t(1 - 0.05 / 6, 4) = 3.96 x 0.01414 = 0.0560 for six pairs of four,
    # t(1 - 0.05 / 3, 4) = 3.19 x 0.01414 = 0.0451 for three
    assert "beats every other setting" in findings.verdict
    nearer = found(*groups[:-1], trials(3, {"a": 3}, [0.59, 0.61]))
    assert "2 of the 3 others cannot be told from it" in nearer.verdict


def test_the_intervals_of_all_effects_hold_together() -> None:
    findings = found(BASE, *(trials(at, {"a": at}, [0.70, 0.72]) for at in (1, 2, 3, 4)))
    first = findings.effects[0].differences["f1_macro"]
    # spread 0.01414 of each, 5 degrees of freedom; four values of two measures: t(1 - 0.025 / 8, 5) = 4.382
    assert first.high == pytest.approx(student_quantile(1 - 0.025 / 8, 5) * 0.014142, rel=1e-3)


def test_where_nothing_has_an_effect_few_pages_show_one() -> None:
    dice = random.Random(0)
    shown, pages = 0, 100
    for _ in range(pages):
        every = [
            replace(one, measures={"f1_macro": dice.gauss(0.7, 0.03), "recall": {"mcu": dice.gauss(0.7, 0.03)},
                                   "false_positive_rate": {"mcu": dice.gauss(0.3, 0.03)}})
            for at in range(9) for one in trials(at, {"a": at} if at else {}, [0.7, 0.71, 0.72])
        ]  # fmt: skip
        findings = find(every, seeds=3, focus="mcu", is_baseline=lambda setting: not setting)
        shown += any(
            not one.low <= 0 <= one.high
            for effect in findings.effects
            for one in effect.differences.values()
            if one.low is not None and one.high is not None
        )
    assert shown / pages <= 0.08  # 5 % by right, 51 % where each is held against its own 95 %


def test_an_effect_is_the_difference_of_the_means() -> None:
    findings = found(BASE, trials(1, {"a": 1}, [0.80, 0.82]), trials(2, {"a": 1, "b": 2}, [0.8, 0.8]))
    (effect,) = findings.effects  # the third changes two keys
    assert (effect.key, effect.value) == ("a", 1)
    assert effect.differences["f1_macro"].value == pytest.approx(0.1)
    assert effect.differences["recall"].value == pytest.approx(0.05)
    assert "false_positive_rate" not in effect.differences  # undefined: there is nothing but mcu


def test_trials_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / TRIALS_FILE
    written = [*BASE, *trials(1, {"model.units": [4, 8]}, [0.8, 0.9], curve=((1, 0.5), (2, 0.8)))]
    for trial in written:
        append_trial(path, trial)
    assert read_trials(path) == written
    assert read_trials(tmp_path / "none") == []


def test_a_line_that_a_kill_cut_off_is_passed_over_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / TRIALS_FILE
    append_trial(path, BASE[0])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"number": 1, "sett')
    assert read_trials(path) == BASE[:1]
    append_trial(path, BASE[1])
    assert read_trials(path) == BASE


def test_of_two_lines_on_the_same_training_the_later_counts(tmp_path: Path) -> None:
    path = tmp_path / TRIALS_FILE
    append_trial(path, Trial(0, {}, 0, 0, "failed", reason="out of memory"))
    append_trial(path, BASE[0])
    assert read_trials(path) == BASE[:1]


def test_a_line_that_is_no_trial_is_named(tmp_path: Path) -> None:
    path = tmp_path / TRIALS_FILE
    path.write_text('{"number": 1}\n', encoding="utf-8")
    with pytest.raises(RunError, match="line 1"):
        read_trials(path)
