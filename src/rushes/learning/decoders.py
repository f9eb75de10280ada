"""Pictures prepared in processes of their own, where threads would wait for each other.

Decoding lets go of the interpreter's lock for most of its time, not for all: some five threads keep it busy. Each
thread that asks has a process that it alone talks to, in bytes through its pipes; no memory and no main module is
shared, so that a picture that brings its process down costs that process only.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import MediaError

_LEAST_THREADS = 6  # fewer hardly get in each other's way
_LEAST_PICTURES = 1000  # a process takes most of a second to start
_LENGTH = struct.Struct("<q")  # of what follows; below zero, of a reason why there is no picture


class Decoders:
    """Processes that read and prepare pictures, one for each thread that asks."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        """Begin; a process is started when a thread first asks."""
        self._preprocessing = preprocessing
        self._shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
        self._lock = threading.Lock()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def prepare(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return a picture as `rushes.datasets.preprocessing.prepare` does, from its file.

        Raises:
            MediaError: as `rushes.footage.pictures.read_picture`.
        """
        try:
            answer = self._ask(path)
        except (OSError, struct.error):  # its process is gone, perhaps because of this picture
            self._forget()
            return prepare_file(path, self._preprocessing)
        if isinstance(answer, str):
            raise MediaError(path, answer)
        return np.frombuffer(answer, np.uint8).reshape(self._shape)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            _end(process)

    def _ask(self, path: Path) -> bytearray | str:
        """Return the picture's bytes, or why there is none."""
        process = self._process()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(os.fspath(path)).encode() + b"\n")
        process.stdin.flush()
        (length,) = _LENGTH.unpack(_read_exactly(process.stdout, _LENGTH.size))
        answer = _read_exactly(process.stdout, abs(length))
        return answer if length >= 0 else answer.decode()

    def _process(self) -> subprocess.Popen[bytes]:
        asker = threading.get_ident()
        with self._lock:
            process = self._processes.get(asker)
            if process is None:
                process = self._processes[asker] = subprocess.Popen(
                    [sys.executable, "-m", "rushes.learning.decoders", json.dumps(self._preprocessing.to_table())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                )
        return process

    def _forget(self) -> None:
        with self._lock:
            process = self._processes.pop(threading.get_ident(), None)
        if process is not None:
            _end(process)


@contextmanager
def decoders_for(preprocessing: Preprocessing, *, threads: int, picture_count: int) -> Iterator[Decoders | None]:
    """Give processes for pictures to be prepared in, or None where threads alone are as fast.

    Args:
        threads: that will ask.
        picture_count: how many pictures are still to be prepared.
    """
    if threads < _LEAST_THREADS or picture_count < _LEAST_PICTURES:
        yield None
        return
    decoders = Decoders(preprocessing)
    try:
        yield decoders
    finally:
        decoders.close()


def prepare_file(path: Path, preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
    """Return the picture in a file as a network takes it, (height, width, channels).

    Raises:
        MediaError: as `rushes.footage.pictures.read_picture`.
    """
    from rushes.footage.pictures import read_picture

    return prepare(read_picture(path), preprocessing)


def _read_exactly(pipe: IO[bytes], count: int) -> bytearray:
    """Return so many bytes.

    Raises:
        BrokenPipeError: the pipe ends before.
    """
    read = bytearray(count)
    view, done = memoryview(read), 0
    while done < count:
        more = pipe.readinto(view[done:])  # type: ignore[attr-defined]
        if not more:
            raise BrokenPipeError("the process has ended")
        done += more
    return read


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.kill()
    process.wait()


def _answer_all(preprocessing: Preprocessing, asked: IO[bytes], answers: IO[bytes]) -> None:
    """Answer every path, a line of JSON each, with a length and what it is of, until there are no more."""
    for line in asked:
        path = Path(json.loads(line))
        try:
            picture = np.ascontiguousarray(prepare_file(path, preprocessing))
            answers.write(_LENGTH.pack(picture.nbytes) + picture.tobytes())
        except (MediaError, OSError) as error:
            reason = (error.reason if isinstance(error, MediaError) else error.strerror or str(error)).encode()
            answers.write(_LENGTH.pack(-len(reason)) + reason)
        answers.flush()


if __name__ == "__main__":
    import cv2

    cv2.setNumThreads(1)
    _answer_all(Preprocessing.from_table(json.loads(sys.argv[1])), sys.stdin.buffer, sys.stdout.buffer)
