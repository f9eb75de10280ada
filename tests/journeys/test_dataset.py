"""The studio's labels change, and the dataset follows: in a folder and in a bucket, killed, misled and refused."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from journeys.conftest import Rushes
from storage.full_disk import files_of_at_most
from storage.servers import Bucket, s3_store

CLASSES = ("Common", "Uncommon", "Rare")
GROUPS, EACH = 6, 8


@pytest.fixture(scope="module")
def shoots(rushes: Rushes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of six shoots of eight photographs each, none like another."""
    project = tmp_path_factory.mktemp("studio") / "project"
    rushes("init", project, "--template", "rarity")
    noise = np.random.default_rng(4)
    for group in range(GROUPS):
        folder = project.parent / "shoots" / f"shoot-{group}"
        folder.mkdir(parents=True)
        for number in range(EACH):
            coarse = noise.integers(0, 255, (6, 8, 3), np.uint8)
            Image.fromarray(coarse).resize((96, 72)).save(folder / f"s{group}-{number}.png")
    rushes("ingest", project.parent / "shoots", folder=project)
    return project


@pytest.fixture
def project(shoots: Path, tmp_path: Path) -> Path:
    """A copy of that project, to be changed."""
    subprocess.run(["cp", "-r", shoots, tmp_path / "project"], check=True)
    return tmp_path / "project"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    monkeypatch.setenv("HOME", str(tmp_path))  # where profiles of a person's own could be
    with s3_store("studio") as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


