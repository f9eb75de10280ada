from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learning.tiny import StopAt, TinyProject, make_project
from rushes.datasets.preprocessing import Preprocessing
from rushes.labels.manifest import ManifestRow
from rushes.learning.features import Elsewhere, Features, compute_features, describe_features
from rushes.learning.samples import read_pictures
from rushes.models.backbones import Backbone
from rushes.scale.choose import open_engine
from rushes.scale.engine import Engine, Seat
from rushes.scale.in_process import InProcess
from rushes.storage.pictures import PICTURES_FOLDER
from scale.hanging import HUNG, Hanging
from storage.servers import web_server

SHOWN = Preprocessing(8, 6)
ABOUT = describe_features(Backbone("test_vit"), weights_digest="ab", preprocessing=SHOWN)


@dataclass
class MeanColour:
    """A backbone that sees the mean of each channel, and counts what it is shown."""

    batches: list[int] = field(default_factory=list)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.batches.append(len(pixels))
        return pixels.mean(axis=(1, 2)).astype(np.float32)


def compute(
    project: TinyProject, rows: Sequence[ManifestRow], extract: MeanColour, about: dict[str, Any] = ABOUT, **more: Any
) -> Features:
    return compute_features(
        rows,
        extract=extract,
        about=about,
        cache_folder=project.root / "cache",
        project_root=project.root,
        preprocessing=SHOWN,
        batch_size=5,
        threads=2,
        **more,
    )


def test_features_stand_in_the_order_of_the_rows(project: TinyProject) -> None:
    found = compute(project, project.rows, MeanColour())
    backwards = compute(project, project.rows[::-1], MeanColour())
    assert found.rows == project.rows
    np.testing.assert_array_equal(found.values, backwards.values[::-1])
    assert found.values.shape == (48, 3)


def test_only_what_the_cache_lacks_is_computed(project: TinyProject) -> None:
    extract = MeanColour()
    first = compute(project, project.rows[:12], extract)
    assert (first.computed_count, extract.batches) == (12, [5, 5, 5])  # the last one filled up
    second = compute(project, project.rows, extract)
    assert second.computed_count == 36
    third = compute(project, project.rows, extract)
    assert third.computed_count == 0
    assert extract.batches == [5] * (3 + 8)
    np.testing.assert_array_equal(second.values, third.values)


def test_a_picture_under_another_name_is_known_by_its_digest(project: TinyProject) -> None:
    compute(project, project.rows, MeanColour())
    moved = replace(project.rows[3], img_ref="frames/elsewhere.png", pts=999)
    assert compute(project, [moved], MeanColour()).computed_count == 0


@pytest.mark.parametrize(
    "about",
    [
        describe_features(Backbone("test_vit"), weights_digest="cd", preprocessing=SHOWN),
        describe_features(Backbone("test_vit", {"pad_type": "same"}), weights_digest="ab", preprocessing=SHOWN),
        describe_features(Backbone("test_vit"), weights_digest="ab", preprocessing=replace(SHOWN, fit="pad")),
    ],
)
def test_other_weights_arguments_or_preprocessing_are_other_features(
    project: TinyProject, about: dict[str, Any]
) -> None:
    compute(project, project.rows, MeanColour())
    assert compute(project, project.rows, MeanColour(), about).computed_count == 48


@pytest.mark.parametrize(("after", "kept"), [(255, 0), (260, 260), (295, 260)])
def test_an_interruption_costs_one_part_of_the_cache_at_most(tmp_path: Path, after: int, kept: int) -> None:
    project = make_project(tmp_path, per_class=25)  # 300 pictures: more than one part of the cache
    with pytest.raises(KeyboardInterrupt):
        compute(project, project.rows, MeanColour(), progress=_stop_after(after))
    resumed = compute(project, project.rows, MeanColour())
    assert resumed.computed_count == 300 - kept
    assert len(resumed.rows) == 300


def test_a_kill_in_the_middle_costs_one_part_of_the_cache_at_most(tmp_path: Path) -> None:
    project = make_project(tmp_path, per_class=25)
    child = multiprocessing.get_context("spawn").Process(target=_compute_and_die, args=(project, 290))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    resumed = compute(project, project.rows, MeanColour())
    assert resumed.computed_count == 300 - 260
    whole = compute(replace(project, root=tmp_path), project.rows, MeanColour())
    np.testing.assert_array_equal(resumed.values, whole.values)


def _compute_and_die(project: TinyProject, after: int) -> None:
    def progress(done: int, total: int | None, note: str = "") -> None:
        if done >= after:
            os.kill(os.getpid(), signal.SIGKILL)

    compute(project, project.rows, MeanColour(), progress=progress)


def test_pictures_that_come_are_read_while_those_before_are_computed(tmp_path: Path) -> None:
    project = make_project(tmp_path, per_class=25)
    fifo = project.root / project.rows[280].img_ref  # of the second part: only a reader that runs ahead opens it
    data = fifo.read_bytes()
    fifo.unlink()
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(data,), daemon=True)
    batches: list[int] = []

    def extract(pixels: np.ndarray) -> np.ndarray:
        batches.append(len(pixels))
        if sum(batches) == 255:  # of the first part, not written yet
            writer.start()
            writer.join(30)
            assert not writer.is_alive()
        return pixels.mean(axis=(1, 2)).astype(np.float32)

    rows = [*project.rows[:280], replace(project.rows[280], sha256="ab"), *project.rows[281:]]
    found = compute(project, rows, extract)
    assert not writer.is_alive()
    assert len(found.rows) + len(found.lost) == 300


