"""The whole application with tiny bundles, served on this machine for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from rushes.api.addresses import Network
from rushes.api.limits import Limits
from rushes.api.service import Service, Strength
from rushes.studio.access import access_for
from rushes.studio.app import make_application
from rushes.studio.predicting import open_predicting
from rushes.web.server import Server, listen


@dataclass(frozen=True, slots=True)
class Served:
    """A server of tests, what asks it, and what stands behind it."""

    client: httpx.Client
    service: Service
    application: Any
    address: str
    spool: Path

    def predict(self, data: bytes | Path, *, path: str = "/predict", **fields: str) -> httpx.Response:
        content = data.read_bytes() if isinstance(data, Path) else data
        return self.client.post(path, files={"file": ("../../etc/x.jpg", content)}, data=fields)


@contextmanager
def serving(
    folders: Sequence[Path],
    spool: Path,
    *,
    limits: Limits | None = None,
    host: str = "127.0.0.1",
    token: str = "",
    decoders: int = 1,
    network: Network | None = None,
) -> Iterator[Served]:
    """Serve bundles in a thread until the context ends.

    Args:
        network: over which addresses are fetched; None lets no request name one.
    """
    spool.mkdir(exist_ok=True)
    strength = Strength(decoders=decoders, films=1, threads=1)
    predicting = open_predicting(
        folders,
        limits=limits or Limits(),
        strength=strength,
        spool=spool,
        takes_addresses=network is not None,
        network=network,
    )
    access = access_for(host, token=token, command="rushes serve")
    application = make_application(access=access, opens_on="predict", predicting=predicting)
    begun = threading.Event()
    server = Server(application, listen(0), started=begun.set, lifespan=True, grace_seconds=5)
    thread = threading.Thread(target=server.run)
    thread.start()
    address = f"http://127.0.0.1:{server.port}"
    try:
        assert begun.wait(120), "the server did not start"
        with httpx.Client(base_url=address, timeout=120) as client:
            yield Served(client, predicting.service, application, address, spool)
    finally:
        server.stop()
        thread.join(60)
        assert not thread.is_alive(), "the server did not end"
