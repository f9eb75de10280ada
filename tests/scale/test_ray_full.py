"""The engine on a cluster of which one node has a full disk: in a mount namespace of its own, on a few megabytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from footage.painted import write_film
from rushes.errors import EngineError, PlaceError
from rushes.scale.engine import Chore, Lost, Seat, Work
from rushes.scale.on_ray import OnRay
from rushes.storage.files import write_bytes
from scale.engine_contract import done_by
from scale.test_ray_nodes import Nodes, count_nodes, until

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'ray' is not installed"),
    pytest.mark.longer,
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
_ROOT = Path(__file__).parents[2]
_FILL = "(cat /dev/zero > {folder}/filler || true) 2>&1"


def build_files(seat: Seat) -> Chore:
    """Give what writes a file of so many bytes, or answers with so many; after a pause."""

    def write(items: Sequence[tuple[str, int]]) -> list[str | bytes]:
        answers: list[str | bytes] = []
        for name, size in items:
            time.sleep(0.2)
            if name == "answer":
                answers.append(bytes(size))
                continue
            write_bytes(seat.folder / name, bytes(size))
            answers.append(str(seat.folder))
        return answers

    return write


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A head of one core, which sees the files of this machine and has room."""
    mounting = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/var/tmp"]
    if os.geteuid() != 0 or shutil.which("unshare") is None or subprocess.run(mounting, check=False).returncode != 0:
        pytest.skip("a disk of its own for a node needs root, unshare, and a system that allows mounting")
    if any(Path(path).is_relative_to("/tmp") for path in (_ROOT, sys.prefix)):
        pytest.skip("this checkout is below /tmp, which is hidden from a node")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        cluster = Nodes(Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp")))
        try:
            cluster.start_head()
            yield cluster
        finally:
            for name in list(cluster.groups):
                cluster.kill(name)
            shutil.rmtree(cluster.folder, ignore_errors=True)


@pytest.fixture
def engine(nodes: Nodes) -> Iterator[OnRay]:
    engine = OnRay(nodes.address, workers=2)
    assert engine.workers == 2
    yield engine
    engine.close()


@pytest.fixture
def far(nodes: Nodes, engine: OnRay) -> Iterator[Nodes]:
    until(lambda: count_nodes(engine) == 1)
    yield nodes
    if "far" in nodes.groups:
        nodes.kill("far")


def mounts_of_full_tmp(cluster: Nodes, *, megabytes: int) -> str:
    """Return what puts all folders for temporary files on a small disk of their own, but for that of Ray."""
    own = cluster.folder
    return (
        f"mount --bind {own} /var/tmp && mount -t tmpfs -o size={megabytes}m none /tmp && mkdir -p {own} && "
        f"mount --move /var/tmp {own} && mount --bind /tmp /var/tmp"
    )


def on_far(cluster: Nodes, command: str) -> None:
    """Do something in the mount namespace of the far node."""
    subprocess.run(["nsenter", "-t", str(cluster.groups["far"].pid), "-m", "sh", "-c", command], check=True)


def joined(cluster: Nodes, engine: OnRay, mounts: str, *, cores: int = 1) -> None:
    cluster.join("far", mounts=mounts, cores=cores)
    until(lambda: count_nodes(engine) == 2)


def test_a_node_whose_temporary_folder_is_full_is_named_and_costs_no_item(
    far: Nodes, engine: OnRay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    joined(far, engine, mounts_of_full_tmp(far, megabytes=1), cores=2)
    work = Work(build_files, "writing", fills=tmp_path / "kept", together=1)
    large = [(f"{number}", 3_000_000) for number in range(4)]
    items = [(f"small-{number}", 10) for number in range(30)] + large
    done = done_by(engine, work, items)
    assert not [one for one in done if isinstance(one.answer, Lost)]
    assert len({one.answer for one in done}) == 2, "both nodes worked"
    assert {one.answer for one in done[30:]} == {str(tmp_path / "kept")}, "none where there is no room"
    assert {path.name: path.stat().st_size for path in (tmp_path / "kept").iterdir()} == dict(items)
    (warning,) = [one.getMessage() for one in caplog.records if "no more work" in one.getMessage()]
    assert warning.startswith("node ")
    assert "no room in /tmp/rushes-parts-0/" in warning
    assert "1.0 MB free" in warning  # as what was begun there is gone

    on_far(far, _FILL.format(folder="/tmp"))
    alone = OnRay(far.address, workers=1, threads=2)  # for which the other node has too few cores
    with pytest.raises(EngineError, match=r"no node that could work goes on\. node .*no room in /tmp.* \(0 bytes free"):
        list(alone.map(work, [("again", 10)]))
    on_far(far, "rm /tmp/filler")
    assert [one.answer for one in done_by(alone, work, [("again", 10)])] != [str(tmp_path / "kept")]
    assert (tmp_path / "kept" / "again").stat().st_size == 10


def test_an_ingest_whose_only_fitting_node_is_full_ends_with_its_name_and_goes_on_once_there_is_room(
    far: Nodes, engine: OnRay, tmp_path: Path
) -> None:
    joined(far, engine, f"{mounts_of_full_tmp(far, megabytes=2)} && {_FILL.format(folder='/tmp')}", cores=2)
    films = Path(tempfile.mkdtemp(prefix="films-", dir=_ROOT / "tests"))  # which both nodes see
    try:
        for number in range(3):
            write_film(films / f"S01_E0{number}.mp4", 20 + number)
        ingest = [sys.executable, "-m", "rushes", "ingest", str(films), "--every-frame", "--engine", "ray"]
        ingest += ["--workers", "1", "--threads", "2"]  # for which the other node has too few cores
        environment = os.environ | {"RAY_ADDRESS": far.address, "PYTHONPATH": str(_ROOT / "src")}

        def run() -> tuple[int, str]:
            ran = subprocess.run(ingest, cwd=tmp_path, env=environment, capture_output=True, text=True)
            return ran.returncode, " ".join((ran.stdout + ran.stderr).split())

        subprocess.run([sys.executable, "-m", "rushes", "init", "."], cwd=tmp_path, check=True, capture_output=True)
        status, said = run()
        assert status == 2, said
        assert "no node that could work goes on. node " in said
        assert "no room in /tmp (0 bytes free). Make room there, then run this again" in said
        assert list((tmp_path / "frames").rglob("*.*")) == []
        on_far(far, "rm /tmp/filler")
        status, said = run()
        assert (status, "63 new frames" in said) == (0, True), said
        assert len(list((tmp_path / "frames").rglob("*.*"))) == 63
    finally:
        shutil.rmtree(films)


def test_a_node_on_which_ray_has_no_room_for_an_answer_hands_it_to_another(
    far: Nodes, engine: OnRay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    joined(far, engine, f"mount -t tmpfs -o size=8m none {far.folder}")
    on_far(far, f"head -c 7700000 /dev/zero > {far.folder}/filler")  # so that workers still start
    items = [*[("answer", 10)] * 20, *[("answer", 150_000_000)] * 2]
    done = done_by(engine, Work(build_files, "carrying", together=1), items)
    assert [len(one.answer) for one in done if isinstance(one.answer, bytes)] == [size for _, size in items]
    (warning,) = [one.getMessage() for one in caplog.records if "no more work" in one.getMessage()]
    assert "no room in Ray's memory, nor on the disk of its temporary folder" in warning


def test_a_full_folder_that_all_share_ends_the_map_at_once(nodes: Nodes, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(kept)], check=False).returncode != 0:
        pytest.skip("this system mounts no disk here")
    engine = OnRay(nodes.address, workers=1)
    try:
        work = Work(build_files, "writing", fills=kept, together=1)
        (kept / "filler").write_bytes(bytes(900_000))
        with pytest.raises(PlaceError, match=r"/kept: there is no room \(\S+ kB free\), says node .*\. Make room"):
            list(engine.map(work, [("a", 10), ("b", 500_000), ("c", 10)]))
        (kept / "filler").unlink()
        done = done_by(engine, work, [("a", 10), ("b", 500_000), ("c", 10)])
        assert {one.answer for one in done} == {str(kept)}
    finally:
        engine.close()
        subprocess.run(["umount", "--lazy", str(kept)], check=True)
