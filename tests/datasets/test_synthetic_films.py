"""Rendered films: real containers that hold what their truth says."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rushes.datasets.synthetic.films import render_films
from rushes.datasets.synthetic.looks import LOOKS
from rushes.datasets.synthetic.places import PLACES
from rushes.datasets.synthetic.scenes import plan_film
from rushes.datasets.synthetic.studio import Studio
from rushes.datasets.synthetic.truth import MOVEMENTS, SCALES, FilmTruth, ShotTruth, write_truth

SIZE = (160, 90)


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> list[FilmTruth]:
    folder = tmp_path_factory.mktemp("a folder with spaces")
    return render_films(folder, films=2, size=SIZE, shots=5)


def decoded(path: Path) -> tuple[list[int], list[np.ndarray], Fraction]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.average_rate is not None
        return (
            [frame.pts for frame in frames],
            [frame.to_ndarray(format="gray") for frame in frames],
            stream.average_rate,
        )


def test_a_film_holds_as_many_frames_as_its_truth_says_at_its_rate(truths: list[FilmTruth]) -> None:
    for truth in truths:
        times, pictures, rate = decoded(truth.path)
        assert len(pictures) == truth.frame_count
        assert rate == truth.rate
        assert times[0] == 0
        assert len(set(np.diff(times).tolist())) == 1
        assert pictures[0].shape == (SIZE[1], SIZE[0])


def test_films_are_named_like_episodes_and_leave_nothing_else_behind(truths: list[FilmTruth]) -> None:
    folder = truths[0].path.parent
    assert sorted(path.name for path in folder.iterdir()) == ["TT_S01_E01.mp4", "TT_S01_E02.mp4"]
    assert [truth.name for truth in truths] == ["TT_S01_E01", "TT_S01_E02"]


def test_shots_follow_each_other_and_every_scale_is_seen(truths: list[FilmTruth]) -> None:
    for truth in truths:
        assert truth.shots[0].start == 0
        assert all(a.stop == b.start for a, b in zip(truth.shots, truth.shots[1:], strict=False))
        assert {shot.scale for shot in truth.shots} == {*SCALES, None}
        assert truth.shots[0].scale is None
        assert all(shot.movement in MOVEMENTS for shot in truth.shots)


def test_the_picture_changes_most_at_the_cuts(truths: list[FilmTruth]) -> None:
    truth = truths[0]
    _, pictures, _ = decoded(truth.path)
    change = [float(np.abs(a.astype(int) - b).mean()) for a, b in itertools.pairwise(pictures)]
    cuts = [shot.start - 1 for shot in truth.shots[1:]]
    within = [value for k, value in enumerate(change) if k not in cuts]
    assert min(change[cut] for cut in cuts) > 2 * float(np.percentile(within, 95))


def test_the_same_seed_makes_the_same_frames_and_another_seed_others() -> None:
    def some(seed: int) -> np.ndarray:
        plan = plan_film(3, seed=seed, shots=2)
        studio = Studio(plan, SIZE)
        return np.stack([next(iter(studio.frames(shot, 30))) for shot in plan.shots[:3]])

    assert np.array_equal(some(4), some(4))
    assert not np.array_equal(some(4), some(5))


def test_one_process_makes_the_same_films_as_two(truths: list[FilmTruth], tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    alone = render_films(
        tmp_path,
        films=1,
        size=SIZE,
        shots=5,
        processes=1,
        progress=lambda done, total, note="": calls.append((done, total)),
    )
    assert alone[0].path.read_bytes() == truths[0].path.read_bytes()
    assert calls == [(k, 7) for k in range(8)]


def test_stopping_halfway_leaves_no_part_of_a_film(tmp_path: Path) -> None:
    def stop(done: int, total: int | None, note: str = "") -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_films(tmp_path, films=2, size=SIZE, shots=200, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "TT_S01_E02.mp4").mkdir()
    with pytest.raises(RuntimeError, match=r"(?s)worker process.*TT_S01_E02"):
        render_films(tmp_path, films=2, size=(64, 36), shots=1)


def test_a_letterboxed_film_has_black_bars_and_a_monochrome_one_no_colour() -> None:
    wide = next(k for k, look in enumerate(LOOKS) if look.aspect is not None)
    gray = next(k for k, look in enumerate(LOOKS) if look.monochrome)
    for index in (wide, gray):
        plan = plan_film(index, seed=0, shots=1)
        planes = next(iter(Studio(plan, SIZE).frames(plan.shots[1], 40)))
        luma, chroma = planes[: SIZE[1]], planes[SIZE[1] :]
        if index == wide:
            assert (luma[:8] == 16).all()
            assert (luma[-8:] == 16).all()
            assert luma[40:50].std() > 5
        else:
            assert (chroma == 128).all()


def test_every_look_has_places_that_exist_and_a_rate_of_real_films() -> None:
    for look in LOOKS:
        assert set(look.places) <= PLACES.keys()
        assert look.rate in (24, 25, Fraction(24000, 1001), Fraction(30000, 1001))
    assert len({look.title for look in LOOKS}) == len(LOOKS)


def test_plans_hold_scales_in_nearly_equal_shares() -> None:
    for index in range(12):
        scales = [shot.scale for shot in plan_film(index, seed=1, shots=20).shots if shot.scale is not None]
        assert len(scales) == 20
        assert all(scales.count(scale) == 4 for scale in SCALES)


def test_nearer_scales_show_less_of_the_world() -> None:
    fields: dict[str, list[float]] = {scale: [] for scale in SCALES}
    for index in range(10):
        for shot in plan_film(index, seed=2, shots=20).shots:
            if shot.scale is not None:
                fields[shot.scale] += [shot.camera.start.field, shot.camera.stop.field]
    for near, far in itertools.pairwise(SCALES):
        assert max(fields[near]) < min(fields[far])


def test_a_push_ends_nearer_than_it_began_and_a_pull_farther() -> None:
    for index in range(10):
        for shot in plan_film(index, seed=3, shots=20).shots:
            start, stop = shot.camera.start, shot.camera.stop
            expected = {"push": start.field > stop.field, "pull": start.field < stop.field, "pan": start.x != stop.x}
            assert expected.get(shot.camera.movement, start == stop)


@pytest.mark.parametrize(
    ("films", "shots", "size"), [(0, 1, (64, 64)), (1, 0, (64, 64)), (1, 1, (63, 64)), (1, 1, (64, 16))]
)
def test_numbers_out_of_range_are_refused(films: int, shots: int, size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="above 0"):
        render_films(tmp_path / "none", films=films, shots=shots, size=size)
    assert not (tmp_path / "none").exists()


def test_truth_is_written_as_a_table_and_finds_the_shot_of_a_frame(tmp_path: Path) -> None:
    shots = (ShotTruth(0, 10, None, "static"), ShotTruth(10, 30, "CS", "push"))
    truth = FilmTruth(tmp_path / "TT_S01_E01.mp4", "A Film", Fraction(24000, 1001), shots)
    write_truth(tmp_path / "truth.json", [truth])
    table = json.loads((tmp_path / "truth.json").read_text())
    assert table["schema"] == "film-truth/1"
    assert table["films"][0]["rate"] == "24000/1001"
    assert table["films"][0]["shots"][1] == {"start": 10, "stop": 30, "scale": "CS", "movement": "push"}
    assert truth.shot_at(9).scale is None
    assert truth.shot_at(10).scale == "CS"
    with pytest.raises(ValueError, match="frames 0 to 29"):
        truth.shot_at(30)
