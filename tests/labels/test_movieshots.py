from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import SheetError
from rushes.labels.movieshots import LABELS, is_movieshots, parse_movieshots, read_movieshots
from rushes.labels.stated_shot import StatedShots
from rushes.project import Task

SCALE = Task("scale", ("ECS", "CS", "MS", "FS", "LS"))
MOVEMENT = Task("movement", ("static", "motion", "push", "pull"))


def labelled(scale: str = "", movement: str = "") -> dict[str, Any]:
    stated = {"scale": scale, "movement": movement}
    return {task: {"label": name, "value": LABELS[task][name]} for task, name in stated.items() if name}


V1_SPLIT = {
    "train": {"tt0444850": {"0014": labelled("CS", "Static"), "15": labelled("LS", "Multi_movement")}},
    "val": {"tt0000002": {"0000": labelled("MS", "Push")}},
    "test": {"tt0000003": {"0001": labelled("ECS", "Pull")}},
}
V1_FULL = {film: shots for films in V1_SPLIT.values() for film, shots in films.items()}
V2_FULL = {
    "tt0000002": {"0003": labelled(movement="Push")},
    "tt0000003": {"0003": labelled(movement="Pull"), "0004": labelled(movement="Pull")},
    "tt0000009": {"0005": labelled(movement="Push")},
}
V3_FULL = {"full": {"movie": {"tt0100001": {"0100": labelled("FS", "Motion")}}}}


def parse(*tables: object, **options: Any) -> StatedShots:
    contents = {f"{number}.json": json.dumps(table).encode() for number, table in enumerate(tables)}
    return parse_movieshots(contents, [SCALE, MOVEMENT], **options)


def refusal_of(*tables: object, **options: Any) -> str:
    with pytest.raises(SheetError) as raised:
        parse(*tables, **options)
    assert len(raised.value.faults) == 1
    return str(raised.value)


def test_the_split_gives_each_shot_its_part_its_trailer_and_its_file():
    stated = parse(V1_SPLIT)
    first = stated.shots[0]
    assert (first.video, first.name, first.group) == ("trailer/tt0444850/shot_0014.mp4", "tt0444850/0014", "tt0444850")
    assert first.classes == {"scale": "CS", "movement": "static"}
    assert (first.origin, first.start, first.stop) == ("movieshots", None, None)
    assert [shot.split for shot in stated.shots] == ["train", "train", "validation", "test"]
    assert stated.shots[1].video == "trailer/tt0444850/shot_0015.mp4"


def test_the_full_list_is_the_same_without_parts():
    stated = parse(V1_FULL)
    assert [shot.video for shot in stated.shots] == [shot.video for shot in parse(V1_SPLIT).shots]
    assert {shot.split for shot in stated.shots} == {None}


def test_a_shot_that_two_files_state_counts_once_with_its_part():
    assert [shot.name for shot in parse(V1_FULL, V1_SPLIT).shots] == [shot.name for shot in parse(V1_SPLIT).shots]
    assert {shot.split for shot in parse(V1_FULL, V1_SPLIT).shots} == {"train", "validation", "test"}


def test_shots_of_v2_from_trailers_that_v1_holds_back_are_dropped_and_counted():
    stated = parse(V2_FULL, V1_SPLIT)
    added = [shot for shot in stated.shots if shot.video.startswith("trailer_v2/")]
    assert [(shot.video, shot.split, shot.classes) for shot in added] == [
        ("trailer_v2/tt0000009/shot_0005.mp4", "train", {"movement": "push"})
    ]
    assert "0.json: 3 shots dropped, because v1 holds their trailers or films back: 2 of test and 1 of validation" in (
        stated.notes
    )


def test_v2_alone_is_refused_because_it_cannot_be_checked():
    assert "cannot be checked: name it beside this file" in refusal_of(V2_FULL)
    assert "cannot be checked" in refusal_of(V2_FULL, V1_FULL)


def test_films_of_v3_are_groups_and_go_to_training_beside_the_published_parts():
    (alone,) = parse(V3_FULL).shots
    assert (alone.video, alone.group, alone.split) == ("movie/tt0100001/shot_0100.mp4", "tt0100001", None)
    assert parse(V3_FULL, V1_SPLIT).shots[-1].split == "train"
    held = {"full": {"movie": {"tt0000003": {"0100": labelled("FS", "Motion")}}}}
    assert len(parse(held, V1_SPLIT).shots) == 4


def test_multi_movement_gives_no_movement_or_counts_as_motion():
    dropped, merged = parse(V1_SPLIT), parse(V1_SPLIT, multi_movement="motion")
    assert dropped.shots[1].classes == {"scale": "LS"}
    assert merged.shots[1].classes == {"scale": "LS", "movement": "motion"}
    assert dropped.notes == ("Multi_movement without a label of movement, as multi_movement says: 1 of 4 shots",)
    assert "taken for motion" in merged.notes[0]


def test_only_the_tasks_of_the_project_are_answered():
    data = {"v2.json": json.dumps(V1_SPLIT).encode()}
    assert all("movement" not in shot.classes for shot in parse_movieshots(data, [SCALE]).shots)
    with pytest.raises(SheetError, match="Found: 'mood'"):
        parse_movieshots(data, [Task("mood", ("a", "b"))])


