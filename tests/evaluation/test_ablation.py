from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rushes.evaluation.ablation import WHOLE, AblationJudgement, judge_ablation
from rushes.evaluation.ablation_section import show_ablation
from rushes.learning.ablation import KeptAblation
from rushes.learning.predictions import Predictions
from rushes.wish import parse_wish

GROUPS, EACH = 9, 12
COUNTS = {"reject": 60, "select": 40}


def answers(strength: float, *, seed: int) -> Predictions:
    """Answers that know the truth the better the stronger they are, over nine groups of twelve."""
    dice = np.random.default_rng(seed)
    truth = np.tile([0, 1, 1], GROUPS * EACH // 3)
    logit = strength * (2 * truth - 1) + dice.normal(size=len(truth))
    probable = (1 / (1 + np.exp(-logit))).astype(np.float32)
    names = tuple(f"{number}" for number in range(len(truth)))
    return Predictions(
        classes=("reject", "select"),
        truth=truth.astype(np.int64),
        probabilities=np.stack([1 - probable, probable], axis=1),
        frames=names,
        groups=tuple(f"shoot {number // EACH}" for number in range(len(truth))),
        images=names,
        names=names,
        timecodes=names,
        origins=names,
    )


def kept_of(whole: Predictions, other: Predictions, *, watched: Predictions) -> KeptAblation:
    parts = {"test": other, "validation": watched}
    permuted = np.stack([np.stack([other.probabilities]), np.stack([whole.probabilities])])
    settings = {"backbone": {"regularisation": 1.0}, "measures": {"regularisation": 0.1}}
    return KeptAblation(settings, {"backbone": parts, "measures": parts}, ("sharpness", "noise"), permuted)


@pytest.fixture(scope="module")
def judged() -> AblationJudgement:
    whole, weak = answers(2.0, seed=1), answers(0.3, seed=2)
    kept = kept_of(whole, weak, watched=answers(0.3, seed=4))
    wishes = {"select": parse_wish("recall >= 0.9")}
    watched = answers(2.0, seed=3)
    return judge_ablation(kept, test=whole, validation=watched, wishes=wishes, train_counts=COUNTS)


def test_measures_that_help_are_said_to_help(judged: AblationJudgement) -> None:
    assert "the measures help (+0." in judged.sentence
    own, without, alone = judged.heads
    assert own.gained is None
    assert without.gained is not None
    assert without.gained["average_precision"].value == pytest.approx(
        own.average_precision.value - without.average_precision.value  # type: ignore[operator]
    )
    low, high = without.gained["average_precision"].interval.low, without.gained["average_precision"].interval.high
    assert low is not None and high is not None  # noqa: PT018
    assert 0 < low < without.gained["average_precision"].value < high  # type: ignore[operator]
    assert alone.average_precision == without.average_precision


def test_each_head_has_the_threshold_of_its_own_validation(judged: AblationJudgement) -> None:
    own, without, _ = (one.at_thresholds[0] for one in judged.heads)
    assert own.threshold != without.threshold
    assert own.gained is None
    assert without.gained is not None
    gained = without.gained["precision"].value
    assert gained == pytest.approx(own.precision.value - without.precision.value)  # type: ignore[operator]
    assert own.precision.value > without.precision.value  # type: ignore[operator]


def test_a_measure_that_is_made_nothing_of_loses_nothing(judged: AblationJudgement) -> None:
    first, last = judged.dealt
    assert (first.name, last.name) == ("sharpness", "noise")
    assert first.drop.value is not None
    assert first.drop.value > 0.1
    assert last.drop.value == pytest.approx(0)
    assert judged.blind["majority"]["average_precision"] == pytest.approx(0.5)


def test_measures_that_add_nothing_are_not_said_to_help() -> None:
    whole = answers(1.0, seed=1)
    kept = kept_of(whole, whole, watched=whole)
    found = judge_ablation(kept, test=whole, validation=whole, wishes={}, train_counts=COUNTS)
    assert found.sentence.endswith("that may be chance (+0.000, +0.000 to +0.000).")


def test_one_group_alone_says_nothing_of_chance() -> None:
    whole = replace(answers(1.0, seed=1), groups=("one",) * GROUPS * EACH)
    other = replace(answers(0.2, seed=2), groups=whole.groups)
    kept = kept_of(whole, other, watched=other)
    found = judge_ablation(kept, test=whole, validation=whole, wishes={}, train_counts=COUNTS)
    assert "Whether that is chance cannot be said: one group alone" in found.sentence


def test_an_ablation_of_other_samples_is_no_ablation() -> None:
    whole = answers(1.0, seed=1)
    other = replace(whole, frames=whole.frames[::-1])
    with pytest.raises(ValueError, match="'backbone' answers is not of the run's own"):
        judge_ablation(
            kept_of(whole, other, watched=whole), test=whole, validation=None, wishes={}, train_counts=COUNTS
        )


def test_the_section_shows_heads_thresholds_and_measures(judged: AblationJudgement) -> None:
    shown = show_ablation(judged)
    for words in (
        "the picture alone",
        "the measures alone",
        "select, recall &gt;= 0.9",
        "sharpness",
        "108 test samples of 9 groups",
    ):
        assert words in shown
    assert "\u22120.000" not in shown
    assert show_ablation(None) == ""
    table = json.loads(json.dumps(judged.to_table()))
    assert set(table["heads"]) == {WHOLE, "backbone", "measures"}


def test_a_run_with_measures_is_judged_from_what_it_keeps(tmp_path: Path) -> None:
    import timm
    import torch

    from learning.tiny import backbone_recipe, make_project
    from rushes.bundles.run_card import write_run_card
    from rushes.evaluation.evaluate import evaluate_run
    from rushes.learning.runs import read_run
    from rushes.learning.train import train

    torch.manual_seed(5)
    torch.save(timm.create_model("test_efficientnet").state_dict(), tmp_path / "tiny.pth")
    project = make_project(tmp_path, per_class=2)
    recipe = backbone_recipe("features", tmp_path / "tiny.pth", regularisation=[1.0])
    run = train(replace(recipe, input=replace(recipe.input, features=("quality",))), **project.places())
    done = evaluate_run(run.folder, project_root=tmp_path)
    assert 'id="ablation"' in done.report.read_text()
    assert done.metrics["ablation"]["sentence"] in write_run_card(read_run(run.folder)).read_text()
