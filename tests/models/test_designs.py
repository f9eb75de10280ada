from __future__ import annotations

from dataclasses import replace

import pytest

from rushes.errors import RecipeError
from rushes.models.designs import DESIGNS, Design, count_parameters, describe_design, smallest_side


def test_the_designs_of_the_study_differ_in_their_widest_kernel_only() -> None:
    assert [DESIGNS[f"cnn-{side}x{side}"].kernels for side in (4, 5, 6)] == [
        (3, 4, 4, 4, 3), (3, 5, 5, 4, 3), (3, 6, 5, 4, 3)
    ]  # fmt: skip
    assert len({replace(DESIGNS[f"cnn-{side}x{side}"], kernels=(1,) * 5) for side in (4, 5, 6)}) == 1


@pytest.mark.parametrize(
    ("name", "smallest"), [("cnn-4x4", 108), ("cnn-5x5", 114), ("mcu", 116), ("rarity", 16), ("sepconv", 64)]
)
def test_an_input_too_small_for_a_design_is_answered_with_the_smallest(name: str, smallest: int) -> None:
    design = DESIGNS[name]
    assert smallest_side(design.kernels, form=design.form) == smallest
    replace(design, width=smallest, height=smallest)
    with pytest.raises(RecipeError, match=rf"input\.size at least \[{smallest}, {smallest}\]"):
        replace(design, height=smallest - 1)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_comes_back_from_its_table(name: str) -> None:
    assert Design.from_table(DESIGNS[name].to_table()) == DESIGNS[name]


def test_a_table_of_an_earlier_version_is_a_plain_design_without_normalisation() -> None:
    table = {"kind": "cnn", "units": [3, 4], "kernels": [3, 2], "dense": 5, "width": 16, "height": 12, "color": "gray",
             "dropout": 0.0}  # fmt: skip
    assert Design.from_table(table) == Design(units=(3, 4), kernels=(3, 2), dense=5, width=16, height=12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": (3,)}, "as many units as kernels"),
        ({"dense": 0}, "has a dense layer"),
        ({"form": "separable"}, "a separable one none"),
        ({"form": "pairs", "units": (3,), "kernels": (3,)}, "even number"),
        ({"form": "round"}, "a design is one of"),
    ],
)
def test_a_design_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Design(units=(3, 4), kernels=(3, 2), dense=5, width=16, height=12), **changes)


def test_a_separable_design_takes_odd_kernels_only() -> None:
    with pytest.raises(RecipeError, match=r"Give model\.kernels odd numbers"):
        replace(DESIGNS["sepconv"], kernels=(3, 3, 4, 3, 3))


def test_the_largest_map_is_found_wherever_it_is() -> None:
    # Worked by hand: the first convolution's, unless later ones have many more channels.
    assert DESIGNS["cnn-6x6"].largest_map_count == 64 * 126 * 126
    assert replace(DESIGNS["cnn-6x6"], units=(2, 64, 64, 64, 128)).largest_map_count == 64 * 58 * 58
    assert DESIGNS["rarity"].largest_map_count == 32 * 254 * 142
    assert DESIGNS["sepconv"].largest_map_count == 64 * 128 * 128


def test_the_last_maps_are_what_the_pools_leave() -> None:
    assert DESIGNS["mcu"].flat_count == 512
    assert DESIGNS["rarity"].last_sides == (61, 33)
    assert DESIGNS["rarity"].flat_count == 64 * 61 * 33
    assert DESIGNS["sepconv"].last_sides == (8, 8)
    assert DESIGNS["sepconv"].feature_count == 512


def test_the_parameters_of_the_final_model_of_the_study_are_counted_as_by_hand() -> None:
    by_hand = (9 * 64 + 64) + (36 * 64 * 64 + 64) + (25 * 64 * 128 + 128) + (16 * 128 * 256 + 256)
    by_hand += (9 * 256 * 512 + 512) + (512 * 128 + 128)
    assert count_parameters(DESIGNS["mcu"]) == by_hand == 2_123_456


def test_every_design_is_described_in_a_line() -> None:
    assert describe_design(DESIGNS["rarity"]) == (
        "conv 32 3x3 + 32 3x3, 64 3x3 + 64 3x3, pool after each pair, dense 512"
    )
    assert len({describe_design(design) for design in DESIGNS.values()}) == len(DESIGNS)
