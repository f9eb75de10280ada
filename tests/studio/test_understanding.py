"""What films are understood by: choices  and names that are taken away."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rushes.catalog.catalog import open_catalog
from rushes.errors import WeightsError
from rushes.progress import silent
from rushes.project import read_project
from rushes.structure.characters import Cast
from rushes.structure.naming import name_character, unname_character
from rushes.structure.parts import Character
from rushes.studio.films import Films
from rushes.studio.structures import Asked
from rushes.studio.understanding import ProjectUnderstanding, without_places
from rushes.subjects.face import Face
from rushes.subjects.kept_faces import FilmFaces
from rushes.subjects.models import cache_of_models
from rushes.subjects.names import Names
from studio.kino import named, take_in
from studio.story import write_story


def test_what_may_be_asked_for_is_what_the_project_has_and_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text('[film]\ndetector = "weights/own.onnx"\n')
    tables = {
        "flowers": {"schema": "classes/1", "task": "flower", "classes": ["rose", "tulip"]},
        "scale": {"schema": "classes/1", "task": "scale", "classes": ["CS", "MS", "LS"]},
        "spoilt": {},
    }
    for name, table in tables.items():
        (tmp_path / "bundles" / name).mkdir(parents=True)
        (tmp_path / "bundles" / name / "classes.json").write_text(json.dumps(table))
    (tmp_path / "bundles" / "shots").mkdir()
    (tmp_path / "bundles" / "shots" / "bundle.json").write_text('{"schema": "shot-bundle/1"}')
    of_shots = {"schema": "shot-classes/1", "tasks": {"movement": ["static"], "scale": ["MCU", "LS"]}}
    (tmp_path / "bundles" / "shots" / "classes.json").write_text(json.dumps(of_shots))
    project = read_project(tmp_path)
    with open_catalog(project.catalog_place) as catalog:
        choices = ProjectUnderstanding(project, Films(project, catalog)).choices()
    names = {kind: [one["name"] for one in found] for kind, found in choices.items()}
    assert names["looks"] == ["scan", "flowers", "scale"]
    assert names["closeness"] == ["", "scale", "shots"], "those that tell a medium close-up"
    assert names["detector"][0] == ""
    assert "yolox-s" in names["detector"]
    assert names["detector"][-1] == "weights/own.onnx", "as rushes.toml says"
    fetched = next(one["words"] for one in choices["detector"] if one["name"] == "yolox-s")
    assert "Apache-2.0" in fetched or "fetched" not in fetched


def test_what_is_wrong_is_told_without_places_of_the_machine(tmp_path: Path) -> None:
    project = read_project(_bare(tmp_path / "a project"))
    said = f"it is neither in {project.models_folder} nor in {cache_of_models()}. Put it into {project.models_folder}, "
    told = without_places(f"{said}or see {project.root}/own.onnx and {project.bundles_folder}/scale-1", project)
    assert told == (
        "it is neither in the project's weights nor in the cache of models. Put it into the project's weights, or see "
        "own.onnx and scale-1"
    )


def _bare(root: Path) -> Path:
    root.mkdir()
    (root / "rushes.toml").touch()
    return root


def test_a_model_that_is_not_at_hand_is_not_fetched_where_an_answer_is_waited_for(tmp_path: Path) -> None:
    project = read_project(_bare(tmp_path / "project"))
    write_story(tmp_path / "story.mp4")
    with open_catalog(project.catalog_place) as catalog:
        take_in(catalog, project, [tmp_path / "story.mp4"], scan=True)
        understanding = ProjectUnderstanding(project, Films(project, catalog))
        source = named(catalog, "story")
        assert understanding.kept(source, Asked(detector="weights/missing.onnx")) is None
        with pytest.raises(WeightsError) as caught:
            understanding.make(source, Asked(detector="weights/missing.onnx"), progress=silent)
        assert str(tmp_path) not in str(caught.value)


def test_a_name_that_is_taken_from_one_character_stays_with_the_others() -> None:
    dice = np.random.default_rng(5)
    vectors = dice.normal(size=(4, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    points = np.zeros((5, 2), np.float32)
    faces = tuple((Face(0.4, 0.3, 0.2, 0.3, 0.9, points, vector),) for vector in vectors)
    found = FilmFaces("film", "yunet+sface-1", (0, 10, 20, 30), faces)

    def cast(*names: str | None) -> Cast:
        people = tuple(
            Character(number, name, (number,), 1.0, 2, 20 * number, (0.4, 0.3, 0.2, 0.3))
            for number, name in enumerate(names)
        )
        members = (((0, 0), (1, 0)), ((2, 0), (3, 0)))
        return Cast(people, ((0,), (1,)), (0, 1), (1, 1), members)

    names = name_character(Names(), found, cast(None, None), 0, "Ada")
    both = name_character(names, found, cast("Ada", None), 1, "Ada")
    one = unname_character(both, found, cast("Ada", "Ada"), 1)
    ada = one.person("Ada")
    assert ada is not None
    assert np.allclose(np.sort(ada.references["sface-1"], axis=0), np.sort(vectors[:2], axis=0))
    assert len(ada.strangers["sface-1"]) == 2, "told apart from then on"
    assert unname_character(names, found, cast("Ada", None), 0).all == (), "whoever has no face left is nobody"
