"""Remote files from their first byte to their last, in pieces of one version."""

from __future__ import annotations

from collections.abc import Iterator

from rushes.errors import AbsentError, MediaError, PlaceError
from rushes.storage.places import Remote
from rushes.storage.stores import Changed, State, StoredObject

PIECE_BYTES = 8 << 20


class Stream:
    """A remote file, to be read once in order; the first piece is read when it is opened.

    Attributes:
        state: what the store vouches for; all pieces are of it.
    """

    def __init__(self, remote: Remote) -> None:
        """Open it.

        Raises:
            AbsentError: it is missing.
            PlaceError: it may not be read, or the server does not answer.
        """
        self._remote = remote
        self._stored = StoredObject(remote)
        try:
            answer = self._stored.fetch(0, PIECE_BYTES)
        except MediaError as error:
            absent = error.reason.startswith("there is no such")
            raise (AbsentError if absent else PlaceError)(remote, error.reason) from None
        self._first = answer.data
        self.state: State = answer.state

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes.

        Raises:
            PlaceError: it changed meanwhile, or the server broke off and did not come back.
        """
        done = len(self._first)
        if done:
            yield self._first
        while done < self.state.size_bytes:
            try:
                answer = self._stored.fetch(done, done + PIECE_BYTES, known=self.state)
            except MediaError as error:
                raise PlaceError(self._remote, error.reason) from None
            except Changed:
                raise PlaceError(
                    self._remote, "changed while it was copied. Run this again once it is no longer written to"
                ) from None
            done += len(answer.data)
            yield answer.data
