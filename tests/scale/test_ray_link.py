"""The engine on a cluster of which a node stays where it is, and its link is cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rushes.scale.engine import Done, Lost, Work
from rushes.scale.on_ray import OnRay
from scale.engine_contract import Order, build_orders, orders_of
from scale.test_ray_nodes import Nodes, count_nodes, until

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'ray' is not installed"),
    pytest.mark.longer,
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
_SPACE, _NEAR, _FAR = "rushes-far", "rushes-near0", "rushes-far0"
_HOST, _FAR_HOST = "10.77.31.1", "10.77.31.2"


def _ip(*words: str, inside: bool = False) -> bool:
    where = ["netns", "exec", _SPACE, "ip"] if inside else []
    return subprocess.run(["ip", *where, *words], capture_output=True, check=False).returncode == 0


@pytest.fixture
def linked() -> Iterator[None]:
    """A network namespace, and a link to it."""
    if os.geteuid() != 0 or shutil.which("ip") is None or not _ip("netns", "add", _SPACE):
        pytest.skip("a network namespace needs root, ip, and a system that allows one")
    try:
        laid = [
            _ip("link", "add", _NEAR, "type", "veth", "peer", "name", _FAR),
            _ip("link", "set", _FAR, "netns", _SPACE),
            _ip("addr", "add", f"{_HOST}/30", "dev", _NEAR),
            _ip("link", "set", _NEAR, "up"),
            _ip("addr", "add", f"{_FAR_HOST}/30", "dev", _FAR, inside=True),
            _ip("link", "set", _FAR, "up", inside=True),
            _ip("link", "set", "lo", "up", inside=True),
        ]
        if not all(laid):
            pytest.skip("this system allows no link between network namespaces")
        yield
    finally:
        _ip("link", "del", _NEAR)  # both ends of it; a process that is slow to end keeps the namespace for a while
        _ip("netns", "del", _SPACE)


@pytest.fixture
def nodes(linked: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_health_check_period_ms", "1000")  # a node is given up after 5 s in place of some 20
    monkeypatch.setenv("RAY_health_check_timeout_ms", "2000")
    monkeypatch.setenv("RAY_health_check_failure_threshold", "3")
    cluster = Nodes(Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp")), host=_HOST)
    try:
        cluster.start_head()
        yield cluster
    finally:
        for name in list(cluster.groups):
            cluster.kill(name)
        shutil.rmtree(cluster.folder, ignore_errors=True)


def test_a_node_whose_link_is_cut_costs_only_what_was_under_way(nodes: Nodes) -> None:
    nodes.join("far", host=_FAR_HOST, inside=_SPACE)
    engine = OnRay(nodes.address, workers=2)
    try:
        assert engine.workers == 2
        until(lambda: count_nodes(engine) == 2)
        done: list[Done[Order, Any]] = []
        is_cut = False

        def items() -> Iterator[Order]:  # until the link is cut, and some more
            for _ in range(300):
                yield "sleep", 0.2
                yield "process", 0
                if is_cut:
                    break
            yield from orders_of("sleep", [0.2] * 20)

        for part in engine.map(Work(build_orders, "waiting", together=2), items()):
            done += part
            if not is_cut and len({one.answer for one in done if one.item[0] == "process"}) == 2:  # both nodes work
                is_cut = _ip("link", "set", _NEAR, "down")
        assert is_cut
        assert len(done) > 20
        assert sorted(one.number for one in done) == list(range(len(done)))
        assert not [one for one in done if isinstance(one.answer, Lost)]
        until(lambda: count_nodes(engine) == 1)
    finally:
        engine.close()
