"""`rushes labels import`: what it says and what then stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from rushes.catalog.catalog import StoredFrame, open_catalog
from rushes.cli.main import main
from rushes.footage.source import Frame, Source
from rushes.labels.label import Label
from rushes.labels.manifest import read_manifest
from rushes.labels.trust import resolve
from rushes.project import Project, read_project
from rushes.storage.files import digest_of_bytes
from rushes.timecode import format_frame_name, timecode_at
from storage.servers import web_server

NOW = "2026-11-20T12:00:00Z"
FILMS = {"film0": Fraction(24), "film1": Fraction(24000, 1001)}
SECONDS = (0, 1, 2)


class Door:
    """A project with two films in its catalog, and the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.say("init", folder, "--task", "scale=LS,MS,CS")
        with open_catalog(self.project.catalog_place) as catalog:
            for name, rate in FILMS.items():
                source = Source(digest_of_bytes(name.encode()), f"/f/{name}.mp4", name, name, "video", 64, 36, "h264",
                                rate=rate, frame_count=100)  # fmt: skip
                catalog.add_source(source, now=NOW)
                catalog.add_frames([StoredFrame(frame, f"frames/{frame.name}.jpg", "0" * 64, 0)
                                    for frame in frames_of(source)], now=NOW)  # fmt: skip

    @property
    def project(self) -> Project:
        return read_project(self.folder)

    def say(self, *words: object, status: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        out, err = self.capsys.readouterr()
        assert end.value.code == status, out + err
        return out, " ".join(err.split())

    def load(self, sheet: Path, *words: object, status: int = 0) -> tuple[str, str]:
        return self.say("labels", "import", sheet, "--project", self.folder, *words, status=status)

    def load_as_json(self, sheet: Path, *words: object, status: int = 0) -> Any:
        return json.loads(self.load(sheet, *words, "--json", status=status)[0])

    def csv(self, *rows: str, name: str = "labels.csv") -> Path:
        path = self.folder / name
        path.write_text("\n".join(rows) + "\n")
        return path

    def standing(self) -> dict[str, str | None]:
        with open_catalog(self.project.catalog_place) as catalog:
            names = {item.frame.id: item.frame.name for item in catalog.frames()}
            resolved = resolve(catalog.labels(task="scale"), ())
        return {names[frame].removesuffix("-00"): answer.label.class_name for frame, answer in resolved.items()}

    def groups(self) -> dict[str, str]:
        with open_catalog(self.project.catalog_place) as catalog:
            return {source.name: source.group for source in catalog.sources()}


def frames_of(source: Source) -> list[Frame]:
    assert source.rate is not None
    frames = []
    for second in SECONDS:
        ordinal = second * 24
        timecode = timecode_at(ordinal / source.rate, source.rate)
        name = format_frame_name(source.name, timecode)
        frames.append(Frame(source.digest, ordinal * 1001, 1 / (source.rate * 1001), ordinal, str(timecode), name))
    return frames


def workbook(path: Path, pages: dict[str, Sequence[Sequence[str]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for title, rows in pages.items():
            page = book.add_worksheet(title)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def frame(film: int, second: int) -> str:
    return f"film{film}_FRM-00-00-0{second}-00"


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Door:
    return Door(tmp_path / "project", capsys)


def test_a_statement_of_two_sheets_stands_until_both_have_dropped_it(door: Door):
    rows = ("frame,scale", f"{frame(0, 0)},LS", f"{frame(0, 1)},MS")
    first, second = door.csv(*rows, name="a.csv"), door.csv(*rows, name="b.csv")
    assert door.load_as_json(first)["appended"] == 2
    assert door.load_as_json(second)["appended"] == 2
    assert door.load_as_json(first)["appended"] == door.load_as_json(second)["appended"] == 0
    assert door.load_as_json(door.csv(*rows[:2], name="a.csv"))["withdrawn"] == 1
    assert door.standing() == {"film0_FRM-00-00-00": "LS", "film0_FRM-00-00-01": "MS"}
    assert door.load_as_json(door.csv(*rows[:2], name="b.csv"))["withdrawn"] == 1
    assert door.standing() == {"film0_FRM-00-00-00": "LS"}


def test_what_may_be_in_a_row_without_a_frame_is_not_withdrawn_and_the_reason_is_said(door: Door):
    door.load(door.csv("frame,scale", f"{frame(0, 0)},LS", f"{frame(0, 1)},MS"))
    misspelt = door.csv("frame,scale", f"{frame(0, 0)},LS", "flim0_FRM-00-00-01-00,MS")
    said = door.load_as_json(misspelt)
    assert (said["withdrawn"], said["withdrawals_held_back"]) == (0, True)
    err = door.load(misspelt)[1]
    assert "labels.csv: nothing withdrawn, because of 1 row of frames that are not in the catalog: of what it" in err
    assert len(door.standing()) == 2
    corrected = door.load_as_json(door.csv("frame,scale", f"{frame(0, 0)},LS"))
    assert (corrected["withdrawn"], corrected["withdrawals_held_back"]) == (1, False)


def test_faulty_rows_and_unmatched_rows_are_both_named_as_reasons(door: Door):
    door.load(door.csv("frame,scale", f"{frame(0, 0)},LS"))
    sheet = door.csv("frame,scale", f"{frame(0, 0)},XL", f"{frame(0, 1)},XS", "elsewhere,MS")
    err = door.load(sheet, status=1)[1]
    assert "because of 2 faulty rows and 1 row of frames that are not in the catalog" in err


def test_a_faulty_sheet_that_has_dropped_nothing_holds_nothing_back(door: Door):
    said = door.load_as_json(door.csv("frame,scale", f"{frame(0, 0)},XL"), status=1)
    assert said["withdrawals_held_back"] is False


def test_a_worksheet_with_a_misspelt_header_is_listed_and_the_others_are_taken_in(door: Door):
    book = workbook(
        door.folder / "labels.xlsx",
        {
            "E01": [["frame", "scale"], [frame(0, 0), "LS"]],
            "E02": [["fraem nubmer", "scale"], [frame(1, 0), "MS"]],
            "Notes": [["hello", "remark"], ["a", "b"]],
        },
    )
    out, err = door.load(book, status=1)
    assert "labels.xlsx [E02]: no column says which frame a row is about" in err
    assert "1 worksheet without labels skipped: labels.xlsx [Notes]" in out
    assert door.standing() == {"film0_FRM-00-00-00": "LS"}
    assert "[E02]" in door.load(book, "--strict", status=2)[1]


def test_a_column_called_group_changes_nothing_unless_it_is_mapped(door: Door):
    sheet = door.csv("frame,scale,Group", f"{frame(0, 0)},LS,night", f"{frame(1, 0)},LS,film1")
    out, err = door.load(sheet)
    assert "labels.csv: the column 'Group' is not used." in err
    assert '--map "Group=group"' in err
    assert "group film" not in out
    assert door.groups() == {"film0": "film0", "film1": "film1"}
    out, err = door.load(sheet, "--map", "Group=group", "--dry-run")
    assert "the group of 1 source would change:\n  film0: group film0 -> night\n" in out
    assert door.groups()["film0"] == "film0"
    out, err = door.load(sheet, "--map", "Group=group")
    assert "the group of 1 source changed:\n  film0: group film0 -> night\n" in out
    assert "not used" not in err
    assert door.groups() == {"film0": "night", "film1": "film1"}
    assert "group film" not in door.load(sheet, "--map", "Group=group")[0]


def test_a_column_of_groups_may_be_stated_in_the_project(door: Door):
    toml = door.folder / "rushes.toml"
    toml.write_text(toml.read_text().replace("[columns]\n", '[columns]\nGroup = "group"\n'))
    assert "film0: group film0 -> night" in door.load(door.csv("frame,scale,Group", f"{frame(0, 0)},LS,night"))[0]


def test_a_timecode_that_may_mean_two_frames_is_listed_and_labels_neither(door: Door):
    rows = ("video,timecode,scale", "film0,00:00:01:00,LS", "film1,00:00:01:00,LS", "film1,00:16:40:00,LS")
    err = door.load(door.csv(*rows), status=1)[1]
    assert "labels.csv, row 4, timecode: '00:16:40:00' may mean two frames of 'film1', which runs at 23.976" in err
    assert door.standing() == {"film0_FRM-00-00-01": "LS", "film1_FRM-00-00-01": "LS"}


def subjects_of(door: Door) -> dict[str, tuple[str, ...]]:
    with open_catalog(door.project.catalog_place) as catalog:
        names = {item.frame.id: item.frame.name.removesuffix("-00") for item in catalog.frames()}
        return {names[id]: words for id, words in catalog.subjects().items()}


def test_subjects_come_in_with_labels_are_replaced_and_withdrawn(door: Door):
    rows = ("frame,scale,METADATA", f'{frame(0, 0)},LS,"car, night"', f"{frame(0, 1)},,rain")
    out, _ = door.load(door.csv(*rows), "--dry-run")
    assert "the subjects of 2 frames would be set, of 0 would be withdrawn" in out
    assert subjects_of(door) == {}
    said = door.load_as_json(door.csv(*rows))
    assert (said["subjects"], said["subjects_withdrawn"]) == (2, 0)
    assert subjects_of(door) == {"film0_FRM-00-00-00": ("car", "night"), "film0_FRM-00-00-01": ("rain",)}
    assert door.load_as_json(door.csv(*rows))["subjects"] == 0
    broken = door.csv("frame,scale,METADATA", f"{frame(0, 0)},XL,dawn")
    assert "the subjects of 1 frame are in no row any more, and are kept" in door.load(broken, status=1)[1]
    assert subjects_of(door) == {"film0_FRM-00-00-00": ("dawn",), "film0_FRM-00-00-01": ("rain",)}
    said = door.load_as_json(door.csv("frame,scale,METADATA", f"{frame(0, 0)},LS,dawn"))
    assert (said["subjects"], said["subjects_withdrawn"]) == (0, 1)
    assert subjects_of(door) == {"film0_FRM-00-00-00": ("dawn",)}


def test_rows_of_subjects_alone_withdraw_no_label_and_hold_none_back(door: Door):
    door.load(door.csv("frame,scale,METADATA", f"{frame(0, 0)},LS,", f"{frame(0, 1)},MS,"))
    out, _ = door.load(door.csv("frame,scale,METADATA", f"{frame(0, 0)},LS,", "film0_FRM-00-59-00-00,,sea"))
    assert "0 statements appended, 1 withdrawn" in out
    assert "1 row with subjects alone, of frames that are not in the catalog" in out
    words = door.csv("frame,METADATA", f"{frame(0, 2)},sea", name="words.csv")
    assert "no column holds the classes" in door.load(words, status=2)[1]
    assert door.load_as_json(words, "--map", "METADATA=subjects")["subjects"] == 1
    assert door.standing() == {"film0_FRM-00-00-00": "LS"}


def test_the_manifest_holds_the_subjects_of_its_samples(door: Door):
    door.load(door.csv("frame,scale,METADATA", f'{frame(0, 0)},LS,"car, night"', f"{frame(0, 1)},MS,"))
    door.say("manifest", "build", "--project", door.folder)
    [path] = door.project.manifests_folder.glob("*.jl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row.get("subjects") for row in rows] == [["car", "night"], None]
    assert [row.subjects for row in read_manifest(path)] == [("car", "night"), ()]


def test_a_signature_is_printed_nowhere_and_a_season_file_is_sent_to_pull(door):
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as web:
        place = web.put("/s.csv", f"frame,class\n{frame(0, 0)},LS\n{frame(0, 1)},Bogus\n".encode())
        out, err = door.load(f"{place}?sig=hush", status=1)
        assert out.startswith(f"{place}?…: 2 rows")
        assert "hush" not in out + err
    season = door.folder / "S01.json"
    season.write_text(json.dumps([{"Season Code": "S01", "episode_code": "E01", "google_share_link": "a.csv"}]))
    _, err = door.load(season, status=2)
    assert f"is a season file, which says where the sheets are. Take them in: rushes labels pull {season}" in err


def test_a_row_that_moved_to_a_worksheet_that_cannot_be_read_is_not_withdrawn(door: Door):
    book = door.folder / "w.xlsx"
    head = ("frame", "scale")
    workbook(book, {"A": [head, (frame(0, 0), "LS"), (frame(0, 1), "MS")], "B": [head, (frame(0, 2), "CS")]})
    assert door.load_as_json(book)["appended"] == 3
    before = door.standing()
    workbook(book, {"A": [head, (frame(0, 0), "LS")], "B": [("fraem", "scale"), (frame(0, 1), "MS")]})
    said = door.load(book, status=1)
    assert "nothing withdrawn, because of another worksheet of the file, which was not read whole" in said[1]
    workbook(book, {"A": [head, (frame(0, 0), "LS")], "C": [("remark",), ("none",)]})
    said = door.load(book)
    assert "w.xlsx [B]: it was not read: it is gone, hidden, renamed or without its header" in said[1]
    assert door.standing() == before


def test_an_emptied_file_says_how_all_of_it_is_withdrawn(door: Door):
    rows = door.csv(json.dumps({"frame": frame(0, 0), "scale": "LS"}), name="a.jsonl")
    assert door.load_as_json(rows)["appended"] == 1
    assert '{"frame": null, "class": null}' in door.load(door.csv("", name="a.jsonl"), status=2)[1]
    assert door.load_as_json(door.csv('{"frame": null, "class": null}', name="a.jsonl"))["withdrawn"] == 1
    assert "leave its header" in door.load(door.csv("", name="a.csv"), status=2)[1]


def test_two_worksheets_that_contradict_each_other_are_named(door: Door):
    head = ("frame", "scale")
    book = workbook(door.folder / "w.xlsx", {"A": [head, (frame(0, 0), "LS")], "B": [head, (frame(0, 0), "MS")]})
    assert f"w.xlsx [B], row 2: 'MS' for {frame(0, 0)}, but 'LS' in w.xlsx [A], row 2" in door.load(book, status=1)[1]
    assert door.standing() == {}


def test_a_sheet_of_decisions_keeps_their_times_and_beats_no_later_decision(door: Door):
    one, two, three, four = frame(0, 0), frame(0, 1), frame(0, 2), frame(1, 0)
    with open_catalog(door.project.catalog_place) as catalog:
        ids = {item.frame.name: item.frame.id for item in catalog.frames()}
        catalog.append_labels([Label(ids[name], "scale", "LS", "review:ann", NOW) for name in (one, two)])
    rows = (f"{one},LS,{NOW}", f"{two},MS,2026-11-19 09:00", f"{three},MS,2026-11-20T01:30:00+02:00", f"{four},MS,soon")
    sheet = door.csv("frame,scale,stated_at", *rows)
    said = door.load_as_json(sheet, "--origin", "review:ann", status=1)
    assert (said["appended"], said["overtaken"]) == (1, 1)
    assert said["failed"] == [
        "labels.csv, row 5, stated_at: 'soon' is not a time. Allowed: 2026-11-20T12:00:00Z, or an empty cell"
    ]
    with open_catalog(door.project.catalog_place) as catalog:
        (new,) = [label for label in catalog.labels(task="scale") if label.sheet]
    assert (new.frame, new.stated_at) == (ids[three], "2026-11-19T23:30:00Z")
    assert set(door.standing().values()) == {"LS", "MS"}
    assert "1 statement adds nothing: their origin" not in door.load(sheet, "--origin", "bob", status=1)[0]