def _stop_after(count: int) -> Any:
    def progress(done: int, total: int | None, note: str = "") -> None:
        if done >= count:
            StopAt("")(done, total, note)

    return progress


def test_a_spoilt_part_of_the_cache_is_computed_again(project: TinyProject) -> None:
    compute(project, project.rows, MeanColour())
    (part,) = (project.root / "cache").glob("*/part-*.npz")
    part.write_bytes(part.read_bytes()[:200])
    assert compute(project, project.rows, MeanColour()).computed_count == 48
    assert compute(project, project.rows, MeanColour()).computed_count == 0


def test_a_picture_that_cannot_be_read_is_lost_and_nothing_is_kept_of_it(project: TinyProject) -> None:
    gone = project.root / project.rows[2].img_ref
    data = gone.read_bytes()
    gone.unlink()
    found = compute(project, project.rows, MeanColour())
    assert [one.row for one in found.lost] == [project.rows[2]]
    assert len(found.rows) == len(found.values) == 47
    gone.write_bytes(data)
    assert compute(project, project.rows, MeanColour()).computed_count == 1


def test_rows_without_a_digest_are_known_by_their_bytes(project: TinyProject) -> None:
    bare = [replace(row, sha256="") for row in project.rows[:4]]
    assert compute(project, bare, MeanColour()).computed_count == 4
    assert compute(project, project.rows[:4], MeanColour()).computed_count == 0
    missing = replace(bare[0], img_ref="frames/gone.png")
    assert compute(project, [missing], MeanColour()).lost[0].row == missing


def test_pictures_in_a_store_that_nobody_has_read_are_fetched_once_for_their_features(project: TinyProject) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    here = compute(project, project.rows[:6], MeanColour())
    with web_server() as web:
        addresses = [web.put(f"/{row.name}.png", (project.root / row.img_ref).read_bytes()) for row in here.rows]
        there = [
            replace(row, img_ref=f"{address}?X-Amz-Signature=hush", sha256="")
            for row, address in zip(here.rows, addresses, strict=True)
        ]
        found = compute(project, there, MeanColour())
        assert found.computed_count == 6
        assert len(web.asked) == 6
        shutil.rmtree(project.root / PICTURES_FOLDER)
        assert compute(project, there, MeanColour()).computed_count == 0
        assert len(web.asked) == 6
    np.testing.assert_array_equal(found.values, here.values)
    assert not [path for path in project.root.rglob("*") if path.is_file() and b"hush" in path.read_bytes()]


def test_when_nothing_can_be_read_there_are_no_features(project: TinyProject) -> None:
    found = compute(project, [replace(project.rows[0], img_ref="gone.png", sha256="")], MeanColour())
    assert (found.rows, len(found.values)) == ((), 0)


def build_mean(seat: Seat) -> tuple[MeanColour, int]:
    """What a process computes features with; the file that it takes along says when it dies."""
    deadly = seat.files["deadly"].read_bytes()

    class Dying(MeanColour):
        def __call__(self, pixels: np.ndarray) -> np.ndarray:
            if deadly and any(picture.tobytes() == deadly for picture in pixels):
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(pixels)

    return Dying(), 5


def elsewhere(engine: Engine, tmp_path: Path, deadly: bytes = b"") -> Elsewhere:
    (tmp_path / "deadly").write_bytes(deadly)
    return Elsewhere(engine, build_mean, {"deadly": tmp_path / "deadly"})


def test_features_that_another_computes_are_those_of_this_process(project: TinyProject, tmp_path: Path) -> None:
    extract = MeanColour()
    (project.root / project.rows[4].img_ref).unlink()
    found = compute(project, project.rows, extract, elsewhere=elsewhere(InProcess(threads=2), tmp_path))
    assert extract.batches == []
    assert [one.row for one in found.lost] == [project.rows[4]]
    assert found.computed_count == 47
    shutil.rmtree(project.root / "cache")
    here = compute(project, project.rows, extract)
    np.testing.assert_array_equal(found.values, here.values)
    assert (found.rows, found.lost, found.computed_count) == (here.rows, here.lost, here.computed_count)


def test_a_picture_that_hangs_is_listed(project: TinyProject, tmp_path: Path) -> None:
    found = compute(project, project.rows, MeanColour(), elsewhere=elsewhere(Hanging(3), tmp_path))
    assert [(one.row, one.reason) for one in found.lost] == [(project.rows[3], HUNG)]


@pytest.mark.longer
def test_a_picture_that_ends_its_process_is_listed_and_not_tried_here(project: TinyProject, tmp_path: Path) -> None:
    deadly = next(
        picture for row, picture in read_pictures(project.rows, project_root=project.root, preprocessing=SHOWN,
                                                  threads=1) if row == project.rows[9]
    )  # fmt: skip
    assert isinstance(deadly, np.ndarray)
    extract = MeanColour()
    engine = open_engine("here", workers=2)
    try:
        found = compute(
            project, project.rows, extract, elsewhere=elsewhere(engine, tmp_path, deadly.tobytes())
        )  # fmt: skip
    finally:
        engine.close()
    assert extract.batches == []
    assert project.rows[9] in [one.row for one in found.lost]
    assert len(found.rows) + len(found.lost) == 48
