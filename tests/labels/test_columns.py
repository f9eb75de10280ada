from __future__ import annotations

import pytest

from rushes.errors import SheetError
from rushes.labels.columns import Columns, plan_columns, plan_sheets, unused_group_column
from rushes.labels.sheet import Sheet

EPISODE = (
    "https://bucket.s3.example/S01/",
    "ROW_INDEX",
    "FRAME NUMBER",
    "UNSUPERVISED CLASSIFICATION",
    "SUPERVISED CLASSIFICATION",
    "JONNY's RECLASSIFICATION",
    "METADATA",
)
SHOTS = ("video", "shot", "start_frame", "end_frame", "start_s", "end_s", "scale", "mcu", "movement", "content")


def used(columns: Columns) -> dict[str, str]:
    fields = (
        "frame",
        "source",
        "ordinal",
        "timecode",
        "seconds",
        "start",
        "stop",
        "last",
        "origin",
        "group",
        "subjects",
    )
    return {name: getattr(columns, name).name for name in fields if getattr(columns, name) is not None}


def classes(columns: Columns) -> list[tuple[str, str | None]]:
    return [(item.column.name, item.origin) for item in columns.classes]


def test_an_episode_sheet_is_understood_with_its_odd_first_header():
    columns = plan_columns(EPISODE, {}, task_name="rarity")
    assert used(columns) == {"frame": "FRAME NUMBER", "subjects": "METADATA"}
    assert classes(columns) == [
        ("UNSUPERVISED CLASSIFICATION", "unsupervised"),
        ("SUPERVISED CLASSIFICATION", "supervised"),
        ("JONNY's RECLASSIFICATION", "jonny"),
    ]


def test_order_case_spaces_and_punctuation_do_not_matter():
    columns = plan_columns(("jonnys_reclassification ", "", "Frame-Number", "S3_BASE_URL"), {})
    assert used(columns) == {"frame": "Frame-Number"}
    assert columns.frame is not None
    assert columns.frame.index == 2
    assert classes(columns) == [("jonnys_reclassification ", "jonny")]


def test_a_column_named_as_the_task_holds_its_classes():
    columns = plan_columns(("file", "mcu", "scale", "class"), {}, task_name="scale")
    assert classes(columns) == [("scale", None)]


def test_a_stated_mapping_wins_over_known_names():
    columns = plan_columns(EPISODE, {"metadata": "class:Anna", "ROW_INDEX": "frame"}, task_name="rarity")
    assert used(columns) == {"frame": "ROW_INDEX"}
    assert classes(columns) == [("METADATA", "anna")]


def test_the_command_line_wins_over_the_project_file():
    known = {"mcu": "class", "video": "source", "start_frame": "start", "end_frame": "last", "absent": "group"}
    by_project = plan_columns(SHOTS, {}, known=known)
    assert used(by_project) == {"source": "video", "start": "start_frame", "last": "end_frame"}
    assert classes(by_project) == [("mcu", None)]
    by_hand = plan_columns(SHOTS, {"scale": "class", "shot": "start"}, known=known)
    assert used(by_hand) == {"source": "video", "start": "shot", "last": "end_frame"}
    assert classes(by_hand) == [("scale", None)]


def test_known_names_complete_a_stated_address_and_add_nothing_to_a_whole_one():
    completed = plan_columns(SHOTS, {"end_frame": "last"}, task_name="scale")
    assert used(completed) == {"source": "video", "start": "start_frame", "last": "end_frame"}
    whole = plan_columns(("video", "seconds", "scale"), {"video": "source"}, task_name="scale")
    assert used(whole) == {"source": "video"}


def test_an_end_that_may_be_in_the_range_or_not_must_be_stated():
    with pytest.raises(SheetError) as caught:
        plan_columns(SHOTS, {}, sheet="shots.csv", task_name="scale")
    message = str(caught.value)
    assert "'start' needs one column with the end of the range" in message
    assert '--map "end_frame=last"' in message
    assert "'end_frame'" in message


def test_a_remark_about_sources_beside_pictures_is_no_address():
    assert used(plan_columns(("file", "scale", "source"), {}, task_name="scale")) == {"frame": "file"}
    assert used(plan_columns(("video", "scale", "movement", "source"), {}, task_name="scale")) == {"source": "video"}


