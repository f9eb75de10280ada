"""Classes suggested from what pictures show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.errors import ProjectError
from rushes.footage.quality import Quality
from rushes.labels.suggest import (
    QUALITY_TESTS,
    Suggestions,
    check_suggestible,
    choose_examples,
    count_suggested,
    describe_reason,
    plan_suggestions,
)
from rushes.project import Task, parse_project

CLASSES = ["Junk", "Common", "Uncommon", "Rare", "Legendary"]
QUANTILES = {"Common": 0.7, "Uncommon": 0.9, "Rare": 0.98}


def task_of(**more: Any) -> Task:
    table = {"classes": CLASSES, "suggest": {"quantiles": QUANTILES, "neighbours": 3, "stay": 0.0} | more}
    return parse_project({"tasks": {"rarity": table}}, root=Path("/p")).task("rarity")


def good(count: int, **other: Sequence[float]) -> Quality:
    usual = {"contrast": 50.0, "black": 0.0, "white": 0.0, "lights": 200.0, "blur": 0.3, "faded": 0.0}
    arrays = {name: np.full(count, value, np.float32) for name, value in usual.items()}
    return Quality(**arrays | {name: np.asarray(values, np.float32) for name, values in other.items()})


def plan(
    features: np.ndarray,
    *,
    task: Task | None = None,
    quality: Quality | None = None,
    subjects: Mapping[str, Sequence[str]] | None = None,
    earlier: Mapping[str, str] | None = None,
    groups: Sequence[str] | None = None,
) -> Suggestions:
    features = np.asarray(features, np.float32)
    return plan_suggestions(
        task or task_of(),
        features,
        frames=[f"f{row}" for row in range(len(features))],
        groups=groups or ["film"] * len(features),
        quality=quality or good(len(features)),
        subjects=subjects or {},
        earlier=earlier or {},
    )


def classes(found: Suggestions) -> list[str]:
    return [found.class_of(row) for row in range(len(found))]


def crowd_and_hermits() -> np.ndarray:
    """96 pictures that look alike, and four that stand alone, each farther out than the one before."""
    dice = np.random.default_rng(0)
    alike = dice.normal(0, 0.01, (96, 4))
    alone = np.array([[5, 0, 0, 0], [0, 11, 0, 0], [0, 0, 23, 0], [0, 0, 0, 47]])
    return np.concatenate([alike, alone]).astype(np.float32)


def test_what_stands_alone_is_rarer_than_what_has_near_duplicates() -> None:
    found = plan(crowd_and_hermits())
    assert classes(found)[96:] == ["Rare", "Rare", "Legendary", "Legendary"]
    assert count_suggested(found, range(100)) == {"Junk": 0, "Common": 70, "Uncommon": 20, "Rare": 8, "Legendary": 2}
    assert found.score[99] == max(found.score)


def test_the_scarcest_subject_makes_rarer_whatever_else_is_in_the_picture() -> None:
    features = np.random.default_rng(1).normal(0, 1, (100, 3))
    subjects = {f"f{row}": ("Street",) for row in range(90)} | {"f5": ("street ", "Dragon")}
    alone, told = plan(features), plan(features, subjects=subjects, task=task_of(density=0.0))
    assert told.class_of(5) == "Legendary"
    assert told.subjects[told.subject[5]] == "Dragon"
    assert "'Dragon' is in 1 frame" in describe_reason(told, 5, told.frames)
    # Nobody says what is in the last ten: they count as the middle.
    assert {told.class_of(row) for row in range(90, 100)} == {"Uncommon"}
    assert set(alone.subject.tolist()) == {-1}


def test_without_any_subject_density_alone_decides() -> None:
    features = np.random.default_rng(1).normal(0, 1, (50, 3))
    np.testing.assert_array_equal(plan(features).score, plan(features, task=task_of(subjects=0.0)).score)


@pytest.mark.parametrize(
    ("measured", "name", "said"),
    [
        ({"black": 0.99}, "black", "black: 99% of it is black"),
        ({"contrast": 3.0}, "flat", "flat: its contrast is 3.0"),
        ({"lights": 30.0}, "underexposed", "its lights reach 30 of 255"),
        ({"white": 0.7}, "overexposed", "70% is blown out"),
        ({"blur": 0.85}, "blurred", "its blur is 0.85"),
        ({"faded": 0.4}, "faded", "another picture shows through by 40%"),
    ],
)
def test_a_picture_that_fails_a_test_is_junk_and_the_reason_is_said(
    measured: dict[str, float], name: str, said: str
) -> None:
    usual = good(10)
    quality = replace(
        usual, **{key: np.array([value, *getattr(usual, key)[1:]], np.float32) for key, value in measured.items()}
    )
    found = plan(np.arange(30).reshape(10, 3), quality=quality)
    assert classes(found).count("Junk") == 1
    assert found.class_of(0) == "Junk"
    assert QUALITY_TESTS[found.failed_test[0]].name == name
    assert said in describe_reason(found, 0, found.frames)


def test_junk_takes_no_part_in_quantiles_and_is_nobodys_neighbour() -> None:
    features = crowd_and_hermits()
    features[98:] = features[97] + 0.001  # two that would be near a hermit, were they not black
    quality = good(100, black=[0.0] * 98 + [1.0, 1.0])
    found = plan(features, quality=quality)
    assert classes(found)[98:] == ["Junk", "Junk"]
    assert found.class_of(97) == "Legendary"
    assert sum(count_suggested(found, range(98)).values()) == 98


def test_a_task_without_junk_calls_nothing_junk() -> None:
    table = {"classes": ["usual", "odd"], "suggest": {"quantiles": {"usual": 0.5}}}
    task = parse_project({"tasks": {"t": table}}, root=Path("/p")).task("t")
    found = plan(np.arange(20).reshape(10, 2) ** 2, task=task, quality=good(10, black=[1.0] * 10))
    assert count_suggested(found, range(10)) == {"usual": 5, "odd": 5}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_frames_of_one_picture_get_one_class_whatever_is_said_of_them(data: st.DataObject) -> None:
    distinct = data.draw(st.integers(1, 30))
    of = np.array(data.draw(st.lists(st.integers(0, distinct - 1), min_size=1, max_size=80)))
    pictures = np.random.default_rng(data.draw(st.integers(0, 5))).normal(0, 1, (distinct, 4)).astype(np.float32)
    words = st.dictionaries(st.integers(0, len(of) - 1), st.lists(st.sampled_from("abc"), max_size=2), max_size=20)
    subjects = {f"f{row}": tuple(said) for row, said in data.draw(words).items()}
    before = {f"f{row}": data.draw(st.sampled_from(CLASSES[1:])) for row in range(len(of)) if data.draw(st.booleans())}
    found = plan(pictures[of], subjects=subjects, earlier=before, task=task_of(stay=0.5))
    for picture in set(of.tolist()):
        assert len({found.class_of(row) for row in np.flatnonzero(of == picture).tolist()}) == 1
    assert sum(count_suggested(found, range(len(of))).values()) == len(of)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(40)))
def test_the_order_of_frames_decides_nothing(order: Sequence[int]) -> None:
    features = np.random.default_rng(3).normal(0, 1, (40, 4)).astype(np.float32)
    frames = [f"f{row}" for row in range(40)]
    plain = plan(features)
    mixed = plan_suggestions(
        task_of(),
        features[list(order)],
        frames=[frames[row] for row in order],
        groups=["film"] * 40,
        quality=good(40),
        subjects={},
        earlier={},
    )
    assert dict(zip(mixed.frames, classes(mixed), strict=True)) == dict(zip(frames, classes(plain), strict=True))


def test_many_frames_of_one_score_all_get_the_commoner_class() -> None:
    features = np.concatenate([np.zeros((80, 2)), np.arange(40).reshape(20, 2) + 5])
    found = plan(features)
    assert Counter(classes(found)[:80]) == {"Common": 80}


def test_shares_are_taken_in_each_group_where_the_project_says_so() -> None:
    dice = np.random.default_rng(5)
    features = np.concatenate([dice.normal(0, 0.1, (50, 3)), dice.normal(0, 5, (50, 3))])
    groups = ["calm"] * 50 + ["wild"] * 50
    together, apart = plan(features, groups=groups), plan(features, groups=groups, task=task_of(per="group"))
    assert Counter(classes(together)[:50]) == {"Common": 50}
    assert set(apart.edges) == {"calm", "wild"}
    assert [Counter(classes(apart)[half]) for half in (slice(50), slice(50, 100))] == [
        {"Common": 35, "Uncommon": 10, "Rare": 4, "Legendary": 1}
    ] * 2


def test_an_earlier_suggestion_stands_near_an_edge_and_falls_far_from_it() -> None:
    features = np.random.default_rng(6).normal(0, 1, (200, 3)).astype(np.float32)
    fresh = plan(features)
    place = np.argsort(fresh.share)
    near, far = int(place[142]), int(place[195])  # of 200: just above the edge of Common at 140, and near the top
    earlier = {f"f{near}": "Common", f"f{far}": "Common"}
    again = plan(features, earlier=earlier, task=task_of(stay=0.25))
    assert (fresh.class_of(near), again.class_of(near)) == ("Uncommon", "Common")
    assert again.class_of(far) == fresh.class_of(far) == "Rare"
    assert "near an edge, and was Common before" in describe_reason(again, near, again.frames)
    assert again.stayed.sum() == 1
    assert plan(features, earlier=earlier).stayed.sum() == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_planned_again_with_its_own_suggestions_nothing_changes(seed: int) -> None:
    features = np.random.default_rng(seed).normal(0, 1, (60, 3)).astype(np.float32)
    task = task_of(stay=0.25)
    first = plan(features, task=task)
    again = plan(features, task=task, earlier=dict(zip(first.frames, classes(first), strict=True)))
    assert classes(again) == classes(first)


def test_the_reason_names_the_nearest_frame_or_the_same_picture() -> None:
    features = np.array([[0, 0], [0, 0], [1, 0], [5, 5]], np.float32)
    found = plan(features)
    names = ["a", "b", "c", "d"]
    assert "the same picture as b" in describe_reason(found, 0, names)
    assert "the same picture as a" in describe_reason(found, 1, names)
    assert "no near-duplicate, the nearest frame is c at 6.40" in describe_reason(found, 3, names)
    assert describe_reason(plan(features[:1]), 0, names) == "the only picture"


def test_every_frame_of_a_neighbouring_picture_counts_as_a_near_duplicate_up_to_the_number_counted() -> None:
    found = plan(np.array([[0.0], [0.0], [0.01], [0.01], [0.01], [30.0]]))
    assert found.twins.tolist() == [1, 1, 2, 2, 2, 0]
    assert found.likes.tolist() == pytest.approx([3, 3, 3, 3, 3, 0], abs=1e-3)
    many = plan(np.array([[0.0], [0.0], [0.01], [0.01], [0.01], [30.0]]), task=task_of(neighbours=100))
    assert many.likes.tolist() == pytest.approx([4, 4, 4, 4, 4, 0], abs=1e-3)
    assert many.score[5] == max(many.score)


def test_a_near_duplicate_at_the_limit_counts_a_third_and_one_beyond_nothing() -> None:
    far = np.array([[100.0, 0], [0, 100], [-100, 0], [0, -100], [70, 70], [-70, 70]] * 5) + np.arange(30)[:, None]
    features = np.concatenate([[[0.0, 0.0], [1.0, 0.0]], far])
    median = float(
        np.median([np.linalg.norm(one - other) for at, one in enumerate(features) for other in features[:at]])
    )
    likes = [plan(features, task=task_of(near=1 / median * share)).likes[0] for share in (1, 2, 0.5)]
    assert likes == pytest.approx([0.37, 0.94, 0.0], abs=0.05)


def test_examples_run_from_the_commonest_to_the_rarest_of_each_class() -> None:
    found = plan(crowd_and_hermits(), quality=good(100, black=[1.0] * 5 + [0.0] * 95))
    chosen = choose_examples(found, range(100), per_class=3)
    assert [found.class_of(row) for row in chosen] == [name for name in CLASSES for _ in range(3)][: len(chosen)]
    scores = found.score[chosen[3:6]]
    assert (np.diff(scores) >= 0).all()
    assert choose_examples(found, [], per_class=3) == []


def test_without_quantiles_the_error_says_what_to_write() -> None:
    task = parse_project({"tasks": {"scale": {"classes": ["LS", "MS", "CS"]}}}, root=Path("/p")).task("scale")
    with pytest.raises(ProjectError, match=r"quantiles = \{ \"LS\" = 0\.7, \"MS\" = 0\.91 \}"):
        check_suggestible(task, where="rushes.toml")
    check_suggestible(task_of(), where="rushes.toml")


def test_no_frames_give_no_suggestions() -> None:
    found = plan(np.empty((0, 4)), quality=good(0))
    assert len(found) == 0
    all_black = plan(np.zeros((3, 4)), quality=good(3, black=[1.0] * 3))
    assert classes(all_black) == ["Junk"] * 3
