"""Fetcher: files by their addresses, a few at a time, beside everything else that a server does."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

from rushes.api.addresses import Network, fetch
from rushes.api.spooling import Upload, UploadLimits

_AT_A_TIME = 4


class Fetcher:
    """Fetches files; used on one event loop."""

    def __init__(self, limits: UploadLimits, folder: Path, *, network: Network | None = None) -> None:
        """Fetch nothing yet.

        Args:
            limits, folder, network: as `fetch` takes them; None is the public network.
        """
        self._limits, self._folder, self._network = limits, folder, network or Network()
        self._free = asyncio.Semaphore(_AT_A_TIME)

    async def __call__(self, url: str) -> Upload:
        """Return the file at an address; the caller closes it.

        Where the caller is cancelled, what still comes is removed once it is there.

        Raises:
            Refused: as `fetch`.
        """
        async with self._free:
            loop = asyncio.get_running_loop()
            found: asyncio.Future[Upload] = loop.create_future()

            def settle(upload: Upload | None, error: BaseException | None) -> None:
                if found.done():  # nobody waits for it any more
                    if upload is not None:
                        upload.close()
                elif upload is not None:
                    found.set_result(upload)
                elif error is not None:
                    found.set_exception(error)

            def work() -> None:
                upload, error = None, None
                try:
                    upload = fetch(url, self._limits, self._folder, network=self._network)
                except BaseException as caught:
                    error = caught
                with suppress(RuntimeError):  # the loop has ended, and the folder with it
                    loop.call_soon_threadsafe(settle, upload, error)

            # Not one of an executor's, which the end of the server would wait for: a server may be slow for minutes.
            threading.Thread(target=work, name="fetching", daemon=True).start()
            return await found
