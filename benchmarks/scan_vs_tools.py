"""One pass for cuts and frames, beside PySceneDetect and then an OpenCV loop that grabs the frames."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.films import make_films
from benchmarks.harness import Outcome, Say, Target, time_call
from benchmarks.peers import ask_peer, peer_python
from benchmarks.scan import run_pass
from benchmarks.transcoded import transcode
from rushes.storage.files import digest_of_file

TARGET = Target("ratio", 1)
_ROUNDS = 2


def measure(say: Say) -> Outcome:
    say("Cuts and a frame every 8 s: rushes in one pass, with motion, signatures and sharpness besides; the peers one")
    say("after the other: PySceneDetect's detect with its AdaptiveDetector, then an OpenCV loop over every frame.")
    python = peer_python(say)
    if python is None:
        return Outcome("scan_vs_tools", None, None, "s", TARGET)
    film = make_films([48], say=say)[0]
    worst: tuple[float, float] | None = None
    for path, words in (
        (film, "1080p, H.264"),
        (transcode(film, codec="libx264", height=480, seconds=90, say=say), "480p, H.264"),
        (transcode(film, codec="libx265", height=1080, seconds=45, say=say), "1080p, HEVC"),
    ):
        ours, peer = _compare(path, python, words, say)
        if worst is None or peer / ours < worst[1] / worst[0]:
            worst = ours, peer
    assert worst is not None
    say("The line below is of the film on which the ratio is lowest.")
    return Outcome("scan_vs_tools", *worst, "s", TARGET)


def _compare(film: Path, python: Path, words: str, say: Say) -> tuple[float, float]:
    digest_of_file(film)  # from here on the file is in memory, for both
    ours, peer = [], []
    versions: dict[str, str] = {}
    for _ in range(_ROUNDS):
        ours.append(time_call(lambda: run_pass(film)))
        answer = ask_peer(python, "tools", film, "8")
        versions = answer["versions"]
        peer.append((answer["wall_seconds"], answer["cpu_seconds"]))
    our_wall, peer_wall = median(one.wall_seconds for one in ours), median(wall for wall, _ in peer)
    our_cpu, peer_cpu = median(one.cpu_seconds for one in ours), median(cpu for _, cpu in peer)
    say(f"Input: {words}; PySceneDetect {versions['scenedetect']}, OpenCV {versions['cv2']}")
    say(f"  ours {our_wall:.2f} s, peers {peer_wall:.2f} s: {peer_wall / our_wall:.2f} x on the wall, "
        f"{peer_cpu / our_cpu:.2f} x in processor time (medians of {_ROUNDS})")  # fmt: skip
    return our_wall, peer_wall
