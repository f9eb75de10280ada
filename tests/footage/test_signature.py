from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.footage.picture import decode_picture, encode_picture, parse_size, resize
from rushes.footage.signature import (
    FLAT,
    MAX_DISTANCE,
    find_alike,
    gather_looks,
    group_alike,
    signature_of,
    signatures_of,
)


def scene(seed: int) -> npt.NDArray[np.uint8]:
    """Return (270, 480, 3): large soft shapes, as scenes have them."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), np.uint8)
    return resize(coarse, parse_size("480x270"))


def distance(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> int:
    return (signature_of(one) ^ signature_of(other)).bit_count()


def test_a_picture_encoded_again_shrunk_or_brightened_keeps_its_signature() -> None:
    for seed in range(20):
        pixels = scene(seed)
        assert distance(pixels, decode_picture(encode_picture(pixels, "jpeg", 25))) <= MAX_DISTANCE
        assert distance(pixels, resize(pixels, parse_size("120"))) <= MAX_DISTANCE
        assert distance(pixels, np.clip(pixels * 1.1 + 5, 0, 255).astype(np.uint8)) <= MAX_DISTANCE


def found(
    signatures: npt.NDArray[np.uint64], sides: Sequence[int], most: int = MAX_DISTANCE
) -> set[tuple[int, int, int]]:
    """Return (picture, other side, first picture there that is near)."""
    looks = gather_looks(signatures, sides)
    of_look: dict[int, list[tuple[int, int]]] = defaultdict(list)
    seen: list[tuple[int, int]] = []
    for alike in find_alike(looks, max_distance=most):
        for look, side, like in zip(alike.looks.tolist(), alike.sides.tolist(), alike.likes.tolist(), strict=True):
            of_look[look].append((side, int(looks.firsts[like])))
            seen.append((look, side))
    assert seen == sorted(set(seen)), "each look and side comes once, in order"
    return {(picture, *hit) for picture, look in enumerate(looks.of.tolist()) for hit in of_look.get(look, [])}


def by_definition(signatures: npt.NDArray[np.uint64], sides: Sequence[int], most: int) -> set[tuple[int, int, int]]:
    """Return the same by comparing every picture with every other."""
    values = signatures.tolist()
    first: dict[tuple[int, int], int] = {}
    for one, other in product(range(len(values)), repeat=2):
        near = values[one] and values[other] and (values[one] ^ values[other]).bit_count() <= most
        if near and sides[one] != sides[other]:
            first.setdefault((one, sides[other]), other)
    return {(one, side, other) for (one, side), other in first.items()}


def random_signatures(count: int, seed: int = 0) -> npt.NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(1, 2**64, count, dtype=np.uint64)


def shaken(signatures: npt.NDArray[np.uint64], bits: int, seed: int = 0) -> npt.NDArray[np.uint64]:
    """Return signatures of which `bits` different bits were turned over."""
    dice = np.random.default_rng(seed)
    turned = [sum(1 << int(bit) for bit in dice.choice(64, bits, replace=False)) for _ in signatures]
    return signatures ^ np.array(turned, np.uint64)


def test_different_pictures_have_different_signatures() -> None:
    signatures = np.array([signature_of(scene(seed)) for seed in range(60)], np.uint64)
    assert found(signatures, range(60)) == set()


def test_flat_pictures_have_no_signature_and_are_near_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 6, (90, 160, 3), np.uint8)
    flats = [np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8), noise]
    signatures = [signature_of(flat) for flat in flats]
    assert signatures == [FLAT, FLAT, FLAT]
    assert found(np.array(signatures, np.uint64), range(3), most=64) == set()


def test_likes_are_found_on_other_sides_only_and_the_first_is_named() -> None:
    signatures = np.array([7, 7, 7, 7, FLAT], np.uint64)
    assert found(signatures, [0, 0, 1, 1, 1]) == {(0, 1, 2), (1, 1, 2), (2, 0, 0), (3, 0, 0)}
    assert found(signatures, [5, 5, 5, 5, 5]) == set()
    with pytest.raises(ValueError, match="one side per signature"):
        gather_looks(signatures, [0])


def test_a_still_of_a_hundred_thousand_frames_is_one_look() -> None:
    signatures = np.full(200_000, 77, np.uint64)
    looks = gather_looks(signatures, np.repeat([0, 1], 100_000))
    assert (looks.sizes.tolist(), looks.firsts.tolist()) == ([100_000, 100_000], [0, 100_000])
    (alike,) = find_alike(looks)
    assert (alike.looks.tolist(), alike.sides.tolist(), alike.likes.tolist()) == ([0, 1], [1, 0], [1, 0])


@pytest.mark.parametrize(("bits", "count"), [(0, 2000), (1, 2000), (7, 20_000), (8, 2000)])
def test_every_like_among_many_is_found_whichever_bits_differ(bits: int, count: int) -> None:
    some = random_signatures(count)
    signatures = np.concatenate([some, shaken(some, bits)])
    expected = {(number, 1, number + count) for number in range(count)}
    expected |= {(number + count, 0, number) for number in range(count)}
    assert found(signatures, [0] * count + [1] * count) == expected


def test_nine_bits_are_too_many() -> None:
    some = random_signatures(3000)
    assert found(np.concatenate([some, shaken(some, 9)]), [0] * 3000 + [1] * 3000) == set()


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), max_size=30),
    st.integers(0, 3),
)
def test_likes_are_those_of_the_definition(pictures: list[tuple[int, int]], most: int) -> None:
    signatures = np.array([value for value, _ in pictures], np.uint64)
    sides = [side for _, side in pictures]
    assert found(signatures, sides, most) == by_definition(signatures, sides, most)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 12), st.sampled_from([0, 3, 8, 20, 63, 64]))
def test_likes_are_those_of_the_definition_for_whole_signatures(
    seed: int, sides: int, clusters: int, most: int
) -> None:
    dice = np.random.default_rng(seed)
    signatures = random_signatures(clusters, seed)[dice.integers(0, clusters, 120)]
    signatures = np.concatenate([shaken(signatures[part::4], 2 * part, seed) for part in range(4)])
    numbers = dice.integers(0, sides, 120).tolist()
    assert found(signatures, numbers, most) == by_definition(signatures, numbers, most)


def groups_one_by_one(signatures: Sequence[int], max_distance: int) -> list[int]:
    groups = list(range(len(signatures)))
    changed = True
    while changed:
        changed = False
        for one, other in product(range(len(signatures)), repeat=2):
            near = (signatures[one] ^ signatures[other]).bit_count() <= max_distance
            if FLAT not in (signatures[one], signatures[other]) and near and groups[one] != groups[other]:
                groups[one] = groups[other] = min(groups[one], groups[other])
                changed = True
    return groups


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 255), max_size=24), st.integers(0, 20))
def test_groups_are_what_hangs_together(signatures: list[int], max_distance: int) -> None:
    found = group_alike(np.array(signatures, np.uint64), max_distance=max_distance)
    assert found.tolist() == groups_one_by_one(signatures, max_distance)


def test_a_hundred_takes_of_a_hundred_frames_are_a_hundred_groups() -> None:
    dice = np.random.default_rng(1)
    takes = dice.integers(1, 2**63, 100).astype(np.uint64)
    flips = np.uint64(1) << dice.integers(0, 64, (100, 100)).astype(np.uint64)
    groups = group_alike((takes[:, None] ^ flips).ravel())
    assert len(set(groups.tolist())) == 100
    assert groups.reshape(100, 100)[:, 0].tolist() == list(range(0, 10000, 100))


def test_many_pictures_have_the_signatures_that_each_has() -> None:
    pictures = [
        np.asarray(decode_picture(encode_picture(resize(scene(seed), parse_size("32x32"))))) for seed in range(9)
    ]
    lumas = np.stack([picture[:, :, 1] for picture in pictures])
    grey = [np.repeat(luma[:, :, None], 3, axis=2) for luma in lumas]
    assert signatures_of(lumas).tolist() == [signature_of(picture) for picture in grey]
