from __future__ import annotations

from rushes.footage.source import Source
from rushes.labels.groups import GroupChange, plan_groups


def film(name: str, group: str) -> Source:
    return Source((name * 64)[:64], f"/films/{name}.mp4", name, group, "video", 640, 360, "h264")


def test_only_sources_whose_group_changes_are_in_the_plan():
    one, two, three = film("a", "a"), film("b", "night"), film("c", "c")
    wanted = {one.digest[:16]: "night", two.digest[:16]: "night", "0" * 16: "gone"}
    assert plan_groups([one, two, three], wanted) == [GroupChange(one.digest, "a", "a", "night")]


def test_a_change_reads_as_from_and_to():
    assert str(GroupChange("d", "film0", "film0", "night")) == "film0: group film0 -> night"
