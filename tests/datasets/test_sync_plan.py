from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.sync_plan import RequestPrices, SyncPlan, describe_plan, plan_sync

FILES = ("a.jpg", "b.jpg", "c.jpg")
KEYS = [f"train/{folder}/{file}" for folder in ("Common", "Rare") for file in FILES]
CONTENTS = ("1", "2", "3")


def built_of(objects: dict[str, str]) -> pl.DataFrame:
    rows = [(key, content, 10 * int(content or 0), f"e{content}") for key, content in objects.items()]
    schema = {"key": pl.String, "content": pl.String, "size_bytes": pl.Int64, "etag": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def wanted_of(objects: dict[str, str]) -> pl.DataFrame:
    rows = [(key, f"frames/{content}.jpg", content) for key, content in objects.items()]
    return pl.DataFrame(rows, schema={"key": pl.String, "source": pl.String, "content": pl.String}, orient="row")


def listed_of(objects: dict[str, str]) -> pl.DataFrame:
    return built_of(objects).select("key", "size_bytes", "etag")


def plan(built: dict[str, str], wanted: dict[str, str], listed: dict[str, str] | None = None) -> SyncPlan:
    return plan_sync(built_of(built), wanted_of(wanted), listed=None if listed is None else listed_of(listed))


def moves(planned: SyncPlan) -> list[tuple[str, str]]:
    return planned.move.select("key_from", "key").rows()


def copies(planned: SyncPlan) -> list[tuple[str, str, bool]]:
    return planned.copy.select("key", "content", "replaces").rows()


def deletes(planned: SyncPlan) -> list[str]:
    return planned.delete["key"].to_list()


class Place:
    """A dataset that a plan is carried out on, step by step; a step that would lose a picture fails."""

    def __init__(self, objects: dict[str, str], planned: SyncPlan, dice: random.Random) -> None:
        self.objects, self.plan, self.dice = dict(objects), planned, dice

    def carry_out(self, wanted: dict[str, str]) -> None:
        copy = self.plan.copy.rows(named=True)
        plain = [("move", row) for row in self.plan.move.rows(named=True)]
        plain += [("copy", row) for row in copy if not row["replaces"]]
        replacing = [("copy", row) for row in copy if row["replaces"]]
        replacing += [("copy", row) for row in self.plan.occupied.rows(named=True)]
        delete = [("delete", row) for row in self.plan.delete.rows(named=True)]
        phases = [plain, replacing, delete]
        for phase in phases:
            self.dice.shuffle(phase)
        pending = [step for phase in phases for step in phase]
        while pending:
            kind, row = pending.pop(0)
            getattr(self, kind)(row)
            self.check(wanted, pending)

    def move(self, row: dict[str, str]) -> None:
        assert row["key"] not in self.objects
        assert self.objects[row["key_from"]] == row["content"]
        self.objects[row["key"]] = self.objects.pop(row["key_from"])

    def copy(self, row: dict[str, str]) -> None:
        assert row.get("replaces", True) or row["key"] not in self.objects
        self.objects[row["key"]] = row["content"]

    def delete(self, row: dict[str, str]) -> None:
        del self.objects[row["key"]]

    def check(self, wanted: dict[str, str], pending: list[tuple[str, dict[str, str]]]) -> None:
        """Every wanted picture is at its key, or its old key still holds it, or it comes from its source."""
        coming = {row["key"]: (kind, row) for kind, row in pending if kind != "delete"}
        for key, content in wanted.items():
            if self.objects.get(key) == content:
                continue
            kind, row = coming[key]
            assert kind == "copy" or self.objects[row["key_from"]] == content


def test_a_relabelled_frame_is_moved_a_new_one_copied_and_a_gone_one_deleted():
    planned = plan(
        {"train/Common/a.jpg": "1", "train/Common/b.jpg": "2", "train/Common/c.jpg": "3"},
        {"train/Common/a.jpg": "1", "train/Rare/b.jpg": "2", "train/Rare/d.jpg": "4"},
    )
    assert (planned.keep_count, planned.keep_bytes) == (1, 10)
    assert planned.move.rows() == [("train/Common/b.jpg", "train/Rare/b.jpg", "2", "frames/2.jpg", 20, "e2")]
    assert planned.copy.rows() == [("train/Rare/d.jpg", "frames/4.jpg", "4", False)]
    assert planned.delete.rows() == [("train/Common/c.jpg", 30)]
    assert planned.share_deleted == 1 / 3
    assert (planned.move_bytes, planned.delete_bytes, planned.copy_bytes) == (20, 30, 20)


def test_a_dataset_that_does_not_exist_yet_is_copied():
    planned = plan({}, {"train/Common/a.jpg": "1"}, {})
    assert copies(planned) == [("train/Common/a.jpg", "1", False)]
    assert planned.copy_bytes is None
    assert planned.share_deleted == 0.0


def test_what_stands_as_it_should_leaves_nothing_to_do():
    assert plan({"train/Common/a.jpg": "1"}, {"train/Common/a.jpg": "1"}).is_empty


def test_pictures_that_are_alike_are_matched_one_to_one_by_file_name_first():
    planned = plan(
        {"train/Common/a.jpg": "1", "train/Common/b.jpg": "1", "train/Common/c.jpg": "1"},
        {"train/Rare/b.jpg": "1", "train/Rare/a.jpg": "1"},
    )
    assert moves(planned) == [("train/Common/a.jpg", "train/Rare/a.jpg"), ("train/Common/b.jpg", "train/Rare/b.jpg")]
    assert deletes(planned) == ["train/Common/c.jpg"]
    planned = plan({"train/Common/b.jpg": "1", "train/Common/c.jpg": "1"}, {"train/Rare/x.jpg": "1"})
    assert moves(planned) == [("train/Common/b.jpg", "train/Rare/x.jpg")]


def test_what_is_wanted_twice_and_stands_once_is_kept_or_moved_once_and_copied_once():
    kept = plan({"train/Common/a.jpg": "1"}, {"train/Common/a.jpg": "1", "train/Common/b.jpg": "1"})
    assert (kept.keep_count, moves(kept), copies(kept)) == (1, [], [("train/Common/b.jpg", "1", False)])
    moved = plan({"train/Common/a.jpg": "1"}, {"train/Rare/a.jpg": "1", "train/Rare/b.jpg": "1"})
    assert moves(moved) == [("train/Common/a.jpg", "train/Rare/a.jpg")]
    assert copies(moved) == [("train/Rare/b.jpg", "1", False)]


def test_nothing_is_moved_onto_an_object_that_stands_there():
    swap = plan(
        {"train/Common/a.jpg": "1", "train/Rare/a.jpg": "2"}, {"train/Common/a.jpg": "2", "train/Rare/a.jpg": "1"}
    )
    assert moves(swap) == deletes(swap) == []
    assert copies(swap) == [("train/Common/a.jpg", "2", True), ("train/Rare/a.jpg", "1", True)]
    onto = plan({"train/Common/a.jpg": "1", "train/Rare/a.jpg": "2"}, {"train/Rare/a.jpg": "1"})
    assert copies(onto) == [("train/Rare/a.jpg", "1", True)]
    assert deletes(onto) == ["train/Common/a.jpg"]


def test_what_is_moved_away_from_a_key_is_safe_before_another_picture_comes_there():
    planned = plan({"train/Common/a.jpg": "1"}, {"train/Rare/a.jpg": "1", "train/Common/a.jpg": "2"})
    assert moves(planned) == [("train/Common/a.jpg", "train/Rare/a.jpg")]
    assert copies(planned) == [("train/Common/a.jpg", "2", True)]
    assert deletes(planned) == []


def test_what_vanished_is_copied_again_where_it_is_wanted():
    planned = plan(
        {"train/Common/a.jpg": "1", "train/Common/b.jpg": "2"}, {"train/Common/a.jpg": "1", "train/Rare/b.jpg": "2"}, {}
    )
    assert planned.vanished["key"].to_list() == ["train/Common/a.jpg", "train/Common/b.jpg"]
    assert copies(planned) == [("train/Common/a.jpg", "1", False), ("train/Rare/b.jpg", "2", False)]
    assert moves(planned) == deletes(planned) == []


@pytest.mark.parametrize("now", [("e1", 11), ("another", 10)])
def test_what_was_altered_is_replaced_where_it_is_wanted_and_left_elsewhere(now: tuple[str, int]):
    etag, size_bytes = now
    listed = pl.DataFrame(
        {
            "key": ["train/Common/a.jpg", "train/Common/b.jpg"],
            "size_bytes": [size_bytes] * 2,
            "etag": [etag] * 2,
        }
    )
    built = built_of({"train/Common/a.jpg": "1", "train/Common/b.jpg": "1"})
    planned = plan_sync(built, wanted_of({"train/Common/a.jpg": "1", "train/Rare/b.jpg": "1"}), listed=listed)
    assert planned.altered["key"].to_list() == ["train/Common/a.jpg", "train/Common/b.jpg"]
    assert copies(planned) == [("train/Common/a.jpg", "1", True), ("train/Rare/b.jpg", "1", False)]
    assert moves(planned) == deletes(planned) == []


def test_a_store_that_states_no_etag_is_compared_by_size_alone():
    built = built_of({"train/Common/a.jpg": "1"})
    without = built.with_columns(pl.lit("").alias("etag"))
    wanted = wanted_of({"train/Common/a.jpg": "1"})
    for recorded, listed in ((built, without), (without, built), (without, without)):
        assert plan_sync(recorded, wanted, listed=listed).keep_count == 1


def test_what_no_plan_put_there_is_drift_unless_rushes_keeps_it_for_itself():
    own = [".rushes/record.parquet", "classes.json", "SPLIT.md", "train/metadata.jsonl"]
    listed = dict.fromkeys([*own, "train/Common/mine.jpg", "notes.txt", "train/Rare/metadata.jsonl"], "1")
    planned = plan({}, {}, listed)
    assert planned.drift["key"].to_list() == ["notes.txt", "train/Common/mine.jpg", "train/Rare/metadata.jsonl"]
    assert planned.is_empty
    assert planned.listed_count == 7


def test_an_object_of_someone_else_where_a_picture_is_wanted_is_reported_apart():
    planned = plan(
        {"train/Common/a.jpg": "1"}, {"train/Rare/a.jpg": "1"}, {"train/Common/a.jpg": "1", "train/Rare/a.jpg": "2"}
    )
    assert planned.occupied.rows() == [("train/Rare/a.jpg", "frames/1.jpg", "1", 20, "e2")]
    assert moves(planned) == copies(planned) == []
    assert deletes(planned) == ["train/Common/a.jpg"]
    assert not planned.is_empty


@pytest.mark.parametrize("others", [{}, {"train/Common/a.jpg": "1"}, {"train/Common/a.jpg": "2"}])
def test_a_key_that_is_there_twice_is_refused(others: dict[str, str]):
    once = {"train/Common/a.jpg": "1"}
    built, wanted = built_of(once), wanted_of(once)
    with pytest.raises(ValueError, match="in `built` twice"):
        plan_sync(pl.concat([built, built]), wanted_of(others))
    with pytest.raises(ValueError, match="in `built` twice"):
        plan_sync(pl.concat([built, built]), wanted_of(others), listed=listed_of(once))
    with pytest.raises(ValueError, match="in `listed` twice"):
        plan_sync(built, wanted_of(others), listed=pl.concat([listed_of(once), listed_of(once)]))
    with pytest.raises(ValueError, match="in `wanted` twice"):
        plan_sync(built_of(others), pl.concat([wanted, wanted]))


def test_the_cost_counts_every_request_by_its_price():
    frames = {f"train/Common/{number:04d}.jpg": "1" for number in range(1500)}
    moved = {key.replace("Common", "Rare"): content for key, content in frames.items()}
    cost = plan(frames, moved, frames).request_cost()
    assert cost.requests == {"copy": 1500, "head": 1500, "list": 2, "delete": 2}
    assert cost.usd == pytest.approx((1502 * 0.005 + 1500 * 0.0004) / 1000)
    assert plan(frames, moved).request_cost(RequestPrices(1.0, 0.0, 0.5)).usd == pytest.approx(1.501)
    assert plan({}, {}, {}).request_cost().requests["list"] == 1


def test_a_plan_says_each_set_with_counts_bytes_and_the_first_rows():
    frames = {f"train/Common/{number:02d}.jpg": str(number + 1) for number in range(40)}
    wanted = {key.replace("Common", "Rare"): content for key, content in frames.items()}
    text = describe_plan(plan(frames, wanted, frames | {"notes.txt": "1"}), shown=2)
    assert "move            40  8.2 kB" in text
    assert "train/Common/00.jpg -> train/Rare/00.jpg" in text
    assert "… and 38 more" in text
    assert "drift" in text
    assert "vanished" not in text
    assert "requests: 40 copy, 40 head, 1 list, 1 delete; about 0.00 USD" not in text
    assert "requests: 40 copy, 40 head, 1 list, 1 delete; less than 0.01 USD" in text


objects = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(CONTENTS))
fates = st.fixed_dictionaries({}, optional={key: st.sampled_from(["gone", "altered"]) for key in KEYS})


