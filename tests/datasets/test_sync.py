"""Sync: whatever happens on the way, the dataset ends as it should, and no picture is ever lost."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.sync import Options, Planned, Wanted, journals_of, plan_dataset, sync_dataset
from rushes.datasets.sync_lock import LOCK_KEY, hold_lock
from rushes.datasets.sync_state import RECORD_KEY, STEPS_KEY, read_record
from rushes.errors import PlaceError, SyncError
from rushes.storage.files import digest_of_bytes
from rushes.storage.local_folder import LocalFolder
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Place, parse_place
from rushes.storage.stores import State
from storage.servers import s3_store


class Killed(BaseException):
    """What kill -9 does to a process, as far as a test can: nothing of it runs on."""


class Dying:
    """A folder in which the call of a given number is the last one: it is done, or not, and everything stops."""

    def __init__(self, folder: ObjectFolder, *, calls: int, done: bool) -> None:
        self._folder, self._left, self._done = folder, calls, done
        self.place: Place = folder.place

    def __getattr__(self, name: str) -> object:
        method = getattr(self._folder, name)

        def call(*words: object, **options: object) -> object:
            self._left -= 1
            if self._left < 0 or (self._left == 0 and not self._done):
                raise Killed
            answer = method(*words, **options)
            if self._left == 0:
                raise Killed
            return answer

        return call


def picture(number: int) -> bytes:
    return f"picture {number}".encode() * (number % 3 + 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "frames").mkdir()
    for number in range(60):
        (tmp_path / "frames" / f"{number:02d}.jpg").write_bytes(picture(number))
    return tmp_path


def wanted(classes: Mapping[int, str], *, manifest: str = "m.jl") -> Wanted:
    """What a dataset should hold: number of a picture -> its class; a class `-` is nowhere."""
    rows = [(number, name) for number, name in classes.items() if name != "-"]
    objects = pl.DataFrame(
        {
            "key": [f"train/{name}/{number:02d}.jpg" for number, name in rows],
            "source": [f"frames/{number:02d}.jpg" for number, _ in rows],
            "content": [digest_of_bytes(picture(number)) for number, _ in rows],
            "frame": [f"s:{number}" for number, _ in rows],
            "class": [name for _, name in rows],
            "part": ["train" for _ in rows],
            "group": ["g" for _ in rows],
        },
        schema=dict.fromkeys(("key", "source", "content", "frame", "class", "part", "group"), pl.String),
    )

    def sidecars(standing: pl.DataFrame) -> Mapping[str, Iterable[bytes]]:
        counts = dict(sorted(standing.group_by("class").len().iter_rows()))
        return {"classes.json": iter([json.dumps(counts).encode(), b"\n"])}

    return Wanted(objects, manifest, "grouped", sidecars)


def what_stands(folder: ObjectFolder) -> dict[str, bytes]:
    """Return key -> bytes of the pictures of a dataset, however it got there."""
    return {key: folder.read(key) for key, _ in folder.listing() if key.startswith("train/")}


def should_stand(classes: Mapping[int, str]) -> dict[str, bytes]:
    return {f"train/{name}/{number:02d}.jpg": picture(number) for number, name in classes.items() if name != "-"}


@pytest.fixture(params=["folder", "s3"])
def folder(request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectFolder]:
    if request.param == "folder":
        yield object_folder(root / "datasets" / "set")
        return
    with s3_store("bucket") as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        yield object_folder(parse_place("s3://bucket/set"))


A = dict.fromkeys(range(40), "Common")
B = A | {3: "Rare", 4: "Rare", 5: "-", 40: "Common"}
ALL = Options(yes=True, parallel=4)


def test_a_new_dataset_holds_what_is_wanted_and_its_sidecars(root: Path, folder: ObjectFolder) -> None:
    done = sync_dataset(folder, wanted(A), root=root)
    assert what_stands(folder) == should_stand(A)
    assert json.loads(folder.read("classes.json")) == {"Common": 40}
    assert done.written == ("classes.json",)
    assert folder.state(LOCK_KEY) is None
    assert folder.state(STEPS_KEY) is None


def test_a_relabel_moves_only_what_changed(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    before = {key: state for key, state in folder.listing() if key.startswith("train/")}
    done = sync_dataset(folder, wanted(B), root=root)
    plan = done.planned.plan
    assert (plan.keep_count, len(plan.move), len(plan.copy), len(plan.delete)) == (37, 2, 1, 1)
    assert what_stands(folder) == should_stand(B)
    after = {key: state for key, state in folder.listing() if key.startswith("train/")}
    assert all(after[key] == before[key] for key in before.keys() & after.keys())


def test_a_second_time_there_is_nothing_to_do_and_nothing_is_written(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    states = dict(folder.listing())
    done = sync_dataset(folder, wanted(A), root=root)
    assert done.written == ()
    assert done.planned.plan.is_empty
    assert dict(folder.listing()) == states


def test_a_relabel_needs_no_picture_of_the_project(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    for path in (root / "frames").iterdir():
        path.unlink()
    done = sync_dataset(folder, wanted(A | {1: "Rare"}), root=root)
    assert done.failures == ()
    assert what_stands(folder) == should_stand(A | {1: "Rare"})


def test_more_deletes_than_allowed_need_a_yes_and_nothing_is_changed_before(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    fewer = dict.fromkeys(range(30), "Common")
    with pytest.raises(SyncError, match=r"deletes 10 of 40 objects \(25.0%\), more than 5%.*--yes"):
        sync_dataset(folder, wanted(fewer), root=root)
    assert what_stands(folder) == should_stand(A)
    assert folder.state(LOCK_KEY) is None
    sync_dataset(folder, wanted(fewer), root=root, options=ALL)
    assert what_stands(folder) == should_stand(fewer)


def test_a_plan_says_why_it_would_be_refused(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    fewer = dict.fromkeys(range(30), "Common")
    assert "deletes 10 of 40 objects" in plan_dataset(folder, wanted(fewer), root=root).refusal
    assert plan_dataset(folder, wanted(fewer), root=root, options=ALL).refusal == ""
    assert plan_dataset(folder, wanted(B), root=root).refusal == ""


def test_drift_is_reported_and_left_alone(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.write("train/Rare/mine.jpg", b"not of a plan")
    done = sync_dataset(folder, wanted(B), root=root, options=ALL)
    assert done.planned.plan.drift["key"].to_list() == ["train/Rare/mine.jpg"]
    assert what_stands(folder) == should_stand(B) | {"train/Rare/mine.jpg": b"not of a plan"}


def test_what_is_gone_is_brought_again_and_what_was_altered_is_replaced(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.delete(["train/Common/07.jpg"])
    folder.write("train/Common/08.jpg", b"painted over by somebody")
    done = sync_dataset(folder, wanted(A), root=root)
    assert done.planned.plan.vanished["key"].to_list() == ["train/Common/07.jpg"]
    assert done.planned.plan.altered["key"].to_list() == ["train/Common/08.jpg"]
    assert what_stands(folder) == should_stand(A)
    assert plan_dataset(folder, wanted(A), root=root).plan.is_empty


def test_what_is_gone_and_not_wanted_is_forgotten(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.delete(["train/Common/07.jpg"])
    folder.write("train/Common/08.jpg", b"painted over by somebody")
    fewer = A | {7: "-", 8: "-"}
    sync_dataset(folder, wanted(fewer), root=root, options=ALL)
    later = plan_dataset(folder, wanted(fewer), root=root).plan
    assert later.vanished.is_empty()
    assert later.altered.is_empty()
    assert later.drift["key"].to_list() == ["train/Common/08.jpg"]


def test_an_object_in_the_way_stops_everything_until_it_is_adopted(root: Path, folder: ObjectFolder) -> None:
    folder.write("train/Common/01.jpg", picture(1))
    folder.write("train/Common/02.jpg", b"another picture")
    with pytest.raises(SyncError, match=r"2 objects that no plan put there .*01.jpg, .*02.jpg\. Move them away; or"):
        sync_dataset(folder, wanted(A), root=root)
    assert len(what_stands(folder)) == 2
    before = folder.state("train/Common/01.jpg")
    sync_dataset(folder, wanted(A), root=root, options=Options(adopt=True))
    assert what_stands(folder) == should_stand(A)
    assert folder.state("train/Common/01.jpg") == before  # it was the right one, and is not sent again


def test_a_lost_record_is_made_again_by_adopting(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.delete([RECORD_KEY])
    done = sync_dataset(folder, wanted(A), root=root, options=Options(adopt=True))
    assert done.planned.plan.keep_count == 40
    assert len(read_record(folder).built) == 40


def test_a_record_that_is_no_record_is_said_and_nothing_is_changed(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.write(RECORD_KEY, b"PAR1 nonsense")
    with pytest.raises(SyncError, match=r"record\.parquet is not what rushes wrote there"):
        sync_dataset(folder, wanted(B), root=root)
    assert what_stands(folder) == should_stand(A)


def test_a_missing_picture_is_named_and_its_old_object_stays(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    (root / "frames" / "41.jpg").unlink()
    (root / "frames" / "42.jpg").write_bytes(b"altered since the manifest")
    done = sync_dataset(folder, wanted(B | {41: "Rare", 42: "Rare"}), root=root, options=ALL)
    reasons = {failure.key: failure.reason for failure in done.failures}
    assert reasons.keys() == {"train/Rare/41.jpg", "train/Rare/42.jpg"}
    assert "the picture is missing in the project" in reasons["train/Rare/41.jpg"]
    assert "is not the one in the manifest" in reasons["train/Rare/42.jpg"]
    assert what_stands(folder) == should_stand(B)
    assert json.loads(folder.read("classes.json")) == {"Common": 38, "Rare": 2}
    (root / "frames" / "41.jpg").write_bytes(picture(41))
    assert len(plan_dataset(folder, wanted(B | {41: "Rare"}), root=root).plan.copy) == 1


def test_no_old_object_is_removed_whose_new_picture_failed(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    now = wanted(A | {3: "Rare"})
    other = now.objects.with_columns(  # taken in again, with other bytes, and they cannot be read
        content=pl.when(pl.col("key") == "train/Rare/03.jpg").then(pl.lit("0" * 64)).otherwise("content")
    )
    done = sync_dataset(folder, Wanted(other, "m.jl", "grouped", now.sidecars), root=root, options=ALL)
    assert [failure.key for failure in done.failures] == ["train/Rare/03.jpg"]
    assert what_stands(folder) == should_stand(A)


def test_a_plan_that_is_not_the_one_shown_is_not_carried_out(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    shown = plan_dataset(folder, wanted(B), root=root)
    with pytest.raises(SyncError, match="labels or the dataset have changed since it was shown"):
        sync_dataset(folder, wanted(B | {9: "Rare"}), root=root, options=Options(expect=shown.digest[:12]))
    assert what_stands(folder) == should_stand(A)
    sync_dataset(folder, wanted(B), root=root, options=Options(expect=shown.digest[:12]))
    assert what_stands(folder) == should_stand(B)


def test_while_another_sync_holds_the_lock_nothing_is_changed(root: Path, folder: ObjectFolder) -> None:
    with hold_lock(folder), pytest.raises(SyncError, match="another sync holds the lock"):
        sync_dataset(folder, wanted(A), root=root)
    assert what_stands(folder) == {}


def test_pictures_in_another_bucket_are_copied_by_the_store(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_store("films") as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        store.client.create_bucket(Bucket="sets")
        films = object_folder(parse_place("s3://films/frames"))
        for number in (1, 2):
            films.write(f"{number:02d}.jpg", picture(number))
        now = wanted({1: "Common", 2: "Rare", 3: "Rare"})
        address = pl.concat_str(pl.lit("s3://films/"), "source")
        objects = now.objects.with_columns(source=address, content=pl.concat_str(pl.lit("@"), address))
        sets = object_folder(parse_place("s3://sets/rarity"))
        done = sync_dataset(sets, Wanted(objects, "m.jl", "grouped", now.sidecars), root=root)
        assert what_stands(sets) == should_stand({1: "Common", 2: "Rare"})
        assert [failure.key for failure in done.failures] == ["train/Rare/03.jpg"]
        assert "there is no such object in the bucket" in done.failures[0].reason
        moved = objects.with_columns(key=pl.col("key").str.replace("Common", "Rare"))
        done = sync_dataset(sets, Wanted(moved, "m.jl", "grouped", now.sidecars), root=root)
        assert len(done.planned.plan.move) == 1
        assert what_stands(sets) == should_stand({1: "Rare", 2: "Rare"})


relabels = st.dictionaries(st.integers(0, 11), st.sampled_from(["Common", "Rare", "Junk", "-"]), min_size=1)


@settings(max_examples=150, deadline=None)
@given(
    first=relabels,
    second=relabels,
    third=relabels,
    calls=st.integers(1, 60),
    done=st.booleans(),
    loses_journal=st.booleans(),
)
@pytest.mark.longer
def test_killed_at_any_call_the_next_sync_ends_as_it_should(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[int, str],
    second: dict[int, str],
    third: dict[int, str],
    calls: int,
    done: bool,
    loses_journal: bool,
) -> None:
    root = tmp_path_factory.mktemp("project")
    (root / "frames").mkdir()
    for number in range(12):
        (root / "frames" / f"{number:02d}.jpg").write_bytes(picture(number))
    folder = LocalFolder(root / "set")
    sync_dataset(folder, wanted(first), root=root, options=Options(yes=True, parallel=2))
    dying = Dying(folder, calls=calls, done=done)
    with suppress(Killed):
        sync_dataset(dying, wanted(second), root=root, options=Options(yes=True, parallel=2))  # type: ignore[arg-type]
    lost = set(should_stand(first).values()) & set(should_stand(second).values()) - set(what_stands(folder).values())
    assert not lost
    if loses_journal:
        for journal in journals_of(root, folder.place).glob("journal-*"):
            journal.unlink()
    folder.delete([LOCK_KEY])  # its holder is dead, but in this test it is this very process
    sync_dataset(folder, wanted(third), root=root, options=Options(yes=True, parallel=2))
    assert what_stands(folder) == should_stand(third)
    assert folder.state(STEPS_KEY) is None
    assert plan_dataset(folder, wanted(third), root=root).plan.is_empty
    assert not list(journals_of(root, folder.place).glob("journal-*"))


def test_while_a_sync_is_unfinished_the_plan_says_so(root: Path) -> None:
    folder = LocalFolder(root / "set")
    sync_dataset(folder, wanted(A), root=root)
    rng = random.Random(1)
    later = {number: rng.choice(["Common", "Rare"]) for number in range(40)}
    with pytest.raises(Killed):
        sync_dataset(Dying(folder, calls=20, done=True), wanted(later), root=root)  # type: ignore[arg-type]
    planned = plan_dataset(folder, wanted(later), root=root)
    assert planned.unfinished > 0
    assert planned.plan.is_empty
    folder.delete([LOCK_KEY])
    done = sync_dataset(folder, wanted(later), root=root)
    assert done.finished == planned.unfinished
    assert what_stands(folder) == should_stand(later)


def test_where_the_place_refuses_one_step_after_the_other_it_gives_up_and_goes_on_later(root: Path) -> None:
    class Full(LocalFolder):
        def upload(self, path: Path, key: str) -> State:
            if key.startswith("train/"):
                raise PlaceError(self.place, "the disk is full. Make room, then run this again")
            return super().upload(path, key)

    for number in range(60, 200):
        (root / "frames" / f"{number:02d}.jpg").write_bytes(picture(number))
    many = dict.fromkeys(range(200), "Common")
    with pytest.raises(SyncError, match=r"the last 100 objects were all refused.*the disk is full"):
        sync_dataset(Full(root / "set"), wanted(many), root=root)
    folder = LocalFolder(root / "set")
    assert folder.state(LOCK_KEY) is None
    sync_dataset(folder, wanted(many), root=root)
    assert what_stands(folder) == should_stand(many)


def test_what_is_about_to_happen_is_shown_before_it_does(root: Path, folder: ObjectFolder) -> None:
    def refuse(planned: Planned) -> None:
        assert len(planned.steps) == 40
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync_dataset(folder, wanted(A), root=root, confirm=refuse)
    assert what_stands(folder) == {}


def kill_at(root: Path, calls: int, now: Wanted) -> None:
    """Let a sync of root/set die after so many calls of the place."""
    with suppress(Killed):
        sync_dataset(Dying(LocalFolder(root / "set"), calls=calls, done=True), now, root=root)  # type: ignore[arg-type]


def test_a_journal_of_a_dataset_that_was_emptied_since_is_not_believed(root: Path) -> None:
    for calls in range(4, 60, 7):
        kill_at(root, calls, wanted(A))
        shutil.rmtree(root / "set")
        sync_dataset(LocalFolder(root / "set"), wanted(A), root=root)
        assert what_stands(LocalFolder(root / "set")) == should_stand(A)
        shutil.rmtree(root / "set")


@pytest.mark.parametrize("keeps_steps", [False, True])
def test_a_journal_of_a_dataset_that_was_restored_since_is_not_believed(root: Path, keeps_steps: bool) -> None:
    later = dict.fromkeys(range(40), "Rare")
    for calls in range(20, 140, 9):
        sync_dataset(LocalFolder(root / "set"), wanted(A), root=root)
        shutil.copytree(root / "set", root / "copy")
        kill_at(root, calls, wanted(later))
        steps = root / "set" / STEPS_KEY
        if keeps_steps and steps.exists():
            shutil.copy(steps, root / "copy" / STEPS_KEY)
        shutil.rmtree(root / "set")
        (root / "copy").rename(root / "set")
        sync_dataset(LocalFolder(root / "set"), wanted(later), root=root)
        assert what_stands(LocalFolder(root / "set")) == should_stand(later)


def test_what_is_adopted_is_written_down_only_once_the_plan_may_be_carried_out(
    root: Path, folder: ObjectFolder
) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.write("train/Rare/50.jpg", b"mine")
    fewer = dict.fromkeys(range(20), "Common") | {50: "Rare"}
    with pytest.raises(SyncError, match="deletes 20 of 41"):
        sync_dataset(folder, wanted(fewer), root=root, options=Options(adopt=True))
    assert len(read_record(folder).built) == 40
    assert sync_dataset(folder, wanted(A), root=root).planned.plan.drift["key"].to_list() == ["train/Rare/50.jpg"]
    assert folder.read("train/Rare/50.jpg") == b"mine"
    shown = plan_dataset(folder, wanted(A | {50: "Rare"}), root=root)
    how = Options(adopt=True, expect=shown.digest[:12])
    sync_dataset(folder, wanted(A | {50: "Rare"}), root=root, options=how)
    assert what_stands(folder) == should_stand(A | {50: "Rare"})


class Refusing(LocalFolder):
    """A folder that refuses some copies; `after` says that they were made all the same."""

    def __init__(self, place: Path, *, refused: str, after: bool = False) -> None:
        super().__init__(place)
        self._refused, self._after = refused, after

    def copy_within(self, key: str, to: str, *, known: State | None = None) -> State:
        if self._refused in to and self._after:
            super().copy_within(key, to, known=known)
        if self._refused in to:
            raise PlaceError(self.place, "the server answered 503")
        return super().copy_within(key, to, known=known)


def keyed(rows: Mapping[str, int]) -> Wanted:
    """What a dataset should hold: key -> number of the picture."""
    whole = wanted(dict.fromkeys(rows.values(), "x"))
    by_number = {int(row["frame"][2:]): row for row in whole.objects.to_dicts()}
    objects = pl.DataFrame([{**by_number[number], "key": key} for key, number in rows.items()])
    return Wanted(objects, "m.jl", "grouped", whole.sidecars)


def test_what_could_not_be_moved_away_is_not_replaced(root: Path) -> None:
    folder = LocalFolder(root / "set")
    sync_dataset(folder, keyed({"train/a/1.jpg": 1}), root=root)
    (root / "frames" / "01.jpg").unlink()
    now = keyed({"train/b/1.jpg": 1, "train/a/1.jpg": 2})
    done = sync_dataset(Refusing(root / "set", refused="/b/"), now, root=root)
    assert len(done.failures) == 2
    assert what_stands(folder) == {"train/a/1.jpg": picture(1)}
    sync_dataset(folder, now, root=root)
    assert what_stands(folder) == {"train/b/1.jpg": picture(1), "train/a/1.jpg": picture(2)}


def test_of_two_that_change_places_neither_is_replaced_while_one_cannot_be_brought(root: Path) -> None:
    folder = LocalFolder(root / "set")
    before, after = {"train/a/1.jpg": 1, "train/a/2.jpg": 2}, {"train/a/1.jpg": 2, "train/a/2.jpg": 1}
    sync_dataset(folder, keyed(before), root=root)
    data = (root / "frames" / "01.jpg").read_bytes()
    (root / "frames" / "01.jpg").unlink()
    done = sync_dataset(folder, keyed(after), root=root)
    assert len(done.failures) == 2
    assert what_stands(folder) == {"train/a/1.jpg": picture(1), "train/a/2.jpg": picture(2)}
    (root / "frames" / "01.jpg").write_bytes(data)
    sync_dataset(folder, keyed(after), root=root)
    assert what_stands(folder) == {"train/a/1.jpg": picture(2), "train/a/2.jpg": picture(1)}


def test_an_old_object_stays_whose_frame_could_not_be_brought_under_another_name(root: Path) -> None:
    folder = LocalFolder(root / "set")
    sync_dataset(folder, wanted(A), root=root)
    now = wanted(A)
    changed = pl.col("frame") == "s:3"
    other = now.objects.with_columns(
        key=pl.when(changed).then(pl.lit("train/Common/03.png")).otherwise("key"),
        source=pl.when(changed).then(pl.lit("frames/03.png")).otherwise("source"),
        content=pl.when(changed).then(pl.lit("0" * 64)).otherwise("content"),
    )
    done = sync_dataset(folder, Wanted(other, "m.jl", "grouped", now.sidecars), root=root, options=ALL)
    assert len(done.failures) == 1
    assert what_stands(folder) == should_stand(A)


def test_sidecars_of_somebody_else_are_not_overwritten(root: Path, folder: ObjectFolder) -> None:
    folder.write("classes.json", b"labels made by hand")
    with pytest.raises(SyncError, match=r"1 objects that no plan put there .*classes\.json"):
        sync_dataset(folder, wanted(A), root=root)
    assert folder.read("classes.json") == b"labels made by hand"
    sync_dataset(folder, wanted(A), root=root, options=Options(adopt=True))
    assert json.loads(folder.read("classes.json")) == {"Common": 40}


def test_a_sidecar_that_was_altered_is_written_again(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.write("classes.json", b"scribbled over")
    assert sync_dataset(folder, wanted(A), root=root).written == ("classes.json",)
    assert json.loads(folder.read("classes.json")) == {"Common": 40}


def test_files_of_a_person_that_begin_with_a_dot_are_not_swept(root: Path) -> None:
    folder = root / "set" / "train" / "Common"
    folder.mkdir(parents=True)
    for name in (".labels-original.csv", ".notes-december.txt"):
        (folder / name).write_text("mine")
        os.utime(folder / name, (0, 0))
    with pytest.raises(SyncError, match="is not empty, and no dataset: it holds 2 other objects"):
        sync_dataset(LocalFolder(root / "set"), wanted(A), root=root)
    sync_dataset(LocalFolder(root / "set"), wanted(A), root=root, options=Options(adopt=True))
    assert len(list(folder.glob(".*"))) == 2


def test_pictures_do_not_go_from_train_to_test_unasked(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    now = wanted(A)
    elsewhere = now.objects.with_columns(
        key=pl.when(pl.col("frame") == "s:3").then(pl.lit("test/Common/03.jpg")).otherwise("key")
    )
    with pytest.raises(SyncError, match="the dataset was laid out by another split, perhaps that of another project"):
        sync_dataset(folder, replace(now, objects=elsewhere), root=root)
    assert what_stands(folder) == should_stand(A)


def test_a_dataset_is_not_made_of_itself_nor_around_the_project(root: Path) -> None:
    with pytest.raises(SyncError, match=r"40 of the pictures come from this very place: frames/00\.jpg"):
        sync_dataset(LocalFolder(root / "frames"), wanted(A), root=root)
    with pytest.raises(SyncError, match="the project lies in it"):
        plan_dataset(LocalFolder(root.parent), wanted(A), root=root)


def test_another_task_or_kind_of_split_does_not_take_a_dataset_over_unasked(root: Path, folder: ObjectFolder) -> None:
    one, other = replace(wanted(A), task="rarity"), replace(wanted(B), task="mood")
    sync_dataset(folder, one, root=root)
    with pytest.raises(SyncError, match="this is the dataset of task 'rarity' and its grouped split"):
        sync_dataset(folder, other, root=root)
    with pytest.raises(SyncError, match="and its mixed split"):
        sync_dataset(folder, replace(one, kind="mixed"), root=root)
    assert what_stands(folder) == should_stand(A)
    sync_dataset(folder, other, root=root, options=ALL)


def test_an_object_whose_answer_was_lost_blocks_nothing(root: Path) -> None:
    folder = LocalFolder(root / "set")
    sync_dataset(folder, wanted(A), root=root)
    later = A | {3: "Rare"}
    deaf = Refusing(root / "set", refused="Rare", after=True)
    assert len(sync_dataset(deaf, wanted(later), root=root).failures) == 1
    assert sync_dataset(folder, wanted(later), root=root).failures == ()
    assert what_stands(folder) == should_stand(later)


def test_where_nothing_may_be_removed_that_is_said(root: Path) -> None:
    class Keeping(LocalFolder):
        def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
            return {key: "may not be removed (403)" for key in keys if key == STEPS_KEY} | super().delete(
                [key for key in keys if key != STEPS_KEY]
            )

    with pytest.raises(SyncError, match=r"steps\.parquet could not be removed: may not be removed"):
        sync_dataset(Keeping(root / "set"), wanted(A), root=root)
    assert sync_dataset(LocalFolder(root / "set"), wanted(A), root=root).planned.plan.keep_count == 40


def test_without_a_listing_an_object_in_the_way_is_not_overwritten(root: Path, folder: ObjectFolder) -> None:
    sync_dataset(folder, wanted(A), root=root)
    folder.write("train/Common/40.jpg", b"mine")
    done = sync_dataset(folder, wanted(B), root=root, options=replace(ALL, listing=False))
    assert [failure.key for failure in done.failures] == ["train/Common/40.jpg"]
    assert folder.read("train/Common/40.jpg") == b"mine"


def test_a_plan_has_the_same_digest_before_and_after_what_was_stopped_is_finished(root: Path) -> None:
    folder = LocalFolder(root / "set")
    sync_dataset(folder, wanted(A), root=root)
    later = B | {41: "Rare", 7: "Junk"}
    for calls in range(1, 60):
        kill_at(root, calls, wanted(B))
        folder.delete([LOCK_KEY])
        shown = plan_dataset(folder, wanted(later), root=root)
        if shown.unfinished:
            break
    assert shown.unfinished
    sync_dataset(folder, wanted(later), root=root, options=replace(ALL, expect=shown.digest))
    assert what_stands(folder) == should_stand(later)


def test_a_picture_at_an_address_that_is_not_the_one_in_the_manifest_is_not_taken(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_store("films") as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        films = object_folder(parse_place("s3://films"))
        films.write("frames/01.jpg", picture(1))
        films.write("frames/02.jpg", b"another")
        now = wanted({1: "Common", 2: "Common"})
        objects = now.objects.with_columns(source=pl.concat_str(pl.lit("s3://films/"), "source"))
        folder = LocalFolder(root / "set")
        done = sync_dataset(folder, Wanted(objects, "m.jl", "grouped", now.sidecars), root=root)
        assert what_stands(folder) == should_stand({1: "Common"})
        assert "it was altered since" in done.failures[0].reason


def test_a_class_that_changes_in_case_alone_is_refused_where_a_file_system_takes_both_for_one(root: Path) -> None:
    class Folding(LocalFolder):
        def state(self, key: str) -> State | None:
            return super().state(key.replace("Common", "common") if key.startswith("train/") else key)

    folder = Folding(root / "set")
    sync_dataset(folder, wanted(dict.fromkeys(range(5), "common")), root=root)
    with pytest.raises(SyncError, match="this file system does not tell them apart"):
        sync_dataset(folder, wanted(dict.fromkeys(range(5), "Common")), root=root)
