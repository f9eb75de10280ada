"""A catalog moved between SQLite and PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.postgres import PostgresServer
from sqlalchemy import text

from catalog.test_catalog import NOW, SOURCE, frame, label
from rushes.catalog.catalog import KnownFile, open_catalog
from rushes.catalog.copying import check_copy, copy_catalog, count_rows, differences, open_as_it_is, read_contents
from rushes.catalog.database import url_of
from rushes.catalog.review_journal import Change, ReviewJournal, read_marks
from rushes.cli.main import main
from rushes.errors import CatalogError, ProjectError
from rushes.project import find_project


def fill(place: Path | str) -> None:
    """Put something into every table, with texts that databases differ about."""
    with open_catalog(place) as catalog:
        for number, name in enumerate(("b", "B", "ä\t\\N", "o'clock\n", "𝄞")):
            catalog.add_source(replace(SOURCE, digest=f"{number:x}" * 64, name=name, group=name, rate=None), now=NOW)
        catalog.add_source(SOURCE, now=NOW)
        catalog.add_frames([frame(ordinal) for ordinal in (3, 1, 2, 0)], now=NOW)
        catalog.append_labels([label("Rare"), label(None), label("Ju\\nk", ordinal=1), label("", origin='a"b')])
        catalog.set_subjects("a", {frame(0).frame.id: ("car", "\\N")})
        catalog.remember_files({str(Path("/films/a.mp4")): KnownFile(1 << 40, 1 << 60, "aa")})
        change = Change(frame(0).frame.id, "rating", None, "3")
        ReviewJournal(catalog, "shoot").append("do", [change], now=NOW, origin="review:ann", person="ann")


def contents(place: Path | str) -> object:
    with open_catalog(place) as catalog:
        return read_contents(catalog)


@pytest.fixture
def other_place(catalog_place: Path | str, postgres: PostgresServer, tmp_path: Path) -> Path | str:
    """An empty place in the other kind of database."""
    return postgres.new_place() if isinstance(catalog_place, Path) else tmp_path / "other.db"


def test_a_catalog_goes_over_and_back_row_by_row_and_goes_on_from_where_it_was(
    catalog_place: Path | str, other_place: Path | str, tmp_path: Path
) -> None:
    fill(catalog_place)
    told: list[tuple[int, int | None]] = []
    assert check_copy(catalog_place, other_place)["labels"] == 4
    with open_catalog(catalog_place) as old, open_catalog(other_place) as new:
        copied = copy_catalog(old, new, progress=lambda done, total, note="": told.append((done, total)))
        assert all(content.rows for content in copied.values())
        assert (old.sources(), old.frames(), old.labels(), old.subjects(), read_marks(old)) == (
            new.sources(), new.frames(), new.labels(), new.subjects(), read_marks(new)
        )  # fmt: skip
        assert told[-1][0] == told[-1][1]
    with open_catalog(other_place) as new, open_catalog(tmp_path / "third.db") as third:
        assert differences(copy_catalog(new, third), copied) == []
    for place in (catalog_place, other_place, tmp_path / "third.db"):
        with open_catalog(place) as catalog:
            before = catalog.last_label(task="rarity")
            catalog.append_labels([label("Rare")])
            assert catalog.last_label(task="rarity") == before + 1
            step = ReviewJournal(catalog, "shoot").append("do", [], now=NOW, origin="review", person="")
            assert step == 2
    assert contents(catalog_place) == contents(other_place) == contents(tmp_path / "third.db")


def test_a_target_that_is_not_empty_and_a_source_that_is_not_there_are_refused(
    catalog_place: Path | str, other_place: Path | str
) -> None:
    with pytest.raises(CatalogError, match="there is nothing to copy"):
        check_copy(catalog_place, other_place)
    assert count_rows(catalog_place) == {}
    fill(catalog_place)
    for target in (catalog_place, other_place):
        fill(other_place) if target is other_place else None
        with pytest.raises(CatalogError, match=r"is not empty \(.*labels 4.*Name an empty database"):
            check_copy(catalog_place, target)
    with (
        open_catalog(catalog_place) as old,
        open_catalog(other_place) as new,
        pytest.raises(CatalogError, match="filled meanwhile"),
    ):
        copy_catalog(old, new)


def test_a_copy_that_is_not_given_back_as_it_was_put_in_is_taken_back(postgres: PostgresServer, tmp_path: Path) -> None:
    fill(tmp_path / "catalog.db")
    place = postgres.new_place()
    with open_catalog(place) as new, open_catalog(tmp_path / "catalog.db") as old:
        with new.writing() as connection:  # a database that alters what is put in
            connection.execute(text("CREATE FUNCTION alter_it() RETURNS trigger LANGUAGE plpgsql AS "
                                    "$$ BEGIN NEW.class_name = lower(NEW.class_name); RETURN NEW; END $$"))  # fmt: skip
            connection.execute(text("CREATE TRIGGER altering BEFORE INSERT ON labels FOR EACH ROW EXECUTE FUNCTION "
                                    "alter_it()"))  # fmt: skip
        with pytest.raises(CatalogError, match="table labels has 4 rows for 4, digest"):
            copy_catalog(old, new)
        assert not any(count_rows(place).values())


def test_a_row_that_postgresql_has_no_room_for_is_named_and_nothing_is_copied(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    place = postgres.new_place()
    with open_catalog(tmp_path / "catalog.db") as old, open_catalog(place) as new:
        old.add_source(replace(SOURCE, name="a\0b"), now=NOW)
        with pytest.raises(
            CatalogError, match=r"table sources, the row that begins with 'abab.*, name: 'a\\x00b' holds"
        ):
            copy_catalog(old, new)
    assert not any(count_rows(place).values())


def test_the_command_moves_a_project_and_says_the_line(
    postgres: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(*words: object) -> tuple[int, dict[str, object]]:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, words), "--project", str(tmp_path), "--json"])
        said: dict[str, object] = json.loads(capsys.readouterr().out)
        return int(str(ended.value.code)), said

    (tmp_path / "rushes.toml").write_text('[tasks.rarity]\nclasses = ["Junk", "Rare"]\n')
    fill(tmp_path / ".rushes" / "catalog.db")
    place = postgres.new_place()
    status, planned = say("catalog", "copy", "--to", place, "--dry-run")
    assert (status, planned["dry_run"], count_rows(place)) == (0, True, {})
    status, copied = say("catalog", "copy", "--to", place)
    assert (status, copied["rows"], copied["line"]) == (0, planned["rows"], f'catalog = "{place}"')
    status, refused = say("catalog", "copy", "--to", "postgresql://ann:geheim@h/x")
    assert (status, "geheim" in str(refused)) == (2, False)
    assert "--to holds a password" in str(refused["message"])

    toml = (tmp_path / "rushes.toml").read_text()
    (tmp_path / "rushes.toml").write_text(f"{copied['line']}\n{toml}")
    status, same = say("catalog", "check", "--against", tmp_path / ".rushes" / "catalog.db")
    assert (status, same["different"], same["tables"]) == (0, [], copied["tables"])
    with open_catalog(place) as catalog:
        catalog.append_labels([label("Junk")])
    assert say("status")[1]["statements"] == 5
    status, other = say("catalog", "check", "--against", tmp_path / ".rushes" / "catalog.db")
    assert (status, other["different"]) == (1, ["labels"])
    assert say("catalog", "check", "--against", tmp_path / "nowhere.db")[0] == 2

    (tmp_path / ".rushes" / "catalog.db").rename(tmp_path / "before.db")
    status, back = say("catalog", "copy", "--to", tmp_path / ".rushes" / "catalog.db")
    assert (status, back["line"]) == (0, 'catalog = ""')
    assert contents(tmp_path / ".rushes" / "catalog.db") == contents(place)
    assert say("catalog", "copy", "--from", place, "--to", tmp_path / "x.db")[1]["line"] == (
        f'catalog = "sqlite:///{tmp_path / "x.db"}"'
    )


def test_a_line_that_names_a_catalog_already_is_to_be_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "old.db")
    tasks = '[tasks.rarity]\nclasses = ["Junk", "Rare"]\n'
    (tmp_path / "rushes.toml").write_text(f'catalog = "sqlite:///{tmp_path / "old.db"}"\n{tasks}')
    with pytest.raises(SystemExit):
        main(["catalog", "copy", "--to", str(tmp_path / "new.db"), "--project", str(tmp_path)])
    assert "rushes.toml, in place of the line that is there:" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a?b&password=c.db", "50%25 of it.db", "a%3Fb.db", "ä@b:c#+'\"\\\n\x7f.db"])
def test_the_line_for_rushes_toml_names_the_file_that_was_written(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "rushes.toml"
    toml.write_text('[tasks.rarity]\nclasses = ["Junk", "Rare"]\n')
    fill(tmp_path / ".rushes" / "catalog.db")
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "copy", "--to", str(tmp_path / name), "--project", str(tmp_path), "--json"])
    assert ended.value.code == 0
    line = json.loads(capsys.readouterr().out)["line"]
    assert (tmp_path / name).exists()
    toml.write_text(f"{line}\n{toml.read_text()}", encoding="utf-8")
    place = find_project(tmp_path).catalog_place
    assert isinstance(place, str)
    assert url_of(place).database == str(tmp_path / name)
    assert count_rows(place) == count_rows(tmp_path / name)


def test_a_file_that_rushes_toml_cannot_name_is_refused_before_anything_is_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rushes.toml").write_text('[tasks.rarity]\nclasses = ["Junk", "Rare"]\n')
    fill(tmp_path / ".rushes" / "catalog.db")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "copy", "--to", str(tmp_path / "a\udcff.db"), "--project", str(tmp_path)])
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "rushes.toml cannot name this path. Allowed:" in said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("reads", ["copy", "check"])
def test_others_write_into_a_catalog_while_it_is_read_which_sees_nothing_of_it(
    reads: str, catalog_place: Path | str, other_place: Path | str
) -> None:
    fill(catalog_place)
    written: list[int] = []

    def write(done: int, total: int | None, note: str = "") -> None:
        if not written:
            with open_catalog(catalog_place) as beside:
                written.append(beside.append_labels([label("Late")]))

    with open_as_it_is(catalog_place) as old, open_catalog(other_place) as new:
        found = read_contents(old, progress=write) if reads == "check" else copy_catalog(old, new, progress=write)
    assert written
    assert found["labels"].rows == 4
    assert count_rows(catalog_place)["labels"] == 5


def test_a_catalog_of_an_older_rushes_is_neither_copied_nor_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rushes.toml").write_text('[tasks.rarity]\nclasses = ["Junk", "Rare"]\n')
    old = tmp_path / "old.db"
    with open_catalog(old) as catalog, catalog.writing() as connection:
        catalog.add_source(SOURCE, now=NOW)
        connection.execute(text("DELETE FROM catalog_version WHERE version = (SELECT max(version) FROM "
                                "catalog_version)"))  # fmt: skip
    before = old.read_bytes()
    for words in (["copy", "--from", old, "--to", tmp_path / "new.db"], ["check", "--against", old]):
        if words[0] == "check":
            fill(tmp_path / ".rushes" / "catalog.db")
        with pytest.raises(SystemExit) as ended:
            main(["catalog", *map(str, words), "--project", str(tmp_path)])
        said = " ".join(capsys.readouterr().err.split())
        assert (ended.value.code, "Nothing was written into it" in said) == (2, True)
    assert old.read_bytes() == before
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:ann:geheim@host/db",
        "postgresql+psycopg//ann:geheim@host/db",
        "postgres://ann:geheim@host/db",
        "postgresql://ann@mail:geheim@host/db",
        "postgresql:host/db?PASSWORD=geheim",
    ],
)
def test_a_miswritten_address_is_not_repeated_with_its_password(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "rushes.toml"
    tasks = '[tasks.rarity]\nclasses = ["Junk", "Rare"]\n'
    toml.write_text(tasks)
    tried = [["catalog", "copy", "--to", address], ["catalog", "check", "--against", address], ["status"]]
    for words in tried:
        if words == ["status"]:
            toml.write_text(f'catalog = "{address}"\n{tasks}')
        with pytest.raises(SystemExit) as ended:
            main([*words, "--project", str(tmp_path)])
        said = capsys.readouterr()
        assert ended.value.code == 2
        assert "geheim" not in said.out + said.err
    for key in ("store", "engine"):
        toml.write_text(f'{key} = "s3:ann:geheim@bucket/"\n{tasks}')
        with pytest.raises(ProjectError) as caught:
            find_project(tmp_path)
        assert "geheim" not in str(caught.value)


def test_the_status_says_where_a_catalog_is_without_its_password(
    postgres: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = postgres.new_place()
    toml = 'store = "s3://films/set/"\nengine = "ray"\n[tasks.rarity]\nclasses = ["Junk", "Rare"]\n'
    (tmp_path / "rushes.toml").write_text(f'catalog = "{place}"\n{toml}')
    with pytest.raises(SystemExit):
        main(["status", "--project", str(tmp_path)])
    said = capsys.readouterr().out
    assert "store: s3://films/set/" in said
    assert "engine: ray" in said
    assert "catalog: postgresql+psycopg://rushes@" in said
