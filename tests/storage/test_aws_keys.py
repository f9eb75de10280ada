"""Keys that a role, a program or a file gives, from loopback servers that stand for a cloud's."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
pytest.importorskip("boto3", reason="the extra 'cloud' is not installed")

from benchmarks.loopback_s3 import Store, s3_here

from rushes.errors import ExpiredKeysError, UsageError
from rushes.storage.access import raise_if_expired
from rushes.storage.aws import s3_settings
from rushes.storage.aws_keys import keys_for
from rushes.storage.object_folder import object_folder
from rushes.storage.places import Remote
from rushes.storage.reading import read_place
from storage.folders import reached_by
from storage.servers import WebServer, metadata_server, web_server

DATA = b"frame"
FILM = Remote("s3", "films", "a.jpg")
SECRETS = ("AKIAHUSHHUSH", "hush-secret", "hush-token")
KEYS = {"AccessKeyId": SECRETS[0], "SecretAccessKey": SECRETS[1], "Token": SECRETS[2]}


@pytest.fixture
def store() -> Store:
    store = Store({"films": {}})
    store.put("films", "a.jpg", DATA, "image/jpeg")
    return store


@pytest.fixture
def environment(store: Store, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The way to the store without any key, and with profile files of the test's own."""
    with s3_here(store) as endpoint:
        yield {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


def given(**more: str) -> bytes:
    return json.dumps(KEYS | {"Expiration": "2099-01-01T00:00:00Z", "Code": "Success"} | more).encode()


def test_a_container_is_given_its_keys(environment: dict[str, str], web: WebServer) -> None:
    address = web.put("/keys", given())
    with reached_by(environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": address}):
        assert read_place(FILM) == DATA
        assert object_folder(Remote("s3", "films", "")).read("a.jpg") == DATA
    assert len(web.asked) == 1


def test_keys_that_are_about_to_end_are_asked_for_again(environment: dict[str, str], web: WebServer) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    told = environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": web.put("/keys", given(Expiration=soon.isoformat()))}
    with reached_by(told):
        keys = keys_for(s3_settings(told, home=Path("/none")))
        before = len(web.asked)
        web.put("/keys", given(Token="newer"))
        assert (keys()["token"], len(web.asked) - before) == ("newer", 1)
        assert (keys()["token"], len(web.asked) - before) == ("newer", 1)


def test_a_server_of_the_cloud_is_asked_for_its_role(environment: dict[str, str]) -> None:
    with (
        metadata_server(given().decode()) as base,
        reached_by(environment | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": base}),
    ):
        assert read_place(FILM) == DATA


def test_a_role_that_is_no_longer_given_ends_the_run(environment: dict[str, str], web: WebServer) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    told = environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": web.put("/keys", given(Expiration=soon.isoformat()))}
    with reached_by(told):
        keys = keys_for(s3_settings(told, home=Path("/none")))
        web.files.clear()
        with pytest.raises(RuntimeError) as caught:
            keys()
    with pytest.raises(ExpiredKeysError):
        raise_if_expired(caught.value, FILM)


def test_a_program_that_a_profile_names_gives_the_keys(environment: dict[str, str], tmp_path: Path) -> None:
    said = {"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s", "SessionToken": "t"}
    (tmp_path / "said.json").write_text(json.dumps(said))
    (tmp_path / "config").write_text(f"[profile studio]\ncredential_process = cat {tmp_path / 'said.json'}\n")
    with reached_by(environment | {"AWS_PROFILE": "studio"}):
        assert read_place(FILM) == DATA


def test_a_program_or_a_sign_in_that_gives_none_is_told_without_its_words(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        f"[profile program]\ncredential_process = cat {tmp_path / 'hush-secret'}\n"
        "[profile signed]\nsso_start_url = https://hush-token.example\nsso_region = eu-west-1\n"
        "sso_account_id = 1\nsso_role_name = r\n"
    )
    for name in ("program", "signed"):
        with reached_by(environment | {"AWS_PROFILE": name}):
            with pytest.raises(UsageError, match=r"keys for S3 could not be had.*aws sso login") as caught:
                read_place(FILM)
            text = "".join(traceback.format_exception(caught.value))
            assert not any(secret in text for secret in SECRETS)


def test_a_temporary_key_in_a_profile_file_is_read_again_when_the_file_changes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def write(number: int) -> None:
        (tmp_path / "credentials").write_text(
            f"[default]\naws_access_key_id = k{number}\naws_secret_access_key = s\naws_session_token = t{number}\n"
        )

    write(1)
    with reached_by(environment):
        keys = keys_for(s3_settings(environment, home=tmp_path))
        assert keys()["token"] == "t1"
        write(2)
        assert (keys()["access_key_id"], keys()["token"]) == ("k2", "t2")
        assert keys()["expires_at"] is not None
        (tmp_path / "credentials").write_text("no profile file")
        with pytest.raises(RuntimeError, match="NotRenewed"):
            keys()


def test_keys_that_end_in_the_middle_end_the_run_once_and_new_ones_go_on(
    environment: dict[str, str], store: Store
) -> None:
    answered = [0]

    def refuse(*_: str) -> str | None:
        answered[0] += 1
        return "ExpiredToken" if answered[0] > 2 else None

    store.refuse = refuse
    stated = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    with reached_by(environment | stated):
        assert [read_place(FILM), read_place(FILM)] == [DATA, DATA]
        with pytest.raises(ExpiredKeysError, match=r"s3://films/: the keys have expired\. Get new ones, then run this"):
            read_place(FILM)
        store.refuse = lambda *_: None
        assert read_place(FILM) == DATA


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "SignatureDoesNotMatch", "SlowDown", "InternalError"])
def test_no_key_is_in_any_error_log_or_traceback(
    environment: dict[str, str], store: Store, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    stated = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), SECRETS, strict=True))
    store.refuse = lambda *_: code
    caplog.set_level(logging.DEBUG, logger="rushes")
    with reached_by(environment | stated):
        folder = object_folder(Remote("s3", "films", ""))
        said = [repr(folder), repr(s3_settings(environment | stated, home=Path("/none")))]
        for call in (
            lambda: read_place(FILM),
            lambda: folder.state("a.jpg"),
            lambda: folder.write("b.jpg", DATA),
            lambda: list(folder.listing()),
            lambda: folder.delete(["a.jpg"]),
        ):
            try:
                said.append(repr(call()))
            except Exception as error:
                said += [str(error), repr(error), "".join(traceback.format_exception(error))]
    assert len(said) > 6
    for secret in (*SECRETS, "Signature="):
        assert not any(secret in text for text in [*said, caplog.text])
