"""PostgreSQL as a catalog: what it refuses in our words, and several who write at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from benchmarks.postgres import PostgresServer, running_postgres
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from catalog.test_catalog import NOW, SOURCE, frame, label
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.database import shown, url_of
from rushes.catalog.review_journal import Change, ReviewJournal, stacks_of
from rushes.errors import CatalogError
from rushes.footage.source import REFERENCED


@pytest.fixture
def shared(postgres: PostgresServer) -> str:
    """The URL of a catalog with one source and four frames."""
    place = postgres.new_place()
    with open_catalog(place) as catalog:
        catalog.add_source(SOURCE, now=NOW)
        catalog.add_frames([frame(ordinal) for ordinal in range(4)], now=NOW)
    return place


def at_once(acts: Sequence[Callable[[], object]]) -> None:
    """Run acts in a thread each, begun together; raise what any of them raised."""
    gate, failed = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def everything(place: Path | str) -> list[list[tuple[object, ...]]]:
    with open_catalog(place) as catalog:
        return [
            [(one.digest, one.name, one.group) for one in catalog.sources()],
            [(item.frame.id, item.image, item.sha256) for item in catalog.frames()],
        ]


# What it refuses.


def test_an_address_without_a_driver_means_the_one_that_is_used(postgres: PostgresServer) -> None:
    assert url_of("postgresql://h/a") == url_of("postgresql+psycopg://h/a")
    with open_catalog(postgres.new_place().replace("+psycopg", "")) as catalog:
        assert catalog.sources() == []


@pytest.mark.parametrize(
    "address",
    ["postgresql://ann:geheim@h/x", "postgresql://ann@h/x?password=geheim", "postgresql://h/x?sslpassword=geheim"],
)
def test_a_password_is_never_shown(address: str) -> None:
    assert "geheim" not in shown(address)
    assert shown(address).startswith("postgresql+psycopg://")


@pytest.mark.parametrize(
    "address",
    ["mysql://ann:geheim@h/x", "postgresql+asyncpg://ann:geheim@h/x", "geheim", "postgresql://a:geheim@h:p/x"],
)
def test_an_address_that_names_no_catalog_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(CatalogError, match="postgresql\\+psycopg://USER@HOST/NAME") as refused:
        open_catalog(address)
    assert "geheim" not in str(refused.value)


def test_without_the_driver_the_extra_is_named() -> None:
    words = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "psycopg":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from rushes.catalog.catalog import open_catalog
open_catalog("postgresql://h/x")
"""
    ended = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert (
        "a catalog in PostgreSQL needs the extra 'postgres'. Install it: pip install 'rushes[postgres]'" in ended.stderr
    )


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(CatalogError, match=r"cannot be used \(.*\)\. Check that the server runs") as refused:
        open_catalog("postgresql://ann:geheim@localhost:1/x")
    assert "geheim" not in str(refused.value)


def test_a_server_whose_name_holds_another_word_is_told_apart_from_its_options() -> None:
    with pytest.raises(CatalogError, match=r"cannot be used \(.*\)\. Check that the server runs"):
        open_catalog("postgresql://ann@localhost:1/service")
    with pytest.raises(CatalogError, match=r"cannot be used \(.*\)\. Check what stands behind the question mark"):
        open_catalog("postgresql://ann@localhost:1/x?service=nowhere")


def test_a_host_that_is_not_known_is_to_be_checked_by_its_name() -> None:
    with pytest.raises(CatalogError, match=r"resolve host.*\)\. Check the name of the host, in the address or in PG"):
        open_catalog("postgresql://ann@no-such-host.invalid/x")


def test_a_database_that_is_not_there_names_the_command_that_makes_it(postgres: PostgresServer) -> None:
    with pytest.raises(CatalogError, match="createdb --encoding UTF8 --template template0 nowhere"):
        open_catalog(postgres.url("nowhere"))


def test_a_schema_that_is_not_there_is_to_be_made_first(postgres: PostgresServer) -> None:
    place = postgres.url(options="-csearch_path%3Dnowhere")
    with pytest.raises(
        CatalogError, match=r"names a schema that is not there \([^)]*\)\. Make it first: CREATE SCHEMA"
    ):
        open_catalog(place)


