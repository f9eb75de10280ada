"""Google Sheets: what is asked of it, what becomes of its answers, and what is said where it refuses."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labels.sheets_server import EMAIL, SheetsServer, Spreadsheet, link, new_key, sheets_server
from rushes.errors import SheetError, UsageError
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.anywhere import WantedSheet, read_each, read_sheets_at
from rushes.labels.sheets.asking import Patience
from rushes.labels.sheets.links import GoogleLink, parse_google_link

pytest.importorskip("google.auth", reason="the extra 'sheets' is not installed")
pytest.importorskip("requests", reason="the extra 'sheets' is not installed")
serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")

ROWS = [["FRAME NUMBER", "rarity", "seen"], ["007", "Rare", True], ["008"], [], ["2026-11-25", "1,000", 0.5]]


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    @property
    def patience(self) -> Patience:
        return Patience(clock=self, sleep=self.sleep, chance=lambda: 0.0)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[SheetsServer]:
    monkeypatch.delenv("GOOGLE_CREDENTIALS_FILE", raising=False)
    with sheets_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signed_in(google: SheetsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SheetsServer:
    monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(google.credentials(tmp_path / "key.json")))
    return google


@pytest.fixture
def read(clock: Clock) -> Callable[[str], Sheet]:
    def read(place: str) -> Sheet:
        (sheet,) = read_sheets_at(place, patience=clock.patience)
        return sheet

    return read


def said(place: str, patience: Patience) -> str:
    with pytest.raises(SheetError) as raised:
        read_sheets_at(place, patience=patience)
    return str(raised.value)


# Links.


@pytest.mark.parametrize(
    ("text", "gid"),
    [
        ("https://docs.google.com/spreadsheets/d/1aB-_9/edit?usp=sharing#gid=12", 12),
        ("https://docs.google.com/spreadsheets/d/1aB-_9/edit?gid=12#gid=12", 12),
        ("https://docs.google.com/spreadsheets/d/1aB-_9/edit#gid=12&range=A1", 12),
        ("https://docs.google.com/spreadsheets/u/1/d/1aB-_9/edit?usp=drive_link", None),
        ("https://docs.google.com/a/studio.com/spreadsheets/d/1aB-_9", None),
        (" docs.google.com/spreadsheets/d/1aB-_9/edit#gid=0 ", 0),
        ("https://docs.google.com/spreadsheets/d/1aB-_9/edit#gid=abc", None),
    ],
)
def test_a_link_names_a_spreadsheet_and_a_worksheet_whatever_its_tail(text: str, gid: int | None) -> None:
    assert parse_google_link(text) == GoogleLink("1aB-_9", gid)


def test_other_texts_are_no_links_to_google() -> None:
    assert parse_google_link("sheets/S01E01.csv") is None
    assert parse_google_link("https://example.com/docs.google.com/spreadsheets/d/1/edit") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://docs.google.com/document/d/1/edit", "leads to no spreadsheet"),
        ("https://drive.google.com/file/d/1/view", "leads to no spreadsheet"),
        ("https://docs.google.com/spreadsheets/d/e/2PACX-1v/pubhtml", "published page"),
    ],
)
def test_a_link_that_cannot_be_read_is_refused_with_the_way_to_a_better_one(text: str, expected: str) -> None:
    with pytest.raises(SheetError, match=expected):
        parse_google_link(text)


# Reading.


def test_a_sheet_takes_one_small_request_and_one_batch(signed_in: SheetsServer, read: Callable[[str], Sheet]) -> None:
    sheet = read(signed_in.put("S1", ROWS, tab="Jonny's tab"))
    assert sheet.columns == ("FRAME NUMBER", "rarity", "seen")
    assert sheet.rows == (("007", "Rare", "TRUE"), ("008", "", ""), ("", "", ""), ("2026-11-25", "1,000", "0.5"))
    assert (sheet.name, sheet.key, sheet.first_row) == ("TT S01E01", "google:S1#gid=0", 2)
    assert dict(signed_in.asked) == {"token": 1, "titles S1": 1, "values S1": 1}
    assert signed_in.params == [
        {"ranges": ["'Jonny''s tab'"], "majorDimension": ["ROWS"], "valueRenderOption": ["FORMATTED_VALUE"]}
    ]


def test_a_public_link_gives_the_same_sheet_without_credentials(
    google: SheetsServer, read: Callable[[str], Sheet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = google.put("S1", ROWS, public=True)
    exported = read(place)
    assert dict(google.asked) == {"export S1": 1}
    monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(google.credentials(tmp_path / "key.json")))
    through_api = read(place)
    assert (exported.columns, exported.rows, exported.key) == (through_api.columns, through_api.rows, through_api.key)


@pytest.mark.parametrize("tail", ["", "?usp=sharing", "#gid=0", "?gid=0#gid=0"])
def test_the_key_of_a_sheet_does_not_depend_on_the_tail_of_its_link(
    google: SheetsServer, read: Callable[[str], Sheet], tail: str
) -> None:
    google.put("S1", ROWS, public=True)
    assert read(f"https://docs.google.com/spreadsheets/d/S1/edit{tail}").key == "google:S1#gid=0"


def test_a_gid_picks_the_worksheet_and_without_one_all_that_are_seen_are_read(
    signed_in: SheetsServer, read: Callable[[str], Sheet]
) -> None:
    signed_in.sheets["S1"] = Spreadsheet(
        {"E01": (0, ROWS), "E02": (7, [["frame", "class"], ["b", "Rare"]]), "Old": (8, ROWS), "Empty": (9, [])},
        hidden=("Old",),
    )
    assert read(link("S1", 7)).rows == (("b", "Rare"),)
    every = read_sheets_at(link("S1"))
    assert [sheet.name for sheet in every] == ["TT S01E01 [E01]", "TT S01E01 [E02]"]
    assert [sheet.key for sheet in every] == ["google:S1#gid=0", "google:S1#gid=7"]
    assert read(link("S1", 8)).columns == ("FRAME NUMBER", "rarity", "seen")


def test_the_first_worksheet_states_what_its_public_link_did_where_none_has_the_gid_0(
    google: SheetsServer, read: Callable[[str], Sheet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.sheets["S1"] = Spreadsheet({"E01": (777, ROWS), "E02": (7, ROWS)}, public=True)
    google.sheets["S2"] = Spreadsheet({"E01": (777, ROWS), "E02": (0, ROWS)}, public=True)
    former = read(link("S1")).key
    monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(google.credentials(tmp_path / "key.json")))
    keys = {name: [(one.key, one.former_keys) for one in read_sheets_at(link(name))] for name in ("S1", "S2")}
    assert keys == {
        "S1": [("google:S1#gid=777", (former,)), ("google:S1#gid=7", ())],
        "S2": [("google:S2#gid=777", ()), ("google:S2#gid=0", ())],
    }
    assert read(link("S1", 7)).former_keys == ()


def test_worksheets_of_one_spreadsheet_are_read_in_one_batch(signed_in: SheetsServer, clock: Clock) -> None:
    signed_in.sheets["S1"] = Spreadsheet({f"E{n}": (n, [["frame"], [str(n)]]) for n in range(5)})
    wanted = [WantedSheet(link("S1", gid), f"E{gid}") for gid in (3, 1, 77)]
    third, first, missing = read_each(wanted, patience=clock.patience)
    assert isinstance(third, list)
    assert isinstance(first, list)
    assert (third[0].rows, first[0].rows) == ((("3",),), (("1",),))
    assert str(missing).startswith(
        "E77: has no worksheet with gid=77. Open the worksheet and copy its link again. Found: 'E0'"
    )
    assert signed_in.asked["values S1"] == signed_in.asked["titles S1"] == 1


def test_a_token_that_is_no_longer_taken_is_asked_for_anew(signed_in: SheetsServer, clock: Clock) -> None:
    place = signed_in.put("S1", ROWS)

    class Forgetful(set[str]):
        def __contains__(self, token: object) -> bool:
            return token != "token-1" and super().__contains__(token)

    signed_in.tokens = Forgetful()
    read_sheets_at(place, patience=clock.patience)
    assert signed_in.asked["token"] == 2


def test_sheets_are_read_in_their_order_and_one_that_fails_keeps_no_other(
    signed_in: SheetsServer, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "local.csv").write_text("frame,class\nz,Rare\n")
    places = [signed_in.put(f"S{n}", [["frame"], [str(n)]]) for n in range(12)]
    del signed_in.sheets["S3"]
    wanted = [WantedSheet(place, f"sheet {n}") for n, place in enumerate(places)]
    wanted[5:5] = [WantedSheet("local.csv", folder=tmp_path), WantedSheet("gone.csv", folder=tmp_path)]
    found = list(read_each(wanted, root=tmp_path, patience=clock.patience))
    good = [one[0].rows[0][0] for one in found if isinstance(one, list)]
    assert good == ["0", "1", "2", "4", "z", *[str(n) for n in range(5, 12)]]
    assert [str(one) for one in found if isinstance(one, SheetError)] == [
        "sheet 3: there is no such spreadsheet (404). Check the link",
        f"{tmp_path / 'gone.csv'}: there is no such file. Check the name",
    ]


def test_whoever_stops_does_not_wait_for_a_service_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local.csv").write_text("frame,class\nz,Rare\n")
    monkeypatch.delenv("GOOGLE_CREDENTIALS_FILE", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        monkeypatch.setenv("RUSHES_SHEETS_ENDPOINT", f"http://127.0.0.1:{hanging.getsockname()[1]}")
        reading = read_each(
            [WantedSheet("local.csv", folder=tmp_path), *(WantedSheet(link(f"S{n}")) for n in range(3))]
        )
        assert isinstance(next(reading), list)
        asked = [hanging.accept()[0] for _ in range(3)]
        stopping = threading.Thread(target=reading.close, daemon=True)  # type: ignore[attr-defined]
        stopping.start()
        stopping.join(20)  # a request that is not answered takes a minute, three times
        assert not stopping.is_alive()
        for connection in asked:
            connection.close()


# Waiting.


def test_a_busy_service_is_asked_again_after_longer_and_longer_waits(
    signed_in: SheetsServer, clock: Clock, read: Callable[[str], Sheet]
) -> None:
    place = signed_in.put("S1", ROWS, refusals=[(429, {}), (503, {}), (500, {}), (403, {})])
    signed_in.sheets["S1"].refusals[3] = (429, {})
    signed_in.token_refusals = [503]
    read(place)
    assert clock.waits == [1, 1, 2, 4, 8]


def test_retry_after_is_honoured(signed_in: SheetsServer, clock: Clock, read: Callable[[str], Sheet]) -> None:
    read(signed_in.put("S1", ROWS, refusals=[(429, {"Retry-After": "17"})]))
    assert clock.waits == [17]


def test_chance_spreads_the_waits(signed_in: SheetsServer, clock: Clock) -> None:
    place = signed_in.put("S1", ROWS, refusals=[(429, {})] * 2)
    read_sheets_at(place, patience=Patience(clock=clock, sleep=clock.sleep, chance=lambda: 1.0))
    assert clock.waits == [1.5, 3]


def test_a_quota_that_stays_used_up_is_said_after_more_than_a_minute(signed_in: SheetsServer, clock: Clock) -> None:
    place = signed_in.put("S1", ROWS, refusals=[(429, {})] * 99)
    assert said(place, clock.patience) == (
        f"{parse_google_link(place)}: Google's quota of reads is used up (429), also after waiting. Run this again in "
        "some minutes"
    )
    assert clock.seconds > 60
    signed_in.sheets["S1"].refusals = [(429, {"Retry-After": "3600"})]
    assert "quota" in said(place, clock.patience)
    assert 3600 not in clock.waits


def test_no_more_reads_are_sent_in_a_minute_than_the_quota_allows(signed_in: SheetsServer, clock: Clock) -> None:
    places = [signed_in.put(f"S{n}", ROWS) for n in range(7)]
    patience = Patience(reads_per_minute=4, clock=clock, sleep=clock.sleep)
    assert all(isinstance(one, list) for one in read_each([WantedSheet(place) for place in places], patience=patience))
    assert clock.seconds >= 3 * 60  # fourteen reads, four a minute


# Refusals.


def test_a_server_that_stays_broken_is_said(signed_in: SheetsServer, clock: Clock) -> None:
    place = signed_in.put("S1", ROWS, refusals=[(503, {})] * 99)
    assert "Google answered 503, also when asked again. Try again later" in said(place, clock.patience)


def test_an_answer_that_was_cut_off_is_said(signed_in: SheetsServer, clock: Clock) -> None:
    assert "Google's answer is no JSON" in said(signed_in.put("S1", ROWS, broken=True), clock.patience)


def test_a_sheet_that_is_not_shared_names_the_address_to_share_it_with(signed_in: SheetsServer, clock: Clock) -> None:
    place = signed_in.put("S1", ROWS, shared_with=())
    assert said(place, clock.patience).endswith(
        f"is not shared with {EMAIL} (403). In the sheet press Share and add that address as a viewer"
    )


def test_a_public_link_that_is_not_public_leads_to_the_page_to_sign_in(google: SheetsServer, clock: Clock) -> None:
    assert "is not shared: Google answers with its page to sign in. Share it with 'Anyone with the link'" in said(
        google.put("S1", ROWS), clock.patience
    )
    assert "there is no such spreadsheet (404)" in said(link("S2"), clock.patience)
    google.put("S3", ROWS, public=True)
    assert "has no worksheet with gid=5" in said(link("S3", 5), clock.patience)


def test_an_empty_sheet_is_said_to_be_empty(signed_in: SheetsServer, clock: Clock) -> None:
    assert "the sheet is empty" in said(signed_in.put("S1", []), clock.patience)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "is missing. Correct the variable"),
        ("{not json", "is no JSON"),
        ('["a"]', "is of another kind, not of a service account"),
        ('{"type": "authorized_user"}', "is of the kind 'authorized_user', not of a service account"),
        ('{"type": "service_account", "client_email": "a@b"}', "has no private_key, token_uri"),
    ],
)
def test_a_credentials_file_that_cannot_be_used_is_named_with_what_is_wrong(
    google: SheetsServer,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
    expected: str,
) -> None:
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(file))
    message = said(google.put("S1", ROWS), clock.patience)
    assert message.startswith(
        f"docs.google.com/spreadsheets/d/S1#gid=0: the file that GOOGLE_CREDENTIALS_FILE names ({file})"
    )
    assert expected in message
    assert not google.asked


def test_nothing_of_a_key_is_ever_said(
    google: SheetsServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = google.credentials(tmp_path / "key.json")
    monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(file))
    whole = json.loads(file.read_text())
    place = google.put("S1", ROWS)
    damaged = {**whole, "private_key": whole["private_key"].replace("A", "!")}
    file.write_text(json.dumps(damaged))
    messages = [said(place, clock.patience)]
    assert "holds a damaged private_key" in messages[0]
    file.write_text(json.dumps(whole))
    google.refused_key = True
    messages.append(said(place, clock.patience))
    assert f"Google refuses the key of {EMAIL} (invalid_grant)" in messages[1]
    google.refused_key, google.key = False, new_key()
    messages.append(said(place, clock.patience))
    assert "Google refuses the key" in messages[2]
    pieces = whole["private_key"].split("\n")[1:-2]
    assert not [piece for piece, message in itertools.product(pieces, messages) if piece[:20] in message]


def test_a_key_with_a_password_or_of_another_kind_is_refused(
    signed_in: SheetsServer, clock: Clock, tmp_path: Path
) -> None:
    whole = json.loads((tmp_path / "key.json").read_text())
    place = signed_in.put("S1", ROWS)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = new_key().private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"x"))
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, pkcs8, serialization.NoEncryption())
    for key, expected in ((locked, "or one with a password"), (other, "of another kind than RSA")):
        (tmp_path / "key.json").write_text(json.dumps({**whole, "private_key": key.decode()}))
        assert expected in said(place, clock.patience)
    assert not signed_in.asked


def test_a_service_that_is_not_there_is_said_to_be_unreachable(
    signed_in: SheetsServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RUSHES_SHEETS_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        message = said(link("S1"), clock.patience)
    assert "cannot be reached: 127.0.0.1 refused the connection. Check the network" in message
    assert clock.waits == [1, 2]
    monkeypatch.setenv("RUSHES_SHEETS_ENDPOINT", "https://nowhere.invalid")
    assert "cannot be reached" in said(link("S1"), clock.patience)


def test_no_key_goes_to_another_machine_without_tls(
    google: SheetsServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = google.credentials(tmp_path / "key.json", token_uri="http://elsewhere.example/token")
    monkeypatch.setenv("GOOGLE_CREDENTIALS_FILE", str(file))
    assert "where anyone on the way can read along" in said(google.put("S1", ROWS), clock.patience)
    monkeypatch.setenv("RUSHES_SHEETS_ENDPOINT", "http://elsewhere.example")
    with pytest.raises(UsageError, match="RUSHES_SHEETS_ENDPOINT names http://elsewhere"):
        read_sheets_at(link("S1"))
    (found,) = read_each([WantedSheet(link("S1"), "E01")])
    assert str(found).startswith("E01: RUSHES_SHEETS_ENDPOINT")
