from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rushes.errors import SheetError
from rushes.labels.columns import plan_columns, plan_sheets
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.files import read_sheets

META = """<version>1.1</version>
  <meta><task><id>7</id><name>season</name><size>3</size><mode>{mode}</mode>
    <labels><label><name>Rare</name><attributes><attribute><name>sure</name></attribute></attributes></label></labels>
  </task><dumped>2026-11-20 10:00:00.000000+00:00</dumped>{source}</meta>"""
IMAGES = META.format(mode="annotation", source="")
VIDEO = META.format(mode="interpolation", source="<source>film0.mp4</source>")


def read(folder: Path, body: str, name: str = "annotations.xml") -> list[Sheet]:
    path = folder / name
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n{body}\n</annotations>\n', encoding="utf-8"
    )
    return read_sheets(path, root=folder)


def table(sheet: Sheet) -> list[dict[str, str]]:
    return [{column: cell for column, cell in zip(sheet.columns, row, strict=True) if cell} for row in sheet.rows]


def test_tags_are_classes_attributes_are_columns_and_what_is_drawn_is_a_subject(tmp_path):
    [sheet] = read(
        tmp_path,
        f"""{IMAGES}
  <image id="0" name="shoot/a.jpg" width="640" height="480">
    <box label="car" source="manual" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4" z_order="0">
      <attribute name="colour">red</attribute></box>
    <polygon label="sea" source="manual" points="1,2;3,4;5,6" z_order="0"></polygon>
    <tag label="Rare" source="manual"><attribute name="sure">yes</attribute></tag>
  </image>
  <image id="1" name="b.jpg" width="640" height="480"><tag label="Junk" source="auto"></tag></image>
  <image id="2" name="c.jpg" width="640" height="480"></image>
  <image id="3" name="d.jpg"><box label="car" xtl="1" ytl="2" xbr="3" ybr="4"/></image>""",
    )
    assert sheet.columns == ("image", "label", "sure", "origin", "subjects")
    assert table(sheet) == [
        {"image": "shoot/a.jpg", "label": "Rare", "sure": "yes", "subjects": "car; sea"},
        {"image": "b.jpg", "label": "Junk", "origin": "model:cvat"},
        {"image": "c.jpg"},
        {"image": "d.jpg", "subjects": "car"},
    ]
    assert sheet.entries[0] == "image shoot/a.jpg, line 11"
    columns = plan_columns(sheet.columns, {}, task_name="rarity")
    assert columns.frame is not None
    assert columns.subjects is not None
    assert (columns.frame.name, columns.classes[0].column.name) == ("image", "label")
    assert plan_columns(sheet.columns, {}, task_name="sure").classes[0].column.name == "sure"


def test_frames_of_a_film_are_known_by_their_ordinal(tmp_path):
    [sheet] = read(tmp_path, f'{VIDEO}<image id="12" name="frame_000012"><tag label="Rare"/></image>')
    assert table(sheet) == [{"source": "film0.mp4", "ordinal": "12", "label": "Rare"}]


def test_a_track_is_a_range_for_each_stretch_in_which_it_is_seen(tmp_path):
    box = '<box frame="{}" outside="{}" occluded="0" keyframe="1" xtl="0" ytl="0" xbr="9" ybr="9"{}'
    seen = [
        box.format(0, 0, "/>"),
        box.format(1, 0, "/>"),
        box.format(5, 1, "/>"),
        box.format(8, 0, '><attribute name="sure">yes</attribute></box>'),
        box.format(10, 0, '><attribute name="sure">no</attribute></box>'),
        box.format(11, 0, '><attribute name="sure">no</attribute></box>'),
    ]
    sheets = read(
        tmp_path,
        f"""{VIDEO}<track id="0" label="Rare" source="manual">{"".join(seen)}</track>
        <track id="1" label="Junk" source="manual">{box.format(3, 0, "/>")}{box.format(4, 1, "/>")}</track>""",
    )
    [(sheet, columns)] = plan_sheets(sheets, {}, task_name="rarity")
    assert [(row["start"], row["stop"], row.get("sure"), row["label"]) for row in table(sheet)] == [
        ("0", "5", None, "Rare"),
        ("8", "10", "yes", "Rare"),
        ("10", "12", "no", "Rare"),
        ("3", "4", None, "Junk"),
    ]
    assert {row["source"] for row in table(sheet)} == {"film0.mp4"}
    assert columns.start is not None
    assert columns.stop is not None


