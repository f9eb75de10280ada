"""What only Amazon's own library does in a bucket: removals with a reason each, copies in parts, encryption."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rushes.errors import PlaceError
from rushes.storage.access import raise_if_expired, raise_if_over, reason_of, with_patience
from rushes.storage.aws import S3Settings
from rushes.storage.places import Remote
from rushes.storage.stores import State

_TRIES = 5
_CONNECTIONS = 32
_SMALLEST_PART_BYTES = 64 << 20
_MOST_PARTS = 10_000
_BUSY = ("SlowDown", "ServiceUnavailable", "InternalError")  # of one object among many


class _Busy(Exception):
    """Some of what was asked at once is to be asked again later."""


class S3Client:
    """Requests that obstore has no words for; may be used by many threads."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings

    def remove(self, bucket: Remote, paths: list[str]) -> dict[str, str]:
        """Remove up to 1,000 objects of a bucket; return why, for each that could not be."""
        from botocore.exceptions import BotoCoreError, ClientError

        asked: dict[str, Any] = {"Objects": [{"Key": path} for path in paths], "Quiet": True}
        faults: dict[str, str] = {}  # key -> code, of what was left over each time
        failed: dict[str, str] = {}

        def remove() -> None:
            if faults:
                asked["Objects"] = [{"Key": key} for key, code in faults.items() if code in _BUSY]
            answer = client.delete_objects(Bucket=bucket.host, Delete=asked)
            for one in asked["Objects"]:
                faults.pop(one["Key"], None)
            faults.update((fault["Key"], fault.get("Code", "")) for fault in answer.get("Errors", []))
            if any(code in _BUSY for code in faults.values()):
                raise _Busy("SlowDown")

        try:
            client = _client(self._settings)
            with_patience(bucket, remove)
        except (ClientError, BotoCoreError) as error:
            reason = _reason(error, bucket, "removed")
            failed = dict.fromkeys((one["Key"] for one in asked["Objects"]), reason)
        except _Busy:
            pass
        # What was refused before the last request, and not asked for again, was refused all the same.
        gone = ("NoSuchKey", "NoSuchVersion")
        return {key: _said(code, bucket, "removed") for key, code in faults.items() if code not in gone} | failed

    def copy_in_parts(
        self, source: Remote, target: Remote, known: State, *, part_bytes: int = _SMALLEST_PART_BYTES
    ) -> None:
        """Copy an object that is too large for one request; nothing stands at the target before all of it does.

        Args:
            part_bytes: of each part at least; more where there would be more parts than S3 takes.

        Raises:
            PlaceError: it cannot be copied, or is no longer in the state that is known.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = _client(self._settings)

        def ask(name: str, **words: Any) -> Any:
            return with_patience(target, lambda: getattr(client, name)(**words))

        pinned = {"CopySourceIfMatch": known.etag} if known.etag else {}
        asked = {"Bucket": source.host, "Key": source.key}
        part = max(part_bytes, -(-known.size_bytes // _MOST_PARTS))
        try:
            about = ask("head_object", Bucket=source.host, Key=source.key)
            kept = {name: about[name] for name in ("ContentType", "Metadata") if about.get(name)}
            started = ask("create_multipart_upload", Bucket=target.host, Key=target.key, **kept)
            where = {"Bucket": target.host, "Key": target.key, "UploadId": started["UploadId"]}
            try:
                parts = []
                for number, start in enumerate(range(0, known.size_bytes, part), 1):
                    stop = min(start + part, known.size_bytes)
                    answer = ask(
                        "upload_part_copy",
                        **where,
                        **pinned,
                        CopySource=asked,
                        PartNumber=number,
                        CopySourceRange=f"bytes={start}-{stop - 1}",
                    )
                    parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
                ask("complete_multipart_upload", **where, MultipartUpload={"Parts": parts})
            except BaseException:
                ask("abort_multipart_upload", **where)
                raise
        except (ClientError, BotoCoreError) as error:
            raise PlaceError(source, _reason(error, source, "copied")) from None

    def is_under_key(self, remote: Remote) -> bool:
        """Return whether an object is encrypted with a key of its own, so that its ETag says nothing of its content.

        Raises:
            PlaceError: the store does not say.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            about = with_patience(
                remote, lambda: _client(self._settings).head_object(Bucket=remote.host, Key=remote.key)
            )
        except (ClientError, BotoCoreError) as error:
            raise PlaceError(remote, _reason(error, remote, "read")) from None
        return about.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in about


@lru_cache(maxsize=8)
def _client(settings: S3Settings) -> Any:
    """Return a client that reaches a store by the same settings as obstore does."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    how: dict[str, Any] = {
        "connect_timeout": 4,
        "read_timeout": 60,
        "retries": {"mode": "standard", "total_max_attempts": _TRIES},
        "max_pool_connections": _CONNECTIONS,
        "request_checksum_calculation": "when_required",  # stores that are not Amazon's know no newer ones
        "response_checksum_validation": "when_required",
    }
    if settings.endpoint:
        how["s3"] = {"addressing_style": "path"}
    if settings.anonymous:
        how["signature_version"] = UNSIGNED
    return boto3.session.Session(profile_name=settings.profile if settings.asks else None).client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        aws_session_token=settings.session_token,
        config=Config(**how),
    )


def _reason(error: Exception, remote: Remote, doing: str) -> str:
    raise_if_expired(error, remote)
    answer = getattr(error, "response", {})
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = answer.get("Error", {}).get("Code", "")
    if status == 412:
        return "changed while it was copied. Run this again"
    if status:
        said = RuntimeError(f"status code: {status} {code}")
        if doing != "removed":  # of which each is listed with its reason
            raise_if_over(said, remote)
        return reason_of(said, remote, doing=doing)
    how = "timed out" if "Timeout" in type(error).__name__ else "connection"
    return reason_of(RuntimeError(how), remote, doing=doing)


def _said(code: str, remote: Remote, doing: str) -> str:
    """Return what a code means that stands in an answer to many requests at once."""
    status = {"AccessDenied": 403, "InternalError": 500, "SlowDown": 503, "ServiceUnavailable": 503}.get(code)
    if status is not None:
        return reason_of(RuntimeError(f"status code: {status} {code}"), remote, doing=doing)
    return f"cannot be {doing} (the store says {code}). Check its policy"
