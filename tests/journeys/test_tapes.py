"""Old tapes: interlaced, with a timecode of their own."""

from __future__ import annotations

from pathlib import Path

from footage.painted import run_ffmpeg
from footage.test_interlace import comb, write_interlaced
from journeys.conftest import Rushes
from rushes.footage.pictures import read_picture

NOTE = "is interlaced: moving edges show combs; --deinterlace takes them out"


def test_a_tape_is_known_as_interlaced_and_taken_in_without_combs(ffmpeg: str, rushes: Rushes, tmp_path: Path) -> None:
    written = write_interlaced(tmp_path / "prores.mov")
    tape = tmp_path / "tape.mov"
    run_ffmpeg(ffmpeg, "-i", str(written), "-c", "copy", "-timecode", "10:00:00:00", str(tape))
    rushes("init", tmp_path / "plain", folder=tmp_path)
    said = rushes("ingest", tape, "--every", "0.2s", folder=tmp_path / "plain")
    assert "160x96 prores, 0.8 s, interlaced, timecode 10:00:00:00, group tape: 4 new frames" in said.out
    assert said.err.count(NOTE) == 1
    again = rushes("ingest", tape, "--every", "0.2s", "--json", folder=tmp_path / "plain")
    assert NOTE not in again.err
    (file,) = again.json["files"]
    assert (file["interlaced"], file["start_timecode"], file["known"]) == (True, "10:00:00:00", 4)

    rushes("init", tmp_path / "whole", folder=tmp_path)
    settings = tmp_path / "whole" / "rushes.toml"
    settings.write_text(settings.read_text().replace("[ingest]", "[ingest]\ndeinterlace = true"))
    assert NOTE not in rushes("ingest", tape, "--every", "0.2s", folder=tmp_path / "whole").err
    name = "frames/tape/tape_FRM-00-00-00-05.jpg"
    combed, whole = (comb(read_picture(tmp_path / folder / name)[:, 40:]) for folder in ("plain", "whole"))
    assert combed > 5 * whole