def test_a_user_who_is_not_there_is_named(postgres: PostgresServer) -> None:
    with pytest.raises(CatalogError, match=r'"nobody" does not exist\)\. Make the user first'):
        open_catalog(postgres.url(user="nobody"))


def test_a_database_of_another_encoding_is_refused(postgres: PostgresServer) -> None:
    name = postgres.new_database("ENCODING 'LATIN1'", "LC_COLLATE 'C'", "LC_CTYPE 'C'", "LOCALE_PROVIDER libc")
    with pytest.raises(CatalogError, match="of encoding LATIN1; names and labels need UTF8"):
        open_catalog(postgres.url(name))


def test_a_user_who_may_only_read_reads_and_is_told_who_grants_the_rest(postgres: PostgresServer) -> None:
    name = postgres.new_database()
    with open_catalog(postgres.url(name)) as catalog:
        catalog.add_source(SOURCE, now=NOW)
    postgres.execute("CREATE ROLE reader LOGIN", database=name)
    postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database=name)
    with open_catalog(postgres.url(name, user="reader")) as catalog:
        assert catalog.sources() == [SOURCE]
        with pytest.raises(CatalogError, match=r"does not let this user do that.*docs/scale\.md"):
            catalog.add_source(replace(SOURCE, digest="cd" * 32), now=NOW)


def test_a_user_with_the_rights_that_the_docs_name_works(postgres: PostgresServer) -> None:
    name = postgres.new_database()
    open_catalog(postgres.url(name)).close()
    postgres.execute("CREATE ROLE reviewer LOGIN", database=name)
    for granted in ("SELECT, INSERT, UPDATE, DELETE ON ALL TABLES", "USAGE, SELECT ON ALL SEQUENCES"):
        postgres.execute(f"GRANT {granted} IN SCHEMA public TO reviewer", database=name)
    with open_catalog(postgres.url(name, user="reviewer")) as catalog:
        catalog.add_source(SOURCE, now=NOW)
        catalog.add_frames([frame(0)], now=NOW)
        catalog.append_labels([label("Rare")])
        catalog.set_subjects("a", {frame(0).frame.id: ("car",)})
        catalog.set_subjects("a", {frame(0).frame.id: ()})
        assert catalog.labels() == [label("Rare")]


def test_a_wrong_password_says_where_it_is_given(postgres: PostgresServer, tmp_path: Path) -> None:
    with running_postgres(postgres.binaries) as guarded:
        guarded.execute("CREATE ROLE ann LOGIN PASSWORD 'right'")
        rules = guarded.folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all ann scram-sha-256\n{rules.read_text()}")
        guarded.execute("SELECT pg_reload_conf()")
        with pytest.raises(CatalogError, match="Give the password of this user in PGPASSWORD") as refused:
            open_catalog(guarded.url(user="ann", password="geheim"))
        assert "geheim" not in str(refused.value)
        with pytest.raises(CatalogError, match="Give the password of this user in PGPASSWORD"):
            open_catalog(guarded.url(user="ann", passfile=str(tmp_path / "none")))


def test_a_server_that_ends_meanwhile_loses_only_what_was_not_committed(postgres: PostgresServer) -> None:
    with running_postgres(postgres.binaries) as server, open_catalog(server.url()) as catalog:
        catalog.add_source(SOURCE, now=NOW)
        catalog.add_frames([frame(0)], now=NOW)

        def interrupted() -> None:
            with catalog.at_once():
                catalog.append_labels([label("Rare")])
                server.stop()
                catalog.append_labels([label("Junk")])

        with pytest.raises(CatalogError, match=r"went away \(.*\)\. Nothing of the change that was under way was kept"):
            interrupted()
        with pytest.raises(CatalogError, match="Check that the server runs"):
            catalog.labels()
        server.start()
        assert catalog.labels() == []
        catalog.append_labels([label("Rare")])
        server.stop()
        server.start()  # a connection that was lost while nobody used it is made anew
        assert catalog.labels() == [label("Rare")]