def test_a_task_that_lacks_a_class_is_told_once_for_each():
    tasks = [Task("scale", ("CS", "MS", "FS", "LS"), ignore=("ECS",)), Task("movement", ("static", "motion", "push"))]
    with pytest.raises(SheetError) as raised:
        parse_movieshots({"v1.json": json.dumps(V1_SPLIT).encode()}, tasks)
    (fault,) = raised.value.faults
    assert "MovieShots' 'Pull' is not a class of movement" in str(fault)


def test_a_label_whose_name_and_value_disagree_takes_its_own_shot_away():
    table = json.loads(json.dumps(V1_SPLIT))
    table["train"]["tt0444850"]["0014"]["scale"]["value"] = 2
    table["val"]["tt0000002"]["0000"]["movement"] = {"label": "Zoom", "value": 1}
    stated = parse(table)
    assert [str(fault) for fault in stated.faults] == [
        "0.json, tt0444850/0014, scale: 'CS' has the value 2, but is 1: nobody knows which was meant",
        "0.json, tt0000002/0000, movement: 'Zoom' is no label of MovieShots. Allowed: 'Motion', 'Push', 'Pull', "
        "'Multi_movement', 'Static'.",
    ]
    assert len(stated.shots) == 2


def test_another_numbering_is_another_version():
    table = {"tt1": {"0001": {"scale": {"label": "CS", "value": 3}, "movement": {"label": "Push", "value": 0}}}}
    told = refusal_of(table)
    assert (
        "numbers its labels otherwise, so it is of another version. Found: scale 'CS' is 3, movement 'Push' is 0."
        in told
    )


def test_the_numbering_is_judged_of_each_task_by_itself():
    entries = {f"{number:04d}": labelled("CS", "Push") for number in range(9)}
    table = {"tt1": json.loads(json.dumps(entries))}
    for labels in table["tt1"].values():
        labels["scale"]["value"] = 3
    told = refusal_of(table)
    assert "Found: scale 'CS' is 3. scale ECS 0, CS 1, MS 2, FS 3, LS 4" in told
    assert "movement" not in told.partition("Found")[2]


def test_an_entry_with_other_keys_is_counted_and_named():
    table = json.loads(json.dumps(V1_SPLIT))
    table["train"]["tt0444850"] |= {"0016": {"foo": 1}, "0017": {}}
    stated = parse(table)
    assert (len(stated.shots), stated.unanswered) == (4, 2)
    assert "0.json: 2 shots have neither a scale nor a movement; the first: tt0444850/0016, with foo" in stated.notes
    assert "0.json: 1 shot has neither a scale nor a movement; the first: tt1/0002, with nothing" in (
        parse({"tt1": {"0001": labelled("CS", "Push"), "0002": {}}}).notes
    )


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ([], "Found list"),
        ([1, 2], '{"tt…": {"0014": {"scale": …, "movement": …}}}'),
        ({}, "Found {}"),
        ({"train": {"movie": V3_FULL["full"]["movie"]}}, "the keys 'train', in the first of them the keys 'movie'"),
        ({"full": {"trailer": V1_FULL}}, "the keys 'full', in the first of them the keys 'trailer'"),
        ({"version": 4, "shots": []}, "the keys 'version', 'shots', in the first of them int"),
        ({"tt1": {"0001": "CS"}}, "the keys 'tt1', in the first of them the keys '0001', in the first of them str"),
        ({"tt1": {"0001": {"scale": "CS"}}}, "the keys 'tt1'"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_was_found(table, found):
    told = refusal_of(table)
    assert "is no version of MovieShots' labels that is known" in told
    assert found in told


def test_what_is_no_json_or_no_path_is_refused():
    with pytest.raises(SheetError, match="is not JSON"):
        parse_movieshots({"a.json": b"{"}, [SCALE])
    assert "'../x/0001' is no trailer" in refusal_of({"../x": {"0001": labelled("CS", "Push")}})


def test_a_shot_with_broken_labels_is_a_fault():
    table = {"tt1": {"0001": labelled("CS", "Push"), "0002": 3, "0003": {"scale": "CS"}, "0004": {}}}
    stated = parse(table)
    assert [str(fault).split(":")[0] for fault in stated.faults] == ["0.json, tt1/0002", "0.json, tt1/0003, scale"]
    assert (len(stated.shots), stated.unanswered) == (1, 1)


def test_which_file_it_is_its_content_tells(tmp_path: Path):
    path = tmp_path / "anything.json"
    path.write_text(json.dumps(V1_SPLIT))
    assert len(read_movieshots([path], [SCALE, MOVEMENT]).shots) == 4
    assert is_movieshots(path.read_bytes())
    assert is_movieshots(b'{"full": {"trailer": {}}}')  # to be refused in words about MovieShots
    assert not is_movieshots(b'[{"video": "a.mp4"}]')
    assert is_movieshots(b"[1, 2]")
    assert not is_movieshots(b'{"video": "a.mp4", "scale": "MS"}')
    assert not is_movieshots(b"video,scale")
