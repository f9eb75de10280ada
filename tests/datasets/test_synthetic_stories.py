"""Rendered stories: films that hold what their truth says, as a plan and as a file."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from rushes.datasets.synthetic.story import render_story, truth_of
from rushes.datasets.synthetic.story_plan import DEVELOPMENT_SEEDS, TEST_SEEDS, StoryPlan, count_changes, plan_story
from rushes.structure.truth import parse_truth

PLANS = {seed: plan_story(seed, scenes=8) for seed in DEVELOPMENT_SEEDS}
SMALL = (64, 36)


def setups_of(plan: StoryPlan, first: int, stop: int) -> list[int]:
    return [shot.setup.number for shot in plan.shots[first:stop] if shot.setup is not None]


def test_seeds_for_the_test_are_not_those_for_development() -> None:
    assert not set(DEVELOPMENT_SEEDS) & set(TEST_SEEDS)


def test_scenes_tile_a_story_and_every_kind_of_scene_is_told() -> None:
    for plan in PLANS.values():
        assert [scene.first for scene in plan.scenes] == [0, *(scene.stop for scene in plan.scenes[:-1])]
        assert plan.scenes[-1].stop == len(plan.shots)
        for number, scene in enumerate(plan.scenes):
            assert all(shot.scene == number for shot in plan.shots[scene.first : scene.stop])
    more = [plan_story(seed, scenes=12) for seed in DEVELOPMENT_SEEDS]
    told = {scene.kind for plan in more for scene in plan.scenes}
    assert told == {"talk", "talk again", "call", "three", "wander", "watch", "long take", "montage"}


def test_two_people_answer_each_other_in_a_dialogue_and_cutaways_show_neither_side() -> None:
    for plan in PLANS.values():
        for dialogue in plan.dialogues:
            shots = plan.shots[dialogue.first : dialogue.stop]
            assert {shot.scene for shot in shots} == {shots[0].scene}
            sides = [shot for shot in shots if shot.role == "side"]
            assert len(sides) >= 5
            assert count_changes(plan, dialogue) >= 2
            assert {shot.setup.people[0] for shot in sides if shot.setup} == set(dialogue.people)
            assert all(dialogue.first < place < dialogue.stop - 1 for place in dialogue.cutaways)
            roles = {plan.shots[place].role for place in dialogue.cutaways}
            assert roles <= {"cutaway"}
            assert sides[0].setup is not None
            assert sides[0].setup.people[0] == dialogue.people[0]


def test_a_scene_alone_has_its_set_ups_unless_the_film_comes_back_to_them() -> None:
    for plan in PLANS.values():
        seen: set[int] = set()
        for scene in plan.scenes:
            setups = set(setups_of(plan, scene.first, scene.stop))
            assert bool(setups & seen) == (scene.kind == "talk again")
            seen |= setups


def test_no_two_of_three_answer_each_other_for_long() -> None:
    for plan in PLANS.values():
        for scene in plan.scenes:
            if scene.kind == "three":
                singles = [
                    shot.setup.people[0]
                    for shot in plan.shots[scene.first : scene.stop]
                    if shot.setup is not None and len(shot.setup.people) == 1
                ]
                for first in range(len(singles) - 3):
                    assert len(set(singles[first : first + 4])) > 2


def test_shots_are_as_long_as_films_have_them() -> None:
    seconds = [shot.frames / 12 for plan in PLANS.values() for shot in plan.shots if shot.role != "blank"]
    assert 2.0 < float(np.median(seconds)) < 3.5
    assert float(np.mean(seconds)) > float(np.median(seconds))  # a long tail to the right


def test_a_story_is_the_same_film_each_time_and_holds_the_frames_that_its_truth_says(tmp_path: Path) -> None:
    first = render_story(tmp_path / "one.mp4", seed=3, scenes=1, size=SMALL, rate=Fraction(6))
    again = render_story(tmp_path / "two.mp4", seed=3, scenes=1, size=SMALL, rate=Fraction(6))
    one, two = (hashlib.sha256(truth.path.read_bytes()).hexdigest() for truth in (first, again))
    assert one == two
    assert first.shots == again.shots
    with av.open(str(first.path)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(pictures) == first.shots[-1].stop
    changes = [float(np.abs(b.astype(int) - a.astype(int)).mean()) for a, b in pairwise(pictures)]
    cuts = [shot.start - 1 for shot, before in zip(first.shots[1:], first.shots, strict=False)
            if shot.setup != before.setup]  # fmt: skip
    within = np.delete(changes, [shot.start - 1 for shot in first.shots[1:]])
    assert min(changes[place] for place in cuts) > float(np.quantile(within, 0.95))


def test_a_storys_truth_is_one_that_a_scholar_could_have_written() -> None:
    plan = PLANS[0]
    table = truth_of(plan, Path("story.mp4")).to_table()
    truth = parse_truth(json.dumps(table), name="story.json")
    assert truth.scenes is not None
    assert truth.dialogues is not None
    assert (len(truth.scenes), len(truth.dialogues)) == (len(plan.scenes), len(plan.dialogues))
    assert len(truth.shots) == len(plan.shots)


@pytest.mark.parametrize("wrong", [{"scenes": 0}, {"size": (33, 32)}, {"size": (16, 16)}])
def test_what_cannot_be_rendered_says_why(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        render_story(tmp_path / "no.mp4", seed=0, **wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
