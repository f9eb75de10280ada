"""A photographer reviews a culled shoot on the page; what was acknowledged outlives a killed server."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from review.shoots import make_cull, make_project, opened, take_in
from rushes.cli.main import main
from rushes.labels.label import Label
from rushes.review import gather
from rushes.review.decisions import Decisions, Wanted
from rushes.review.serve import decisions_of
from rushes.xmp.marks import Marks
from rushes.xmp.merge import merge_marks
from rushes.xmp.profiles import PROFILES
from rushes.xmp.reading import read_marks


@dataclass
class Running:
    """A `rushes review` in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    said: list[str]
    slug: str = ""  # of the review, where the server has said it

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        split = urlsplit(self.address)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)
        try:
            data = None if body is None else json.dumps(body)
            asked = path if path.startswith("/") else f"/reviews/{self.slug or self.first_slug()}/{path}"
            connection.request(method, f"{asked}?{split.query}", data, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            assert reply.status == 200, reply.read()
            return json.loads(reply.read())
        finally:
            connection.close()

    def first_slug(self) -> str:
        self.slug = self.ask("GET", "/app.json")["reviews"][0]["slug"]
        return self.slug


@contextmanager
def reviewing(*words: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "rushes.cli.main", "review", *words, "--no-open"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"open (http://\S+)", line):
                yield Running(process, found[1], said)
                break
        else:
            raise AssertionError("".join(said))
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    found = capsys.readouterr()
    assert end.value.code == status, found.err
    return found.out + found.err


def test_a_killed_server_loses_nothing_that_it_acknowledged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(tmp_path, names=4)
    make_cull(project)
    acknowledged: dict[str, dict[str, Any]] = {}
    enough = threading.Event()
    with reviewing("first", "--project", str(tmp_path)) as server:
        assert any("shoot · recall >= 0.99: 4 photographs, task select, P is select, X is reject" in line
                   for line in server.said)  # fmt: skip
        session = server.ask("GET", "session")
        items = session["items"]

        def decide_on(frame: str) -> None:
            number = 0
            while True:
                number += 1
                wanted = {"decision": ("select", "reject")[number % 2], "rating": number % 6}
                try:
                    server.ask("POST", "decisions", {"changes": [{"id": frame} | wanted]})
                except (OSError, http.client.HTTPException):
                    return
                acknowledged[frame] = wanted | {"number": number}
                if sum(one["number"] for one in acknowledged.values()) >= 40:
                    enough.set()

        threads = [threading.Thread(target=decide_on, args=(item["id"],)) for item in items[:2]]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        server.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join(30)
        address = server.address
    with opened(project) as catalog:
        decisions = Decisions(catalog, task="select", review="select:cull:first", trust=("review",), title="t")
        for frame, wanted in acknowledged.items():
            # The last that was sent may have been taken before the server could say so: one step, and no more.
            state = decisions.states([frame])[frame]
            stands = {"decision": state.class_name, "rating": state.rating}
            after = wanted["number"] + 1
            one_more = {"decision": ("select", "reject")[after % 2], "rating": after % 6}
            assert stands in ({"decision": wanted["decision"], "rating": wanted["rating"]}, one_more)
    with reviewing(str(project.culls_folder / "first"), "--project", str(tmp_path)) as again:
        assert again.address == address, "an open page goes on"
        assert not any("ingest" in line for line in again.said), "the shoot is known"
        undone = 0
        while again.ask("POST", "undo", {})["changes"]:
            undone += 1
        assert undone >= sum(one["number"] for one in acknowledged.values())
        assert all(item["decision"] is None for item in again.ask("GET", "session")["items"])
        again.ask("POST", "decisions", {"changes": [{"id": items[0]["id"], "decision": "select"}]})
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(30) == 0
        assert again.process.stdout is not None
        assert "ended" in again.process.stdout.read()
    shown = told(capsys, "labels", "show", "DSC_0000", "--task", "select", "--project", str(tmp_path))
    assert "select: select, by review:" in shown
    assert "rushes review, shoot" in shown


def test_a_shoot_that_is_not_known_is_taken_in_first(tmp_path: Path) -> None:
    make_project(tmp_path, names=3)
    (tmp_path / "shoot" / "broken.jpg").write_bytes(b"\xff\xd8\xff spoilt")
    words = (str(tmp_path / "shoot"), "--task", "select", "--project", str(tmp_path))
    with reviewing(*words) as server:
        said = "".join(server.said)
        assert re.search(r"ingest: 4 of 4", said)
        assert re.search(r"left out: .*broken.jpg", said)
        assert "shoot: 3 photographs" in said
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--task", "scale", "--pick", "CS"), r"'scale' has 3 classes \(CS, MS, LS\).*Leave --pick out"),
        (("--task", "scale", "--order", "doubts"), "--order doubts: there is no such order. Did you mean 'doubt'"),
        (("--as", "a:b", "--task", "scale"), "--as: 'a:b' is no name of a person"),
        (("--task", "select"), "nothing in the project can be reviewed.*rushes ingest FOLDER"),
        (("nowhere", "--task", "select"), "nowhere: is neither a folder of photographs nor a cull"),
        (("first", "--pick", "reject"), "--pick: the cull 'first' states the class to keep, select"),
        (("first", "--task", "scale"), "the cull 'first' is of the task 'select', not of 'scale'"),
        (("shoot", "--group", "shoot"), "PLACE and --group say two things"),
        (("--group", "a", "--task", "select"), "--group a: the project has no such group"),
    ],
)
def test_what_cannot_be_reviewed_is_said_in_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    make_cull(make_project(tmp_path, names=1))
    found = told(capsys, "review", *words, "--no-open", "--project", str(tmp_path), status=2)
    assert re.search(said, " ".join(found.split()))


