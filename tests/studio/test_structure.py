"""The routes of a film's structure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from footage.spliced import still, write_frames
from rushes.catalog.catalog import open_catalog
from rushes.footage.picture import decode_picture, encode_picture
from rushes.progress import silent
from rushes.project import FilmSettings, Project, read_project
from rushes.storage.files import write_text
from rushes.structure.portraits import cut_face
from rushes.studio.face_pictures import FacePictures
from rushes.studio.films import Films
from rushes.studio.structures import Asked, Structures
from rushes.studio.understanding import ProjectUnderstanding
from rushes.subjects.kept_faces import wipe_faces
from studio.kino import named, studio, take_in
from studio.story import SHOTS, ByHand, write_story

ALL = {"faces": "true", "closeness": "scale-1", "detector": "yolox-s"}


def make_story(root: Path) -> tuple[Project, str]:
    """A project with one scanned film of twelve shots, and the film's source."""
    (root / "kino").mkdir(parents=True)
    (root / "rushes.toml").write_text("[film]\nfaces = true\n")
    project = read_project(root)
    with open_catalog(project.catalog_place) as catalog:
        take_in(catalog, project, [write_story(root / "kino" / "story.mp4")], scan=True)
        return project, named(catalog, "story").digest


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    return make_story(tmp_path_factory.mktemp("story") / "project")


@pytest.fixture(scope="module")
def app(story: tuple[Project, str]) -> Iterator[FastAPI]:
    with studio(story[0]) as made:
        yield made


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


@pytest.fixture
def film(client: TestClient, story: tuple[Project, str]) -> str:
    """The address of the film, which was asked for all there is."""
    address = f"/footage/{story[1]}"
    assert client.post(f"{address}/structure", params=ALL).status_code == 202
    assert "event: done" in client.get(f"{address}/events").text
    return address


def face_of(client: TestClient, film: str, number: int) -> dict[str, Any]:
    """Who stands as a character now, as the page says whom it means."""
    one = client.get(f"{film}/structure").json()["characters"][number - 1]
    return {key: one[key] for key in ("best_frame", "box")}


def picture_of(client: TestClient, film: str, number: int) -> str:
    one = face_of(client, film, number)
    return f"{film}/characters/{number}.jpg?frame={one['best_frame']}&box={','.join(map(str, one['box']))}"


def test_a_structure_is_asked_for_once_and_then_there(client: TestClient, story: tuple[Project, str]) -> None:
    address = f"/footage/{story[1]}"
    missing = client.get(f"{address}/structure")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert "by POST first" in missing.json()["detail"]
    assert client.get(address).json()["structure"]["asked"] is None
    begun = client.post(f"{address}/structure")
    assert (begun.status_code, begun.json()["kind"]) == (202, "structure")
    assert "event: done" in client.get(f"{address}/events").text
    found = client.get(f"{address}/structure").json()
    assert (found["schema"], len(found["shots"]), len(found["scenes"]), len(found["dialogues"])) == (
        "film-structure/1", SHOTS, 3, 1,
    )  # fmt: skip
    assert found["characters"] is None
    assert "path" not in found, "where the film is, is nobody's business"
    with studio(story[0]) as again:
        state = TestClient(again).get(address).json()["structure"]
    assert (state["asked"]["looks"], state["asked"]["faces"]) == ("scan", False), "kept beyond the server"


def test_what_cannot_be_asked_for_is_named_with_what_can(client: TestClient, story: tuple[Project, str]) -> None:
    for parameters, word in (({"looks": "sacn"}, "scan"), ({"closeness": "x"}, "closeness"), ({"detector": "y"}, "y")):
        reply = client.post(f"/footage/{story[1]}/structure", params=parameters)
        assert reply.status_code == 404
        assert word in reply.json()["detail"]


