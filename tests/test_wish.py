"""What may be wanted of a threshold, and the words for it."""

from __future__ import annotations

import re

import pytest

from rushes.wish import BEST_F1, Wish, parse_wish


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("recall >= 0.95", Wish("recall", 0.95)),
        ("Recall ≥ 95 %", Wish("recall", 0.95)),
        ("precision>=90%", Wish("precision", 0.9)),
        ("precision => .9", Wish("precision", 0.9)),
        ("fpr <= 0.02", Wish("fpr", 0.02)),
        ("FPR ≤ 2%", Wish("fpr", 0.02)),
        ("fpr <= 0", Wish("fpr", 0.0)),
        ("recall >= 0,95", Wish("recall", 0.95)),
        ("  best   F1 ", BEST_F1),
    ],
)
def test_a_wish_is_read_from_words(words: str, wish: Wish) -> None:
    assert parse_wish(words) == wish


@pytest.mark.parametrize("wish", [Wish("recall", 0.95), Wish("precision", 0.875), Wish("fpr", 0.02), BEST_F1])
def test_the_words_of_a_wish_are_read_back(wish: Wish) -> None:
    assert parse_wish(str(wish)) == wish


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("accuracy >= 0.9", "'accuracy >= 0.9' is no wish for a threshold. Allowed: 'recall >= 0.95'"),
        ("f1 >= 0.9", "is no wish for a threshold"),
        ("", "'' is no wish"),
        ("recall <= 0.9", "bounds recall from the wrong side; write recall >= 0.9"),
        ("fpr >= 2%", "write fpr <= 2%"),
        ("recall >= 95", "recall is a share above 0 and up to 1, got 95. Allowed"),
        ("recall >= 0", "above 0 and up to 1, got 0"),
        ("fpr <= 1", "fpr is a share from 0 to below 1, got 1"),
        ("precision >= nan", "is no wish"),
    ],
)
def test_other_words_are_refused_with_what_is_allowed(words: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_wish(words)


def test_a_wish_knows_whether_it_holds() -> None:
    assert Wish("recall", 0.95).holds(19 / 20)
    assert not Wish("recall", 0.95).holds(18 / 19)
    assert Wish("fpr", 0.02).holds(1 / 50)
    assert not Wish("fpr", 0.02).holds(2 / 99)
    assert BEST_F1.holds(0.0)


def test_a_bound_that_makes_no_sense_is_no_wish() -> None:
    for made in (("recall", None), ("f1", 0.5), ("accuracy", 0.5)):
        with pytest.raises(ValueError, match="a wish is"):
            Wish(*made)
