from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.sent import LIMITS, jpeg
from rushes.api.spooling import Incoming, UploadLimits, spool_folder, sweep


def test_a_spool_is_for_its_user_alone_and_goes_with_its_process(tmp_path: Path) -> None:
    with spool_folder(tmp_path / "spool") as folder:
        assert folder.parent == tmp_path / "spool"
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a.jpg").write_bytes(jpeg())
        with spool_folder(tmp_path / "spool") as other:
            assert other != folder
            assert (folder / "a.jpg").is_file()
            assert sweep(tmp_path / "spool") == 0
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom rushes.api.spooling import spool_folder\n"
        f"with spool_folder(Path({str(tmp_path)!r})) as folder:\n"
        "    (folder / 'a.jpg').write_bytes(b'x'); print(folder, flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    left = Path(process.stdout.readline().strip())
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert (left / "a.jpg").is_file()
    with spool_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_what_is_no_spool_is_left(tmp_path: Path) -> None:
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "a.jpg").write_bytes(b"x")
    (tmp_path / "rushes-spool-link").symlink_to(tmp_path / "photographs")
    (tmp_path / "rushes-spool-file").write_bytes(b"x")
    assert sweep(tmp_path) == 0
    assert len(os.listdir(tmp_path / "photographs")) == 1  # noqa: PTH208


def test_a_raw_whose_tags_come_last_gets_its_own_suffix(tmp_path: Path) -> None:
    texts = b" " * 2_000_000 + b"SONY\0\0"
    entries = (
        b"\x06\x01\x03\0\x01\0\0\0\x23\x80\0\0" + b"\x0f\x01\x02\0\x05\0\0\0" + (8 + 2_000_000).to_bytes(4, "little")
    )
    data = b"II*\0" + (8 + len(texts)).to_bytes(4, "little") + texts + b"\x02\0" + entries + b"\0\0\0\0"
    for step in (len(data), 300_000):
        incoming = Incoming(tmp_path, UploadLimits(), what="the file")
        for at in range(0, len(data), step):
            incoming.add(data[at : at + step])
            if step < len(data):
                incoming.write()
        upload = incoming.settle()
        assert (upload.path.suffix, upload.kind, upload.path.read_bytes()) == (".arw", "raw", data)
        upload.close()


@pytest.mark.parametrize("name", ["file_bytes", "still_bytes", "body_bytes", "files", "seconds", "idle_seconds"])
def test_a_limit_of_nothing_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        UploadLimits(**{name: 0})
    assert LIMITS.bytes_of("raw") == LIMITS.still_bytes
    assert LIMITS.bytes_of("video") == LIMITS.file_bytes
