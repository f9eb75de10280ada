"""What a picture is kept under, so that whatever is computed of it is computed once."""

from __future__ import annotations

from pathlib import Path

from rushes.labels.manifest import ManifestRow
from rushes.storage.files import digest_of_bytes, digest_of_file
from rushes.storage.pictures import is_remote


def content_of(row: ManifestRow, root: Path) -> str:
    """Return what a picture is kept under: its digest, or its address where nobody knows the digest.

    For a local file that cannot be read it is the path, under which nothing is ever kept.
    """
    if row.sha256:
        return row.sha256
    if is_remote(row.img_ref):
        return f"@{digest_of_bytes(row.img_ref.encode())}"  # an address may hold a signature
    try:
        return digest_of_file(root / row.img_ref)
    except OSError:
        return str(root / row.img_ref)
