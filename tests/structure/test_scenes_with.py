"""Somebody is found by name, and by number where that is no name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rushes.errors import UsageError
from rushes.structure.scenes_with import character_named, is_number, scenes_with
from structure.example import example_film


def test_a_name_comes_before_a_number() -> None:
    film = example_film()
    assert film.characters is not None
    first, second, *rest = film.characters
    called = (replace(first, name="2"), replace(second, name=None), *rest)
    film = replace(film, characters=called)
    assert character_named(film, " 2 ").number == 0
    assert character_named(film, "Character 2").number == 1, "so that it can be reached too"
    assert character_named(film, "1").number == 0
    assert scenes_with(film, called[0])
    assert is_number("character 2")
    assert not is_number("2nd")


def test_a_number_means_nobody_where_several_films_count() -> None:
    film = example_film()
    for words in ("1", "character 1", "99"):
        with pytest.raises(UsageError, match="no character"):
            character_named(film, words, may_be_number=False)
    with pytest.raises(UsageError, match="--faces"):
        character_named(replace(film, characters=None), "1")
