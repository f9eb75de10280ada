"""The engine on a cluster that others started, some nodes of which do not see this machine's files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import EngineError
from rushes.scale.engine import Lost, Work
from rushes.scale.on_ray import OnRay
from scale.engine_contract import Order, build_orders, done_by, orders_of

# Ray is loaded only where a test runs, for collecting them loads it into no process. It leaves sockets and files to the
# collector.
pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'ray' is not installed"),
    pytest.mark.longer,
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
_ROOT = Path(__file__).parents[2]
_PATHS = os.pathsep.join(str(_ROOT / name) for name in ("src", "tests"))
_ENDS_WHERE_RUSHES_IS_LOOKED_FOR = """
import os, sys

class End:
    def find_spec(self, name, path=None, target=None):
        if name == "rushes":
            os._exit(1)

sys.meta_path.insert(0, End())
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(holds: Callable[[], Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def _listens(host: str, port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((host, port)) == 0


@dataclass
class Nodes:
    """A cluster of `ray start`, each node a process group of its own."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    client_port: int = field(default_factory=free_port)
    groups: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """How a driver inside the cluster names it, as RAY_ADDRESS does."""
        return f"{self.host}:{self.port}"

    @property
    def client_address(self) -> str:
        return f"ray://127.0.0.1:{self.client_port}"

    def start(
        self,
        name: str,
        *options: str,
        paths: str = _PATHS,
        without: Path | None = None,
        inside: str | None = None,
        mounts: str = "",
    ) -> None:
        """Start a node, `inside` a network namespace, `without` a folder, or in a mount namespace with its `mounts`."""
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", *options]
        if without is not None:
            ray = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(without), *ray]
        if mounts:
            ray = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh", *ray]
        if inside is not None:
            ray = ["ip", "netns", "exec", inside, *ray]
        environment = os.environ | {
            "PYTHONPATH": paths,
            "RAY_AUTH_MODE": "disabled",
            "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "3",
            "RAY_worker_niceness": "0",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            self.groups[name] = subprocess.Popen(
                ray, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def start_head(self) -> None:
        if " " in sys.executable:
            pytest.skip("Ray starts its client server through a shell, which takes a path of Python with a space apart")
        self.start(
            "head", "--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}", "--num-cpus=1",
            "--include-dashboard=false", f"--temp-dir={self.folder}", "--object-store-memory=100000000",
            f"--node-ip-address={self.host}",
        )  # fmt: skip
        until(lambda: _listens(self.host, self.client_port))

    def join(self, name: str, host: str = "127.0.0.1", *, cores: int = 1, **how: Any) -> None:
        self.start(
            name, f"--address={self.address}", f"--num-cpus={cores}", "--object-store-memory=100000000",
            f"--node-ip-address={host}", **how,
        )  # fmt: skip

    def kill(self, name: str) -> None:
        group = self.groups.pop(name)
        os.killpg(group.pid, signal.SIGKILL)
        group.wait()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        folder = Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp"))
        cluster = Nodes(folder)
        try:
            cluster.start_head()
            yield cluster
        finally:
            for name in list(cluster.groups):
                cluster.kill(name)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def engine(nodes: Nodes) -> Iterator[OnRay]:
    engine = OnRay(nodes.address, workers=2)
    yield engine
    engine.close()


def count_nodes(engine: OnRay) -> int:
    return len(engine._joined().nodes())


def test_a_node_that_sees_no_file_of_this_machine_gets_them_and_its_parts_come_here(
    nodes: Nodes, engine: OnRay, tmp_path: Path
) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("hiding a folder from a node needs root and unshare")
    (tmp_path / "model.txt").write_text("a model")
    nodes.join("far", without=tmp_path)
    until(lambda: count_nodes(engine) == 2)
    fills = tmp_path / "kept"
    work = Work(build_orders, "writing", files={"model": tmp_path / "model.txt"}, fills=fills, together=1)
    names = [f"{number}.txt" for number in range(12)]
    items = [item for name in names for item in (("write", name), ("sleep", 0.3), ("read", "model"))]
    done = done_by(engine, work, items)
    folders = {one.answer for one in done if one.item[0] == "write"}
    assert len(folders) == 2, "both nodes worked, one of them in a folder of its own"
    assert str(fills) in folders
    assert {one.answer for one in done if one.item[0] == "read"} == {"a model"}
    assert sorted(path.name for path in fills.iterdir()) == sorted(names)


def test_another_cluster_than_the_one_that_is_joined_is_refused(nodes: Nodes, engine: OnRay) -> None:
    assert engine.workers == 2
    with pytest.raises(EngineError, match=rf"ray://head:10001: .* another Ray cluster already \({nodes.address}\)"):
        list(OnRay("ray://head:10001").map(Work(build_orders, "squaring"), orders_of("square", [1])))


def test_a_node_that_is_killed_costs_only_what_was_under_way(nodes: Nodes, engine: OnRay) -> None:
    if "far" not in nodes.groups:
        nodes.join("far")
    until(lambda: count_nodes(engine) == 2)
    items = orders_of("sleep", [0.2 + number / 1000 for number in range(40)])
    done = []
    for part in engine.map(Work(build_orders, "waiting", together=1), items):
        done += part
        if len(done) >= 10 and "far" in nodes.groups:
            nodes.kill("far")
    assert sorted(one.number for one in done) == list(range(40))
    assert not [one for one in done if isinstance(one.answer, Lost)]


def test_a_driver_that_is_killed_leaves_no_worker_behind(nodes: Nodes, tmp_path: Path) -> None:
    driver = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(_ROOT / "tests")!r})
        from rushes.scale.engine import Work
        from rushes.scale.on_ray import OnRay
        from scale.engine_contract import build_orders
        work = Work(build_orders, "x", together=1)
        for part in OnRay({nodes.address!r}, workers=1).map(work, [("process", 0), ("sleep", 900)]):
            print(part[0].answer[0], flush=True)
    """)
    started = subprocess.Popen([sys.executable, "-c", driver], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    worker = int(started.stdout.readline())
    os.kill(worker, 0)
    started.kill()
    started.wait()
    started.stdout.close()
    until(lambda: not Path(f"/proc/{worker}").exists())


def test_a_cluster_is_joined_from_outside_through_its_client_port(nodes: Nodes) -> None:
    # In a process of its own: one process joins one cluster.
    driver = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(_ROOT / "tests")!r})
        from rushes.scale.engine import Work
        from rushes.scale.on_ray import OnRay
        from scale.engine_contract import build_orders, done_by, orders_of
        engine = OnRay({nodes.client_address!r}, workers=1)
        print([one.answer for one in done_by(engine, Work(build_orders, "x"), orders_of("square", range(5)))])
    """)
    told = subprocess.run([sys.executable, "-c", driver], capture_output=True, text=True, check=True)
    assert told.stdout == "[0, 1, 4, 9, 16]\n"


def test_a_process_that_had_a_cluster_of_its_own_joins_another_as_if_it_had_not(nodes: Nodes) -> None:
    driver = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(_ROOT / "tests")!r})
        from rushes.scale.engine import Work
        from rushes.scale.on_ray import OnRay
        from scale.engine_contract import build_orders, done_by, orders_of
        for address in ("local", {nodes.address!r}):  # the first asks for a token, and is sent one
            engine = OnRay(address, workers=1)
            print([one.answer for one in done_by(engine, Work(build_orders, "x"), orders_of("square", range(3)))])
            engine.close()
    """)
    environment = os.environ | {"PYTHONPATH": _PATHS}
    del environment["RAY_AUTH_MODE"]
    told = subprocess.run([sys.executable, "-c", driver], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout == "[0, 1, 4]\n" * 2


def test_a_node_on_which_no_worker_begins_gets_no_more_and_costs_no_item(
    nodes: Nodes, engine: OnRay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_ENDS_WHERE_RUSHES_IS_LOOKED_FOR)
    nodes.join("broken", paths=os.pathsep.join([str(tmp_path), _PATHS]))
    until(lambda: count_nodes(engine) >= 2)

    def warnings() -> list[str]:
        return [one.getMessage() for one in caplog.records if "no more work" in one.getMessage()]

    def items() -> Iterator[Order]:  # until the warning, and a few more
        for _ in range(600):
            yield "sleep", 0.2
            if warnings():
                break
        yield from orders_of("sleep", [0.2] * 5)

    try:
        done = [one for part in engine.map(Work(build_orders, "waiting", together=1), items()) for one in part]
    finally:
        nodes.kill("broken")
    assert sorted(one.number for one in done) == list(range(len(done)))
    assert not [one for one in done if isinstance(one.answer, Lost)]
    (warning,) = warnings()
    assert re.match(r"node \S+ \(\w+\): 4 workers in turn ended before they could begin waiting\. Look into", warning)


def test_a_node_with_another_rushes_is_refused_by_name(nodes: Nodes, engine: OnRay, tmp_path: Path) -> None:
    shutil.copytree(_ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.js", "*.css"))
    (tmp_path / "src" / "rushes" / "scale" / "another.py").write_text('"""Of another version."""\n')
    nodes.join("other", paths=os.pathsep.join([str(tmp_path / "src"), str(_ROOT / "tests")]))
    until(lambda: count_nodes(engine) >= 2)
    try:
        with pytest.raises(EngineError, match=r"node \S+ .* has rushes .* of other source .*Install"):
            list(engine.map(Work(build_orders, "waiting", together=1), orders_of("sleep", [1.0] * 60)))
    finally:
        nodes.kill("other")


_MAPS = """
    done = 0
    for part in OnRay(address, workers=1).map(work, [("square", 3), *orders_of("sleep", [0.3] * 900)]):
        done += len(part)
        print("under way" if done == 2 else "", flush=True)
"""
_CARRIES_OUT = """
    join(address)
    heard = lambda said: print("under way", flush=True)
    watch = RoomWatch(Room(workers=1, cores=1, on_gpu=False), 1)
    carried_out(tell_and_wait, heard, look=watch.look)
"""


@pytest.mark.parametrize("does", [_MAPS, _CARRIES_OUT], ids=["maps", "carries out"])
def test_a_connection_that_is_lost_is_told_in_one_error_and_no_other_cluster_is_begun(does: str) -> None:
    driver = textwrap.dedent("""
        import sys, time
        import ray  # first, as by a program that uses it: it would begin a cluster by itself
        from rushes.errors import RushesError
        from rushes.scale.engine import Work
        from rushes.scale.on_ray import OnRay
        from rushes.scale.ray_cluster import join
        from rushes.scale.ray_post import carried_out
        from rushes.scale.ray_room import RoomWatch
        from rushes.scale.room import Room
        from scale.engine_contract import build_orders, orders_of

        def tell_and_wait(post):
            post.tell.remote("begun")
            time.sleep(900)

        address, work = sys.argv[1], Work(build_orders, "x", together=1)
        try:
        {does}
        except RushesError as error:
            print(f"told: {error}")
        print("in a cluster" if ray.is_initialized() else "in no cluster")
    """).replace("{does}\n", does.lstrip("\n"))
    folder = Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp"))
    cluster = Nodes(folder)
    environment = os.environ | {
        "PYTHONPATH": _PATHS,
        "RAY_AUTH_MODE": "disabled",
        "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "3",
        "RAY_TMPDIR": str(folder / "of the driver"),
    }
    try:
        cluster.start_head()
        started = subprocess.Popen(
            [sys.executable, "-c", driver, cluster.client_address],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert started.stdout is not None
        assert "under way" in (line.strip() for line in started.stdout)
        cluster.kill("head")
        told = started.communicate(timeout=300)[0]
        begun = [path for path in (folder / "of the driver").rglob("*") if path.name.startswith("session_")]
    finally:
        for name in list(cluster.groups):
            cluster.kill(name)
        shutil.rmtree(folder, ignore_errors=True)
    assert f"told: {cluster.client_address}: the connection to the cluster was lost" in told
    assert told.endswith("in no cluster\n")
    assert not begun