def test_missing_columns_are_named_all_at_once_with_those_found():
    with pytest.raises(SheetError) as caught:
        plan_columns(("FRAME NR", "Answer"), {}, sheet="x.csv", task_name="scale")
    frame, class_fault = caught.value.faults
    assert "no column says which frame a row is about" in frame.message
    assert '--map "FRAME NR=frame"' in frame.message
    assert '--map "Answer=class"' in class_fault.message
    assert "'FRAME NR', 'Answer'" in class_fault.message


def test_a_mapping_that_does_not_fit_is_refused_all_at_once():
    with pytest.raises(SheetError) as caught:
        plan_columns(("file", "scale"), {"fil": "frame", "scale": "clas", "file": "colour"}, sheet="x.csv")
    assert [str(fault) for fault in caught.value.faults] == [
        "x.csv, fil: there is no such column. Did you mean 'file'? Found: 'file', 'scale'",
        "x.csv, scale: 'clas' is nothing that a column can mean. Did you mean 'class'?",
        "x.csv, file: 'colour' is nothing that a column can mean. Allowed: frame, source, ordinal, timecode, seconds, "
        "start, stop, last, class, origin, stated_at, group, subjects, class:ORIGIN",
    ]


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"a": "frame", "b": "frame"}, "mapped to frame already"),
        ({"a": "frame", "b": "ordinal"}, "map only one"),
        ({"a": "source", "b": "ordinal", "c": "seconds"}, "map only one way"),
        ({"a": "ordinal"}, "needs a column that names the source"),
        ({"a": "source", "b": "last"}, "start of the range"),
        ({"a": "source", "b": "start"}, "end of the range"),
        ({"a": "class:"}, "nothing that a column can mean"),
    ],
)
def test_an_address_that_says_too_little_or_too_much_is_refused(mapping: dict[str, str], says: str):
    with pytest.raises(SheetError, match=says):
        plan_columns(("a", "b", "c", "d"), {**mapping, "d": "class"})


def test_two_columns_that_could_hold_the_classes_are_not_guessed_between():
    with pytest.raises(SheetError, match='--map "class=class"'):
        plan_columns(("file", "label", "class"), {})


def test_a_header_there_twice_matters_only_where_it_is_used():
    plan_columns(("file", "class", "note", "note", "", ""), {})
    with pytest.raises(SheetError, match="class: there are 2 columns of this name"):
        plan_columns(("file", "class", "class"), {})


def test_headers_that_differ_in_case_and_punctuation_are_one_header_unless_one_is_stated():
    with pytest.raises(SheetError, match=r"class: there are 2 columns .*\. 'Class' is the same: case, spaces"):
        plan_columns(("file", "class", "Class"), {})
    twice = ("frame", "JONNY's RECLASSIFICATION", "Jonny's Reclassification")
    with pytest.raises(SheetError, match="there are 2 columns of this name"):
        plan_columns(twice, {})
    assert plan_columns(("file", "class", "Class"), {"Class": "class"}).classes[0].column.index == 2


def test_a_sheet_without_a_header_says_so():
    with pytest.raises(SheetError, match="no named column"):
        plan_columns((), {})


LABELS = Sheet("x.xlsx [Labels]", ("file", "class"), ())
NOTES = Sheet("x.xlsx [Notes]", ("hello", "remark"), ())


def test_worksheets_without_labels_are_named_as_skipped_unless_none_has_any():
    found = plan_sheets([NOTES, LABELS], {})
    assert [sheet for sheet, _ in found.planned] == [LABELS]
    assert list(found) == list(found.planned)
    assert (found.skipped, found.faults) == (("x.xlsx [Notes]",), ())
    with pytest.raises(SheetError, match=r"x\.xlsx \[Notes\]"):
        plan_sheets([NOTES], {})


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (("FRAME NUMER", "SUPERVISED CLASSIFICATION"), "no column says which frame a row is about"),
        (("FRAME NUMBER", "SUPERVISD CLASIFICATION"), "no column holds the classes"),
        (("vidoe", "start", "stop", "scale"), "needs a column that names the source"),
        (("video", "start", "scale"), "'start' needs one column with the end of the range"),
        (("file", "class", "class"), "there are 2 columns of this name"),
    ],
)
def test_a_worksheet_with_half_of_what_labels_need_is_a_fault_and_hides_no_other(columns: tuple[str, ...], says: str):
    half = Sheet("x.xlsx [Half]", columns, ())
    found = plan_sheets([LABELS, half, NOTES], {}, task_name="scale")
    assert [sheet for sheet, _ in found.planned] == [LABELS]
    assert found.skipped == ("x.xlsx [Notes]",)
    assert found.faults[0].sheet == "x.xlsx [Half]"
    assert says in found.faults[0].message
    assert found.faults[-1].message.endswith("If this worksheet holds no labels, hide it in the workbook")


