"""What photographs belong together: cases worked by hand, and laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.camera import CameraFacts, read_camera_facts
from rushes.footage.overlap import thumbnail_of
from rushes.footage.series import Series, SeriesFacts, find_series, series_facts_of
from rushes.footage.signature import signature_of

SCENE, OTHER = 0xF0F0_1234_5678_9ABC, 0x0F0F_EDCB_A987_6543  # no bit of one is that of the other


def shot(seconds: float, name: str = "", **facts: object) -> SeriesFacts:
    at = datetime(2024, 5, 1, 12, 30) + timedelta(seconds=seconds)
    known = {"camera": "Canon EOS R5 1", "signature": SCENE, "name": name or f"IMG_{seconds * 100:07.0f}", **facts}
    return SeriesFacts(captured_at=at.isoformat(), **known)  # type: ignore[arg-type]


def kinds(found: tuple[Series, ...]) -> list[tuple[str, tuple[int, ...]]]:
    return [(series.kind, series.members) for series in found]


def scene(width: int = 700, height: int = 220) -> npt.NDArray[np.uint8]:
    """Return a picture with detail of every size."""
    dice, picture = np.random.default_rng(3), np.zeros((height, width, 3), np.float32)
    for cells in (4, 10, 25, 60):
        coarse = dice.normal(0, 60, (cells // 2, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + 120, 0, 255).astype(np.uint8)


def sweep(offsets: list[int], *, upright: bool = False) -> list[SeriesFacts]:
    wide = scene()
    views = [np.ascontiguousarray(wide[:, at : at + 240]) for at in offsets]
    views = [view.transpose(1, 0, 2) for view in views] if upright else views
    return [
        shot(place * 2.0 + 0.11, thumbnail=thumbnail_of(view), signature=signature_of(view), exposure=1 / 200,
             aperture=8.0, iso=100.0, focal_length=35.0)
        for place, view in enumerate(views)
    ]  # fmt: skip


def test_alike_photographs_within_a_second_of_each_other_are_a_burst() -> None:
    found = find_series([shot(0), shot(0.2), shot(0.4), shot(2.1), shot(2.9)])
    assert kinds(found) == [("burst", (0, 1, 2)), ("burst", (3, 4))]
    assert found[0].why == "3 frames in 0.4 s, alike"


def test_another_picture_ends_a_burst() -> None:
    assert kinds(find_series([shot(0.1), shot(0.3), shot(0.5, signature=OTHER), shot(0.7, signature=OTHER)])) == [
        ("burst", (0, 1)),
        ("burst", (2, 3)),
    ]


def test_what_moves_within_a_third_of_a_second_is_still_of_its_burst() -> None:
    moved = SCENE ^ 0xFFFF  # 16 bits
    assert kinds(find_series([shot(0.1), shot(0.3, signature=moved)])) == [("burst", (0, 1))]
    assert find_series([shot(0.1), shot(0.7, signature=moved)]) == ()
    assert find_series([shot(0, "a"), shot(0, "b", signature=moved)]) == ()  # a clock without fractions cannot tell


def test_pictures_with_nothing_on_them_are_no_burst() -> None:
    assert find_series([shot(0.1, signature=0), shot(0.2, signature=0)]) == ()


def test_a_clock_without_fractions_joins_alike_photographs_of_one_second_and_the_next() -> None:
    found = find_series([shot(0, "c"), shot(0, "a"), shot(0, "b"), shot(1, "d"), shot(3, "e")])
    assert kinds(found) == [("burst", (1, 2, 0, 3))]


def test_a_frame_on_the_full_second_has_the_fraction_nought_where_its_camera_states_fractions() -> None:
    assert kinds(find_series([shot(0.5), shot(1), shot(2)])) == [("burst", (0, 1))]


def test_two_cameras_in_one_folder_never_join() -> None:
    second = "Canon EOS R5 2"
    found = find_series([shot(0.1), shot(0.15, camera=second), shot(0.2), shot(0.25, camera=second), shot(0.3)])
    assert kinds(found) == [("burst", (0, 2, 4)), ("burst", (1, 3))]
    assert find_series([shot(0.1), shot(0.2, camera=second)]) == ()


@pytest.mark.parametrize("lacking", [{"camera": None}, {"captured_at": None}, {"captured_at": "yesterday"}])
def test_what_states_no_camera_or_no_time_is_of_no_series(lacking: dict[str, str | None]) -> None:
    assert find_series([replace(shot(0.1), **lacking), replace(shot(0.2), **lacking)]) == ()  # type: ignore[arg-type]
    assert find_series([]) == ()


def test_a_clock_that_jumps_parts_a_burst_and_joins_nothing_that_is_not_alike() -> None:
    before = [shot(3600.1), shot(3600.3), shot(3600.5)]
    back = [shot(0.2, "IMG_9", signature=OTHER), shot(0.4, "IMG_99", signature=OTHER)]
    assert kinds(find_series(before + back)) == [("burst", (3, 4)), ("burst", (0, 1, 2))]
    again = [shot(3600.2, "x", signature=OTHER), shot(3600.4, "y", signature=OTHER)]
    assert find_series(before + again) == ()  # interleaved by the jump: what cannot be told apart is left alone


def test_offsets_from_utc_are_heeded_where_all_state_them() -> None:
    one = replace(shot(0), captured_at="2024-05-01T12:30:00.20+02:00")
    other = replace(shot(0), captured_at="2024-05-01T11:30:00.40+01:00")
    assert kinds(find_series([one, other])) == [("burst", (0, 1))]
    assert kinds(find_series([one, replace(other, captured_at="2024-05-01T12:30:00.40")])) == [("burst", (0, 1))]


@pytest.mark.parametrize(
    "biases",
    [(-2, 0, 2), (0, -2, 2), (2, 0, -2), (-0.67, 0, 0.67), (0, -1, 1, -2, 2), (-3, -2, -1, 0, 1, 2, 3),
     (-4, -3, -2, -1, 0, 1, 2, 3, 4), (-1.3, 0.7, 2.7)],
)  # fmt: skip
def test_even_steps_of_the_stated_bias_are_a_bracket(biases: tuple[float, ...]) -> None:
    found = find_series([shot(place * 0.3 + 0.05, exposure_bias=bias) for place, bias in enumerate(biases)])
    assert kinds(found) == [("bracket", tuple(range(len(biases))))]


def test_the_words_for_a_bracket_name_its_exposures() -> None:
    (found,) = find_series([shot(at, exposure_bias=bias) for at, bias in ((0.0, -2), (0.2, 0), (0.4, 2))])
    assert found.why == "3 frames in 0.4 s, exposure -2, 0, +2 EV"


def test_brackets_after_each_other_are_separate() -> None:
    biases = (-2, 0, 2) * 3
    found = find_series([shot(place * 0.2 + 0.05, exposure_bias=bias) for place, bias in enumerate(biases)])
    assert kinds(found) == [("bracket", (0, 1, 2)), ("bracket", (3, 4, 5)), ("bracket", (6, 7, 8))]
    led = find_series([shot(place * 0.2 + 0.05, exposure_bias=bias) for place, bias in enumerate((0, -2, 0, 2))])
    assert kinds(led) == [("bracket", (1, 2, 3))]


def test_exposure_times_in_even_steps_are_a_bracket_at_one_aperture_and_sensitivity() -> None:
    def series(*times: float, **facts: object) -> list[tuple[str, tuple[int, ...]]]:
        frames = [shot(place * 3.0 + 0.1, exposure=time, aperture=8.0, iso=100.0, **facts)
                  for place, time in enumerate(times)]  # fmt: skip
        return kinds(find_series(frames))

    assert series(1 / 60, 1 / 15, 1 / 250) == [("bracket", (0, 1, 2))]
    assert series(1 / 60, 1 / 15, 1 / 250, exposure_bias=0.0) == [("bracket", (0, 1, 2))]
    assert series(1 / 60, 1 / 80, 1 / 50) == []  # a camera that metered anew
    assert series(1 / 60, 1 / 15, 1 / 30, 1 / 8) == [("bracket", (0, 1, 2))]
    assert series(1 / 60, 1 / 15, 1 / 1000) == []  # uneven


def test_exposures_of_unlike_pictures_are_no_bracket() -> None:
    frames = [shot(0.1, exposure_bias=-2), shot(0.4, exposure_bias=0, signature=OTHER), shot(0.7, exposure_bias=2)]
    assert find_series(frames) == ()


def test_a_frame_that_came_out_black_is_still_of_its_bracket() -> None:
    frames = [shot(0.1, exposure_bias=-3, signature=0), shot(0.4, exposure_bias=0), shot(0.7, exposure_bias=3)]
    assert kinds(find_series(frames)) == [("bracket", (0, 1, 2))]


def test_long_exposures_are_near_in_time_from_the_end_of_one_to_the_start_of_the_next() -> None:
    times = (8.0, 2.0, 30.0)
    frames = [shot(at, exposure=time) for at, time in zip((0.5, 9.5, 12.5), times, strict=True)]
    assert kinds(find_series(frames)) == [("bracket", (0, 1, 2))]


def test_a_focus_that_moves_one_way_makes_a_stack() -> None:
    def stack(*distances: float | None, **facts: object) -> list[tuple[str, tuple[int, ...]]]:
        return kinds(find_series([shot(place * 1.5 + 0.05, focus_distance=distance, **facts)
                                  for place, distance in enumerate(distances)]))  # fmt: skip

    assert stack(0.4, 0.45, 0.5, 0.6) == [("focus stack", (0, 1, 2, 3))]
    assert stack(2, 1, 0.5) == [("focus stack", (0, 1, 2))]
    assert stack(0.4, 0.5, 0.6, 0.4, 0.5, 0.6) == [("focus stack", (0, 1, 2)), ("focus stack", (3, 4, 5))]
    assert stack(2.0, 2.05, 2.1) == []  # an autofocus is never quite still
    assert stack(0.4, 0.4, 0.4) == stack(0.4, 0.6) == stack(None, None, None) == []


def test_a_change_of_exposure_ends_a_stack() -> None:
    frames = [shot(place * 1.5 + 0.05, focus_distance=1 + place, aperture=8 if place < 3 else 11) for place in range(5)]
    assert kinds(find_series(frames)) == [("focus stack", (0, 1, 2))]


@pytest.mark.parametrize("upright", [False, True])
def test_neighbours_that_show_more_on_one_side_make_a_panorama(upright: bool) -> None:
    frames = sweep([0, 110, 210, 330], upright=upright)
    found = find_series(frames)
    assert kinds(found) == [("panorama", (0, 1, 2, 3))]
    assert f"each shifted {'down' if upright else 'to the right'} by some 4" in found[0].why
    back = find_series(sweep([330, 210, 110, 0], upright=upright))
    assert ("shifted up" if upright else "shifted to the left") in back[0].why


def test_a_sweep_there_and_back_is_no_one_panorama() -> None:
    assert find_series(sweep([0, 110, 0, 110])) == ()


def test_other_exposures_or_focal_lengths_are_no_panorama() -> None:
    frames = sweep([0, 110, 210])
    for name, value in (("exposure", 1 / 800), ("focal_length", 70.0), ("iso", 400.0)):
        assert find_series([frames[0], replace(frames[1], **{name: value}), frames[2]]) == ()  # type: ignore[arg-type]


def test_a_fast_bracket_is_a_bracket_and_the_frames_beside_it_are_a_burst() -> None:
    biases = (0, 0, -1, 0, 1, 0, 0)
    found = find_series([shot(place * 0.1 + 0.05, exposure_bias=bias) for place, bias in enumerate(biases)])
    assert kinds(found) == [("burst", (0, 1)), ("bracket", (2, 3, 4)), ("burst", (5, 6))]


def test_facts_of_a_series_know_the_body_by_its_number() -> None:
    facts = series_facts_of(CameraFacts("Canon EOS R5", serial="77"), None, name="a")
    assert facts.camera == "Canon EOS R5 77"
    assert series_facts_of(CameraFacts(), None, name="a").camera is None


_SHOTS = st.lists(
    st.builds(
        lambda seconds, camera, bias, focus, picture: (seconds, camera, bias, focus, picture),
        st.integers(0, 40).map(lambda tenths: tenths / 8),
        st.sampled_from(["A", "B", None]),
        st.sampled_from([None, -1.0, 0.0, 1.0]),
        st.sampled_from([None, 0.5, 1.0, 2.0]),
        st.sampled_from([SCENE, SCENE ^ 7, OTHER, 0]),
    ),
    max_size=14,
)


def _facts(drawn: list[tuple[float, str | None, float | None, float | None, int]]) -> list[SeriesFacts]:
    return [
        shot(seconds, f"IMG_{place:04d}", camera=camera, exposure_bias=bias, focus_distance=focus, signature=picture)
        for place, (seconds, camera, bias, focus, picture) in enumerate(drawn)
    ]


@given(_SHOTS)
def test_no_photograph_is_in_two_series_and_no_series_has_two_cameras(drawn: list[tuple]) -> None:  # type: ignore[type-arg]
    facts = _facts(drawn)
    found = find_series(facts)
    members = [member for series in found for member in series.members]
    assert len(members) == len(set(members))
    for series in found:
        assert len({facts[member].camera for member in series.members}) == 1
        times = [str(facts[member].captured_at) for member in series.members]
        assert times == sorted(times, key=datetime.fromisoformat)


@given(_SHOTS, st.randoms(use_true_random=False))
def test_the_order_in_which_photographs_are_listed_does_not_matter(drawn: list[tuple], dice) -> None:  # type: ignore[type-arg, no-untyped-def]
    facts = _facts(drawn)
    places = list(range(len(facts)))
    dice.shuffle(places)
    shuffled = find_series([facts[place] for place in places])
    named = [(one.kind, tuple(places[member] for member in one.members), one.why) for one in shuffled]
    assert named == [(one.kind, one.members, one.why) for one in find_series(facts)]


def test_the_real_raws_at_hand_are_read_and_make_no_series(media: Path) -> None:
    paths = [path for folder in ("raw", "hostile") for path in sorted((media / folder).iterdir())
             if path.suffix in (".nef", ".dng", ".heic", ".jpg")]  # fmt: skip
    facts = {path.name: read_camera_facts(path) for path in paths}
    assert facts["canon_eos_6d_small.dng"].serial == "033024001432"
    assert facts["canon_eos_6d_small.dng"].exposure_bias == 0
    assert facts["raw_truncated_d70s_1.nef"].camera == "NIKON D70s"
    assert find_series([series_facts_of(one, None, name=name) for name, one in facts.items()]) == ()
