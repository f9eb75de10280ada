"""The memory of a project."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import IntegrityError

from rushes.catalog import schema
from rushes.catalog.catalog import Catalog, KnownFile, StoredFrame, open_catalog, signatures_of_frames
from rushes.catalog.database import open_database
from rushes.catalog.migrations import STEPS, migrate
from rushes.errors import CatalogError
from rushes.footage.source import REFERENCED, Frame, Source, episodes_in
from rushes.labels.label import Label

NOW = "2026-11-20T12:00:00Z"
SOURCE = Source(
    digest="ab" * 32,
    path="/films/TT_S01_E01.mp4",
    name="TT_S01_E01",
    group="TT_S01_E01",
    kind="video",
    width_pixels=640,
    height_pixels=360,
    codec="h264",
    rate=Fraction(24000, 1001),
    frame_count=240,
    duration_seconds=Fraction(1001, 100),
)


def frame(ordinal: int) -> StoredFrame:
    address = Frame(SOURCE.digest, ordinal * 1001, Fraction(1, 24000), ordinal, "00:00:00:00", f"F{ordinal}")
    return StoredFrame(address, f"frames/x/F{ordinal}.jpg", "cd" * 32, (1 << 63) + ordinal)


def label(class_name: str | None, *, ordinal: int = 0, origin: str = "jonny") -> Label:
    return Label(frame(ordinal).frame.id, "rarity", class_name, origin, NOW, "a.xlsx, row 2", "a.xlsx")


@pytest.fixture
def catalog(catalog_place: Path | str) -> Iterator[Catalog]:
    with open_catalog(catalog_place) as opened:
        yield opened


def test_what_is_put_in_comes_out_the_same(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0), frame(8)], now=NOW)
    assert catalog.sources() == [SOURCE]
    assert catalog.source(SOURCE.digest) == SOURCE
    assert catalog.frames() == [frame(0), frame(8)]
    assert catalog.frames(source="ff" * 32) == []


def test_frames_are_not_there_twice(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0)], now=NOW)
    catalog.add_frames([frame(0), frame(1)], now=NOW)
    assert len(catalog.frames()) == 2


def test_a_frame_whose_picture_was_made_anew_states_the_new_picture(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0)], now=NOW)
    anew = replace(frame(0), image="frames/x/F0.png", sha256="ef" * 32, signature=5, size="64")
    catalog.add_frames([anew], now=NOW)
    assert catalog.frames() == [anew]


def test_a_frame_that_is_referred_to_where_it_is_has_no_digest_and_no_signature_until_it_is_decoded(
    catalog: Catalog,
) -> None:
    catalog.add_source(SOURCE, now=NOW)
    there = replace(frame(0), image="s3://bucket/base/F0.jpg", sha256="", signature=None, size="")
    catalog.add_frames([there, frame(1)], now=NOW)
    assert catalog.frames() == [there, frame(1)]
    assert signatures_of_frames(catalog.frames()) == {frame(1).frame.id: frame(1).signature}
    catalog.add_frames([replace(there, signature=0)], now=NOW)
    assert signatures_of_frames(catalog.frames())[there.frame.id] == 0
    catalog.add_frames([frame(0)], now=NOW)
    assert catalog.frames() == [frame(0), frame(1)]


def test_many_frames_at_once_are_kept_as_few_are(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    many = [frame(ordinal) for ordinal in range(600)]
    catalog.add_frames(many, now=NOW)
    catalog.add_frames([replace(one, sha256="", signature=None) for one in many], now=NOW)
    assert catalog.frames() == many  # what is known of a picture stays known
    anew = [replace(one, image="frames/x/new.png", sha256="") for one in many]
    catalog.add_frames([*many, anew[0]], now=NOW)  # of one that is stated twice, the last one counts
    assert catalog.frames() == [anew[0], *many[1:]]
    with catalog.at_once():
        catalog.add_frames(anew, now=NOW)
        catalog.add_frames(anew, now=NOW)
    assert catalog.frames() == anew


def test_a_name_belongs_to_one_source(catalog: Catalog) -> None:
    other = replace(SOURCE, digest="cd" * 32)
    assert catalog.add_source(SOURCE, now=NOW).name == "TT_S01_E01"
    assert catalog.add_source(other, now=NOW).name == "TT_S01_E01-cdcdcdcd"
    assert catalog.add_source(other, now=NOW).name == "TT_S01_E01-cdcdcdcd"


def test_a_folder_s_name_may_hold_what_means_something_in_a_url(tmp_path: Path) -> None:
    for name in ("who?", "100%", "a#b", "a@b:c"):
        path = tmp_path / name / "catalog.db"
        with open_catalog(path) as opened:
            opened.add_source(SOURCE, now=NOW)
        assert path.is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["100%", "a#b", "a@b:c", "who?"]


def test_several_processes_may_make_the_same_catalog_at_once(catalog_place: Path | str) -> None:
    words = (
        "from pathlib import Path; import sys; from rushes.catalog.catalog import open_catalog; place = sys.argv[1]; "
    )
    words += "open_catalog(place if '://' in place else Path(place)).close()"
    command = [sys.executable, "-c", words, str(catalog_place)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said


def test_a_film_that_moved_is_still_the_same_film(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_source(replace(SOURCE, path="/elsewhere/a.mp4", group="show"), now=NOW)
    assert [(source.path, source.group, source.name) for source in catalog.sources()] == [
        ("/elsewhere/a.mp4", "show", "TT_S01_E01")
    ]


def test_labels_are_appended_and_never_overwritten(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0)], now=NOW)
    statements = [label("Rare"), label(None), label("Junk")]
    for statement in statements:
        catalog.append_labels([statement])
    assert catalog.labels(task="rarity") == statements
    assert catalog.labels_of(frame(0).frame.id, task="rarity") == statements
    assert catalog.labels(task="mcu") == []


def test_labels_are_appended_all_or_none(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0)], now=NOW)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        catalog.append_labels([label("Rare"), label("Rare", ordinal=99)])
    assert catalog.labels() == []


def test_what_one_sheet_said_is_read_by_itself(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0), frame(8)], now=NOW)
    ours, theirs = label("Rare"), replace(label("Junk", ordinal=8), sheet="b.csv")
    catalog.append_labels([ours, theirs, replace(ours, class_name=None), replace(ours, task="scale", sheet="c.csv")])
    assert catalog.labels_of_sheet("a.xlsx", task="rarity") == [ours, replace(ours, class_name=None)]
    assert catalog.sheets(task="rarity") == ["a.xlsx", "b.csv"]
    catalog.set_subjects("b.csv", {frame(8).frame.id: ("car", "sea")})
    assert catalog.subjects_of_sheet("b.csv") == {frame(8).frame.id: ("car", "sea")}
    assert catalog.subjects_of_sheet("a.xlsx") == {}


def test_the_group_of_a_source_can_be_set(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    assert catalog.set_groups([(SOURCE.digest, "person 1")]) == 1
    assert catalog.set_groups([(SOURCE.digest, "person 1")]) == 0
    assert catalog.sources()[0].group == "person 1"


def test_a_digest_is_remembered_until_the_file_changes(catalog: Catalog) -> None:
    path = Path("/films/a.mp4")
    catalog.remember_files({str(path): KnownFile(10, 5, "aa")})
    assert catalog.digest_of(path, size_bytes=10, modified_ns=5) == "aa"
    assert catalog.digest_of(path, size_bytes=10, modified_ns=6) is None
    catalog.remember_files({str(path): KnownFile(11, 6, "bb")})
    assert catalog.digest_of(path, size_bytes=11, modified_ns=6) == "bb"


def test_several_writers_at_once_lose_nothing(catalog_place: Path | str) -> None:
    with open_catalog(catalog_place) as first:
        first.add_source(SOURCE, now=NOW)

    def write(start: int) -> None:
        with open_catalog(catalog_place) as mine:
            for ordinal in range(start, start + 25):
                mine.add_frames([frame(ordinal)], now=NOW)
                mine.append_labels([label("Rare", ordinal=ordinal)])

    writers = [threading.Thread(target=write, args=(25 * number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with open_catalog(catalog_place) as after:
        assert len(after.frames()) == len(after.labels()) == 100


def test_migrating_from_nothing_gives_the_tables_that_the_code_knows(catalog_place: Path | str) -> None:
    engine = open_database(catalog_place)
    assert migrate(engine) == len(STEPS)
    assert migrate(engine) == 0
    found = inspect(engine)
    for table in schema.METADATA.sorted_tables:
        assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())
    engine.dispose()


def test_the_indexes_are_those_that_the_code_knows(catalog_place: Path | str) -> None:
    engine = open_database(catalog_place)
    migrate(engine)
    found = inspect(engine)
    for table in schema.METADATA.sorted_tables:
        made = {index["name"]: index["column_names"] for index in found.get_indexes(table.name)}
        stated = {index.name: [column.name for column in index.columns] for index in table.indexes}
        assert {name: made.get(name) for name in stated} == stated
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "episodes"),
    [
        ("TT_S01_FRM-00-00-01-00", ["tt_s01"]),
        ("A_frm-1_FRM-00-00-01-00", ["a", "a_frm-1"]),
        ("IMG_0001", []),
        ("_FRM-1", [""]),
    ],
)
def test_a_frame_may_be_of_what_stands_before_each_mark_of_its_name(name: str, episodes: list[str]) -> None:
    assert episodes_in(name) == episodes


def test_a_frame_that_takes_over_takes_what_every_task_said_and_no_other_frame_does(catalog: Catalog) -> None:
    known = replace(SOURCE, digest="ef" * 32, name="Rést", group="Rést", codec=REFERENCED)
    old = [Frame(known.digest, n, Fraction(1, 25), n, f"00:00:00:0{n}", f"Rést_FRM-00-00-00-0{n}") for n in (0, 1)]
    catalog.add_source(known, now=NOW)
    catalog.add_frames([StoredFrame(one, "s3://b/a.jpg", "", None, size="") for one in old], now=NOW)
    for task in ("taste", "rarity"):
        catalog.append_labels([Label(one.id, task, "Rare", "jonny", NOW, "row 2", "a.xlsx") for one in old])
    film = catalog.add_source(replace(SOURCE, name="RÉST"), now=NOW)
    taken = Frame(film.digest, 0, Fraction(1, 24), 0, "00:00:00:00", "RÉST_FRM-00-00-00-00")
    for name in ("RÉST", "RÉSTE_FRM-00-00-00-01"):
        other = replace(taken, name=name, pts=5, ordinal=5)
        catalog.add_frames([StoredFrame(other, "b.jpg", "cd" * 32, 1)], now=NOW)
    catalog.add_frames([StoredFrame(taken, "a.jpg", "cd" * 32, 1)], now=NOW)
    for task in ("taste", "rarity"):
        assert [said.class_name for said in catalog.labels_of(taken.id, task=task)] == ["Rare"]
        assert [said.class_name for said in catalog.labels_of(old[0].id, task=task)] == ["Rare", None]
        assert [said.class_name for said in catalog.labels_of(old[1].id, task=task)] == ["Rare"]


def test_what_ingest_does_with_one_file_reads_no_table_from_end_to_end(tmp_path: Path) -> None:
    place = tmp_path / "catalog.db"
    known = replace(SOURCE, digest="ef" * 32, name="Rest", group="Rest", codec=REFERENCED)
    shown = StoredFrame(Frame(known.digest, 0, Fraction(1, 25), 0, "00:00:00:00", "Rest_FRM-00-00-00-00"), "", "", None)
    photo = replace(SOURCE, name="Rest_FRM-00-00-00-00", kind="photo", rate=None, frame_count=1)
    taken = StoredFrame(Frame(photo.digest, 0, Fraction(1), 0, "00:00:00:00", photo.name), "a.jpg", "cd" * 32, 1)
    asked: list[tuple[str, object]] = []
    with open_catalog(place) as catalog:
        catalog.add_source(known, now=NOW)
        catalog.add_frames([shown], now=NOW)
        catalog.append_labels([Label(shown.frame.id, "rarity", "Rare", "jonny", NOW, "row 2", "a.xlsx")])
        with catalog.reading() as connection:
            event.listen(
                connection.engine,
                "before_cursor_execute",
                lambda _c, _k, said, values, *_: asked.append((said, values)),
            )
        catalog.digest_of(place, size_bytes=1, modified_ns=1)
        catalog.known_files(["/a.jpg"])
        catalog.remember_files({"/a.jpg": KnownFile(1, 1, photo.digest)})
        catalog.add_source(photo, now=NOW)
        catalog.add_frames([taken], now=NOW)
        catalog.paths_of(photo.digest)
        catalog.sources_of([photo.digest])
        assert catalog.frames(source=photo.digest) == catalog.frames_of([photo.digest]) == [taken]
        assert [said.class_name for said in catalog.labels_of(taken.frame.id, task="rarity")] == ["Rare"]
    found = sqlite3.connect(place)
    plans = {
        said: [
            row[3]
            for row in found.execute(f"EXPLAIN QUERY PLAN {said}", values[0] if isinstance(values, list) else values)
        ]
        for said, values in asked
        if said.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))
    }
    found.close()
    assert any("sources_referenced" in step for plan in plans.values() for step in plan)
    assert any("files_by_digest" in step for plan in plans.values() for step in plan)
    read = {said: plan for said, plan in plans.items() for step in plan if step.startswith("SCAN")}
    assert read == {}


def test_a_later_step_keeps_what_is_there_and_a_step_that_fails_leaves_the_version_before(
    catalog_place: Path | str,
) -> None:
    with open_catalog(catalog_place) as catalog:
        catalog.add_source(SOURCE, now=NOW)
    engine = open_database(catalog_place)

    def add_a_column(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE sources ADD COLUMN note TEXT"))

    def fail(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE sources ADD COLUMN other TEXT"))
        raise RuntimeError("power cut")

    assert migrate(engine, steps=[*STEPS, add_a_column]) == 1
    with pytest.raises(RuntimeError, match="power cut"):
        migrate(engine, steps=[*STEPS, add_a_column, fail])
    columns = {column["name"] for column in inspect(engine).get_columns("sources")}
    assert "note" in columns
    assert "other" not in columns
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, note FROM sources")).all() == [("TT_S01_E01", None)]
        assert connection.execute(text("SELECT max(version) FROM catalog_version")).scalar_one() == len(STEPS) + 1
    engine.dispose()


def test_a_catalog_of_the_first_version_keeps_its_sources_and_learns_their_start_timecode(
    catalog_place: Path | str,
) -> None:
    engine = open_database(catalog_place)
    assert migrate(engine, steps=STEPS[:1]) == 1
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sources (digest, path, name, group_name, kind, width_pixels, height_pixels, codec, "
                "start_pts, rate, frame_count, added_at) VALUES "
                "(:digest, '/films/a.mov', 'a', 'a', 'video', 8, 8, 'h264', 0, '25', 50, :now)"
            ),
            {"digest": "ab" * 32, "now": NOW},
        )
    engine.dispose()
    with open_catalog(catalog_place) as catalog:
        before = catalog.source("ab" * 32)
        assert before is not None
        assert (before.name, before.start_timecode) == ("a", None)
        catalog.add_source(replace(before, start_timecode="10:00:00:00"), now=NOW)
        after = catalog.source("ab" * 32)
        assert after == replace(before, start_timecode="10:00:00:00")


def test_a_catalog_from_before_names_were_folded_finds_the_referenced_episode_of_a_film(
    catalog_place: Path | str,
) -> None:
    engine = open_database(catalog_place)
    assert migrate(engine, steps=STEPS[:9]) == 9
    names = ["Straße", *(f"GRÜN{number}" for number in range(6000))]  # more than are brought up to date at a time
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sources (digest, path, name, group_name, kind, width_pixels, height_pixels, codec, "
                "start_pts, frame_count, added_at) VALUES "
                "(:digest, 's3://b/', :name, 'guide', 'video', 8, 8, 'referenced', 0, 50, :now)"
            ),
            [{"digest": f"{number:064x}", "name": name, "now": NOW} for number, name in enumerate(names)],
        )
    engine.dispose()
    with open_catalog(catalog_place) as catalog:
        assert [source.name for source in catalog.sources()] == sorted(names)
        for number, name in enumerate(("STRASSE", "grün0", "Grün5999")):
            film = catalog.add_source(replace(SOURCE, digest=f"f{number}" * 32, name=name, group=name), now=NOW)
            assert (film.name, film.group) == (f"{name}-{film.digest[:8]}", "guide")


def test_a_catalog_of_a_newer_rushes_is_refused(catalog_place: Path | str) -> None:
    with open_catalog(catalog_place) as catalog, catalog.writing() as connection:
        connection.execute(text("INSERT INTO catalog_version VALUES (99)"))
    with pytest.raises(CatalogError, match=r"version 99.*Update rushes"):
        open_catalog(catalog_place)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(CatalogError, match=r"catalog\.db.* is damaged"):
        open_catalog(tmp_path / "catalog.db")


def test_subjects_of_several_sheets_are_united_in_the_order_of_their_keys(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0), frame(8)], now=NOW)
    first, second = frame(0).frame.id, frame(8).frame.id
    catalog.set_subjects("b.csv", {first: ("Car", "sea")})
    catalog.set_subjects("a.csv", {first: ("night", "car"), second: ("rain",)})
    assert catalog.subjects() == {first: ("night", "car", "sea"), second: ("rain",)}
    catalog.set_subjects("a.csv", {first: ("dawn",), second: ()})
    assert catalog.subjects() == {first: ("dawn", "Car", "sea")}
    assert catalog.subjects_by_sheet() == {"a.csv": {first: ("dawn",)}, "b.csv": {first: ("Car", "sea")}}


def test_subjects_are_set_all_or_not_at_all(catalog: Catalog) -> None:
    catalog.add_source(SOURCE, now=NOW)
    catalog.add_frames([frame(0)], now=NOW)
    with pytest.raises(IntegrityError):
        catalog.set_subjects("a.csv", {frame(0).frame.id: ("car",), "nowhere:0": ("car",)})
    assert catalog.subjects() == {}


def test_what_is_written_at_once_is_written_whole_or_not_at_all(catalog_place: Path | str) -> None:
    source = Source(digest="a" * 64, path="/films/a.mp4", name="a", group="a", kind="video", width_pixels=1,
                    height_pixels=1, codec="h264", start_pts=0, rate=Fraction(24), frame_count=1,
                    duration_seconds=Fraction(1))  # fmt: skip
    other = replace(source, digest="b" * 64, path="/other/a.mp4")

    def add_both() -> None:
        with catalog.at_once():
            catalog.add_source(source, now="2026-11-25T00:00:00Z")
            assert catalog.add_source(other, now="2026-11-25T00:00:00Z").name == "a-bbbbbbbb"  # the first name is taken
            assert len(catalog.sources()) == 2
            with open_catalog(catalog_place) as meanwhile:
                assert meanwhile.sources() == []
            raise ValueError("oh")

    with open_catalog(catalog_place) as catalog:
        with pytest.raises(ValueError, match="oh"):
            add_both()
        assert catalog.sources() == []
        with catalog.at_once():
            catalog.add_source(source, now="2026-11-25T00:00:00Z")
        assert len(catalog.sources()) == 1
