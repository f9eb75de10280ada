"""Pulling the sheets of one episode: its worksheets together, and its frames wherever their pictures are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
import xlsxwriter

from rushes.catalog.catalog import Catalog, StoredFrame, open_catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.catalog.pull import PulledEpisode, PullSettings, pull, read_episodes
from rushes.catalog.samples import labelled_rows
from rushes.footage.source import STILL_TIME_BASE, Frame, Source
from rushes.labels.frame_index import FrameIndex, FrameRef
from rushes.labels.trust import resolve
from rushes.project import Project, read_project

NOW = "2026-11-25T12:00:00Z"
BASE = "s3://studio/S01/E01/"
HEADER = ["ROW_INDEX", "FRAME NUMBER", "UNSUPERVISED CLASSIFICATION", "SUPERVISED CLASSIFICATION",
          "JONNY's RECLASSIFICATION", "METADATA", "S3_BASE_URL", "house"]  # fmt: skip
TOML = """schema = "project/1"
trust = ["jonny", "supervised", "unsupervised"]
[tasks.rarity]
classes = ["Common", "Rare", "Legendary"]
[columns]
"house" = "group"
"""


def name(second: int) -> str:
    return f"TT_S01_E01_FRM-00-00-0{second}-00"


def rows(*answers: tuple[int, str], base: str = BASE, house: str = "") -> list[list[str]]:
    """Return a worksheet: a row for each (second, what `supervised` says)."""
    return [HEADER, *([str(n), name(second), "", said, "", "lamp", base, house] for n, (second, said) in
                      enumerate(answers))]  # fmt: skip


@dataclass
class Studio:
    folder: Path

    @property
    def project(self) -> Project:
        return read_project(self.folder)

    def pull(self, *, dry_run: bool = False, **tabs: Sequence[Sequence[str]]) -> PulledEpisode:
        """Write a workbook of these worksheets and pull it."""
        with xlsxwriter.Workbook(self.folder / "a.xlsx") as book:
            for title, table in tabs.items():
                page = book.add_worksheet(title)
                for number, row in enumerate(table):
                    page.write_row(number, 0, row)
        project = self.project
        settings = PullSettings(check=False, dry_run=dry_run)
        (one,) = pull(project, project.task("rarity"), read_episodes(project), settings=settings).episodes
        return one

    def catalog(self) -> Catalog:
        return open_catalog(self.project.catalog_place)

    def standing(self) -> dict[str, str | None]:
        with self.catalog() as catalog:
            names = {item.frame.id: item.frame.name for item in catalog.frames()}
            resolved = resolve(catalog.labels(task="rarity"), self.project.trust)
        return {names[frame]: answer.label.class_name for frame, answer in resolved.items()}

    def groups(self) -> dict[str, str]:
        with self.catalog() as catalog:
            return {source.name: source.group for source in catalog.sources()}

    def take_photograph(self, second: int, *, group: str = "TT_S01_E01") -> str:
        """Take in a photograph that is named as a frame; return the frame's id."""
        digest = f"{second}" * 64
        source = Source(digest, f"/pics/{name(second)}.jpg", name(second), group, "photo", 64, 48, "jpeg")
        frame = Frame(digest, 0, STILL_TIME_BASE, 0, "00:00:00:00", name(second))
        with self.catalog() as catalog:
            catalog.add_source(source, now=NOW)
            catalog.add_frames([StoredFrame(frame, f"frames/stills/{name(second)}.jpg", "ab" * 32, 5)], now=NOW)
        return frame.id


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    (tmp_path / "rushes.toml").write_text(TOML + '[labels]\nseasons = ["S01.json"]\n')
    entry = {"season_code": "S01", "episode_code": "E01", "spreadsheet_url": "a.xlsx"}
    (tmp_path / "S01.json").write_text(json.dumps([entry]))
    return Studio(tmp_path)


def faults(one: PulledEpisode) -> str:
    return "\n".join(str(fault) for fault in one.faults)


def notes(one: PulledEpisode) -> str:
    return "\n".join(str(note) for note in one.notes)