@settings(deadline=None)
@given(objects, objects, st.randoms(use_true_random=False))
def test_a_plan_that_is_carried_out_gives_what_is_wanted_and_no_picture_is_ever_lost(built, wanted, dice):
    place = Place(built, plan(built, wanted), dice)
    place.carry_out(wanted)
    assert place.objects == wanted
    again = plan(place.objects, wanted)
    assert again.is_empty
    assert again.keep_count == len(wanted)


@settings(deadline=None)
@given(objects, objects, objects, fates, st.randoms(use_true_random=False))
def test_drift_and_what_others_altered_are_left_where_nothing_is_wanted(built, wanted, others, fates, dice):
    there = {key: "9" if fates.get(key) == "altered" else content for key, content in built.items()}
    there = {key: content for key, content in there.items() if fates.get(key) != "gone"}
    there |= {key: content for key, content in others.items() if key not in built}
    there |= {key.replace("train", "mine"): content for key, content in others.items()}
    planned = plan(built, wanted, there)
    place = Place(there, planned, dice)
    place.carry_out(wanted)
    left = {
        key: content
        for key, content in there.items()
        if key not in wanted and (key not in built or fates.get(key) == "altered")
    }
    assert place.objects == wanted | left
    assert set(planned.drift["key"]) == {key for key in there if key not in built and key not in wanted}
    assert set(planned.occupied["key"]) == {key for key in there if key not in built and key in wanted}
    assert plan(wanted, wanted, place.objects).is_empty


@settings(deadline=None)
@given(objects, objects, objects, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_a_plan(built, wanted, listed, dice):
    def shuffled(things: dict[str, str]) -> dict[str, str]:
        return dict(dice.sample(list(things.items()), len(things)))

    one, other = plan(built, wanted, listed), plan(shuffled(built), shuffled(wanted), shuffled(listed))
    for name in ("move", "copy", "delete", "vanished", "altered", "drift", "occupied"):
        assert getattr(one, name).equals(getattr(other, name))
    assert (one.keep_count, one.keep_bytes) == (other.keep_count, other.keep_bytes)


@settings(deadline=None)
@given(objects, objects)
def test_every_recorded_and_every_wanted_object_is_in_one_set(built, wanted):
    planned = plan(built, wanted)
    assert planned.keep_count + planned.move.height + planned.copy.height == len(wanted)
    replaced = int(planned.copy["replaces"].sum())
    moved_from_wanted = sum(key in wanted for key in planned.move["key_from"])
    assert planned.keep_count + planned.move.height + planned.delete.height + replaced - moved_from_wanted == len(built)
    assert planned.move["key_from"].is_unique().all()
