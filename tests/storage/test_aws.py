from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import UsageError
from rushes.storage.aws import s3_settings

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def profiles(home: Path, credentials: str = "", config: str = "") -> Path:
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(credentials)
    (home / ".aws" / "config").write_text(config)
    return home


def test_without_anything_the_region_is_the_default_one_and_there_are_no_keys(tmp_path: Path) -> None:
    settings = s3_settings({}, home=tmp_path)
    assert (settings.region, settings.access_key_id, settings.anonymous) == ("us-east-1", None, False)


def test_the_environment_goes_before_the_profile_and_keys_are_never_mixed(tmp_path: Path) -> None:
    profile = "[default]\naws_access_key_id = file\naws_secret_access_key = file\naws_session_token = file\n"
    home = profiles(tmp_path, profile, "[default]\nregion = eu-west-1\n")
    settings = s3_settings(KEYS, home=home)
    assert (settings.access_key_id, settings.secret_access_key, settings.session_token) == ("key", "secret", None)
    assert settings.region == "eu-west-1"
    assert s3_settings({}, home=home).session_token == "file"


def test_a_profile_is_read_from_both_files(tmp_path: Path) -> None:
    home = profiles(
        tmp_path,
        "[default]\naws_access_key_id = no\n[studio]\naws_access_key_id = yes\naws_secret_access_key = s\n",
        "[profile studio]\nregion = eu-north-1\nendpoint_url = https://store.example\n",
    )
    settings = s3_settings({"AWS_PROFILE": "studio"}, home=home)
    assert (settings.access_key_id, settings.region, settings.endpoint) == (
        "yes",
        "eu-north-1",
        "https://store.example",
    )
    with pytest.raises(UsageError, match="AWS_PROFILE names 'other'"):
        s3_settings({"AWS_PROFILE": "other"}, home=home)


def test_a_damaged_profile_file_is_named_and_not_quoted(tmp_path: Path) -> None:
    home = profiles(tmp_path, "aws_secret_access_key = hush\n")
    with pytest.raises(UsageError, match="is not a profile file") as caught:
        s3_settings({}, home=home)
    assert "hush" not in str(caught.value)


def test_an_endpoint_without_tls_is_taken_on_this_machine_or_where_it_is_allowed(tmp_path: Path) -> None:
    assert s3_settings({"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}, home=tmp_path).allow_http
    away = {"AWS_ENDPOINT_URL": "http://store.example"}
    with pytest.raises(UsageError, match="AWS_ALLOW_HTTP=true"):
        s3_settings(away, home=tmp_path)
    assert s3_settings(away | {"AWS_ALLOW_HTTP": "true"}, home=tmp_path).allow_http


@pytest.mark.parametrize(
    "endpoint",
    ["127.0.0.1:9000", "store.example", "s3:9000", "https://", "http://key:hush@", "http://store:port", "https:/hush"],
)
def test_an_endpoint_that_is_no_address_is_refused_and_not_repeated(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(UsageError, match=r"is no address of a server\. Write https://HOST:PORT") as caught:
        s3_settings(KEYS | {"AWS_ENDPOINT_URL": endpoint}, home=tmp_path)
    assert "hush" not in str(caught.value)


def test_without_a_signature_no_keys_are_sent(tmp_path: Path) -> None:
    settings = s3_settings(KEYS | {"AWS_SKIP_SIGNATURE": "true"}, home=tmp_path)
    assert settings.anonymous
    assert settings.access_key_id is None


def test_secrets_are_in_no_text(tmp_path: Path) -> None:
    assert "secret'" not in repr(s3_settings(KEYS, home=tmp_path))


def test_half_a_pair_of_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only one is set"):
        s3_settings({"AWS_ACCESS_KEY_ID": "key"}, home=tmp_path)
    assert s3_settings({"AWS_ACCESS_KEY_ID": "key", "AWS_SKIP_SIGNATURE": "1"}, home=tmp_path).anonymous


def test_without_keys_and_without_a_role_nothing_is_tried(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no keys for S3 were found"):
        s3_settings({"AWS_EC2_METADATA_DISABLED": "true"}, home=tmp_path)
