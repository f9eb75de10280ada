"""What is proposed for each photograph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.series import Series, SeriesFacts, SeriesKind
from rushes.inference.cull_plan import Rules, ScoredPhotograph, draw_audit, find_better, plan_verdicts, tell_apart


def photographs(*scores: float, signatures: tuple[int, ...] = ()) -> list[ScoredPhotograph]:
    looks = signatures or tuple(_unlike(index) for index in range(len(scores)))
    return [
        ScoredPhotograph(f"/shoot/{index:03d}.nef", (), score, SeriesFacts(signature=look))
        for index, (score, look) in enumerate(zip(scores, looks, strict=True))
    ]


def _unlike(index: int) -> int:
    """Return signatures that differ in half of their bits."""
    import random

    return random.Random(index).getrandbits(64) | 1


def verdicts(scores: tuple[float, ...], series: tuple[Series, ...] = (), **rules: object) -> list[str]:
    stated = Rules(**{"threshold": 0.5, **rules})  # type: ignore[arg-type]
    return [one.verdict for one in plan_verdicts(photographs(*scores), series, stated, seed="s")]


def test_a_photograph_is_picked_from_the_threshold_on() -> None:
    assert verdicts((0.49, 0.5, 0.51)) == ["reject", "pick", "pick"]


def test_a_bracket_is_kept_whole_where_one_of_it_is_picked_and_rejected_whole_else() -> None:
    kinds: tuple[SeriesKind, ...] = ("bracket", "focus stack", "panorama")
    for kind in kinds:
        whole = (Series(kind, (0, 1, 2), "why"),)
        assert verdicts((0.1, 0.9, 0.2, 0.3), whole) == ["pick", "pick", "pick", "reject"]
        assert verdicts((0.1, 0.4, 0.2, 0.9), whole) == ["reject", "reject", "reject", "pick"]
        said = plan_verdicts(photographs(0.1, 0.9, 0.2), whole, Rules(0.5), seed="s")[0].why
        assert said == f"kept whole with its {kind}, the best of which has 0.90"


def test_of_a_burst_the_score_alone_decides_unless_the_best_are_asked_for() -> None:
    burst = (Series("burst", (0, 1, 2, 3), "why"),)
    scores = (0.6, 0.9, 0.8, 0.2)
    assert verdicts(scores, burst) == ["pick", "pick", "pick", "reject"]
    assert verdicts(scores, burst, best_of_burst=2) == ["reject", "pick", "pick", "reject"]
    planned = plan_verdicts(photographs(*scores), burst, Rules(0.5, best_of_burst=1), seed="s")
    assert [one.rank for one in planned] == [3, 1, 2, 4]
    assert planned[2].why == "score 0.80 reaches 0.500, but it is number 2 of a burst of 4, of which the best is picked"


def test_the_others_of_a_burst_name_the_better_frame() -> None:
    burst = (Series("burst", (0, 1, 2), "why"),)
    planned = plan_verdicts(photographs(0.6, 0.9, 0.7, 0.1), burst, Rules(0.5), seed="s")
    assert [one.better for one in planned] == ["/shoot/001.nef", "", "/shoot/001.nef", ""]


def test_pictures_that_look_alike_are_duplicates_without_a_burst_and_members_of_a_bracket_are_none() -> None:
    alike = (7, 7, _unlike(2))
    assert find_better([0.3, 0.6, 0.2], (), alike) == [1, None, None]
    assert find_better([0.3, 0.6, 0.2], (Series("bracket", (0, 1), "why"),), alike) == [None, None, None]
    assert find_better([0.5, 0.5, 0.2], (), alike) == [None, None, None]  # none of equals is better


def test_the_audit_is_a_share_of_the_rejects_at_least_one_and_always_the_same() -> None:
    rejects = [f"{index}.jpg" for index in range(200)]
    drawn = draw_audit(rejects, 0.05, seed="a")
    assert len(drawn) == 10
    assert drawn == draw_audit(list(reversed(rejects)), 0.05, seed="a")
    assert drawn != draw_audit(rejects, 0.05, seed="b")
    assert len(draw_audit(rejects[:3], 0.05, seed="a")) == 1
    assert draw_audit(rejects, 0, seed="a") == draw_audit([], 0.05, seed="a") == frozenset()


def test_each_reject_is_drawn_about_equally_often() -> None:
    counts = dict.fromkeys((f"{index}.jpg" for index in range(20)), 0)
    for seed in range(2000):
        for path in draw_audit(list(counts), 0.25, seed=str(seed)):
            counts[path] += 1
    assert min(counts.values()) > 400
    assert max(counts.values()) < 600


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    threshold=st.floats(0, 1),
    bound=st.none() | st.integers(1, 4),
    data=st.data(),
)
def test_laws_of_the_plan(scores: list[float], threshold: float, bound: int | None, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(scores))))
    kinds: tuple[SeriesKind, ...] = ("burst", "bracket", "panorama")
    series, at = [], 0
    while at + 2 <= len(order):
        size = data.draw(st.integers(1, 4))
        if 2 <= size <= len(order) - at:
            series.append(Series(data.draw(st.sampled_from(kinds)), tuple(order[at : at + size]), "why"))
        at += size
    planned = plan_verdicts(photographs(*scores), series, Rules(threshold, bound), seed="s")
    assert len(planned) == len(scores)
    assert sum(one.audited for one in planned) <= max(1, round(0.05 * len(scores)))
    assert all(one.verdict == "reject" for one in planned if one.audited)
    for one in series:
        of_series = [planned[member].verdict for member in one.members]
        if one.kind != "burst":
            assert len(set(of_series)) == 1
        elif bound is not None:
            assert of_series.count("pick") <= bound
        # The best of a series is never rejected where it reaches the threshold.
        best = max(one.members, key=lambda member: scores[member])
        assert (
            scores[best] < threshold
            or max((planned[member].verdict == "pick") * scores[member] for member in one.members) == scores[best]
            or scores[best] == 0
        )


def test_a_score_and_a_threshold_are_told_apart() -> None:
    assert tell_apart(0.93, 0.5) == ("0.93", "0.500")
    assert tell_apart(0.8996, 0.9) == ("0.8996", "0.9000")
    assert tell_apart(0.9, 0.9) == ("0.90", "0.900")