def label(rushes: Rushes, project: Path, changed: dict[str, str] | None = None) -> dict[str, str]:
    """Write a sheet of all photographs but for changes, import it, build the manifest; return name -> class."""
    classes = {
        f"s{group}-{number}": CLASSES[number % len(CLASSES)] for group in range(GROUPS) for number in range(EACH)
    } | (changed or {})
    with (project / "sheet.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["FRAME NUMBER", "SUPERVISED CLASSIFICATION"])
        rows.writerows(item for item in classes.items() if item[1] != "-")
    rushes("labels", "import", "sheet.csv", folder=project)
    rushes("manifest", "build", folder=project)
    return {name: answer for name, answer in classes.items() if answer != "-"}


def pictures_in(folder: Path) -> dict[str, str]:
    """Return name of a picture -> the class whose folder it is in."""
    return {path.stem: path.parent.name for path in folder.glob("*/*/*.jpg")}


def parts_in(folder: Path) -> dict[str, str]:
    return {path.stem: path.parent.parent.name for path in folder.glob("*/*/*.jpg")}


def test_a_dataset_is_built_once_and_then_follows_the_labels(rushes: Rushes, project: Path) -> None:
    wanted = label(rushes, project)
    built = rushes("build", "--json", folder=project).json
    home = project / "datasets" / "rarity"
    assert built["sets"]["copy"]["objects"] == built["objects"] == len(wanted)
    assert pictures_in(home) == wanted
    assert json.loads((home / "classes.json").read_text())["classes"] == [
        "Junk",
        "Common",
        "Uncommon",
        "Rare",
        "Legendary",
    ]
    for part in ("train", "validation", "test"):
        lines = [json.loads(line) for line in (home / part / "metadata.jsonl").read_text().splitlines()]
        assert {line["file_name"] for line in lines} == {
            path.relative_to(home / part).as_posix() for path in (home / part).glob("*/*.jpg")
        }
    before = {path.name: path.stat().st_ino for path in home.glob("*/*/*.jpg")}
    parts = parts_in(home)

    wanted = label(rushes, project, {"s0-0": "Legendary", "s3-1": "Legendary", "s4-4": "-"})
    planned = rushes("sync", "plan", "--json", folder=project).json
    assert {name: one["objects"] for name, one in planned["sets"].items()} == {
        "keep": len(wanted) - 2, "move": 2, "copy": 0, "delete": 1,
    }  # fmt: skip
    assert pictures_in(home) != wanted  # a plan changes nothing
    done = rushes("sync", "apply", "--expect", planned["plan"][:12], "--json", folder=project).json
    assert done["plan"] == planned["plan"]
    assert pictures_in(home) == wanted
    assert parts_in(home) == {name: part for name, part in parts.items() if name in wanted}
    assert all(path.stat().st_ino == before[path.name] for path in home.glob("*/*/*.jpg"))  # the same files, renamed
    again = rushes("sync", "apply", folder=project).out
    assert "nothing to do: the dataset is as the manifest says" in again


def test_new_frames_of_a_known_group_go_where_the_group_is_and_a_new_group_moves_none(
    rushes: Rushes, project: Path
) -> None:
    most = {f"s{group}-{number}": "-" for group in range(GROUPS) for number in range(5, EACH)}
    label(rushes, project, most | {f"s5-{number}": "-" for number in range(EACH)})
    rushes("build", folder=project)
    home = project / "datasets" / "rarity"
    before = parts_in(home)
    part_of = {name.partition("-")[0]: part for name, part in before.items()}
    label(rushes, project)
    done = rushes("build", "--json", folder=project).json
    after = parts_in(home)
    assert len(after) == GROUPS * EACH
    assert done["sets"]["move"]["objects"] == done["sets"]["delete"]["objects"] == 0
    assert {name: after[name] for name in before} == before
    assert all(part_of.get(name.partition("-")[0], part) == part for name, part in after.items())
    assert len({part for name, part in after.items() if name.startswith("s5-")}) == 1


def test_a_bucket_follows_too_and_a_watch_does_it_all(rushes: Rushes, project: Path, bucket: Bucket) -> None:
    wanted = label(rushes, project)
    toml = project / "rushes.toml"
    toml.write_text(toml.read_text().replace('to = "datasets/{task}"', 'to = "s3://studio/sets/{task}"'))
    plan = rushes("sync", "plan", folder=project).out
    assert re.search(rf"^copy +{len(wanted)}$", plan, re.MULTILINE)
    assert "USD at list prices of S3" in plan
    rushes("build", folder=project)
    bucket.put("sets/rarity/train/Rare/stray.jpg", b"nobody planned this")
    sheet = (project / "sheet.csv").read_text()
    (project / "sheet.csv").write_text(sheet.replace("s1-2,Rare", "s1-2,Legendary"))
    rushes("labels", "import", "sheet.csv", folder=project)
    assert "labels were stated since the manifest was built" in rushes("sync", "plan", folder=project).err
    said = rushes("sync", "watch", "--once", "--no-pull", folder=project).out
    counts = f"{len(wanted) - 1} kept, 0 copied, 1 moved, 0 deleted, 1 stray"
    assert f"rarity: manifest written ({len(wanted)} samples), {counts}" in said
    listed = bucket.client.list_objects_v2(Bucket="studio", Prefix="sets/rarity/")["Contents"]
    keys = {item["Key"].removeprefix("sets/rarity/") for item in listed}
    assert {key.rpartition("/")[2].removesuffix(".jpg"): key.split("/")[1] for key in keys if key.endswith(".jpg")} == (
        wanted | {"s1-2": "Legendary", "stray": "Rare"}
    )
    assert ".rushes/lock.json" not in keys
    drift = rushes("sync", "plan", "--json", folder=project).json["drift"]
    assert drift == ["train/Rare/stray.jpg"]


def test_a_missing_picture_is_named_with_its_sheet_and_row(rushes: Rushes, project: Path) -> None:
    wanted = label(rushes, project)
    (project / "frames" / "stills" / "s2-3.jpg").unlink()
    said = rushes("build", folder=project, status=1)
    assert "sheet.csv, row 21: " in said.err
    assert "s2-3.jpg: the picture is missing in the project. Take its footage in again" in said.err
    assert pictures_in(project / "datasets" / "rarity") == {
        name: answer for name, answer in wanted.items() if name != "s2-3"
    }


def test_a_sheet_that_lost_its_rows_does_not_empty_the_dataset(rushes: Rushes, project: Path) -> None:
    wanted = label(rushes, project)
    rushes("build", folder=project)
    label(rushes, project, {f"s{group}-{number}": "-" for group in range(3) for number in range(EACH)})
    said = rushes("sync", "apply", folder=project, status=2)
    assert "the plan deletes 24 of 48 objects (50.0%), more than 5%" in said.err
    assert pictures_in(project / "datasets" / "rarity") == wanted
    rushes("sync", "apply", "--yes", folder=project)
    assert len(pictures_in(project / "datasets" / "rarity")) == 24


def test_a_full_disk_leaves_manifest_and_dataset_as_they_were(rushes: Rushes, project: Path) -> None:
    wanted = label(rushes, project)
    rushes("build", folder=project)
    manifests = sorted((project / "manifests").iterdir())
    sheet = (project / "sheet.csv").read_text().replace("s1-2,Rare", "s1-2,Legendary")
    (project / "sheet.csv").write_text(sheet)
    rushes("labels", "import", "sheet.csv", folder=project)
    with files_of_at_most(2000):
        said = rushes("manifest", "build", folder=project, status=2)
    assert "make room" in said.err.casefold()
    assert sorted((project / "manifests").iterdir()) == manifests
    rushes("manifest", "build", folder=project)
    with files_of_at_most(2000):
        rushes("sync", "apply", folder=project, status=2)
    assert pictures_in(project / "datasets" / "rarity") == wanted
    rushes("sync", "apply", folder=project)
    assert pictures_in(project / "datasets" / "rarity") == wanted | {"s1-2": "Legendary"}


def test_a_bucket_that_is_not_there_and_words_that_do_not_fit_are_said(
    rushes: Rushes, project: Path, bucket: Bucket
) -> None:
    label(rushes, project)
    said = rushes("build", "--to", "s3://studi/sets", folder=project, status=2)
    assert "there is no bucket 'studi'" in said.err
    assert (
        "https://example.com/sets" in rushes("build", "--to", "https://example.com/sets", folder=project, status=2).err
    )
    for own in (".", "frames", "frames/stills"):
        said = rushes("build", "--to", own, folder=project, status=2)
        assert (
            "this is the project itself, or a folder of its own. Name one for the dataset, such as datasets/rarity"
            in said.err
        )
    assert "Did you mean 'grouped'?" in rushes("build", "--split", "groupd", folder=project, status=2).err
    said = rushes("sync", "watch", "--once", folder=project, status=2)
    assert "or give --no-pull" in said.err
    assert "rarity: failed: no season file is named in rushes.toml" in said.out
    said = rushes("sync", "watch", "--every", "1s", folder=project, status=2)
    assert "the shortest is 10s" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
def test_a_sync_that_is_killed_goes_on_with_the_next(rushes: Rushes, project: Path, bucket: Bucket) -> None:
    label(rushes, project)
    rushes("build", "--to", "s3://studio/set", folder=project)
    wanted = label(
        rushes, project, {f"s{group}-{number}": "Legendary" for group in range(GROUPS) for number in range(4)}
    )
    command = [sys.executable, "-m", "rushes.cli.main", "sync", "apply", "--to", "s3://studio/set", "--parallel", "1"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        give_up = time.monotonic() + 60
        moved = 0
        while moved < 3 and time.monotonic() < give_up and process.poll() is None:
            found = bucket.client.list_objects_v2(Bucket="studio", Prefix="set/")["Contents"]
            moved = sum("/Legendary/" in item["Key"] for item in found)
        os.kill(process.pid, signal.SIGKILL)
    done = rushes("sync", "apply", "--to", "s3://studio/set", "--json", folder=project).json
    listed = bucket.client.list_objects_v2(Bucket="studio", Prefix="set/")["Contents"]
    keys = [item["Key"] for item in listed if item["Key"].endswith(".jpg")]
    assert {key.rpartition("/")[2].removesuffix(".jpg"): key.split("/")[2] for key in keys} == wanted
    assert len(keys) == len(wanted) == done["objects"]
    assert done["finished"] in (0, 24)  # 0 where it was quicker than the kill
