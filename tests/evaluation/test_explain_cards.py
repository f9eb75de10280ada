from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rushes.datasets.letterbox import Box
from rushes.datasets.preprocessing import Preprocessing
from rushes.evaluation.explain_cards import MOST, explain_cards, name_neighbours, place_heat
from rushes.learning.known_samples import KnownSample, Nearest, know_samples
from rushes.learning.runs import read_run


def shown(fit: str) -> Preprocessing:
    return Preprocessing(64, 64, "rgb", fit, (0.5,) * 3, (0.5,) * 3)  # type: ignore[arg-type]


def warmth(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3]


def test_heat_of_a_squeezed_picture_lies_over_all_of_it() -> None:
    heat = np.zeros((7, 7), np.float32)
    heat[:, 5:] = 1
    placed = place_heat(heat, size=(90, 160), box=Box(0, 90, 0, 160), shown=shown("squeeze"))
    assert (placed.left, placed.top, placed.width, placed.height) == (0, 0, 1, 1)
    layer = warmth(placed.picture.data)
    assert layer.shape == (16, 28)
    assert layer[:, -4:].min() > 150
    assert layer[:, :12].max() < 20


def test_heat_of_a_cropped_picture_lies_over_what_was_cut_out() -> None:
    placed = place_heat(np.ones((4, 4), np.float32), size=(90, 160), box=Box(0, 90, 35, 125), shown=shown("crop"))
    assert (placed.left, placed.top, placed.width, placed.height) == (35 / 160, 0, 90 / 160, 1)


def test_heat_on_padding_is_cut_away() -> None:
    heat = np.zeros((8, 8), np.float32)
    heat[:2] = 1  # above the picture, which fills the middle 36 of 64 lines
    placed = place_heat(heat, size=(90, 160), box=Box(0, 90, 0, 160), shown=shown("pad"))
    layer = warmth(placed.picture.data)
    assert (placed.top, placed.height) == (0, 1)
    assert layer[-8:].max() < 20


def test_neighbours_are_named_in_the_order_of_their_likeness() -> None:
    known = know_samples(
        [KnownSample("a", "MS", "g", "", "a.png"), KnownSample("b", "CS", "g", "", "b.png")],
        np.array([[1, 0], [0, 1]], np.float32),
    )
    found = name_neighbours(known, Nearest(np.array([[1, 0]]), np.array([[0.9, 0.1]], np.float32)), [7])
    assert [(one.frame, one.class_name) for one in found[7]] == [("b.png", "CS"), ("a.png", "MS")]
    assert found[7][0].similarity == pytest.approx(0.9)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny project and its run."""
    pytest.importorskip("torch")
    from learning.tiny import NOW, cnn_recipe, make_project
    from rushes.datasets.split import write_split
    from rushes.learning.train import train

    project = make_project(tmp_path_factory.mktemp("tiny"))
    path, _ = write_split(project.split, project.root / "splits", now=NOW)
    run = train(cnn_recipe(epochs=1), **project.places(), split_path=path)
    return project.root, run.folder


def test_cards_of_a_run_get_heat_and_training_samples_that_look_alike(trained: tuple[Path, Path]) -> None:
    from rushes.evaluation.evaluate import read_part

    root, folder = trained
    run = read_run(folder)
    predictions = read_part(run, "test")
    lost = replace(predictions, images=("frames/gone.png", *predictions.images[1:]))
    rows = range(len(predictions))
    found = explain_cards(run, lost, rows, project_root=root, cache_folder=root / "cache")
    assert 0 not in found.neighbours
    assert set(found.neighbours) == set(rows) - {0}
    assert len(found.neighbours) <= MOST
    assert all(len(near) == 3 for near in found.neighbours.values())
    assert set(found.pictures) == {one.frame for near in found.neighbours.values() for one in near}
    assert all("film-a" in image or "film-b" in image for image in found.pictures)  # of train alone
    assert found.notes == ()
    assert found.searched == 24
    assert not found.heats or "places" in found.heat_words


def test_a_run_whose_weights_or_manifest_are_gone_says_what_is_left_out(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from rushes.evaluation.evaluate import read_part

    root, folder = trained
    run = read_run(folder)
    predictions = read_part(run, "test")
    elsewhere = replace(run, folder=tmp_path)
    found = explain_cards(elsewhere, predictions, [0], project_root=root, cache_folder=tmp_path)
    assert found.heats == {}
    assert "cannot be read" in found.notes[0]
    strange = replace(run, manifest={"path": "manifests/none.jl", "sha256": "00"})
    found = explain_cards(strange, predictions, [0], project_root=root, cache_folder=tmp_path)
    assert found.neighbours == {}
    assert "most like each is left out" in found.notes[0]
    assert explain_cards(run, predictions, [], project_root=root, cache_folder=tmp_path).notes == ()


def test_whatever_fails_costs_its_own_part_and_nothing_else(trained: tuple[Path, Path], tmp_path: Path) -> None:
    from rushes.evaluation.evaluate import read_part

    root, folder = trained
    run = read_run(folder)
    predictions = read_part(run, "test")
    no_folder = tmp_path / "file"
    no_folder.write_text("where the cache should be")
    found = explain_cards(run, predictions, [0], project_root=root, cache_folder=no_folder)
    assert found.neighbours == {}
    assert "most like each is left out" in found.notes[0]
    broken = replace(run, preprocessing=replace(run.preprocessing, width=17, height=5))
    found = explain_cards(broken, predictions, [0], project_root=root, cache_folder=tmp_path)
    assert [note.split(" is left out")[0] for note in found.notes] == [
        "Where the model looked", "Which training pictures are most like each",
    ]  # fmt: skip
    assert not any("\n" in note for note in found.notes)