@pytest.mark.parametrize("is_header", [True, False])
def test_a_row_that_moved_to_a_worksheet_that_is_not_whole_keeps_its_label(studio: Studio, is_header: bool) -> None:
    studio.pull(A=rows((0, "Common"), (1, "Rare")), B=rows((5, "Rare")))
    before = studio.standing()
    moved = rows((1, "Rare"), (5, "Rare")) if is_header else rows((1, "Raer"), (5, "Rare"))
    if is_header:
        moved[0] = [*HEADER[:3], "SUPERVISED CLASIFICATION", *HEADER[4:]]
    one = studio.pull(A=rows((0, "Common")), B=moved)
    assert (one.withdrawn, one.held_back, len(one.faults)) == (0, 1, 1)
    assert studio.standing() == before
    studio.pull(A=rows((0, "Common")), B=rows((1, "Legendary"), (5, "Rare")))
    assert studio.standing() == {name(0): "Common", name(1): "Legendary", name(5): "Rare"}


def test_worksheets_that_contradict_each_other_are_named_and_neither_is_taken(studio: Studio) -> None:
    one = studio.pull(A=rows((0, "Common"), (1, "Rare"), house="left"), B=rows((0, "Rare"), (2, "Rare"), house="right"))
    assert f"a.xlsx [B], row 2: 'Rare' for {name(0)}, but 'Common' in a.xlsx [A], row 2, both of origin" in faults(one)
    assert "is in the group 'left' in a.xlsx [A] and in 'right' here. Keep one" in faults(one)
    assert studio.standing() == {name(1): "Rare", name(2): "Rare"}
    assert studio.groups() == {"TT_S01_E01": "TT_S01_E01"}


def test_a_group_that_a_sheet_states_holds_from_the_first_pull_on(studio: Studio) -> None:
    one = studio.pull(A=rows((0, "Common"), house="house"))
    assert one.planned is not None
    assert [str(change) for change in one.planned.regrouped] == ["TT_S01_E01: group TT_S01_E01 -> house"]
    assert studio.groups() == {"TT_S01_E01": "house"}
    again = studio.pull(A=rows((0, "Common"), (1, "Rare"), house="house"))
    assert again.planned is not None
    assert not again.planned.regrouped
    assert studio.groups() == {"TT_S01_E01": "house"}


def test_a_title_above_the_header_is_a_fault_and_other_worksheets_are_noted(studio: Studio) -> None:
    studio.pull(A=rows((0, "Common"), (1, "Rare")), B=rows((5, "Rare")))
    before = studio.standing()
    one = studio.pull(
        A=rows((0, "Common")), B=[["second half"], *rows((1, "Rare"), (5, "Rare"))], Legend=[["blue"], ["x"]]
    )
    assert "a.xlsx [B], row 2: what stands above the header keeps this worksheet from being read" in faults(one)
    assert notes(one) == "a.xlsx [Legend]: passed over: it has no column of an episode sheet"
    assert studio.standing() == before


def test_while_a_worksheet_whose_statements_stand_is_gone_nothing_of_the_file_is_withdrawn(studio: Studio) -> None:
    studio.pull(A=rows((0, "Common"), (1, "Rare")), B=rows((5, "Rare")), C=rows((6, "Rare")))
    before = studio.standing()
    one = studio.pull(A=rows((0, "Common")), C=rows((6, "Rare")))
    assert "a.xlsx [B]: it was not read: it is gone, hidden, renamed or without its header, and 1 of" in notes(one)
    assert (one.withdrawn, one.held_back) == (0, 1)
    assert studio.standing() == before
    studio.pull(A=rows((0, "Common")), B=rows((1, "Rare")), C=rows((6, "Rare")))
    assert studio.standing() == {name(0): "Common", name(1): "Rare", name(6): "Rare"}
    assert studio.pull(A=rows((0, "Common")), B=rows((1, "Rare")), C=rows((6, "Rare"))).notes == ()


def test_frames_of_an_episode_in_two_folders_are_of_one_source_and_stay_where_they_are(studio: Studio) -> None:
    tabs = {"A": rows((0, "Common"), (1, "Rare")), "B": rows((1, "Rare"), (2, "Rare"), base="s3://other/E01/")}
    assert studio.pull(**tabs).registered == 3
    with studio.catalog() as catalog:
        (source,) = catalog.sources()
        seen = [replace(item, sha256="ab" * 32, signature=7) for item in catalog.frames()]
        catalog.add_frames(seen, now=NOW)
    assert [item.image for item in seen] == [
        f"{BASE}{name(0)}.jpg", f"{BASE}{name(1)}.jpg", f"s3://other/E01/{name(2)}.jpg"
    ]  # fmt: skip
    assert source.frame_count == 2 * 24 + 1
    assert studio.pull(**tabs).registered == 0
    with studio.catalog() as catalog:
        assert catalog.frames() == seen
        catalog.add_frames([replace(seen[0], sha256="", signature=None)], now=NOW)
        assert catalog.frames() == seen
        moved = replace(seen[0], image="s3://new/a.jpg", sha256="", signature=None)
        catalog.add_frames([moved], now=NOW)
        assert catalog.frames()[0] == replace(moved, signature=7)