def test_a_character_is_named_for_the_whole_project_and_the_name_is_taken_away(client: TestClient, film: str) -> None:
    named_one = client.post(f"{film}/characters/2", json=face_of(client, film, 2) | {"name": "  Ada  Lovelace "}).json()
    assert [one["name"] for one in named_one["characters"]] == [None, "Ada Lovelace", None]
    people = client.get("/footage/people").json()
    assert [(one["name"], [scene["scene"] for scene in one["films"][0]["scenes"]]) for one in people["people"]] == [
        ("Ada Lovelace", [2])
    ]
    assert client.get(f"{film}/structure").json()["characters"][1]["title"] == "Ada Lovelace"
    unnamed = client.post(f"{film}/characters/2", json=face_of(client, film, 2) | {"name": ""})
    assert unnamed.json()["characters"][1]["name"] is None
    assert client.post("/footage/people/undo").status_code == 204
    assert client.get(f"{film}/structure").json()["characters"][1]["name"] == "Ada Lovelace"
    assert [client.post("/footage/people/undo").status_code for _ in range(2)] == [204, 409]
    assert client.post(f"{film}/characters/9", json=face_of(client, film, 3) | {"name": "Ada"}).status_code == 404
    assert client.post(f"{film}/characters/1", json=face_of(client, film, 1) | {"name": "A\u0000B"}).status_code == 422
    assert client.post(f"{film}/characters/1", json=face_of(client, film, 1) | {"name": "x" * 81}).status_code == 422


def test_a_page_that_shows_somebody_who_stands_elsewhere_by_now_names_nobody(client: TestClient, film: str) -> None:
    """Characters are numbered anew when two of them join: what a page shows as the second may be the third."""
    stale = client.post(f"{film}/characters/2", json=face_of(client, film, 3) | {"name": "Ada"})
    assert stale.status_code == 409
    assert "another one by now" in stale.json()["detail"]
    assert client.post(f"{film}/characters/2", json={"name": "Ada"}).status_code == 422, "whom?"
    assert [one["name"] for one in client.get(f"{film}/structure").json()["characters"]] == [None] * 3


def test_faces_are_shown_from_their_best_frame_and_wiped_with_all_that_is_kept_of_them(
    client: TestClient, film: str, story: tuple[Project, str]
) -> None:
    shown = picture_of(client, film, 1)
    face = client.get(shown)
    assert (face.status_code, face.headers["cache-control"]) == (200, "no-store")
    height, width, _ = decode_picture(face.content).shape
    assert height == width
    assert list((story[0].faces_folder / "pictures").rglob("*.jpg"))
    assert client.get(shown.replace("characters/1", "characters/4")).status_code == 404
    assert client.get(shown.replace("characters/1", "characters/2")).status_code == 409, "that is somebody else"
    wiped = client.delete("/footage/faces").json()
    assert wiped["files"] == 2
    assert wiped["bytes"] > 0
    assert not [path for path in story[0].faces_folder.rglob("*") if path.is_file()]
    assert client.get(f"{film}/structure").json()["characters"] is None
    assert client.get(shown).status_code == 404
    assert client.get("/footage/people").json()["people"] == []


def test_a_wipe_beside_a_running_server_holds(client: TestClient, film: str, story: tuple[Project, str]) -> None:
    folder, shown = story[0].faces_folder, picture_of(client, film, 1)
    assert client.get(shown).status_code == 200
    asked_before = FacePictures(folder).cache
    wipe_faces(folder)
    asked_before.put("ab12", encode_picture(np.zeros((8, 8, 3), np.uint8), "jpeg", 80))  # it was being made
    assert client.get(f"{film}/structure").json()["characters"] is None, "as if it had been asked without faces"
    assert client.get(shown).status_code == 404
    assert client.get(film).json()["structure"]["asked"]["faces"] is False
    assert not folder.exists()
    assert client.post(f"{film}/structure", params=ALL).status_code == 202
    assert "event: done" in client.get(f"{film}/events").text
    assert client.get(shown).status_code == 200, "whoever asks again has them again"


def test_many_films_are_looked_through_for_people_a_part_at_a_time(tmp_path: Path) -> None:
    project, _ = make_story(tmp_path / "project")
    write_frames(tmp_path / "other.mp4", [frame for seed in range(10) for frame in still(seed + 20, 18)])
    with open_catalog(project.catalog_place) as catalog:
        take_in(catalog, project, [tmp_path / "other.mp4"], scan=True)
        sources = catalog.sources()
        structures = Structures(project, ByHand(project, Films(project, catalog)))
        for source in sources:
            structures.make(source, Asked(faces=True), progress=silent)
        structures.name(sources[0], 1, "Ada")
        answers = [structures.people(sources, seconds=0) for _ in range(2)]
    assert [one["left"] for one in answers] == [1, 0], "one at least is asked each time"
    assert [len(one["people"][0]["films"]) for one in answers] == [1, 2]


