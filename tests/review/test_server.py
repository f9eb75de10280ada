from __future__ import annotations

import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from footage.stills import looks_like_quarters
from review.shoots import TOKEN, Page, make_cull, make_project, opened, served, take_in
from rushes.catalog.catalog import Catalog
from rushes.errors import UsageError
from rushes.project import Project
from rushes.review import gather
from rushes.review.opinions import NO_OPINION
from rushes.review.session import Opening, Review
from rushes.web.remembered import Door, remember_door, remembered_door
from rushes.web.server import listen


@dataclass
class Shoot:
    project: Project
    catalog: Catalog
    review: Review


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shoot]:
    """A shoot that is taken in and culled; tests decide on photographs of their own."""
    project = make_project(tmp_path_factory.mktemp("project"))
    cull = make_cull(project)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        yield Shoot(project, catalog, gather.review_of_cull(catalog, project.task("select"), cull))


@pytest.fixture(scope="module")
def page(shoot: Shoot) -> Iterator[Page]:
    with served(shoot.review, shoot.catalog, shoot.project, opening=Opening(filter="audit")) as found:
        yield found


def test_the_session_holds_every_photograph_with_what_the_cull_says(page: Page) -> None:
    table = page.get("session").json
    assert (table["schema"], table["title"], table["task"]) == ("review/2", "shoot · recall >= 0.99", "select")
    assert (table["count"], table["opens_on"]) == (6, "audit")
    assert (table["culling"], table["slug"], table["opens_in"]) == (True, page.slug, "capture")
    assert table["classes"] == [
        {"name": "reject", "key": "x", "word": "reject"},
        {"name": "select", "key": "p", "word": "pick"},
    ]
    assert (table["groups"], table["origins"], table["model"]) == (["shoot"], [], None)
    assert table["cull"]["class_name"] == "select"
    assert [item["verdict"] for item in table["items"]] == ["pick"] * 3 + ["reject"] * 3
    second, third = table["items"][1:3]
    assert third["better"] == second["id"]
    assert third["series"] == {"index": 0, "kind": "burst", "why": "2 frames in 1 s", "rank": 2, "size": 2}
    whole = page.get(f"items/{third['id']}").json
    assert (whole["reasons"][0]["words"], whole["measures"]["eyes"], whole["heat"]) == ("soft (0.20)", None, False)
    assert whole["camera"]["iso"] is None


def test_pictures_come_in_their_sizes_with_what_lets_a_browser_keep_them(page: Page, shoot: Shoot) -> None:
    frame = page.items()[0]["id"]
    for kind, width in (("thumb", 320), ("fit", 1200), ("full", 1200)):
        answer = page.get(f"pictures/{frame}/{kind}")
        pixels = np.asarray(Image.open(io.BytesIO(answer.body)).convert("RGB"))
        assert (answer.status, pixels.shape[1], answer.headers["content-type"]) == (200, width, "image/jpeg")
        assert looks_like_quarters(pixels)
        again = page.get(f"pictures/{frame}/{kind}", If_None_Match=answer.headers["etag"])
        assert (again.status, again.body) == ((304, b"") if kind != "full" else (again.status, again.body))
    assert page.get(f"pictures/{frame}/thumb").headers["cache-control"] == "private, max-age=31536000, immutable"
    assert page.get(f"pictures/{frame}/full").body == Path(shoot.review.items[0].path).read_bytes()
    assert page.get(f"pictures/{frame.replace(':', '%3A')}/thumb").status == 200


def test_what_is_not_there_is_a_problem_in_json(page: Page) -> None:
    frame = page.items()[0]["id"]
    for path, said in (
        ("pictures/nobody:0/thumb", "no photograph of this review"),
        (f"pictures/{frame}/huge", "thumb, fit, full and heat"),
        (f"pictures/{frame}/heat", "no bundle is at hand"),
        ("items/nobody:0", "no photograph of this review"),
        ("/page/..%2Fapp.py", "the page has no file"),
        ("/page/nothing.js", "the page has no file"),
        ("/nowhere", "nothing at this path"),
    ):
        answer = page.get(path)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json"), path
        assert said in answer.json["detail"]
        assert answer.json["status"] == 404
    assert page.get("decisions").status == 405
    assert page.get("changes?since=often").status == 422


