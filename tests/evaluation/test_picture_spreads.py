from __future__ import annotations

import numpy as np
import pytest

from rushes.datasets.picture_facts import PictureFacts
from rushes.evaluation.picture_spreads import measure_spreads, name_of_aspect, name_of_size


def facts(width: int = 1920, height: int = 1080, *, brightness: float = 0.5, sharpness: float = 100.0) -> PictureFacts:
    return PictureFacts(width, height, brightness, 0.2, sharpness, 0.0, 0.0)


@pytest.mark.parametrize(
    ("width", "height", "name"),
    [
        (1920, 1080, "16:9"), (1080, 1920, "9:16"), (640, 480, "4:3"), (600, 404, "3:2"), (600, 406, "3:2"),
        (1998, 1080, "1.85:1"), (4096, 1716, "2.39:1"), (500, 500, "1:1"), (640, 623, "1:1"), (1000, 400, "2.5:1"),
        (400, 1000, "1:2.5"), (1440, 1048, "1.37:1"), (1, 900, "1:900.0"),
    ],
)  # fmt: skip
def test_a_shape_is_called_by_its_nearest_name(width: int, height: int, name: str) -> None:
    assert name_of_aspect(width, height) == name


def test_a_size_has_the_name_that_deliveries_know() -> None:
    assert name_of_size(1920, 1080) == "Full HD"
    assert name_of_size(1921, 1080) == ""


def test_spreads_are_the_quantiles_of_each_class() -> None:
    pictures = [facts(brightness=value / 100) for value in range(101)] + [facts(brightness=0.25)]
    truth = np.array([0] * 101 + [1])
    found = measure_spreads(pictures, truth, ("Day", "Night", "Dusk"))
    day, night, dusk = (one for one in found.spreads if one.measure == "brightness")
    assert day.quantiles == pytest.approx((0.05, 0.25, 0.5, 0.75, 0.95))
    assert night.quantiles == (0.25,) * 5
    assert (dusk.pictures, dusk.quantiles) == (0, ())
    assert dusk.to_table()["quantiles"] is None


def test_sizes_are_counted_the_commonest_first_and_shapes_by_class() -> None:
    pictures = [facts(), facts(), facts(640, 480), facts(480, 640)]
    found = measure_spreads(pictures, np.array([0, 1, 1, 1]), ("A", "B"))
    assert found.sizes[0] == ((1920, 1080), 2)
    assert found.aspects == ("3:4", "4:3", "16:9")
    assert [mix.counts for mix in found.shapes] == [(0, 0, 1), (1, 1, 1)]
    assert found.to_table()["aspects"] == {"A": {"16:9": 1}, "B": {"3:4": 1, "4:3": 1, "16:9": 1}}


def test_the_pictures_furthest_out_are_named_and_no_shape_is_odd_where_all_are_alike() -> None:
    pictures = [facts(brightness=0.1 + 0.01 * number, sharpness=500 - number) for number in range(40)]
    found = measure_spreads(pictures, np.zeros(40, np.int64), ("A",))
    by_kind = {kind: [one.row for one in found.outliers if one.kind == kind] for kind in ("darkest", "brightest")}
    assert by_kind == {"darkest": [0, 1, 2, 3, 4, 5], "brightest": [39, 38, 37, 36, 35, 34]}
    assert [one.row for one in found.outliers if one.kind == "blurriest"] == [39, 38, 37, 36, 35, 34]
    assert not [one for one in found.outliers if one.kind == "oddest shape"]


def test_one_odd_shape_is_found_among_many() -> None:
    pictures = [facts() for _ in range(20)] + [facts(500, 1000)]
    found = measure_spreads(pictures, np.zeros(21, np.int64), ("A",))
    (odd,) = (one for one in found.outliers if one.kind == "oddest shape")
    assert (odd.row, odd.value) == (20, 0.5)


def test_one_picture_alone_is_furthest_from_nothing() -> None:
    found = measure_spreads([facts()], np.array([0]), ("A",))
    assert found.outliers == ()
    assert found.spreads[0].quantiles == (0.5,) * 5