def test_a_worksheet_that_lacks_a_stated_column_is_a_fault_only_where_it_looks_like_labels():
    mine = Sheet("x.xlsx [Mine]", ("picture no", "verdict"), ())
    other = Sheet("x.xlsx [Other]", ("picture nr", "verdict"), ())
    found = plan_sheets([mine, other, NOTES], {"picture no": "frame", "verdict": "class"})
    assert [sheet for sheet, _ in found.planned] == [mine]
    assert [fault.sheet for fault in found.faults] == ["x.xlsx [Other]"]
    assert found.skipped == ("x.xlsx [Notes]",)


def test_where_no_worksheet_can_be_read_the_faults_are_of_those_that_look_like_labels():
    half = Sheet("x.xlsx [Half]", ("FRAME NUMBER", "anser"), ())
    with pytest.raises(SheetError) as caught:
        plan_sheets([NOTES, half], {})
    assert {fault.sheet for fault in caught.value.faults} == {"x.xlsx [Half]"}


def test_only_a_stated_column_sets_groups():
    header = ("file", "class", "Group")
    unstated = plan_columns(header, {})
    assert unstated.group is None
    assert unused_group_column(header, unstated) == "Group"
    for stated in (plan_columns(header, {"group": "group"}), plan_columns(header, {}, known={"Group": "group"})):
        assert used(stated)["group"] == "Group"
        assert unused_group_column(header, stated) is None


def test_a_group_column_that_is_used_otherwise_is_not_called_unused():
    header = ("file", "Group", "person")
    assert unused_group_column(header, plan_columns(header, {"Group": "class"})) is None
    assert unused_group_column(header, plan_columns(header, {"Group": "class", "person": "group"})) is None
    assert unused_group_column(("file", "class"), plan_columns(("file", "class"), {})) is None


@pytest.mark.parametrize("name", ["METADATA", "Subjects", "subject", "tags", "Keywords"])
def test_what_is_in_a_picture_has_a_column_of_many_names(name):
    assert used(plan_columns(("frame", "class", name), {})) == {"frame": "frame", "subjects": name}


def test_a_column_of_subjects_alone_makes_no_sheet_of_labels_unless_it_is_stated():
    with pytest.raises(SheetError, match="no column holds the classes"):
        plan_columns(("frame", "METADATA"), {})
    with pytest.raises(SheetError, match="no column holds the classes"):
        plan_columns(("frame", "words"), {}, known={"words": "subjects"})
    columns = plan_columns(("frame", "words"), {"words": "subjects"})
    assert (used(columns), classes(columns)) == ({"frame": "frame", "subjects": "words"}, [])


def test_a_misspelt_column_of_answers_beside_others_is_named_and_not_lost() -> None:
    sheet = Sheet("s.csv", ("FRAME NUMBER", "SUPERVISD CLASSIFICATION", "UNSUPERVISED CLASSIFICATION"), ())
    planned = plan_sheets([sheet], {})
    assert [item.origin for _, columns in planned for item in columns.classes] == ["unsupervised"]
    assert [str(fault) for fault in planned.faults] == [
        "s.csv, row 1, SUPERVISED CLASSIFICATION: there is no column of this name. 'SUPERVISD CLASSIFICATION' looks "
        "like it: call it 'SUPERVISED CLASSIFICATION' again. Found: 'FRAME NUMBER', 'SUPERVISD CLASSIFICATION', "
        "'UNSUPERVISED CLASSIFICATION'"
    ]
    assert plan_sheets([sheet], {"SUPERVISD CLASSIFICATION": "class:supervised"}).faults == ()
    whole = Sheet("s.csv", ("FRAME NUMBER", "UNSUPERVISED CLASSIFICATION", "REMARK"), ())
    assert plan_sheets([whole], {}).faults == ()