def test_a_picture_that_cannot_be_read_says_so_in_its_place(tmp_path: Path) -> None:
    project = make_project(tmp_path, names=2)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_folder(catalog, project.task("select"), project.root / "shoot")
        broken, gone = (Path(item.path) for item in review.items)
        broken.write_bytes(b"\xff\xd8\xff spoilt")
        gone.unlink()
        for image in (project.root / "frames" / "stills").glob(f"{broken.stem}*"):
            image.unlink()
        with served(review, catalog, project) as page:
            said = page.get(f"pictures/{review.items[0].id}/fit")
            assert (said.status, said.headers["content-type"]) == (200, "image/jpeg")
            assert said.headers["cache-control"] == "no-store"
            assert "rushes-flaw" in said.headers
            stand_in = page.get(f"pictures/{review.items[1].id}/full")
            assert looks_like_quarters(np.asarray(Image.open(io.BytesIO(stand_in.body))))
            said = unquote(stand_in.headers["rushes-flaw"])
            assert said == "a kept picture of 320 × 213 pixels stands for the file, which is gone, or its disk is away"
            assert page.get(f"items/{review.items[1].id}").json["camera"] is None


def test_decisions_stand_in_the_next_session_and_go_back(page: Page, shoot: Shoot) -> None:
    frame = page.items()[0]["id"]
    start = page.get("session").json["revision"]
    made = page.decide({"id": frame, "decision": "select", "rating": 5, "color": "green"})
    stands = {"decision": "select", "own": True, "by": None, "origin": "review", "rating": 5, "color": "green"}
    (at,) = [change["at"] for change in made["changes"]]
    assert at.endswith("Z")
    assert made["changes"] == [{"id": frame, "at": at} | stands | NO_OPINION]
    assert made["conflicts"] == []
    assert made["previous"] == start < made["revision"] == made["step"]
    now = next(item for item in page.items() if item["id"] == frame)
    assert (now["decision"], now["rating"], now["color"]) == ("select", 5, "green")
    assert shoot.catalog.labels_of(frame, task="select")[-1].origin == "review"
    assert page.get(f"changes?since={start}").json["changes"] == made["changes"]
    nothing = {"decision": None, "own": False, "at": None, "by": None, "origin": None, "rating": None, "color": None}
    assert page.post("undo", {}).json["changes"] == [{"id": frame} | nothing | NO_OPINION]
    (again,) = page.post("redo", {}).json["changes"]
    assert again | {"at": at} == made["changes"][0]
    back = page.post("undo", {"of": made["step"]}).json
    assert back["changes"][0]["decision"] is None
    assert page.post("undo", b"").json["changes"] == []


def test_a_person_is_told_the_name_under_which_decisions_are_kept(page: Page) -> None:
    frame = page.items()[0]["id"]
    assert page.get("session?as=Ann%20%20STRAU%C3%9F").json["person"] == "ann strauss"
    assert page.get("session?as=").json["person"] == ""
    refused = page.get("session?as=a:b")
    assert (refused.status, refused.json["detail"][:26]) == (400, "as: 'a:b' is no name of a ")
    made = page.post("decisions", {"by": "Strauß", "changes": [{"id": frame, "decision": "select"}]}).json
    assert (made["by"], made["changes"][0]["by"]) == ("strauss", "strauss")
    of_bob = {"by": "bob", "changes": [{"id": frame, "decision": "reject"}], "over": True}
    assert page.post("decisions", of_bob).json["changes"][0]["by"] == "bob"
    back = page.post("undo", {"by": "STRAUSS"}).json
    assert (back["by"], back["changes"][0]["by"], back["changes"][0]["decision"]) == ("strauss", "bob", "reject")
    assert page.post("undo", {"by": "bob"}).json["changes"][0]["by"] is None


def test_the_audit_is_counted_as_it_is_looked_at(page: Page) -> None:
    frames = [item["id"] for item in page.items() if item["audited"]]
    assert page.get("audit").json["looked_at"] == 0
    page.decide({"id": frames[0], "decision": "select"}, {"id": frames[1], "decision": "reject"})
    found = page.get("audit").json
    assert (found["drawn"], found["looked_at"], found["misses"], found["rate"]) == (2, 2, 1, 0.5)
    page.post("undo", {})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no JSON object"),
        ({}, "no changes"),
        ({"changes": 3}, "no list"),
        ({"changes": [3]}, r"changes[0] is 3"),
        ({"change": []}, "Did you mean 'changes'"),
        ({"changes": [{"id": "ID", "decison": None}]}, "Did you mean 'decision'"),
        ({"changes": [{"id": "ID", "decision": "selekt"}]}, "one of reject, select, or null. Did you mean 'select'"),
        ({"changes": [{"id": "ID", "decision": ["select"]}]}, "one of reject, select, or null"),
        ({"changes": [{"id": "ID", "decision": "select", "saw": 3}]}, "changes[0].saw is 3"),
        ({"changes": [{"id": "ID", "decision": "select", "saw": {"by": 3}}]}, "saw.by is 3; it is a name"),
        ({"changes": [{"id": "ID", "rating": 1}], "by": "a:b"}, "by: 'a:b' is no name of a person"),
        ({"changes": [{"id": "ID", "rating": 1}], "over": 1}, "over is 1; it is true or false"),
        ({"changes": [{"id": "ID", "rating": 6}]}, "changes[0].rating is 6; it is 0 to 5"),
        ({"changes": [{"id": "ID", "rating": True}]}, "0 to 5"),
        ({"changes": [{"id": "ID", "color": "mauve"}]}, "red, yellow, green, blue, purple"),
        ({"changes": [{"id": "ID", "rating": 1}], "undo_of": 1}, "has the key 'undo_of'"),
        ({"changes": [{"id": "ID", "rating": 1}], "request": "x" * 101}, "1 to 100 letters"),
    ],
)
def test_a_body_that_is_wrong_is_refused_and_nothing_of_it_is_done(page: Page, body: object, said: str) -> None:
    frame = page.items()[2]["id"]
    before = page.get("session").json["revision"]
    data = body if isinstance(body, bytes) else json.dumps(body).replace("ID", frame).encode()
    answer = page.post("decisions", data)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert said in answer.json["detail"]
    assert page.get("session").json["revision"] == before


