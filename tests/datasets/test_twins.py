"""Which frames and which groups look alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.twins import Shared, find_kinship, find_likes, find_same, group_likes
from rushes.footage.signature import FLAT

FAR = 0xFFFF  # 16 bits away from 0xFFFF0000 and the like


def test_a_frame_names_the_first_of_each_other_side_that_it_looks_like() -> None:
    side_of = {"a": "train", "b": "test", "c": "test", "d": "validation", "e": "train"}
    signatures = {"a": 0b1, "b": 0b11, "c": 0b1, "d": FAR << 16, "e": 0b111}
    assert find_likes(side_of, signatures) == {
        "a": {"test": "b"},
        "b": {"train": "a"},
        "c": {"train": "a"},
        "e": {"test": "b"},
    }


def test_a_frame_without_a_signature_and_a_flat_one_look_like_nothing() -> None:
    side_of = {"a": "train", "b": "test", "c": "test"}
    assert find_likes(side_of, {"a": FLAT, "b": FLAT}) == {}


def test_the_same_file_is_the_same_picture_even_where_it_is_flat_and_no_digest_is_no_picture() -> None:
    side_of = {"a": "train", "b": "test", "c": "test", "d": "train", "e": "test"}
    digests = {"a": "x", "b": "x", "c": "x", "d": "", "e": ""}
    assert find_same(side_of, digests) == {"a": {"test": "b"}, "b": {"train": "a"}, "c": {"train": "a"}}


def test_the_share_counts_frames_of_the_smaller_group_and_not_pairs() -> None:
    group_of = {f"big{n}": "big" for n in range(10)} | {f"small{n}": "small" for n in range(4)}
    signatures = dict.fromkeys(group_of, 0b1) | {f"small{n}": FAR << 16 * n for n in range(1, 4)}
    assert find_kinship(group_of, signatures, least=0.2, apart={}).ties == (Shared("small", "big", 0.25),)
    assert find_kinship(group_of, signatures, least=0.3, apart={}).ties == ()


def test_a_still_in_two_groups_is_one_tie() -> None:
    group_of = {f"{group}{n}": group for group in "ab" for n in range(20_000)}
    kinship = find_kinship(group_of, dict.fromkeys(group_of, 77), least=0.2, apart={})
    assert kinship.ties == (Shared("a", "b", 1.0),)


def test_groups_that_are_all_alike_have_no_more_ties_than_they_need() -> None:
    group_of = {f"frame{n}": f"group{n:03}" for n in range(300)}
    ties = find_kinship(group_of, dict.fromkeys(group_of, 77), least=0.2, apart={}).ties
    assert len(ties) == 299


def test_groups_that_stay_in_different_places_clash_and_are_not_tied() -> None:
    group_of = {f"{group}{n}": group for group in "abc" for n in range(4)}
    kinship = find_kinship(group_of, dict.fromkeys(group_of, 77), least=0.2, apart={"a": "train", "b": "test"})
    assert kinship.clashes == (Shared("a", "b", 1.0),)
    assert {(tie.one, tie.other) for tie in kinship.ties} == {("a", "c"), ("b", "c")}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 7)), min_size=1, max_size=60), st.sampled_from([0.2, 0.5]))
def test_ties_hold_together_what_shares_enough_by_the_strongest(frames: list[tuple[int, int]], least: float) -> None:
    group_of = {str(number): f"g{group}" for number, (group, _) in enumerate(frames)}
    signatures = {str(number): 0xFF << 3 * look if look else FLAT for number, (_, look) in enumerate(frames)}
    sizes = Counter(group_of.values())
    looks: dict[str, Counter[int]] = defaultdict(Counter)
    for frame, group in group_of.items():
        looks[group][signatures[frame]] += 1
    shares: dict[tuple[str, str], float] = {}
    for pair in combinations(sorted(sizes, key=lambda group: (sizes[group], group)), 2):
        one, other = pair
        alike = sum(
            count
            for look, count in looks[one].items()
            if look and any(near and (look ^ near).bit_count() <= 8 for near in looks[other])
        )
        if alike and alike / sizes[one] >= least:
            shares[pair] = alike / sizes[one]
    # Kruskal's forest, by hand.
    tree = {group: group for group in sizes}
    kept = []
    for (one, other), share in sorted(shares.items(), key=lambda item: (-item[1], order_of(item[0], sizes))):
        if tree[one] != tree[other]:
            kept.append(Shared(one, other, share))
            tree = {group: tree[one] if label == tree[other] else label for group, label in tree.items()}
    assert find_kinship(group_of, signatures, least=least, apart={}).ties == tuple(kept)


def order_of(pair: tuple[str, str], sizes: Counter[str]) -> list[tuple[int, str]]:
    return [(sizes[group], group) for group in pair]


def test_near_duplicates_come_in_groups_the_largest_first() -> None:
    one, other, lone = 0x0F0F_3355_00FF_1234, 0xF0A5_CC01_7E81_4321, 0x1248_1248_8421_FFFF
    signatures = {"a": one, "b": other, "c": one ^ 1, "d": lone, "e": other ^ 2, "f": other ^ 3, "g": 0, "h": 0}
    assert group_likes(signatures) == [("b", "e", "f"), ("a", "c")]
