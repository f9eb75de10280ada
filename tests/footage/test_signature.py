from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.picture import decode_picture, encode_picture, parse_size, resize
from rushes.footage.signature import FLAT, MAX_DISTANCE, near_duplicates, signature_of


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


def test_different_pictures_have_different_signatures() -> None:
    signatures = np.array([signature_of(scene(seed)) for seed in range(60)], np.uint64)
    assert near_duplicates(signatures) == []


def test_flat_pictures_have_no_signature_and_are_near_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 6, (90, 160, 3), np.uint8)
    flats = [np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8), noise]
    signatures = [signature_of(flat) for flat in flats]
    assert signatures == [FLAT, FLAT, FLAT]
    assert near_duplicates(np.array(signatures, np.uint64), max_distance=64) == []


def test_pairs_are_found_once_and_sorted_across_blocks() -> None:
    signatures = np.random.default_rng(0).integers(1, 2**63, 5000, dtype=np.uint64)
    signatures[4999] = signatures[10] ^ np.uint64(0b101)
    signatures[2047] = signatures[2049]
    assert near_duplicates(signatures) == [(10, 4999), (2047, 2049)]


def test_only_pairs_that_stand_apart_are_asked_for() -> None:
    signatures = np.array([7, 7, 7, 7], np.uint64)
    assert near_duplicates(signatures, apart=[0, 0, 1, 1]) == [(0, 2), (0, 3), (1, 2), (1, 3)]
    with pytest.raises(ValueError, match="one number per signature"):
        near_duplicates(signatures, apart=[0])


@given(st.lists(st.integers(0, 15), max_size=30), st.integers(0, 3))
def test_pairs_are_those_of_the_definition(values: list[int], most: int) -> None:
    expected = [
        (one, other)
        for one in range(len(values))
        for other in range(one + 1, len(values))
        if values[one] and values[other] and (values[one] ^ values[other]).bit_count() <= most
    ]
    assert near_duplicates(np.array(values, np.uint64), max_distance=most) == expected