def test_a_text_that_postgresql_has_no_room_for_is_refused_whole(shared: str) -> None:
    with open_catalog(shared) as catalog:
        for several in ([label("Rare"), label("Ra\0re")], [label("Rare")] * 2000 + [label("Ra\0re")]):
            with pytest.raises(CatalogError, match="NUL"):
                catalog.append_labels(several)
        assert catalog.labels() == []


def test_names_are_in_the_order_of_their_bytes_whatever_the_language_of_the_database(
    catalog_place: Path | str, postgres: PostgresServer
) -> None:
    names = ["b", "B", "a", "_", "ä", "Z", "a b", "ab", "é", "E1", "e_1", "𝄞", "ﬀ"]
    assert postgres.execute("SELECT 'a' < 'B'") == [(True,)]  # as a language has it, which bytes have not
    with open_catalog(catalog_place) as catalog:
        for number, name in enumerate(names):
            catalog.add_source(replace(SOURCE, digest=f"{number:064x}", name=name, group=name), now=NOW)
        assert [source.name for source in catalog.sources()] == sorted(names, key=str.encode)


# Several at once.


def test_statements_of_several_who_write_at_once_are_seen_in_the_order_of_their_numbers(shared: str) -> None:
    done = threading.Event()
    seen: list[int] = []

    def write(catalog: Catalog, who: str) -> None:
        for turn in range(12):
            catalog.append_labels([label(f"{who}-{turn}-{one}", origin=who) for one in range(3)])

    def poll(catalog: Catalog) -> None:
        numbers = text("SELECT number FROM labels WHERE number > :last ORDER BY number")
        while True:
            is_last = done.is_set()
            with catalog.reading() as connection:
                found = connection.execute(numbers, {"last": seen[-1] if seen else 0}).scalars().all()
            seen.extend(found)
            if is_last:
                return

    catalogs = [open_catalog(shared) for _ in range(5)]
    polling = threading.Thread(target=poll, args=(catalogs[0],))
    polling.start()
    try:
        at_once([partial(write, one, f"p{n}") for n, one in enumerate(catalogs[1:])])
    finally:
        done.set()
        polling.join()
    labels = catalogs[0].labels(task="rarity")
    assert len(seen) == len(labels) == 4 * 12 * 3  # who asks for what is later than the last never misses any
    assert catalogs[0].last_label(task="rarity") == seen[-1]
    for who in ("p0", "p1", "p2", "p3"):
        said = [one.class_name for one in labels if one.origin == who]
        assert said == [f"{who}-{turn}-{one}" for turn in range(12) for one in range(3)]
    for catalog in catalogs:
        catalog.close()


