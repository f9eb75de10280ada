from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.labels.label import Label
from rushes.labels.trust import (
    Resolved,
    conflicts,
    count_class_conflicts,
    count_conflicts,
    is_review,
    origin_of_person,
    person_of,
    resolve,
)
from rushes.project import DEFAULT_TRUST, parse_project

PROJECT = 'schema = "project/1"\nname = "season"\n{trust}\n[tasks.scale]\nclasses = ["LS", "MS", "CS"]\n'
TRUST = ("review", "jonny", "supervised", "unsupervised")


def say(class_name: str | None, origin: str, second: int = 0, frame: str = "f", sheet: str = "") -> Label:
    return Label(frame, "scale", class_name, origin, f"2026-11-20T12:00:{second:02d}Z", sheet=sheet)


def test_the_most_trusted_origin_wins_however_old():
    old, new = say("MS", "jonny", 1), say("CS", "unsupervised", 9)
    resolved = resolve([old, new], TRUST)["f"]
    assert resolved.label is old
    assert resolved.overruled == (new,)


def test_within_an_origin_the_last_statement_made_stands():
    labels = [say("MS", "jonny", 1), say("CS", "Jonny", 1)]
    assert resolve(labels, TRUST)["f"].label.class_name == "CS"


def test_a_clock_that_was_set_back_makes_no_correction_disappear():
    correction = say("CS", "jonny", 1)
    assert resolve([say("MS", "jonny", 5), correction], TRUST)["f"].label is correction
    assert resolve([say("MS", "jonny", 5), say(None, "jonny", 1)], TRUST) == {}
    assert resolve([say("MS", "anna", 5), say("CS", "bert", 1)], TRUST)["f"].label.origin == "bert"


def test_a_withdrawal_takes_away_only_what_its_own_sheet_said():
    labels = [say("MS", "jonny", sheet="a"), say("CS", "jonny", sheet="b"), say("LS", "jonny")]
    assert resolve(labels, TRUST)["f"].label.class_name == "LS"
    labels.append(say(None, "jonny"))
    assert resolve(labels, TRUST)["f"].label.class_name == "CS"
    labels.append(say(None, "jonny", sheet="a"))
    assert resolve(labels, TRUST)["f"].label.class_name == "CS"
    labels.append(say(None, "jonny", sheet="b"))
    assert resolve(labels, TRUST) == {}


def test_a_withdrawn_statement_gives_way_to_the_next_origin():
    labels = [say("MS", "jonny", 1), say("CS", "supervised", 1), say(None, "jonny", 2)]
    assert resolve(labels, TRUST)["f"].label.class_name == "CS"
    assert resolve([*labels, say(None, "supervised", 3)], TRUST) == {}


def test_origins_outside_the_order_come_last_the_later_first():
    labels = [say("MS", "anna", 1), say("CS", "bert", 2), say("LS", "unsupervised", 0)]
    assert [label.origin for label in resolve(labels, TRUST)["f"].overruled] == ["bert", "anna"]
    assert resolve(labels[:2], TRUST)["f"].label.origin == "bert"


def test_what_a_model_said_is_no_label():
    assert resolve([say("MS", "model:abc")], (*TRUST, "model:abc")) == {}


def test_origins_that_agree_are_no_conflict():
    labels = [say("MS", "jonny"), say("MS", "supervised"), say("CS", "unsupervised")]
    [conflict] = conflicts(labels, TRUST)
    assert (conflict.frame, conflict.winner.origin, conflict.loser.origin) == ("f", "jonny", "unsupervised")


def test_conflicts_are_counted_by_pair_of_origins():
    labels = []
    for frame in "abc":
        labels += [say("MS", "jonny", frame=frame), say("CS", "unsupervised", frame=frame)]
    labels += [say("LS", "supervised", frame="a"), say("MS", "supervised", frame="b")]
    assert count_conflicts(conflicts(labels, TRUST)) == {("jonny", "unsupervised"): 3, ("jonny", "supervised"): 1}


def test_conflicts_are_counted_by_pair_of_origins_and_classes():
    labels = [
        label for frame in "abc" for label in (say("MS", "jonny", frame=frame), say("CS", "supervised", frame=frame))
    ]
    labels += [say("LS", "jonny", frame="d"), say("CS", "supervised", frame="d")]
    assert list(count_class_conflicts(conflicts(labels, TRUST)).items()) == [
        (("jonny", "MS", "supervised", "CS"), 3),
        (("jonny", "LS", "supervised", "CS"), 1),
    ]


def test_by_default_jonny_is_trusted_before_supervised_before_unsupervised(tmp_path):
    labels = [say("LS", "unsupervised", 3), say("MS", "supervised", 2), say("CS", "jonny", 1)]
    for missing in range(3):
        left = labels[: 3 - missing]
        assert resolve(left, DEFAULT_TRUST)["f"].label is left[-1]
    project = parse_project(tomllib.loads(PROJECT.format(trust="")), root=tmp_path)
    assert project.trust_of(project.task("scale")) == DEFAULT_TRUST


def test_a_project_may_trust_any_origins_in_any_order_and_a_task_its_own(tmp_path):
    labels = [say("LS", "unsupervised", 3), say("MS", "ann@example.org", 2), say("CS", "jonny", 1)]
    stated = 'trust = ["unsupervised", "Ann@Example.org", "jonny"]'
    project = parse_project(tomllib.loads(PROJECT.format(trust=stated)), root=tmp_path)
    resolved = resolve(labels, project.trust_of(project.task("scale")))["f"]
    assert [label.origin for label in (resolved.label, *resolved.overruled)] == [
        "unsupervised", "ann@example.org", "jonny"]  # fmt: skip
    own = PROJECT.format(trust=stated) + 'trust = ["ann@example.org"]\n'
    project = parse_project(tomllib.loads(own), root=tmp_path)
    assert resolve(labels, project.trust_of(project.task("scale")))["f"].label.origin == "ann@example.org"