def test_one_unknown_photograph_refuses_the_whole_request(page: Page) -> None:
    frame = page.items()[2]["id"]
    wanted = {"changes": [{"id": frame, "rating": 1}, {"id": "nobody:0", "rating": 1}]}
    answer = page.post("decisions", wanted)
    assert (answer.status, "changes[1].id" in answer.json["detail"]) == (404, True)
    assert next(item for item in page.items() if item["id"] == frame)["rating"] is None


def test_only_the_page_itself_is_let_in(page: Page) -> None:
    stranger = Page(page.port, page.review, {"Cookie": ""})
    assert stranger.get("session").status == 401
    assert stranger.get("/").status == 401
    assert stranger.get("session?token=wrong").status == 401
    let_in = stranger.get(f"session?token={TOKEN}")
    assert let_in.status == 200
    cookie = let_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("session", Cookie=f"a=b; {cookie.partition(';')[0]}").status == 200
    host = f"127.0.0.1:{page.port}"
    for headers in (
        {"Host": f"rebound.example:{page.port}"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": f"http://localhost:{page.port}"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ):
        answer = page.get("session", **headers)
        assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json"), headers
        assert page.post("undo", {}, **headers).status == 403
    assert page.get("session", Origin=f"http://{host}", Sec_Fetch_Site="same-origin").status == 200
    through_a_tunnel = {"Host": "localhost:9000", "Cookie": page.cookie(9000)}
    assert page.get("session", Origin="http://localhost:9000", **through_a_tunnel).status == 200
    assert page.post("undo", b"{}", Content_Type="text/plain").status == 415
    assert page.post("decisions", b" " * (9 << 20)).status == 413


def test_a_page_of_another_review_decides_nothing_here(page: Page) -> None:
    frame = page.items()[2]["id"]
    before = page.get("session").json["revision"]
    other = Page(page.port, "select:all", {"Cookie": page.cookie()})
    for path, body in (("decisions", {"changes": [{"id": frame, "rating": 1}]}), ("undo", {}), ("redo", {})):
        answer = other.post(path, body)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert other.get("changes?since=0").status == 404
    assert page.get("session").json["revision"] == before
    of_another = Page(page.port, "select:all").cookie()
    assert page.get("session", Cookie=of_another).status == 401, "each review has a cookie of its own"


def test_the_page_is_told_of_the_reviews_that_are_served(page: Page, shoot: Shoot) -> None:
    table = page.get("/app.json").json
    assert (table["schema"], table["tabs"], table["opens_on"]) == ("app/1", ["review"], "review")
    entry = {"slug": page.slug, "title": shoot.review.title, "task": "select", "count": 6}
    assert (table["reviews"], table["project"]) == ([entry], shoot.project.name)


def test_an_address_that_opens_once_is_worth_nothing_afterwards(shoot: Shoot) -> None:
    with served(shoot.review, shoot.catalog, shoot.project, once="seen-in-ps") as page:
        stranger = Page(page.port, page.review, {"Cookie": ""})
        opened_once = stranger.get("/app.json?token=seen-in-ps")
        assert opened_once.status == 200
        assert opened_once.headers["set-cookie"].startswith(page.cookie())
        assert stranger.get("/app.json?token=seen-in-ps").status == 401
        assert stranger.get(f"/app.json?token={TOKEN}").status == 200


def test_every_reply_tells_the_browser_what_it_must_not_do(page: Page) -> None:
    for path in ("session", "/nowhere", "/app.json"):
        for headers in ({}, {"Cookie": ""}):
            found = page.get(path, **headers).headers
            assert "default-src 'none'" in found["content-security-policy"]
            assert "script-src 'self';" in found["content-security-policy"]
            assert (found["x-content-type-options"], found["referrer-policy"]) == ("nosniff", "no-referrer")


def test_the_page_and_its_parts_are_served(shoot: Shoot, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<script src=page/app.js></script>")
    (tmp_path / "app.js").write_text("1;")
    with served(shoot.review, shoot.catalog, shoot.project, page=tmp_path) as page:
        index = page.get("/")
        assert (index.status, index.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert page.get("/page/app.js").body == b"1;"


def test_a_browser_that_goes_away_costs_no_picture(shoot: Shoot) -> None:
    import socket

    with served(shoot.review, shoot.catalog, shoot.project) as page:
        frame = shoot.review.items[4].id
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", page.port)) as connection:
                path = f"/reviews/{page.slug}/pictures/{frame}/fit?token={TOKEN}"
                head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n"
                connection.sendall(head.encode())
        assert page.get(f"pictures/{frame}/fit").status == 200


def test_a_catalog_that_is_held_by_another_says_to_try_again(tmp_path: Path) -> None:
    project = make_project(tmp_path, names=1)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task("select"), project=project)
        with served(review, catalog, project) as page:
            holder = sqlite3.connect(str(project.catalog_place), isolation_level=None, check_same_thread=False)
            holder.execute("BEGIN IMMEDIATE")
            answers = []
            wanted = {"changes": [{"id": review.items[0].id, "decision": "select"}]}
            asking = threading.Thread(target=lambda: answers.append(page.post("decisions", wanted)))
            asking.start()
            assert page.get("session").status == 200, "who only looks does not wait"
            holder.execute("ROLLBACK")
            holder.close()
            asking.join(30)
            assert answers[0].status == 200


def test_a_review_answers_where_it_did_before_so_that_an_open_page_goes_on(tmp_path: Path) -> None:
    first = remembered_door(tmp_path, "select:all")
    assert (first.port, len(first.token)) == (0, 32)
    with listen(0) as listening:
        port = listening.getsockname()[1]
        remember_door(tmp_path, "select:all", Door(port, first.token))
        assert remembered_door(tmp_path, "select:all") == Door(port, first.token)
        assert remembered_door(tmp_path, "select:group:a") != Door(port, first.token)
        with pytest.raises(UsageError, match=f"--port {port}.*name another"):
            listen(port)
        with listen(0, preferred=port) as other:
            assert other.getsockname()[1] != port
    with listen(0, preferred=port) as again:
        assert again.getsockname() == ("127.0.0.1", port)
    (kept,) = (tmp_path / "review").iterdir()
    assert (kept.stat().st_mode & 0o777, kept.stat().st_size > 0) == (0o600, True)
    for spoilt in ("{", '{"port": 70000, "token": "' + "a" * 32 + '"}', '{"port": 8000, "token": ""}'):
        kept.write_text(spoilt)
        found = remembered_door(tmp_path, "select:all")
        assert (found.port, len(found.token)) == (0, 32)


def test_what_is_asked_for_is_what_is_reviewed(shoot: Shoot, tmp_path: Path) -> None:
    catalog, project, task = shoot.catalog, shoot.project, shoot.project.task("select")
    folder = gather.review_of_folder(catalog, task, project.root / "shoot")
    group = gather.review_of_group(catalog, task, "SHOOT")
    everything = gather.review_of_task(catalog, task, project=project)
    assert len(folder.items) == len(group.items) == len(everything.items) == 6
    assert len({folder.key, group.key, everything.key, shoot.review.key}) == 4
    with pytest.raises(UsageError, match=r"no such group\. Did you mean 'shoot'"):
        gather.review_of_group(catalog, task, "shot")
    with pytest.raises(UsageError, match=r"nothing in .* rushes ingest"):
        gather.review_of_folder(catalog, task, tmp_path)
    assert gather.read_cull(project, Path("first")) == shoot.review.cull
    assert gather.read_cull(project, project.culls_folder / "first") == shoot.review.cull
    assert gather.read_cull(project, Path("second")) is None
    (tmp_path / "cull.json").write_text('{"schema": "cull/9"}')
    with pytest.raises(UsageError, match="is no cull that this rushes reads"):
        gather.read_cull(project, tmp_path)
    files = sorted((project.root / "shoot").iterdir())
    assert gather.files_not_taken_in(catalog, [*files, tmp_path / "cull.json"]) == [tmp_path / "cull.json"]
