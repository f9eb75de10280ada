from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from learning.tiny import TinyProject
from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import MediaError
from rushes.learning.decoders import Decoders, decoders_for, prepare_file

SMALL = Preprocessing(12, 8, fit="pad")


def test_a_process_prepares_a_picture_as_a_thread_does(project: TinyProject) -> None:
    paths = [project.root / row.img_ref for row in project.rows]
    decoders = Decoders(SMALL)
    try:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(decoders.prepare, paths))
    finally:
        decoders.close()
    for path, pixels in zip(paths, found, strict=True):
        np.testing.assert_array_equal(pixels, prepare_file(path, SMALL))


def test_what_is_no_picture_is_refused_in_the_same_words_and_the_next_one_is_read(project: TinyProject) -> None:
    path, torn, gone = (project.root / row.img_ref for row in project.rows[:3])
    torn.write_bytes(torn.read_bytes()[:60])
    gone.unlink()
    decoders = Decoders(SMALL)
    try:
        for spoilt in (torn, gone):
            with pytest.raises(MediaError) as here:
                prepare_file(spoilt, SMALL)
            with pytest.raises(MediaError) as there:
                decoders.prepare(spoilt)
            assert there.value.reason == here.value.reason
        np.testing.assert_array_equal(decoders.prepare(path), prepare_file(path, SMALL))
    finally:
        decoders.close()


def test_a_process_that_was_killed_costs_nothing_but_its_time(project: TinyProject) -> None:
    first, second, third = (project.root / row.img_ref for row in project.rows[:3])
    decoders = Decoders(SMALL)
    try:
        decoders.prepare(first)
        os.kill(decoders._processes[threading.get_ident()].pid, signal.SIGKILL)
        for path in (second, third):
            np.testing.assert_array_equal(decoders.prepare(path), prepare_file(path, SMALL))
    finally:
        decoders.close()


def test_processes_are_started_only_where_many_pictures_wait_for_many_threads(tmp_path: Path) -> None:
    for threads, count in ((2, 10**6), (16, 900)):
        with decoders_for(SMALL, threads=threads, picture_count=count) as decoders:
            assert decoders is None
    with decoders_for(SMALL, threads=16, picture_count=1000) as decoders:
        assert decoders is not None
        assert decoders._processes == {}
