"""What rushes tells an S3 store: endpoint, region and keys, from the environment and the profile files."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rushes.errors import UsageError

DEFAULT_REGION = "us-east-1"
NO_KEYS = (
    "no keys for S3 were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
    "for a public bucket set AWS_SKIP_SIGNATURE=true"
)
_TRUE = frozenset({"1", "true", "yes", "on"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Where a program on a server of the cloud is given its keys: the store asks there itself.
_GIVEN_KEYS = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)

# What a profile says where its keys are not in it: Amazon's own library follows it.
_ASKING = ("role_arn", "sso_session", "sso_start_url", "sso_account_id", "credential_process", "login_session")


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How a bucket is reached.

    Attributes:
        endpoint: address of a store that is not Amazon's own; None leaves it to the region.
        access_key_id, secret_access_key, session_token: None where they are to be asked for, or none are needed.
        anonymous: requests are not signed, as for a public bucket.
        allow_http: an address without TLS may be used.
        asks: Amazon's own library is to find the keys and to renew them: a profile names a role, a sign-in or a
            program, or nothing states keys and the machine is asked.
        in_file: the keys are those of a profile file.
        profile: its name, where one is asked for.
        told: what the environment says, where the library looks at it.
    """

    region: str = DEFAULT_REGION
    endpoint: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    anonymous: bool = False
    allow_http: bool = False
    asks: bool = False
    in_file: bool = False
    profile: str | None = None
    told: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def s3_settings(environment: Mapping[str, str], *, home: Path) -> S3Settings:
    """Return how to reach buckets: what the environment says, then what the profile in `home`/.aws says.

    The variables are those of Amazon's own tools: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
    AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, AWS_ENDPOINT_URL_S3,
    AWS_ENDPOINT_URL, AWS_EC2_METADATA_DISABLED; and AWS_SKIP_SIGNATURE and AWS_ALLOW_HTTP. Without keys, and where the
    profile names a role, a sign-in or a program, they are asked for.

    Raises:
        UsageError: a profile is named that is in no file, a file cannot be read, half of a pair of keys is set, an
            endpoint is no address, or one without TLS is named that is not on this machine while AWS_ALLOW_HTTP is not
            set.
    """
    profile = _profile(environment, home)
    endpoint = (
        environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or profile.get("endpoint_url")
    )
    if endpoint and not _is_web_address(endpoint):
        # Not repeated: what is no address may hold anything.
        raise UsageError(
            "AWS_ENDPOINT_URL, or endpoint_url of the profile, is no address of a server. Write https://HOST:PORT, or "
            "http://HOST:PORT where there is no TLS"
        )
    allow_http = environment.get("AWS_ALLOW_HTTP", "").lower() in _TRUE
    if endpoint and urlsplit(endpoint).scheme == "http" and not allow_http:
        host = urlsplit(endpoint).hostname
        if host not in _LOOPBACK:
            raise UsageError(
                f"AWS_ENDPOINT_URL names http://{host}, where anyone on the way can read along. Use https://, or set "
                "AWS_ALLOW_HTTP=true"
            )
        allow_http = True
    anonymous = environment.get("AWS_SKIP_SIGNATURE", "").lower() in _TRUE
    # Keys belong together: a secret from a file never completes a key from the environment.
    in_file = not environment.get("AWS_ACCESS_KEY_ID")
    named = in_file and any(profile.get(word) for word in _ASKING)
    stated = {} if named else {key.upper(): value for key, value in profile.items()} if in_file else environment
    keys = stated.get("AWS_ACCESS_KEY_ID"), stated.get("AWS_SECRET_ACCESS_KEY")
    if bool(keys[0]) != bool(keys[1]) and not anonymous:
        raise UsageError("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set. Set both, or AWS_PROFILE")
    given = any(environment.get(name) for name in _GIVEN_KEYS)
    if (
        not (keys[0] or given or anonymous or named)
        and environment.get("AWS_EC2_METADATA_DISABLED", "").lower() in _TRUE
    ):
        raise UsageError(NO_KEYS)
    asks = not (keys[0] or anonymous)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or profile.get("region")
    return S3Settings(
        region=region or DEFAULT_REGION,
        endpoint=endpoint or None,
        access_key_id=None if anonymous else keys[0] or None,
        secret_access_key=None if anonymous else keys[1] or None,
        session_token=None if anonymous else stated.get("AWS_SESSION_TOKEN") or stated.get("AWS_SECURITY_TOKEN"),
        anonymous=anonymous,
        allow_http=allow_http,
        asks=asks,
        in_file=in_file and not asks and not anonymous,
        profile=environment.get("AWS_PROFILE") or None,
        told=tuple(sorted((name, said) for name, said in environment.items() if name.startswith("AWS_")))
        if asks
        else (),
    )


def _is_web_address(text: str) -> bool:
    """Return whether a text is an address of a web server."""
    try:
        address = urlsplit(text)
        address.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname) and not re.search(r"\s", text)


def _profile(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return what the two files say of the profile that is asked for; what the file of keys says goes first."""
    name = environment.get("AWS_PROFILE") or "default"
    places = (
        (Path(environment.get("AWS_CONFIG_FILE") or home / ".aws" / "config"), ("default", f"profile {name}")),
        (Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials"), (name,)),
    )
    found: dict[str, str] = {}
    known = name == "default"
    for path, sections in places:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path.expanduser(), encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            # The error would quote the line, and the line may be a key.
            raise UsageError(
                f"{path}: is not a profile file of Amazon's tools. Correct it, or unset AWS_PROFILE"
            ) from None
        section = sections[0] if name == "default" else sections[-1]
        if parser.has_section(section):
            known = True
            found |= dict(parser.items(section))
    if not known:
        raise UsageError(
            f"AWS_PROFILE names '{name}', which is in no profile file under {home / '.aws'}. Check its name"
        )
    return found
