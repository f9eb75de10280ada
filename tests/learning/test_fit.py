from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from learning.tiny import Samples, StopAt, cnn_recipe
from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.labels.manifest import ManifestRow
from rushes.learning.answers import answer_samples
from rushes.learning.augment import plan_augmentations
from rushes.learning.fit import Fitted, fit
from rushes.learning.monitors import GivenUpError, score
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.samples import UnusableSample
from rushes.learning.threads import torch_threads
from rushes.models.designs import Design
from rushes.models.network import Network, build_network

DESIGN = Design(units=(6, 8), kernels=(3, 3), dense=8, width=20, height=16, dropout=0.1)
SHOWN = Preprocessing(20, 16, color="gray", mean=(0.5,), std=(0.5,))


def samples(count: int, seed: int) -> Samples:
    """Return pictures with a bright bar above (0) or below (1) the middle."""
    dice = np.random.default_rng(seed)
    truth = dice.integers(0, 2, count)
    pixels = dice.integers(0, 90, (count, 16, 20, 1)).astype(np.uint8)
    for picture, below in zip(pixels, truth, strict=True):
        picture[10 if below else 3 :][:3] = 200
    return Samples(tuple(ManifestRow(f"{index}.png", "a") for index in range(count)), truth, pixels)


def run(tmp_path: Path, *, network: Network | None = None, **more: Any) -> tuple[Network, Fitted]:
    torch.manual_seed(1)
    network = network or build_network(DESIGN, ["above", "below"], SHOWN)
    recipe = more.pop("recipe", cnn_recipe(epochs=6, learning_rate=0.01))
    with torch_threads(1):
        fitted = fit(
            network.to(memory_format=torch.channels_last),
            train=more.pop("train", samples(40, 0)),
            validation=samples(20, 1),
            recipe=recipe,
            class_weights=np.ones(2, np.float32),
            augmentations=plan_augmentations(recipe.augment, ("a", "b")),
            piece_size=more.pop("piece_size", 8),
            checkpoint=tmp_path / "state.safetensors",
            **more,
        )
    return network, fitted


def weights_of(network: Network) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in network.parameters()]


def test_a_network_learns_what_can_be_seen(tmp_path: Path) -> None:
    network, fitted = run(tmp_path)
    unseen = samples(30, 2)
    assert score(answer_samples(network, unseen, piece_size=8, threads=1)[1], unseen.truth).f1_macro > 0.9
    assert [record["epoch"] for record in fitted.history] == list(range(1, fitted.epochs + 1))
    assert all(len(record["recalls"]) == 2 and 0 <= record["accuracy"] <= 1 for record in fitted.history)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "a")
    second, _ = run(tmp_path / "b")
    for one, other in zip(weights_of(first), weights_of(second), strict=True):
        assert torch.equal(one, other)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "a")
    second, _ = run(tmp_path / "b", recipe=cnn_recipe(epochs=6, learning_rate=0.01, seed=1))
    assert not torch.equal(weights_of(first)[0], weights_of(second)[0])


