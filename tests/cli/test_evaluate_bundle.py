from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.bundles.bundle import seal_bundle
from rushes.cli.main import main
from rushes.datasets.split import Split, write_split
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow, Part
from rushes.labels.manifest_table import format_manifest
from rushes.storage.files import digest_of_bytes, digest_of_file

pytest.importorskip("torch")

COLOURS = {"red": (200, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 200)}
GROUPS: Mapping[str, Part] = {"a": "train", "b": "validation", "c": "test", "d": "test"}
NOW = datetime(2026, 11, 26, 8, 0, 0, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project of plain pictures in four groups, of three each."""
    (tmp_path / "rushes.toml").write_text('[tasks.colour]\nclasses = ["blue", "green", "red"]\n')
    rows = []
    for group in GROUPS:
        for number, (name, colour) in enumerate(COLOURS.items()):
            pixels = np.full((24, 40, 3), colour, np.uint8)
            pixels[number] = 0  # so that no two groups hold the same picture
            pixels[:, "abcd".index(group)] = 255
            file = tmp_path / "frames" / group / f"{group}-{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encode_picture(pixels, "png"))
            rows.append(
                ManifestRow(
                    img_ref=f"frames/{group}/{file.name}", class_name=name, group=group,
                    source=digest_of_bytes(group.encode()), pts=number, timecode="00:00:00:00", origin="jonny",
                    sha256=digest_of_file(file), name=file.stem,
                )
            )  # fmt: skip
    write_manifest(tmp_path, rows)
    split = Split("colour", "grouped", 0, {row.frame_id: GROUPS[row.group] for row in rows}, dict(GROUPS))
    write_split(split, tmp_path / "splits", now=NOW)
    return tmp_path


def write_manifest(place: Path, rows: list[ManifestRow], *, stamp: str = "2026-11-26T080000Z") -> Path:
    path = place / "manifests" / f"colour-manifest-{stamp}.jl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(format_manifest(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that answers the colour that a picture has most of; not to be written to."""
    from bundles.tiny import tiny_bundle

    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder


@pytest.fixture
def bundle_of(place: Path, colours: Path) -> Callable[..., Path]:
    """Put the bundle into the project as if its run had had these digests; return its folder."""

    def copied(**run: Any) -> Path:
        folder = place / "bundles" / "colours"
        shutil.copytree(colours, folder)
        seal_bundle(folder, name="colours", task="colour", run={"name": "by-hand", **run})
        return folder

    return copied


def known_digests(place: Path) -> dict[str, str]:
    from rushes.datasets.split import read_split

    manifest, split = next((place / "manifests").glob("*.jl")), next((place / "splits").glob("*.json"))
    return {"manifest": digest_of_file(manifest), "split": read_split(split).digest}


def evaluated(
    capsys: pytest.CaptureFixture[str], place: Path, *words: str, status: int = 0
) -> tuple[dict[str, Any], str]:
    with pytest.raises(SystemExit) as end:
        main(["evaluate", *words, "--project", str(place), "--json"])
    told = capsys.readouterr()
    assert end.value.code == status, told.err
    return (json.loads(told.out) if status == 0 else {}), told.err


def test_a_bundle_is_judged_on_the_test_part_and_stays_as_it_was(place, bundle_of, capsys):
    folder = bundle_of(**known_digests(place))
    before = {file: digest_of_file(file) for file in folder.rglob("*") if file.is_file()}
    told, _ = evaluated(capsys, place, "colours")
    metrics = told["metrics"]
    assert metrics["test"]["samples"] == 6
    assert metrics["test"]["metrics"]["accuracy"]["value"] == 1
    assert (metrics["part"], metrics["watched"], metrics["run"]) == ("test", "grouped", None)
    assert "it never watched" in metrics["verdict"]
    report = Path(told["report"])
    assert report.parent.parent == place / "evaluations"
    assert report.parent.name.endswith("-colours")
    assert json.loads((report.parent / "metrics.json").read_text()) == metrics
    page = report.read_text(encoding="utf-8")
    assert 'id="training"' not in page
    assert "Made by rushes from bundle" in page
    assert {file: digest_of_file(file) for file in folder.rglob("*") if file.is_file()} == before


def test_what_training_has_seen_is_said_of_every_part(place, bundle_of, capsys):
    folder = str(bundle_of(**known_digests(place)))
    for part, count, watched in (("train", 3, "trained"), ("validation", 3, "chosen"), ("all", 12, "trained")):
        metrics = evaluated(capsys, place, folder, "--part", part)[0]["metrics"]
        assert (metrics["test"]["samples"], metrics["watched"]) == (count, watched)
        assert "it never watched" not in metrics["verdict"]
        assert any("--part test" in warning for warning in metrics["warnings"])


def test_a_bundle_from_elsewhere_may_have_seen_anything_and_that_is_said(place, bundle_of, capsys):
    told, err = evaluated(capsys, place, str(bundle_of(manifest="00", split="00")))
    assert told["metrics"]["watched"] == "unknown"
    assert "of which nobody knows whether training has watched them" in told["metrics"]["verdict"]
    assert "cannot be known" in err
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "perhaps watched" in page
    assert "unseen groups" not in page


def test_labels_that_changed_since_leave_the_test_part_held_out_and_are_said(place, bundle_of, capsys):
    digests = known_digests(place) | {"manifest": "00"}
    told, err = evaluated(capsys, place, str(bundle_of(**digests)))
    assert told["metrics"]["watched"] == "grouped"
    assert "The labels have changed since" in err


def test_pictures_that_cannot_be_read_are_left_out_and_counted(place, bundle_of, capsys):
    folder = bundle_of(**known_digests(place))
    (place / "frames" / "c" / "c-red.png").unlink()
    (place / "frames" / "d" / "d-blue.png").write_bytes(b"no picture")
    told, err = evaluated(capsys, place, str(folder))
    assert told["metrics"]["test"]["samples"] == 4
    assert len(told["metrics"]["unreadable"]) == 2
    assert "2 of 6 pictures could not be used and are left out" in err


def test_labels_that_are_no_class_of_the_bundle_are_counted(place, bundle_of, capsys):
    from rushes.labels.manifest import read_manifest

    folder = bundle_of(**known_digests(place))
    rows = read_manifest(next((place / "manifests").glob("*.jl")))
    strange = [replace(row, class_name="pink") if row.name == "c-red" else row for row in rows]
    write_manifest(place, strange, stamp="2026-11-27T080000Z")
    told, err = evaluated(capsys, place, str(folder))
    assert told["metrics"]["labels_outside"] == {"pink": 1}
    assert told["metrics"]["test"]["samples"] == 5
    assert "no class of the bundle: 'pink' (1)" in err


def test_other_classes_or_tasks_are_refused_and_the_difference_named(place, bundle_of, capsys):
    folder = bundle_of()
    (place / "rushes.toml").write_text('[tasks.colour]\nclasses = ["blue", "green", "pink"]\n')
    _, err = evaluated(capsys, place, str(folder), status=2)
    assert "the bundle lacks pink and the task lacks red" in " ".join(err.split())
    (place / "rushes.toml").write_text('[tasks.shade]\nclasses = ["light", "dark"]\n')
    _, err = evaluated(capsys, place, str(folder), status=2)
    assert "no task of this project. It has: shade" in " ".join(err.split())


def test_options_that_do_not_fit_are_refused(place, bundle_of, capsys):
    folder = str(bundle_of())
    assert "Allowed" in evaluated(capsys, place, folder, "--part", "everything", status=2)[1]
    assert "--mixed is of runs" in evaluated(capsys, place, folder, "--mixed", "x", status=2)[1]
    assert "--part test is of bundles" in " ".join(evaluated(capsys, place, "--part", "test", status=2)[1].split())


def test_slices_thresholds_and_calibration_of_a_bundle_are_judged(place, bundle_of, capsys):
    folder = bundle_of(**known_digests(place))
    classes = json.loads((folder / "classes.json").read_text())["classes"]
    (folder / "thresholds.json").write_text(json.dumps({
        "schema": "thresholds/1", "classes": classes,
        "thresholds": {name: {"threshold": 0.5, "wish": "recall >= 0.9"} for name in classes},
    }))  # fmt: skip
    seal_bundle(folder, name="colours", task="colour", run={"name": "by-hand", **known_digests(place)})
    (place / "light.csv").write_text("group,light\nc,day\nd,night\n")
    (place / "frames" / "c" / "c-red.png").unlink()  # so that rows of the manifest and answers are not the same
    told, _ = evaluated(capsys, place, "colours", "--with", str(place / "light.csv"), "--by", "light")
    metrics = told["metrics"]
    assert {one["slice"]: one["samples"] for one in metrics["slices"]["light"]} == {"other": 5}
    assert metrics["thresholds"]["red"]["test"]["samples"] == 5
    assert metrics["thresholds"]["red"]["wish"] == "recall >= 0.9"
    assert (metrics["calibration"]["kind"], metrics["calibration"]["applied"]) == ("none", False)
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "came with the model, chosen on the validation of its run" in page
    assert "--by light" in page
    assert "most like each is left out: the bundle carries none" in page


def test_a_column_that_is_not_there_is_told_before_anything_is_answered(place, bundle_of, capsys):
    _, err = evaluated(capsys, place, str(bundle_of()), "--by", "camra", status=2)
    assert "there is no such column" in " ".join(err.split())
    assert not (place / "evaluations").exists()


def test_labels_that_training_was_told_are_not_doubted_by_its_answers(place, bundle_of, capsys):
    folder = str(bundle_of(**known_digests(place)))
    for part in ("train", "all"):
        errors = evaluated(capsys, place, folder, "--part", part)[0]["metrics"]["label_errors"]
        assert (errors["found"], errors["samples"]) == (None, {})
        assert "training was told" in errors["reason"]
    assert "training was told" not in evaluated(capsys, place, folder)[0]["metrics"]["label_errors"]["reason"]


def test_without_a_split_only_all_samples_can_be_judged(place, bundle_of, capsys):
    folder = str(bundle_of())
    next((place / "splits").glob("*.json")).unlink()
    assert "--part all" in " ".join(evaluated(capsys, place, folder, status=2)[1].split())
    assert evaluated(capsys, place, folder, "--part", "all")[0]["metrics"]["watched"] == "unknown"


def test_a_part_of_which_nothing_can_be_read_is_an_error(place, bundle_of, capsys):
    folder = str(bundle_of(**known_digests(place)))
    for file in (place / "frames").rglob("*.png"):
        file.unlink()
    _, err = evaluated(capsys, place, folder, status=2)
    assert "none of the 6 labelled pictures" in " ".join(err.split())
    assert not (place / "evaluations").exists()
