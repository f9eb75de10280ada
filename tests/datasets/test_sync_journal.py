"""The journal: what a kill leaves can be read, and gone on with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rushes.datasets.sync_journal import open_journal, read_journal
from rushes.storage.stores import State


def test_what_was_noted_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.tsv"
    with open_journal(path) as journal:
        journal.done(0, State(5, '"abc"'))
        journal.done(3, State(0, None, datetime(2026, 11, 25, tzinfo=UTC)))
    assert read_journal(path).rows() == [(0, 5, "abc"), (3, 0, "2026-11-25T00:00:00.000000Z")]


def test_a_store_that_states_nothing_leaves_an_empty_stamp(tmp_path: Path) -> None:
    path = tmp_path / "journal.tsv"
    with open_journal(path) as journal:
        journal.done(0, State(5))
    assert read_journal(path).rows() == [(0, 5, "")]


def test_a_journal_goes_on_where_it_was_and_a_step_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.tsv"
    for etag in ('"one"', '"two"'):
        with open_journal(path) as journal:
            journal.done(7, State(1, etag))
    assert read_journal(path).rows() == [(7, 1, "two")]


def test_a_journal_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "journal.tsv").is_empty()


def test_what_was_noted_can_be_asked_for_while_it_is_open(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.tsv") as journal:
        journal.done(1, State(2, "x"))
        assert journal.table()["step"].to_list() == [1]


@given(cut=st.integers(min_value=0))
def test_a_kill_in_the_middle_of_a_line_loses_that_line_only(tmp_path_factory: object, cut: int) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.tsv"  # type: ignore[attr-defined]
    with open_journal(path) as journal:
        for step in range(5):
            journal.done(step, State(step * 100, f'"{step:032x}"'))
    whole = path.read_bytes()
    kept = whole[: cut % (len(whole) + 1)]
    path.write_bytes(kept)
    ended = kept.count(b"\n")
    steps = read_journal(path)["step"].to_list()
    assert steps[:ended] == list(range(ended))
    assert len(steps) in (ended, ended + 1)  # a line that lacks only its end is whole
    with open_journal(path) as journal:
        journal.done(9, State(1, "later"))
    assert read_journal(path)["step"].to_list()[-1] == 9


def test_what_is_not_kept_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "journal.tsv"
    with open_journal(path) as journal:
        for step in range(3):
            journal.done(step, State(step, "x"))
        journal.keep(journal.table().filter(pl.col("step") != 1))
        journal.done(7, State(7, "y"))
    assert read_journal(path)["step"].to_list() == [0, 2, 7]
