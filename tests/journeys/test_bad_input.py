"""Wrong input: one clear error that says what to do, and nothing half-written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.painted import write_film, write_sound
from footage.stills import png_that_states, quarters, write_jpeg, write_raw
from journeys.conftest import Rushes
from rushes.footage.picture import decode_picture, encode_picture


@pytest.fixture
def project(rushes: Rushes, tmp_path: Path) -> Path:
    """A project with a task and nothing else, in a folder with a space in its name."""
    folder = tmp_path / "my project"
    rushes("init", folder, "--template", "shots", "--task", "side=left,right")
    return folder


def films(tmp_path: Path, *counts: int) -> Path:
    folder = tmp_path / "films"
    folder.mkdir(exist_ok=True)
    for count in counts:
        write_film(folder / f"film{count}.mp4", count)
    return folder


def label(project: Path, *rows: tuple[str, str], columns: str = "frame,side") -> Path:
    sheet = project / "labels.csv"
    sheet.write_text("\n".join([columns, *(f"{frame},{side}" for frame, side in rows)]) + "\n")
    return sheet


def frame_names(project: Path) -> list[str]:
    return sorted(path.stem for path in (project / "frames").rglob("*.jpg"))


def test_an_unknown_verb_is_answered_with_the_nearest(rushes: Rushes) -> None:
    said = rushes("ingst", status=2)
    assert "Did you mean 'ingest'?" in said.err


def test_outside_a_project_the_way_to_make_one_is_named(rushes: Rushes, tmp_path: Path) -> None:
    said = rushes("status", folder=tmp_path, status=2)
    assert "rushes init" in said.err
    assert list(tmp_path.iterdir()) == []


def test_bad_files_are_listed_with_reason_and_remedy_and_the_others_are_taken_in(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    folder = films(tmp_path, 30)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mov").write_text("this is no film")
    (folder / "cut.mp4").write_bytes((folder / "film30.mp4").read_bytes()[:2000])
    (folder / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    (folder / "raw.nef").write_text("no raw")
    (folder / "folder.mp4").mkdir()
    write_sound(folder / "sound.mkv")
    said = rushes("ingest", folder, folder / "nowhere.mp4", "--every", "1s", folder=project, status=1)
    for name in ("empty.mp4", "text.mov", "cut.mp4", "picture.jpg", "raw.nef", "sound.mkv", "nowhere.mp4"):
        lines = [line for line in said.err.splitlines() if f"{name}:" in line]
        assert len(lines) == 1, (name, said.err)
        assert lines[0].rstrip().endswith(tuple("abcdefghijklmnopqrstuvwxyz0123456789.')")), lines
    assert frame_names(project) == ["film30_FRM-00-00-00-00", "film30_FRM-00-00-01-00"]
    assert not [path for path in (project / "frames").rglob("*") if path.name.startswith(".")]


def test_a_project_never_takes_in_what_it_made_itself(rushes: Rushes, project: Path, tmp_path: Path) -> None:
    films(project, 30)
    for _ in range(2):
        said = rushes("ingest", ".", "--every", "0.5s", "--thumbnail", "32", "--json", folder=project)
        assert (said.json["sources"], said.json["frames_new"] + said.json["frames_known"]) == (1, 3)
    assert rushes("ingest", tmp_path, "--every", "0.5s", "--json", folder=project).json["sources"] == 1
    named = rushes("ingest", "frames", "--json", folder=project).json
    assert named["sources"] == 3


def test_where_nothing_is_there_no_count_is_told(rushes: Rushes, project: Path) -> None:
    said = rushes("ingest", "nowhere.mp4", folder=project, status=1)
    assert said.out == ""
    assert said.err.splitlines()[0] == "nowhere.mp4: there is no such file or folder. Check the name"


def test_other_settings_leave_pictures_as_they_are_and_say_so_once(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    folder = films(tmp_path, 30, 60)
    said = rushes("ingest", folder, "--every", "1s", folder=project)
    assert "made with another" not in said.err
    said = rushes("ingest", folder, "--every", "1s", "--size", "32", folder=project)
    assert said.err.count("note: 5 pictures were made with another size or format and stay as they are") == 1


def test_bad_photographs_and_raws_are_one_line_each_and_the_others_are_taken_in(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shoot"
    good = write_jpeg(folder / "good.jpg")
    shutil.copy(good, folder / "called.png")
    Image.fromarray(quarters()).save(folder / "pixels.png")
    (folder / "pixels.png").rename(folder / "called.nef")
    Image.new("RGB", (1, 1), (9, 8, 7)).save(folder / "one.png")
    frames = [Image.fromarray(quarters()), Image.new("RGB", (80, 60))]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    whole = write_raw(folder / "cut.dng", sensor=(3000, 2000), preview_width=720).read_bytes()
    (folder / "cut.dng").write_bytes(whole[:1_000_000])
    bad = {
        "empty.jpg": (b"", "is empty (0 bytes)"),
        "text.dng": (b"this is no raw", "no camera raw"),
        "words.heic": (b"this is no picture", "is not a picture"),
        "half.jpg": (good.read_bytes()[:9000], "is cut off"),
        "bomb.png": (png_that_states(60000, 60000), "is larger than rushes opens"),
        "stub.dng": (whole[:400], "is "),
    }
    for name, (content, _) in bad.items():
        (folder / name).write_bytes(content)
    Image.new("1", (16384, 16384)).save(folder / "vast.png")
    (folder / "folder.jpg").mkdir()
    said = rushes("ingest", folder, folder / "gone.jpg", "--json", folder=project, status=1)
    reasons = {**{name: reason for name, (_, reason) in bad.items()}, "vast.png": "is larger than rushes opens",
               "gone.jpg": "no such file", "cut.dng": "is cut off (1,000,000 of some "}  # fmt: skip
    assert len(said.json["failed"]) == len(reasons)
    for name, reason in reasons.items():
        lines = [line for line in said.err.splitlines() if f"{name}:" in line]
        assert len(lines) == 1, (name, said.err)
        assert reason in lines[0]
    taken = {Path(file["path"]).name for file in said.json["files"]}
    assert taken == {"called.png", "called.nef", "good.jpg", "one.png", "moving.gif", "cut.dng"}
    assert len(frame_names(project)) == 5  # called.png is good.jpg once more
    assert not [path for path in (project / "frames").rglob("*") if path.name.startswith(".")]


def test_a_raw_and_its_jpeg_are_one_sample_that_a_sheet_may_call_by_either_name(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    for number in range(3):
        write_raw(tmp_path / "shoot" / f"DSC_{number}.DNG", level=2000 + 500 * number)
        write_jpeg(tmp_path / "shoot" / f"DSC_{number}.JPG", np.roll(quarters(1200, 800), 100 * number, axis=1))
    (tmp_path / "shoot" / "DSC_2.JPG").write_bytes(b"")
    plan = rushes("ingest", tmp_path / "shoot", "--dry-run", folder=project)
    assert "DSC_0.DNG with DSC_0.JPG" in plan.out
    said = rushes("ingest", tmp_path / "shoot", "--raw", "preview", folder=project, status=1)
    assert "0 films and 3 photographs: 3 new frames" in said.out
    assert "2 raws paired with the JPEG or HEIC beside them" in said.out
    assert "DSC_2.JPG: is empty (0 bytes). Copy it again from where it came from; DSC_2.DNG stands for it" in said.err
    write_jpeg(tmp_path / "shoot" / "DSC_2.JPG")
    again = rushes("ingest", tmp_path / "shoot", "--json", folder=project).json
    beside = sorted(Path(file["companions"][0]).name for file in again["files"])
    assert beside == ["DSC_0.JPG", "DSC_1.JPG", "DSC_2.JPG"]
    assert again["frames_known"] == 3
    sheet = label(project, ("DSC_0.JPG", "left"), ("DSC_1.DNG", "right"), ("DSC_2", "left"))
    assert rushes("labels", "import", sheet, "--json", folder=project).json["appended"] == 3


def test_a_word_for_raws_that_there_is_none_of_names_the_nearest(rushes: Rushes, project: Path, tmp_path: Path) -> None:
    said = rushes("ingest", tmp_path, "--raw", "ful", folder=project, status=2)
    assert "--raw ful: Did you mean 'full'?" in said.err
    toml = project / "rushes.toml"
    toml.write_text(toml.read_text().replace('raw = "preview"', 'raw = "previews"'))
    assert "[ingest] raw is 'previews'. Did you mean 'preview'?" in rushes("status", folder=project, status=2).err


def test_a_sheet_that_names_no_classes_says_what_was_found_and_what_to_write(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    rushes("ingest", films(tmp_path, 30), "--every", "1s", folder=project)
    said = rushes("labels", "import", label(project, ("a", "b"), columns="picture,verdict"), folder=project, status=2)
    assert "--map" in said.err
    assert "'verdict'" in said.err


def test_faulty_rows_are_listed_with_row_column_and_suggestion_and_the_others_count(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    rushes("ingest", films(tmp_path, 55), "--every", "1s", folder=project)
    names = frame_names(project)
    sheet = label(
        project, (names[0], "left"), (names[1], "rihgt"), (names[2], "right"), ("film55_FRM-00-09-00-00", "left")
    )
    said = rushes("labels", "import", sheet, "--json", folder=project, status=1)
    assert said.json["appended"] == 2
    assert said.json["failed"] == ["labels.csv, row 3, side: 'rihgt' is not a class of side. Did you mean 'right'?"]
    assert len(said.json["unmatched"]) == 1
    strict = rushes("labels", "import", sheet, "--strict", folder=project, status=2)
    assert "row 3, side: 'rihgt'" in strict.err
    assert rushes("status", "--json", folder=project).json["tasks"]["side"]["labelled"] == 2


def test_one_group_cannot_be_split_and_the_ways_out_are_named(rushes: Rushes, project: Path, tmp_path: Path) -> None:
    rushes("ingest", films(tmp_path, 80), "--every", "1s", folder=project)
    names = frame_names(project)
    rushes("labels", "import", label(project, *zip(names, ["left", "right"] * 2, strict=True)), folder=project)
    rushes("manifest", "build", folder=project)
    said = rushes("split", "make", folder=project, status=2)
    assert "at least three groups" in said.err
    assert "--kind mixed" in said.err
    assert not (project / "splits").exists()


def test_steps_out_of_order_name_the_step_before(rushes: Rushes, project: Path, tmp_path: Path) -> None:
    assert "rushes ingest" in rushes("manifest", "build", folder=project, status=2).err
    rushes("ingest", films(tmp_path, 30), "--every", "1s", folder=project)
    assert "rushes labels import" in rushes("manifest", "build", folder=project, status=2).err
    assert "rushes manifest build" in rushes("split", "make", folder=project, status=2).err
    assert "rushes manifest build" in rushes("train", "cnn", folder=project, status=2).err
    assert "rushes train" in rushes("evaluate", folder=project, status=2).err
    assert "rushes train" in rushes("export", folder=project, status=2).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "training.epoch=3"), "unknown key 'training.epoch'. Did you mean 'training.epochs'"),
        (("--set", "model.kind=cn"), "model.kind is 'cn'. Did you mean 'cnn'"),
        (("--set", "training.epochs=many"), "must be a whole number"),
        (("--set", "epochs"), "section.key=value"),
    ],
)
def test_a_recipe_that_cannot_be_followed_names_the_nearest_key(
    rushes: Rushes, project: Path, words: tuple[str, ...], message: str
) -> None:
    assert message in rushes("train", "cnn", *words, folder=project, status=2).err


def test_a_recipe_that_is_not_there_is_named(rushes: Rushes, project: Path) -> None:
    assert "there is no recipe" in rushes("train", "featres", folder=project, status=2).err


def shoot(tmp_path: Path, count: int = 12) -> list[str]:
    """Write photographs that look nothing alike, each in a folder of its own; return their frames' names."""
    for number in range(count):
        path = tmp_path / "shoots" / f"shoot{number:02d}" / f"photo{number:02d}.jpg"
        path.parent.mkdir(parents=True)
        coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        path.write_bytes(encode_picture(coarse.repeat(20, 0).repeat(20, 1), "jpeg", 95))
    return [f"photo{number:02d}" for number in range(count)]


