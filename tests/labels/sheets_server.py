"""A loopback server that speaks for Google: OAuth tokens, the Sheets v4 values API, metadata and CSV export."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

EMAIL = "reader@studio.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth states it whatever the token's address
SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
Rows = Sequence[Sequence[object]]


@dataclass
class Spreadsheet:
    """A spreadsheet: its worksheets, who may see it, and how it misbehaves.

    Attributes:
        tabs: title -> (gid, rows).
        hidden: titles of worksheets that are hidden.
        shared_with: addresses it is shared with.
        public: anyone with the link may see it.
        refusals: answers that are given before any other: a status, with headers.
        broken: the body of each answer is cut in the middle.
    """

    tabs: dict[str, tuple[int, Rows]]
    title: str = "TT S01E01"
    hidden: tuple[str, ...] = ()
    shared_with: tuple[str, ...] = (EMAIL,)
    public: bool = False
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    broken: bool = False


@dataclass
class SheetsServer:
    """The server; `asked` counts requests by kind and spreadsheet, `params` keeps what batchGet was asked."""

    base: str
    key: Any
    sheets: dict[str, Spreadsheet] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    params: list[dict[str, list[str]]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refused_key: bool = False
    token_refusals: list[int] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {"RUSHES_SHEETS_ENDPOINT": self.base}

    def put(self, spreadsheet: str, rows: Rows, *, gid: int = 0, tab: str = "Sheet1", **how: Any) -> str:
        """Put a spreadsheet of one worksheet there; return its link."""
        self.sheets[spreadsheet] = Spreadsheet({tab: (gid, rows)}, **how)
        return link(spreadsheet, gid)

    def credentials(self, path: Path, **changes: Any) -> Path:
        """Write the credentials file of the service account; a change of None leaves a key out."""
        from cryptography.hazmat.primitives import serialization

        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        content = {
            "type": "service_account",
            "project_id": "studio",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "token_uri": f"{self.base}/token",
        } | changes
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
        return path


def link(spreadsheet: str, gid: int | None = None) -> str:
    tail = "" if gid is None else f"#gid={gid}"
    return f"https://docs.google.com/spreadsheets/d/{spreadsheet}/edit?usp=sharing{tail}"


def new_key() -> Any:
    """Return a key pair, made for this test and stored nowhere."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def sheets_server() -> Iterator[SheetsServer]:
    lock = threading.Lock()

    class Asked(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def give(self, status: int, body: bytes = b"{}", kind: str = "application/json", **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def error(self, status: int, message: str, reason: str, headers: dict[str, str] | None = None) -> None:
            body = {"error": {"code": status, "message": message, "status": reason}}
            self.give(status, json.dumps(body).encode(), **{k.replace("-", "_"): v for k, v in (headers or {}).items()})

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                server.asked["token"] += 1
                refusal = server.token_refusals.pop(0) if server.token_refusals else 0
            if refusal:
                return self.error(refusal, "busy", "UNAVAILABLE")
            stated = parse_qs(content.decode())
            fault = why_not(stated, server)
            if fault:
                return self.give(400, json.dumps({"error": "invalid_grant", "error_description": fault}).encode())
            token = f"token-{server.asked['token']}"
            server.tokens.add(token)
            self.give(200, json.dumps({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}).encode())

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            params = parse_qs(address.query, keep_blank_values=True)
            found = re.fullmatch(r"/v4/spreadsheets/([\w\-]+)(/values:batchGet)?", address.path)
            export = re.fullmatch(r"/spreadsheets/d/([\w\-]+)/export", address.path)
            if address.path == "/signin":
                return self.give(200, b"<!doctype html><title>Sign in</title>", "text/html; charset=utf-8")
            if found is None and export is None:
                return self.error(404, "no such method", "NOT_FOUND")
            name = (found or export)[1]  # type: ignore[index]
            kind = "export" if found is None else "values" if found[2] else "titles"
            with lock:
                server.asked[f"{kind} {name}"] += 1
                sheet = server.sheets.get(name)
                refusal = sheet.refusals.pop(0) if sheet and sheet.refusals else None
            if refusal is not None:
                return self.error(refusal[0], "refused", "RESOURCE_EXHAUSTED", refusal[1])
            if found is None:
                return self.export(sheet, params)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in server.tokens:
                return self.error(401, "invalid credentials", "UNAUTHENTICATED")
            if sheet is None:
                return self.error(404, "Requested entity was not found.", "NOT_FOUND")
            if EMAIL not in sheet.shared_with and not sheet.public:
                return self.error(403, "The caller does not have permission", "PERMISSION_DENIED")
            self.answer(sheet, titles(sheet) if kind == "titles" else self.values(sheet, params))

        def answer(self, sheet: Spreadsheet, value: dict[str, Any] | None) -> None:
            if value is None:
                return self.error(400, "Unable to parse range", "INVALID_ARGUMENT")
            body = json.dumps(value).encode()
            self.give(200, body[: len(body) // 2] if sheet.broken else body)

        def values(self, sheet: Spreadsheet, params: dict[str, list[str]]) -> dict[str, Any] | None:
            server.params.append(params)
            ranges = []
            for asked in params["ranges"]:
                title = asked[1:-1].replace("''", "'") if asked.startswith("'") else asked
                if title not in sheet.tabs:
                    return None
                rows = [trimmed(row) for row in sheet.tabs[title][1]]
                while rows and not rows[-1]:
                    rows.pop()
                ranges.append(
                    {"range": f"{asked}!A1:Z1000", "majorDimension": "ROWS", **({"values": rows} if rows else {})}
                )
            return {"spreadsheetId": "x", "valueRanges": ranges}

        def export(self, sheet: Spreadsheet | None, params: dict[str, list[str]]) -> None:
            if sheet is None:
                return self.give(404, b"<!doctype html>not found", "text/html")
            if not sheet.public:
                return self.give(302, b"", "text/html", Location=f"{server.base}/signin")
            tabs = {str(gid): rows for gid, rows in sheet.tabs.values()}
            gid = params.get("gid", [next(iter(tabs))])[0]
            if gid not in tabs:
                return self.give(400, b"<!doctype html>bad request", "text/html")
            width = max((len(row) for row in tabs[gid]), default=0)
            text = io.StringIO()
            csv.writer(text).writerows([[*map(shown, row), *[""] * (width - len(row))] for row in tabs[gid]])
            self.give(200, text.getvalue().encode(), "text/csv")

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    listening.daemon_threads = True
    server = SheetsServer(f"http://127.0.0.1:{listening.server_port}", new_key())
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def shown(value: object) -> str:
    """Return a cell as the sheet shows it."""
    return str(value).upper() if isinstance(value, bool) else str(value)


def trimmed(row: Sequence[object]) -> list[str]:
    """Return a row as the API gives it: as it is shown, without the empty cells at its end."""
    cells = [shown(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def titles(sheet: Spreadsheet) -> dict[str, Any]:
    every = [
        {"sheetId": gid, "title": title, "sheetType": "GRID", **({"hidden": True} if title in sheet.hidden else {})}
        for title, (gid, _) in sheet.tabs.items()
    ]
    return {"properties": {"title": sheet.title}, "sheets": [{"properties": one} for one in every]}


def why_not(stated: dict[str, list[str]], server: SheetsServer) -> str:
    """Return what is wrong with the signed statement for which a token is asked; "" where nothing is."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    if stated.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
        return "not a statement"
    head, claims, signature = [*stated["assertion"][0].split("."), "", ""][:3]
    try:
        server.key.public_key().verify(
            decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return "Invalid JWT Signature."
    said = json.loads(decoded(claims))
    if said["iss"] != EMAIL or said["aud"] != AUDIENCE or SCOPE not in said["scope"]:
        return "wrong issuer, audience or scope"
    if not said["iat"] - 60 <= time.time() <= said["exp"] or server.refused_key:
        return "Invalid grant: account not found"
    return ""


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
