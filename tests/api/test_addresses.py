from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sent import LIMITS, film, jpeg
from rushes.api.addresses import Network, fetch, is_public
from rushes.api.refusals import Refused

PUBLIC = "93.184.215.14"
Reply = Callable[[socket.socket, str], None]


class Web:
    """A web server on this machine that stands for those out there.

    Names lead to `names` (a public address where none is given), and connections to any address come here; `reached`
    holds what they were asked to go to.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.names: dict[str, Sequence[str]] = {}
        self.reached: list[tuple[str, int]] = []
        self.asked: list[str] = []
        self.is_over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def network(self) -> Network:
        return Network(self._resolve, self._connect)

    def _resolve(self, host: str, port: int) -> Sequence[str]:
        return self.names.get(host, [PUBLIC])

    def _connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.reached.append((address, port))
        return socket.create_connection(self._listening.getsockname(), timeout=seconds)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            with line:
                try:
                    head = line.recv(65536).decode("latin-1")
                    self.asked.append(head)
                    path = head.split(" ")[1] if head.startswith("GET ") else ""
                    self.replies.get(path, lambda to, _: to.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n"))(line, head)
                except OSError:  # the client has seen enough
                    pass

    def close(self) -> None:
        self.is_over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


def answer(data: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Reply:
    head = [f"HTTP/1.1 {status}", *headers]
    if length != -1:
        head.append(f"Content-Length: {len(data) if length is None else length}")
    return lambda line, _: line.sendall("\r\n".join([*head, "", ""]).encode() + data)


def leads_to(url: str, status: str = "302 Found") -> Reply:
    return answer(b"", f"Location: {url}", status=status)


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    yield
    assert list(tmp_path.iterdir()) == []


def refusal(url: str, folder: Path, network: Network, status: int = 422) -> str:
    with pytest.raises(Refused) as refused:
        fetch(url, LIMITS, folder, network=network)
    assert refused.value.status == status
    assert len(refused.value.detail.splitlines()) == 1
    return refused.value.detail


def test_a_picture_is_fetched_from_the_address_that_was_looked_at(web: Web, tmp_path: Path) -> None:
    web.names["example.com"] = ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]
    web.replies["/a%20b.jpg?size=1"] = answer(jpeg())
    upload = fetch("http://EXAMPLE.com./a%20b.jpg?size=1#part", LIMITS, tmp_path, network=web.network)
    assert (upload.kind, upload.path.suffix, upload.path.read_bytes()) == ("photo", ".jpg", jpeg())
    assert web.reached == [("2606:2800:21f:cb07:6820:80da:af6b:8b2c", 80)]
    assert "Host: example.com\r\n" in web.asked[0]
    assert "Accept-Encoding: identity\r\n" in web.asked[0]
    upload.close()


def test_a_film_may_come_in_chunks_or_until_the_connection_ends(web: Web, tmp_path: Path) -> None:
    data = film(2 << 20)
    web.replies["/until"] = answer(data, length=-1)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    web.replies["/chunked"] = answer(chunked, "Transfer-Encoding: chunked", length=-1)
    for path in ("until", "chunked"):
        upload = fetch(f"http://example.com/{path}", LIMITS, tmp_path, network=web.network)
        assert (upload.kind, upload.bytes) == ("video", len(data))
        upload.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "0.0.0.0", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "203.0.113.9",
        "::1", "::",
        "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
        "ff02::1", "2002:7f00:1::", "2001:0:1::", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "fec0::1", "100::1", "3fff::1", "5f00::1", "name", "",
    ],
)  # fmt: skip
def test_no_address_beside_the_public_ones_is_reached(web: Web, tmp_path: Path, address: str) -> None:
    assert not is_public(address)
    web.names["inside.example.com"] = [PUBLIC, address]
    said = refusal("http://inside.example.com/a.jpg", tmp_path, web.network)
    assert "not on the public network" in said
    assert not address or address not in said
    web.replies["/a.jpg"] = leads_to("http://inside.example.com/secret")
    assert "not on the public network" in refusal("http://example.com/a.jpg", tmp_path, web.network)
    assert web.reached == [(PUBLIC, 80)]


def test_public_addresses_are_public() -> None:
    for address in (PUBLIC, "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808"):
        assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1", "[::1]", "[::ffff:7f00:1]", "1.2.3.256"],
)
def test_a_number_is_no_way_around(web: Web, tmp_path: Path, host: str) -> None:
    real = replace(Network(), connect=web.network.connect)
    refusal(f"http://{host}/a.jpg", tmp_path, real)
    assert web.reached == []


def test_this_machine_is_not_reached_by_its_names(web: Web, tmp_path: Path) -> None:
    real = replace(Network(), connect=web.network.connect)
    for host in ("localhost", "LOCALHOST.", "localhost%2e"):
        refusal(f"http://{host}/a.jpg", tmp_path, real)
    assert web.reached == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "neither https"),
        ("a.jpg", "neither https"),
        ("file:///etc/passwd", "neither https"),
        ("ftp://example.com/a.jpg", "neither https"),
        ("gopher://example.com/", "neither https"),
        ("data:image/png;base64,AAAA", "neither https"),
        ("//example.com/a.jpg", "neither https"),
        ("http://user:secret@example.com/", "a user's name"),
        ("http://example.com@10.0.0.1/", "a user's name"),
        ("http://example.com:8080/", "a port"),
        ("http://example.com:443/", "a port"),
        ("https://example.com:22/", "a port"),
        ("http://example.com:port/", "no web address"),
        ("http://example.com:99999/", "no web address"),
        ("http:///a.jpg", "no name"),
        ("http://[::1/", "no web address"),
        ("http://exa mple.com/", "a blank"),
        ("http://example.com/a\r\nHost: inside", "a blank"),
        ("http://example.com\\@inside/", "a blank"),
        ("http://ex_ample..com/", "no name"),
        (f"http://example.com/{'a' * 2048}", "longer than"),
    ],
)
def test_an_address_of_another_kind_is_refused(web: Web, tmp_path: Path, url: str, said: str) -> None:
    detail = refusal(url, tmp_path, web.network)
    assert said in detail
    assert "secret" not in detail
    assert web.reached == []


def test_ports_may_be_allowed(web: Web, tmp_path: Path) -> None:
    web.replies["/a.jpg"] = answer(jpeg())
    network = replace(web.network, ports=frozenset((8080,)))
    fetch("http://example.com:8080/a.jpg", LIMITS, tmp_path, network=network).close()
    assert web.reached == [(PUBLIC, 8080)]
    assert "Host: example.com:8080\r\n" in web.asked[0]
    refusal("http://example.com/a.jpg", tmp_path, network)


def test_redirects_are_followed_a_few_times(web: Web, tmp_path: Path) -> None:
    web.replies |= {"/1": leads_to("/2"), "/2": leads_to("//other.example.com/3", "308 Permanent Redirect")}
    web.replies |= {"/3": leads_to("4", "307 Temporary Redirect"), "/4": answer(jpeg()), "/0": leads_to("/1")}
    upload = fetch("http://example.com/1", LIMITS, tmp_path, network=web.network)
    assert upload.bytes == len(jpeg())
    assert "Host: other.example.com\r\n" in web.asked[-1]
    upload.close()
    assert "more than 3 times" in refusal("http://example.com/0", tmp_path, web.network)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://127.0.0.1/", "http://user@example.com/", "http://[", ""]
)
def test_a_redirect_is_looked_at_like_an_address(web: Web, tmp_path: Path, target: str) -> None:
    web.replies["/a.jpg"] = leads_to(target)
    real = replace(web.network, resolve=lambda host, port: [PUBLIC] if host == "example.com" else [host])
    refusal("http://example.com/a.jpg", tmp_path, real)
    assert web.reached == [(PUBLIC, 80)]


def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(web: Web, tmp_path: Path) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    web.replies["/a.jpg"] = answer(jpeg())
    network = replace(web.network, resolve=lambda host, port: next(answers))
    fetch("http://example.com/a.jpg", LIMITS, tmp_path, network=network).close()
    assert web.reached == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (answer(jpeg(5000), length=LIMITS.still_bytes + 1), 413),
        (answer(film(5000), length=LIMITS.file_bytes + 1), 413),
        (answer(jpeg(LIMITS.still_bytes + 1), length=-1), 413),
        (answer(b"#EXTM3U\nhttp://127.0.0.1/a.ts\n"), 415),
        (answer(b"<html></html>", "Content-Type: image/jpeg"), 415),
        (answer(b""), 422),
        (answer(jpeg(), length=100_000), 422),
        (answer(jpeg(), "Content-Encoding: gzip"), 422),
        (answer(jpeg(), status="206 Partial Content"), 422),
        (answer(b"", status="500 Internal Server Error"), 422),
        (answer(b"zz\r\n", "Transfer-Encoding: chunked", length=-1), 422),
        (lambda line, _: line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"), 422),
        (lambda line, _: None, 422),
        (answer(jpeg(), *(f"X-{n}: 1" for n in range(300))), 422),
    ],
)
def test_what_a_server_answers_is_bounded_and_judged(web: Web, tmp_path: Path, reply: Reply, status: int) -> None:
    web.replies["/a.jpg"] = reply
    refusal("http://example.com/a.jpg", tmp_path, web.network, status)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n" + film(5000)])
@pytest.mark.parametrize("drips", [True, False])
def test_a_slow_server_is_given_up(web: Web, tmp_path: Path, start: bytes, drips: bool) -> None:
    def slow(line: socket.socket, _: str) -> None:
        line.sendall(start)
        while not web.is_over.wait(0.01):
            if drips:
                line.sendall(b".")

    web.replies["/a.jpg"] = slow
    limits = replace(LIMITS, seconds=0.15, idle_seconds=0.1)
    with pytest.raises(Refused, match="too slow") as refused:
        fetch("http://example.com/a.jpg", limits, tmp_path, network=web.network)
    assert refused.value.status == 422


def test_a_server_that_does_not_prove_who_it_is_gets_no_question(web: Web, tmp_path: Path) -> None:
    assert "TLS" in refusal("https://example.com/a.jpg", tmp_path, web.network)
    assert web.reached == [(PUBLIC, 443)]
    assert not web.asked[0].startswith("GET")
    assert ssl.create_default_context().check_hostname


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    def nowhere(*_: object) -> socket.socket:
        raise ConnectionRefusedError

    def unknown(*_: object) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert "does not answer" in refusal("http://example.com/", tmp_path, Network(lambda *_: [PUBLIC], nowhere))
    assert "not known" in refusal("http://example.com/", tmp_path, Network(unknown, nowhere))
    assert "public" in refusal("http://example.com/", tmp_path, Network(lambda *_: [], nowhere))


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://[", "http://a.com:", "http://a.com/"]))
def test_no_text_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, text: str, start: str) -> None:
    def nowhere(*_: object) -> socket.socket:
        raise ConnectionRefusedError

    with pytest.raises(Refused):
        fetch(start + text, LIMITS, tmp_path_factory.getbasetemp(), network=Network(lambda *_: [PUBLIC], nowhere))
