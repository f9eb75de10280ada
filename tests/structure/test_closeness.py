"""Which answers mean a medium close-up."""

from __future__ import annotations

import math

import pytest

from rushes.errors import UsageError
from rushes.structure.closeness import close_classes_of, closeness_of


@pytest.mark.parametrize(
    ("classes", "close"),
    [
        (("other", "mcu"), ("mcu",)),
        (("ECS", "CS", "MS", "FS", "LS"), ("CS",)),
        (("ECS", "CS", "MCU", "MS", "FS", "LS"), ("CS", "MCU")),
        (("Wide", "Medium Close-Up"), ("Medium Close-Up",)),
    ],
)
def test_classes_are_known_by_their_usual_names(classes: tuple[str, ...], close: tuple[str, ...]) -> None:
    assert close_classes_of("scale", classes) == close


def test_a_person_may_name_others() -> None:
    assert close_classes_of("scale", ("CS", "MS", "LS"), ["MS"]) == ("MS",)
    with pytest.raises(UsageError, match=r"'MSS' is no class of scale\. Did you mean 'MS'"):
        close_classes_of("scale", ("CS", "MS", "LS"), ["MSS"])


def test_a_task_without_such_a_class_is_refused() -> None:
    with pytest.raises(UsageError, match=r"none of the classes of rarity \(Common, Rare\).*--close-class"):
        close_classes_of("rarity", ("Common", "Rare"))


def test_closeness_is_the_sum_of_these_classes_and_nothing_where_nothing_was_said() -> None:
    assert closeness_of({"CS": 0.5, "MCU": 0.3, "LS": 0.2}, ("CS", "MCU")) == pytest.approx(0.8)
    assert math.isnan(closeness_of({}, ("CS",)))
