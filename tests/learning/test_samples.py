from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from learning.tiny import GROUPS, TASK, TinyProject
from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import count_classes, rows_of_parts
from rushes.errors import RunError, SplitError, UnreachableError
from rushes.labels.manifest import ManifestRow, Part
from rushes.learning.samples import (
    StoredSamples,
    UnusableSample,
    check_apart,
    check_parts,
    describe_lost,
    truth_of,
)
from rushes.project import Task
from rushes.storage.kept_pixels import KeptPixels
from rushes.storage.pictures import Pictures
from storage.servers import web_server

SMALL = Preprocessing(12, 8, color="gray", mean=(0.5,), std=(0.5,))


def parts(**classes: str) -> dict[Part, list[ManifestRow]]:
    """Return parts from the first letters of class names: train="llmr"."""
    names = {name[0]: name for name in TASK.classes} | {"x": "mittle"}
    return {
        part: [ManifestRow(f"{part}{index}.jpg", names[letter]) for index, letter in enumerate(classes.get(part, ""))]
        for part in ("train", "validation", "test")  # type: ignore[misc]
    }


def test_rows_go_to_the_parts_of_the_split_and_those_left_out_of_it_are_left_out(project: TinyProject) -> None:
    lone = project.rows[0].frame_id
    parts = {frame: part for frame, part in project.split.parts.items() if frame != lone}
    found = rows_of_parts(project.rows, replace(project.split, parts=parts, left_out={lone: "looks like another"}))
    assert {part: len(rows) for part, rows in found.items()} == {"train": 23, "validation": 12, "test": 12}
    assert all(GROUPS[row.group] == part for part, rows in found.items() for row in rows)


def test_a_frame_labelled_after_the_split_goes_where_its_group_is(project: TinyProject) -> None:
    known = dict(list(project.split.parts.items())[1:])
    found = rows_of_parts(project.rows, replace(project.split, parts=known))
    assert sum(len(rows) for rows in found.values()) == len(project.rows)


def test_a_group_that_came_to_stand_on_two_sides_after_the_split_is_refused(project: TinyProject) -> None:
    check_apart(rows_of_parts(project.rows, project.split), project.split)
    joined = [replace(row, group="one shoot") for row in project.rows]
    with pytest.raises(SplitError, match=r"group 'one shoot' stands in train and in .*rushes split make"):
        check_apart(rows_of_parts(joined, project.split), project.split)
    mixed = replace(project.split, kind="mixed")
    check_apart(rows_of_parts(joined, mixed), mixed)


def test_a_picture_that_stands_on_two_sides_is_refused(project: TinyProject) -> None:
    same = [replace(row, sha256="aa") for row in project.rows]
    with pytest.raises(SplitError, match=r"the picture .* stands in train and in"):
        check_apart(rows_of_parts(same, project.split), project.split)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"train": "lmx", "validation": "lmr"}, "'mittle', which is not a class of place. Did you mean 'middle'"),
        ({"validation": "lmr"}, "train has no labelled sample"),
        ({"train": "lll", "validation": "lmr"}, "all 3 training samples of place are 'left'.*'middle', 'right'"),
        ({"train": "lmm", "validation": "rr", "test": "r"}, "'right': 2 in validation, 1 in test.*another split"),
        ({"train": "lmm", "validation": "lm"}, "'right' of place has no training sample.*take it out of the task"),
        ({"train": "lmr"}, "validation is empty"),
    ],
)
def test_what_cannot_be_learnt_is_said_with_what_to_do(classes: dict[str, str], message: str) -> None:
    with pytest.raises(RunError, match=message):
        check_parts(parts(**classes), TASK)


def test_validation_and_test_may_lack_a_class() -> None:
    check_parts(parts(train="lmr", validation="l"), TASK)


def test_classes_are_counted_in_every_part() -> None:
    assert count_classes(parts(train="llm", test="r"), TASK.classes) == {
        "train": {"left": 2, "middle": 1, "right": 0},
        "validation": {"left": 0, "middle": 0, "right": 0},
        "test": {"left": 0, "middle": 0, "right": 1},
    }


