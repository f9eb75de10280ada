"""Trainings on shots, whole: from clips in a folder to a run that answers several tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from footage.spliced import write_frames
from learning.tiny import NOW
from learning.tiny_shots import MOVEMENT, PARTS, SCALE, TinyShots, clip_frames, make_shots, shots_recipe
from rushes.datasets.split import write_split
from rushes.errors import RunError, SplitError, WeightsError
from rushes.labels.shot_manifest import ShotRow
from rushes.learning.predictions import read_predictions
from rushes.learning.shot_runs import ShotRun
from rushes.learning.train_shots import check_shot_training, train_shots
from rushes.models.clip import ShotNetwork
from rushes.models.clip_design import ShotDesign
from rushes.storage.files import digest_of_file


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyShots:
    return make_shots(tmp_path_factory.mktemp("tiny"))


def trained(tiny: TinyShots, **sections: Mapping[str, Any]) -> ShotRun:
    return train_shots(shots_recipe(tiny.root, **sections), tiny.ground, now=NOW)


@pytest.fixture(scope="module")
def run(tiny: TinyShots) -> ShotRun:
    return trained(tiny)


def accuracy(run: ShotRun, task: str, part: str = "test") -> float:
    predictions = read_predictions(run.of_task(task).predictions_file(part))
    return float((predictions.predicted == predictions.truth).mean())


def test_one_run_answers_what_can_be_seen_and_what_moves(run: ShotRun) -> None:
    assert set(run.tasks) == {"scale", "movement"}
    assert accuracy(run, "movement") == 1.0
    assert accuracy(run, "scale") == 1.0
    assert run.tasks["movement"].head["motion"] == "linear"
    assert run.tasks["scale"].counts["train"] == {"close": 8, "far": 8}
    assert run.tasks["scale"].never_predicted == ()
    assert run.shots == {"train": 16, "validation": 8, "test": 8}


def test_predictions_name_the_shots(run: ShotRun, tiny: TinyShots) -> None:
    predictions = read_predictions(run.of_task("scale").predictions_file("test"))
    rows = {row.id: row for row in tiny.ground.rows}
    assert predictions.classes == SCALE.classes
    for frame, image, group, truth in zip(
        predictions.frames, predictions.images, predictions.groups, predictions.truth, strict=True
    ):
        assert (rows[frame].video, rows[frame].group) == (image, group) == (image, "four")
        assert rows[frame].classes["scale"] == SCALE.classes[truth]
    assert predictions.timecodes == ("00:00:00:00",) * 8


def test_the_network_that_is_written_gives_the_answers_that_are(run: ShotRun) -> None:
    from safetensors.torch import load_file

    network = ShotNetwork(ShotDesign.from_table(run.architecture), run.preprocessing)
    network.load_state_dict(load_file(run.folder / "model.safetensors"))


def test_a_second_training_decodes_and_computes_nothing_anew(tiny: TinyShots, run: ShotRun) -> None:
    notes: list[str] = []
    again = train_shots(
        shots_recipe(tiny.root), tiny.ground, now=NOW, progress=lambda done, total=None, note="": notes.append(note)
    )
    one = read_predictions(run.of_task("scale").predictions_file("test"))
    other = read_predictions(again.of_task("scale").predictions_file("test"))
    assert np.array_equal(one.probabilities, other.probabilities)


@pytest.mark.parametrize("pooling", ["mean", "gru", "lstm"])
def test_every_temporal_layer_learns(tiny: TinyShots, pooling: str) -> None:
    run = trained(tiny, heads={"scale": {"width": 16, "pooling": pooling}}, training={"epochs": 20, "patience": 20})
    assert accuracy(run, "scale") == 1.0


def test_one_temporal_layer_may_be_shared(tiny: TinyShots) -> None:
    gru = {"pooling": "gru", "width": 16}
    run = trained(tiny, heads={"scale": gru, "movement": gru}, shots={"shared": True})
    alone = trained(tiny, heads={"scale": gru, "movement": gru})
    assert run.parameters < alone.parameters
    assert len({one.head["best_epoch"] for one in run.tasks.values()}) == 1


def test_the_backbone_may_be_trained_too(tiny: TinyShots) -> None:
    run = trained(tiny, model={"trained": "all"}, training={"epochs": 2, "learning_rate": 1e-3})
    assert run.trained_parameters > 10_000
    assert run.history[0]["epoch"] == 0
    assert accuracy(run, "scale") == 1.0
    assert accuracy(run, "movement") == 1.0


def test_a_head_that_sees_both_rests_on_what_validation_likes_best(tiny: TinyShots) -> None:
    run = trained(tiny, heads={"movement": {"see": "both", "pooling": "mean"}})
    head = run.tasks["movement"].head
    losses = head["validation_loss"]
    assert set(losses) == {"both", "frames", "motion"}
    assert head["used"] == min(losses, key=losses.get)
    design = ShotDesign.from_table(run.architecture)
    assert design.heads[1].used == head["used"]
    assert accuracy(run, "movement") == 1.0


def test_a_subject_may_be_looked_at_apart_from_its_background(tiny: TinyShots) -> None:
    run = trained(tiny, heads={"scale": {"width": 16, "subject": "apart"}})
    assert run.tasks["scale"].counts["test"] == {"close": 4, "far": 4}


def test_heads_that_see_motion_alone_need_no_backbone(tiny: TinyShots) -> None:
    recipe = shots_recipe(tiny.root)
    recipe = replace(recipe, heads={"movement": recipe.heads["movement"]})
    run = train_shots(recipe, replace(tiny.ground, tasks=(MOVEMENT,)), now=NOW)
    assert run.architecture["backbone"] is None
    assert run.weights == {}
    assert accuracy(run, "movement") == 1.0


def test_clips_of_the_virtual_camera_stand_in_train_alone(tiny: TinyShots) -> None:
    run = trained(tiny, synthetic={"clips": 2, "movements": ["push", "pull"]})
    assert run.synthetic == {"push": 2, "pull": 2}
    assert run.tasks["movement"].counts["train"]["push"] == 4  # clips are counted apart
    assert run.tasks["scale"].counts["train"] == {"close": 8, "far": 8}  # they say nothing of scale
    for part in ("validation", "test"):
        predictions = read_predictions(run.of_task("movement").predictions_file(part))
        assert set(predictions.origins) == {"jonny"}
    assert (run.folder / "synthetic.jpg").stat().st_size > 10_000


def test_a_run_is_gone_on_from(tiny: TinyShots, run: ShotRun) -> None:
    later = trained(tiny, model={"start": run.folder.name}, training={"epochs": 1})
    assert later.weights["sha256"]
    assert later.history[0]["epoch"] == 0
    assert later.history[0]["tasks"]["scale"]["accuracy"] == 1.0


def test_a_run_that_goes_on_from_one_that_saw_its_test_says_so(tiny: TinyShots) -> None:
    path, _ = write_split(tiny.ground.split, tiny.root / "splits", now=NOW)
    first = train_shots(shots_recipe(tiny.root), replace(tiny.ground, split_path=path), now=NOW)
    assert first.leaks == ()
    parts = {"one": "test", "two": "train", "three": "validation", "four": "train"}
    moved = replace(tiny.ground.split, parts={row.id: parts[row.group] for row in tiny.ground.rows}, groups=parts)
    later = train_shots(
        shots_recipe(tiny.root, model={"start": first.folder.name}, training={"epochs": 1}),
        replace(tiny.ground, split=moved),
        now=NOW,
    )
    assert later.leaks == (f"{first.folder.name}, from which this run goes on, was taught on groups of this test: one",)


def test_copies_of_train_in_the_test_are_found_by_their_looks(tmp_path: Path) -> None:
    tiny = make_shots(tmp_path)
    rows = list(tiny.ground.rows)
    recoded = [row for row in rows if row.group == "four"]
    for row in recoded:  # the same pictures in other bytes
        path = tmp_path / row.video
        frames = [np.clip(frame.astype(int) + 2, 0, 255).astype(np.uint8) for frame in
                  clip_frames(row.classes["movement"], scale=row.classes["scale"], seed=0)]  # fmt: skip
        write_frames(path, frames, rate=24)
        rows[rows.index(row)] = replace(row, source=digest_of_file(path))
    apart = replace(tiny.ground.split, parts={row.id: PARTS[row.group] for row in rows})
    run = train_shots(shots_recipe(tmp_path), replace(tiny.with_rows(tuple(rows)), split=apart), now=NOW)
    assert len(run.leaks) >= 4
    assert "looks like" in run.leaks[0]


def test_a_head_of_another_shape_is_begun_anew_and_said_so(tiny: TinyShots, run: ShotRun) -> None:
    other = {"scale": {"width": 16, "layers": 2}}
    later = trained(tiny, model={"start": run.folder.name}, heads=other, training={"epochs": 1})
    assert any("the heads of scale were begun anew" in warning for warning in later.warnings)


def test_what_balance_leaves_no_shot_of_is_refused(tiny: TinyShots) -> None:
    far = next(row for row in tiny.ground.rows if row.group == "one" and row.classes["scale"] == "far")
    rows = tuple(row for row in tiny.ground.rows if PARTS[row.group] != "train" or row.classes["scale"] == "close")
    recipe = shots_recipe(tiny.root, balance={"sampling": "undersample"}, shots={"sampled_by": "scale"})
    with pytest.raises(RunError, match="of movement has no training shot"):  # one far shot, and one close one
        train_shots(recipe, tiny.with_rows((*rows, far)), now=NOW)


def test_a_start_of_another_backbone_is_refused(tiny: TinyShots, run: ShotRun) -> None:
    from learning.tiny_shots import weights_of

    other = {"backbone": "test_convnext", "weights": weights_of(tiny.root, "test_convnext"), "start": run.folder.name}
    with pytest.raises(WeightsError, match="holds test_resnet, but the recipe asks for test_convnext"):
        trained(tiny, model=other)


def test_a_start_that_is_none_names_the_nearest(tiny: TinyShots, run: ShotRun) -> None:
    with pytest.raises(RunError, match="no run on shots of that name"):
        trained(tiny, model={"start": "2026-shot"})


def test_sampling_goes_by_one_task(tiny: TinyShots) -> None:
    run = trained(
        tiny,
        balance={"sampling": "undersample"},
        shots={"sampled_by": "movement"},
    )
    assert run.tasks["movement"].counts["train"] == dict.fromkeys(MOVEMENT.classes, 4)


def test_an_interrupted_training_goes_on_to_the_same_network(tiny: TinyShots, run: ShotRun) -> None:
    class Killed(BaseException):
        pass

    def kill(record: Mapping[str, Any]) -> None:
        if record["epoch"] == 3:
            raise Killed

    recipe = shots_recipe(tiny.root, training={"epochs": 5})
    whole = train_shots(recipe, tiny.ground, now=NOW)
    with pytest.raises(Killed):
        train_shots(recipe, tiny.ground, now=NOW, on_epoch=kill)
    resumed = train_shots(recipe, tiny.ground, now=NOW)
    assert resumed.pace["resumed_after"] == 3
    assert (resumed.folder / "model.safetensors").read_bytes() == (whole.folder / "model.safetensors").read_bytes()


def test_missing_and_damaged_clips_take_only_their_own_shots_away(tmp_path: Path) -> None:
    tiny = make_shots(tmp_path)
    rows = tiny.ground.rows
    (tmp_path / rows[0].video).unlink()
    (tmp_path / rows[1].video).write_bytes(b"no film")
    run = trained(tiny)
    assert run.unusable == 2
    assert run.shots["train"] == 14
    assert any("labelled shots not usable, and left out (2)" in warning for warning in run.warnings)


def test_a_class_that_cannot_be_learnt_is_named(tiny: TinyShots) -> None:
    rows = tuple(
        row for row in tiny.ground.rows if row.group not in ("one", "two") or row.classes["movement"] != "pull"
    )
    with pytest.raises(RunError, match=r"class 'pull' of movement has no training shot.*2 in validation, 2 in test"):
        train_shots(shots_recipe(tiny.root), tiny.with_rows(rows), now=NOW)


def test_what_training_would_refuse_is_found_by_labels_alone_for_all_tasks_at_once(tiny: TinyShots) -> None:
    def of_train(row: ShotRow) -> bool:
        return row.group in ("one", "two")

    rows = tuple(
        row
        for row in tiny.ground.rows
        if not of_train(row) or (row.classes["movement"] != "pull" and row.classes["scale"] != "far")
    )
    with pytest.raises(RunError) as raised:
        check_shot_training(shots_recipe(tiny.root), tiny.with_rows(rows))
    assert str(raised.value).startswith(
        "class 'far' of scale has no training shot ('far': 4 in validation, 4 in test); and class 'pull' of movement "
        "has no training shot ('pull': 2 in validation, 2 in test), so that it can never be learnt. Label shots"
    )


def test_clips_that_would_be_made_count_for_their_movements(tiny: TinyShots) -> None:
    rows = tuple(
        row for row in tiny.ground.rows if row.group not in ("one", "two") or row.classes["movement"] != "pull"
    )
    recipe = shots_recipe(tiny.root, synthetic={"clips": 2, "movements": ["push", "pull"]})
    assert check_shot_training(recipe, tiny.with_rows(rows)).parts["train"]
    resting = tuple(
        row for row in tiny.ground.rows if row.group not in ("one", "two") or row.classes["movement"] != "static"
    )
    recipe = shots_recipe(tiny.root, synthetic={"clips": 2, "movements": ["static", "push"]})
    with pytest.raises(RunError, match="train has no static shot"):
        check_shot_training(recipe, tiny.with_rows(resting))


def test_without_validation_nothing_is_trained(tiny: TinyShots) -> None:
    rows = tuple(row for row in tiny.ground.rows if row.group != "three")
    with pytest.raises(RunError, match="no shot of validation has a class of scale"):
        train_shots(shots_recipe(tiny.root), tiny.with_rows(rows), now=NOW)


def test_a_film_on_both_sides_of_a_grouped_split_is_refused(tiny: TinyShots) -> None:
    first, *others = tiny.ground.rows
    moved = replace(first, group="four", stop=first.stop - 1)
    ground = replace(
        tiny.with_rows((first, moved, *others)),
        split=replace(tiny.ground.split, parts={**tiny.ground.split.parts, moved.id: "test"}),
    )
    with pytest.raises(SplitError, match=r"the film .* stands in train and in test"):
        train_shots(shots_recipe(tiny.root), ground, now=NOW)
