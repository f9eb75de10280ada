"""What a detector sees in the frames of a project, and all that its words are then good for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

from journeys.conftest import Said, run_rushes_here
from rushes.footage.picture import encode_picture
from subjects import graphs

SHOOTS, PHOTOGRAPHS = 6, 22
SCARCE = "shoot3_02"  # the one photograph with a blue square


def names() -> Iterator[tuple[int, str]]:
    for shoot in range(SHOOTS):
        for number in range(PHOTOGRAPHS):
            yield shoot, f"shoot{shoot}_{number:02d}"


def has_red(name: str) -> bool:
    return int(name[-1]) % 2 == 0


class Home:
    """A project of photographs in which every second one has a red square, and a detector that finds such."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        random = np.random.default_rng(5)
        lines = ["image,class,group,METADATA"]
        for shoot, name in names():
            places = random.permutation(64)[:2]
            seen = graphs.picture(
                red=(int(places[0]) % 8, int(places[0]) // 8) if has_red(name) else None,
                blue=(int(places[1]) % 8, int(places[1]) // 8) if name == SCARCE else None,
            )
            path = folder / f"shoot{shoot}" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            noise = random.integers(-6, 7, (8, 8, 1)).repeat(32, 0).repeat(32, 1)
            large = np.clip(seen.repeat(4, 0).repeat(4, 1) + noise, 0, 255).astype(np.uint8)
            path.write_bytes(encode_picture(large, "png", 90))
            said = "sunset; Red" if name == "shoot0_01" else ""
            lines.append(f"{name},{'Rare' if has_red(name) else 'Common'},shoot{shoot},{said}")
        self.sheet = folder / "labels.csv"
        self.sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
        run_rushes_here("init", self.folder, "--task", "rarity=Common,Rare")
        toml = self.folder / "rushes.toml"
        text = toml.read_text(encoding="utf-8") + "\n[tasks.rarity.suggest.quantiles]\nCommon = 0.9\n"
        text = text.replace("\n[film]\n", '\n[film]\ndetector = "weights/cells.onnx"\n')
        toml.write_text(text, encoding="utf-8")
        graphs.yolox(self.folder / "weights" / "cells.onnx")
        self.say("ingest", *(folder / f"shoot{shoot}" for shoot in range(SHOOTS)))
        self.say("labels", "import", self.sheet)

    def say(self, *words: object, status: int = 0) -> Said:
        return run_rushes_here(*words, "--project", self.folder, status=status)

    def json(self, *words: object, status: int = 0) -> Any:
        return self.say(*words, "--json", status=status).json


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("subjects"))


def test_what_is_seen_becomes_subjects_and_all_that_they_are_good_for(home: Home) -> None:
    # A dry run plans, looks at nothing, and states nothing.
    total = SHOOTS * PHOTOGRAPHS
    tried = home.json("subjects", "find", "--dry-run")
    assert (tried["would_look_at"], tried["kept"], tried["dry_run"]) == (total, 0, True)
    assert not (home.folder / ".rushes" / "cache" / "detections").exists()
    assert (
        home.json("subjects", "list")["sheets"].keys() == {str(home.sheet)}
        or len(home.json("subjects", "list")["sheets"]) == 1
    )
    [unread] = home.folder.glob(f"frames/**/{SCARCE}.jpg")
    found = home.json("subjects", "find")
    assert (found["looked_at"], found["stated"], found["withdrawn"]) == (total, total // 2, 0)
    again = home.json("subjects", "find", "--dry-run")
    assert (again["would_look_at"], again["kept"]) == (0, total)
    assert found["subjects"] == {"red": total // 2, "blue": 1}
    assert found["sheet"] == "detector:cells"

    # A person's words stay, before the detector's or behind them, and each word counts once.
    listed = home.json("subjects", "list")
    assert {one["word"].casefold(): one["frames"] for one in listed["subjects"]} == {
        "red": total // 2 + 1, "blue": 1, "sunset": 1,
    }  # fmt: skip
    assert listed["with_subjects"] == total // 2 + 1
    shown = home.json("labels", "show", "shoot0_01")["frames"][0]
    assert shown["subjects"] == ["sunset", "Red"]

    # Held to one word, it takes back the other; asked for all again, it looks at nothing that it has seen.
    held = home.json("subjects", "find", "--words", "red")
    assert (held["subjects"], held["stated"]) == ({"red": total // 2}, 1)
    assert home.json("subjects", "find")["looked_at"] == 0

    # As metadata: in exports, in the manifest, in the dataset.
    home.say("labels", "export", home.folder / "labels.csv")
    with (home.folder / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        subjects = {row["name"]: row["subjects"] for row in csv.DictReader(file)}
    assert subjects[SCARCE] in ("red; blue", "blue; red")
    assert subjects["shoot0_03"] == ""
    manifest = Path(home.json("manifest", "build")["path"])
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    assert sum("red" in row.get("subjects", ()) for row in rows) == total // 2
    home.say("split", "make")
    home.say("build", "--to", home.folder / "dataset")
    built = [
        json.loads(line)
        for path in (home.folder / "dataset").rglob("metadata.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(built) > total / 2  # what looks alike in two parts is left out of one
    assert all(("red" in row["subjects"].split(", ")) == (row["label"] == "Rare") for row in built)

    # As a trait of rarity: what few frames have makes a frame rare.
    told = {one["frame"]: one for one in home.json("labels", "suggest", "--all", "--dry-run")["suggestions"]}
    assert told[SCARCE]["score"] == max(one["score"] for one in told.values() if one["frame"] != "shoot0_01")
    assert "'blue' is in 1 frame" in told[SCARCE]["why"]

    # A picture that is gone is told, and what was said of it stays.
    data = unread.read_bytes()
    try:
        unread.unlink()
        for part in (home.folder / ".rushes" / "cache" / "detections").rglob("part-*"):
            part.unlink()
        said = home.say("subjects", "find", "--group", "shoot3", "--json", status=1)
        assert (said.json["frames"], said.json["looked_at"]) == (PHOTOGRAPHS, PHOTOGRAPHS - 1)
        assert len(said.json["unread"]) == 1
        assert home.json("subjects", "list")["sheets"]["detector:cells"] == total // 2
    finally:
        unread.write_bytes(data)

    # Taken back by name; the person's words stay.
    assert home.json("subjects", "clear", "--model", "cells", "--dry-run")["frames"] == total // 2
    assert home.json("subjects", "clear", "--model", "cells")["frames"] == total // 2
    assert home.json("subjects", "list")["with_subjects"] == 1
    assert "no detector 'cells' states anything here" in home.say("subjects", "clear", "--model", "cells", status=2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "nobody.onnx"), "there is no file 'nobody.onnx'"),
        (("--model", "yolox-s", "--dry-run"), "it may not be fetched here. Download it on a connected machine from"),
        (("--model", "yunet"), "'yunet' is a model for faces, not for objects"),
        (("--words", "blu"), "does not know 'blu'. Did you mean 'blue'?"),
        (("--group", "shoot33"), "no source is of that group. Did you mean 'shoot3'?"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    home: Home, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUSHES_MODELS", str(tmp_path))
    assert said in home.say("subjects", "find", *words, status=2).err


@pytest.mark.longer
def test_a_run_is_judged_by_what_is_in_the_pictures(home: Home) -> None:
    pytest.importorskip("torch")
    home.say("subjects", "find")
    home.say("manifest", "build")
    home.say("split", "make")
    quick = ("model.units=[2,2,2,2,2]", "model.dense=4", "training.epochs=1", "training.batch_size=16")
    home.say("train", "cnn", *(word for setting in quick for word in ("--set", setting)))
    home.say("evaluate", "--by", "subjects")
    [metrics] = home.folder.glob("runs/*/metrics.json")
    slices = json.loads(metrics.read_text(encoding="utf-8"))["slices"]["subjects"]
    assert "red" in {one["slice"].casefold() for one in slices}
