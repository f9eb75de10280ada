"""The demo's sheet of labels: three origins of different trust, doubts and slips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import polars
import pytest

from rushes.datasets.synthetic.sheet import COLUMNS, JONNY, SUPERVISED, UNSUPERVISED, write_demo_sheet
from rushes.datasets.synthetic.truth import SCALES, FilmTruth, ShotTruth

FILM = FilmTruth(
    Path("TT_S01_E01.mp4"),
    "A Film",
    Fraction(24),
    (
        ShotTruth(0, 20, None, "static"),
        *(ShotTruth(20 + 100 * k, 120 + 100 * k, scale, "static") for k, scale in enumerate(SCALES)),
    ),
)
FRAMES = [(f"TT_S01_E01_FRM-00-00-{k // 24:02d}-{k % 24:02d}", "TT_S01_E01", k) for k in range(FILM.frame_count)]


def cells(path: Path) -> polars.DataFrame:
    return polars.read_excel(path, infer_schema_length=0)


def test_the_sheet_has_the_columns_of_an_episode_and_a_row_per_frame(tmp_path: Path) -> None:
    written = write_demo_sheet(tmp_path / "S01.xlsx", [FILM], FRAMES)
    table = cells(written.path)
    assert tuple(table.columns) == COLUMNS
    assert table["FRAME NUMBER"].to_list() == [name for name, _, _ in FRAMES]
    assert written.rows == len(FRAMES)


def test_frames_of_title_cards_carry_no_label(tmp_path: Path) -> None:
    table = cells(write_demo_sheet(tmp_path / "S01.xlsx", [FILM], FRAMES).path)[:20]
    assert all(table[column].null_count() == 20 for column in (UNSUPERVISED, SUPERVISED, JONNY))


def test_the_more_trusted_an_origin_the_fewer_and_the_better_its_labels(tmp_path: Path) -> None:
    written = write_demo_sheet(tmp_path / "S01.xlsx", [FILM], FRAMES, misspelt=0)
    table = cells(written.path)
    truth = [FILM.shot_at(k).scale for _, _, k in FRAMES]
    shares, counts = [], []
    for column in (UNSUPERVISED, SUPERVISED, JONNY):
        given = [(said, scale) for said, scale in zip(table[column].to_list(), truth, strict=True) if said is not None]
        counts.append(len(given))
        shares.append(sum(said == scale for said, scale in given) / len(given))
    assert counts == list(written.counts.values())
    assert counts[0] == 500 > counts[1] > counts[2] > 0
    assert shares[0] < 0.85 < shares[1] < shares[2] == 1.0
    assert written.conflicts > 50


def test_misspelt_cells_are_listed_and_name_no_class(tmp_path: Path) -> None:
    written = write_demo_sheet(tmp_path / "S01.xlsx", [FILM], FRAMES, misspelt=5)
    table = cells(written.path)
    assert len(written.misspelt) == 5
    for slip in written.misspelt:
        assert table[slip.column][slip.row - 2] == slip.found
        assert table["FRAME NUMBER"][slip.row - 2] == slip.frame
        assert slip.found not in SCALES
        assert slip.meant in SCALES


def test_the_corrected_sheet_differs_in_the_misspelt_cells_alone(tmp_path: Path) -> None:
    faulty = write_demo_sheet(tmp_path / "faulty.xlsx", [FILM], FRAMES, misspelt=3)
    right = cells(write_demo_sheet(tmp_path / "right.xlsx", [FILM], FRAMES, misspelt=0).path)
    table = cells(faulty.path)
    differing = {
        (row + 2, column)
        for column in COLUMNS
        for row in range(len(FRAMES))
        if table[column][row] != right[column][row]
    }
    assert differing == {(slip.row, slip.column) for slip in faulty.misspelt}


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first = write_demo_sheet(tmp_path / "a.xlsx", [FILM], FRAMES, seed=3)
    again = write_demo_sheet(tmp_path / "b.xlsx", [FILM], FRAMES, seed=3)
    other = write_demo_sheet(tmp_path / "c.xlsx", [FILM], FRAMES, seed=4)
    assert first.path.read_bytes() == again.path.read_bytes() != other.path.read_bytes()


def test_a_frame_of_an_unknown_film_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no truth for the films TT_S01_E09"):
        write_demo_sheet(tmp_path / "S01.xlsx", [FILM], [("x", "TT_S01_E09", 0)])
    assert not (tmp_path / "S01.xlsx").exists()
