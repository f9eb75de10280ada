"""Labels go out and come back: annotators' exports in, the dataset and our own exports around to another project."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from footage.painted import write_film
from journeys.conftest import Rushes
from rushes.footage.picture import encode_picture

FILMS = ("TT_S01_E01", "TT_S01_E02", "TT_S01_E03", "TT_S01_E04")
CLASSES = ("Junk", "Common", "Rare")


def photograph(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
    path.write_bytes(encode_picture(coarse.repeat(20, 0).repeat(20, 1), "png", 90))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four short films, and photographs that are called alike in two shoots."""
    folder = tmp_path_factory.mktemp("footage")
    for place, name in enumerate(FILMS):
        write_film(folder / f"{name}.mp4", 60 + place)
    for place, shoot in enumerate(("sunday", "monday")):
        for number in range(3):
            photograph(folder / shoot / f"shot{number}.png", 10 * place + number)
    return folder


def project(rushes: Rushes, folder: Path, footage: Path) -> Path:
    rushes("init", folder, "--task", "rarity=Junk,Common,Rare")
    rushes("ingest", footage, "--every", "0.4s", "--project", folder)
    return folder


def label(rushes: Rushes, folder: Path, path: Path) -> dict[str, tuple[str, str]]:
    """Return name -> (class, origin) of every label of a project, as an export states them."""
    rushes("labels", "export", path, "--project", folder, "--overwrite")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: (row["class"], row["origin"]) for row in csv.DictReader(file)}


def studio_task(number: int, image: str, **said: str) -> dict[str, Any]:
    """Return a task as Label Studio exports it, answered by people of these names."""
    annotations = [
        {
            "id": number * 10 + place,
            "completed_by": {"id": place, "email": f"{who}@example.org"},
            "result": [{"from_name": "rarity", "to_name": "image", "type": "choices", "value": {"choices": [answer]}}],
            "was_cancelled": False,
        }
        for place, (who, answer) in enumerate(said.items())
    ]
    return {"id": number, "data": {"image": image}, "annotations": annotations, "predictions": []}


@pytest.mark.longer
def test_labels_of_annotators_reach_another_project_by_every_way(rushes: Rushes, footage: Path, tmp_path: Path) -> None:
    home = project(rushes, tmp_path / "home", footage)
    toml = home / "rushes.toml"
    toml.write_text(toml.read_text().replace('"review", ', '"review", "ann@example.org", "bob@example.org", ', 1))

    rushes("labels", "export", home / "empty.csv", "--unlabelled", "--project", home)
    with (home / "empty.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    films = [row for row in rows if "_FRM-" in row["name"]]
    assert len(films) > 20
    assert len(rows) - len(films) == 6

    # The studio's sheet speaks of most frames and says what is in them; two annotators correct some.
    sheet = tmp_path / "S01.csv"
    with sheet.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["FRAME NUMBER", "SUPERVISED CLASSIFICATION", "METADATA"])
        for place, row in enumerate(rows):
            writer.writerow([row["image"], CLASSES[place % 3] if place else "", "car; night" if place % 2 else "sea"])
    said = rushes("labels", "import", sheet, "--project", home, "--json").json
    assert (said["appended"], said["subjects"]) == (len(rows) - 1, len(rows))
    tasks = [
        studio_task(1, f"/data/upload/7/0a1b2c3d-{films[0]['name']}.jpg", bob="Rare"),
        studio_task(2, films[1]["image"], ann="Junk", bob="Rare"),
        studio_task(3, f"s3://bucket/S01/{films[2]['name']}.jpg", ann="Common"),
        {"id": 4, "annotations": []},
    ]
    (tmp_path / "studio.json").write_text(json.dumps(tasks))
    mixed = rushes("labels", "import", tmp_path / "studio.json", "--project", home, status=1)
    assert "studio.json, task 4: it has no data" in mixed.err
    assert "4 statements appended" in mixed.out
    shown = rushes("labels", "show", films[1]["name"], "--project", home, "--json").json["frames"][0]
    assert (shown["tasks"]["rarity"]["class"], shown["tasks"]["rarity"]["origin"]) == ("Junk", "ann@example.org")
    assert [one["fate"] for one in shown["tasks"]["rarity"]["statements"]] == ["overruled", "stands", "overruled"]
    assert shown["subjects"] == (["car", "night"] if rows.index(films[1]) % 2 else ["sea"])
    clashes = rushes("labels", "conflicts", "--project", home, "--json").json
    assert {(one["winner"], one["loser"]) for one in clashes["pairs"]} >= {("ann@example.org", "bob@example.org")}

    # Whatever way the labels take, they arrive as they stand.
    stand = label(rushes, home, tmp_path / "home.csv")
    assert len(stand) == len(rows)
    for suffix in (".xlsx", ".json"):
        way = tmp_path / f"labels{suffix}"
        rushes("labels", "export", way, "--project", home)
        there = project(rushes, tmp_path / f"to{suffix[1:]}", footage)
        rushes("labels", "import", way, "--project", there)
        assert label(rushes, there, tmp_path / "there.csv") == stand

    # The dataset holds the pictures of all frames: its metadata name the frames, its folders the classes.
    built = tmp_path / "dataset"
    rushes("build", "--to", built, "--project", home)
    held = sorted(path.relative_to(built).as_posix() for path in built.glob("*/*/*.*"))
    assert len(held) == len(rows)
    there = project(rushes, tmp_path / "to-dataset", footage)
    rushes("labels", "import", built, "--project", there)
    assert label(rushes, there, tmp_path / "there.csv") == stand
    for path in built.rglob("metadata.jsonl"):
        path.unlink()
    there = project(rushes, tmp_path / "to-folders", footage)
    rushes("labels", "import", built, "--origin", "folder", "--project", there)
    found = label(rushes, there, tmp_path / "there.csv")
    assert found == {name: (class_name, "folder") for name, (class_name, _) in stand.items()}
