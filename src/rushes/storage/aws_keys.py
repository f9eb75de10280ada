"""Keys for S3 as a store asks for them: those that are stated, or those that Amazon's library is given and renews."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from rushes.errors import UsageError, require_extra
from rushes.storage.aws import NO_KEYS, S3Settings, s3_settings

NOT_RENEWED = "RushesKeysNotRenewed"  # in the text of an error that the store's library wraps up
_ASKED_AGAIN = timedelta(
    seconds=60
)  # asking costs nothing while the keys are good: whoever gives them knows until when


def keys_for(settings: S3Settings) -> Callable[[], Any]:
    """Return what gives a store its keys; the store asks again each minute where they may end.

    Raises:
        UsageError: nobody gives any keys, or whoever is named to give them does not.
        MissingExtraError: the extra `cloud` is not installed.
    """
    if settings.asks:
        found = _library_keys(settings)
        return lambda: _shown(found)
    if settings.in_file and settings.session_token:
        return _of_file
    stated = {
        "access_key_id": settings.access_key_id,
        "secret_access_key": settings.secret_access_key,
        "token": settings.session_token,
        "expires_at": None,
    }
    return lambda: stated


def _of_file() -> dict[str, Any]:
    """Return the keys that a profile file holds now: whoever wrote temporary ones there writes new ones."""
    try:
        now = s3_settings(os.environ, home=Path.home())
    except UsageError:
        raise RuntimeError(NOT_RENEWED) from None
    return {
        "access_key_id": now.access_key_id,
        "secret_access_key": now.secret_access_key,
        "token": now.session_token,
        "expires_at": datetime.now(UTC) + _ASKED_AGAIN,
    }


@lru_cache(maxsize=8)
def _library_keys(settings: S3Settings) -> Any:
    """Return the keys as botocore keeps them: by sign-in, role, program, web identity, container or server."""
    require_extra("cloud", "boto3", purpose="keys that a role, a sign-in or a program gives")
    from botocore.session import Session

    try:
        found = Session(profile=settings.profile).get_credentials()
        if found is not None:
            found.get_frozen_credentials()
    except Exception as error:
        # Whoever gives them may do anything. Without its text: it may quote what a program or a server said.
        raise UsageError(
            f"the keys for S3 could not be had ({type(error).__name__}). Sign in again (aws sso login), or check the "
            "role, the program or the file that the profile names"
        ) from None
    if found is None:
        raise UsageError(NO_KEYS)
    return found


def _shown(found: Any) -> dict[str, Any]:
    try:
        now = found.get_frozen_credentials()  # renews them some minutes before they end
    except Exception:
        raise RuntimeError(NOT_RENEWED) from None
    return {
        "access_key_id": now.access_key,
        "secret_access_key": now.secret_key,
        "token": now.token,
        "expires_at": datetime.now(UTC) + _ASKED_AGAIN,
    }
