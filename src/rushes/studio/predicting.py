"""The API of some bundles, ready to be served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import Request

from rushes.api.limits import Limits
from rushes.api.metrics import Metrics
from rushes.api.served import open_served
from rushes.api.service import Service, Strength
from rushes.api.uploads import Form, UploadLimits, take_in
from rushes.studio.app import Predicting


def open_predicting(
    folders: Sequence[Path], *, limits: Limits, strength: Strength, spool: Path, takes_addresses: bool = False
) -> Predicting:
    """Return the API of the bundles in some folders.

    Args:
        spool: folder for what is sent, of this process alone; it is there.
        takes_addresses: whether a request may name a file by an address of the web.

    Raises:
        BundleError, UsageError: as `open_served`.
    """
    metrics = Metrics()
    service = Service(open_served(folders), limits=limits, strength=strength, metrics=metrics)
    bounds = UploadLimits(
        file_bytes=limits.video_bytes,
        still_bytes=limits.picture_bytes,
        body_bytes=limits.body_bytes,
        files=limits.batch_files,
        seconds=limits.body_seconds,
    )

    async def intake(request: Request) -> Form:
        return await take_in(request, bounds, spool)

    return Predicting(service, intake, metrics)
