"""Google Sheets as sheets: through the API with a service account, or by a public link as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rushes.errors import SheetError
from rushes.labels.sheet import Sheet, sheet_of_page, unreadable
from rushes.labels.sheets.asking import Answer, Asker, Patience, ServiceError, check_address, is_on_this_machine
from rushes.labels.sheets.csv import parse_csv
from rushes.labels.sheets.links import GoogleLink
from rushes.labels.sheets.service_account import CREDENTIALS_VARIABLE, ServiceAccount, read_service_account

ENDPOINT_VARIABLE = "RUSHES_SHEETS_ENDPOINT"
_API = "https://sheets.googleapis.com"
_DOCS = "https://docs.google.com"
_TABS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class WantedLink:
    """A link to be read, and what messages call its sheet; "" takes the spreadsheet's title."""

    link: GoogleLink
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Tab:
    gid: int
    title: str
    hidden: bool


class GoogleSheets:
    """Spreadsheets at Google; may be used by several threads, in a `with` block.

    With a service account each spreadsheet takes two requests: a small one for the titles of its worksheets, which
    ranges are named by, and one `values:batchGet` for the cells of all that are wanted. Without one, each worksheet
    takes one: its export as CSV, which Google gives of sheets that anyone with the link may see.
    """

    def __init__(self, environment: Mapping[str, str], *, patience: Patience | None = None) -> None:
        """Find out who asks, and where; nothing is sent yet.

        Raises:
            UsageError: RUSHES_SHEETS_ENDPOINT names no address that may be used.
            MissingExtraError: the extra `sheets` is not installed.
        """
        endpoint = environment.get(ENDPOINT_VARIABLE, "").strip()
        if endpoint:
            endpoint = check_address(endpoint, named_by=ENDPOINT_VARIABLE)
        self._api, self._docs = endpoint or _API, endpoint or _DOCS
        self._asker = Asker(patience or Patience(), direct=bool(endpoint) and is_on_this_machine(endpoint))
        self._credentials_file = environment.get(CREDENTIALS_VARIABLE, "").strip()
        self._account: ServiceAccount | ServiceError | None = None
        if self._credentials_file:
            try:
                self._account = read_service_account(Path(self._credentials_file))
            except ServiceError as error:
                self._account = error

    def __enter__(self) -> GoogleSheets:
        return self

    def __exit__(self, *_: object) -> None:
        self._asker.__exit__()

    def read(self, wanted: Sequence[WantedLink]) -> list[list[Sheet] | SheetError]:
        """Read links of one spreadsheet: those that name a worksheet, that one; the others, all that are to be seen.

        Without a service account a link without a worksheet is its first one, which is taken for gid 0.

        Returns:
            for each link, its sheets or what is wrong with it.
        """
        if self._account is None:
            return [self._read_export(one, self._asker.for_one_sheet()) for one in wanted]
        return self._read_cells(wanted, self._asker.for_one_sheet())

    def _read_export(self, one: WantedLink, asker: Asker) -> list[Sheet] | SheetError:
        try:
            return [self._export(one, asker)]
        except ServiceError as error:
            return unreadable(_name_of(one), str(error))
        except SheetError as error:
            return error

    def _read_cells(self, wanted: Sequence[WantedLink], asker: Asker) -> list[list[Sheet] | SheetError]:
        spreadsheet = wanted[0].link.spreadsheet
        try:
            title, tabs = self._titles(spreadsheet, asker)
            chosen = [_choose(tabs, one.link) for one in wanted]
            found = [tab for several in chosen if isinstance(several, list) for tab in several]
            rows = self._cells(spreadsheet, {tab.gid: tab for tab in found}, asker)
        except ServiceError as error:
            return [unreadable(_name_of(one), str(error)) for one in wanted]
        return [
            unreadable(one.name or title, str(several))
            if isinstance(several, ServiceError)
            else _sheets_of(one, several, rows, title, former=_taken_for_0(tabs))
            for one, several in zip(wanted, chosen, strict=True)
        ]

    def _titles(self, spreadsheet: str, asker: Asker) -> tuple[str, list[_Tab]]:
        fields = "properties.title,sheets.properties(sheetId,title,hidden,sheetType)"
        answer = self._ask(f"/v4/spreadsheets/{spreadsheet}", [("fields", fields)], asker)
        try:
            every = [sheet["properties"] for sheet in answer.get("sheets", [])]
            tabs = [
                _Tab(int(one.get("sheetId", 0)), str(one["title"]), bool(one.get("hidden", False)))
                for one in every
                if one.get("sheetType", "GRID") == "GRID"
            ]
            return str(answer.get("properties", {}).get("title", "")), tabs
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ServiceError("Google's answer names no worksheets. Try again later") from None

    def _cells(self, spreadsheet: str, tabs: Mapping[int, _Tab], asker: Asker) -> dict[int, list[list[str]]]:
        """Return gid -> rows of worksheets; cells as they are shown, trailing empty ones left out."""
        if not tabs:
            return {}
        quoted = (tab.title.replace("'", "''") for tab in tabs.values())
        params = [("ranges", f"'{title}'") for title in quoted]
        # As they are shown, "007" keeps its zeros, a date reads as in the sheet and a tick is TRUE; so does the CSV.
        params += [("majorDimension", "ROWS"), ("valueRenderOption", "FORMATTED_VALUE")]
        answer = self._ask(f"/v4/spreadsheets/{spreadsheet}/values:batchGet", params, asker)
        try:
            ranges = [one.get("values", []) for one in answer["valueRanges"]]
            found = [[[_as_cell(cell) for cell in row] for row in rows] for rows in ranges]
            return dict(zip(tabs, found, strict=True))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ServiceError("Google's answer holds no cells. Try again later") from None

    def _ask(self, path: str, params: Sequence[tuple[str, str]], asker: Asker) -> Any:
        account = self._account
        if isinstance(account, ServiceError):
            raise account
        assert account is not None  # otherwise sheets are exported
        for anew in (False, True):
            headers = {"Authorization": account.authorization(asker, anew=anew)}
            answer = asker.ask(f"{self._api}{path}", headers=headers, params=params)
            if answer.status != 401:
                break
        if answer.status != 200:
            raise ServiceError(_why_refused(answer, account.email))
        value = answer.json()
        if not isinstance(value, dict):
            raise ServiceError("Google's answer is no object. Try again later")
        return value

    def _export(self, one: WantedLink, asker: Asker) -> Sheet:
        gid = one.link.gid
        params = [("format", "csv"), *([] if gid is None else [("gid", str(gid))])]
        answer = asker.ask(f"{self._docs}/spreadsheets/d/{one.link.spreadsheet}/export", params=params)
        if answer.status in (404, 410):
            raise ServiceError("there is no such spreadsheet (404). Check the link")
        if answer.status == 400 and gid is not None:
            raise ServiceError(f"has no worksheet with gid={gid}. Open the worksheet and copy its link again")
        if answer.status in (401, 403) or answer.is_html or "accounts.google.com" in answer.url:
            raise ServiceError(
                "is not shared: Google answers with its page to sign in. Share it with 'Anyone with the link', or set "
                f"{CREDENTIALS_VARIABLE} to the JSON file of a service account"
            )
        if answer.status != 200:
            raise ServiceError(f"Google answered {answer.status}. Check the link")
        sheet = parse_csv(answer.data, name=_name_of(one), key=one.link.key_of(gid or 0))
        width = len(sheet.columns)
        return replace(sheet, rows=tuple(row[:width] for row in sheet.rows))


