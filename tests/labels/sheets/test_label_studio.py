from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import SheetError
from rushes.labels.columns import plan_columns
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.files import read_sheets


def choice(*words: str, control: str = "rarity") -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": "choices", "value": {"choices": list(words)}}


def annotation(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 1001, "result": list(results), "was_cancelled": False, "ground_truth": False} | more


def task(number: int, *annotations: Any, image: str = "TT_S01_E01_FRM-00-00-08-00.jpg", **more: Any) -> dict[str, Any]:
    return {"id": number, "project": 83, "data": {"image": image}, "annotations": list(annotations),
            "predictions": []} | more  # fmt: skip


def read(folder: Path, document: Any, name: str = "export.json") -> Sheet:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    [sheet] = read_sheets(path, root=folder)
    return sheet


def cells(sheet: Sheet, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[sheet.columns.index(column)] for column in columns) for row in sheet.rows]


def test_every_annotator_of_a_task_gives_a_row(tmp_path):
    ann = {"id": 3, "email": "ann@example.org", "first_name": "Ann", "last_name": ""}
    sheet = read(
        tmp_path,
        [
            task(17, annotation(choice("Rare"), completed_by=ann), annotation(choice("Junk"), completed_by=10)),
            task(18, annotation(choice("Common"))),
        ],
    )
    assert sheet.columns == ("image", "origin", "rarity")
    assert cells(sheet, "origin", "rarity") == [("ann@example.org", "Rare"), ("annotator:10", "Junk"), ("", "Common")]
    assert sheet.entries == ("task 17, annotation 1", "task 17, annotation 2", "task 18")
    columns = plan_columns(sheet.columns, {}, task_name="rarity")
    assert columns.frame is not None
    assert columns.frame.name == "image"
    assert [(item.column.name, item.origin) for item in columns.classes] == [("rarity", None)]


def test_cancelled_annotations_state_nothing_and_unanswered_tasks_have_a_row(tmp_path):
    sheet = read(tmp_path, [task(1, annotation(choice("Rare"), was_cancelled=True), annotation()), task(2)])
    assert cells(sheet, "image", "origin") == [("TT_S01_E01_FRM-00-00-08-00.jpg", "")] * 2
    assert not sheet.faults


def test_what_a_model_predicted_has_the_origin_of_the_model(tmp_path):
    predictions = [{"model_version": "rare 2", "result": [choice("Rare")]}, {"result": [choice("Junk")]}, 55]
    sheet = read(tmp_path, [task(1, predictions=predictions)])
    assert cells(sheet, "origin", "rarity") == [("model:rare 2", "Rare"), ("model:label-studio", "Junk")]


def test_several_controls_are_several_columns_and_one_of_a_usual_name_is_called_class(tmp_path):
    both = annotation(choice("Rare"), choice("LS", control="scale"))
    assert read(tmp_path, [task(1, both)]).columns == ("image", "origin", "rarity", "scale")
    assert read(tmp_path, [task(1, annotation(choice("Rare", control="choice")))]).columns[-1] == "class"


def test_data_is_never_taken_for_an_answer(tmp_path):
    one = task(1, annotation(choice("Rare", control="mood")))
    one["data"] |= {"label": "Junk", "origin": "web", "mood": "x"}
    sheet = read(tmp_path, [one])
    assert sheet.columns == ("image", "data.label", "data.origin", "data.mood", "origin", "mood")
    with pytest.raises(SheetError, match="no column holds the classes"):
        plan_columns(sheet.columns, {}, task_name="rarity")


@pytest.mark.parametrize(
    ("served", "was"),
    [
        ("/data/upload/83/42d46c4c-my-pic.jpeg", "my-pic.jpeg"),
        ("https://studio.example/data/upload/1/0a1b2c3d-b%20c.jpg", "b c.jpg"),
        ("/data/local-files/?d=shoot%2Fa.jpg", "shoot/a.jpg"),
        ("s3://bucket/S01/a.jpg", "s3://bucket/S01/a.jpg"),
    ],
)
def test_a_picture_is_called_as_it_was_before_it_was_served(tmp_path, served, was):
    assert cells(read(tmp_path, [task(1, image=served)]), "image") == [(was,)]


def test_drawn_regions_are_passed_over(tmp_path):
    region = {"x": 50.8, "y": 5.8, "width": 12.4, "height": 10.4, "rectanglelabels": ["Moonwalker"]}
    box = {"from_name": "tag", "to_name": "img", "type": "rectanglelabels", "value": region}
    sheet = read(tmp_path, [task(1, annotation(box, choice("Rare")))])
    assert cells(sheet, "rarity") == [("Rare",)]


def test_every_faulty_task_is_named_and_the_others_are_read(tmp_path):
    sheet = read(
        tmp_path,
        [
            task(1, annotation(choice("Rare", "Junk"))),
            {"id": 2, "annotations": []},
            task(3, "x"),
            7,
            task(5, annotation({"type": "choices", "from_name": "rarity", "value": {"choices": "Rare"}})),
            task(6, annotation(choice("Common"))),
        ],
    )
    assert [str(fault) for fault in sheet.faults] == [
        "export.json, task 1: rarity: 'Rare' and 'Junk' were chosen together, and a picture has one class. Keep one",
        "export.json, task 2: it has no data, so nobody knows which picture it is about",
        "export.json, task 3: an annotation must be an object with a list 'result'",
        "export.json, item 4: a task must be an object",
        "export.json, task 5: a result of the type 'choices' must have a list 'choices' in its value",
    ]
    assert cells(sheet, "rarity")[-1] == ("Common",)


def test_a_small_export_is_read_too(tmp_path):
    flat = {"image": "/data/upload/1/42d46c4c-a.jpg", "id": 5, "annotator": 2, "annotation_id": 9,
            "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z", "lead_time": 4.2}  # fmt: skip
    sheet = read(tmp_path, [flat | {"choice": "Rare"}, flat | {"id": 6, "choice": {"choices": ["Rare", "Junk"]}}])
    assert sheet.columns == ("image", "class", "origin")
    assert sheet.rows == (("a.jpg", "Rare", "annotator:2"), ("a.jpg", "Rare; Junk", "annotator:2"))
    assert sheet.entries == ("task 5", "task 6")


def test_a_task_alone_and_an_export_of_another_name_are_known_by_their_content(tmp_path):
    one = task(1, annotation(choice("Rare")))
    assert cells(read(tmp_path, one), "rarity") == [("Rare",)]
    assert cells(read(tmp_path, [one], "export.txt"), "rarity") == [("Rare",)]


def test_a_plain_list_of_objects_is_a_sheet(tmp_path):
    sheet = read(tmp_path, [{"file": "a.jpg", "class": "Rare", "n": 7}, {"file": "b.jpg"}, "x"])
    assert (sheet.columns, sheet.rows) == (("file", "class", "n"), (("a.jpg", "Rare", "7"), ("b.jpg", "", "")))
    assert sheet.entries == ("item 1", "item 2")
    assert [str(fault) for fault in sheet.faults] == [
        'export.json, item 3: an entry must be an object such as {"file": "a.jpg", "class": "MS"}'
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1},\n{"b" 2}]', "export.json, row 2: not JSON"),
        ("[1, 2]", "holds no object"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"a": ' + "1" * 5000 + "}]", "a number that is too long"),
    ],
)
def test_what_is_not_such_a_document_is_refused(tmp_path, text, message):
    with pytest.raises(SheetError, match=message):
        read(tmp_path, text)
