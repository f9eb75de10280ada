from __future__ import annotations

import json

import pytest
from benchmarks.harness import Outcome, Target, Timing, Turns, format_seconds, in_turns, parse_last_line

RATIO = Target("ratio", 10)


def outcome(*, ours: float | None = 1.0, peer: float | None = 12.0, target: Target = RATIO, condition: bool = True):
    return Outcome("sparse", ours, peer, "s", target, condition)


def turns(ours: list[float], peer: list[float]) -> Turns:
    return Turns(tuple(Timing(value, value / 2) for value in ours), tuple(Timing(value, value) for value in peer))


def test_ours_and_the_peer_take_turns():
    called = []
    taken = in_turns(lambda: called.append("ours"), lambda: called.append("peer"), rounds=3)
    assert called == ["ours", "peer"] * 3
    assert len(taken.ours) == len(taken.peer) == 3


def test_a_ratio_is_of_medians_so_that_one_slow_turn_does_not_move_it():
    taken = turns([2.0, 2.0, 50.0], [10.0, 10.0, 1.0])
    assert taken.ratio == 5.0
    assert taken.cpu_ratio == 10.0


def test_the_parts_of_a_call_keep_its_ratio():
    each = turns([2.0], [8.0]).over(4)
    assert (each.ours_seconds, each.peer_seconds, each.ratio) == (0.5, 2.0, 4.0)


@pytest.mark.parametrize(("peer", "holds"), [(12.0, True), (10.0, True), (9.99, False), (None, None)])
def test_a_target_of_a_ratio_holds_from_its_bound_on(peer, holds):
    assert outcome(peer=peer).holds is holds


@pytest.mark.parametrize(("ours", "holds"), [(5.9, True), (6.0, True), (6.1, False), (None, None)])
def test_a_target_of_our_own_time_holds_up_to_its_bound_and_needs_no_peer(ours, holds):
    assert outcome(ours=ours, peer=None, target=Target("ours", 6)).holds is holds


def test_a_target_that_is_reached_by_worse_scores_does_not_hold():
    assert outcome(condition=False).holds is False


def test_an_outcome_prints_as_one_line_of_json_with_all_that_it_must_state():
    table = outcome(ours=0.123456, peer=None).to_table(machine="a processor, 2 cores", commit=None)
    assert parse_last_line(["what was measured", json.dumps(table), ""]) == table
    assert list(table) == ["name", "ours", "peer", "ratio", "unit", "target", "holds", "machine", "commit"]
    assert table["ours"] == 0.1235
    assert table["peer"] is table["ratio"] is table["holds"] is table["commit"] is None


@pytest.mark.parametrize("lines", [[], ["ended early"], ["[1, 2]"], ['{"ours": 1}']])
def test_a_benchmark_that_ended_without_its_line_is_noticed(lines):
    with pytest.raises(ValueError, match="last line"):
        parse_last_line(lines)


@pytest.mark.parametrize(("seconds", "shown"), [(123.456, "123.5 s"), (1.234, "1.23 s"), (0.01234, "12.3 ms")])
def test_seconds_are_shown_as_a_person_reads_them(seconds, shown):
    assert format_seconds(seconds) == shown
