"""What is understood of a film, as files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import opentimelineio as otio
import pytest

from rushes.errors import MediaError, UsageError
from rushes.labels.sheets.csv import parse_csv
from rushes.structure.film import Film
from rushes.structure.outputs import (
    EXTENSIONS,
    format_film_csv,
    format_table,
    markers_of,
    needs_pictures,
    part_of,
    plan_film_files,
    write_film,
)
from rushes.structure.rows import TABLES
from rushes.structure.subtitle import FilmSubtitles, Subtitle
from rushes.structure.table import table_of
from rushes.timelines.formats.csv import columns_of_timeline, format_csv
from rushes.timelines.formats.files import FORMATS
from structure.example import example_film
from timelines.formats.test_eaf import tiers_of
from timelines.formats.test_markers import READERS

FILM = example_film()
NAMES = ('Ada & <Co> "x"\x07', "مريم", '=HYPERLINK("x")', "-2; 3")
LONE = "half \udc80 of a letter"
SILENT = (".markers.edl", ".objects.csv", ".subtitles.csv")  # that name nobody in the example


def hostile_film() -> Film:
    """Return the example with names and subtitles that formats stumble over."""
    characters = tuple(replace(one, name=name) for one, name in zip(FILM.characters or (), NAMES, strict=True))
    assert FILM.subtitles is not None
    last = float(FILM.timeline.duration_seconds)
    entries = (
        Subtitle(-1.0, 0.5, "- Yes\n- No", 0, 1),
        Subtitle(1.0, 2.0, "", 0, 1),
        Subtitle(1.5, 3.0, "a\x00b\r\n=1+1", 0, 1),
        Subtitle(last - 0.1, last + 5, "late", 43, 44),
        Subtitle(last + 6, last + 7, "after the end", 44, 44),
    )
    return replace(FILM, characters=characters, subtitles=replace(FILM.subtitles, entries=entries))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("film", [FILM, hostile_film()], ids=["example", "hostile"])
@pytest.mark.parametrize("ending", [*READERS])
def test_every_scene_is_found_again_in_each_file(film: Film, ending: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"film{ending}"
    assert write_film(film, path) == [path]
    assert list(path.parent.iterdir()) == [path]
    text = path.read_bytes().decode()
    wanted = [f"Scene {number}" for number in range(1, 7)]
    if ending == ".csv":
        found = [f"Scene {number}" for number in dict.fromkeys(row["scene"] for row in rows_of(text))]
    elif ending == ".json":
        found = [f"Scene {one['scene']}" for one in json.loads(text)["scenes"]]
    else:
        found = [*READERS[ending][1](text, film.timeline)]
    assert found == wanted


def test_editing_programs_find_the_scenes_and_dialogues_where_they_are(tmp_path: Path) -> None:
    write_film(FILM, tmp_path / "film.otio")
    write_film(FILM, tmp_path / "film.edl")
    read = otio.adapters.read_from_file(str(tmp_path / "film.otio"))
    found = {one.name: one.marked_range for one in read.tracks.markers}
    assert [*found] == [
        "Scene 1", "Scene 2", "Dialogue 1", "Scene 3", "Scene 4", "Dialogue 2", "Scene 5", "Scene 6", "Dialogue 3",
    ]  # fmt: skip
    second = FILM.timeline.shots[5].start_slot, FILM.timeline.shots[15].stop_slot
    assert (found["Dialogue 1"].start_time.value, found["Dialogue 1"].end_time_exclusive().value) == second
    assert list(read.tracks[0][5].metadata["rushes"]["layers"]["character"]) == ["Ada"]
    cuts = otio.adapters.read_from_string((tmp_path / "film.edl").read_text(), "cmx_3600", rate=24)
    located = {one.name.partition(" to ")[0]: one for clip in cuts.tracks[0] for one in clip.markers}
    assert set(located) == set(found)
    assert located["Dialogue 1"].color == "GREEN"


def test_scholars_find_tiers_for_all_that_is_known(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    write_film(hostile_film(), tmp_path / "film.eaf")
    tiers = tiers_of(ElementTree.parse(tmp_path / "film.eaf").getroot())
    assert [*tiers] == [
        "Shots", "Scenes", "Dialogues", "Sides", "Set-ups", 'Character: Ada & <Co> "x"', "Character: مريم",
        'Character: =HYPERLINK("x")', "Character: -2; 3", "Subjects", "Subtitles",
    ]  # fmt: skip
    assert [value for *_, value in tiers["Sides"]].count("cutaway") == 2
    assert tiers["Subtitles"][:2] == [(0, 500, "- Yes\n- No"), (1500, 3000, "ab\n=1+1")]
    assert tiers["Subtitles"][2][1] == -(-FILM.timeline.duration_seconds * 1000 // 1)


def test_markers_are_layers_in_order_and_end_with_their_scenes() -> None:
    markers = markers_of(FILM)
    layers = list(dict.fromkeys(one.layer for one in markers))
    assert layers == ["scene", "dialogue", "side", "setup", "character", "subject", "subtitle"]
    ends = [FILM.timeline.shots[scene.stop - 1].stop_seconds for scene in FILM.structure.scenes]
    for one in markers:
        assert not any(one.start < end < one.stop for end in ends)
    seen = sum(one.stop - one.start for one in markers if (one.layer, one.name) == ("character", "Ada"))
    assert float(seen) == pytest.approx((FILM.characters or ())[0].seconds)
    dialogue = next(one for one in markers if one.layer == "dialogue")
    assert dialogue.note.startswith("Ada and character 2; shots 6 to 16; 9 changes")


def test_the_rows_of_shots_begin_as_those_of_a_timeline() -> None:
    ours, plain = rows_of(format_film_csv(FILM)), rows_of(format_csv(FILM.timeline))
    columns = columns_of_timeline(FILM.timeline)
    assert [[row[column] for column in columns] for row in ours] == [[*row.values()] for row in plain]
    sixth = ours[5]
    assert [sixth[name] for name in ("scene", "dialogue", "side", "characters", "subjects", "long_take")] == [
        "2", "1", "A", "Ada", "person; cup", "no",
    ]  # fmt: skip
    assert sixth["subtitles"] == "Line 5 & its <answer>"
    assert (ours[11]["side"], ours[0]["dialogue"], ours[0]["characters"]) == ("cutaway", "", "")


@pytest.mark.parametrize("part", TABLES)
def test_a_part_of_the_name_chooses_the_table(part: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.{part.upper()}.CSV"
    write_film(FILM, path)
    table = TABLES[part](FILM)
    assert path.read_text(encoding="utf-8") == format_table(table)
    found = rows_of(path.read_text(encoding="utf-8"))
    assert len(found) == len(table.rows) > 0
    assert [*found[0]] == [*table.columns]


def test_values_are_read_back_from_cells() -> None:
    for make in TABLES.values():
        table = make(FILM)
        for row, cells in zip(table.rows, rows_of(format_table(table)), strict=True):
            for column, kind in table.columns.items():
                value, cell = row[column], cells[column]
                if value is None:
                    assert cell == ""
                elif kind in ("seconds", "share"):
                    assert float(cell) == pytest.approx(value, abs=5e-4)
                elif kind in ("wholes", "shares", "words"):
                    assert cell.split("; ") == ([str(one) for one in value] or [""]) or kind == "shares"
                elif kind == "yes or no":
                    assert (cell == "yes") is value
                else:
                    assert cell == str(value)


def test_every_face_and_thing_has_its_frame_its_time_and_its_box() -> None:
    face = TABLES["faces"](FILM).rows[0]
    shot = FILM.timeline.shots[6 - 1]
    assert (face["shot"], face["scene"], face["character"], face["title"]) == (6, 2, 1, "Ada")
    assert face["timecode"] == str(FILM.timeline.timecode_at(shot.shot.typical))
    assert (face["ordinal"], face["seconds"]) == (shot.shot.typical, shot.shot.typical / 24)
    across, down = FILM.timeline.width_pixels, FILM.timeline.height_pixels
    assert [face[f"{side}_pixels"] for side in ("left", "top", "width", "height")] == [
        round(0.4 * across), round(-0.05 * down), round(0.18 * across), round(0.32 * down),
    ]  # fmt: skip
    nobody = TABLES["faces"](FILM).rows[1]
    assert (nobody["character"], nobody["title"]) == (None, None)
    assert {one["word"] for one in TABLES["objects"](FILM).rows} == {"car"}


def test_no_cell_runs_as_a_formula_and_reading_it_as_a_sheet_takes_the_mark_away() -> None:
    for part in ("characters", "subtitles", "dialogues"):
        table = TABLES[part](hostile_film())
        words = [column for column, kind in table.columns.items() if kind in ("text", "words")]
        cells = [row[column] for row in rows_of(format_table(table)) for column in words]
        assert not any(cell.startswith(("=", "-", "+", "@")) for cell in cells)
    sheet = parse_csv(format_table(TABLES["characters"](hostile_film())).encode(), name="x", key="x")
    titles = [row[1] for row in sheet.rows]
    assert titles == ['Ada & <Co> "x"', "مريم", '=HYPERLINK("x")', "-2; 3"]


def test_every_shot_is_in_the_scene_and_the_dialogue_that_hold_it() -> None:
    structure = FILM.structure
    for shot in range(44):
        held = [place for place, one in enumerate(structure.dialogues) if one.first <= shot < one.stop]
        assert structure.dialogue_of(shot) == (held[0] if held else None)
        scene = structure.scenes[structure.scene_of(shot)]
        assert scene.first <= shot < scene.stop
    begun = [place for scene in structure.scenes for place in structure.dialogues_in(scene)]
    assert begun == [*range(len(structure.dialogues))]
    for outside in (-1, 44):
        with pytest.raises(IndexError, match="the film has 44"):
            structure.scene_of(outside)


def test_a_film_of_which_little_is_known_is_written_too(tmp_path: Path) -> None:
    bare = replace(
        FILM, characters=None, cast=(), subjects=None, subtitles=None, faces_by="", subjects_by="",
        faces=None, objects=None,
        structure=replace(FILM.structure, dialogues=()), facts=replace(FILM.facts, palettes=(), long_takes=()),
    )  # fmt: skip
    for ending in READERS:
        write_film(bare, tmp_path / f"film{ending}")
    assert {one.layer for one in markers_of(bare)} == {"scene", "setup"}
    assert [len(TABLES[part](bare).rows) for part in TABLES] == [44, 6, 0, 0, 0, 0, 0]
    assert rows_of(format_film_csv(bare))[3]["characters"] == ""
    empty = replace(bare, subtitles=FilmSubtitles("x.srt", (), 0.0, "not known", "no entries"))
    assert {one.layer for one in markers_of(empty)} == {"scene", "setup"}


def test_json_is_the_structure_and_needs_no_pictures() -> None:
    assert table_of(FILM)["schema"] == "film-structure/1"
    assert {extension for extension in EXTENSIONS if needs_pictures(Path(f"a{extension}"))} == {".html"}
    assert {*EXTENSIONS} == {*FORMATS, ".html"}


def test_the_page_is_a_file_like_the_others(tmp_path: Path) -> None:
    pytest.importorskip("rushes.structure.film_page")
    assert write_film(FILM, tmp_path / "film.html", [None] * 44) == [tmp_path / "film.html"]
    assert "Dialogue" in (tmp_path / "film.html").read_text(encoding="utf-8")


def test_files_are_planned_as_those_of_shots_are() -> None:
    films = [Path("a/TT 1.mov"), Path("b/TT 2.mov")]
    assert plan_film_files(films, ["out/{name}.scenes.csv", "{name}.html"]) == [
        (Path("out/TT-1.scenes.csv"), Path("TT-1.html")),
        (Path("out/TT-2.scenes.csv"), Path("TT-2.html")),
    ]
    with pytest.raises(UsageError, match=r"no format of films\. Allowed: \.csv, \.json, .*\.eaf, \.html"):
        plan_film_files(films, ["{name}.jpg"])


def test_the_name_of_a_film_chooses_no_part(tmp_path: Path) -> None:
    patterns = ["{name}.csv", "{name}.scenes.csv", "{name}.edl", "x.Markers.EDL", "x.scenes.edl", "x.markers.csv"]
    assert [part_of(pattern) for pattern in patterns] == ["", "scenes", "", "markers", "", ""]
    ((shots, *_),) = plan_film_files([Path("holiday.scenes.mov")], patterns[:1])
    write_film(FILM, tmp_path / shots, part=part_of(patterns[0]))
    assert (tmp_path / "holiday.scenes.csv").read_text(encoding="utf-8") == format_film_csv(FILM)


@pytest.mark.parametrize("ending", [*EXTENSIONS, ".markers.edl", *(f".{part}.csv" for part in TABLES)])
def test_half_a_letter_in_a_name_keeps_no_file_from_being_written(ending: str, tmp_path: Path) -> None:
    assert FILM.subtitles is not None
    film = replace(
        FILM,
        characters=tuple(replace(one, name=LONE) for one in FILM.characters or ()),
        subjects=((LONE,),) * 44,
        subtitles=replace(FILM.subtitles, name=LONE),
        notes=(LONE,),
    )
    write_film(film, tmp_path / f"film{ending}", [None] * 44)
    assert "half" in (tmp_path / f"film{ending}").read_text(encoding="utf-8") or ending in SILENT


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(MediaError, match=r"film\.eaf: could not be written"):
        write_film(FILM, tmp_path / "file" / "film.eaf")
