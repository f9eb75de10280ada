"""Datasets in the layout of Hugging Face's imagefolder, and class folders."""

from __future__ import annotations

import json
from pathlib import Path

import polars
import pytest

from rushes.errors import SheetError
from rushes.labels.columns import plan_columns
from rushes.labels.sheets.class_names import names_in_card, names_in_json
from rushes.labels.sheets.files import read_sheets
from rushes.storage.files import digest_of_bytes

CARD = """---
license: cc0-1.0
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': Junk
          '1': "Un common"
          '2': Rare
  - name: mood
    dtype:
      class_label:
        names:
        - good
        - bad
  splits:
  - name: train
    num_examples: 3
---
# A dataset
- name: not this
"""
INFO = {"features": {"label": {"names": ["Junk", "Rare"], "_type": "ClassLabel"}, "image": {"_type": "Image"}}}
FRAME = "TT_S01_E01_FRM-00-00-08-00"


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_names_of_classes_are_read_from_a_card_and_from_json():
    assert names_in_card(CARD) == {"label": ("Junk", "Un common", "Rare"), "mood": ("good", "bad")}
    assert names_in_card(CARD.removeprefix("---\n")) == {}
    assert names_in_card(CARD.replace("---\n# A", "# A")) == {}
    assert names_in_json(json.dumps({"default": INFO})) == {"label": ("Junk", "Rare")}
    assert names_in_json("{") == {}


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_file_names_are_relative_to_the_folder_and_numbers_are_named(tmp_path, name):
    put(tmp_path / "README.md", CARD)
    put(tmp_path / "train" / "0001.jpg", "a picture")
    rows = [("0001.jpg", 2), ("gone.jpg", 0), (f"{FRAME}.jpg", 9)]
    text = "file_name,label\n" + "".join(f"{file},{label}\n" for file, label in rows)
    if name.endswith("jsonl"):
        text = "\n".join(json.dumps({"file_name": file, "label": label}) for file, label in rows)
    [sheet] = read_sheets(put(tmp_path / "train" / name, text))
    assert sheet.columns == ("file_name", "label")
    assert sheet.rows == (
        ((tmp_path / "train" / "0001.jpg").as_posix(), "Rare"),
        ("gone.jpg", "Junk"),
        (f"{FRAME}.jpg", "9"),
    )
    assert sheet.digests == (digest_of_bytes(b"a picture"), "", "")
    assert plan_columns(sheet.columns, {}).frame is not None


def test_a_name_that_leads_out_of_the_folder_is_left_as_it_is(tmp_path):
    put(tmp_path / "a.jpg")
    path = put(tmp_path / "set" / "metadata.csv", "file_name,label\n../a.jpg,x\nhttps://a.example/b.jpg,y\n")
    [sheet] = read_sheets(path)
    assert [row[0] for row in sheet.rows] == ["../a.jpg", "https://a.example/b.jpg"]


def test_a_table_of_parquet_is_read_without_its_pictures(tmp_path):
    table = polars.DataFrame(
        {
            "file_name": [f"{FRAME}.jpg", None],
            "label": [1, 0],
            "image": [{"bytes": b"x" * 100, "path": "p.jpg"}, {"bytes": None, "path": "q.jpg"}],
            "words": [["car", "sea"], []],
            "embedding": [[0.5], [0.25]],
            "sure": [True, None],
        }
    )
    table.write_parquet(tmp_path / "metadata.parquet", metadata={"huggingface": json.dumps({"info": INFO})})
    [sheet] = read_sheets(tmp_path / "metadata.parquet", root=tmp_path)
    assert sheet.columns == ("file_name", "label", "image", "words", "sure")
    assert sheet.rows == ((f"{FRAME}.jpg", "Rare", "p.jpg", "car\nsea", "true"), ("", "Junk", "q.jpg", "", ""))


def test_what_is_no_table_of_parquet_is_refused(tmp_path):
    with pytest.raises(SheetError, match=r"x\.parquet: this is not a Parquet table"):
        read_sheets(put(tmp_path / "x.parquet", "frame,class\n"))
    polars.DataFrame({"frame": []}).write_parquet(tmp_path / "y.parquet")
    with pytest.raises(SheetError, match="holds no row"):
        read_sheets(tmp_path / "y.parquet")
    with pytest.raises(SheetError, match="no such file"):
        read_sheets(tmp_path / "z.parquet")


def test_a_class_folder_is_the_class_of_its_pictures(tmp_path):
    put(tmp_path / "set" / "train" / "Rare" / f"{FRAME}.jpg", "1")
    put(tmp_path / "set" / "train" / "Junk" / "0002.JPG", "2")
    put(tmp_path / "set" / "test" / "Junk" / "0003.jpg", "3")
    put(tmp_path / "set" / "lost.jpg", "4")
    for other in ("SPLIT.md", ".cache/Rare/x.jpg", "train/Rare/.y.jpg", "train/Rare/notes.txt"):
        put(tmp_path / "set" / other)
    [sheet] = read_sheets(tmp_path / "set", root=tmp_path)
    assert (sheet.name, sheet.key, sheet.columns) == ("set", "set", ("file", "class"))
    assert [row[1] for row in sheet.rows] == ["Junk", "Junk", "Rare"]
    assert sheet.entries == ("test/Junk/0003.jpg", "train/Junk/0002.JPG", f"train/Rare/{FRAME}.jpg")
    assert sheet.digests == (digest_of_bytes(b"3"), digest_of_bytes(b"2"), "")
    assert [str(fault) for fault in sheet.faults] == [
        "set, lost.jpg: the picture stands in no class folder. Put it into one, or name the folder above"
    ]


def test_metadata_with_classes_comes_before_class_folders_and_captions_do_not(tmp_path):
    put(tmp_path / "train" / "Rare" / "a.jpg")
    put(tmp_path / "train" / "metadata.csv", "file_name,text\nRare/a.jpg,a car\n")
    assert [row[1] for row in read_sheets(tmp_path)[0].rows] == ["Rare"]
    put(tmp_path / "train" / "metadata.csv", "file_name,label\nRare/a.jpg,Junk\n")
    put(tmp_path / "test" / "metadata.jsonl", '{"file_name": "b.jpg", "label": "Rare"}')
    assert [[row[1] for row in sheet.rows] for sheet in read_sheets(tmp_path)] == [["Rare"], ["Junk"]]


def test_a_project_and_a_folder_without_pictures_are_refused(tmp_path):
    with pytest.raises(SheetError, match=r"no picture in a class folder, and no metadata\.csv"):
        read_sheets(tmp_path)
    put(tmp_path / "rushes.toml")
    with pytest.raises(SheetError, match="this is a project's folder"):
        read_sheets(tmp_path)


def card(*lines: str) -> str:
    names = "".join(f"          {line}\n" for line in lines)
    head = "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
    return f"{head}{names}---\n"


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["'2': Rare", "'1': Common", "'0': Junk"], ("Junk", "Common", "Rare")),
        ([f"'{n}': c{n}" for n in (0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9)], tuple(f"c{n}" for n in range(11))),
        (["- Junk", "- Common"], ("Junk", "Common")),
        (["'0': Junk", "'2': Rare"], None),
        (["'1': Common", "'2': Rare"], None),
        (["'0': Junk", "'0': Rare"], None),
    ],
)
def test_the_names_of_a_card_are_those_of_their_numbers_in_whatever_order_and_none_where_one_is_missing(lines, names):
    assert names_in_card(card(*lines)).get("label") == names