def test_what_was_decided_comes_into_sidecars_and_goes_out_of_them_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path, names=5)
    cull = make_cull(project)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_cull(catalog, project.task("select"), cull)
        frames = [item.id for item in review.items]
        catalog.append_labels([Label(frames[4], "select", "select", "folder", "2026-11-26T10:00:00Z")])
        decisions = decisions_of(review, catalog=catalog, project=project)
        decisions.decide([Wanted(frames[0], "decision", "reject"), Wanted(frames[1], "decision", "select")])
        decisions.decide([Wanted(frames[1], "rating", "4"), Wanted(frames[2], "color", "blue")])
        decisions.decide([Wanted(frames[3], "rating", "2")])
        decisions.undo()
    shoot = project.root / "shoot"
    own = shoot / "DSC_0001.jpg.xmp"
    merged = merge_marks(None, Marks(rating=1, label="Red"), PROFILES["darktable"], photograph_name="DSC_0001.jpg")
    own.write_bytes(merged.data)
    words = ("review", "marks", "first", "--xmp", "darktable", "--project", str(tmp_path))
    assert "DSC_0001.jpg: pick, 4 stars" in told(capsys, *words, "--dry-run")
    assert own.read_bytes() == merged.data
    said = told(capsys, *words)
    assert "wrote 3 sidecars" in said
    assert sorted(path.name for path in shoot.glob("*.xmp")) == [f"DSC_000{n}.jpg.xmp" for n in range(3)]
    found = [read_marks(shoot / f"DSC_000{n}.jpg").marks for n in range(3)]
    assert (found[0].rating, found[1].rating, found[2].label) == (-1, 4, "Blue")
    undo = re.search(r"rushes cull undo (\S+)", said)
    assert undo is not None
    told(capsys, "cull", "undo", undo[1], "--project", str(tmp_path))
    assert [path.name for path in shoot.glob("*.xmp")] == ["DSC_0001.jpg.xmp"]
    assert own.read_bytes() == merged.data
    assert "Did you mean 'darktable'" in told(capsys, *words[:4], "darktabel", *words[5:], status=2)
    assert "say which sidecars" in told(capsys, *words[:3], *words[5:], status=2)
    by_group = ("review", "marks", "--group", "shoot", "--task", "select", *words[3:])
    assert "wrote 3 sidecars" in told(capsys, *by_group), "whichever review stated it"


def test_a_task_of_three_classes_is_reviewed_by_two_persons_and_read_back_from_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path / "one", names=3)
    make_project(tmp_path / "two", names=3)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
    words = ("--task", "scale", "--project", str(project.root))
    with reviewing(*words, "--as", "Ann", "--order", "audit", "--no-open") as server:
        assert any("keys 1 to 3 are CS, MS, LS" in line for line in server.said)
        session = server.ask("GET", "session")
        assert (session["person"], session["culling"], session["opens_in"]) == ("ann", False, "audit")
        frames = [item["id"] for item in session["items"]]
        server.ask("POST", "decisions", {"changes": [{"id": frame, "decision": "MS"} for frame in frames[:2]]})
        saw = {"decision": "MS", "by": "ann"}
        over = {"by": "Bob", "changes": [{"id": frames[0], "decision": "LS", "saw": saw}]}
        assert server.ask("POST", "decisions", over)["conflicts"] == []
    sheet = tmp_path / "decided.csv"
    assert "2 decisions written" in told(capsys, "review", "sheet", str(sheet), *words)
    assert "1 decision would be written" in told(
        capsys, "review", "sheet", str(tmp_path / "of-bob.csv"), *words, "--by", "bob", "--dry-run"
    )
    assert "is there already" in told(capsys, "review", "sheet", str(sheet), *words, status=2)
    assert "decided in a review by cleo" in told(
        capsys, "review", "sheet", str(tmp_path / "a.csv"), *words, "--by", "cleo", status=2
    )
    clashes = told(capsys, "labels", "conflicts", *words)
    assert "review:bob overrules review:ann on 1 frame" in clashes
    shown = told(capsys, "labels", "show", "DSC_0000", *words)
    assert "scale: LS, by review:bob" in shown
    assert "said so later; both are trusted alike" in " ".join(shown.split())
    other = ("--task", "scale", "--project", str(tmp_path / "two"))
    told(capsys, "ingest", str(tmp_path / "two" / "shoot"), "--project", str(tmp_path / "two"))
    told(capsys, "labels", "import", str(sheet), *other)
    home = told(capsys, "labels", "import", str(sheet), *words)
    assert "0 statements appended, 0 withdrawn" in home, "what the page says is not replaced by its own copy"
    assert "scale: LS, by review:bob" in told(capsys, "labels", "show", "DSC_0000", *other)
    assert "scale: MS, by review:ann" in told(capsys, "labels", "show", "DSC_0001", *other)
    marks = ("review", "marks", "--xmp", "adobe", "--group", "shoot", *words)
    assert "picks and rejects nothing" in told(capsys, *marks, status=2)
