from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.catalogued import film_frames, photograph
from rushes.labels.frame_index import FrameIndex, FrameRef, Miss

EPISODE = film_frames("/films/TT_S01_E01.mp4", range(0, 24 * 40, 24 * 8))
AGAIN = film_frames("/a/again.mkv", range(5))
OTHER_AGAIN = film_frames("/b/again.mkv", range(5), name="again-2")


def hit(found: FrameRef | Sequence[FrameRef] | Miss) -> FrameRef:
    assert isinstance(found, FrameRef), found
    return found


def miss(found: FrameRef | Sequence[FrameRef] | Miss) -> Miss:
    assert isinstance(found, Miss), found
    return found


@pytest.mark.parametrize(
    "text",
    [
        "TT_S01_E01_FRM-00-00-08-00",
        "tt_s01_e01_frm-00-00-08-00",
        " TT_S01_E01_FRM-00-00-08-00.PNG ",
        "frames/TT_S01_E01/TT_S01_E01_FRM-00-00-08-00.jpg",
        "D:\\elsewhere\\TT_S01_E01_FRM-00-00-08-00.jpeg",
        "https://bucket.s3.example/S01/TT_S01_E01_FRM-00-00-08-00.jpg?version=2#top",
        "s3://bucket/S01/TT%5FS01_E01_FRM-00-00-08-00.jpg",
    ],
)
def test_a_frame_is_found_by_name_file_path_or_url(text: str):
    assert hit(FrameIndex(EPISODE).frame(text)) is EPISODE[1]


def test_a_frame_is_found_by_its_id():
    index = FrameIndex(EPISODE)
    assert hit(index.frame(f" {EPISODE[1].id.upper()} ")) is EPISODE[1]
    miss(index.frame(EPISODE[1].id + "9"))


@pytest.mark.parametrize("text", ["http://[half", "", "/", "..", "TT_S01_E01_FRM-00-00-09-00", "é" * 5000])
def test_what_is_not_catalogued_is_a_miss_and_no_traceback(text: str):
    index = FrameIndex(EPISODE)
    assert not miss(index.frame(text)).ambiguous
    index.suggest(text)
    assert not miss(FrameIndex([]).frame(text)).ambiguous
    assert FrameIndex([]).suggest(text) == ""


def test_the_second_frame_of_a_timecode_keeps_its_number():
    first, second = film_frames("/f/film.mp4", [0]), film_frames("/f/film.mp4", [1])
    twin = FrameRef(
        second[0].id, f"{first[0].name}.2", "", "film", "/f/film.mp4", 1, Fraction(1, 48), "00:00:00:00", ""
    )
    index = FrameIndex([*first, twin])
    assert hit(index.frame(f"{first[0].name}.2")) is twin
    assert hit(index.frame(first[0].name)) is first[0]
    assert hit(index.at_timecode("film", "00:00:00:00")) is first[0]


def test_a_photograph_is_found_by_its_own_file_name_and_its_folder():
    picture = photograph("/media/images/talk show/frames/Shot 1.png", name="Shot_1")
    index = FrameIndex([picture])
    for text in (
        "Shot 1.png",
        "shot 1",
        "Shot_1",
        "Shot_1.jpg",
        "images/talk show/frames/Shot 1.png",
        "frames\\Shot 1.PNG",
    ):
        assert hit(index.frame(text)) is picture
    assert hit(index.frame("https://cdn.example/anywhere/Shot%201.png")) is picture


def test_a_photograph_of_another_folder_is_not_taken_for_it():
    found = miss(FrameIndex([photograph("/media/film_a/shot1.png")]).frame("film_b/shot1.png"))
    assert not found.ambiguous
    assert "though '/media/film_a/shot1.png' is" in found.message


def test_a_name_in_two_folders_is_ambiguous_until_the_path_says_more():
    one, two = photograph("/m/film_a/shot1.png"), photograph("/m/film_b/shot1.png", name="shot1-2")
    index = FrameIndex([one, two])
    found = miss(index.frame("shot1.png"))
    assert found.ambiguous
    assert "'/m/film_a/shot1.png', '/m/film_b/shot1.png'" in found.message
    assert hit(index.frame("film_a/shot1.png")) is one
    assert hit(index.frame("film_b/shot1.jpg")) is two
    assert hit(index.frame("shot1-2")) is two