def test_tracks_of_a_project_find_the_film_of_their_task(tmp_path):
    tasks = "".join(f"<task><id>{n}</id><source>film{n}.mp4</source></task>" for n in (3, 4))
    box = '<box frame="2" outside="0"/>'
    [sheet] = read(
        tmp_path,
        f'<meta><project><id>1</id><tasks>{tasks}</tasks></project></meta><track id="0" label="Rare" task_id="4">{box}'
        f'</track><track id="1" label="Rare">{box}</track>',
    )
    assert [row["source"] for row in table(sheet)] == ["film4.mp4"]
    assert [str(fault).removeprefix("annotations.xml, ") for fault in sheet.faults] == [
        "track 1, line 3: the track lacks a film: the export names no source for it"
    ]


def test_faults_are_named_by_image_track_and_line_and_stand_with_their_own_kind(tmp_path):
    images, tracks = read(
        tmp_path,
        f"""{VIDEO}
<image id="0" name="a.jpg"><tag/><tag label="Rare"/></image>
<image id="1"/>
<track id="0" label="Rare"><box frame="x" outside="0"/><box frame="9" outside="0"/><box frame="3" outside="0"/></track>
""",
    )
    assert (images.name, tracks.name) == ("annotations.xml [images]", "annotations.xml [tracks]")
    assert [str(fault) for fault in images.faults] == [
        "annotations.xml, image a.jpg, line 7: a tag has no label",
        "annotations.xml, image 1, line 8: the image has no name",
    ]
    assert [str(fault) for fault in tracks.faults] == [
        "annotations.xml, track 0, line 9: frame is 'x'; it must be a whole number from 0",
        "annotations.xml, track 0, line 9: frame 3 does not come after frame 9",
    ]
    assert [row["stop"] for row in table(tracks)] == ["10"]


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE annotations [<!ENTITY a "b">]>',
        '<!DOCTYPE annotations [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE annotations SYSTEM "http://127.0.0.1:1/x.dtd">',
    ],
)
def test_entities_and_document_types_are_refused(tmp_path, prologue):
    path = tmp_path / "a.xml"
    path.write_text(f'{prologue}<annotations><image name="a.jpg"><tag label="&a;"/></image></annotations>')
    with pytest.raises(SheetError, match=r"a\.xml, row 1: it declares a document type or entities"):
        read_sheets(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotations><image name='a'>", r"row 1: this is not whole XML \(no element found\)"),
        ("<annotation><folder>a</folder></annotation>", "its root is 'annotation', not 'annotations'"),
        ("<annotations><version>1.1</version></annotations>", "it holds no image and no track"),
        ("<annotations><image id='1'/></annotations>", "image 1, line 1: the image has no name"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path, text, message):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(SheetError, match=message):
        read_sheets(path)


def test_an_archive_is_read_without_its_pictures(tmp_path):
    path = tmp_path / "task.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images/a.jpg", b"not a picture")
        archive.writestr(
            "annotations.xml", "<annotations><image name='a.jpg'><tag label='Rare'/></image></annotations>"
        )
    [sheet] = read_sheets(path, root=tmp_path)
    assert (table(sheet), sheet.key) == ([{"image": "a.jpg", "label": "Rare"}], "task.zip#images")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", b"")
    with pytest.raises(SheetError, match=r"holds 0 files annotations\.xml"):
        read_sheets(path)
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(SheetError, match="cannot be unpacked"):
        read_sheets(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_damaged_is_said_to_be(tmp_path, method):
    path = tmp_path / "task.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("annotations.xml", "<annotations>" + "<image name='a'/>" * 500 + "</annotations>")
    content = bytearray(path.read_bytes())
    content[50:60] = b"\xff" * 10
    path.write_bytes(content)
    with pytest.raises(SheetError, match="the archive cannot be unpacked"):
        read_sheets(path)
