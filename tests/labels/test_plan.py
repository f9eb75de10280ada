from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import Fault
from rushes.labels.label import Label
from rushes.labels.parse import Parsed
from rushes.labels.plan import find_overtaken, gone_from, plan_import
from rushes.labels.trust import resolve


def at(hour: int) -> str:
    return f"2026-11-20T{hour:02d}:00:00Z"


def the_sheet(
    answers: dict[tuple[str, str], str],
    hour: int = 0,
    *,
    sheet: str = "a.csv",
    origins: frozenset[str] | None = frozenset({"jonny", "supervised"}),
    faults: tuple[Fault, ...] = (),
    unmatched: tuple[Fault, ...] = (),
) -> Parsed:
    labels = tuple(
        Label(frame, "scale", class_name, origin, at(hour), place=f"{sheet}, row 2", sheet=sheet)
        for (frame, origin), class_name in answers.items()
    )
    return Parsed(sheet, "scale", labels, faults=faults, unmatched=unmatched, origins=origins)


def standing(labels: list[Label]) -> dict[tuple[str, str], str | None]:
    """Return what each origin says of each frame."""
    return {
        (frame, origin): answer.label.class_name
        for origin in ("jonny", "supervised")
        for frame, answer in resolve([label for label in labels if label.origin == origin], (origin,)).items()
    }


def import_all(*sheets: Parsed) -> list[Label]:
    history: list[Label] = []
    for hour, parsed in enumerate(sheets):
        history += plan_import(history, parsed, now=at(hour))
    return history


ONE, TWO = {("f", "jonny"): "MS"}, {("f", "jonny"): "CS"}


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


def test_a_label_that_another_sheet_still_states_outlives_its_withdrawal():
    history = import_all(the_sheet(ONE), the_sheet(ONE, sheet="b.csv"), the_sheet({}))
    assert standing(history) == ONE
    assert standing([*history, *plan_import(history, the_sheet({}, sheet="b.csv"), now=at(9))]) == {}


def test_when_the_later_sheet_drops_a_label_that_of_the_earlier_stands_again():
    history = import_all(the_sheet(ONE), the_sheet(TWO, sheet="b.csv"))
    assert standing(history) == TWO
    history += plan_import(history, the_sheet({}, sheet="b.csv"), now=at(2))
    assert standing(history) == ONE


def test_importing_again_a_sheet_that_another_overrode_adds_nothing():
    history = import_all(the_sheet(ONE), the_sheet(TWO, sheet="b.csv"))
    assert plan_import(history, the_sheet(ONE, 2), now=at(2)) == []


def test_a_review_is_not_withdrawn_with_the_sheet_that_said_the_same():
    review = Label("f", "scale", "MS", "jonny", at(0))
    history = [review, *plan_import([review], the_sheet(ONE, 1), now=at(1))]
    history += plan_import(history, the_sheet({}, 2), now=at(2))
    assert standing(history) == ONE


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
    assert [label.frame for label in gone_from(before.labels, faulty)] == ["f"]


def test_a_sheet_with_a_row_of_a_frame_that_is_not_catalogued_withdraws_nothing():
    before = the_sheet({("f", "jonny"): "MS", ("g", "jonny"): "MS"})
    renamed = the_sheet({("g", "jonny"): "CS"}, 1, unmatched=(Fault("a.csv", 2, "frame", "'F' is not there"),))
    [changed] = plan_import(before.labels, renamed, now=at(1))
    assert (changed.frame, changed.class_name) == ("g", "CS")
    assert [label.frame for label in gone_from(before.labels, renamed)] == ["f"]


def test_a_whole_sheet_holds_nothing_back_and_a_faulty_one_only_what_is_gone():
    before = the_sheet(ONE)
    fault = (Fault("a.csv", 3, "c", "'Mss' is not a class"),)
    assert gone_from(before.labels, the_sheet(ONE, 1, faults=fault)) == []
    assert gone_from([], the_sheet({}, faults=fault)) == []


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


@given(st.lists(st.tuples(st.sampled_from(["a.csv", "b.csv", "c.csv"]), answers), min_size=1, max_size=8))
def test_of_several_sheets_the_latest_change_that_still_stands_decides(imports):
    history: list[Label] = []
    changed_at: dict[str, dict[tuple[str, str], tuple[int, str]]] = {}
    for turn, (sheet, version) in enumerate(imports):
        history += plan_import(history, the_sheet(version, sheet=sheet), now=at(0))
        earlier = changed_at.get(sheet, {})
        changed_at[sheet] = {
            key: earlier[key] if key in earlier and earlier[key][1] == name else (turn, name)
            for key, name in version.items()
        }
        wanted: dict[tuple[str, str], tuple[int, str]] = {}
        for said in changed_at.values():
            for key, (when, name) in said.items():
                wanted[key] = max(wanted.get(key, (-1, "")), (when, name))
        assert standing(history) == {key: name for key, (_, name) in wanted.items()}


def dated(class_name: str, hour: int) -> Parsed:
    """A sheet with one row, which says when it was stated."""
    return replace(the_sheet({("f", "review:ann"): class_name}, hour), dated=frozenset({("f", "review:ann")}))


def on_page(class_name: str | None, hour: int, *, sheet: str = "") -> Label:
    return Label("f", "scale", class_name, "review:ann", at(hour), sheet=sheet)


def taken_in(parsed: Parsed, *beside: Label, before: Label | None = None) -> list[tuple[str | None, str]]:
    """Return class and time of what an import at hour 20 adds, where Ann says so elsewhere."""
    earlier = [before] if before else []
    said = plan_import(earlier, parsed, now=at(20), beside={("f", "review:ann"): beside})
    return [(label.class_name, label.stated_at) for label in said]


def test_a_copy_of_what_a_person_says_on_the_page_adds_nothing():
    assert taken_in(dated("MS", 8), on_page("MS", 8)) == []
    assert taken_in(dated("MS", 9), on_page("MS", 8)) == []
    assert taken_in(dated("MS", 8)) == [("MS", at(8))]
    assert taken_in(dated("MS", 8), on_page("MS", 8, sheet="b.csv")) == [("MS", at(8))], "each sheet speaks for itself"


def test_what_its_origin_has_said_otherwise_since_stays_and_is_told():
    for later in (on_page("CS", 9), on_page("CS", 9, sheet="b.csv"), on_page(None, 9)):
        assert taken_in(dated("MS", 8), later) == []
        assert len(find_overtaken(dated("MS", 8), {("f", "review:ann"): [later]})) == 1
        assert taken_in(dated("MS", 10), later) == [("MS", at(10))]
    assert taken_in(dated("MS", 8), on_page(None, 9, sheet="b.csv")) == [("MS", at(8))], "a dropped row says nothing"


def test_an_answer_that_was_changed_in_an_exported_sheet_is_of_now():
    assert taken_in(dated("CS", 8), on_page("MS", 8)) == [("CS", at(20))]
    before = on_page("CS", 20, sheet="a.csv")
    assert taken_in(dated("MS", 8), on_page("MS", 8), before=before) == [("MS", at(20))]
    assert taken_in(dated("CS", 8), on_page("MS", 8), before=before) == [], "imported again it adds nothing"


def test_a_sheet_that_is_imported_again_brings_what_was_said_anew_elsewhere():
    before = on_page("MS", 8, sheet="a.csv")
    assert taken_in(dated("MS", 8), on_page("CS", 9), before=before) == []
    assert taken_in(dated("MS", 10), on_page("CS", 9), before=before) == [("MS", at(10))]
    assert taken_in(dated("MS", 10), before=before) == []
