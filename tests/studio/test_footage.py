"""The routes of footage."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from footage.painted import ordinal_of, write_film
from rushes.catalog.catalog import open_catalog
from rushes.errors import MediaError
from rushes.footage.picture import decode_picture
from rushes.footage.small_film import write_small_film
from rushes.footage.source import Source
from rushes.footage.video import decode_frames, index_video
from rushes.inference.shot_list import read_shot_list
from rushes.project import Project
from rushes.storage.files import write_json
from rushes.structure.kept_answers import SCHEMA
from rushes.studio.small_films import SmallFilms
from rushes.studio.works import FullError, Works
from studio.kino import SHOTS, make_project, named, studio


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("studio") / "project")


@pytest.fixture
def app(project: Project) -> Iterator[FastAPI]:
    with studio(project) as made:
        yield made


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as opened:
        yield opened


def source_of(project: Project, name: str) -> Source:
    with open_catalog(project.catalog_place) as catalog:
        return named(catalog, name)


def test_the_list_tells_of_groups_and_sources_page_by_page(client: TestClient) -> None:
    first = client.get("/footage", params={"count": 2}).json()
    assert (first["total"], first["next"], len(first["sources"])) == (3, 2, 2)
    rest = client.get("/footage", params={"count": 2, "after": first["next"]}).json()
    assert rest["next"] is None
    sources = {one["name"]: one for one in [*first["sources"], *rest["sources"]]}
    assert {name: one["kind"] for name, one in sources.items()} == {"odd": "video", "photo": "photo", "three": "video"}
    assert sources["three"]["labels"] == {"scale": {"CS": 1, "MS": 2, "LS": 2}}
    assert [sources[name]["shots"] for name in ("three", "odd", "photo")] == [3, None, None]
    assert sources["three"]["frames"] == 5
    assert [group["name"] for group in first["groups"]] == ["kino", "odd", "three"]
    found = client.get("/footage", params={"kind": "film", "search": "THR"}).json()
    assert [one["name"] for one in found["sources"]] == ["three"]
    assert client.get("/footage", params={"count": 0}).status_code == 422


def test_a_film_has_its_shots_with_movement_and_reason_and_its_labels_in_time(
    client: TestClient, project: Project
) -> None:
    film = client.get(f"/footage/{source_of(project, 'three').digest}").json()
    assert [(shot["start"], shot["stop"]) for shot in film["shot_list"]] == list(SHOTS)
    still, panned, _ = (shot["answers"]["movement"] for shot in film["shot_list"])
    assert (still["class"], still["by"]) == ("static", "rushes")
    assert "at rest" in still["reason"]
    assert "pans" in panned["reason"]
    assert film["plays"] == "video/mp4"
    assert [(one["class"], one["start_seconds"]) for one in film["label_list"]] == [
        ("CS", 0.0), ("MS", 1.0), ("MS", 2.0), ("LS", 3.0), ("LS", 4.0),
    ]  # fmt: skip
    assert str(project.root) not in client.get(f"/footage/{film['source']}").text


def test_what_a_bundle_said_of_these_very_shots_stands_before_what_the_scan_shows(
    client: TestClient, project: Project
) -> None:
    digest = source_of(project, "three").digest
    answers = {task: {"class": name, "probability": 0.8, "reason": ""} for task, name in
               (("scale", "CS"), ("movement", "pull"))}  # fmt: skip
    shots = [{"start": 0, "stop": 36, "answers": answers}, {"start": 36, "stop": 70, "answers": answers}]
    place = project.cache_folder / "shot-answers" / digest
    write_json(place / "b.json", {"schema": SCHEMA, "source": digest, "bundle": "b", "id": "b", "shots": shots})
    (place / "a.json").write_text("{")
    first, second, _ = client.get(f"/footage/{digest}").json()["shot_list"]
    assert {task: (one["class"], one["by"]) for task, one in first["answers"].items()} == {
        "movement": ("pull", "b"), "scale": ("CS", "b"),
    }  # fmt: skip
    assert {one["by"] for one in second["answers"].values()} == {"rushes"}, "the bundle was asked of another cut"
    (place / "b.json").unlink()


def test_pictures_of_shots_and_of_sources_are_made_and_kept(client: TestClient, project: Project) -> None:
    digest = source_of(project, "three").digest
    pictures = [client.get(f"/footage/{digest}/shots/{number}.jpg") for number in (1, 2, 3, 1)]
    assert [one.status_code for one in pictures] == [200] * 4
    assert pictures[0].content == pictures[3].content != pictures[1].content
    assert decode_picture(pictures[0].content).shape == (180, 320, 3)
    assert client.get(f"/footage/{digest}/shots/4.jpg").status_code == 404
    for name, side in (("three", 160), ("odd", 96), ("photo", 160)):
        poster = client.get(f"/footage/{source_of(project, name).digest}/poster.jpg")
        assert max(decode_picture(poster.content).shape) == side, "of the frames that were taken in; none is enlarged"
    unscanned = client.get(f"/footage/{source_of(project, 'odd').digest}/shots/1.jpg")
    assert (unscanned.status_code, unscanned.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("format", ["csv", "json", "edl", "otio", "fcpxml"])
def test_shots_are_written_as_editing_programs_read_them(
    client: TestClient, project: Project, tmp_path: Path, format: str
) -> None:
    source = source_of(project, "three")
    reply = client.get(f"/footage/{source.digest}/shots.{format}")
    assert reply.headers["content-disposition"] == f"attachment; filename*=UTF-8''three.{format}"
    if format == "csv":
        (tmp_path / "shots.csv").write_bytes(reply.content)
        found = read_shot_list(tmp_path / "shots.csv").of_film(Path("three.mp4"), digest=source.digest, frame_count=108)
        assert found == SHOTS


def test_what_is_no_source_no_format_or_has_no_shots_is_a_problem(client: TestClient, project: Project) -> None:
    three, odd, photo = (source_of(project, name).digest for name in ("three", "odd", "photo"))
    for path in ("nothing", f"{three}/shots.exe", f"{odd}/shots.csv", f"{photo}/shots.csv", f"{three[:16]}",
                 "..%2f..%2fetc%2fpasswd/file", f"{odd}/preview.mp4"):  # fmt: skip
        reply = client.get(f"/footage/{path}")
        assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json"), path


def test_a_film_is_sent_by_ranges_and_one_that_no_browser_plays_is_refused(
    client: TestClient, project: Project
) -> None:
    three, odd = source_of(project, "three"), source_of(project, "odd")
    whole = Path(three.path).read_bytes()
    part = client.get(f"/footage/{three.digest}/file", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, whole[10:20], "video/mp4")
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert client.get(f"/footage/{three.digest}/file", headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.get(f"/footage/{odd.digest}/file").status_code == 415


def test_a_film_that_was_changed_or_is_gone_is_not_sent(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    source = source_of(project, "three")
    with studio(project) as app, TestClient(app) as client:
        Path(source.path).write_bytes(b"something else")
        for _ in range(2):
            assert client.get(f"/footage/{source.digest}/file").status_code == 409
            assert client.get(f"/footage/{source.digest}/shots/1.jpg").status_code == 404
            film = client.get(f"/footage/{source.digest}").json()
            assert film["shot_list"] is None
            assert film["problem"]
            Path(source.path).unlink(missing_ok=True)
        assert client.post(f"/footage/{source.digest}/scan").status_code == 409


def test_shots_are_found_and_a_preview_is_made_in_the_background(client: TestClient, project: Project) -> None:
    odd = source_of(project, "odd").digest
    assert client.post(f"/footage/{odd}/scan", params={"bundle": "none"}).status_code == 404
    begun = client.post(f"/footage/{odd}/scan")
    assert (begun.status_code, begun.json()["kind"]) == (202, "scan")
    assert client.post(f"/footage/{odd}/preview").status_code == 202
    events = client.get(f"/footage/{odd}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.text.count("event: done") == 2
    assert events.text.endswith("event: idle\ndata: {}\n\n")
    film = client.get(f"/footage/{odd}").json()
    assert (film["shots"], film["has_preview"], film["plays"]) == (1, True, None)
    part = client.get(f"/footage/{odd}/preview.mp4", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert client.post(f"/footage/{odd}/preview").json()["state"] == "done"


@pytest.mark.parametrize(
    ("options", "times"),
    [({}, None), ({"rotation": 90.0}, None), ({"aspect": Fraction(2)}, None), ({}, [0, 24, 60, 70, 200, 240])],
)
def test_a_small_film_shows_every_frame_at_its_own_time(tmp_path: Path, options: dict, times: list[int] | None) -> None:
    film = write_film(tmp_path / "film.mp4", 6 if times else 25, times=times, **options)
    index = index_video(film)
    assert write_small_film(film, index, tmp_path / "small.mp4", long_side=640, threads=1) == index.frame_count
    small = index_video(tmp_path / "small.mp4")
    assert [small.seconds_at(ordinal) for ordinal in range(small.frame_count)] == pytest.approx(
        [index.seconds_at(ordinal) for ordinal in range(index.frame_count)], abs=1e-4
    )
    assert (small.width_pixels, small.height_pixels) == (index.width_pixels, index.height_pixels)
    if "rotation" not in options:
        shown = [
            ordinal_of(frame.pixels) for frame in decode_frames(tmp_path / "small.mp4", small, range(6), threads=1)
        ]
        assert shown == list(range(6))


def test_small_films_give_way_to_newer_ones_at_their_limit(tmp_path: Path, project: Project) -> None:
    three = source_of(project, "three")
    kept = SmallFilms(tmp_path, limit_bytes=1)
    (tmp_path / "older.mp4").write_bytes(b"12345")
    kept.make(three, Path(three.path), index_video(Path(three.path)), threads=1, progress=lambda *_: None)
    assert [path.name for path in tmp_path.iterdir()] == [f"{three.digest}.mp4"]


def test_a_work_is_done_once_says_why_it_failed_and_no_more_wait_than_may() -> None:
    works, going, told = Works(), threading.Event(), threading.Event()

    def fail(_: object) -> None:
        told.set()
        going.wait(10)
        raise MediaError("/home/ann/film.mp4", "is cut off")

    works.ask("scan", "a", fail)
    assert told.wait(10)
    assert works.ask("scan", "a", fail).state == "running"
    for number in range(64):
        works.ask("scan", f"b{number}", lambda _: None)
    with pytest.raises(FullError, match="64 works wait"):
        works.ask("scan", "c", fail)
    going.set()
    while not works.of("a")[0].is_over:
        threading.Event().wait(0.01)
    assert (works.of("a")[0].state, works.of("a")[0].detail) == ("failed", "is cut off")
    works.close()
    with pytest.raises(FullError):
        works.ask("scan", "d", fail)