@pytest.mark.parametrize("epoch", [2, 4, 6])
def test_a_training_that_was_interrupted_ends_as_if_it_never_was(tmp_path: Path, epoch: int) -> None:
    whole, expected = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", progress=StopAt(f"epoch {epoch}/6"))
    resumed, fitted = run(tmp_path / "cut")
    assert (fitted.pace["resumed_after"], fitted.best_epoch, fitted.epochs) == (epoch - 1, expected.best_epoch, 6)
    assert [record["validation_loss"] for record in fitted.history] == [
        record["validation_loss"] for record in expected.history
    ]
    for one, other in zip(weights_of(whole), weights_of(resumed), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_state_that_cannot_be_read_is_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.safetensors").write_bytes(content)
    _, fitted = run(tmp_path)
    assert fitted.pace["resumed_after"] is None
    assert fitted.epochs == 6


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best(tmp_path: Path) -> None:
    # The labels of train are turned round while it learns: validation can only get worse.
    teacher, _ = run(tmp_path / "teacher")
    right = samples(40, 0)
    wrong = Samples(right.rows, 1 - right.truth, right.pixels)
    recipe = cnn_recipe(epochs=30, learning_rate=0.01, patience=3, monitor="loss")
    network, fitted = run(tmp_path / "pupil", network=teacher, recipe=recipe, train=wrong)
    assert fitted.epochs == fitted.best_epoch + 3
    losses = {record["epoch"]: record["validation_loss"] for record in fitted.history}
    assert losses[fitted.best_epoch] == min(losses.values())
    watched = samples(20, 1)
    kept = score(answer_samples(network, watched, piece_size=8, threads=1)[1], watched.truth)
    assert kept.loss == pytest.approx(losses[fitted.best_epoch], rel=1e-6)


def test_the_size_of_the_pieces_does_not_change_what_is_learnt(tmp_path: Path) -> None:
    recipe = cnn_recipe(epochs=1, learning_rate=0.01)
    design = Design(units=(6, 8), kernels=(3, 3), dense=8, width=20, height=16)  # without dropout's dice
    networks = []
    for piece_size in (1, 3, 64):
        torch.manual_seed(1)
        network = build_network(design, ["above", "below"], SHOWN)
        networks.append(run(tmp_path / str(piece_size), network=network, recipe=recipe, piece_size=piece_size)[0])
    for others in networks[1:]:
        for one, other in zip(weights_of(networks[0]), weights_of(others), strict=True):
            torch.testing.assert_close(one, other, atol=2e-2, rtol=0.1)  # bfloat16, where the machine has it


def test_a_training_that_runs_away_says_what_to_lower_and_leaves_no_state(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"Lower training\.learning_rate \(now 1e\+30\)"):
        run(tmp_path, recipe=cnn_recipe(epochs=6, learning_rate=1e30))
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_every_step_and_says_what_a_person_wants_to_know(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None, str]] = []
    run(tmp_path, progress=lambda done, total, note="": seen.append((done, total, note)))
    assert [done for done, _, _ in seen] == [*range(1, 31), 30]
    assert {total for _, total, _ in seen} == {30}
    assert all(len(note) <= 60 for _, _, note in seen)
    assert seen[7][2].startswith("epoch 2/6 · loss ")
    assert "f1 " in seen[7][2]
    assert seen[7][2].endswith(" left")


