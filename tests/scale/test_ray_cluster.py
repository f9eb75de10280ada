"""What can be said of a cluster without one."""

from __future__ import annotations

import socket

import pytest

from rushes.errors import EngineError
from rushes.scale.ray_cluster import join, threads_for, why_not_joined, why_other

OURS = {"rushes": "0.1.0", "digest": "a" * 64, "python": "3.11"}


def test_threads_are_as_many_as_all_workers_find_room_for() -> None:
    assert threads_for([8, 8], 2) == 8
    assert threads_for([8, 8], 3) == 4
    assert threads_for([2], 5) == 1
    assert threads_for([], 1) == 1


def test_a_node_with_other_versions_is_told_what_it_has_and_what_this_machine_has() -> None:
    assert why_other(OURS, OURS) == ""
    assert "has no rushes. Install rushes 0.1.0 there" in why_other({"rushes": "", "python": "3.11"}, OURS)
    other = why_other(OURS | {"digest": "b" * 64}, OURS)
    assert other.startswith(
        "has rushes 0.1.0 (bbbbbbbbbbbb), Python 3.11, and this machine rushes 0.1.0 (aaaaaaaaaaaa)"
    )
    assert "Python 3.12" in why_other(OURS | {"python": "3.12"}, OURS)


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
    pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(EngineError, match=rf"ray://127\.0\.0\.1:{port}: no Ray cluster answers .*Check that Ray runs"):
        join(f"ray://127.0.0.1:{port}")
    with pytest.raises(EngineError, match=r"names no port\. Write ray://HOST:10001"):
        join("ray://head")