def test_labels_of_two_tasks_are_not_mixed():
    other = Label("f", "mcu", "yes", "jonny", "2026-11-20T12:00:00Z")
    with pytest.raises(ValueError, match="one task at a time"):
        resolve([say("MS", "jonny"), other], TRUST)


statements = st.lists(
    st.builds(
        say,
        st.sampled_from([None, "MS", "CS", "LS"]),
        st.sampled_from([*TRUST, "anna", "bert", "model:x"]),
        st.integers(0, 59),
        st.sampled_from("abc"),
        st.sampled_from(["", "a.csv", "b.csv"]),
    ),
    max_size=40,
)


def answers(resolved: Mapping[str, Resolved]) -> dict[str, tuple[str | None, ...]]:
    return {
        frame: tuple(label.class_name for label in (answer.label, *answer.overruled))
        for frame, answer in resolved.items()
    }


@given(statements)
def test_what_the_clock_said_does_not_matter(labels):
    timeless = [replace(label, stated_at="") for label in labels]
    assert answers(resolve(timeless, TRUST)) == answers(resolve(labels, TRUST))


@given(statements, st.randoms())
def test_the_order_of_statements_about_different_frames_does_not_matter(labels, random):
    frames = list("abc")
    random.shuffle(frames)
    grouped = [label for frame in frames for label in labels if label.frame == frame]
    assert resolve(grouped, TRUST) == resolve(labels, TRUST)


@given(statements, st.permutations(TRUST))
def test_no_standing_statement_is_more_trusted_than_the_resolved_one(labels, trust):
    resolved = resolve(labels, trust)
    for frame in "abc":
        for place, origin in enumerate(trust):
            said = [label for label in labels if label.frame == frame and label.origin == origin]
            last_of_sheet = {label.sheet: number for number, label in enumerate(said)}
            still = [number for number in last_of_sheet.values() if said[number].class_name is not None]
            if still:
                winner = resolved[frame].label
                assert winner == said[max(still)] or trust.index(winner.origin) < place
                break


@given(statements)
def test_saying_again_what_is_resolved_changes_no_answer(labels):
    before = resolve(labels, TRUST)
    again = [*labels, *(answer.label for answer in before.values())]
    assert resolve(again, TRUST) == before


@given(statements, st.sampled_from(["MS", "CS"]), st.sampled_from("abc"))
def test_a_review_always_wins_and_a_less_trusted_origin_never_overturns(labels, class_name, frame):
    review = Label(frame, "scale", class_name, "review", "2027-01-01T00:00:00Z")
    settled = [*labels, review]
    assert resolve(settled, TRUST)[frame].label == review
    later = Label(frame, "scale", "LS", "unsupervised", "2028-01-01T00:00:00Z")
    assert resolve([*settled, later], TRUST)[frame].label == review


@given(statements)
def test_the_losers_of_a_frame_all_say_otherwise(labels):
    for conflict in conflicts(labels, TRUST):
        assert conflict.winner.class_name != conflict.loser.class_name
        assert conflict.winner.origin != conflict.loser.origin
        assert conflict.winner.frame == conflict.loser.frame == conflict.frame


@pytest.mark.parametrize("first", ["review:ann", "review", "Review:Bob"])
def test_reviews_by_persons_rank_as_review_and_the_later_stands(first: str) -> None:
    earlier, later, sheet = say("MS", first), say("CS", "review:cleo"), say("LS", "jonny")
    found = resolve([earlier, later, sheet], TRUST)["f"]
    assert found.label is later
    assert found.overruled == (earlier, sheet)


def test_a_person_whom_the_trust_names_ranks_there() -> None:
    lead, other = say("MS", "review:lead"), say("CS", "review:ann")
    assert resolve([lead, other], ("review:lead", *TRUST))["f"].label is lead
    assert resolve([other, lead], ("jonny", "review", "review:lead"))["f"].label is other
    assert resolve([lead, say("CS", "jonny")], ("jonny",))["f"].label.origin == "jonny", "nobody trusts reviews"


def test_an_origin_of_a_review_tells_the_person() -> None:
    assert origin_of_person("ann") == "review:ann"
    assert (person_of("review:ann"), person_of("review"), person_of("jonny")) == ("ann", None, None)
    assert person_of(origin_of_person("")) is None
    assert [is_review(one) for one in ("Review", "review:x", "reviewer", "preview", "model:review")] == [
        True,
        True,
        False,
        False,
        False,
    ]


makers = st.sampled_from(("jonny", "Jonny", "review:ann", "model:a", "supervised", "nobody"))
of_sheets = st.lists(
    st.builds(
        say, st.sampled_from(["MS", "CS", None]), makers, frame=st.sampled_from("fgh"), sheet=st.sampled_from("ab")
    )
)


@given(of_sheets)
def test_frames_together_are_resolved_as_each_alone(labels: list[Label]):
    together = resolve(labels, TRUST)
    alone: dict[str, Resolved] = {}
    for frame in dict.fromkeys(label.frame for label in labels):
        # A statement that is taken back at once changes nothing, and no frame with one is like another.
        taken_back = [say("LS", "x", frame=frame, sheet="z"), say(None, "x", frame=frame, sheet="z")]
        alone |= resolve([*taken_back, *(label for label in labels if label.frame == frame)], TRUST)
    assert together == alone
    assert list(together) == list(alone)