class Greedy(torch.nn.Module):
    """A body whose memory holds a few pictures at a time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.layer = torch.nn.Linear(16 * 20, 8)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if len(pixels) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.layer(pixels.flatten(1))


def greedy(most: int) -> Network:
    torch.manual_seed(1)
    return Network(Greedy(most), torch.nn.Linear(8, 2), SHOWN)


def test_where_memory_runs_out_smaller_pieces_give_the_same_outcome_and_a_note(tmp_path: Path) -> None:
    recipe = parse_recipe(
        {"name": "r", "model": {"kind": "cnn"}, "training": {"epochs": 2, "batch_size": 8, "precision": "fp32"}},
        where="r",
    )
    roomy, expected = run(tmp_path / "roomy", network=greedy(99), recipe=recipe)
    tight, fitted = run(tmp_path / "tight", network=greedy(3), recipe=recipe)
    assert expected.notes == ()
    assert fitted.pace["piece_size"] == 2
    assert fitted.notes == ("the memory was too small for 4 pictures at a time; 2 were taken from then on",)
    for one, other in zip(weights_of(roomy), weights_of(tight), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_a_picture_that_memory_cannot_hold_alone_ends_it_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises((RunError, torch.OutOfMemoryError), match=r"memory"):
        run(tmp_path, network=greedy(0))


def test_a_batch_size_that_is_looked_for_is_found_and_changes_no_weight_by_that(tmp_path: Path) -> None:
    found, fitted = run(tmp_path / "found", recipe=cnn_recipe(epochs=2, learning_rate=0.01, batch_size=0))
    assert fitted.batch_size == 16  # of forty samples, an epoch of which should have a few steps
    assert fitted.learning_rate == pytest.approx(0.01 * (16 / 32) ** 0.5)
    stated = cnn_recipe(epochs=2, learning_rate=fitted.learning_rate, batch_size=16)
    same, _ = run(tmp_path / "stated", recipe=stated)
    for one, other in zip(weights_of(found), weights_of(same), strict=True):
        assert torch.equal(one, other)


def test_pictures_that_are_lost_on_the_way_are_left_out_and_the_epoch_goes_on(tmp_path: Path) -> None:
    class Torn(Samples):
        def read(self, place: int) -> Any:
            return UnusableSample(self.rows[place], "torn") if place % 10 == 3 else self.pixels[place]

    whole = samples(40, 0)
    network, fitted = run(tmp_path, train=Torn(whole.rows, whole.truth, whole.pixels))
    assert fitted.epochs == 6
    unseen = samples(30, 2)
    answers = answer_samples(network, unseen, piece_size=8, threads=2)[1]
    assert score(answers, unseen.truth).f1_macro > 0.8


def test_a_watcher_may_end_a_training_which_then_leaves_nothing_to_take_up(tmp_path: Path) -> None:
    heard: list[int] = []

    def on_epoch(record: Any) -> None:
        heard.append(record["epoch"])
        if record["epoch"] == 2:
            raise GivenUpError("enough")

    with pytest.raises(GivenUpError, match="enough"):
        run(tmp_path, on_epoch=on_epoch)
    assert heard == [1, 2]
    assert list(tmp_path.iterdir()) == []


def test_a_training_taken_up_tells_of_all_its_epochs(tmp_path: Path) -> None:
    def killed(record: Any) -> None:
        if record["epoch"] == 2:
            raise KeyboardInterrupt  # before it could take note

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, on_epoch=killed)
    heard: list[int] = []
    _, fitted = run(tmp_path, on_epoch=lambda record: heard.append(record["epoch"]))
    assert fitted.pace["resumed_after"] == 2
    assert heard == [record["epoch"] for record in fitted.history if record["epoch"]]


def test_a_fault_of_who_watches_leaves_a_state_to_go_on_from(tmp_path: Path) -> None:
    def on_epoch(record: Any) -> None:
        if record["epoch"] == 2:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        run(tmp_path, on_epoch=on_epoch)
    _, fitted = run(tmp_path)
    assert fitted.pace["resumed_after"] == 2
    assert fitted.earlier_seconds == pytest.approx(sum(record["seconds"] for record in fitted.history[:2]))


def test_a_training_that_runs_away_late_keeps_the_best_epoch_before(tmp_path: Path) -> None:
    network = build_network(DESIGN, ["above", "below"], SHOWN)

    def on_epoch(record: Any) -> None:
        if record["epoch"] == 4:
            with torch.no_grad():
                network.head.bias.fill_(float("nan"))

    _, fitted = run(tmp_path, network=network, on_epoch=on_epoch)
    assert fitted.epochs == 4
    assert 1 <= fitted.best_epoch <= 4
    assert "ran away" in fitted.notes[0]
    assert all(bool(torch.isfinite(weight).all()) for weight in weights_of(network))


def test_answers_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    recipe = cnn_recipe(epochs=1, learning_rate=1e25, batch_size=64)
    with pytest.raises(RunError, match="ran away"):
        run(tmp_path, recipe=recipe)


def test_a_first_batch_of_which_nothing_can_be_read_is_passed_over(tmp_path: Path) -> None:
    class Torn(Samples):
        def read(self, place: int) -> Any:
            return UnusableSample(self.rows[place], "torn") if place % 2 else self.pixels[place]

    whole = samples(40, 0)
    _, fitted = run(tmp_path, train=Torn(whole.rows, whole.truth, whole.pixels), recipe=cnn_recipe(batch_size=1))
    assert fitted.epochs == 3


def test_a_training_that_is_stopped_does_not_make_what_was_to_come(tmp_path: Path) -> None:
    read: list[int] = []

    class Counted(Samples):
        def read(self, place: int) -> Any:
            read.append(place)
            return self.pixels[place]

    many = samples(4000, 0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, train=Counted(many.rows, many.truth, many.pixels), progress=StopAt("epoch 1/"))
    assert len(read) < 2000
