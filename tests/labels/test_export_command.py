"""`rushes labels export`, `show` and `conflicts`: what is written, read again and said."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.catalogued import film_frames, photograph
from labels.test_import_command import Door, frame
from rushes.catalog.catalog import open_catalog
from rushes.labels.columns import plan_sheets
from rushes.labels.export import plan_export
from rushes.labels.export_files import write_export, write_table
from rushes.labels.frame_index import FrameIndex
from rushes.labels.label import Label
from rushes.labels.parse import parse_labels
from rushes.labels.sheets.csv import mark_as_text, parse_csv
from rushes.labels.sheets.files import read_sheets
from rushes.labels.trust import resolve
from rushes.project import DEFAULT_TRUST, Task

NAMES = [".csv", ".xlsx", ".jsonl", ".json"]
CLASSES = ("LS", "MS", "=1+1", "-5", "@x", "'=1", '+Rare, but "odd"')
SCALE = Task("scale", CLASSES)
REFS = [
    *film_frames("/films/film0.mp4", range(0, 40, 10)),
    photograph("/shoots/a/shot0001.png"),
    photograph("/shoots/b/shot0001.png", name="shot0001-ab12cd34"),
    replace(photograph("/shoots/=cmd.png"), image="s3://bucket/S01/=cmd.jpg"),
]
SUBJECTS = {REFS[0].id: ("car", "=night"), REFS[4].id: ("sea",)}


def say(ref: int, class_name: str | None, origin: str, sheet: str = "a.csv") -> Label:
    return Label(REFS[ref].id, "scale", class_name, origin, "2026-11-20T12:00:00Z", f"{sheet}, row 2", sheet)


def read_again(path: Path) -> tuple[dict[str, tuple[str | None, str]], dict[str, tuple[str, ...]]]:
    """Return what an import of a file would state: frame -> (class, origin) as resolved, and frame -> subjects."""
    index = FrameIndex(REFS)
    [(sheet, columns)] = plan_sheets(read_sheets(path), {}, task_name="scale")
    parsed = parse_labels(sheet, SCALE, columns, index, default_origin="supervised", now="2026-11-21T12:00:00Z")
    assert parsed.faults == parsed.unmatched == parsed.without_frames == ()
    return answers(parsed.labels), dict(parsed.subjects)


def answers(labels: Any) -> dict[str, tuple[str | None, str]]:
    resolved = resolve(labels, DEFAULT_TRUST)
    return {id: (one.label.class_name, one.label.origin.casefold()) for id, one in resolved.items()}


LABELS = [
    *(say(place, CLASSES[place], "jonny") for place in range(len(REFS))),
    say(0, "MS", "supervised"),
    say(0, "LS", "unsupervised", "b.csv"),
    say(1, "LS", "anna"),
    say(2, None, "jonny"),
    say(2, "MS", "bert", ""),
    say(2, "LS", "carl", ""),
    say(3, "LS", "model:rare 2", ""),
    say(5, "MS", "jonny"),
]


def export(path: Path, labels: list[Label], *, all_statements: bool = False, unlabelled: bool = False) -> int:
    planned = plan_export(
        REFS, labels, DEFAULT_TRUST, subjects=SUBJECTS, all_statements=all_statements, unlabelled=unlabelled
    )
    return write_export(path, planned, task_name="scale", all_statements=all_statements)


@pytest.mark.parametrize("all_statements", [False, True])
@pytest.mark.parametrize("suffix", NAMES)
def test_importing_an_export_gives_the_same_labels_and_subjects(tmp_path, suffix, all_statements):
    path = tmp_path / f"labels{suffix}"
    export(path, LABELS, all_statements=all_statements, unlabelled=True)
    assert read_again(path) == (answers(LABELS), SUBJECTS)


statements = st.lists(
    st.builds(
        say,
        st.integers(0, len(REFS) - 1),
        st.sampled_from([None, *CLASSES]),
        st.sampled_from(["jonny", "supervised", "anna", "bert", "model:x"]),
        st.sampled_from(["", "a.csv", "b.csv"]),
    ),
    max_size=25,
)


@pytest.mark.parametrize("all_statements", [False, True])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
@given(labels=statements)
def test_whatever_was_said_an_export_reads_back_as_it_stands(tmp_path_factory, suffix, all_statements, labels):
    path = tmp_path_factory.mktemp("export") / f"labels{suffix}"
    export(path, labels, all_statements=all_statements, unlabelled=True)
    assert read_again(path)[0] == answers(labels)


def test_a_resolved_label_says_where_it_comes_from_and_what_it_overruled(tmp_path):
    export(tmp_path / "a.jsonl", LABELS)
    first, *others = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert first == {
        "image": REFS[0].image,
        "name": REFS[0].name,
        "class": "LS",
        "origin": "jonny",
        "stated_at": "2026-11-20T12:00:00Z",
        "place": "a.csv, row 2",
        "sheet": "a.csv",
        "overruled": "MS by supervised",
        "subjects": "car; =night",
        "source": "film0",
        "ordinal": 0,
        "timecode": "00:00:00:00",
    }
    assert len(others) == len(REFS) - 1


def test_every_statement_says_what_became_of_it(tmp_path):
    export(tmp_path / "a.csv", LABELS, all_statements=True)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["name"] == REFS[2].name]
    assert [(row["origin"], row["said"], row["class"], row["fate"]) for row in rows] == [
        ("jonny", "'=1+1", "", "withdrawn"),
        ("jonny", "", "", "withdrawal"),
        ("bert", "MS", "MS", "overruled"),
        ("carl", "LS", "LS", "stands"),
    ]


def test_frames_without_a_label_are_written_on_request(tmp_path):
    assert export(tmp_path / "a.csv", LABELS[:1]) == 1
    assert export(tmp_path / "b.csv", LABELS[:1], unlabelled=True) == len(REFS)


def test_no_cell_of_a_table_can_run_as_a_formula(tmp_path):
    wild = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1", "plain", "a=b"]
    write_table(tmp_path / "a.csv", ["cell", "other"], [[cell, "x"] for cell in wild])
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [row[0] for row in csv.reader(file)][1:]
    assert [cell for cell in written if cell[0] in "=+-@\t\r"] == []
    [sheet] = read_sheets(tmp_path / "a.csv")
    assert [row[0] for row in sheet.rows] == wild
    write_table(tmp_path / "a.xlsx", ["cell"], [[cell] for cell in wild])
    with ZipFile(tmp_path / "a.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


@given(st.text(st.sampled_from("'=+-@ab\t"), max_size=6))
def test_a_marked_cell_is_read_back_and_is_no_formula(cell):
    marked = mark_as_text(cell)
    assert not marked.startswith(("=", "+", "-", "@", "\t"))
    [row] = parse_csv(f'a;b\n"{marked}";x\n'.encode(), name="a", key="a").rows
    assert row == (cell, "x")


def test_label_studio_reads_choices_and_passes_over_what_it_does_not_know(tmp_path):
    export(tmp_path / "a.json", LABELS, all_statements=True)
    tasks = {one["data"]["name"]: one for one in json.loads((tmp_path / "a.json").read_text())}
    first, with_model = tasks[REFS[0].name], tasks[REFS[3].name]
    assert first["data"]["image"] == REFS[0].image
    assert first["annotations"][0]["result"] == [
        {"from_name": "scale", "to_name": "image", "type": "choices", "value": {"choices": ["LS"]}}
    ]
    assert [one["was_cancelled"] for one in tasks[REFS[2].name]["annotations"]] == [True, True, False, False]
    assert with_model["predictions"][0]["model_version"] == "rare 2"


# The command line.


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Door:
    door = Door(tmp_path, capsys)
    rows = (
        f'{frame(0, 0)},LS,MS,"car, night"',
        f"{frame(0, 1)},LS,CS,",
        f"{frame(0, 2)},MS,CS,",
        f"{frame(1, 0)},,CS,",
    )
    sheet = door.csv("FRAME,jonny,supervised,METADATA", *rows)
    door.load(sheet, "--map", "jonny=class:jonny", "--map", "supervised=class:supervised")
    return door


def standing(door: Door) -> dict[str, tuple[str | None, str]]:
    with open_catalog(door.project.catalog_place) as catalog:
        return answers(catalog.labels(task="scale"))


@pytest.mark.parametrize("suffix", NAMES)
def test_the_export_of_one_project_gives_another_the_same_labels(door: Door, tmp_path_factory, capsys, suffix):
    path = door.folder / f"out{suffix}"
    said = json.loads(door.say("labels", "export", path, "--project", door.folder, "--json")[0])
    assert said == {"path": str(path), "task": "scale", "frames": 4, "labelled": 4, "statements": None}
    other = Door(tmp_path_factory.mktemp("other"), capsys)
    other.load(path)
    assert standing(other) == standing(door)
    with open_catalog(other.project.catalog_place) as catalog:
        assert {label.origin for label in catalog.labels(task="scale")} == {"jonny", "supervised"}
        assert list(catalog.subjects().values()) == [("car", "night")]


def test_a_file_is_replaced_only_on_request_and_a_dry_run_writes_none(door: Door):
    inside, path = ("--project", door.folder), door.folder / "out.csv"
    assert "would be written" in door.say("labels", "export", path, *inside, "--dry-run")[0]
    assert not path.exists()
    door.say("labels", "export", path, *inside)
    assert "is there already" in door.say("labels", "export", path, *inside, status=2)[1]
    assert "6 frames, 4 of them labelled" in door.say(
        "labels", "export", path, *inside, "--overwrite", "--unlabelled")[0]  # fmt: skip
    refused = door.say("labels", "export", door.folder / "out.ods", *inside, status=2)[1]
    assert "labels are not written as '.ods'" in refused


def test_show_says_what_stands_and_why_and_where_the_frame_is(door: Door):
    door.say("manifest", "build", "--project", door.folder)
    out, _ = door.say("labels", "show", frame(0, 0), "--project", door.folder)
    for words in (
        f"{frame(0, 0)}\n",
        f"picture   frames/{frame(0, 0)}.jpg",
        "source    /f/film0.mp4, frame 0, 00:00:00:00, 0.000 s",
        "subjects  car, night",
        "scale: LS, by jonny",
        "no origin that is trusted more than 'jonny' says anything",
        "'jonny' says LS, and is trusted more",
        "labels.csv, row 2",
        "trust     review > jonny > supervised > folder > unsupervised",
        "manifest  LS in scale-manifest-",
        "split     none yet",
    ):
        assert words in out
    door.load(door.csv("frame,scale", f"{frame(0, 0)},CS", name="review.csv"), "--origin", "review")
    assert "LS in scale-manifest-" in (out := door.say("labels", "show", frame(0, 0), "--project", door.folder)[0])
    assert "(labels have changed since)" in out


def test_show_names_a_frame_that_is_not_there_and_goes_on(door: Door):
    words = ("labels", "show", "flim0_FRM-00-00-00-00", frame(1, 1), "--project", door.folder)
    out, err = door.say(*words, "--json", status=1)
    assert "'flim0_FRM-00-00-00-00' is not in the catalog. Did you mean" in err
    [told] = json.loads(out)["frames"]
    assert told["name"] == frame(1, 1)
    assert told["tasks"]["scale"]["class"] is None
    assert "scale: no label" in door.say(*words, status=1)[0]


def test_conflicts_are_counted_by_pair_of_origins_and_classes(door: Door):
    said = json.loads(door.say("labels", "conflicts", "--project", door.folder, "--json")[0])
    assert said["pairs"] == [{"winner": "jonny", "loser": "supervised", "frames": 3}]
    assert said["classes"] == [
        {"winner": "jonny", "winner_class": "LS", "loser": "supervised", "loser_class": "CS", "frames": 1},
        {"winner": "jonny", "winner_class": "LS", "loser": "supervised", "loser_class": "MS", "frames": 1},
        {"winner": "jonny", "winner_class": "MS", "loser": "supervised", "loser_class": "CS", "frames": 1},
    ]


def test_conflicts_of_one_pair_are_written_for_review_and_the_review_is_read_back(door: Door):
    door.load(door.csv("frame,scale", f"{frame(1, 0)},LS", name="review.csv"), "--origin", "review")
    inside, path = ("--project", door.folder), door.folder / "conflicts.csv"
    said = json.loads(door.say(
        "labels", "conflicts", "--pair", "Jonny:supervised", "--to", path, *inside, "--json")[0])  # fmt: skip
    assert (len(said["conflicts"]), said["path"]) == (3, str(path))
    rows = path.read_text(encoding="utf-8-sig").split("\n")[:-1]
    assert rows[1].startswith(f'"frames/{frame(0, 0)}.jpg","{frame(0, 0)}","","jonny","LS",')
    path.write_text("\n".join([rows[0], rows[1].replace('"","jonny"', '"MS","jonny"'), *rows[2:]]))
    door.load(path, "--origin", "review")
    assert door.standing()["film0_FRM-00-00-00"] == "MS"
    assert "it is there already" in door.say("labels", "conflicts", "--to", path, *inside, status=2)[1]
    refused = door.say("labels", "conflicts", "--pair", "jonny:supervise", *inside, status=2)[1]
    assert "no conflict of these two. Did you mean 'jonny:supervised'?" in refused


@pytest.mark.parametrize("cell", ["ann;=1+1", "\n=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff2011", "a;b", "'\n=1"])
def test_no_cell_of_a_csv_begins_a_formula_whatever_stands_between_cells_where_it_is_opened(tmp_path, cell):
    path = tmp_path / "labels.csv"
    write_table(path, ["origin", "place"], [[cell, "x"]])
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file, delimiter=";"):
            assert all(one.lstrip('"')[:1] not in tuple("=+-@\n\uff1d\uff0b\uff0d\uff20") for one in row if one)
    assert parse_csv(path.read_bytes(), name="x", key="x").rows == ((cell, "x"),)


def test_the_classes_of_a_task_named_class_are_exported_and_read_again(tmp_path):
    path = tmp_path / "labels.csv"
    label = Label(REFS[0].id, "class", "LS", "jonny", "2026-11-20T12:00:00Z", "row 2", "a.csv")
    planned = plan_export(REFS, [label], (), subjects={}, all_statements=False, unlabelled=False)
    write_export(path, planned, task_name="class", all_statements=False)
    [(sheet, columns)] = plan_sheets(read_sheets(path), {}, task_name="class")
    parsed = parse_labels(
        sheet, Task("class", CLASSES), columns, FrameIndex(REFS), default_origin="x", now=label.stated_at
    )
    assert [(one.class_name, one.origin) for one in parsed.labels] == [("LS", "jonny")]