def seen_in(
    project: TinyProject, rows: Sequence[ManifestRow], *, kept: KeptPixels | None = None
) -> tuple[dict[int, np.ndarray], list[UnusableSample], StoredSamples]:
    """Return place -> picture, what is lost, and the samples themselves."""
    with Pictures(project.root) as pictures, ThreadPoolExecutor(3) as pool:
        samples = StoredSamples(
            rows,
            classes=TASK.classes,
            pictures=pictures,
            project_root=project.root,
            preprocessing=SMALL,
            kept=KeptPixels(project.root / "kept", (8, 12, 1)) if kept is None else kept,
        )
        for place in range(len(samples)):
            samples.announce(place)
        read = list(pool.map(samples.read, range(len(samples))))
    seen = {place: one for place, one in enumerate(read) if not isinstance(one, UnusableSample)}
    lost = [one for one in read if isinstance(one, UnusableSample)]
    assert [samples.lost[place] for place in sorted(samples.lost)] == lost
    return seen, lost, samples


def test_pictures_are_read_as_the_network_takes_them_with_their_labels(project: TinyProject) -> None:
    seen, lost, samples = seen_in(project, project.rows)
    assert (len(samples), samples.rows, samples.shape, lost) == (48, project.rows, (8, 12, 1), [])
    pixels = np.stack([seen[place] for place in range(48)])
    bright = pixels[:, :, :, 0].mean(axis=1).argmax(axis=1) // 4  # the third in which the square stands
    np.testing.assert_array_equal(bright, samples.truth)


def test_a_picture_that_was_read_once_is_not_read_again(project: TinyProject) -> None:
    kept = KeptPixels(project.root / "kept", (8, 12, 1))
    first, _, _ = seen_in(project, project.rows, kept=kept)
    kept.flush()
    for row in project.rows:
        (project.root / row.img_ref).unlink()
    again, lost, _ = seen_in(project, project.rows)
    assert lost == []
    assert all(np.array_equal(again[place], first[place]) for place in range(48))


def test_pictures_that_cannot_be_used_are_left_out_with_their_reason(project: TinyProject) -> None:
    gone, cut, other, no_picture = project.rows[:4]
    (project.root / gone.img_ref).unlink()
    data = (project.root / cut.img_ref).read_bytes()
    (project.root / cut.img_ref).write_bytes(data[:100])
    (project.root / other.img_ref).write_bytes((project.root / no_picture.img_ref).read_bytes())
    (project.root / no_picture.img_ref).write_bytes(b"text")
    rows = [gone, replace(cut, sha256=""), other, replace(no_picture, sha256=""), project.rows[4]]
    seen, lost, _ = seen_in(project, rows)
    assert list(seen) == [4]
    assert [one.row for one in lost] == rows[:4]
    assert "missing" in lost[0].reason
    assert "not the one that was labelled" in lost[2].reason


def test_pictures_in_a_store_are_read_as_those_on_disk_are(project: TinyProject) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as web:

        def elsewhere(row: ManifestRow) -> ManifestRow:
            address = web.put(f"/{row.name}.png", (project.root / row.img_ref).read_bytes())
            return replace(row, img_ref=f"{address}?X-Amz-Signature=hush")

        rows = [elsewhere(row) for row in project.rows[:40]]
        rows[3] = replace(rows[3], img_ref=f"{web.base}/gone.png?X-Amz-Signature=hush", sha256="")
        rows[5] = replace(rows[5], sha256="ab" * 32)
        seen, lost, _ = seen_in(project, rows)
    local, _, _ = seen_in(project, project.rows[:40], kept=KeptPixels(project.root / "other", (8, 12, 1)))
    assert set(local) - set(seen) == {3, 5}
    assert all(np.array_equal(picture, local[place]) for place, picture in seen.items())
    assert str(lost[0]).startswith(f"{web.base}/gone.png?…: there is no such file on the server")
    assert "not the one that was labelled" in lost[1].reason
    assert "hush" not in describe_lost(lost, total=40)


def test_a_store_that_does_not_answer_ends_the_reading_rather_than_losing_all_that_it_holds(
    project: TinyProject,
) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as gone:
        rows = [replace(row, img_ref=gone.put(f"/{row.name}.png", b"")) for row in project.rows]
    with pytest.raises(UnreachableError, match="cannot be reached"):
        seen_in(project, rows)


def test_lost_pictures_are_described_in_one_sentence_that_does_not_grow(project: TinyProject) -> None:
    lost = [UnusableSample(row, "the file is missing") for row in project.rows[:9]]
    text = describe_lost(lost, total=48)
    assert text.startswith("9 of 48 pictures could not be used")
    assert text.endswith("and 4 more")


def test_truth_follows_the_order_of_the_task() -> None:
    rows = [ManifestRow("a", "b"), ManifestRow("b", "a")]
    assert truth_of(rows, Task("t", ("b", "a")).classes).tolist() == [0, 1]
