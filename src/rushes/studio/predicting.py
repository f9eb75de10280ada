"""The API of some bundles, ready to be served."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from fastapi import Request

from rushes.api.addresses import Network
from rushes.api.fetching import Fetcher
from rushes.api.limits import Limits
from rushes.api.metrics import Metrics
from rushes.api.served import open_served
from rushes.api.service import Service, Strength
from rushes.api.uploads import Form, UploadLimits, take_in
from rushes.studio.app import Predicting

_WRITING = 4  # files at a time


def open_predicting(
    folders: Sequence[Path],
    *,
    limits: Limits,
    strength: Strength,
    spool: Path,
    takes_addresses: bool = False,
    network: Network | None = None,
) -> Predicting:
    """Return the API of the bundles in some folders.

    Args:
        spool: folder for what is sent, of this process alone; it is there.
        takes_addresses: whether a request may name a file by an address of the web.
        network: over which it is then fetched; None is the public one.

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

    one = replace(bounds, files=1)
    threads = ThreadPoolExecutor(_WRITING, "uploads")

    async def intake(request: Request, *, several: bool) -> Form:
        return await take_in(request, bounds if several else one, spool, each=several, threads=threads)

    return Predicting(service, intake, metrics, Fetcher(one, spool, network=network) if takes_addresses else None)
