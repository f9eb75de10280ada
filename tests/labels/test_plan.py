from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import Fault
from rushes.labels.label import Label
from rushes.labels.parse import Parsed
from rushes.labels.plan import plan_import
from rushes.labels.trust import current_statements


def at(hour: int) -> str:
    return f"2026-11-20T{hour:02d}:00:00Z"


def the_sheet(
    answers: dict[tuple[str, str], str],
    hour: int = 0,
    *,
    sheet: str = "a.csv",
    origins: frozenset[str] | None = frozenset({"jonny", "supervised"}),
    faults: tuple[Fault, ...] = (),
) -> Parsed:
    labels = tuple(
        Label(frame, "scale", class_name, origin, at(hour), place=f"{sheet}, row 2", sheet=sheet)
        for (frame, origin), class_name in answers.items()
    )
    return Parsed(sheet, "scale", labels, faults=faults, origins=origins)


def standing(labels: list[Label]) -> dict[tuple[str, str], str | None]:
    return {
        (frame, origin): label.class_name
        for frame, by_origin in current_statements(labels).items()
        for origin, label in by_origin.items()
    }


def test_a_first_import_states_everything():
    parsed = the_sheet({("f", "jonny"): "MS", ("g", "supervised"): "CS"})
    assert plan_import([], parsed, now=at(0)) == list(parsed.labels)


def test_a_second_import_of_the_same_sheet_adds_nothing():
    parsed = the_sheet({("f", "jonny"): "MS"})
    assert plan_import(parsed.labels, the_sheet({("f", "jonny"): "MS"}, 1), now=at(1)) == []


def test_a_changed_cell_is_one_new_statement():
    before = the_sheet({("f", "jonny"): "MS", ("g", "jonny"): "MS"})
    [changed] = plan_import(before.labels, the_sheet({("f", "jonny"): "CS", ("g", "jonny"): "MS"}, 1), now=at(1))
    assert (changed.frame, changed.class_name, changed.stated_at) == ("f", "CS", at(1))


def test_a_label_deleted_from_the_sheet_is_withdrawn():
    before = the_sheet({("f", "jonny"): "MS", ("g", "jonny"): "MS"})
    [gone] = plan_import(before.labels, the_sheet({("g", "jonny"): "MS"}, 1), now=at(1))
    assert (gone.frame, gone.class_name, gone.origin, gone.sheet) == ("f", None, "jonny", "a.csv")
    assert gone.stated_at == at(1)
    assert gone.place == "gone from a.csv, row 2"


def test_a_withdrawn_label_can_come_back():
    before = the_sheet({("f", "jonny"): "MS"})
    gone = plan_import(before.labels, the_sheet({}, 1), now=at(1))
    back = the_sheet({("f", "jonny"): "MS"}, 2)
    assert plan_import([*before.labels, *gone], back, now=at(2)) == list(back.labels)


def test_another_sheet_withdraws_nothing():
    before = the_sheet({("f", "jonny"): "MS"})
    assert plan_import(before.labels, the_sheet({}, 1, sheet="b.csv"), now=at(1)) == []


def test_a_column_that_was_not_imported_this_time_withdraws_nothing():
    before = the_sheet({("f", "jonny"): "MS", ("f", "supervised"): "CS"})
    only_one = the_sheet({}, 1, origins=frozenset({"supervised"}))
    assert [label.origin for label in plan_import(before.labels, only_one, now=at(1))] == ["supervised"]
    every = the_sheet({}, 1, origins=None)
    assert len(plan_import(before.labels, every, now=at(1))) == 2


def test_a_review_and_another_task_are_left_alone():
    review = Label("f", "scale", "LS", "review", at(0))
    other = Label("f", "mcu", "yes", "jonny", at(0), sheet="a.csv")
    assert plan_import([review, other], the_sheet({}, 1, origins=None), now=at(1)) == []


def test_a_sheet_with_faults_withdraws_nothing_but_states_its_good_rows():
    before = the_sheet({("f", "jonny"): "MS", ("g", "jonny"): "MS"})
    faulty = the_sheet({("g", "jonny"): "CS"}, 1, faults=(Fault("a.csv", 2, "c", "'Mss' is not a class"),))
    [changed] = plan_import(before.labels, faulty, now=at(1))
    assert (changed.frame, changed.class_name) == ("g", "CS")


answers = st.dictionaries(
    st.tuples(st.sampled_from("fgh"), st.sampled_from(["jonny", "supervised"])), st.sampled_from(["MS", "CS", "LS"])
)


@given(st.lists(answers, min_size=1, max_size=6))
def test_after_every_import_exactly_what_the_sheet_states_stands(versions):
    history: list[Label] = []
    for hour, version in enumerate(versions):
        history += plan_import(history, the_sheet(version, hour), now=at(hour))
        assert {key: name for key, name in standing(history).items() if name is not None} == version
        assert plan_import(history, the_sheet(version, hour), now=at(hour)) == []
