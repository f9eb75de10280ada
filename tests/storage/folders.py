"""Places to write to, as a test can have them: a folder, a bucket in memory, buckets in stores on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rushes.storage.buckets import BucketFolder
from rushes.storage.local_folder import LocalFolder
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Remote
from storage.servers import s3_store


@contextmanager
def folders_at(kind: str, tmp_path: Path) -> Iterator[Callable[[str], ObjectFolder]]:
    """Give what makes a place of a name: `local`, `memory`, or `s3`, whose names are prefixes in one bucket."""
    if kind == "local":
        yield lambda name: LocalFolder(tmp_path / name)
    elif kind == "memory":
        store = pytest.importorskip("obstore.store", reason="the extra 'cloud' is not installed").MemoryStore()
        yield lambda name: BucketFolder(Remote("gs", "memory", f"{name}/"), store)
    else:
        with s3_store() as bucket, pytest.MonkeyPatch.context() as patch:
            for name, value in bucket.environment.items():
                patch.setenv(name, value)
            yield lambda name: object_folder(Remote("s3", bucket.name, f"{name}/"))
