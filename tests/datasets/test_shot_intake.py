from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.painted import write_film
from rushes.datasets.shot_intake import TakenShots, find_video, notes_on_overlaps, span_of, take_shots
from rushes.datasets.shot_videos import CACHE_NAME, Video, look_at_videos
from rushes.errors import MediaError
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
    assert f"shots.csv, row 2: there is no such file: {videos.name}/gone.mp4" == found.unusable[0].reason
    assert found.notes == ("videos that are missing: 1 of 3", "videos that cannot be read: 1 of 3")
    assert found.missing == 1


def test_a_missing_video_is_told_once_however_many_shots_lie_in_it(videos: Path) -> None:
    shots = [stated("gone.mp4", start=number, place=f"shots.csv, row {number}") for number in (2, 3, 4)]
    found = take([*shots, stated(), stated("uneven.mp4")], videos)
    assert len(found.unusable) == 3
    assert found.faults() == [f"shots.csv, row 2 and 2 more rows: there is no such file: {videos.name}/gone.mp4"]


def test_a_photograph_is_no_film_and_what_cannot_be_decoded_is_a_value(videos: Path) -> None:
    import numpy as np
    from PIL import Image

    folder = videos / "photographs"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(folder / "exif.jpg", exif=exif)
    whole = (folder / "exif.jpg").read_bytes()
    (folder / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "called.mp4").write_bytes(whole)
    (folder / "torn.mp4").write_bytes(whole[: len(whole) // 2])
    names = [f"photographs/{name}" for name in ("exif.jpg", "torn.jpg", "called.mp4", "torn.mp4")]
    found = take([*map(stated, names), stated()], videos)
    assert f"shots.csv, row 2: {videos.name}/photographs/exif.jpg: is a photograph; a shot is of a film" == (
        found.unusable[0].reason
    )
    assert f"{videos.name}/even.mp4" in [one.video for one in found.rows]
    assert all("photographs/" in one.reason for one in found.unusable)


def test_where_most_videos_are_missing_the_folder_is_doubted(videos: Path) -> None:
    found = take([stated(), *(stated(f"trailer/{number}.mp4") for number in range(9))], videos)
    assert found.notes[0] == (
        f"9 of 10 videos are missing: the folder of videos, {videos.name}, is probably not the right one; "
        "it should hold trailer/"
    )
    assert (len(found.rows), len(found.notes)) == (1, 1)


@pytest.mark.parametrize(
    ("start", "stop", "last", "found"),
    [
        (None, None, False, (0, 40)),
        (3, 9, False, (3, 9)),
        (3, 9, True, (3, 10)),
        (3, 39, True, (3, 40)),
        (3, 42, False, (3, 40)),  # clipped
        (3, 43, False, "it ends before frame 43, and the video has 40: another version of the film?"),
        (40, 41, False, "it begins at frame 40, and the video has 40: another version of the film?"),
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
    assert [one.place for one in found.unusable] == [f"shots.csv, row {number}" for number in (2, 3, 4)]
    assert found.faults() == [
        "shots.csv, row 2 and 2 more rows: scale is 'MS' in shots.csv, row 2 and 'LS' in shots.csv, row 3 and 'CS' in "
        "shots.csv, row 4, of the same frames. Keep one"
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


def test_a_server_that_does_not_answer_is_not_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = take([stated("http://127.0.0.1:9/a.mp4")], tmp_path)
    assert found.unusable[0].fault.startswith("http://127.0.0.1:9/a.mp4: the server cannot be reached")
    assert (found.notes, found.missing) == (("videos that cannot be read: 1 of 1",), 0)


def test_whole_paths_that_are_missing_say_nothing_of_the_folder(tmp_path: Path) -> None:
    assert take([stated("/gone/a.mp4")], tmp_path).notes == ("videos that are missing: 1 of 1",)
    assert take([stated("a.mp4"), stated("b/c.mp4")], tmp_path).notes == (
        f"2 of 2 videos are missing: the folder of videos, {tmp_path.name}, is probably not the right one; it should "
        "hold b/",
    )


def test_an_address_that_is_none_is_a_reason(tmp_path: Path) -> None:
    assert "rushes does not read 'ftp://'" in str(find_video("ftp://host/a.mp4", [tmp_path]))