def test_when_the_base_url_changes_the_frames_are_found_in_the_new_place(studio: Studio) -> None:
    studio.pull(A=rows((0, "Common")))
    studio.pull(A=rows((0, "Common"), (1, "Rare"), base="s3://archive/E01/"))
    with studio.catalog() as catalog:
        assert [item.image for item in catalog.frames()] == [f"s3://archive/E01/{name(n)}.jpg" for n in (0, 1)]
        (source,) = catalog.sources()
    assert (source.path, source.frame_count) == ("s3://archive/E01/", 25)
    assert studio.standing() == {name(0): "Common", name(1): "Rare"}


def test_a_referenced_frame_gives_way_to_its_picture_with_its_labels_and_subjects(studio: Studio) -> None:
    studio.pull(A=rows((0, "Common"), (1, "Rare")))
    taken = studio.take_photograph(1)
    assert studio.standing() == {name(0): "Common", name(1): "Rare"}
    project = studio.project
    with studio.catalog() as catalog:
        refs = frame_refs(catalog.frames(), catalog.sources())
        found = FrameIndex(refs).frame(name(1))
        assert isinstance(found, FrameRef)
        assert (found.id, len(refs)) == (taken, 2)
        assert catalog.subjects()[taken] == ("lamp",)
        samples = labelled_rows(catalog, project, project.task("rarity"), part_of=lambda frame, group: None)
        assert [(row.name, row.class_name, row.img_ref[:6]) for row in samples] == [
            (name(0), "Common", "s3://s"), (name(1), "Rare", "frames")
        ]  # fmt: skip
    again = studio.pull(A=rows((0, "Common"), (1, "Rare")))
    assert (again.faults, again.appended, again.withdrawn, again.registered) == ((), 0, 0, 0)
    changed = studio.pull(A=rows((0, "Common"), (1, "Legendary"), (2, "Rare")))
    assert (changed.faults, changed.appended, changed.registered) == ((), 2, 1)
    assert studio.standing() == {name(0): "Common", name(1): "Legendary", name(2): "Rare"}
    studio.pull(A=rows((0, "Common")))
    assert studio.standing() == {name(0): "Common"}


def test_sources_of_an_episode_stay_in_one_group_whatever_the_case_of_their_names(studio: Studio) -> None:
    studio.pull(A=rows((0, "Common")))
    film = Source("f" * 64, "/f/tt_s01_e01.mp4", "tt_s01_e01", "tt_s01_e01", "video", 64, 36, "h264", rate=Fraction(24))
    with studio.catalog() as catalog:
        stored = catalog.add_source(film, now=NOW)
    assert (stored.name, stored.group) == ("tt_s01_e01-ffffffff", "TT_S01_E01")
    with studio.catalog() as catalog:
        catalog.add_source(replace(film, group="studio-a"), now=NOW)
    assert set(studio.groups().values()) == {"studio-a"}
    studio.take_photograph(3)
    assert set(studio.groups().values()) == {"studio-a"}
    studio.pull(A=rows((0, "Common"), house="house"))
    assert set(studio.groups().values()) == {"house"}


def test_frames_are_registered_in_the_group_of_the_photographs_of_their_episode(studio: Studio) -> None:
    studio.take_photograph(3, group="shoot")
    studio.pull(A=rows((0, "Common"), (3, "Rare")))
    assert studio.groups() == {name(3): "shoot", "TT_S01_E01": "shoot"}
    assert studio.standing() == {name(0): "Common", name(3): "Rare"}


def test_a_pull_that_changes_nothing_changes_nothing(studio: Studio) -> None:
    one = studio.pull(dry_run=True, A=rows((0, "Common"), house="house"))
    assert (one.appended, one.registered) == (1, 1)
    assert studio.groups() == studio.standing() == {}
