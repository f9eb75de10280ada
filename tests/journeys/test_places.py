"""A studio's films lie in a bucket and on a web server: taken in and predicted where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.loopback_s3 import Store, environment, s3_here

from inference.plain import write_film, write_photo
from journeys.conftest import Rushes, run_rushes_here
from rushes.catalog.catalog import open_catalog
from storage.folders import reached_by
from storage.servers import Bucket, WebServer, s3_store, web_server

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    monkeypatch.setenv("HOME", str(tmp_path))  # where profiles of a person's own could be
    with s3_store("rushes-journey") as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def project(rushes: Rushes, tmp_path: Path) -> Path:
    rushes("init", tmp_path / "project", "--task", "side=left,right")
    return tmp_path / "project"


def test_films_and_photographs_are_taken_in_from_a_bucket_a_server_and_a_folder(
    rushes: Rushes, project: Path, bucket: Bucket, web: WebServer, tmp_path: Path
) -> None:
    colours = [("red", 10), ("green", 10)]
    bucket.put("films/one.mp4", write_film(tmp_path / "one.mp4", colours).read_bytes())
    bucket.put("films/two.mkv", write_film(tmp_path / "two.mkv", colours).read_bytes())
    bucket.put("films/shoot/1.jpg", write_photo(tmp_path / "1.jpg", "blue").read_bytes())
    bucket.put("films/notes.txt", b"passed over")
    bucket.put("films/broken.mp4", b"no film at all")
    address = web.put("/three (1).mp4", write_film(tmp_path / "three.mp4", colours).read_bytes())
    signed = address.replace(" ", "%20") + "?X-Amz-Signature=hush"
    local = tmp_path / "local"
    write_film(local / "four.mp4", colours)
    missing = ("s3://rushes-journey/gone.mp4", "s3://rushes-nowhere/", f"{web.base}/gone.mp4", f"{web.base}/")
    said = rushes(
        "ingest", "s3://rushes-journey/films/", signed, local, *missing, "--every", "1s", "--json",
        folder=project, status=1,
    )  # fmt: skip
    files = {Path(file["path"]).name.partition("?")[0]: file for file in said.json["files"]}
    assert set(files) == {"one.mp4", "two.mkv", "1.jpg", "three%20(1).mp4", "four.mp4"}
    assert files["1.jpg"]["group"] == "shoot"
    assert files["three%20(1).mp4"]["name"] == "three-1"
    for name in ("one.mp4", "two.mkv", "1.jpg", "three%20(1).mp4"):
        assert 0 < files[name]["fetched_bytes"] <= files[name]["size_bytes"]
    assert (files["four.mp4"]["fetched_bytes"], files["four.mp4"]["size_bytes"]) == (0, None)
    failed = {line.partition(": ")[0] for line in said.json["failed"]}
    assert failed == {*missing, "s3://rushes-journey/films/broken.mp4"}
    assert "hush" not in said.out + said.err
    assert not [path for path in project.rglob("*") if path.is_file() and b"hush" in path.read_bytes()]
    again = rushes("ingest", "s3://rushes-journey/films/", signed, "--every", "1s", "--json", folder=project, status=1)
    assert (again.json["frames_new"], again.json["frames_known"]) == (0, 7)
    shown = rushes("ingest", signed, "--every", "1s", folder=project)
    assert "fetched" in shown.out
    assert "of 1 remote file" in shown.out


def test_the_shots_of_a_film_in_a_bucket_are_those_of_the_film_on_disk(
    rushes: Rushes, bucket: Bucket, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "one.mp4", [("red", 30), ("green", 30)])
    place = bucket.put("films/part one.mp4", film.read_bytes())
    here = rushes("shots", film, "--json").json
    there = rushes(
        "shots", place, "--write", tmp_path / "{name}.edl", tmp_path / "{name}.otio", tmp_path / "sheet.jpg", "--json"
    ).json
    assert [film["shots"] for film in there["films"]] == [film["shots"] for film in here["films"]]
    assert there["films"][0]["path"] == place
    assert "part one.mp4" in (tmp_path / "part-one.edl").read_text()
    assert "s3://rushes-journey/films/part one.mp4" in (tmp_path / "part-one.otio").read_text()
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000
    (fetched,) = there["fetched"]
    assert 0 < fetched["fetched_bytes"] <= fetched["size_bytes"] == film.stat().st_size
    missing = rushes("shots", "s3://rushes-journey/gone.mp4", "--dry-run", status=1)
    assert "s3://rushes-journey/gone.mp4: there is no such file" in missing.err


def test_a_dry_run_lists_what_a_bucket_holds_and_reads_none_of_it(
    rushes: Rushes, project: Path, bucket: Bucket
) -> None:
    for name in ("b10.mp4", "b9.mp4", ".hidden.mp4"):
        bucket.put(f"films/{name}", b"not read")
    said = rushes("ingest", "s3://rushes-journey/films", "--dry-run", "--json", folder=project)
    assert said.json["would_ingest"] == [f"s3://rushes-journey/films/{name}" for name in ("b9.mp4", "b10.mp4")]


def test_what_is_no_place_is_refused_before_anything_is_read(rushes: Rushes, project: Path) -> None:
    said = rushes("ingest", "https://user:hush@host/a.mp4", folder=project, status=2)
    assert "user name or password" in said.err
    assert "hush" not in said.err + said.out


def test_a_bundle_answers_for_films_and_photographs_where_they_are(
    rushes: Rushes, bucket: Bucket, web: WebServer, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    bundle = tiny_bundle(tmp_path / "bundle").folder
    bucket.put("in/a.mp4", write_film(tmp_path / "a.mp4", [("red", 20), ("green", 5)]).read_bytes())
    bucket.put("in/b.jpg", write_photo(tmp_path / "b.jpg", "blue").read_bytes())
    address = web.put("/c.jpg", (tmp_path / "b.jpg").read_bytes()) + "?signature=hush"
    places = ("s3://rushes-journey/in/", address, f"{web.base}/gone.jpg")
    said = rushes("predict", bundle, *places, "--out", tmp_path / "out.csv", "--json", status=1)
    answers = {answer["file"]: answer["predicted_class"] for answer in said.json["predictions"]}
    shown = f"{web.base}/c.jpg?…"
    assert answers == {"s3://rushes-journey/in/a.mp4": "red", "s3://rushes-journey/in/b.jpg": "blue", shown: "blue"}
    assert {one["path"] for one in said.json["fetched"]} == set(answers)
    assert all(0 < one["fetched_bytes"] <= one["size_bytes"] for one in said.json["fetched"])
    assert len(said.json["failed"]) == 1
    assert "hush" not in said.out + said.err + (tmp_path / "out.csv").read_text()


@pytest.mark.parametrize(
    ("code", "said"),
    [("ExpiredToken", "the keys have expired"), pytest.param("SlowDown", "it throttles", marks=pytest.mark.longer)],
)
def test_a_store_that_gives_nothing_more_ends_the_run_once_and_the_same_command_finishes_it(
    code: str, said: str, project: Path, tmp_path: Path
) -> None:
    photo = write_photo(tmp_path / "a.jpg", "blue").read_bytes()
    store = Store({"films": {}})
    for number in range(40):
        store.put("films", f"set/{number}.jpg", photo + bytes([number]), "image/jpeg")
    store.refuse = lambda method, bucket, key: code if key.endswith(("/38.jpg", "/39.jpg")) else None
    words = ("ingest", "s3://films/set/", "--project", project, "--json")
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        ended = run_rushes_here(*words, status=2)
        assert ended.json["error"]
        assert said in ended.json["message"]
        assert "kept" in ended.json["message"]
        with open_catalog(project / ".rushes" / "catalog.db") as catalog:
            assert 1 <= len(catalog.sources()) <= 38
        store.refuse = lambda *_: None
        assert len(run_rushes_here(*words).json["files"]) == 40
        with open_catalog(project / ".rushes" / "catalog.db") as catalog:
            assert len(catalog.sources()) == 40
