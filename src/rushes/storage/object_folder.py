"""ObjectFolder: a place as keys with bytes behind them, which can be listed, read and changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rushes.errors import UsageError
from rushes.progress import Progress, silent
from rushes.storage.buckets import bucket_folder
from rushes.storage.local_folder import LocalFolder
from rushes.storage.places import Place, Remote
from rushes.storage.stores import State


class ObjectFolder(Protocol):
    """A place as a set of keys, each with bytes behind it; may be used by many threads.

    Keys are relative to the place, with forward slashes: `train/Rare/one.jpg`. What is written stands at its key whole
    or not at all. A copy or an upload returns only once the store vouches for the bytes at their new key: size, and the
    ETag where it tells of the content.

    Every method raises PlaceError where the store or the file system refuses, says nothing, is full or is not there,
    and for a key that leads out of the place; of an object that must be there and is not, its kind AbsentError.
    """

    @property
    def place(self) -> Place:
        """Where it is."""

    def listing(self, prefix: str = "", *, progress: Progress = silent) -> Iterator[tuple[str, State]]:
        """Yield every key below a folder of the place with its state, as many as there are, in no order to rely on.

        A place that is not there yet has no keys; a bucket must be there.

        Args:
            prefix: a folder, as `train/Rare/`; all where it is empty.
        """

    def state(self, key: str) -> State | None:
        """Return the state of an object; None where there is none."""

    def read(self, key: str) -> bytes:
        """Return the bytes of an object, which must be there."""

    def write(self, key: str, data: bytes) -> State:
        """Put bytes at a key, whatever stands there."""

    def write_new(self, key: str, data: bytes) -> State | None:
        """Put bytes at a key where nothing stands there; None where something does.

        Of many who try at once one succeeds. Where an answer is lost on the way it may have succeeded all the same:
        who must know puts a word of its own into the bytes, and reads them.
        """

    def rewrite(self, key: str, data: bytes, *, known: State) -> State | None:
        """Put bytes at a key where what stands there is still in a state; None where it is not, or is gone."""

    def upload(self, path: Path, key: str) -> State:
        """Put a local file at a key, whatever stands there."""

    def copy_within(self, key: str, to: str, *, known: State | None = None) -> State:
        """Copy an object to another key, whatever stands there; the bytes stay in the store.

        Args:
            known: the state that it must still be in, where it is known; that saves asking for it.
        """

    def copy_from(self, source: Place, key: str) -> State:
        """Put a file from elsewhere at a key, whatever stands there; what is in the same store stays in the store."""

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove objects; return why, for each that could not be. One that is not there is no fault."""


def object_folder(place: Place, *, links: bool = True) -> ObjectFolder:
    """Return a place as keys; nothing is asked or made yet.

    Args:
        links: whether what is put into a local folder may be a second name of the file that it comes from.

    Raises:
        UsageError: it is a web address, or the environment says what cannot be followed.
        MissingExtraError: the extra `cloud` is not installed.
    """
    if isinstance(place, Path):
        return LocalFolder(place, links=links)
    if not place.in_bucket:
        raise UsageError(f"{place}: a web server takes no files. Give a local folder, s3://, gs:// or az://")
    return bucket_folder(Remote(place.scheme, place.host, place.key))
