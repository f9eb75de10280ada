"""A spreadsheet of labels for rendered films, with the doubts and slips that real ones have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from rushes.datasets.synthetic.truth import SCALES, FilmTruth
from rushes.storage.files import whole_file

UNSUPERVISED = "UNSUPERVISED CLASSIFICATION"
SUPERVISED = "SUPERVISED CLASSIFICATION"
JONNY = "JONNY's RECLASSIFICATION"
COLUMNS: tuple[str, ...] = ("ROW_INDEX", "FRAME NUMBER", UNSUPERVISED, SUPERVISED, JONNY, "METADATA")
_ORIGINS: Mapping[str, str] = {"unsupervised": UNSUPERVISED, "supervised": SUPERVISED, "jonny": JONNY}
_TYPOS: Mapping[str, str] = {"ECS": "ECSS", "CS": "CSS", "MS": "MSS", "FS": "FFS", "LS": "LLS"}

_UNSUPERVISED_WRONG = 0.25
_SUPERVISED_GIVEN = 0.92
_SUPERVISED_WRONG = 0.08
_JONNY_CORRECTS = 0.80  # of the supervised labels that are wrong
_JONNY_CONFIRMS = 0.15  # of the others


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A cell that names no class.

    Attributes:
        row: as a spreadsheet counts, the header is row 1.
        found, meant: what the cell holds, and the class that its writer had in mind.
    """

    row: int
    column: str
    frame: str
    found: str
    meant: str


@dataclass(frozen=True, slots=True)
class DemoSheet:
    """What was written into a sheet.

    Attributes:
        rows: frames, title cards included, the header aside.
        counts: labels per origin, most trusted last: `unsupervised`, `supervised`, `jonny`.
        conflicts: frames on which origins do not agree.
    """

    path: Path
    rows: int
    counts: Mapping[str, int]
    conflicts: int
    misspelt: tuple[Misspelling, ...]


def write_demo_sheet(
    path: Path, truths: Sequence[FilmTruth], frames: Sequence[tuple[str, str, int]], *, seed: int = 0, misspelt: int = 4
) -> DemoSheet:
    """Write an XLSX sheet of labels in the layout of an episode sheet, and return what is in it.

    `unsupervised` labels every frame and is often wrong, `supervised` most frames and is seldom wrong, and
    `jonny` corrects some. Frames of title cards have a row and no label. With `misspelt=0` the same arguments
    write the same sheet without its slips of the pen.

    Args:
        frames: name of the frame, name of its film (`TT_S01_E01`) and its ordinal in the film.
        misspelt: how many cells name no class, at most as many as there are labels that are not unsupervised.

    Raises:
        ValueError: a frame's film is not among the truths, or has no such ordinal.
    """
    by_name = {truth.name: truth for truth in truths}
    unknown = sorted({film for _, film, _ in frames} - by_name.keys())
    if unknown:
        raise ValueError(f"no truth for the films {', '.join(unknown)}; known are {', '.join(sorted(by_name))}")
    rng = np.random.default_rng([seed, 17])
    meant: list[dict[str, str]] = []
    for _, film, ordinal in frames:
        scale = by_name[film].shot_at(ordinal).scale
        meant.append({} if scale is None else _statements(scale, rng))
    slips = _slips(frames, meant, min(misspelt, sum(len(row) - 1 for row in meant if row)), seed)
    written = {(slip.row, slip.column): slip.found for slip in slips}
    _write(path, frames, meant, written)
    return DemoSheet(
        path,
        len(frames),
        {origin: sum(column in row for row in meant) for origin, column in _ORIGINS.items()},
        sum(len(set(row.values())) > 1 for row in meant),
        slips,
    )


def _statements(scale: str, rng: np.random.Generator) -> dict[str, str]:
    """The classes that the columns give to one frame."""
    first = _mistaken(scale, rng) if rng.random() < _UNSUPERVISED_WRONG else scale
    row = {UNSUPERVISED: first}
    given, wrong, reviews = rng.random(3)
    second = _mistaken(scale, rng) if wrong < _SUPERVISED_WRONG else scale
    if given < _SUPERVISED_GIVEN:
        row[SUPERVISED] = second
        if reviews < (_JONNY_CONFIRMS if second == scale else _JONNY_CORRECTS):
            row[JONNY] = scale
    return row


def _mistaken(scale: str, rng: np.random.Generator) -> str:
    """A neighbouring scale more often than a far one."""
    here = [str(known) for known in SCALES].index(scale)
    weights = np.array([0.0 if k == here else 1 / (k - here) ** 2 for k in range(len(SCALES))])
    return SCALES[int(rng.choice(len(SCALES), p=weights / weights.sum()))]


def _slips(
    frames: Sequence[tuple[str, str, int]], meant: Sequence[Mapping[str, str]], count: int, seed: int
) -> tuple[Misspelling, ...]:
    """Misspellings spread over the columns written by hand, in order of rows."""
    rng = np.random.default_rng([seed, 23])
    cells = [(row, column) for row, said in enumerate(meant) for column in (SUPERVISED, JONNY) if column in said]
    chosen = sorted(rng.choice(len(cells), size=min(count, len(cells)), replace=False).tolist()) if cells else []
    return tuple(
        Misspelling(row + 2, column, frames[row][0], _TYPOS[meant[row][column]], meant[row][column])
        for row, column in (cells[k] for k in chosen)
    )


def _write(
    path: Path,
    frames: Sequence[tuple[str, str, int]],
    meant: Sequence[Mapping[str, str]],
    written: Mapping[tuple[int, str], str],
) -> None:
    import xlsxwriter

    with whole_file(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), {"strings_to_numbers": False, "strings_to_formulas": False})
        book.set_properties({"title": "Labels of the demo's films", "created": datetime(2026, 1, 1)})
        page = book.add_worksheet("S01")
        head = book.add_format(
            {"bold": True, "bg_color": "#263238", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top"}
        )
        quiet = book.add_format({"font_color": "#78909C"})
        centred = book.add_format({"align": "center"})
        page.write_row(0, 0, COLUMNS, head)
        page.freeze_panes(1, 2)
        page.autofilter(0, 0, max(len(frames), 1), len(COLUMNS) - 1)
        for place, width in enumerate((10, 30, 18, 18, 18, 44)):
            page.set_column(place, place, width)
        for row, (name, film, ordinal) in enumerate(frames):
            page.write_number(row + 1, 0, row, quiet)
            page.write_string(row + 1, 1, name)
            for column in (UNSUPERVISED, SUPERVISED, JONNY):
                word = written.get((row + 2, column), meant[row].get(column))
                if word is not None:
                    page.write_string(row + 1, COLUMNS.index(column), word, centred)
            page.write_string(row + 1, 5, json.dumps({"film": film, "ordinal": ordinal}), quiet)
        book.close()