def test_drivers_that_take_in_the_same_films_at_once_leave_what_one_after_the_other_leaves(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    films = [replace(SOURCE, digest=f"{number:x}" * 64, name="same", group="same") for number in range(1, 4)]
    guide = replace(SOURCE, digest="f" * 64, name="same", group="guide", codec=REFERENCED)

    def drive(place: Path | str, order: int) -> None:
        with open_catalog(place) as catalog:
            for film in films[::order]:
                catalog.add_source(film, now=NOW)
                items = [frame(ordinal) for ordinal in range(6)][::order]
                catalog.add_frames(
                    [replace(one, frame=replace(one.frame, source=film.digest)) for one in items], now=NOW
                )
            catalog.set_groups([(film.digest, "one group") for film in films[::-order]])

    place = postgres.new_place()
    with open_catalog(place) as catalog:
        catalog.add_source(guide, now=NOW)
    at_once([partial(drive, place, order) for order in (1, -1, 1, -1)])
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.add_source(guide, now=NOW)
    drive(tmp_path / "catalog.db", 1)
    sources, frames = everything(place)
    expected_sources, expected_frames = everything(tmp_path / "catalog.db")
    assert sorted(frames) == sorted(expected_frames)
    # Who came first has the plain name; which of the films that is, is theirs to settle.
    assert [(digest, group) for digest, _, group in sorted(sources)] == [
        (digest, group) for digest, _, group in sorted(expected_sources)
    ]
    assert len({name for _, name, _ in sources}) == 4


def test_three_reviewers_at_once_have_a_journal_without_gaps_or_doubles(shared: str) -> None:
    def review(person: str) -> None:
        with open_catalog(shared) as catalog:
            journal = ReviewJournal(catalog, "shoot")
            for turn in range(8):
                with catalog.at_once():
                    before = journal.revision()
                    change = Change(frame(turn % 4).frame.id, "rating", None, str(turn))
                    number = journal.append("do", [change], now=NOW, origin=f"review:{person}", person=person)
                    assert journal.steps(after=before)[-1].number == number  # nobody came between

    at_once([partial(review, who) for who in ("ann", "bo", "cy")])
    with open_catalog(shared) as catalog:
        steps = ReviewJournal(catalog, "shoot").steps()
    assert len(steps) == 24
    for person in ("ann", "bo", "cy"):
        assert len(stacks_of([step for step in steps if step.person == person])[0]) == 8


def test_several_catalogs_in_one_database_do_not_wait_for_each_other(postgres: PostgresServer) -> None:
    with open_catalog(postgres.new_place()) as one, open_catalog(postgres.new_place()) as other, one.at_once():
        one.add_source(SOURCE, now=NOW)
        other.add_source(SOURCE, now=NOW)
        assert other.sources() == [SOURCE]


def test_a_writer_who_is_killed_lets_the_next_one_in(shared: str, postgres: PostgresServer) -> None:
    with open_catalog(shared) as killed, open_catalog(shared) as other:

        def write() -> None:
            with killed.at_once():
                killed.append_labels([label("Rare")])
                with killed.reading() as connection:
                    process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
                postgres.execute(f"SELECT pg_terminate_backend({process})")
                other.append_labels([label("Junk")])

        with pytest.raises(CatalogError, match="went away"):
            write()
        assert other.labels() == [label("Junk")]


def test_a_server_soon_misses_a_machine_that_vanished_in_the_middle_of_a_change(
    shared: str, postgres: PostgresServer
) -> None:
    with open_catalog(shared) as catalog, catalog.reading() as connection:
        for name, told in {"tcp_keepalives_idle": "30", "idle_in_transaction_session_timeout": "1h"}.items():
            assert connection.execute(text(f"SHOW {name}")).scalar_one() in (told, "0")  # of a socket file it has none


def test_a_statement_that_the_server_gave_up_says_who_lets_it_take_its_time(shared: str) -> None:
    with pytest.raises(CatalogError, match=r"gave up a statement that took too long .*ALTER ROLE USER SET statement_"):
        open_catalog(f"{shared}%20-cstatement_timeout%3D1")  # which looks through all tables


def test_labels_of_any_letters_come_back_as_they_were_put_in(catalog_place: Path | str) -> None:
    odd = ["plain", "a\tb", "two\nlines", "\\N", "a \\ b", "'\"", "\r", "", "Ä 電"]
    said = [replace(label("Rare"), place=place, sheet=place) for place in odd]
    said += [replace(label("Rare"), class_name=None), label("Common")]
    with open_catalog(catalog_place) as catalog:
        catalog.add_source(SOURCE, now=NOW)
        catalog.add_frames([frame(0)], now=NOW)
        catalog.append_labels(said)
        catalog.append_labels(said[-1:])
        assert catalog.labels() == [*said, said[-1]]
        assert catalog.labels(task=said[0].task) == [*said, said[-1]]
        assert catalog.labels(task="another") == []


def test_a_frame_with_labels_cannot_be_taken_out_behind_our_back(shared: str) -> None:
    with open_catalog(shared) as catalog:
        catalog.append_labels([label("Rare")])
        with pytest.raises(IntegrityError, match="has labels"), catalog.writing() as connection:
            connection.execute(text("DELETE FROM frames"))
        with pytest.raises(IntegrityError, match="there is no frame nowhere"), catalog.writing() as connection:
            connection.execute(text("UPDATE labels SET frame = 'nowhere'"))
        assert len(catalog.frames()) == 4
        assert catalog.labels() == [label("Rare")]
