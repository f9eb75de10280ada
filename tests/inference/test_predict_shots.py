"""Films as predictions about their shots."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bundles.shot_tiny import BOTH, MOTION_ALONE, tiny_shot_bundle
from inference.moving import EDGES, write_moving_film
from inference.plain import write_photo
from rushes.bundles.shot_bundle import open_shot_bundle
from rushes.footage.found_shots import find_shots
from rushes.footage.source import Unreadable
from rushes.inference.predict_shots import ANSWERED, answer_shots, find_films, predict_shots
from rushes.inference.shot_list import ShotList, read_shot_list
from rushes.inference.shot_prediction import ShotsPrediction
from rushes.inference.shot_predictor import ShotPredictor
from rushes.inference.tables import table_of, write_json_lines, write_shots_csv
from rushes.learning.calibration import Calibration
from rushes.storage.reading import CHANGED


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> ShotPredictor:
    """Scale by frames, movement by motion."""
    return ShotPredictor(tiny_shot_bundle(tmp_path_factory.mktemp("bundles") / "both", BOTH), threads=1)


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> ShotPredictor:
    """Movement by motion alone."""
    return ShotPredictor(tiny_shot_bundle(tmp_path_factory.mktemp("bundles") / "motion", MOTION_ALONE), threads=1)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_moving_film(tmp_path_factory.mktemp("films") / "moving.mp4")


def predicted(predictor: ShotPredictor, film: Path, **options: object) -> ShotsPrediction:
    found = predict_shots(predictor, film, threads=1, **options)
    assert isinstance(found, ShotsPrediction), found
    return found


def test_each_shot_is_answered_in_every_task_and_a_black_one_in_none(both: ShotPredictor, film: Path) -> None:
    found = predicted(both, film)
    assert [(shot.start, shot.stop) for shot in found.shots] == list(pairwise(EDGES))
    rest, push, pan, black = found.shots
    for shot in (rest, push, pan):
        assert [*shot.scores] == ["scale", "movement"]
        assert sum(shot.scores["scale"].values()) == pytest.approx(1)
        assert shot.answers["movement"].reason
        assert shot.answers["scale"].reason == ""
    assert (black.scores, black.answers, black.note) == ({}, {}, "blank")
    assert (push.start_timecode, push.stop_timecode, float(push.start_seconds)) == ("00:00:01:15", "00:00:03:15", 1.6)


def test_the_answers_are_those_of_the_graph_on_the_frames_of_the_whole_shot(both: ShotPredictor, film: Path) -> None:
    from rushes.datasets.shot_samples import read_found_shots

    found = find_shots(film, threads=1)
    samples = read_found_shots(film, found.index, found.signals, found.shots[:3], both.bundle.reading, threads=1)
    ordinals = []
    for sample, shot in zip(samples, answer_shots(both, film, found, found.shots, threads=1), strict=False):
        ordinals.append(sample.ordinals.tolist())
        (alone,) = both.scores([sample])
        assert list(alone["scale"].values()) == pytest.approx(list(shot.scores["scale"].values()), abs=1e-5)
    assert ordinals[0] == [2, 7, 12, 17, 22, 27, 32, 37]


def test_a_film_that_changes_after_its_scan_is_not_answered(both: ShotPredictor, tmp_path: Path) -> None:
    film = write_moving_film(tmp_path / "a.mp4")

    def write(done: int, _total: int | None, note: str = "") -> None:
        if note == ANSWERED:
            os.utime(film, (done, done))

    assert predict_shots(both, film, threads=1, progress=write) == Unreadable(str(film), CHANGED)


def test_a_bundle_of_motion_decodes_no_frame_but_for_the_scan(
    motion: ShotPredictor, film: Path, tmp_path: Path
) -> None:
    first = predicted(motion, film, scans=tmp_path / "scans")
    assert len(list((tmp_path / "scans").iterdir())) == 1
    told: list[str] = []
    again = predicted(motion, film, scans=tmp_path / "scans", progress=lambda done, total, note="": told.append(note))
    assert again == first
    assert told == []


def test_shots_of_one_frame_are_answered(both: ShotPredictor, tmp_path: Path) -> None:
    film = write_moving_film(tmp_path / "one.mp4", shots=("rest", "push"))
    found = find_shots(film, threads=1)
    stated = ShotList("shots.csv", {found.source.digest: ((0, 1), (1, 40), (60, 61))})
    one, _, other = predicted(both, film, stated=stated).shots
    assert (one.start, one.stop, other.start, other.number) == (0, 1, 60, 3)
    assert "too short" in one.answers["movement"].reason
    assert one.note == other.note == "too short for motion to be measured"
    assert [*other.scores] == ["scale", "movement"]


def test_stated_shots_take_the_place_of_found_ones(motion: ShotPredictor, film: Path) -> None:
    digest = find_shots(film, threads=1).source.digest
    stated = ShotList("shots.csv", {digest: ((10, 60), (100, 120), (130, 155)), "other": ((0, 9),)})
    shots = predicted(motion, film, stated=stated).shots
    assert [(shot.start, shot.stop, shot.note) for shot in shots] == [
        (10, 60, "a cut lies inside it, at frame 40"),
        (100, 120, ""),
        (130, 155, "blank"),
    ]


def test_cuts_inside_stated_shots_are_reported_and_the_reason_is_of_one_side(
    motion: ShotPredictor, both: ShotPredictor, film: Path
) -> None:
    digest = find_shots(film, threads=1).source.digest
    stated = ShotList("shots.csv", {digest: ((0, 130), (130, 155))})
    for predictor in (motion, both):
        found = predicted(predictor, film, stated=stated)
        assert found.shots[0].note == "a cut lies inside it, at frame 40, 90"
        assert found.shots[0].answers["movement"].reason.endswith(", in frames 40 to 89")
        assert "2.0 s" in found.shots[0].answers["movement"].reason
        (warning,) = found.warnings
        assert warning.startswith("1 of 2 stated shots have a cut inside (shot 1 at frame 40, 90), and each is")
    assert predicted(motion, film).warnings == ()


def test_a_list_of_another_film_or_beyond_the_end_is_refused(motion: ShotPredictor, film: Path) -> None:
    refused = predict_shots(motion, film, stated=ShotList("l.csv", {"other": ((0, 9),)}), threads=1)
    assert isinstance(refused, Unreadable)
    assert "has no shot in l.csv, whose column source names other films" in str(refused)
    digest = find_shots(film, threads=1).source.digest
    beyond = ShotList("l.csv", {digest: ((0, 9), (150, 156))})
    refused = predict_shots(motion, film, stated=beyond, threads=1)
    assert "ends with frame 154, and l.csv states a shot of frames 150 to 155" in str(refused)


def test_an_animation_is_called_one_and_how_to_make_a_film_of_it_is_said(motion: ShotPredictor, tmp_path: Path) -> None:
    from PIL import Image

    path, still = tmp_path / "a b.gif", tmp_path / "still.gif"
    pictures = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue", "green")]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    pictures[0].save(still)
    said = "is an animation; shots are found in films. Make it one: ffmpeg -i 'a b.gif' 'a b.mp4'"
    assert said in str(predict_shots(motion, path, threads=1))
    assert "is a photograph" in str(predict_shots(motion, still, threads=1))
    assert [said in str(one) for one in find_films([path, still])[1]] == [True, False]


def test_what_cannot_be_read_says_why(motion: ShotPredictor, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"nothing of a film")
    photo = write_photo(tmp_path / "a.jpg", "red")
    said = {
        tmp_path / "no.mp4": "no.mp4",
        tmp_path / "gone.mp4": "no such file",
        photo: "is a photograph; shots are found in films",
    }
    for path, why in said.items():
        refused = predict_shots(motion, path, threads=1)
        assert isinstance(refused, Unreadable)
        assert why in str(refused)


def test_a_film_that_is_cut_off_is_answered_as_far_as_it_goes(both: ShotPredictor, tmp_path: Path) -> None:
    whole = write_moving_film(tmp_path / "whole.mkv")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found = predicted(both, cut)
    assert found.shots[0].scores
    assert found.shots[-1].stop < EDGES[-1]


def test_films_are_found_in_folders_and_stills_named_by_hand_are_refused(tmp_path: Path) -> None:
    write_photo(tmp_path / "mixed" / "a.jpg", "red")
    write_moving_film(tmp_path / "mixed" / "b.mp4", shots=("one",))
    write_photo(tmp_path / "stills" / "c.jpg", "red")
    films, failed, stills = find_films(
        [tmp_path / "mixed", tmp_path / "stills", tmp_path / "mixed" / "a.jpg", tmp_path / "gone"]
    )
    assert (films, stills) == ([tmp_path / "mixed" / "b.mp4"], 2)
    assert [one.reason.partition(",")[0] for one in failed[:2]] == ["holds no video", "is a photograph"]
    assert len(failed) == 3


def test_a_table_has_a_row_per_shot_and_one_per_file_that_cannot_be_read(
    both: ShotPredictor, film: Path, tmp_path: Path
) -> None:
    answers = [predicted(both, film), Unreadable("b.mp4", "is gone")]
    write_shots_csv(answers, tmp_path / "out.csv", tasks=both.bundle.tasks)
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [row["kind"] for row in rows] == ["shot"] * 4 + ["unreadable"]
    first = rows[0]
    assert float(first[f"p:scale:{first['scale']}"]) == float(first["scale_probability"])
    assert (first["stop"], first["movement_reason"] != "", rows[3]["scale"], rows[3]["note"]) == (
        "40",
        True,
        "",
        "blank",
    )
    assert rows[-1]["error"] == "is gone"
    write_json_lines(answers, tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert lines == [json.loads(json.dumps(table_of(one))) for one in answers]
    assert lines[0]["shots"][1]["answers"]["scale"]["scores"].keys() == {"CS", "MS", "LS"}


def test_probabilities_are_calibrated_task_by_task(both: ShotPredictor, film: Path) -> None:
    softer = Calibration("temperature", temperature=4.0)
    calibrations = both.bundle.calibrations | {"scale": softer}
    soft = ShotPredictor(replace(both.bundle, calibrations=calibrations), threads=1)
    for before, after in zip(predicted(both, film).shots[:3], predicted(soft, film).shots[:3], strict=True):
        assert after.scores["movement"] == before.scores["movement"]
        expected = softer.apply(np.array([list(before.scores["scale"].values())], np.float32))[0]
        assert list(after.scores["scale"].values()) == pytest.approx(expected.tolist(), abs=1e-6)
        assert after.answers["scale"].class_name == before.answers["scale"].class_name
        assert after.answers["scale"].probability < before.answers["scale"].probability


def test_a_shot_names_the_classes_whose_threshold_it_reaches_in_each_task_that_has_any(
    both: ShotPredictor, film: Path, tmp_path: Path
) -> None:
    plain = predicted(both, film)
    assert plain.shots[0].above == {}
    assert "above" not in plain.to_table()["shots"][0]["answers"]["scale"]
    first = plain.shots[0].scores["scale"]
    thresholds = {"scale": {"CS": first["CS"], "MS": 0.0, "LS": first["LS"] + 1e-6}}
    predictor = ShotPredictor(replace(both.bundle, thresholds=thresholds), threads=1)
    found = predicted(predictor, film)
    assert found.shots[0].above == {"scale": ("CS", "MS")}
    assert found.shots[-1].above == {}
    said = found.to_table()["shots"][0]["answers"]
    assert said["scale"]["above"] == ["CS", "MS"]
    assert "above" not in said["movement"]
    write_shots_csv([found], tmp_path / "out.csv", tasks=both.bundle.tasks)
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert (rows[0]["scale_above"], rows[0]["movement_above"], rows[-1]["scale_above"]) == ("CS/MS", "", "")


LIST = "shot,start,stop,source\n1,0,40,aa\n2,40,90,aa\n1,0,9,bb\n"


def test_a_list_of_shots_is_read_by_film(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(LIST)
    assert read_shot_list(tmp_path / "l.csv").films == {"aa": ((0, 40), (40, 90)), "bb": ((0, 9),)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shot,start,stop\n1,0,4\n", "l.csv, row 1: has no column source"),
        ("start,stop,source\n", "l.csv: states no shot"),
        ("start,stop,source\nx,4,aa\n", "l.csv, row 2, start: 'x' and '4' are no ordinals"),
        ("start,stop,source\n4,4,aa\n", "l.csv, row 2, stop: from frame 4 to before 4 there is no frame"),
        ("start,stop,source\n0,5,aa\n4,9,aa\n", "row 3, start: the shot from frame 4 lies over that of row 2"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_its_row(text: str, said: str, tmp_path: Path) -> None:
    from rushes.errors import SheetError

    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(SheetError) as error:
        read_shot_list(tmp_path / "l.csv")
    assert said in str(error.value)
    with pytest.raises(SheetError, match="cannot be read as text"):
        read_shot_list(tmp_path / "gone.csv")


def test_frames_of_all_shots_go_through_the_graph_in_small_batches(both: ShotPredictor, motion: ShotPredictor) -> None:
    assert both.batch_size == 4
    assert motion.batch_size == 256
    assert both.scores([]) == []
    assert open_shot_bundle(both.bundle.folder).id == both.bundle.id
