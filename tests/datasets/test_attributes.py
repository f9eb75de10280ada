from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from rushes.catalog.catalog import StoredFrame, open_catalog
from rushes.datasets.attributes import KNOWN_COLUMNS, JudgedFrame, read_attributes
from rushes.errors import SheetError, UsageError
from rushes.footage.source import Frame, Source

FILM, PHOTO, LOST = "a" * 64, "b" * 64, "c" * 64
NOW = "2026-11-26T00:00:00Z"


@pytest.fixture
def project(tmp_path):
    """Two frames of a film and two photographs, one of whose files is gone, in a catalog; and one it does not know."""
    exif = Image.Exif()
    exif.update({0x010F: "Canon", 0x0110: "Canon EOS R5"})
    exif.get_ifd(0x8769).update({0x8827: 800})
    (tmp_path / "frames").mkdir()
    Image.new("RGB", (30, 20), (255, 255, 255)).save(tmp_path / "card.jpg", exif=exif)
    sources = [
        Source(FILM, str(tmp_path / "film.mov"), "FILM", "FILM", "video", 1920, 1080, "h264", 0, Fraction(24), 100,
               Fraction(100, 24), "2024-05-01T03:00:00"),
        Source(PHOTO, str(tmp_path / "card.jpg"), "IMG_1", "shoot", "photo", 6000, 4000, "jpeg",
               captured_at="2023-05-01T13:30:00.25+02:00"),
        Source(LOST, str(tmp_path / "gone.jpg"), "IMG_2", "shoot", "photo", 6000, 4000, "jpeg"),
    ]  # fmt: skip
    frames = [
        Frame(FILM, 0, Fraction(1, 24), 0, "00:00:00:00", "FILM_FRM-00-00-00-00"),
        Frame(FILM, 95, Fraction(1, 24), 95, "00:00:03:23", "FILM_FRM-00-00-03-23"),
        Frame(PHOTO, 0, Fraction(1), 0, "00:00:00:00", "IMG_1"),
        Frame(LOST, 0, Fraction(1), 0, "00:00:00:00", "IMG_2"),
    ]
    for number, frame in enumerate(frames):
        if frame.source != LOST:
            pixels = np.full((20, 30, 3), 51 * number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "frames" / f"{frame.name}.png")
    catalog = open_catalog(tmp_path / "catalog.db")
    for source in sources:
        catalog.add_source(source, now=NOW)
    catalog.add_frames([StoredFrame(frame, f"frames/{frame.name}.png", "", None) for frame in frames], now=NOW)
    judged = [
        JudgedFrame(frame.id, frame.name, f"frames/{frame.name}.png", "FILM" if frame.source == FILM else "shoot", "me")
        for frame in frames
    ]
    with catalog:
        yield tmp_path, catalog, [*judged, JudgedFrame("elsewhere.jpg", "elsewhere", "elsewhere.jpg", "", "")]


def columns(project, *asked, **more):
    root, catalog, frames = project
    return read_attributes(
        frames, catalog=catalog, project_root=root, cache_folder=root / "cache", asked=asked, **more
    ).columns


def test_what_the_catalog_knows_of_a_frame_and_nothing_of_one_that_it_does_not_know(project):
    found = columns(project, "source", "kind", "codec", "resolution", "frame rate", "group", "label origin")
    assert found["source"] == ("FILM", "FILM", "IMG_1", "IMG_2", None)
    assert found["kind"] == ("video", "video", "photo", "photo", None)
    assert found["resolution"] == ("1920×1080", "1920×1080", "6000×4000", "6000×4000", None)
    assert found["frame rate"] == ("24", "24", None, None, None)
    assert found["group"] == ("FILM", "FILM", "shoot", "shoot", None)
    assert found["label origin"] == ("me", "me", "me", "me", None)


def test_position_and_time(project):
    found = columns(project, "position", "year", "month", "time of day")
    assert found["position"] == ("00–10 %", "90–100 %", None, None, None)
    assert found["year"] == ("2024", "2024", "2023", None, None)
    assert found["month"][2] == "2023-05"
    assert found["time of day"] == (None, None, "afternoon, 12–18 h", None, None)


def test_what_cameras_state_is_read_from_the_file_and_kept(project):
    assert columns(project, "camera", "iso") == {
        "camera": (None, None, "Canon EOS R5", None, None),
        "ISO": (None, None, 800.0, None, None),
    }
    (project[0] / "card.jpg").unlink()
    assert columns(project, "camera")["camera"][2] == "Canon EOS R5"


