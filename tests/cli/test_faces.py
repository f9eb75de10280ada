"""`rushes faces`: off until it is turned on, and gone when it is wiped."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from journeys.conftest import run_rushes_here
from rushes.subjects.kept_faces import write_film_faces
from rushes.subjects.kept_films import keep_film_note, note_of
from rushes.subjects.names import Names, read_names, write_names
from rushes.subjects.wiping import wipe_mark
from subjects.people import EMBEDDER, film_of, seen

TOML = """name = "film"
[tasks.scale]
classes = ["MS", "LS"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which faces are on, with those of a film and two names."""
    (tmp_path / "rushes.toml").write_text(f"{TOML}[film]\nfaces = true\n")
    folder = tmp_path / ".rushes" / "faces"
    write_film_faces(folder, film_of([[[seen(1)]], [[seen(2)]]])[0])
    names = Names().with_name("Ada", seen(1).embedding, embedder=EMBEDDER)
    write_names(folder, names.with_name("Grace", seen(2).embedding, embedder=EMBEDDER))
    return tmp_path


def test_where_faces_are_off_nothing_is_looked_for_and_it_says_how_to_turn_them_on(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text(TOML)
    for words in (("list", "film.mp4"), ("list",), ("where", "Ada"), ("name", "film.mp4", 1, "Ada")):
        said = run_rushes_here("faces", *words, "--project", tmp_path, status=2)
        for part in ("faces are off", "faces = true", "stays on this machine", "rushes faces wipe"):
            assert part in said.err
    assert not (tmp_path / ".rushes").exists()


def test_the_names_and_films_of_a_project_are_listed(project: Path) -> None:
    found = run_rushes_here("faces", "list", "--project", project, "--json").json
    assert found["people"] == [{"name": "Ada", "faces": 1}, {"name": "Grace", "faces": 1}]
    [film] = found["films"]
    assert (film["source"], film["film"], film["frames"], film["faces"]) == ("film", None, 2, 2)
    assert "Grace" in run_rushes_here("faces", "list", "--project", project).out


def test_films_are_listed_by_their_names_and_those_that_are_gone_are_told(project: Path) -> None:
    inside = ("--project", project)
    said = run_rushes_here("faces", "where", "Ada", *inside, status=1).err
    assert "faces list FILM" in said  # kept before films had notes
    keep_film_note(project / ".rushes" / "faces", note_of(project / "talk.mp4", "film"))
    assert run_rushes_here("faces", "list", *inside, "--json").json["films"][0]["film"] == str(project / "talk.mp4")
    assert "is no more there" in run_rushes_here("faces", "list", *inside).out
    said = run_rushes_here("faces", "where", "Ada", *inside, status=1).err
    assert "talk.mp4: is no more there" in said
    assert "no faces of any film" not in said


def test_a_name_is_changed_and_taken_away(project: Path) -> None:
    inside = ("--project", project)
    run_rushes_here("faces", "rename", "ada", "Ada Lovelace", *inside, "--dry-run")
    assert read_names(project / ".rushes" / "faces").all == ("Ada", "Grace")
    found = run_rushes_here("faces", "rename", "ada", "Ada Lovelace", *inside, "--json").json
    assert found["names"] == ["Ada Lovelace", "Grace"]
    assert "would forget" in run_rushes_here("faces", "forget", "Grace", *inside, "--dry-run").out
    run_rushes_here("faces", "forget", "Grace", *inside)
    assert read_names(project / ".rushes" / "faces").all == ("Ada Lovelace",)
    assert "Did you mean 'Ada Lovelace'?" in run_rushes_here("faces", "forget", "Ada Lovelac", *inside, status=2).err


def test_a_number_is_of_one_film(project: Path) -> None:
    said = run_rushes_here("faces", "where", 2, "a.mp4", "b.mp4", "--project", project, status=2).err
    assert "another one in each film" in said
    said = run_rushes_here("scenes", "a.mp4", "b.mp4", "--with", 2, "--project", project, status=2).err
    assert "another one in each film" in said


def test_faces_that_are_asked_for_where_they_are_off_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text(TOML)
    words = ("scenes", "film.mp4", "--project", tmp_path, "--dry-run")
    said = run_rushes_here(*words, "--faces", status=1).err
    for part in ("faces are off in", "this once", str(Path(".rushes") / "faces"), "rushes faces wipe --yes"):
        assert part in said
    assert "faces are off" not in run_rushes_here(*words, status=1).err
    (tmp_path / "rushes.toml").write_text(f"{TOML}[film]\nfaces = true\n")
    assert "faces are off" not in run_rushes_here(*words, "--faces", status=1).err


def test_wiping_shows_what_would_go_and_needs_a_yes(project: Path) -> None:
    inside, folder = ("--project", project), project / ".rushes" / "faces"
    assert "would remove 2 files" in run_rushes_here("faces", "wipe", *inside, "--dry-run").out
    assert "nothing was removed" in run_rushes_here("faces", "wipe", *inside, status=2).err
    assert folder.is_dir()
    found = run_rushes_here("faces", "wipe", "--yes", *inside, "--json").json
    assert found["wiped"] is True
    assert found["files"] == 2
    assert not folder.exists()
    assert "no face data is kept" in run_rushes_here("faces", "wipe", *inside).out
    mark = wipe_mark(folder)
    assert "no face data was kept" in run_rushes_here("faces", "wipe", "--yes", *inside).out
    assert wipe_mark(folder) != mark, "a look that runs and has kept nothing yet is to keep nothing"
    folder.symlink_to(project)
    assert "nothing was removed" in run_rushes_here("faces", "wipe", "--yes", *inside, status=2).err


def test_models_are_listed_with_their_licence_and_place(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text(TOML)
    found = run_rushes_here("faces", "models", "--project", tmp_path, "--json").json["models"]
    of = {one["name"]: one for one in found}
    assert of["yunet"]["licence"] == "MIT"
    assert of["sface"]["near"] == 0.363
    assert "not measured" in of["sface"]["joined_source"]
    assert "not measured" in run_rushes_here("faces", "models", "--project", tmp_path).out
    assert of["mobilefacenet"]["url"] is None
    assert all(one["does"] in ("faces", "face embedding") for one in found)


@pytest.mark.longer
def test_signers_are_named_once_and_found_again(media: Path, ffmpeg: str, tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text(f"{TOML}[film]\nfaces = true\n")
    (tmp_path / "weights").mkdir()
    for name in ("face_detection_yunet_n_640.onnx", "face_embedding_mobilefacenet.onnx"):
        shutil.copyfile(media / "weights" / name, tmp_path / "weights" / name)
    first = joined(ffmpeg, media, tmp_path / "first.mp4", "again", "bird", "brother", "book", "milk")
    second = joined(ffmpeg, media, tmp_path / "second half.mp4", "learn", "student", "eat")
    inside = ("--project", tmp_path)

    def characters(film: Path) -> dict[tuple[int, ...], str | None]:
        found = run_rushes_here("faces", "list", film, *inside, "--json").json["characters"]
        return {tuple(one["shots"]): one["name"] for one in found}

    assert f"rushes faces name '{second}' NUMBER NAME" in run_rushes_here("faces", "list", second, *inside).out
    assert set(characters(first)) == {(1, 3), (2, 5), (4,)}
    number = list(characters(first)).index((1, 3)) + 1
    run_rushes_here("faces", "name", first, number, "Ada", *inside)
    assert characters(first)[1, 3] == "Ada"
    assert characters(second) == {(1,): None, (2,): "Ada", (3,): None}
    found = run_rushes_here("faces", "where", "ada", first, second, *inside, "--json").json["scenes"]
    assert {(one["film"], shot) for one in found for shot in one["shots_with"]} == {
        ("first", 1), ("first", 3), ("second-half", 2)
    }  # fmt: skip
    run_rushes_here("faces", "split", first, number, 3, *inside)
    assert characters(first) == {(1,): "Ada", (3,): None, (2, 5): None, (4,): None}
    said = run_rushes_here("faces", "where", "Eve", first, *inside, status=2)
    assert "Eve" in said.err
    page = tmp_path / "{name}.html"
    found = run_rushes_here("scenes", first, second, "--with", "Grace", *inside, status=2)
    assert "no character 'Grace'" in found.err
    forgotten = list(characters(second)).index((2,)) + 1
    run_rushes_here("faces", "split", second, forgotten, 2, *inside)
    found = run_rushes_here("scenes", second, first, "--with", "ada", "--write", page, *inside)
    assert "second-half has no character 'ada'" in found.out
    shown = (tmp_path / "first.html").read_text(encoding="utf-8")
    assert shown.count('<img class="still"') == len(characters(first))
    assert "of persons. Whoever has the page" in shown
    assert len(list((tmp_path / ".rushes" / "faces" / "pictures").rglob("*.jpg"))) >= len(characters(first))


def joined(ffmpeg: str, media: Path, to: Path, *clips: str) -> Path:
    """Cut clips one after another into a film."""
    listed = to.with_suffix(".txt")
    listed.write_text("".join(f"file '{media / 'videos' / 'asl' / clip}.mkv'\n" for clip in clips))
    words = [ffmpeg, "-v", "error", "-f", "concat", "-safe", "0", "-i", str(listed), "-an", "-r", "30"]
    subprocess.run([*words, "-c:v", "mpeg4", "-q:v", "2", str(to)], check=True)
    return to
