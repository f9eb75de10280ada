"""What can be said of a cluster without one."""

from __future__ import annotations

import socket
import subprocess
import sys
from importlib.util import find_spec

import pytest

from rushes.scale.ray_cluster import Node, threads_for, why_not_joined


def nodes_of(*rooms: tuple[int, int]) -> list[Node]:
    return [Node(str(number), "", cores, gpus) for number, (cores, gpus) in enumerate(rooms)]


def test_threads_are_as_many_as_all_workers_find_room_for() -> None:
    assert threads_for(nodes_of((8, 0), (8, 0)), 2, on_gpu=False) == 8
    assert threads_for(nodes_of((8, 0), (8, 0)), 3, on_gpu=False) == 4
    assert threads_for(nodes_of((2, 0)), 5, on_gpu=False) == 1
    assert threads_for([], 1, on_gpu=False) == 1


def test_workers_on_gpus_have_no_more_threads_than_leave_each_gpu_one_of_them() -> None:
    uneven = nodes_of((64, 1), (16, 8))
    assert threads_for(uneven, 9, on_gpu=True) == 2
    assert threads_for(uneven, 9, on_gpu=False) == 8
    assert threads_for(nodes_of((4, 8)), 8, on_gpu=True) == 1


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Version mismatch: The cluster was started with:\n    Ray: 2.50.0", "another version of Ray or Python"),
        ("Authentication token is invalid", "asks for a token"),
        ("Can't find a `node_ip_address.json` file", "no Ray node runs on this machine"),
        ("ray client connection timeout", "something listens there, but no Ray cluster answers"),
    ],
)
def test_what_ray_refuses_is_said_in_words_of_ours(said: str, meant: str) -> None:
    assert meant in why_not_joined("ray://head:10001", RuntimeError(said))


def test_an_address_where_nothing_listens_is_said_at_once() -> None:
    if find_spec("ray") is None:
        pytest.skip("the extra 'ray' is not installed")
    join_alone = "from rushes.scale.ray_cluster import join; import sys; join(sys.argv[1])"  # Ray stays out of here
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for address, meant in (
        (f"ray://127.0.0.1:{port}", "no Ray cluster answers"),
        ("ray://head", "names no port"),
        ("ray://127.0.0.1:100010", "there is no port 100010"),
    ):
        told = subprocess.run([sys.executable, "-c", join_alone, address], capture_output=True, text=True)
        assert f"EngineError: {address}: {meant}" in told.stderr