def test_a_task_with_one_class_in_its_labels_is_refused(rushes: Rushes, project: Path, tmp_path: Path) -> None:
    names = shoot(tmp_path)
    rushes("ingest", tmp_path / "shoots", folder=project)
    rushes("labels", "import", label(project, *((name, "left") for name in names)), folder=project)
    rushes("manifest", "build", folder=project)
    rushes("split", "make", folder=project)
    said = rushes("train", "cnn", folder=project, status=2)
    assert "right" in said.err
    assert not list((project / "runs").glob("*"))


def test_a_class_that_only_a_held_out_shoot_has_is_named(rushes: Rushes, project: Path, tmp_path: Path) -> None:
    names = shoot(tmp_path)
    rushes("ingest", tmp_path / "shoots", folder=project)
    rushes("labels", "import", label(project, *((name, "left") for name in names)), folder=project)
    rushes("manifest", "build", folder=project)
    groups = rushes("split", "make", "--json", folder=project).json["groups"]
    rows = [(name, "right" if groups[f"shoot{name[-2:]}"] == "test" else "left") for name in names]
    rushes("labels", "import", label(project, *rows), folder=project)
    rushes("manifest", "build", folder=project)
    after = rushes("split", "make", "--json", folder=project).json
    assert after["groups"] == groups
    assert after["counts"]["train"]["right"] == 0
    said = rushes("train", "cnn", folder=project, status=2)
    assert "right" in said.err
    assert "train" in said.err


