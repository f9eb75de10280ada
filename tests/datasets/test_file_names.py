from __future__ import annotations

import hashlib
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.file_names import LONGEST_BYTES, file_names, fold_case, why_no_folder


def table_of(frames: list[tuple[str, str]]) -> pl.DataFrame:
    """A manifest's columns from (name, picture); the frame ids are their numbers."""
    return pl.DataFrame(
        {
            "name": [name for name, _ in frames],
            "img-ref": [picture for _, picture in frames],
            "frame_id": [f"film:{number}" for number in range(len(frames))],
        },
        schema={"name": pl.String, "img-ref": pl.String, "frame_id": pl.String},
    )


def names_of(*frames: tuple[str, str]) -> list[str]:
    return file_names(table_of(list(frames))).to_list()


def digits(frame: str, count: int = 8) -> str:
    return hashlib.sha256(frame.encode()).hexdigest()[:count]


def test_a_file_has_the_frames_name_and_its_pictures_extension_in_lower_case():
    assert names_of(
        ("a_FRM-00-00-01-00", "frames/a.JPG"), ("b", "s3://bucket/x.y/b.jpeg"), ("c", "https://h/c.webp?v=1.jpg")
    ) == [
        "a_FRM-00-00-01-00.jpg",
        "b.jpeg",
        "c.webp",
    ]
    assert names_of(("a", "frames.d/a"), ("b", "x/.jpg"), ("c", "c.jpg")) == ["a", "b", "c.jpg"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ('a<b>c:d"e/f\\g|h?i*j', "a_b_c_d_e_f_g_h_i_j.jpg"),
        ("a\x00\x1f\x7fb\n", "a___b_.jpg"),
        (".hidden", "_hidden.jpg"),
        ("..", "__.jpg"),
        (" a.", "_a_.jpg"),
        ("", "_.jpg"),
        ("CON", "_CON.jpg"),
        ("com1.take 2", "_com1.take 2.jpg"),
        ("lpt¹", "_lpt¹.jpg"),
        ("console", "console.jpg"),
        ("cafe\u0301", "caf\u00e9.jpg"),
    ],
)
def test_what_a_file_name_cannot_hold_is_written_otherwise(name: str, file: str):
    assert names_of((name, "x.jpg")) == [file]


def test_frames_of_one_name_all_get_digits_of_their_id():
    assert names_of(("a", "1/a.jpg"), ("A", "2/a.JPG"), ("a", "3/a.png"), ("b", "b.jpg")) == [
        f"a-{digits('film:0')}.jpg",
        f"A-{digits('film:1')}.jpg",
        "a.png",
        "b.jpg",
    ]


def test_case_is_told_as_file_systems_tell_it_beyond_ascii_too():
    assert fold_case(pl.Series(["STRASSE", "straße", "É", "e\u0301"])).n_unique() == 2
    first, other = names_of(("straße", "a.jpg"), ("STRASSE", "b.jpg"))
    assert (first, other) == (f"straße-{digits('film:0')}.jpg", f"STRASSE-{digits('film:1')}.jpg")


def test_a_name_that_another_has_with_its_digits_is_taken_apart_as_well():
    taken = f"a-{digits('film:0')}"
    files = names_of(("a", "1.jpg"), ("a", "2.jpg"), (taken, "3.jpg"))
    assert files == [
        f"a-{digits('film:0', 16)}.jpg",
        f"a-{digits('film:1')}.jpg",
        f"{taken}-{digits('film:2', 16)}.jpg",
    ]


def test_long_names_are_cut_between_letters_and_told_apart():
    first, other = names_of(("ü" * 200 + "x", "a.jpg"), ("ü" * 200 + "y", "a.jpg"))
    assert first == "ü" * 121 + f"-{digits('film:0')}.jpg"
    assert other.startswith("ü" * 121)
    assert first != other
    exact = "x" * (LONGEST_BYTES - 4)
    assert names_of((exact, "a.jpg")) == [f"{exact}.jpg"]


odd_names = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["a", "A", "nul", "NUL.x", "ß", "SS", "x" * 300, "é", "e\u0301", f"a-{digits('film:0')}", " ."]),
)
pictures = st.sampled_from(["a.jpg", "a.JPG", "a.png", "a", "http://h/a.gif?x=.jpg"])


@settings(deadline=None)
@given(st.lists(st.tuples(odd_names, pictures), max_size=8), st.randoms(use_true_random=False))
def test_names_are_unique_fit_everywhere_and_do_not_depend_on_order(frames, dice):
    table = table_of(frames)
    files = file_names(table)
    assert fold_case(files).is_unique().all()
    for file in files:
        assert why_no_folder(file) is None
        assert unicodedata.is_normalized("NFC", file)
        assert len(file.encode()) <= LONGEST_BYTES
    order = list(range(len(frames)))
    dice.shuffle(order)
    assert file_names(table[order]).to_list() == [files[place] for place in order]


@pytest.mark.parametrize("name", ["a/b", "", ".", "a.", " a", "NUL", "con.x", "cafe\u0301", "x" * 256, "a\x00", "a:b"])
def test_a_text_that_cannot_be_a_folder_is_known(name: str):
    assert why_no_folder(name)


@pytest.mark.parametrize("name", ["Rare", "ECS", "two words", "café", "b.w", "x" * 255, "-1"])
def test_other_texts_can(name: str):
    assert why_no_folder(name) is None