def test_pictures_are_measured_and_one_that_is_gone_is_not_known(project):
    found = columns(project, "brightness", "aspect", "picture size")
    assert found["brightness"] == (0, pytest.approx(0.2), pytest.approx(0.4), None, None)
    assert found["aspect"] == ("1.50", "1.50", "1.50", None, None)
    assert found["picture size"] == ("30×20", "30×20", "30×20", None, None)


def test_without_being_asked_what_costs_little_is_looked_at_and_groups_are_not(project):
    found = columns(project)
    assert {"kind", "resolution", "camera", "position", "brightness", "sharpness"} <= set(found)
    assert not {"group", "source", "contrast"} & set(found)


def test_columns_are_asked_for_in_any_spelling_and_once(project):
    assert list(columns(project, "Time-Of-Day", "time of day", "Subject")) == ["time of day"]


def test_an_unknown_column_names_the_nearest_and_lists_all(project):
    with pytest.raises(UsageError, match="Did you mean 'camera'") as error:
        columns(project, "camara")
    assert all(f"'{name}'" in str(error.value) for name in KNOWN_COLUMNS)


def test_a_sheet_adds_columns_and_its_own_go_before_those_of_the_project(project):
    sheet = project[0] / "people.csv"
    sheet.write_text("source,person,Camera\nIMG_1,bride,phone\nIMG_9,groom,phone\n", encoding="utf-8")
    root, catalog, frames = project
    found = read_attributes(frames, catalog=catalog, project_root=root, cache_folder=root / "cache", sheet=sheet)
    assert found.columns["person"] == (None, None, "bride", None, None)
    assert found.columns["Camera"] == (None, None, "phone", None, None)
    assert "camera" not in found.columns
    assert found.remarks == (
        "1 row of the sheet could not be used: people.csv, row 3, source: the source 'IMG_9' has no frame in the "
        "catalog. Did you mean 'IMG_2'?",
    )
    assert list(columns(project, "PERSON", "kind", sheet=sheet)) == ["person", "kind"]


def test_a_sheet_that_fits_nothing_is_refused(project):
    sheet = project[0] / "people.csv"
    sheet.write_text("source,person\nIMG_9,groom\n", encoding="utf-8")
    with pytest.raises(SheetError, match="the source 'IMG_9' has no frame in the catalog"):
        columns(project, sheet=sheet)


def test_what_is_judged_is_found_by_the_path_of_its_photograph_its_picture_or_the_name_of_its_film(project):
    root, catalog, frames = project
    sheet = root / "people.csv"
    sheet.write_text(f"image,who\n{root}/card.jpg,Ann\nelsewhere.jpg,Bob\nIMG_2,Cy\n", encoding="utf-8")
    assert columns(project, sheet=sheet)["who"] == (None, None, "Ann", "Cy", "Bob")
    sheet.write_text("film,who\nFILM,Dee\nIMG_2,Cy\n", encoding="utf-8")
    few = read_attributes(frames[1:3], catalog=catalog, project_root=root, cache_folder=root / "cache", sheet=sheet)
    assert few.columns["who"] == ("Dee", None)
    assert few.remarks == ()
    assert few.notes == ("1 row of the sheet is about sources of the project that are not judged here.",)


def test_a_frame_that_the_catalog_knows_by_another_id_is_found_by_its_picture(project):
    root, catalog, frames = project
    sheet = root / "people.csv"
    sheet.write_text("image,who\nIMG_1,Ann\n", encoding="utf-8")
    once = [replace(frames[2], id=f"{'d' * 16}:0")]
    found = read_attributes(once, catalog=catalog, project_root=root, cache_folder=root / "cache", sheet=sheet)
    assert found.columns["who"] == ("Ann",)


def test_an_unknown_column_says_what_the_sheet_has_or_that_a_sheet_brings_columns(project):
    with pytest.raises(UsageError, match="Columns of your own come with --with SHEET"):
        columns(project, "photographer")
    sheet = project[0] / "people.csv"
    sheet.write_text("image,who\nIMG_1,Ann\n", encoding="utf-8")
    with pytest.raises(UsageError, match="The sheet has: 'who'"):
        columns(project, "photographer", sheet=sheet)


def test_without_frames_every_column_is_empty(project):
    root, catalog, _ = project
    found = read_attributes([], catalog=catalog, project_root=root, cache_folder=root / "cache")
    assert set(found.columns.values()) == {()}