def test_a_raw_and_its_jpeg_are_told_apart_by_extension_only():
    raw, jpeg = photograph("/shoot/IMG_1.NEF", name="IMG_1"), photograph("/shoot/IMG_1.JPG", name="IMG_1-2")
    index = FrameIndex([raw, jpeg])
    assert hit(index.frame("IMG_1.nef")) is raw
    assert hit(index.frame("IMG_1.jpg")) is jpeg
    assert miss(index.frame("IMG_1")).ambiguous


def test_names_composed_in_two_ways_are_the_same_name():
    assert hit(FrameIndex([photograph("/m/cafe\u0301.jpg")]).frame("caf\u00e9.jpg"))


def test_a_source_beside_the_frame_must_be_its_source():
    one, two = photograph("/m/a/shot1.png"), photograph("/m/b/shot1.png", name="shot1-2")
    index = FrameIndex([*EPISODE, one, two])
    assert hit(index.frame("shot1.png", source="b/shot1.png")) is two
    assert miss(index.frame("shot1.png", source="TT_S01_E01"))
    assert miss(index.frame("shot1.png", source="not ingested"))
    assert hit(index.frame(EPISODE[1].name, source="S01E01")) is EPISODE[1]


def test_a_video_in_a_column_of_frames_gets_advice():
    assert "map this column to 'source'" in miss(FrameIndex(EPISODE).frame("TT_S01_E01.mp4")).message


@pytest.mark.parametrize(
    "text", ["again", "again.mkv", "AGAIN.MKV", "asl/again.mkv", "b/again.mkv", "https://x/again.mkv"]
)
def test_a_source_is_found_by_name_file_path_or_url(text: str):
    index = FrameIndex([*OTHER_AGAIN, *EPISODE])
    assert index.frames_of(text) == OTHER_AGAIN


def test_a_source_is_found_by_its_digest():
    index = FrameIndex([*AGAIN, *OTHER_AGAIN])
    assert index.frames_of(AGAIN[0].source_id + "0" * 48) == AGAIN


def test_two_sources_of_one_file_name_are_ambiguous_until_the_path_says_more():
    index = FrameIndex([*AGAIN, *OTHER_AGAIN])
    assert miss(index.frames_of("again.mkv")).ambiguous
    assert miss(index.frames_of("again")).ambiguous
    assert miss(index.between("again.mkv", 0, 2)).ambiguous
    assert index.frames_of("a/again.mkv") == AGAIN
    assert index.frames_of("again-2") == OTHER_AGAIN


def test_a_name_given_to_a_source_does_not_hide_the_file_of_that_name():
    named = film_frames("/a/raw_01.mp4", [0], name="foo")
    file = film_frames("/b/foo.mp4", [0], name="foo-2")
    assert miss(FrameIndex([*named, *file]).frames_of("foo")).ambiguous


def test_positions_are_exact():
    index = FrameIndex(EPISODE)
    assert hit(index.at_ordinal("TT_S01_E01", 192)) is EPISODE[1]
    assert "next to it are 0 and 192" in miss(index.at_ordinal("TT_S01_E01", 191)).message
    assert "next to it are 768" in miss(index.at_ordinal("TT_S01_E01", 10**12)).message
    assert hit(index.at_timecode("TT_S01_E01", "00-00-16-00")) is EPISODE[2]
    assert miss(index.at_timecode("TT_S01_E01", "00:00:16:01"))
    with pytest.raises(ValueError, match="drop-frame"):
        index.at_timecode("TT_S01_E01", "00:00:16;00")
    with pytest.raises(ValueError, match="not a timecode"):
        index.at_timecode("TT_S01_E01", "16")


def smpte(ordinal: int, nominal: int) -> str:
    """Return the non-drop timecode that an editing program shows: it counts whole seconds of `nominal` frames."""
    seconds, frames = divmod(ordinal, nominal)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def test_a_timecode_that_means_two_frames_at_a_fractional_rate_is_refused():
    film = film_frames("/f/film.mp4", [0, 24, 23976, 24000], rate=Fraction(24000, 1001))
    index = FrameIndex(film)
    assert [ref.timecode for ref in film] == ["00:00:00:00", "00:00:01:00", "00:16:39:23", "00:16:41:00"]
    assert hit(index.at_timecode("film", "00:00:01:00")) is film[1]
    for timecode in ("00:16:40:00", "00:16:41:00"):
        with pytest.raises(ValueError, match=r"runs at 23\.976 frames per second.*Give ordinals or seconds"):
            index.at_timecode("film", timecode)


