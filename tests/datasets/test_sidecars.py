from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from rushes.datasets.layout import find_left_out, lay_out
from rushes.datasets.sidecars import Origins, format_metadata, sidecars_of
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import table_of_rows

CLASSES = ("Junk", "Common", "Rare")
ORIGINS = Origins(
    "rarity",
    CLASSES,
    "rarity-manifest-2026-11-20T120000Z.jl",
    "ab" * 32,
    "grouped",
    "rarity-grouped-20261120T120000.000Z.json",
    "cd" * 32,
    7,
    ("E02 and E03 share material",),
)


def a_row(pts: int, class_name: str = "Rare", group: str = "E01", part: str | None = "train", **changes) -> ManifestRow:
    return ManifestRow(
        f"frames/{pts}.jpg",
        class_name,
        group,
        "ef" * 32,
        pts,
        Fraction(1, 24),
        f"00:00:{pts:02d}:00",
        "jonny",
        f"{pts:064d}",
        part,
        f"{group}_{pts}",
        **changes,
    )


ROWS = [
    a_row(3),
    a_row(1, "Common", subjects=("hat", 'a "dog"')),
    a_row(2, group="E02", part="test"),
    a_row(4, group="E|03", part=None),
]


def texts_of(rows: list[ManifestRow], origins: Origins = ORIGINS) -> dict[str, str]:
    table = table_of_rows(rows)
    made = sidecars_of(lay_out(table), table, origins=origins, left_out=find_left_out(table))
    assert {key: list(pieces) for key, pieces in made.items()} == {key: list(pieces) for key, pieces in made.items()}
    return {key: b"".join(pieces).decode() for key, pieces in made.items()}


def test_there_is_metadata_for_the_parts_that_hold_pictures():
    assert set(texts_of(ROWS)) == {"classes.json", "SPLIT.md", "train/metadata.jsonl", "test/metadata.jsonl"}


def test_classes_stand_in_their_order_with_counts_of_each_part():
    assert json.loads(texts_of(ROWS)["classes.json"]) == {
        "schema": "classes/1",
        "task": "rarity",
        "classes": ["Junk", "Common", "Rare"],
        "counts": {
            "train": {"Junk": 0, "Common": 1, "Rare": 1},
            "validation": {"Junk": 0, "Common": 0, "Rare": 0},
            "test": {"Junk": 0, "Common": 0, "Rare": 1},
        },
    }


def test_metadata_says_of_every_picture_of_the_part_what_is_known_in_the_order_of_files():
    lines = [json.loads(line) for line in texts_of(ROWS)["train/metadata.jsonl"].splitlines()]
    assert [line["file_name"] for line in lines] == ["Common/E01_1.jpg", "Rare/E01_3.jpg"]
    assert lines[0] == {
        "file_name": "Common/E01_1.jpg",
        "label": "Common",
        "group": "E01",
        "frame": f"{'ef' * 8}:1",
        "source": "ef" * 32,
        "pts": 1,
        "time_base": "1/24",
        "timecode": "00:00:01:00",
        "origin": "jonny",
        "sha256": f"{1:064d}",
        "subjects": 'hat, a "dog"',
    }


def test_every_line_of_every_part_has_the_same_keys_of_the_same_types():
    texts = texts_of(ROWS)
    lines = [json.loads(line) for key, text in texts.items() if key.endswith(".jsonl") for line in text.splitlines()]
    assert len({tuple((key, type(value)) for key, value in line.items()) for line in lines}) == 1


def test_long_metadata_comes_in_pieces_that_end_with_lines():
    rows = [a_row(pts) for pts in range(140_000)]
    table = table_of_rows(rows)
    pieces = list(format_metadata(lay_out(table), table, "train"))
    assert len(pieces) == 3
    assert all(piece.endswith(b"\n") for piece in pieces)
    names = [json.loads(line)["file_name"] for line in b"".join(pieces).splitlines()]
    assert names == sorted(names)
    assert len(names) == len(rows)


def test_the_page_tells_a_person_what_is_where_why_and_how_to_make_it_again():
    page = texts_of(ROWS)["SPLIT.md"]
    assert "# rarity: 3 pictures" in page
    assert "> E02 and E03 share material" in page
    assert "| part | pictures | Junk | Common | Rare |" in page
    assert "| train | 2 | 0 | 1 | 1 |" in page
    assert "| all | 3 | 0 | 1 | 2 |" in page
    assert "| E02 | test | 1 | 0 | 0 | 1 |" in page
    assert "| the manifest states no part of it | 1 |" in page
    assert f"- `{'ef' * 8}:4` (Rare, E|03)" in page
    assert f"manifest `{ORIGINS.manifest}`, SHA-256 `{'ab' * 32}`" in page
    assert f"split `{ORIGINS.split}`, SHA-256 `{'cd' * 32}`, seed 7" in page
    assert "rushes build --task rarity --split grouped --to DIR" in page


@pytest.mark.parametrize(("kind", "said"), [("grouped", "no group stands in two parts"), ("mixed", "flatter")])
def test_the_page_says_what_kind_of_split_it_is(kind: str, said: str):
    assert said in texts_of(ROWS, replace(ORIGINS, kind=kind))["SPLIT.md"]


def test_a_page_without_a_split_file_says_that_the_manifest_tells():
    page = texts_of(ROWS[:3], replace(ORIGINS, split="", split_digest="", seed=None))["SPLIT.md"]
    assert "the parts that the manifest itself states" in page
    assert "Nothing: every labelled frame of the manifest is in a part." in page
