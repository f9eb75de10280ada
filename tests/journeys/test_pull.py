"""The studio's season: sheets in Google Drive, frames in a bucket, and everything that can be wrong with them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from journeys.conftest import Rushes, Said
from labels.sheets_server import EMAIL, SheetsServer, Spreadsheet, link, sheets_server
from rushes.catalog.catalog import open_catalog
from rushes.labels.trust import resolve
from rushes.project import read_project
from storage.servers import Bucket, s3_store

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
pytest.importorskip("google.auth", reason="the extra 'sheets' is not installed")

HEADER = ["ROW_INDEX", "FRAME NUMBER", "UNSUPERVISED CLASSIFICATION", "SUPERVISED CLASSIFICATION",
          "JONNY's RECLASSIFICATION", "METADATA"]  # fmt: skip


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SheetsServer]:
    with sheets_server() as server:
        monkeypatch.setenv("RUSHES_SHEETS_ENDPOINT", server.base)
        monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(server.credentials(tmp_path / "key.json")))
        yield server


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    monkeypatch.setenv("HOME", str(tmp_path))  # where profiles of a person's own could be
    with s3_store("studio") as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


def name_of(episode: int, second: int) -> str:
    return f"TT_S01_E{episode:02d}_FRM-00-00-{second:02d}-00"


def rows_of(episode: int, *answers: Sequence[str], base: bool = True) -> list[list[str]]:
    """Return an episode sheet: a row per second, with its answers; the base URL is the header of the first column."""
    first = [f"https://studio.s3.amazonaws.com/S01/E{episode:02d}/"] if base else HEADER[:1]
    rows = [
        [str(n), name_of(episode, n), *answer, *[""] * (3 - len(answer)), "lamp"] for n, answer in enumerate(answers)
    ]
    return [[*first, *HEADER[1:]], *rows]


@dataclass
class Studio:
    """A project, its season file, and the command line."""

    rushes: Rushes
    folder: Path
    google: SheetsServer
    bucket: Bucket
    entries: list[dict[str, Any]] = field(default_factory=list)

    def put(self, episode: int, rows: Sequence[Sequence[str]], *, pictures: int = 9, **how: Any) -> None:
        """Put a sheet into the drive, its pictures into the bucket, and an entry into the season file."""
        self.google.put(f"sheet{episode}", rows, gid=episode, title=f"TT S01E{episode:02d}", **how)
        for second in range(pictures):
            self.bucket.put(f"S01/E{episode:02d}/{name_of(episode, second)}.jpg", b"picture")
        self.enter(episode, link(f"sheet{episode}", episode))

    def enter(self, episode: int, place: str) -> None:
        self.entries.append({
            "season_code": "S01", "episode_code": f"E{episode:02d}",
            "google_spreadsheet_title": f"TT S01E{episode:02d}", "google_spreadsheet_url": place,
            "google_share_link": None, "manifest_jl_file": f"E{episode:02d}.jl",
        })  # fmt: skip
        (self.folder / "S01-episodes.json").write_text(json.dumps(self.entries))

    def change(self, episode: int, rows: Sequence[Sequence[str]]) -> None:
        self.google.sheets[f"sheet{episode}"].tabs = {"Sheet1": (episode, rows)}

    def pull(self, *words: object, status: int = 0) -> Said:
        return self.rushes("labels", "pull", *words, folder=self.folder, status=status)

    def pulled(self, *words: object, status: int = 0) -> Any:
        return self.pull(*words, "--json", status=status).json

    def standing(self) -> dict[str, str | None]:
        """Return what each frame is, and that it is a picture in the bucket."""
        project = read_project(self.folder)
        with open_catalog(project.catalog_place) as catalog:
            frames = {item.frame.id: item for item in catalog.frames()}
            resolved = resolve(catalog.labels(task="rarity"), project.trust)
        assert all(
            item.image == f"s3://studio/S01/{item.frame.name[7:10]}/{item.frame.name}.jpg" for item in frames.values()
        )
        return {frames[frame].frame.name: answer.label.class_name for frame, answer in resolved.items()}


@pytest.fixture
def studio(rushes: Rushes, tmp_path: Path, google: SheetsServer, bucket: Bucket) -> Studio:
    rushes("init", tmp_path / "season", "--template", "rarity")
    toml = tmp_path / "season" / "rushes.toml"
    toml.write_text(toml.read_text().replace("# seasons = [", "seasons = ["))
    return Studio(rushes, tmp_path / "season", google, bucket)


def test_a_season_is_pulled_and_only_what_changes_in_it_is_pulled_again(studio: Studio) -> None:
    studio.put(1, rows_of(1, ("Trash",), ("Common", "Rare"), ("Common", "Rare", "Legendary")))
    studio.put(2, rows_of(2, ("Rare",), ("Uncommon",)))
    tried = studio.pulled("--dry-run")
    assert (tried["appended"], tried["registered"], tried["dry_run"]) == (8, 5, True)
    assert studio.standing() == {}
    said = studio.pull()
    assert (
        "TT_S01_E01  TT S01E01: 3 rows, 0 faulty; 6 appended, 0 withdrawn, 3 new frames in s3://studio/S01/E01/"
        in said.out
    )
    assert studio.standing() == {
        name_of(1, 0): "Junk", name_of(1, 1): "Rare", name_of(1, 2): "Legendary",
        name_of(2, 0): "Rare", name_of(2, 1): "Uncommon",
    }  # fmt: skip
    assert [one["bases"] for one in tried["episodes"]] == [["s3://studio/S01/E01/"], ["s3://studio/S01/E02/"]]
    listings = len(studio.google.params)
    again = studio.pulled()
    assert [one["bases"] for one in again["episodes"]] == [[], []]
    assert (again["appended"], again["withdrawn"], again["registered"], again["failed"]) == (0, 0, 0, [])
    assert len(studio.google.params) == listings + 2  # one batch for each sheet
    studio.change(1, rows_of(1, ("Trash",), ("Common", "Uncommon")))
    changed = studio.pulled("--season", "s1", "--episode", "E01")
    assert [one["name"] for one in changed["episodes"]] == ["TT_S01_E01"]
    assert (changed["appended"], changed["withdrawn"]) == (1, 3)
    assert studio.standing()[name_of(1, 1)] == "Uncommon"
    assert name_of(1, 2) not in studio.standing()
    built = studio.rushes("manifest", "build", "--json", folder=studio.folder).json
    lines = Path(built["path"]).read_text().splitlines()
    assert {json.loads(line)["img-ref"] for line in lines} >= {f"s3://studio/S01/E02/{name_of(2, 0)}.jpg"}


def test_every_fault_is_named_with_sheet_row_and_remedy_and_the_rest_is_taken_in(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.put(1, rows_of(1, ("Common",), ("Common",)))
    studio.put(2, rows_of(2, ("Rare",)), shared_with=())
    renamed = rows_of(3, ("Rare",))
    renamed[0][3] = "SUPERVISED CLASIFICATION"
    studio.put(3, renamed)
    studio.put(4, rows_of(4, ("Legendry",), ("Common",)))
    twice = rows_of(5, ("Common",), ("Rare",), ("Rare",))
    twice[2][1] = twice[1][1]
    studio.put(5, twice)
    other = rows_of(6, ("Common",), ("Rare",))
    other[2][1] = name_of(1, 1)
    studio.put(6, other)
    studio.put(7, rows_of(7, ("Common",), ("Rare",), ("Rare",)), pictures=2)
    studio.enter(8, link("gone", 0))
    studio.put(9, rows_of(9, ("Rare",)), refusals=[(404, {})])
    said = studio.pulled(status=1)
    failed = "\n".join(said["failed"])
    for expected in (
        f"TT S01E02: is not shared with {EMAIL} (403). In the sheet press Share",
        "TT S01E03, row 1, SUPERVISED CLASSIFICATION: there is no column of this name. 'SUPERVISED CLASIFICATION' "
        "looks like it: call it 'SUPERVISED CLASSIFICATION' again",
        "TT S01E04, row 2, UNSUPERVISED CLASSIFICATION: 'Legendry' is not a class of rarity. Did you mean 'Legendary'?",
        f"TT S01E05, row 3, UNSUPERVISED CLASSIFICATION: 'Rare' for {name_of(5, 0)}, but 'Common' in row 2, both of "
        "origin 'unsupervised'. Keep one",
        f"TT S01E06, row 3, FRAME NUMBER: '{name_of(1, 1)}' is a frame of S01_E01, and this is the sheet of S01_E06. "
        "Move the row to the sheet of S01_E01, or correct the name",
        f"TT S01E07, row 4, FRAME NUMBER: there is no picture of '{name_of(7, 2)}' in s3://studio/S01/E07/. "
        "Put it there, or delete the row",
        "TT S01E08: there is no such spreadsheet (404). Check the link",
        "TT S01E09: there is no such spreadsheet (404). Check the link",
    ):
        assert expected in failed
    assert len(said["failed"]) == 8
    assert studio.standing() == {
        name_of(1, 0): "Common", name_of(1, 1): "Common", name_of(4, 1): "Common", name_of(5, 2): "Rare",
        name_of(6, 0): "Common", name_of(7, 0): "Common", name_of(7, 1): "Rare",
    }  # fmt: skip
    before = studio.standing()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RUSHES_SHEETS_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        (studio.folder / "local.csv").write_text("\n".join(",".join(row) for row in rows_of(10, ("Rare",))))
        studio.bucket.put(f"S01/E10/{name_of(10, 0)}.jpg", b"picture")
        studio.enter(10, "local.csv")
        monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", "")
        unreached = studio.pulled(status=1)
    assert all("cannot be reached: 127.0.0.1 refused the connection" in line for line in unreached["failed"])
    assert len(unreached["failed"]) == 9
    assert studio.standing() == {**before, name_of(10, 0): "Rare"}


def test_a_sheet_with_a_faulty_row_withdraws_nothing_and_a_strict_pull_takes_nothing_of_it(studio: Studio) -> None:
    studio.put(1, rows_of(1, ("Common",), ("Rare",)))
    studio.pull()
    before = studio.standing()
    changed = rows_of(1, ("Uncommon",), ("Rare",))
    changed[2][1] = name_of(2, 1)
    studio.change(1, changed)
    strict = studio.pulled("--strict", status=1)
    assert (strict["episodes"][0]["taken"], strict["appended"]) == (False, 0)
    assert studio.standing() == before
    said = studio.pull(status=1)
    assert "TT S01E01: nothing withdrawn, because rows are faulty or of frames that are not in the catalog" in said.err
    assert studio.standing() == {**before, name_of(1, 0): "Uncommon"}
    studio.change(1, [changed[0]])
    emptied = studio.pulled(status=1)
    assert "the sheet has a header and no row. Put its rows back" in emptied["failed"][0]
    assert len(studio.standing()) == 2


def test_a_link_that_names_a_worksheet_is_read_for_itself(studio: Studio) -> None:
    studio.put(1, rows_of(1, ("Common",), ("Rare",)))
    studio.pull()
    studio.google.sheets["sheet1"].tabs["Other"] = (5, rows_of(1, ("Common",)))
    studio.rushes("labels", "import", link("sheet1", 5), folder=studio.folder)
    studio.change(1, rows_of(1, ("Common",)))
    said = studio.pulled()
    assert (said["withdrawn"], said["episodes"][0]["notes"], said["episodes"][0]["groups"]) == (1, [], {})


def test_a_place_that_may_not_be_listed_is_said_and_may_be_trusted_instead(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(1, ("Common",))
    rows[0][0] = "https://elsewhere.s3.amazonaws.com/S01/E01/"
    studio.put(1, rows)
    (line,) = studio.pulled(status=1)["failed"]
    assert line.startswith("TT S01E01: the pictures in s3://elsewhere/S01/E01/ cannot be looked for: it ")
    assert line.endswith("Or take them to be there, with --no-check")
    assert studio.standing() == {}
    studio.change(1, rows_of(1, ("Common",)))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert studio.pulled("--no-check")["registered"] == 1
    assert studio.standing() == {name_of(1, 0): "Common"}


def test_wrong_credentials_are_said_for_each_sheet_and_files_are_read_all_the_same(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    studio.put(1, rows_of(1, ("Common",)))
    (tmp_path / "key.json").write_text("{}")
    (line,) = studio.pulled(status=1)["failed"]
    assert line.startswith("TT S01E01: the file that GOOGLE_CREDENTIALS_FILE names")
    assert "is of another kind, not of a service account" in line
    monkeypatch.delenv("GOOGLE_CREDENTIALS_FILE")
    studio.google.sheets["sheet1"].public = True
    assert studio.pulled()["registered"] == 1


def test_a_sheet_without_a_base_url_labels_frames_of_the_catalog_alone(studio: Studio) -> None:
    studio.put(1, rows_of(1, ("Common",), base=False))
    said = studio.pulled()
    assert (said["registered"], said["appended"], len(said["episodes"][0]["unmatched"])) == (0, 0, 1)
    assert "is not in the catalog, and its sheet has no base URL" in said["episodes"][0]["notes"][0]


def test_season_files_are_checked_before_any_sheet_is_read(studio: Studio) -> None:
    assert "no season file" not in studio.pull(status=2).err
    studio.entries = [{"seson_code": "S01", "episode_code": "E01", "spreadsheet_url": "a.csv"}]
    studio.enter(2, "b.csv")
    err = studio.pull(status=2).err
    assert "S01-episodes.json, entry 1, seson_code: there is no such key. Did you mean 'season_code'?" in err
    assert "S01-episodes.json, entry 1, season_code: is missing. Write it as S01" in err
    studio.entries = studio.entries[1:]
    studio.enter(3, "c.csv")
    assert "--episode E07: no episode of it is in the season files" in studio.pull("--episode", "E07", status=2).err
    toml = studio.folder / "rushes.toml"
    toml.write_text(toml.read_text().replace("seasons = [", "sesons = ["))
    assert "unknown key 'sesons'. Did you mean 'seasons'?" in studio.pull(status=2).err


def test_one_sheet_is_imported_by_its_link(studio: Studio) -> None:
    studio.put(1, rows_of(1, ("Common",)))
    studio.pull()
    said = studio.rushes("labels", "import", link("sheet1", 1), "--json", folder=studio.folder).json
    assert (said["rows"], said["appended"]) == (1, 0)  # by its link it is the sheet that was pulled
    studio.google.sheets["sheet1"] = Spreadsheet({"Sheet1": (1, rows_of(1, ("Rare",)))})
    said = studio.rushes("labels", "import", link("sheet1"), "--json", folder=studio.folder).json
    assert said["appended"] == 1
    assert studio.standing() == {name_of(1, 0): "Rare"}


def test_what_a_public_link_stated_is_withdrawn_when_its_row_is_gone_also_with_a_service_account(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.put(1, rows_of(1, ("Common",), ("Rare",)), public=True)
    studio.google.sheets["sheet1"].tabs = {"Sheet1": (777, rows_of(1, ("Common",), ("Rare",)))}
    studio.entries.clear()
    studio.enter(1, link("sheet1"))
    with monkeypatch.context() as public:
        public.delenv("GOOGLE_CREDENTIALS_FILE")
        studio.pull()
    assert studio.standing() == {name_of(1, 0): "Common", name_of(1, 1): "Rare"}
    studio.google.sheets["sheet1"].tabs = {"Sheet1": (777, rows_of(1, ("Common",)))}
    studio.pull()
    assert studio.standing() == {name_of(1, 0): "Common"}
    project = read_project(studio.folder)
    with open_catalog(project.catalog_place) as catalog:
        assert {key: len(words) for key, words in catalog.subjects_by_sheet().items()} == {"google:sheet1#gid=777": 1}
    again = studio.pulled()
    assert (again["appended"], again["withdrawn"]) == (0, 0)
