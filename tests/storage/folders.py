"""Places to write to, as a test can have them: a folder, a bucket in memory, buckets in stores on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.loopback_s3 import environment, s3_apart

from rushes.storage.buckets import BucketFolder
from rushes.storage.local_folder import LocalFolder
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Remote
from storage.azure_server import azure_store
from storage.servers import s3_store


@contextmanager
def folders_at(kind: str, tmp_path: Path) -> Iterator[Callable[[str], ObjectFolder]]:
    """Give what makes a place of a name: `local`, or prefixes in a bucket, in `memory` or in a store."""
    if kind == "local":
        yield lambda name: LocalFolder(tmp_path / name)
    elif kind == "memory":
        store = pytest.importorskip("obstore.store", reason="the extra 'cloud' is not installed").MemoryStore()
        yield lambda name: BucketFolder(Remote("gs", "memory", f"{name}/"), store)
    elif kind == "loopback":
        with s3_apart(["rushes-data"]) as endpoint, reached_by(environment(endpoint)):
            yield lambda name: object_folder(Remote("s3", "rushes-data", f"{name}/"))
    elif kind == "google":
        with s3_apart(["rushes-data"]) as endpoint:
            said = {"GOOGLE_BASE_URL": endpoint, "GOOGLE_BEARER_TOKEN": "token"}
            with reached_by(said):
                yield lambda name: object_folder(Remote("gs", "rushes-data", f"{name}/"))
    elif kind == "azure":
        with azure_store("rushes-data") as said, reached_by(said):
            yield lambda name: object_folder(Remote("az", "rushes-data", f"{name}/"))
    else:
        with s3_store() as bucket, reached_by(bucket.environment):
            yield lambda name: object_folder(Remote("s3", bucket.name, f"{name}/"))


@contextmanager
def reached_by(environment: Mapping[str, str]) -> Iterator[None]:
    """Let the environment lead to a store, and to nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield
