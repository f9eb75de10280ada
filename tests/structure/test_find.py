"""The structure of films that nobody shot, against the truth they were drawn from."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.structure.evidence import Evidence
from rushes.structure.find import find_structure
from rushes.structure.parts import Scene, Structure
from structure.evidences import KINDS, NETWORK, SCAN, Drawn, Truth, drawn_film

PLACES = ("hall", "kitchen", "street", "office", "garden", "cellar")
films = st.builds(
    drawn_film,
    seed=st.integers(0, 10_000),
    scenes=st.integers(1, 6),
    kind=st.sampled_from(list(KINDS.values())),
    faces=st.booleans(),
    closeness=st.booleans(),
    pictures=st.integers(1, 4),
)
few = settings(max_examples=25, deadline=None)


def pairs(setups: tuple[int, ...]) -> set[tuple[int, int]]:
    return {
        (a, b) for b, theirs in enumerate(setups) for a, ours in enumerate(setups[:b]) if ours == theirs and ours >= 0
    }


def firsts(structure: Structure) -> list[int]:
    return [scene.first for scene in structure.scenes]


def spans(structure: Structure) -> list[tuple[int, int]]:
    return [(dialogue.first, dialogue.stop) for dialogue in structure.dialogues]


def overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
    both = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return both / (a[1] - a[0] + b[1] - b[0] - both)


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_is_found_as_it_was_drawn_whatever_its_features_are_like(kind: str) -> None:
    hits = np.zeros(9)
    for seed in (0, 1, 2):
        truth = drawn_film(seed=seed, kind=KINDS[kind])
        found = find_structure(truth.evidence)
        drawn, seen = pairs(truth.setups), pairs(found.setups)
        starts, true_starts = set(firsts(found)) - {0}, set(truth.firsts) - {0}
        right = sum(any(overlap(a, b) >= 0.5 for b in truth.dialogues) for a in spans(found))
        hits += (len(drawn & seen), len(seen), len(drawn), len(starts & true_starts), len(starts), len(true_starts),
                 right, len(found.dialogues), len(truth.dialogues))  # fmt: skip
    f1 = 2 * hits[::3] / (hits[1::3] + hits[2::3])
    assert f1[0] > 0.98, "set-ups"
    assert f1[1] > 0.93, "scenes"
    assert f1[2] > 0.93, "dialogues"


@few
@given(films)
def test_scenes_tile_and_begin_where_confidence_is_above_one_half(truth: Truth) -> None:
    found = find_structure(truth.evidence)
    assert firsts(found) == [0, *(shot for shot, sure in enumerate(found.boundaries) if shot and sure > 0.5)]
    assert [scene.confidence for scene in found.scenes] == [found.boundaries[first] for first in firsts(found)]
    assert all(0 <= sure <= 1 for sure in found.boundaries)
    assert sorted(set(found.setups) - {-1}) == list(range(max(found.setups) + 1))
    assert [setup < 0 for setup in found.setups] == truth.evidence.blank.tolist()


@few
@given(films)
def test_dialogues_lie_within_scenes_and_change_sides_three_times_and_more(truth: Truth) -> None:
    found = find_structure(truth.evidence)
    for dialogue in found.dialogues:
        assert found.scene_of(dialogue.first) == found.scene_of(dialogue.stop - 1)
        sides = [{side, *more} for side, more in zip(dialogue.sides, dialogue.more, strict=True)]
        assert not sides[0] & sides[1]
        places = [shot for shot in range(dialogue.first, dialogue.stop) if shot not in dialogue.cutaways]
        of = [found.setups[shot] in sides[1] for shot in places]
        assert all(found.setups[shot] in sides[0] | sides[1] for shot in places)
        assert not of[0]
        assert sum(a != b for a, b in pairwise(of)) >= 3
        assert dialogue.confidence >= 0.5


@few
@given(films, st.integers(0, 99))
def test_the_order_of_features_does_not_count(truth: Truth, seed: int) -> None:
    evidence = truth.evidence
    order = np.random.default_rng(seed).permutation(evidence.looks.shape[1])
    turned = replace(evidence, looks=evidence.looks[:, order], tones=evidence.tones[:, order[::-1]])
    found, again = find_structure(evidence), find_structure(turned)
    assert again.setups == found.setups
    assert again.boundaries == pytest.approx(found.boundaries, abs=1e-3)


@few
@given(st.integers(0, 10_000), st.integers(2, 5), st.sampled_from([SCAN, NETWORK]))
def test_an_alternation_is_never_cut_and_always_oneScene(seed: int, times: int, kind: object) -> None:
    film = Drawn(kind, seed).scene("hall", "WXY").scene("kitchen", "AB" * times, close="AB")  # type: ignore[arg-type]
    found = find_structure(film.scene("street", "KLM").truth().evidence)
    assert found.scene_of(3) == found.scene_of(2 + 2 * times)


def test_a_setup_that_reappears_much_later_has_one_number() -> None:
    film = Drawn(seed=4).scene("hall", "WABABAB", close="AB")
    for number in range(25):
        film.scene(f"place {number}", "KLMKLM")
    truth = film.scene("hall", "WABABAB", close="AB").truth()
    found = find_structure(truth.evidence)
    assert truth.evidence.start_seconds[-7] > 600
    assert found.setups[-7:] == found.setups[:7]
    assert firsts(found) == list(truth.firsts)


def test_no_edge_of_a_window_cuts_a_long_dialogue() -> None:
    truth = Drawn(seed=5).scene("hall", "AB" * 150, close="AB", dialogue=(0, 300)).truth()
    found = find_structure(truth.evidence)
    assert truth.evidence.stop_seconds[-1] > 4 * 180
    assert (firsts(found), spans(found)) == ([0], [(0, 300)])


def test_what_comes_later_does_not_change_what_was_found_before() -> None:
    short, long = (drawn_film(seed=8, scenes=scenes) for scenes in (20, 30))
    count = short.evidence.shot_count - 10
    found, again = find_structure(short.evidence), find_structure(long.evidence)
    assert long.firsts[: len(short.firsts)] == short.firsts
    kept = {first for first in firsts(found) if first < count}
    assert len(kept ^ {first for first in firsts(again) if first < count}) <= 1
    differs = np.abs(np.array(found.boundaries[:count]) - np.array(again.boundaries[:count]))
    assert np.median(differs) < 0.02


def test_a_dialogue_goes_on_over_cutaways() -> None:
    found = find_structure(Drawn(seed=1).scene("hall", "WABABIABWABAB", close="AB").truth().evidence)
    (dialogue,) = found.dialogues
    assert (dialogue.first, dialogue.stop, dialogue.cutaways) == (1, 13, (5, 8))
    assert dialogue.reason == "9 changes between two set-ups, both mostly medium close-ups; 2 cutaways"


def test_a_closer_setup_of_the_same_person_joins_the_side() -> None:
    people = [("A", 0), ("B", 1), ("C", 0)]
    film = Drawn(seed=2).scene("hall", "ABABABCBCBCB", close="ABC", people=people)
    (dialogue,) = find_structure(film.truth().evidence).dialogues
    assert (dialogue.sides, dialogue.more, dialogue.people) == ((0, 1), ((2,), ()), (0, 1))
    assert (dialogue.first, dialogue.stop) == (0, 12)


def test_the_camera_may_move_in_on_both_persons_at_once() -> None:
    people = [("A", 0), ("B", 1), ("C", 0), ("D", 1)]
    film = Drawn(seed=3).scene("hall", "WABABABCDCDCDW", close="ABCD", people=people)
    (dialogue,) = find_structure(film.truth().evidence).dialogues
    assert (dialogue.first, dialogue.stop, dialogue.sides, dialogue.more) == (1, 13, (1, 2), ((3,), (4,)))


def test_where_the_camera_comes_closer_midway_the_dialogue_begins_before() -> None:
    for seed in range(4):
        film = Drawn(seed=seed, faces=False).scene("hall", "WABABABABCDCDW", close="CD")
        (dialogue,) = find_structure(film.truth().evidence).dialogues
        assert (dialogue.first, dialogue.stop) == (1, 13)
        assert dialogue.reason.endswith("changes between two set-ups, both medium close-ups in a part of it")


def test_a_third_person_in_two_setups_counts_as_one() -> None:
    people = [("A", 0), ("B", 1), ("C", 2), ("D", 2)]
    for closeness in (False, True):
        film = Drawn(seed=1, closeness=closeness)
        found = find_structure(film.scene("hall", "ACBADBABCABDAB", close="ABCD", people=people).truth().evidence)
        assert not found.dialogues
        assert "a third takes part" in found.why_no_dialogue


def test_a_run_that_is_refused_says_why_and_others_say_that_there_is_none() -> None:
    far = find_structure(Drawn(seed=6).scene("hall", "XYXYXYXYXYXY").truth().evidence)
    (refused,) = far.refused
    assert (refused.first, refused.stop) == (0, 12)
    assert refused.confidence < 0.5
    assert far.why_no_dialogue.startswith("shots 1–12 come nearest, 0.")
    assert "not both mostly medium close-ups" in far.why_no_dialogue
    walk = find_structure(Drawn(seed=6).scene("hall", "KLMNOP").truth().evidence)
    assert (walk.refused, walk.why_no_dialogue) == ((), "no two set-ups answer each other for long enough")
    talk = find_structure(Drawn(seed=1).scene("hall", "WABABABAB", close="AB").truth().evidence)
    assert (len(talk.dialogues), talk.refused, talk.why_no_dialogue) == (1, (), "")


def test_one_person_in_two_setups_is_no_dialogue() -> None:
    people = [("A", 0), ("B", 0)]
    assert not find_structure(
        Drawn(seed=0).scene("hall", "ABABABABAB", close="AB", people=people).truth().evidence
    ).dialogues


def test_three_who_talk_to_each_other_are_no_dialogue_of_two() -> None:
    people = [("A", 0), ("B", 1), ("C", 2)]
    for seed in range(4):
        film = Drawn(seed=seed).scene("hall", "WABCABCBACABCBACW", close="ABC", people=people)
        assert not find_structure(film.truth().evidence).dialogues


def test_far_shots_that_alternate_are_no_dialogue() -> None:
    assert not find_structure(Drawn(seed=6).scene("hall", "XYXYXYXYXYXY").truth().evidence).dialogues


def test_alternation_alone_needs_more_changes_and_is_less_sure() -> None:
    blind = Drawn(seed=1, faces=False, closeness=False)
    found = find_structure(
        blind.scene("hall", "ABAB", close="AB").scene("street", "CDCDCDCD", close="CD").truth().evidence
    )
    (alone,) = found.dialogues
    told = Drawn(seed=1, faces=False).scene("hall", "ABAB", close="AB").scene("street", "CDCDCDCD", close="CD")
    both = find_structure(told.truth().evidence).dialogues
    assert (alone.first, len(both)) == (4, 2)
    assert 0.5 <= alone.confidence < 0.65 < both[1].confidence
    assert "alternation alone" in alone.reason


def test_two_persons_framed_alike_are_two_setups_where_their_faces_are_known() -> None:
    plain = Drawn(seed=9, closeness=False).scene("hall", "AAAAAAAA")
    evidence = plain.truth().evidence
    persons = np.array([0, 1] * 4)
    assert set(find_structure(evidence).setups) == {0}
    assert find_structure(replace(evidence, person=persons)).setups == (0, 1) * 4


def test_a_scene_may_end_in_black_and_black_counts_to_it() -> None:
    film = Drawn(seed=3).scene("hall", "WABABAB", close="AB").black().scene("street", "KLKLKL")
    found = find_structure(film.truth().evidence)
    assert firsts(found) == [0, 8]
    assert found.setups[7] == -1


def test_a_boundary_is_surer_after_black_and_at_a_fade() -> None:
    plain = Drawn(seed=3).scene("hall", "WXWX").scene("street", "KLKL").truth().evidence
    dark = Drawn(seed=3).scene("hall", "WXWX").black().scene("street", "KLKL").truth().evidence
    faded = replace(plain, faded=np.arange(8) == 4)
    sure = [find_structure(evidence).boundaries[at] for evidence, at in ((plain, 4), (dark, 5), (faded, 4))]
    assert sure[0] < min(sure[1:])


def test_a_montage_is_not_taken_to_bits() -> None:
    film = Drawn(seed=2)
    for number in range(12):
        film.scene(f"view {number}", "V")
    film.scene("hall", "WABABABAB", close="AB")
    found = find_structure(film.truth().evidence)
    assert len(found.scenes) <= 3


def blank_film(count: int) -> Evidence:
    film = Drawn(seed=0)
    for _ in range(count):
        film.black()
    return film.truth().evidence


def test_a_film_of_one_shot_is_oneScene() -> None:
    assert find_structure(Drawn(seed=0).scene("hall", "W").truth().evidence) == Structure((0,), (Scene(0, 1),), (1.0,))


def test_a_black_film_is_one_scene_without_setups() -> None:
    assert find_structure(blank_film(3)) == Structure((-1,) * 3, (Scene(0, 3),), (1.0, 0.0, 0.0))


def test_no_shots_have_no_structure() -> None:
    assert find_structure(blank_film(0)) == Structure((), (), ())


def test_shots_of_which_nothing_is_known_are_setups_of_their_own() -> None:
    evidence = Drawn(seed=0).scene("hall", "ABAB").truth().evidence
    bare = replace(evidence, looks=evidence.looks[:0], tones=evidence.tones[:0], shot_of=evidence.shot_of[:0])
    found = find_structure(bare)
    assert (found.setups, firsts(found)) == ((0, 1, 2, 3), [0])


@pytest.mark.parametrize("pictures", [1, 3])
def test_a_film_that_looks_the_same_throughout_is_one_scene_of_one_setup(pictures: int) -> None:
    found = find_structure(Drawn(seed=1, pictures=pictures).scene("hall", "A" * 60).truth().evidence)
    assert set(found.setups) == {0}
    assert len(found.scenes) == 1


def test_flat_colours_without_any_noise_are_told_apart() -> None:
    still = replace(SCAN, shot=0.0, picture=0.0, tone=0.0)
    truth = Drawn(still, seed=2).scene("hall", "ABABWAB").scene("street", "KLKLML").truth()
    found = find_structure(truth.evidence)
    assert found.setups == truth.setups
    assert firsts(found) == [0, 7]
