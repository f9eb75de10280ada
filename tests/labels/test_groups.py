from __future__ import annotations

from dataclasses import replace

from rushes.footage.source import REFERENCED, Source
from rushes.labels.groups import GroupChange, plan_groups


def film(name: str, group: str) -> Source:
    return Source((name * 64)[:64], f"/films/{name}.mp4", name, group, "video", 640, 360, "h264")


def test_only_sources_whose_group_changes_are_in_the_plan():
    one, two, three = film("a", "a"), film("b", "night"), film("c", "c")
    wanted = {one.digest[:16]: "night", two.digest[:16]: "night", "0" * 16: "gone"}
    assert plan_groups([one, two, three], wanted) == [GroupChange(one.digest, "a", "a", "night")]


def test_a_change_reads_as_from_and_to():
    assert str(GroupChange("d", "film0", "film0", "night")) == "film0: group film0 -> night"


def test_all_sources_of_an_episode_whose_frames_are_referred_to_move_together():
    film, other = replace(source("e01-" + "f" * 8, "e01"), digest="f" * 64), source("g", "g")
    referred = replace(source("E01", "e01"), codec=REFERENCED)
    for moved in (film, referred):
        plan = plan_groups([film, referred, other], {moved.digest[:16]: "night"})
        assert [change.source_name for change in plan] == [film.name, "E01"]
    assert len(plan_groups([film, other], {film.digest[:16]: "night"})) == 1


def source(name: str, group: str) -> Source:
    return Source((name.encode().hex() * 64)[:64], f"/films/{name}.mp4", name, group, "video", 640, 360, "h264")