def test_without_leave_of_the_project_nothing_is_told_of_faces(film: str, story: tuple[Project, str]) -> None:
    with studio(replace(story[0], film=FilmSettings())) as app:
        client = TestClient(app)
        refused = [
            client.post(f"{film}/structure", params={"faces": "true"}),
            client.post(f"{film}/characters/1", json={"name": "Ada", "best_frame": 0, "box": [0, 0, 1, 1]}),
            client.get(f"{film}/characters/1.jpg?frame=0&box=0,0,1,1"),
            client.get("/footage/people"),
            client.post("/footage/people/undo"),
        ]
        assert [reply.status_code for reply in refused] == [403] * 5
        assert all("faces = true" in reply.json()["detail"] for reply in refused)
        state = client.get(film).json()["structure"]
    assert (state["faces"], state["asked"]["faces"]) == (False, False), "whatever was asked before"


def test_scenes_are_written_as_editing_programs_and_elan_read_them(client: TestClient, film: str) -> None:
    told = {
        "csv": ("structure.csv", "scene"),
        "json": ("structure.json", '"schema": "film-structure/1"'),
        "edl": ("structure.edl", "Scene 2"),
        "eaf": ("structure.eaf", "ANNOTATION_DOCUMENT"),
        "scenes.csv": ("scenes.csv", "scene,first_shot"),
        "dialogues.csv": ("dialogues.csv", "dialogue,"),
        "characters.csv": ("characters.csv", "character,"),
        "subtitles.csv": ("subtitles.csv", "Line 4"),
        "markers.edl": ("markers.edl", "|M:Scene 2"),
        "html": ("structure.html", 'alt="The face of'),
    }
    for asked, (file, word) in told.items():
        reply = client.get(f"{film}/structure.{asked}")
        assert (reply.status_code, reply.headers["content-disposition"]) == (
            200, f"attachment; filename*=UTF-8''story.{file}",
        ), asked  # fmt: skip
        assert word in reply.text, asked
    assert client.get(f"{film}/structure.exe").status_code == 404
    offered = client.get(f"{film}").json()["structure"]["exports"]
    assert {one["format"] for one in offered} > set(told)
    assert offered[0] == {"format": "html", "words": "report to read and share"}


def test_a_film_that_was_looked_at_is_there_for_the_next_server_and_none_begins_to_look_unasked(
    story: tuple[Project, str],
) -> None:
    address = f"/footage/{story[1]}"
    write_text(Path(story[0].root / "kino" / "story.srt"), "1\n00:00:00,500 --> 00:00:01,000\nA word\n")
    with studio(story[0], ProjectUnderstanding) as app:
        client = TestClient(app)
        assert client.post(f"{address}/structure").status_code == 202
        assert "event: done" in client.get(f"{address}/events").text
        found = client.get(f"{address}/structure").json()
        assert (len(found["shots"]), found["looks_by"], found["characters"]) == (SHOTS, "scan", None)
        assert [one["text"] for one in found["subtitles"]["entries"]] == ["A word"]
    with studio(story[0], ProjectUnderstanding) as again:
        client = TestClient(again)
        assert client.get(f"{address}/structure").json() == found
        report = client.get(f"{address}/structure.html")
        assert "data:image" in report.text, "the pictures were kept"
    shutil.rmtree(story[0].cache_folder / "looks")
    with studio(story[0], ProjectUnderstanding) as bare:
        client = TestClient(bare)
        assert client.get(f"{address}/structure").status_code == 404, "it would have to be looked at"
        assert client.get(address).json()["structure"]["kept"] is False


@pytest.mark.parametrize("box", [(0.4, 0.2, 0.2, 0.4), (-0.1, -0.2, 0.3, 0.5), (0.9, 0.8, 0.3, 0.4), (0, 0, 1, 1)])
def test_a_face_is_cut_as_a_square_within_the_picture(box: tuple[float, float, float, float]) -> None:
    import numpy as np

    height, width, _ = cut_face(np.zeros((180, 320, 3), np.uint8), box).shape
    assert height == width <= 192
