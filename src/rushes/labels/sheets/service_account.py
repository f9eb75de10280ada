"""ServiceAccount: who a credentials file lets rushes read sheets as."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rushes.errors import UsageError, require_extra
from rushes.labels.sheets.asking import Asker, ServiceError, check_address

CREDENTIALS_VARIABLE = "GOOGLE_CREDENTIALS_FILE"
SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
_REMEDY = "In the Google Cloud console open the service account, make a key of the kind JSON, and name that file"


class ServiceAccount:
    """A service account with its key; may be used by several threads. Its key is in no text that is made of it."""

    def __init__(self, credentials: Any, *, path: Path) -> None:
        self._credentials = credentials
        self._path = path
        self._lock = threading.Lock()

    @property
    def email(self) -> str:
        """The address with which sheets are shared."""
        return str(self._credentials.service_account_email)

    def authorization(self, asker: Asker, *, anew: bool = False) -> str:
        """Return what a request states as its `Authorization`; a token is asked for where none is valid.

        Args:
            anew: ask for a token even where one seems valid, since the service refused it.

        Raises:
            ServiceError: the key is refused, or Google does not answer.
        """
        from google.auth.exceptions import GoogleAuthError

        with self._lock:
            if anew or not self._credentials.valid:
                try:
                    self._credentials.refresh(_Transport(asker))
                except GoogleAuthError as error:
                    # Without its cause: its text may hold what was sent.
                    raise ServiceError(self._why_refused(error)) from None
            return f"Bearer {self._credentials.token}"

    def _why_refused(self, error: Exception) -> str:
        said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], Mapping) else {}
        code = said.get("error")
        shown = f" ({code})" if isinstance(code, str) and code.replace("_", "").isalpha() else ""
        return (
            f"Google refuses the key of {self.email}{shown}, which {CREDENTIALS_VARIABLE} names. It was deleted or the "
            "clock of this machine is wrong; make a new key, or set the clock"
        )


class _Response:
    """An answer as google-auth wants it."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status, self.headers, self.data = status, headers, data


class _Transport:
    """The way by which google-auth sends a request: ours, with its waits."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _Response:
        data = body if isinstance(body, bytes) or body is None else urlencode(body).encode()
        answer = self._asker.ask(url, method=method, headers=headers, data=data, paced=False)
        return _Response(answer.status, answer.headers, answer.data)


def read_service_account(path: Path) -> ServiceAccount:
    """Read the credentials file of a service account.

    Raises:
        ServiceError: the file is missing, is no JSON, is of another kind of credentials, or its key is damaged.
        MissingExtraError: the extra `sheets` is not installed.
    """
    require_extra("sheets", "requests", "google.auth", purpose="reading Google Sheets")
    where = f"the file that {CREDENTIALS_VARIABLE} names ({path})"
    try:
        info = json.loads(path.expanduser().read_bytes())
    except FileNotFoundError:
        raise ServiceError(f"{where} is missing. Correct the variable") from None
    except (OSError, IsADirectoryError) as error:
        raise ServiceError(f"{where} cannot be read ({error.strerror}). Check its permissions") from None
    except ValueError:
        raise ServiceError(f"{where} is no JSON. {_REMEDY}") from None
    kind = info.get("type") if isinstance(info, dict) else None
    if kind != "service_account":
        found = f"of the kind '{kind}'" if isinstance(kind, str) and len(kind) < 40 else "of another kind"
        raise ServiceError(f"{where} is {found}, not of a service account. {_REMEDY}")
    missing = [key for key in ("client_email", "private_key", "token_uri") if not isinstance(info.get(key), str)]
    if missing:
        raise ServiceError(f"{where} has no {', '.join(missing)}. {_REMEDY}")
    try:
        check_address(info["token_uri"], named_by=f"token_uri in {path.name}")
    except UsageError as error:
        raise ServiceError(str(error)) from None
    return ServiceAccount(_credentials_of(info, where), path=path)


def _credentials_of(info: Mapping[str, Any], where: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from google.oauth2 import service_account

    try:
        if not isinstance(load_pem_private_key(info["private_key"].encode(), password=None), RSAPrivateKey):
            raise ServiceError(f"{where} holds a private_key of another kind than RSA. {_REMEDY}")
        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):  # a TypeError where it is locked
        raise ServiceError(f"{where} holds a damaged private_key, or one with a password. {_REMEDY}") from None
