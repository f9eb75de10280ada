"""Faces become characters: over cuts, in crowds, and with the names that were given."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.structure.characters import Cast, find_characters
from rushes.structure.naming import name_character, split_from_character, unname_character
from rushes.subjects.kept_faces import FilmFaces
from rushes.subjects.names import Names
from subjects.people import EMBEDDER, READER, face, film_of, person, seen, stranger

LEFT, RIGHT = 0.1, 0.6


def cast_of(shots: list, names: Names = Names(), *, source: str = "film") -> Cast:  # noqa: B008 - a value
    faces, spans = film_of(shots, source=source)
    return find_characters(faces, spans, [1.0 + 0.1 * place for place in range(len(spans))], names)


def dialogue() -> list:
    """Return two persons by turns, a two-shot, and an empty street."""
    return [
        [[seen(1, look=0)], [seen(1, look=1)]],
        [[seen(2, look=2)], [seen(2, look=3)]],
        [[seen(1, look=4)]],
        [[seen(2, look=5)]],
        [[seen(1, look=6, left=LEFT), seen(2, look=7, left=RIGHT)]],
        [[], []],
    ]


def test_two_persons_are_two_characters_over_the_whole_film() -> None:
    cast = cast_of(dialogue())
    assert [one.shots for one in cast.characters] == [(1, 3, 4), (0, 2, 4)]
    assert cast.of_shot == ((1,), (0,), (1,), (0,), (0, 1), ())
    assert cast.dominant == (1, 0, 1, 0, -1, -1)
    assert cast.face_counts == (1, 1, 1, 1, 2, 0)
    assert [one.face_count for one in cast.characters] == [4, 4]
    assert cast.characters[0].seconds == pytest.approx(1.1 + 1.3 + 1.4)
    assert cast.members[1] == ((0, 0), (1, 0), (4, 0), (6, 0))
    assert cast.characters[1].source_ordinal == 5
    assert cast.characters[1].box == pytest.approx((0.4, 0.2, 0.225, 0.3))


def test_two_faces_of_one_frame_are_never_one_person() -> None:
    twins = [[[seen(1, look=0, left=LEFT), seen(1, look=1, left=RIGHT)]], [[seen(1, look=2)]]]
    cast = cast_of(twins)
    assert len(cast.characters) == 2
    assert len(cast.of_shot[0]) == 2
    assert len(cast.of_shot[1]) == 1


def test_a_face_that_cannot_be_told_goes_with_whom_it_is_near_or_with_nobody() -> None:
    doubtful = face(0.7 * person(1) + 0.3 * person(9), clarity=0.2, left=RIGHT, height=0.08)
    nobody = face(person(9), clarity=0.2, left=LEFT, height=0.08)
    untold = face(None, clarity=0.0, left=0.4, height=0.02)
    cast = cast_of([[[seen(1)]], [[seen(1, look=1)]], [[doubtful, nobody, untold]]])
    [one] = cast.characters
    assert one.shots == (0, 1, 2)
    assert cast.face_counts == (1, 1, 3)


def test_a_face_between_two_persons_goes_with_neither() -> None:
    between = face((person(1) + person(2)) / 2**0.5, clarity=0.2)
    cast = cast_of([[[seen(1)]], [[seen(2)]], [[between]]])
    assert cast.of_shot[2] == ()


def test_a_head_that_turns_away_is_followed_within_its_shot() -> None:
    away = face(person(20), clarity=0.1, left=0.41)
    back = seen(1, look=3, left=0.42)
    cast = cast_of([[[seen(1)], [away], [back]], [[seen(1, look=5)]]])
    assert cast.characters[0].face_count == 4


def test_somebody_seen_once_and_small_is_no_character() -> None:
    assert cast_of([[[seen(1, height=0.05)]]]).characters == ()
    assert len(cast_of([[[seen(1, height=0.12)]]]).characters) == 1
    assert len(cast_of([[[seen(1, height=0.05)]], [[seen(1, look=1, height=0.05)]]]).characters) == 1


def test_faces_that_are_none_make_no_characters() -> None:
    drawn = [[[face(person(place), clarity=0.0, score=0.62)], []] for place in range(12)]
    cast = cast_of(drawn)
    assert cast.characters == ()
    assert set(cast.dominant) == {-1}


def test_a_film_without_faces_or_frames_has_no_characters() -> None:
    empty = cast_of([[[]], [[]]])
    assert (empty.characters, empty.face_counts, empty.dominant) == ((), (0, 0), (-1, -1))
    nothing = find_characters(FilmFaces("film", READER, (), ()), film_of([[[]]])[1], [1.0], Names())
    assert nothing.face_counts == (-1,)


def test_frames_outside_of_shots_are_left_out() -> None:
    faces = FilmFaces("film", READER, (5, 950), ((seen(1),), (seen(1, look=1),)))
    assert find_characters(faces, film_of([[[]]])[1], [1.0], Names()).characters[0].face_count == 1


def test_without_an_embedder_faces_are_counted_alone() -> None:
    faces = FilmFaces("film", "yunet-0-1", (5,), ((face(None, clarity=1.0),),))
    cast = find_characters(faces, film_of([[[]]])[1], [1.0], Names())
    assert cast.characters == ()
    assert cast.face_counts == (1,)


def test_a_crowd_is_counted_and_its_leads_are_found() -> None:
    draw = np.random.default_rng(5)
    crowd = [stranger(draw, left=0.003 * at, top=0.9, height=0.02, clarity=0.6) for at in range(300)]
    cast = cast_of([[[seen(1), *crowd], [seen(1, look=1), *crowd]], [[seen(1, look=2)]]])
    assert cast.face_counts == (301, 1)
    assert cast.characters[0].shots == (0, 1)
    assert cast.dominant == (0, 0)


@pytest.mark.longer
def test_a_film_of_twenty_thousand_faces_is_understood() -> None:
    draw = np.random.default_rng(3)
    shots = [
        [[seen(1 + shot % 7, look=shot)]
         + [stranger(draw, left=0.02 * at, top=0.9, height=0.02, clarity=0.55) for at in range(49)]]
        for shot in range(400)
    ]  # fmt: skip
    cast = cast_of(shots)
    assert [len(one.shots) for one in cast.characters[:7]] == [58] * 1 + [57] * 6
    assert sum(cast.face_counts) == 20_000


# Names.


def named(shots: list, number: int, name: str, names: Names = Names()) -> Names:  # noqa: B008 - a value
    faces, spans = film_of(shots)
    cast = find_characters(faces, spans, [1.0 + 0.1 * place for place in range(len(spans))], names)
    return name_character(names, faces, cast, number, name)


def titles(cast: Cast) -> list[str | None]:
    return [one.name for one in cast.characters]


def test_a_name_is_found_again_in_this_film_and_in_another() -> None:
    names = named(dialogue(), 1, "Ada")
    assert titles(cast_of(dialogue(), names)) == [None, "Ada"]
    other = [[[seen(1, look=40)]], [[seen(3, look=41)]], [[seen(3, look=42)]]]
    cast = cast_of(other, names, source="another")
    assert titles(cast) == [None, "Ada"]
    assert cast.characters[1].shots == (0,)


def test_two_characters_of_one_name_are_one_and_part_again_when_one_is_renamed() -> None:
    names = named(dialogue(), 0, "Ada", named(dialogue(), 1, "Ada"))
    cast = cast_of(dialogue(), names)
    assert titles(cast) == ["Ada"]
    assert cast.characters[0].shots == (0, 1, 2, 3, 4)
    assert titles(cast_of(dialogue(), names.without("Ada"))) == [None, None]


def test_a_character_that_is_named_anew_has_the_new_name_alone() -> None:
    names = named(dialogue(), 1, "Eve", named(dialogue(), 1, "Ada"))
    assert names.all == ("Eve",)
    assert titles(cast_of(dialogue(), names)) == [None, "Eve"]


def test_a_shot_that_was_taken_from_somebody_stays_away() -> None:
    shots = [*dialogue(), [[seen(1, look=50)]], [[seen(1, look=51)]]]
    names = named(shots, 0, "Ada")
    faces, spans = film_of(shots)
    cast = find_characters(faces, spans, [1.0] * len(spans), names)
    [ada] = [one for one in cast.characters if one.name == "Ada"]
    assert 6 in ada.shots
    names = split_from_character(names, faces, cast, ada.number, spans, {6})
    again = find_characters(faces, spans, [1.0] * len(spans), names)
    [ada] = [one for one in again.characters if one.name == "Ada"]
    assert ada.shots == (0, 2, 4, 7)
    assert [one.shots for one in again.characters if one.name is None] == [(1, 3, 4), (6,)]


def test_an_unclear_face_that_was_taken_from_somebody_stays_away() -> None:
    doubtful = face(0.9 * person(1) + 0.1 * person(9), clarity=0.2, height=0.08)
    shots = [[[seen(1)]], [[seen(1, look=1)]], [[doubtful]]]
    names = named(shots, 0, "Ada")
    faces, spans = film_of(shots)
    cast = find_characters(faces, spans, [1.0] * 3, names)
    assert cast.characters[0].shots == (0, 1, 2)
    names = split_from_character(names, faces, cast, 0, spans, {2})
    assert find_characters(faces, spans, [1.0] * 3, names).characters[0].shots == (0, 1)


def test_what_cannot_be_named_is_said() -> None:
    from rushes.errors import UsageError

    faces, spans = film_of(dialogue())
    cast = find_characters(faces, spans, [1.0] * 6, Names())
    with pytest.raises(UsageError, match="there is no character 3; the film has 2"):
        name_character(Names(), faces, cast, 2, "Ada")
    with pytest.raises(UsageError, match="has no name yet"):
        split_from_character(Names(), faces, cast, 0, spans, {0})
    names = name_character(Names(), faces, cast, 0, "Ada")
    cast = find_characters(faces, spans, [1.0] * 6, names)
    with pytest.raises(UsageError, match="is not seen in shot 6"):
        split_from_character(names, faces, cast, 0, spans, {5})
    assert unname_character(names, faces, cast, 0).all == ()


def test_names_of_another_embedder_say_nothing() -> None:
    ada = named(dialogue(), 1, "Ada").people[0].references[EMBEDDER]
    names = Names().with_name("Ada", ada, embedder="mobilefacenet-1")
    assert titles(cast_of(dialogue(), names)) == [None, None]