def test_a_bundle_that_is_none_or_was_altered_is_refused(rushes: Rushes, tmp_path: Path) -> None:
    said = rushes("predict", tmp_path, tmp_path, status=2)
    assert "not a bundle" in said.err
    assert "rushes export" in said.err


def test_a_misspelt_key_in_rushes_toml_names_the_nearest(rushes: Rushes, project: Path) -> None:
    toml = project / "rushes.toml"
    toml.write_text(toml.read_text().replace("quality = 90", "qualty = 90"))
    assert "unknown key 'qualty'. Did you mean 'quality'?" in rushes("status", folder=project, status=2).err


def test_a_name_that_init_cannot_use_writes_nothing(rushes: Rushes, tmp_path: Path) -> None:
    said = rushes("init", tmp_path / "p", "--task", "select=only", status=2)
    assert "at least two" in said.err
    assert not (tmp_path / "p").exists()


@pytest.mark.longer
def test_a_look_alike_labelled_after_the_split_is_not_called_never_watched(
    rushes: Rushes, project: Path, tmp_path: Path
) -> None:
    names = shoot(tmp_path, 24)
    rushes("ingest", tmp_path / "shoots", folder=project)
    sides = {name: ("left", "right")[number % 2] for number, name in enumerate(names)}
    rushes("labels", "import", label(project, *sides.items()), folder=project)
    rushes("manifest", "build", folder=project)
    groups = rushes("split", "make", "--json", folder=project).json["groups"]
    train, test = (next(name for name in names if groups[f"shoot{name[-2:]}"] == part) for part in ("train", "test"))
    # The same photograph, saved once more, turns up in the shoot of a test picture.
    source, copy = (tmp_path / "shoots" / f"shoot{name[-2:]}" for name in (train, test))
    pixels = decode_picture((source / f"{train}.jpg").read_bytes())
    (copy / "again.jpg").write_bytes(encode_picture(pixels, "jpeg", 70))
    rushes("ingest", tmp_path / "shoots", folder=project)
    rushes("labels", "import", label(project, *sides.items(), ("again", "left")), folder=project)
    rushes("manifest", "build", folder=project)
    quick = ("--set", "model.units=[4,4,4,4,8]", "--set", "training.epochs=1")
    run = rushes("train", "cnn", *quick, "--json", folder=project).json
    assert any("again" in leak for leak in run["leaks"])
    judged = rushes("evaluate", "--json", folder=project)
    assert "it never watched" not in judged.json["metrics"]["verdict"]
    assert "again" in judged.err