def _name_of(one: WantedLink) -> str:
    return one.name or str(one.link)


def _choose(tabs: Sequence[_Tab], link: GoogleLink) -> list[_Tab] | ServiceError:
    if link.gid is None:
        return [tab for tab in tabs if not tab.hidden]
    chosen = [tab for tab in tabs if tab.gid == link.gid]
    if chosen:
        return chosen
    shown = ", ".join(f"'{tab.title}' (gid={tab.gid})" for tab in tabs[:_TABS_SHOWN])
    more = f" and {len(tabs) - _TABS_SHOWN} more" if len(tabs) > _TABS_SHOWN else ""
    return ServiceError(
        f"has no worksheet with gid={link.gid}. Open the worksheet and copy its link again. Found: {shown}{more}"
    )


def _taken_for_0(tabs: Sequence[_Tab]) -> int | None:
    """Return the worksheet that a public link without a gid was, taken for 0; None where one has the gid 0."""
    seen = [tab.gid for tab in tabs if not tab.hidden]
    return None if not seen or any(tab.gid == 0 for tab in tabs) else seen[0]


def _sheets_of(
    one: WantedLink, tabs: Sequence[_Tab], rows: Mapping[int, list[list[str]]], title: str, *, former: int | None
) -> list[Sheet] | SheetError:
    name = one.name or title or str(one.link)
    found: list[tuple[_Tab, Sheet]] = []
    for tab in tabs:
        sheet = sheet_of_page(rows[tab.gid], name=name, key=one.link.key_of(tab.gid))
        if sheet is not None:
            keys = (one.link.key_of(0),) if tab.gid == former else ()
            found.append((tab, replace(sheet, former_keys=keys)))
    if not found:
        return unreadable(name, "the sheet is empty")
    if len(found) == 1:
        return [found[0][1]]
    return [replace(sheet, name=f"{name} [{tab.title}]") for tab, sheet in found]


def _as_cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).upper() if isinstance(value, bool) else str(value)


def _why_refused(answer: Answer, email: str) -> str:
    said = answer.text
    if answer.status == 403 and ("SERVICE_DISABLED" in said or "has not been used in project" in said):
        return "the Google Sheets API is switched off for the project of the service account. Enable it in the console"
    if answer.status == 403:
        return f"is not shared with {email} (403). In the sheet press Share and add that address as a viewer"
    if answer.status == 401:
        return f"Google does not accept the key of {email} (401). Make a new key for {CREDENTIALS_VARIABLE}"
    if answer.status == 404:
        return "there is no such spreadsheet (404). Check the link"
    if answer.status == 400 and "not supported for this document" in said:
        return "is an office file that lies in Google Drive. Open it there and save it as a Google Sheet"
    return f"Google answered {answer.status}. Check the link"
