from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.labels.subjects import parse_subjects, plan_subjects, unite_subjects


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", ()),
        (" ,;| ", ()),
        ("car", ("car",)),
        (" Tony Stark , car;night | rain ", ("Tony Stark", "car", "night", "rain")),
        ("car\nnight\r\nrain", ("car", "night", "rain")),
        ("Car, night, CAR", ("Car", "night")),
        ('["car", "night, rain", 3]', ("car", "night", "rain")),
        ('{"film": "TT", "Tags": ["car"], "ordinal": 3}', ("car",)),
        ('{"film": "TT", "subjects": "car; night"}', ("car", "night")),
        ('{"film": "TT", "ordinal": 3}', ()),
        ("[cut] car", ("[cut] car",)),
    ],
)
def test_a_cell_is_cut_into_words(cell, words):
    assert parse_subjects(cell) == words


def test_several_sheets_are_united_in_order_without_regard_to_case():
    assert unite_subjects([("car", "Night"), ("night", "rain"), ("CAR",)]) == ("car", "Night", "rain")


def test_a_sheet_replaces_its_own_words_and_a_whole_one_withdraws_what_is_gone():
    before = {"a": ("car",), "b": ("night",), "c": ("rain",)}
    now = {"a": ("car",), "b": ("dawn",), "d": ("sea",)}
    assert plan_subjects(before, now, is_whole=True) == {"b": ("dawn",), "d": ("sea",), "c": ()}
    assert plan_subjects(before, now, is_whole=False) == {"b": ("dawn",), "d": ("sea",)}


words = st.lists(st.text(min_size=1), max_size=5)
frames = st.dictionaries(st.sampled_from("abcd"), words.map(lambda some: parse_subjects(";".join(some))).filter(bool))


@given(st.text())
def test_words_are_never_empty_nor_doubled_and_are_read_back_the_same(cell):
    found = parse_subjects(cell)
    assert all(word and word == word.strip() for word in found)
    assert len({word.casefold() for word in found}) == len(found)
    assert parse_subjects(json.dumps(found)) == found


@given(frames, frames)
def test_after_a_whole_sheet_exactly_what_it_states_is_known(before, now):
    after = {frame: said for frame, said in (before | plan_subjects(before, now, is_whole=True)).items() if said}
    assert after == now
    assert plan_subjects(now, now, is_whole=True) == {}