def test_a_timecode_that_both_ways_of_counting_share_may_miss_at_a_fractional_rate():
    index = FrameIndex(film_frames("/f/film.mp4", [0, 24], rate=Fraction(24000, 1001)))
    assert "is not in the catalog" in miss(index.at_timecode("film", "00:00:01:05")).message
    assert "no frame in the catalog" in miss(index.at_timecode("other", "00:16:40:00")).message


@given(
    st.sets(st.integers(0, 200_000), min_size=1, max_size=30),
    st.sampled_from([Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(24), Fraction(25)]),
)
def test_a_timecode_of_an_editing_program_is_never_taken_for_another_frame(ordinals: set[int], rate: Fraction):
    refs = film_frames("/f/film.mp4", sorted(ordinals), rate=rate)
    index = FrameIndex(refs)
    nominal = round(rate)
    for ref in refs:
        for timecode in (smpte(ref.ordinal, nominal), ref.timecode):
            try:
                found = index.at_timecode("film", timecode)
            except ValueError:
                assert rate.denominator != 1
            else:
                assert isinstance(found, Miss) or smpte(found.ordinal, nominal) == found.timecode == timecode
                assert rate.denominator != 1 or found is ref


def test_seconds_may_be_rounded_but_not_far_off():
    film = film_frames("/f/film.mp4", [0, 192, 384], rate=Fraction(24000, 1001))
    index = FrameIndex(film)
    assert hit(index.at_seconds("film", Fraction(8))) is film[1]
    assert hit(index.at_seconds("film", Fraction("8.01"))) is film[1]
    assert "the nearest is at 8.008 s" in miss(index.at_seconds("film", Fraction("8.1"))).message
    assert miss(index.at_seconds("film", Fraction(10**9)))


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(0, 220), st.integers(1, 100))
def test_a_range_holds_exactly_the_catalogued_ordinals_in_it(ordinals: set[int], start: int, length: int):
    refs = film_frames("/f/film.mp4", sorted(ordinals))
    found = FrameIndex(reversed(refs)).between("film.mp4", start, start + length)
    wanted = [ordinal for ordinal in sorted(ordinals) if start <= ordinal < start + length]
    assert ([] if isinstance(found, Miss) else [ref.ordinal for ref in found]) == wanted


@given(st.sets(st.integers(0, 2000), min_size=1, max_size=50))
def test_every_frame_is_found_by_every_address_of_its_own(ordinals: set[int]):
    refs = film_frames("/f/film.mp4", sorted(ordinals), rate=Fraction(30000, 1001))
    index = FrameIndex([*refs, *EPISODE])
    for ref in refs:
        assert index.frame(ref.name) is ref
        assert index.frame(ref.image) is ref
        assert index.at_ordinal("film", ref.ordinal) is ref
        assert index.at_seconds("film", ref.seconds) is ref


def test_suggestions_name_what_is_near():
    index = FrameIndex([*EPISODE, photograph("/m/rose_01.jpg")])
    assert index.suggest("TT_S01_E01_FRM-00-00-09-00.jpg") == "The nearest is 'TT_S01_E01_FRM-00-00-08-00'"
    assert index.suggest("rose_1.jpg") == "Did you mean 'rose_01'?"
    assert index.suggest("zzzzzz") == ""


def test_a_plain_name_is_the_frame_that_any_look_up_finds() -> None:
    refs = [*film_frames("/films/TT_S01_E01.mp4", range(0, 48, 24)), photograph("/a/shot.jpg"),
            photograph("/a/shot.one.png"), photograph("/b/twin.jpg"), photograph("/c/twin.jpg")]  # fmt: skip
    index = FrameIndex(refs)
    words = [spelling for ref in refs for spelling in (ref.name, ref.name.lower(), f"{ref.name}.jpg", ref.image)]
    words += ["shot.png", "shot.one", "shot.one.png", "nowhere", "twin.png", "TT_S01_E01", ".", ""]
    found = index.of_plain_names(words)
    assert [ref for ref in found if ref is not None]
    for word, ref in zip(words, found, strict=True):
        assert ref is None or ref == index.frame(word)
