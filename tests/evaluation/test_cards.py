from __future__ import annotations

import re

import pytest

from evaluation.fabricated import answers
from evaluation.test_report import outline
from rushes.evaluation.card import _per_mille
from rushes.evaluation.cards import explain_gallery, show_gallery
from rushes.evaluation.explained import NOTHING, Explained, Neighbour, PlacedHeat
from rushes.evaluation.thumbnails import Thumbnail

PICTURE = Thumbnail(b"RIFF....WEBP", 16, 9)


def cards_in(page: str) -> list[str]:
    return re.findall(r'<figure class="card.*?</figure>', page, re.DOTALL)


def test_a_card_says_where_its_sample_is_from() -> None:
    predictions = answers([("CS", "MS")], groups=["heat"])
    page = show_gallery(predictions, {0: PICTURE}, source_names={"0" * 16: "Heat (1995).mkv"})
    (card,) = cards_in(page)
    for part in ("TT_S01_E01_", "heat", "Heat (1995).mkv", "00:00:00:00", "label: jonny"):
        assert part in re.sub("<wbr>", "", card)


def test_a_source_that_nobody_names_is_left_out() -> None:
    page = show_gallery(answers([("CS", "MS")]), {0: PICTURE}, source_names={"f" * 16: "other.mkv"})
    assert "other.mkv" not in page


def test_cards_know_their_place_in_each_order() -> None:
    predictions = answers(
        [("CS", "CS"), ("CS", "MS"), ("MS", "MS")], confidence=[0.9, 0.6, 0.4], groups=["c", "b", "a"]
    )
    page = show_gallery(predictions, dict.fromkeys(range(3), PICTURE))
    names = [re.search(r"FRM-00-00-(\d\d)", re.sub("<wbr>", "", card)) for card in cards_in(page)]
    assert [int(found[1]) for found in names if found] == [1, 0, 2]  # mistakes first
    places = [re.search(r'style="--margin:(\d);--time:(\d)"', card) for card in cards_in(page)]
    assert [(found[1], found[2]) for found in places if found] == [("1", "1"), ("2", "2"), ("0", "0")]
    assert ":has(#order-margin:checked) .card{order:var(--margin)}" in page


def test_the_large_view_knows_all_scores_and_always_that_of_the_label() -> None:
    classes = [f"class {number}" for number in range(40)]
    predictions = answers([(classes[39], classes[0])], classes=classes, confidence=[1.0])
    (card,) = cards_in(show_gallery(predictions, {0: PICTURE}))
    assert 'data-p="0:1000 39:0"' in card


def test_a_share_that_is_not_quite_all_is_not_said_to_be_all() -> None:
    assert [_per_mille(share) for share in (1.0, 0.9996, 0.9994, 0.5, 0.0)] == ["1000", "999.9", "999", "500", "0"]


def test_a_cell_without_a_card_is_named_in_words() -> None:
    page = show_gallery(answers([("CS", "MS"), ("CS", "CS"), ("CS", "MS")]), {1: PICTURE})
    outline(page)
    found = re.search(r'<li data-truth="0" data-answer="1">(.*?)</li>', page)
    assert found
    assert "2 samples, none shown" in found[1]
    assert "TT_S01_E01_FRM-00-00-02-00" in re.sub("<wbr>", "", found[1])
    assert "unshown" not in show_gallery(answers([("CS", "MS")]), {0: PICTURE})


@pytest.fixture
def explained() -> Explained:
    near = (
        Neighbour("aa:1", "T_01", "MS", 0.91),
        Neighbour("aa:2", "T_02", "<b>", 0.9),
        Neighbour("aa:3", "T", "LS", 0.5),
    )
    return Explained(
        heats={0: PlacedHeat(PICTURE, 0.1, 0.0, 0.8, 1.0)},
        neighbours={0: near, 1: near[:1]},
        pictures={"aa:1": PICTURE, "aa:2": PICTURE},
        heat_words="Read by Grad-CAM in 7 × 7 places.",
        notes=("no network here",),
    )


def test_each_neighbours_picture_is_carried_once_and_referred_to(explained: Explained) -> None:
    page = show_gallery(answers([("CS", "MS"), ("CS", "MS")]), {0: PICTURE, 1: PICTURE}, explained=explained)
    found = outline(page)
    assert found.hashes <= found.ids
    assert page.count('<symbol id="near-0"') == 1
    assert page.count('href="#near-0"') == 2
    assert "T_01, likeness 0.91" in page
    assert "&lt;b&gt;" in page
    assert "not readable" in cards_in(page)[0]  # the third has no picture


def test_heat_lies_where_the_model_looked_and_can_be_switched(explained: Explained) -> None:
    page = show_gallery(answers([("CS", "MS"), ("CS", "MS")]), {0: PICTURE, 1: PICTURE}, explained=explained)
    assert page.count('class="heat"') == 1
    assert "left:10.00%;top:0.00%;width:80.00%;height:100.00%" in page
    assert 'type="checkbox" id="heat"' in page
    assert 'id="heat"' not in show_gallery(answers([("CS", "MS")]), {0: PICTURE})


def test_what_the_page_says_of_reasons_is_what_it_has(explained: Explained) -> None:
    said = explain_gallery(explained)
    assert "Grad-CAM" in said
    assert "Most like it in training" in said
    assert "no network here" in said
    assert explain_gallery(NOTHING) == ""
