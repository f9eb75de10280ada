"""`rushes labels suggest`: what it says and what then stands."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from footage.test_quality import sharp
from rushes.catalog.catalog import open_catalog
from rushes.cli.main import main
from rushes.footage.picture import encode_picture
from rushes.labels.label import Label
from rushes.labels.trust import resolve
from rushes.project import Project, read_project

CROWD = 24


class Door:
    """A project with photographs, most of them alike, and the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder / "project", capsys
        self.shoot = folder / "shoot"
        self.shoot.mkdir()
        usual = sharp(0)
        for number in range(CROWD):
            self.put(f"alike{number:02d}", np.clip(usual.astype(np.int16) + number, 0, 255).astype(np.uint8))
        for number in range(1, 7):
            self.put(f"alone{number}", sharp(number))
        self.put("black", np.zeros((90, 160, 3), np.uint8))
        self.say("init", self.folder, "--template", "rarity")
        self.say("ingest", self.shoot, "--project", self.folder)

    def put(self, name: str, pixels: np.ndarray) -> None:
        (self.shoot / f"{name}.png").write_bytes(encode_picture(np.ascontiguousarray(pixels[::2, ::2]), "png"))

    @property
    def project(self) -> Project:
        return read_project(self.folder)

    def say(self, *words: object, status: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        out, err = self.capsys.readouterr()
        assert end.value.code == status, out + err
        return out, " ".join(err.split())

    def suggest(self, *words: object, status: int = 0) -> Any:
        words = ("labels", "suggest", "--project", self.folder, *words, "--json")
        return json.loads(self.say(*words, status=status)[0])

    def label(self, name: str, class_name: str, origin: str = "jonny") -> None:
        with open_catalog(self.project.catalog_place) as catalog:
            (frame,) = [item.frame.id for item in catalog.frames() if item.frame.name == name]
            catalog.append_labels([Label(frame, "rarity", class_name, origin, "2026-11-20T12:00:00Z", "s", "s")])

    def standing(self) -> dict[str, tuple[str | None, str]]:
        project = self.project
        with open_catalog(project.catalog_place) as catalog:
            names = {item.frame.id: item.frame.name for item in catalog.frames()}
            resolved = resolve(catalog.labels(task="rarity"), project.trust_of(project.task("rarity")))
        return {names[frame]: (answer.label.class_name, answer.label.origin) for frame, answer in resolved.items()}


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Door:
    return Door(tmp_path, capsys)


def test_every_frame_gets_a_class_and_the_output_says_why(door: Door) -> None:
    out, err = door.say("labels", "suggest", "--project", door.folder)
    assert "edges of the score: Common up to 0." in out
    assert "31 frames suggested for; 0 labelled ones left out" in out
    assert "31 statements appended, 0 withdrawn" in out
    assert "black: 100% of it is black" in out
    assert err.startswith("look: 31 of 31")
    standing = door.standing()
    assert Counter(origin for _, origin in standing.values()) == {"unsupervised": 31}
    assert standing["black"][0] == "Junk"
    assert {name for name, (class_name, _) in standing.items() if class_name in ("Rare", "Legendary")} <= {
        f"alone{number}" for number in range(1, 7)
    }


def test_a_dry_run_says_the_same_and_changes_nothing(door: Door) -> None:
    said = door.suggest("--dry-run")
    assert (said["dry_run"], said["appended"]) == (True, 31)
    assert door.standing() == {}


def test_labelled_frames_are_left_out_and_their_suggestions_withdrawn_when_it_runs_again(door: Door) -> None:
    door.label("alike00", "Legendary")
    first = door.suggest()
    assert (first["left_out"], first["appended"]) == (1, 30)
    assert door.suggest()["appended"] == 0
    door.label("alike01", "Rare", "supervised")
    again = door.suggest()
    assert (again["appended"], again["withdrawn"], again["left_out"]) == (0, 1, 2)
    assert door.standing()["alike01"] == ("Rare", "supervised")


def test_with_all_labelled_frames_are_suggested_for_and_their_labels_stand(door: Door) -> None:
    door.label("alike00", "Legendary")
    door.label("alike01", "Rare", "unsupervised")  # a sheet's own column
    said = door.suggest("--all")
    assert (said["left_out"], said["appended"]) == (1, 30)
    assert door.standing()["alike00"] == ("Legendary", "jonny")
    assert door.standing()["alike01"] == ("Rare", "unsupervised")
    assert door.suggest()["withdrawn"] == 1


def test_pictures_that_cannot_be_read_fail_and_keep_what_was_suggested(door: Door) -> None:
    door.suggest()
    before = door.standing()
    (picture,) = door.folder.glob("frames/**/*alone1*.jpg")
    picture.unlink()
    for kept in door.folder.glob(".rushes/cache/descriptions/**/*.npz"):
        kept.unlink()
    said = door.suggest(status=1)
    (failed,) = said["failed"]
    assert failed.startswith("frames/stills/alone1.jpg: the file is missing. Put it back")
    assert said["withdrawn"] == 0
    assert door.standing()["alone1"] == before["alone1"]


def test_the_page_shows_the_suggested_frames_with_their_reasons(door: Door, tmp_path: Path) -> None:
    page = tmp_path / "suggested.html"
    assert door.suggest("--page", page)["page"] == str(page)
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure>") == 31
    assert text.count("<img ") == 31
    assert "black: 100% of it is black" in text
    assert text.index("<h2>Legendary</h2>") < text.index("<h2>Common</h2>") < text.index("<h2>Junk</h2>")
    assert "http" not in text.replace("http-equiv", "")


def test_subjects_that_are_scarce_make_rarer(door: Door) -> None:
    plain = {one["frame"]: one["score"] for one in door.suggest()["suggestions"]}
    with open_catalog(door.project.catalog_place) as catalog:
        words = {item.frame.id: ("street",) for item in catalog.frames()}
        (dragon,) = [item.frame.id for item in catalog.frames() if item.frame.name == "alike05"]
        catalog.set_subjects("s", words | {dragon: ("street", "dragon")})
    told = {one["frame"]: one for one in door.suggest()["suggestions"]}
    assert told["alike05"]["score"] > plain["alike05"]
    assert "'dragon' is in 1 frame" in told["alike05"]["why"]


def test_a_task_without_quantiles_and_a_catalog_without_frames_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], door: Door
) -> None:
    door.say("init", tmp_path / "plain", "--task", "scale=LS,MS,CS")
    said = door.say("labels", "suggest", "--project", tmp_path / "plain", status=2)[1]
    assert "nothing says that the classes of scale run from common to rare" in said
    assert "[tasks.scale.suggest]" in said
    door.say("init", tmp_path / "empty", "--template", "rarity")
    assert "holds no frames" in door.say("labels", "suggest", "--project", tmp_path / "empty", status=2)[1]


def test_a_backbone_sees_the_same_frames_and_its_features_are_kept(door: Door) -> None:
    pytest.importorskip("timm")
    import timm
    from safetensors.torch import save_file

    weights = door.folder / "weights.safetensors"
    save_file(timm.create_model("test_vit", num_classes=0).state_dict(), weights)
    (door.folder / "recipes" / "seen.toml").write_text(
        '[model]\nkind = "features"\nbackbone = "test_vit"\nweights = "weights.safetensors"\n'
    )
    said = door.suggest("--backbone", "seen")
    assert sum(said["classes"].values()) == 31
    assert said["classes"]["Junk"] == 1
    assert list(door.folder.glob(".rushes/cache/features/*/part-*.npz"))
    said = door.say("labels", "suggest", "--project", door.folder, "--backbone", "no_such_net", status=2)
    assert "does not know" in said[1]
    assert (
        "has no backbone" in door.say("labels", "suggest", "--project", door.folder, "--backbone", "cnn", status=2)[1]
    )
