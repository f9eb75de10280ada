from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.painted import write_film
from footage.spliced import signals_of, still
from rushes.datasets.shot_intake import TakenShots, cuts_inside, find_video, notes_on_overlaps, span_of, take_shots
from rushes.datasets.shot_videos import CACHE_NAME, Video, look_at_videos
from rushes.errors import MediaError
from rushes.footage.found_shots import place_of_scan
from rushes.footage.signals import write_signals
from rushes.labels.shot_manifest import ShotRow
from rushes.labels.stated_shot import StatedShot
from rushes.storage.files import digest_of_file
from rushes.timecode import Timecode

SOURCE = "ab" * 32


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film of 40 frames at 25 a second, one of uneven times, and one that is none."""
    folder = tmp_path_factory.mktemp("videos")
    write_film(folder / "even.mp4", 40)
    write_film(folder / "uneven.mp4", 6, times=[0, 60, 120, 480, 540, 600])
    (folder / "broken.mp4").write_bytes(b"no film at all" * 100)
    return folder


def stated(video: str = "even.mp4", start: object = None, stop: object = None, **rest: object) -> StatedShot:
    values = {"classes": {"scale": "MS"}, "place": "shots.csv, row 2", "start": start, "stop": stop}
    return StatedShot(video, **values | rest)  # type: ignore[arg-type]


def take(shots: list[StatedShot], videos: Path, **more: object) -> TakenShots:
    return take_shots(shots, project_root=videos.parent, videos_folder=videos, threads=1, **more)  # type: ignore[arg-type]


def row(start: int, stop: int, name: str = "", **classes: str) -> ShotRow:
    return ShotRow("a.mp4", start, stop, classes or {"scale": "MS"}, "a", SOURCE, Fraction(25), name=name)


def span(shot: StatedShot, video: Video) -> tuple[int, int] | str:
    found = span_of(shot, video, lambda ordinal: ordinal / video.rate)
    return found.fault or (found.start, found.stop)


def test_a_shot_becomes_a_row_with_the_digest_and_rate_of_its_file(videos: Path) -> None:
    (one,) = take([stated(start=5, stop=20, name="even shot 1", origin="ann", split="test")], videos).rows
    assert one == ShotRow(
        f"{videos.name}/even.mp4", 5, 20, {"scale": "MS"}, "even", digest_of_file(videos / "even.mp4"), Fraction(25),
        "ann", "test", "even shot 1",
    )  # fmt: skip


def test_a_video_outside_the_project_keeps_its_whole_path(videos: Path, tmp_path: Path) -> None:
    found = take_shots([stated()], project_root=tmp_path, videos_folder=videos, threads=1)
    assert found.rows[0].video == (videos / "even.mp4").as_posix()
    assert found.rows[0].stop == 40


def test_one_missing_video_takes_its_own_shots_away_and_no_others(videos: Path) -> None:
    found = take([stated(), stated("gone.mp4", name="gone shot 1"), stated("broken.mp4")], videos)
    assert [one.video for one in found.rows] == [f"{videos.name}/even.mp4"]
    assert [one.name for one in found.unusable] == ["gone shot 1", "broken.mp4"]
    assert f"shots.csv, row 2: there is no such file: {videos / 'gone.mp4'}" == found.unusable[0].reason
    assert "videos that are missing: 1 of 3 (gone.mp4)" in found.notes
    assert any(note.startswith("videos that cannot be read: 1 of 3 (") for note in found.notes)


def test_where_most_videos_are_missing_the_folder_is_doubted(videos: Path) -> None:
    found = take([stated(), *(stated(f"trailer/{number}.mp4") for number in range(9))], videos)
    assert found.notes[0] == (
        f"9 of 10 videos are missing: the folder of videos, {videos}, is probably not the right one. "
        "It should hold trailer/."
    )
    assert len(found.rows) == 1
    assert "trailer/4.mp4 and 4 more" in found.notes[1]


@pytest.mark.parametrize(
    ("start", "stop", "last", "found"),
    [
        (None, None, False, (0, 40)),
        (3, 9, False, (3, 9)),
        (3, 9, True, (3, 10)),
        (3, 39, True, (3, 40)),
        (3, 42, False, (3, 40)),  # clipped
        (3, 43, False, "it ends before frame 43, and the video has 40: another version of the film?"),
        (40, 41, False, "it begins at frame 40, and the video has 40"),
        (9, 9, False, "it is empty: frames 9 up to 9"),
        (Fraction(2, 5), Fraction("0.801"), False, (10, 20)),
        (Timecode(0, 0, 0, 10), Timecode(0, 0, 1, 0), False, (10, 25)),
        (Timecode(0, 0, 0, 10), Timecode(0, 0, 1, 25), False,
         "'00:00:01:25' is no timecode at 25 frames per second: the frames of a second are 00 to 24"),
    ],
)  # fmt: skip
def test_where_a_shot_lies_is_checked_against_the_video(start, stop, last, found) -> None:
    assert span(stated(start=start, stop=stop, last_included=last), Video(SOURCE, 40, Fraction(25))) == found


def test_timecode_counts_from_that_of_the_first_frame() -> None:
    video = Video(SOURCE, 100, Fraction(25), start_timecode="10:00:00:00")
    assert span(stated(start=Timecode(10, 0, 1, 0), stop=Timecode(10, 0, 2, 5)), video) == (25, 55)
    assert span(stated(start=Timecode(0, 0, 1, 0)), video) == (
        "00:00:01:00 is before the video's first timecode, 10:00:00:00"
    )


def test_a_sheet_that_counts_at_another_rate_is_found_out() -> None:
    video = Video(SOURCE, 400, Fraction(25))
    assert span(stated(start=250, stop=300, start_seconds=Fraction(10)), video) == (250, 300)
    assert span(stated(start=300, stop=330, start_seconds=Fraction(10)), video) == (
        "frame 300 is stated to be at 10.00 s, and is at 12.00 s of this video: the sheet counts at another frame rate"
    )


def test_seconds_of_an_uneven_film_are_looked_up_in_its_times(videos: Path) -> None:
    found = take([stated("uneven.mp4", Fraction("0.78"), Fraction("0.92"))], videos)
    assert [(one.start, one.stop) for one in found.rows] == [(3, 4)]
    assert any("not evenly spaced" in note for note in found.notes)
    (beyond,) = take([stated("uneven.mp4", Fraction("0.78"), Fraction(90))], videos).unusable
    assert "another version of the film?" in beyond.reason


@given(st.integers(1, 500), st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(60)]), st.data())
def test_the_seconds_of_frames_lead_back_to_the_frames(count, rate, data) -> None:
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, count))
    written = [Fraction(f"{float(at / rate):.3f}") for at in (start, stop)]
    assert span(stated(start=written[0], stop=written[1]), Video(SOURCE, count, rate)) == (start, stop)


@given(st.integers(0, 60), st.integers(0, 60), st.booleans())
def test_whatever_is_stated_a_shot_lies_within_its_video(start, stop, last) -> None:
    found = span_of(stated(start=start, stop=stop, last_included=last), Video(SOURCE, 40, Fraction(25)), Fraction)
    assert found.fault or 0 <= found.start < found.stop <= 40


def test_what_is_clipped_and_what_has_one_frame_is_said(videos: Path) -> None:
    found = take([stated(start=0, stop=42, name="a"), stated(start=3, stop=4, name="b")], videos)
    assert "an end beyond the video, clipped: 1 shot (a by 2)" in found.notes
    assert "a single frame, in which no movement can be seen: 1 shot (b)" in found.notes
    assert len(found.rows) == 2


def test_a_shot_that_two_sheets_answer_is_one_row(videos: Path) -> None:
    found = take([stated(start=0, stop=9), stated(start=0, stop=9, classes={"movement": "push"}, split="test")], videos)
    (one,) = found.rows
    assert (one.classes, one.split) == ({"scale": "MS", "movement": "push"}, "test")
    assert "stated more than once, and counted once: 1" in found.notes


def test_a_shot_with_two_classes_of_a_task_is_no_sample(videos: Path) -> None:
    shots = [stated(start=0, stop=9, place=f"shots.csv, row {number}", classes={"scale": name})
             for number, name in ((2, "MS"), (3, "LS"), (4, "CS"))]  # fmt: skip
    found = take([*shots, stated(start=9, stop=20)], videos)
    assert [one.start for one in found.rows] == [9]
    assert [one.reason for one in found.unusable] == [
        "shots.csv, row 3: 'LS' in scale, but 'MS' in shots.csv, row 2. Keep one",
        "shots.csv, row 2: 'MS' in scale, but 'LS' in shots.csv, row 3. Keep one",
        "shots.csv, row 4: 'CS' in scale, but 'MS' in shots.csv, row 2. Keep one",
    ]


def test_shots_that_share_frames_and_a_task_are_said_to_overlap() -> None:
    rows = [row(0, 30, "a"), row(20, 25, "b"), row(25, 40, "c"), row(40, 50, "d"), row(0, 50, "e", movement="push")]
    (note,) = notes_on_overlaps(rows)
    assert note == "overlapping: 2 shots (b and a by 5 frames; c and a by 5 frames)"


def test_the_same_video_under_two_names_is_said(videos: Path) -> None:
    shutil.copy(videos / "even.mp4", videos / "copy.mp4")
    found = take([stated(), stated("copy.mp4", start=0, stop=9)], videos)
    assert any(note.endswith("1 of 1 (copy, even)") and note.startswith("the same video") for note in found.notes)


def test_groups_come_from_the_sheet_then_the_catalog_then_the_path(videos: Path) -> None:
    digest = digest_of_file(videos / "even.mp4")
    assert take([stated(group="g")], videos, groups={digest: "season"}).rows[0].group == "g"
    assert take([stated()], videos, groups={digest: "season"}).rows[0].group == "season"
    assert take([stated("./even.mp4")], videos).rows[0].group == "even"


def test_a_video_is_not_opened_again_while_it_stays_as_it_is(videos: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    shutil.copy(videos / "even.mp4", film)
    first = look_at_videos([film, film], cache=tmp_path / "cache", threads=1)
    remembered = (tmp_path / "cache" / CACHE_NAME).read_text()
    (tmp_path / "cache" / CACHE_NAME).write_text(remembered.replace('"frames": 40', '"frames": 41'))
    again = look_at_videos([film], cache=tmp_path / "cache", threads=1)
    assert (first[film].frame_count, again[film].frame_count) == (40, 41)  # type: ignore[union-attr]
    write_film(film, 30)
    assert look_at_videos([film], cache=tmp_path / "cache", threads=1)[film].frame_count == 30  # type: ignore[union-attr]
    (tmp_path / "cache" / CACHE_NAME).write_text('{"schema": "videos/1", "videos": []}')
    assert look_at_videos([film], cache=tmp_path / "cache", threads=1)[film].frame_count == 30  # type: ignore[union-attr]


def test_a_damaged_video_is_a_value_and_progress_is_told(videos: Path) -> None:
    told: list[tuple[int, int | None]] = []
    found = look_at_videos(
        [videos / "broken.mp4", videos / "even.mp4"],
        threads=1,
        progress=lambda done, total, note="": told.append((done, total)),
    )
    assert isinstance(found[videos / "broken.mp4"], MediaError)
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)


def test_an_address_that_is_none_is_a_reason(tmp_path: Path) -> None:
    assert "rushes does not read 'ftp://'" in str(find_video("ftp://host/a.mp4", [tmp_path]))


def test_a_cut_well_inside_a_shot_is_found_and_one_at_its_ends_is_not() -> None:
    signals = signals_of([*still(1, 30), *still(2, 40)], Fraction(24))
    assert [cut.ordinal for cut in cuts_inside(signals, 0, 70)] == [30]
    assert cuts_inside(signals, 0, 30) == ()
    assert cuts_inside(signals, 0, 32) == ()  # the cut list is two frames late
    assert cuts_inside(signals, 28, 70) == ()


def test_shots_with_cuts_inside_are_reported_where_a_scan_is_kept(videos: Path) -> None:
    digest = digest_of_file(videos / "even.mp4")
    kept = signals_of([*still(1, 13), *still(2, 14), *still(3, 13)], Fraction(25))
    write_signals(place_of_scan(videos / "scans", digest), kept.__class__(**{
        name: getattr(kept, name) for name in kept.__slots__} | {"source": digest}))  # fmt: skip
    shots = [stated(start=0, stop=20, name="a"), stated(start=20, stop=40, name="b")]
    notes = take(shots, videos, scans_folder=videos / "scans").notes
    assert (
        f"{videos.name}/even.mp4: 2 of 2 shots have cuts inside. Is this the cut list of another version of the film?"
        in notes
    )
    assert "a cut inside, so no single shot: 2 shots (a at 13; b at 27)" in notes
    place_of_scan(videos / "scans", digest).write_bytes(b"damaged")
    assert take(shots, videos, scans_folder=videos / "scans").notes == ()
